// Package suite tests event/jetstream on an engine: the embedded one, or a
// server that an environment variable names. It is a package and no test file,
// since the module that has the adapter does not require an engine.
package suite

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

// Open connects to an engine whose files, if it has any here, are in dir.
type Open func(dir string) (nc *nats.Conn, close func() error, err error)

// Server is an Open for the server at url.
func Server(url string) Open {
	return func(string) (*nats.Conn, func() error, error) {
		nc, err := jetstream.Connect(url)
		if err != nil {
			return nil, nil, err
		}
		return nc, func() error { nc.Close(); return nil }, nil
	}
}

// patience is a safety net: no test waits that long unless it fails.
const patience = 60 * time.Second

// secret signs deliveries; canary is in their bodies, and must be nowhere else.
const (
	secret = "a secret of the suite's"
	canary = "jane.canary@example.com"
)

// bench is one test's stream with what stores into it.
type bench struct {
	testing.TB
	nc      *nats.Conn
	js      natsjs.JetStream
	options jetstream.Options
	log     *buffer
	inbox   *jetstream.Inbox
}

// newBench makes a stream for one test, with what opts sets, and removes it in
// the end.
func newBench(t testing.TB, nc *nats.Conn, opts jetstream.Options) *bench {
	t.Helper()
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{TB: t, nc: nc, js: js, log: new(buffer), options: opts}
	if b.options.Stream == "" {
		b.options.Stream = "T-" + rand.Text()
	}
	if b.options.MaxBytes == 0 {
		b.options.MaxBytes = 64 << 20
	}
	b.options.Logger = b.log.logger()
	t.Cleanup(b.remove)
	b.inbox = b.newInbox()
	return b
}

// remove removes the streams, if they and the connection are still there.
func (b *bench) remove() {
	for _, name := range []string{b.options.Stream, b.options.Stream + "_DEAD"} {
		_ = b.js.DeleteStream(context.Background(), name)
	}
}

func (b *bench) newInbox() *jetstream.Inbox {
	b.Helper()
	s, err := jetstream.NewInbox(b.Context(), b.nc, &b.options)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// stream is the engine's own view of the stream.
func (b *bench) stream() natsjs.Stream {
	b.Helper()
	s, err := b.js.Stream(b.Context(), b.options.Stream)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// stored counts the messages in the stream.
func (b *bench) stored() int {
	b.Helper()
	return stored(b, b.nc, b.options.Stream)
}

// handler makes a Kombo handler that stores into the sink.
func (b *bench) handler() *kombo.Handler {
	b.Helper()
	return b.handlerWith(event.Options{Inbox: b.inbox})
}

func (b *bench) handlerWith(opts event.Options) *kombo.Handler {
	b.Helper()
	if opts.Logger == nil {
		opts.Logger = b.log.logger()
	}
	h, err := kombo.NewHandler(secret, &opts)
	if err != nil {
		b.Fatal(err)
	}
	return h
}

// quick is a schedule that is over soon.
var quick = inbox.Schedule{First: time.Millisecond, Max: 20 * time.Millisecond, Attempts: 4}

// work starts a worker for handlers; the test's end shuts it down.
func (b *bench) work(opts jetstream.WorkerOptions, handlers ...event.Dispatcher) *jetstream.Worker {
	b.Helper()
	w := b.worker(opts, handlers...)
	b.run(w)
	return w
}

func (b *bench) worker(opts jetstream.WorkerOptions, handlers ...event.Dispatcher) *jetstream.Worker {
	b.Helper()
	if opts.Retry == (inbox.Schedule{}) {
		opts.Retry = quick
	}
	opts.Logger = b.log.logger()
	w, err := jetstream.NewWorker(b.Context(), b.inbox, &opts, handlers...)
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// runKey is in the context that Run is called with.
type runKey struct{}

func (b *bench) run(w *jetstream.Worker) {
	b.Helper()
	result := make(chan error, 1)
	go func() { result <- w.Run(context.WithValue(context.Background(), runKey{}, true)) }()
	b.Cleanup(func() {
		b.shutdown(w)
		if err := <-result; err != nil {
			b.Errorf("Run: %v", err)
		}
	})
}

func (b *bench) shutdown(w *jetstream.Worker) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		b.Errorf("Shutdown: %v", err)
	}
}

// dispatch is a handler that is a function, by the name of Kombo's.
type dispatch func(context.Context, *event.Delivery) error

func (dispatch) Name() string                                            { return "kombo" }
func (f dispatch) Dispatch(ctx context.Context, d *event.Delivery) error { return f(ctx, d) }

// named is one by another name.
type named struct {
	name string
	dispatch
}

func (n named) Name() string { return n.name }

// send delivers the event of that id as Kombo would, and returns the status.
func (b *bench) send(h http.Handler, id string) int {
	b.Helper()
	return b.sendBody(h, body(id)).Code
}

func (b *bench) sendBody(h http.Handler, body []byte) *httptest.ResponseRecorder {
	b.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed(b, body))
	return w
}

