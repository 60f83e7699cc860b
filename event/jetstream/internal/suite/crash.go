package suite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/kombo"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

// A test binary that is started with these is no test but a receiver.
const (
	envDir     = "ATSHOOKS_SUITE_RECEIVER_DIR"
	envStream  = "ATSHOOKS_SUITE_RECEIVER_STREAM"
	envJournal = "ATSHOOKS_SUITE_RECEIVER_JOURNAL"
)

// Main is for TestMain of a package whose tests call Crash.
func Main(m *testing.M, open Open) int {
	if os.Getenv(envDir) == "" {
		return m.Run()
	}
	if err := receive(open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// receive is a service that receives deliveries durably, until it is killed. It
// writes its address on standard output, and the id of each event whose
// callback completes into a journal. It ends when its standard input does, so
// that it does not outlive the test.
func receive(open Open) error {
	nc, _, err := open(os.Getenv(envDir))
	if err != nil {
		return err
	}
	journal, err := os.OpenFile(os.Getenv(envJournal), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	silent := slog.New(slog.DiscardHandler)
	ctx := context.Background()
	box, err := jetstream.NewInbox(ctx, nc, &jetstream.Options{Stream: os.Getenv(envStream), MaxBytes: 64 << 20, Logger: silent})
	if err != nil {
		return err
	}
	k, err := kombo.NewHandler(secret, &event.Options{Inbox: box, Logger: silent})
	if err != nil {
		return err
	}
	k.OnDataChanged(func(ctx context.Context, _ *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		time.Sleep(rand.N(4 * time.Millisecond)) // so that kills find some at work
		if rand.N(20) == 0 {
			return errCallback
		}
		_, err := journal.WriteString(d.ID + "\n")
		return err
	})
	w, err := jetstream.NewWorker(ctx, box, &jetstream.WorkerOptions{
		AckWait: 2 * time.Second,
		Retry:   inbox.Schedule{First: 10 * time.Millisecond, Max: time.Second, Attempts: 20},
		Logger:  silent,
	}, k)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, k) }() // until the process ends
	go func() { _ = w.Run(ctx) }()
	fmt.Println(l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

// receiver is a receiver that runs, as the test sees it.
type receiver struct {
	t       *testing.T
	env     []string
	process *exec.Cmd
	stderr  *buffer
	url     atomic.Pointer[string]
}

func (r *receiver) start() {
	r.process = exec.Command(os.Args[0])
	r.process.Env = append(os.Environ(), r.env...)
	r.process.Stderr = r.stderr
	stdin, err := r.process.StdinPipe() // which the test's end closes
	if err != nil {
		r.t.Fatal(err)
	}
	_ = stdin
	stdout, err := r.process.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		r.t.Fatalf("the receiver did not start: %v\n%s", err, r.stderr)
	}
	url := "http://" + strings.TrimSpace(addr) + "/"
	r.url.Store(&url)
}

// kill ends the receiver as the system does when memory runs out: with SIGKILL.
func (r *receiver) kill() {
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
}

// Crash kills a receiver in the middle of load, and then sends everything
// again: what was acknowledged is not lost, no duplicate is accepted, and the
// callback of each event completes.
func Crash(t *testing.T, open Open) {
	const events, senders, kills = 800, 8, 3
	dir := t.TempDir()
	nc, shut, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, nc, jetstream.Options{})
	if err := shut(); err != nil { // the folder is the receiver's now
		t.Fatal(err)
	}
	journal := dir + "/journal"
	r := &receiver{t: t, stderr: new(buffer), env: []string{envDir + "=" + dir, envStream + "=" + b.options.Stream, envJournal + "=" + journal}}
	r.start()
	defer func() { r.kill() }()

	all := ids("event", events)
	first := append(slices.Clone(all), all[:events/5]...) // a fifth twice
	rand.Shuffle(len(first), func(i, j int) { first[i], first[j] = first[j], first[i] })
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	var acknowledged, rejected atomic.Int64
	send := func(list []string) {
		var next atomic.Int64
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for i := next.Add(1) - 1; int(i) < len(list); i = next.Add(1) - 1 {
					for limit := time.Now().Add(patience); !r.deliver(client, list[i]); time.Sleep(5 * time.Millisecond) {
						rejected.Add(1)
						if time.Now().After(limit) {
							t.Errorf("%s was never acknowledged", list[i])
							return
						}
					}
					acknowledged.Add(1)
				}
			})
		}
		wg.Wait()
	}
	killed := make(chan bool)
	go func() {
		defer close(killed)
		for k := range kills {
			threshold := int64((k + 1) * len(first) / (kills + 1))
			eventually(t, "deliveries go on", func() bool { return acknowledged.Load() >= threshold })
			r.kill()
			r.start()
		}
	}()
	send(first)
	<-killed
	if t.Failed() {
		t.FailNow()
	}
	if got := acknowledged.Load(); got != int64(len(first)) {
		t.Errorf("%d deliveries were acknowledged, want %d", got, len(first))
	}

	// Look before everything is sent again, which would make good a loss.
	r.kill()
	inspect(t, open, dir, func(nc *nats.Conn) {
		if got := stored(t, nc, b.options.Stream); got != events {
			t.Errorf("%d deliveries are stored, of %d that were acknowledged, each of them once or twice", got, events)
		}
	})
	r.start()
	send(all)
	eventually(t, "each event's callback has completed", func() bool { return len(completed(t, journal)) == events })
	r.kill()
	inspect(t, open, dir, func(nc *nats.Conn) {
		after := newBench(t, nc, jetstream.Options{Stream: b.options.Stream})
		if got := after.stored(); got != events {
			t.Errorf("%d deliveries are stored, want %d: each once", got, events)
		}
		if got := len(after.deadLetters()); got != 0 {
			t.Errorf("%d dead letters, want none", got)
		}
		after.remove()
	})
	runs, twice := completed(t, journal), 0
	for _, id := range all {
		switch n := runs[id]; {
		case n == 0:
			t.Errorf("the callback of %s did not complete", id)
		case n > 1:
			twice++
		}
	}
	if log := r.stderr.String(); strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic") {
		t.Error(log)
	}
	if t.Failed() {
		return
	}
	t.Logf("%d events, %d deliveries of them, %d kills, %d tries that were not acknowledged: 0 lost, 0 duplicates accepted; the callbacks of %d events completed more than once",
		events, len(first)+len(all), kills, rejected.Load(), twice)
}

// inspect connects to the engine while no receiver has its folder.
func inspect(t *testing.T, open Open, dir string, look func(*nats.Conn)) {
	t.Helper()
	nc, shut, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	look(nc)
	if err := shut(); err != nil {
		t.Fatal(err)
	}
}

// stored counts the messages in a stream.
func stored(t testing.TB, nc *nats.Conn, stream string) int {
	t.Helper()
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return int(s.CachedInfo().State.Msgs)
}

// deliver sends an event and says whether it was acknowledged.
func (r *receiver) deliver(client *http.Client, id string) bool {
	req := signed(r.t, body(id))
	out, err := http.NewRequest(http.MethodPost, *r.url.Load(), req.Body)
	if err != nil {
		return false
	}
	out.Header = req.Header
	resp, err := client.Do(out)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// completed counts how often the callback of each event has completed.
func completed(t *testing.T, journal string) map[string]int {
	t.Helper()
	lines, err := os.ReadFile(journal)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for line := range strings.Lines(string(lines)) {
		counts[strings.TrimSuffix(line, "\n")]++
	}
	return counts
}
