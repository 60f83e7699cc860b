package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats-server/v2/server"
)

// proxy forwards connections to a server. When it is silenced, those that it has
// stay open and carry nothing any more, as if the server's machine had vanished.
type proxy struct {
	net.Listener
	target string
	silent atomic.Pointer[chan struct{}] // closed when it is
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, target: target}
	p.listen()
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", target)
			if err != nil {
				_ = from.Close()
				continue
			}
			silent := *p.silent.Load()
			all.Go(func() { pump(ctx, silent, from, to) })
			all.Go(func() { pump(ctx, silent, to, from) })
		}
	})
	return p
}

// pump forwards until one side closes, and nothing more when it is silent.
func pump(ctx context.Context, silent <-chan struct{}, from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	defer context.AfterFunc(ctx, func() { _ = from.Close() })()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-silent:
			<-ctx.Done()
			return
		default:
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// listen makes connections that come from now on work.
func (p *proxy) listen() {
	c := make(chan struct{})
	p.silent.Store(&c)
}

// silence silences the connections that there are.
func (p *proxy) silence() {
	close(*p.silent.Load())
	p.listen()
}

func (p *proxy) url() string { return "nats://" + p.Addr().String() }

// A server that vanishes without a word: what is being stored then ends when its
// context does, and what comes seconds later is stored by another server.
func TestSilentServer(t *testing.T) {
	s := startServer(t, &server.Options{ServerName: "stock", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()})
	u, err := url.Parse(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, u.Host)
	nc, err := jetstream.Connect(p.url())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	log := new(output)
	const most = 6
	i, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{MaxBytes: 64 << 20, MaxPuts: most, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	var number atomic.Int64
	put := func(timeout time.Duration, size int) error {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		body := fmt.Appendf(nil, "%d %s", number.Add(1), strings.Repeat("x", size))
		return i.Put(ctx, &event.Delivery{Handler: "kombo", Body: body})
	}
	if err := put(patience, 0); err != nil {
		t.Fatal(err)
	}

	// As many as may wait do, and the others are rejected at once. Together
	// they are more than the system buffers for a connection.
	p.silence()
	began := time.Now()
	results := make(chan error, 3*most)
	for range cap(results) {
		go func() { results <- put(5*time.Second, 900_000) }()
	}
	for range cap(results) - most {
		if err := <-results; !errors.Is(err, inbox.ErrBusy) {
			t.Errorf("Put of one too many returned %v, want ErrBusy", err)
		}
	}
	for range most { // some may be stored over the next connection
		if err := <-results; errors.Is(err, inbox.ErrBusy) {
			t.Error("Put returned ErrBusy where there was room")
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("Put returned %v after it was called, and had a deadline of 5 s", took)
	}
	storedAgain := func() {
		t.Helper()
		began := time.Now()
		eventually(t, "deliveries are stored again", func() bool { return put(5*time.Second, 0) == nil })
		if took := time.Since(began); took > 40*time.Second {
			t.Errorf("it took %v until deliveries were stored again", took)
		}
	}
	storedAgain()
	if !strings.Contains(log.String(), "is down") || !strings.Contains(log.String(), "is back") {
		t.Errorf("the log does not say so:\n%s", log)
	}
	p.silence() // and now with so little that the system buffers it
	storedAgain()
}

// While the engine is known to be down, deliveries are rejected at once.
func TestServerThatIsDown(t *testing.T) {
	opts := &server.Options{ServerName: "stock", Host: "127.0.0.1", Port: freePorts(t, 1)[0], NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()}
	nc, err := jetstream.Connect(fmt.Sprintf("nats://127.0.0.1:%d", opts.Port)) // where nothing listens yet
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	i := newInbox(t, nc)
	h := newHandler(t, i, nil)
	began := time.Now()
	for k := range 20 {
		if got := send(t, h, fmt.Sprint("down-", k), 0); got != 503 {
			t.Errorf("without a server a delivery is answered %d", got)
		}
	}
	if took := time.Since(began); took > 20*time.Second { // of 20 × 5 s
		t.Errorf("20 deliveries were rejected in %v", took)
	}
	startServer(t, opts)
	eventually(t, "deliveries are stored", func() bool { return send(t, h, "up", 0) == 200 })
}

func TestServerWithoutRoomNamesTheSetting(t *testing.T) {
	s := startServer(t, &server.Options{ServerName: "small", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 100 << 20})
	nc, err := jetstream.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, size := range []int64{0, 95 << 20} { // the second has room for deliveries, and not for dead letters
		_, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{MaxBytes: size, Logger: silent})
		if err == nil || !strings.Contains(err.Error(), "lower Options.MaxBytes") {
			t.Errorf("with MaxBytes %d NewInbox returned %v", size, err)
		}
	}
}