// mustSend delivers an event that must be accepted.
func (b *bench) mustSend(h http.Handler, ids ...string) {
	b.Helper()
	for _, id := range ids {
		if got := b.send(h, id); got != http.StatusOK {
			b.Fatalf("delivery %s was answered %d", id, got)
		}
	}
}

func signed(t testing.TB, body []byte) *http.Request {
	return kombotest.Vendor.Signed(t, secret, kombo.TypeDataChanged, body)
}

// body is a delivery of data-changed with that id.
func body(id string) []byte { return padded(id, 0) }

// padded is a body with n bytes more.
func padded(id string, n int) []byte {
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(kombotest.Vendor.Body(kombo.TypeDataChanged), &envelope); err != nil {
		panic(err)
	}
	envelope["id"], _ = json.Marshal(id)
	envelope["note"], _ = json.Marshal(canary)
	if n > 0 {
		envelope["padding"], _ = json.Marshal(strings.Repeat("x", n))
	}
	b, _ := json.Marshal(envelope)
	return b
}

// ids are n ids with that prefix.
func ids(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return list
}

// eventually waits until ok is true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it did not come about that %s", what)
		}
	}
}

// runs counts what callbacks did, by the delivery's id.
type runs struct {
	mu   sync.Mutex
	runs map[string]int
	all  int
}

func (r *runs) add(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.runs == nil {
		r.runs = make(map[string]int)
	}
	r.all++
	r.runs[id]++
	return r.runs[id]
}

func (r *runs) of(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs[id]
}

// total is the number of runs, and of ids that ran.
func (r *runs) total() (all, distinct int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all, len(r.runs)
}

// count counts into r and does what fn says.
func (r *runs) count(fn func(run int, d *event.Delivery) error) dispatch {
	return func(_ context.Context, d *event.Delivery) error {
		n := r.add(d.ID)
		if fn == nil {
			return nil
		}
		return fn(n, d)
	}
}

// deadLetters lists them all.
func (b *bench) deadLetters() []*inbox.DeadLetter {
	b.Helper()
	list, err := b.inbox.DeadLetters(b.Context(), "", 1000)
	if err != nil {
		b.Fatal(err)
	}
	return list
}

// awaitDeadLetters waits until there are n.
func (b *bench) awaitDeadLetters(n int) []*inbox.DeadLetter {
	b.Helper()
	eventually(b, fmt.Sprintf("there are %d dead letters", n), func() bool { return len(b.deadLetters()) >= n })
	list := b.deadLetters()
	if len(list) != n {
		b.Fatalf("%d dead letters, want %d", len(list), n)
	}
	return list
}

// settled waits until nothing is waiting or unfinished.
func (b *bench) settled() {
	b.Helper()
	eventually(b, "the backlog is empty", func() bool {
		stats := b.stats()
		return stats.Waiting+stats.Running+stats.Retrying == 0
	})
}

func (b *bench) stats() *inbox.Stats {
	b.Helper()
	stats, err := b.inbox.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return stats
}

// buffer is a log in memory.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
