// Package hostile runs one server against everything that a network and its
// strangers can send, for a bounded time, with a good delivery every few
// milliseconds in between:
//
//	go test ./internal/hostile -hostile 1h
package hostile

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/vendors"
)

var duration = flag.Duration("hostile", 2*time.Second, "how long to attack")

const (
	secret  = "a-secret-that-is-good-for-tests"
	retired = "a-secret-that-was-good-yesterday"
	canary  = "canary-4711"

	typePanic = "hostile.panic"
	typeHang  = "hostile.hang"
)

// target is one provider's handler with a fixture that it accepts.
type target struct {
	path    string
	body    []byte
	handler *event.Handler
	// retyped is the body with another type, for providers whose bodies tell it.
	retyped func(typ string) []byte
}

// world is the server with what it saw.
type world struct {
	t       *testing.T
	url     string
	addr    string
	targets []*target
	rotated atomic.Int64

	mu       sync.Mutex
	arrived  map[string]int     // good deliveries by their number
	statuses map[event.Kind]int // how often
	odd      []string           // statuses that are not in the table
	answers  map[int]int        // as clients saw them
	log      bytes.Buffer       // of the handlers and the server
	good     map[string]int     // how often each was sent until it was answered 200
}

func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.log.Len() < 64<<20 {
		w.log.Write(p)
	}
	return len(p), nil
}

// statusOf is the table of responses, written once more.
func statusOf(k event.Kind, synchronous bool) int {
	table := map[event.Kind][2]int{
		event.KindHandled: {200, 200}, event.KindDuplicate: {200, 200}, event.KindUnhandled: {200, 501}, event.KindIgnored: {200, 422},
		event.KindBadMethod: {405, 405}, event.KindTooLarge: {413, 413}, event.KindUnverified: {401, 401}, event.KindUnreadable: {400, 400},
		event.KindUndecodable: {500, 422}, event.KindFailed: {500, 500}, event.KindPanicked: {500, 500}, event.KindNoEndpoint: {500, 500},
		event.KindUnavailable: {503, 503},
	}
	i := 0
	if synchronous {
		i = 1
	}
	return table[k][i]
}

func (w *world) observe(p event.Provider) func(context.Context, event.Result) {
	return func(_ context.Context, r event.Result) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.statuses[r.Kind]++
		if r.Status != statusOf(r.Kind, p.Synchronous) && len(w.odd) < 10 {
			w.odd = append(w.odd, fmt.Sprintf("%s of %s answered %d", r.Kind, r.Handler, r.Status))
		}
	}
}

// callback records good deliveries by the number that was written into them.
func (w *world) callback(ctx context.Context, _ *json.RawMessage) error {
	d, _ := event.FromContext(ctx)
	var numbered struct {
		Number string `json:"hostile_number"`
	}
	_ = json.Unmarshal(d.Body, &numbered)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrived[numbered.Number]++
	return nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, arrived: map[string]int{}, statuses: map[event.Kind]int{}, answers: map[int]int{}, good: map[string]int{}}
	logger := slog.New(slog.NewTextHandler(w, nil))
	mux := http.NewServeMux()
	for _, v := range vendors.All {
		p, path := v.Provider, "/hooks/"+v.Name()
		typ := slices.MaxFunc(v.Types(), func(a, b string) int { return len(v.Body(a)) - len(v.Body(b)) })
		if v.TypeInURL() {
			path += "/" + typ
		}
		h, err := event.NewHandler(p, "", &event.Options{
			Logger:  logger,
			Observe: w.observe(p),
			// The secret is rotated all the time: a retired one never comes back.
			Secrets: func(context.Context, string) ([]string, error) {
				if w.rotated.Add(1)%2 == 0 {
					return []string{secret}, nil
				}
				return []string{"another-" + secret, secret}, nil
			},
			MaxBody: 256 << 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		event.On(h, typ, w.callback)
		event.On(h, typePanic, func(context.Context, *json.RawMessage) error { panic(canary) })
		event.On(h, typeHang, func(ctx context.Context, _ *json.RawMessage) error {
			<-ctx.Done()
			return ctx.Err()
		})
		target := &target{path: path, body: v.Body(typ), handler: h}
		if !v.TypeInURL() {
			target.retyped = func(typ string) []byte {
				return fmt.Appendf(nil, `{"%s":%q,"%s":%q,"data":{"email":%q}}`, p.Envelope.Type[0], typ, "hostile", canary, canary)
			}
		}
		w.targets = append(w.targets, target)
		mux.Handle("POST "+path, h)
	}
	server := httptest.NewUnstartedServer(mux)
	server.Config.ReadHeaderTimeout = time.Second
	server.Config.ReadTimeout = 2 * time.Second
	server.Config.WriteTimeout = 2 * time.Second
	server.Config.MaxHeaderBytes = 64 << 10
	server.Config.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	w.url, w.addr = server.URL, server.Listener.Addr().String()
	return w
}

// signed is a signed request with a number in it.
func (w *world) signed(x *target, key string, body []byte) *http.Request {
	h, err := event.NewHandler(x.handler.Provider(), key, nil)
	if err != nil {
		w.t.Error(err)
		return nil
	}
	r := &event.Request{Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
	if err := h.Sign(context.Background(), r); err != nil {
		return nil // a mutated body that lacks the member to sign
	}
	req, err := http.NewRequest(http.MethodPost, w.url+x.path, bytes.NewReader(r.Body))
	if err != nil {
		w.t.Error(err)
		return nil
	}
	req.Header = r.Header
	return req
}

func numbered(body []byte, number string) []byte {
	return append(fmt.Appendf(nil, `{"hostile_number":%q,"hostile_note":%q,`, number, canary), bytes.TrimSpace(body)[1:]...)
}

// do sends a request and returns the status, or 0 if there was none.
func (w *world) do(client *http.Client, req *http.Request) int {
	if req == nil {
		return 0
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	w.mu.Lock()
	w.answers[resp.StatusCode]++
	w.mu.Unlock()
	return resp.StatusCode
}

// raw writes bytes to a connection of its own, slowly if asked to, and hangs up.
func (w *world) raw(pause time.Duration, pieces ...string) {
	conn, err := net.DialTimeout("tcp", w.addr, time.Second)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	for _, piece := range pieces {
		if _, err := io.WriteString(conn, piece); err != nil {
			return
		}
		time.Sleep(pause)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		w.mu.Lock()
		w.answers[resp.StatusCode]++
		w.mu.Unlock()
		_ = resp.Body.Close()
	}
}

// attacks are what one hostile client does in one step.
func (w *world) attacks(client *http.Client) []func() {
	pick := func() *target { return w.targets[mathrand.IntN(len(w.targets))] }
	pickRetyped := func() *target {
		for {
			if x := pick(); x.retyped != nil {
				return x
			}
		}
	}
	header := func(x *target, length string) string {
		r := w.signed(x, secret, x.body)
		var b strings.Builder
		fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n", x.path, length)
		_ = r.Header.Write(&b)
		return b.String() + "\r\n"
	}
	return []func(){
		func() { // a body that was changed after it was signed
			x := pick()
			req := w.signed(x, secret, numbered(x.body, "forged"))
			body, _ := io.ReadAll(req.Body)
			signed, err := x.handler.Provider().Scheme.Signed(body) // a part of body, which only KeldairHR has
			if err != nil {
				w.t.Error(err)
				return
			}
			signed[mathrand.IntN(len(signed))] ^= 1 << mathrand.IntN(8)
			req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			w.do(client, req)
		},
		func() { // signed by a hostile tenant: any bytes at all
			x := pick()
			body := bytes.Clone(x.body)
			for range 1 + mathrand.IntN(8) {
				body[mathrand.IntN(len(body))] = byte(mathrand.IntN(256))
			}
			w.do(client, w.signed(x, secret, body))
		},
		func() { x := pick(); w.do(client, w.signed(x, retired, numbered(x.body, "retired"))) },
		func() { // noise
			x := pick()
			body := make([]byte, mathrand.IntN(4096))
			_, _ = rand.Read(body)
			req, _ := http.NewRequest(http.MethodPost, w.url+x.path, bytes.NewReader(body))
			req.Header.Set("X-Kombo-Signature", rand.Text())
			w.do(client, req)
		},
		func() { // too large, declared and not
			x := pick()
			req := w.signed(x, secret, append(bytes.Clone(x.body), bytes.Repeat([]byte(" "), 300<<10)...))
			if mathrand.IntN(2) == 0 {
				req.ContentLength = -1
			}
			w.do(client, req)
		},
		func() { // deeply nested
			x := pick()
			w.do(client, w.signed(x, secret, []byte(`{"type":"x","event":"x","event_type":"x","data":`+strings.Repeat("[", 50_000))))
		},
		func() {
			x := pick()
			w.raw(20*time.Millisecond, header(x, "Content-Length: 100000"), "{", strings.Repeat(" ", 3000), "}")
		},
		func() { x := pick(); w.raw(0, header(x, "Content-Length: 5"), string(x.body)) },
		func() { x := pick(); w.raw(0, header(x, "Transfer-Encoding: chunked"), "5\r\n{\"a\":\r\nzz\r\n") },
		func() {
			x := pick()
			w.raw(0, header(x, "Transfer-Encoding: chunked\r\nContent-Length: 3"), "0\r\n\r\n")
		},
		func() {
			w.raw(0, "POST /hooks/kombo HTTP/1.1\r\nHost: x\r\nX-A: "+strings.Repeat("a", 100<<10)+"\r\n\r\n")
		},
		func() { w.raw(0, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") },
		func() { x := pick(); w.raw(0, strings.Replace(header(x, "Content-Length: 10"), "\r\n\r\n", "\r\n", 1)) },
		func() { // callbacks that panic
			x := pickRetyped()
			w.do(client, w.signed(x, secret, x.retyped(typePanic)))
		},
		func() { // callbacks that never return while the sender is there
			x := pickRetyped()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			defer cancel()
			if req := w.signed(x, secret, x.retyped(typeHang)); req != nil {
				w.do(client, req.WithContext(ctx))
			}
		},
	}
}

func TestHostileTime(t *testing.T) {
	w := newWorld(t)
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	client := &http.Client{Transport: transport, Timeout: 3 * time.Second}
	w.do(client, w.signed(w.targets[1], secret, numbered(w.targets[1].body, "first"))) // what is made once is made now
	transport.CloseIdleConnections()
	time.Sleep(50 * time.Millisecond)
	goroutines, descriptors, heap := runtime.NumGoroutine(), openDescriptors(t), liveHeap()

	end := time.Now().Add(*duration)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			attacks := w.attacks(client)
			for _, attack := range attacks { // each at least once
				attack()
			}
			for time.Now().Before(end) {
				attacks[mathrand.IntN(len(attacks))]()
			}
		})
	}
	wg.Go(func() {
		for n := 0; time.Now().Before(end); n++ {
			x, number := w.targets[n%len(w.targets)], fmt.Sprintf("good-%d", n)
			status, sent := 0, 0
			for ; status == 0 && sent < 10; sent++ { // without a response, as on a machine that is too busy, a vendor sends again
				status = w.do(client, w.signed(x, secret, numbered(x.body, number)))
			}
			if status != 200 {
				t.Errorf("the good delivery %s of %s was answered %d", number, x.path, status)
			}
			w.mu.Lock()
			w.good[number] = sent
			w.mu.Unlock()
			time.Sleep(5 * time.Millisecond)
		}
	})
	wg.Wait()
	transport.CloseIdleConnections()
	w.check(goroutines, descriptors, heap)
}

// check is what must hold when it is over.
func (w *world) check(goroutines, descriptors int, heap int64) {
	t := w.t
	eventually(t, "goroutines are left over", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
	eventually(t, "descriptors are left over", func() bool { return openDescriptors(t) <= descriptors+2 })
	w.mu.Lock()
	defer w.mu.Unlock()
	for number, sent := range w.good {
		if n := w.arrived[number]; n < 1 || n > sent {
			t.Errorf("the good delivery %s was sent %d times and arrived %d times", number, sent, n)
		}
	}
	for _, number := range []string{"forged", "retired"} {
		if w.arrived[number] > 0 {
			t.Errorf("%s deliveries ran a callback %d times", number, w.arrived[number])
		}
	}
	if len(w.good) == 0 || w.statuses[event.KindUnverified] == 0 || w.statuses[event.KindPanicked] == 0 || w.statuses[event.KindTooLarge] == 0 {
		t.Errorf("too little happened: %d good deliveries, %v", len(w.good), w.statuses)
	}
	for _, odd := range w.odd {
		t.Error(odd)
	}
	for status := range w.answers {
		switch status {
		case 200, 400, 401, 405, 413, 422, 500, 501, 503:
		case 408, 431, 505: // net/http's own
		default:
			t.Errorf("%d requests were answered %d, which is not in the table", w.answers[status], status)
		}
	}
	if strings.Contains(w.log.String(), canary) {
		t.Error("something of a delivery is in the log")
	}
	logged := w.log.Len()
	w.log = bytes.Buffer{} // Reset would keep its memory
	w.arrived, w.good = nil, nil
	if held := liveHeap() - heap; held > 8<<20 {
		t.Errorf("%d bytes are held afterwards", held)
	}
	t.Logf("%v: deliveries by kind %v, responses %v, %d bytes of log", *duration, w.statuses, w.answers, logged)
}

// eventually waits for what ends by itself within the server's time-outs.
func eventually(t *testing.T, wrong string, ok func() bool) {
	t.Helper()
	for range 200 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	stacks := make([]byte, 64<<10)
	t.Errorf("%s after ten seconds:\n%s", wrong, stacks[:runtime.Stack(stacks, true)])
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, os.ErrNotExist) {
		return 0 // not on this system
	} else if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
