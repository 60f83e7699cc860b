package riverqueue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// engine is what the suite needs to know of an inbox and its workers.
type engine struct {
	inbox interface {
		event.Inbox
		DeadLetters(ctx context.Context, after string, limit int) ([]*inbox.DeadLetter, error)
		DeadLetter(ctx context.Context, ref string) (*inbox.DeadLetter, *event.Delivery, error)
		Rerun(ctx context.Context, ref string) error
		Discard(ctx context.Context, ref string) error
		Stats(ctx context.Context) (*inbox.Stats, error)
	}
	// work starts a worker, which retries after some milliseconds and three
	// times at most, and stops when stop has returned.
	work func(t *testing.T, concurrency int, handlers ...event.Dispatcher) (stop func())
	// workUntil starts a worker and returns what ends its context, and returns
	// when it has ended.
	workUntil func(t *testing.T, handlers ...event.Dispatcher) (interrupt func())
	// workFor is work with a deadline for callbacks.
	workFor func(t *testing.T, timeout time.Duration, handlers ...event.Dispatcher) (stop func())
}

func TestInbox(t *testing.T) {
	testInbox(t, func(t *testing.T) *engine {
		i := newInboxFor(t, &Options{MaxBody: 1 << 20})
		return &engine{
			inbox: i,
			work: func(t *testing.T, concurrency int, handlers ...event.Dispatcher) func() {
				return startWorker(t, i, &WorkerOptions{Concurrency: concurrency, Retry: quick}, handlers...)
			},
			workUntil: func(t *testing.T, handlers ...event.Dispatcher) func() {
				w, err := NewWorker(t.Context(), i, &WorkerOptions{Logger: i.opts.Logger}, handlers...)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan error, 1)
				go func() { ended <- w.Run(ctx) }()
				return func() {
					cancel()
					if err := get(t, "Run", ended); !errors.Is(err, context.Canceled) {
						t.Errorf("Run: %v", err)
					}
				}
			},
			workFor: func(t *testing.T, timeout time.Duration, handlers ...event.Dispatcher) func() {
				return startWorker(t, i, &WorkerOptions{Concurrency: 1, Retry: quick, Timeout: timeout, grace: timeout}, handlers...)
			},
		}
	})
}

// testInbox runs what a durable inbox with a worker must do beside what
// [eventtest.Inbox] asks for. open returns an empty one.
func testInbox(t *testing.T, open func(*testing.T) *engine) {
	for name, test := range map[string]func(*testing.T, *engine){
		"what is stored is what runs":               testContents,
		"a key is stored once":                      testDuplicates,
		"too large":                                 testTooLarge,
		"a failed callback runs again":              testRetries,
		"dead letters":                              testDeadLetters,
		"pages of dead letters":                     testPages,
		"odd texts":                                 testOddTexts,
		"a handler has its own deliveries":          testHandlers,
		"a callback that is interrupted runs again": testInterrupted,
		"a callback that never returns":             testAbandoned,
		"Stats":                                     testStats,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func put(t *testing.T, e *engine, d *event.Delivery) {
	t.Helper()
	if err := e.inbox.Put(t.Context(), d); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func putAgain(t *testing.T, e *engine, when string, d *event.Delivery) {
	t.Helper()
	if err := e.inbox.Put(t.Context(), d); !errors.Is(err, event.ErrDuplicate) {
		t.Errorf("%s: Put again: %v, want ErrDuplicate", when, err)
	}
}

// get waits for a value.
func get[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(deadline):
		t.Fatalf("%s: nothing came in %v", what, deadline)
		panic("unreachable")
	}
}

func dead(t *testing.T, e *engine, want int) []*inbox.DeadLetter {
	t.Helper()
	var found []*inbox.DeadLetter
	eventually(t, fmt.Sprintf("%d dead letters", want), func() bool {
		var err error
		if found, err = e.inbox.DeadLetters(t.Context(), "", 100); err != nil {
			t.Fatal(err)
		}
		return len(found) == want
	})
	return found
}

// idle waits until everything is completed or dead.
func idle(t *testing.T, e *engine) *inbox.Stats {
	t.Helper()
	var s *inbox.Stats
	eventually(t, "everything is completed or dead", func() bool {
		var err error
		if s, err = e.inbox.Stats(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.Waiting+s.Running+s.Retrying == 0
	})
	return s
}

func testContents(t *testing.T, e *engine) {
	bodies := []string{"", `{"id":"1"}`, "\x00\xff\xfe not text \n\r", strings.Repeat("é", 1<<19)}
	got := make(chan *event.Delivery, len(bodies))
	sent := make(map[string]*event.Delivery)
	for _, body := range bodies {
		d := delivery("acme", body)
		d.Tenant, d.SecretIndex = "a customer", 2
		d.OccurredAt = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
		d.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"secret"}}
		sent[body] = d
		put(t, e, d)
	}
	e.work(t, 2, dispatcher{"acme", func(ctx context.Context, d *event.Delivery) error {
		got <- d
		return nil
	}})
	for range bodies {
		d := get(t, "a delivery", got)
		want, ok := sent[string(d.Body)]
		if !ok {
			t.Fatalf("a body of %d bytes that was not stored, or twice", len(d.Body))
		}
		delete(sent, string(d.Body))
		if d.Attempt != 1 || d.Handler != want.Handler || d.Provider != want.Provider || d.Tenant != want.Tenant || d.Type != want.Type || d.ID != want.ID ||
			d.Key() != want.Key() || d.SecretIndex != want.SecretIndex || !d.OccurredAt.Equal(want.OccurredAt) || !d.ReceivedAt.Equal(want.ReceivedAt) ||
			!bytes.Equal(d.Body, want.Body) || !reflect.DeepEqual(d.Header, http.Header{"Content-Type": {"application/json"}}) {
			t.Errorf("got %v, attempt %d, header %v; want %v", d, d.Attempt, d.Header, want)
		}
	}
	if s := idle(t, e); s.Dead != 0 {
		t.Errorf("%d dead letters", s.Dead)
	}
}

func testDuplicates(t *testing.T, e *engine) {
	d, doomed := delivery("acme", "a"), delivery("acme", "doomed")
	put(t, e, d)
	put(t, e, doomed)
	putAgain(t, e, "waiting", d)
	running, end := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	e.work(t, 2, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		if calls.Add(1); string(d.Body) == "doomed" {
			return event.Permanent(errors.New("no"))
		}
		close(running)
		<-end
		return nil
	}})
	get(t, "the callback", running)
	putAgain(t, e, "running", d)
	close(end)
	idle(t, e)
	putAgain(t, e, "completed", d)
	putAgain(t, e, "dead", doomed)
	if err := e.inbox.Discard(t.Context(), dead(t, e, 1)[0].Ref); err != nil {
		t.Error(err)
	}
	putAgain(t, e, "discarded", doomed)
	other := delivery("acme", "a")
	other.Tenant = "another"
	if err := e.inbox.Put(t.Context(), other); err != nil {
		t.Errorf("another tenant's: %v", err)
	}
	elsewhere := delivery("acme-eu", "a")
	if err := e.inbox.Put(t.Context(), elsewhere); err != nil {
		t.Errorf("another handler's: %v", err)
	}
}

func testTooLarge(t *testing.T, e *engine) {
	put(t, e, delivery("acme", strings.Repeat("x", 1<<20)))
	if err := e.inbox.Put(t.Context(), delivery("acme", strings.Repeat("x", 1<<20+1))); !errors.Is(err, event.ErrTooLarge) {
		t.Errorf("Put of one byte too much: %v", err)
	}
}

func testRetries(t *testing.T, e *engine) {
	attempts := make(chan int, 10)
	put(t, e, delivery("acme", "x"))
	e.work(t, 2, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		attempts <- d.Attempt
		switch d.Attempt {
		case 1:
			panic("a panic")
		case 2:
			runtime.Goexit()
		}
		return nil
	}})
	for want := 1; want <= 3; want++ {
		if got := get(t, "an attempt", attempts); got != want {
			t.Errorf("attempt %d, want %d", got, want)
		}
	}
	if s := idle(t, e); s.Dead != 0 || len(attempts) > 0 {
		t.Errorf("%d dead letters, %d more attempts", s.Dead, len(attempts))
	}
}

func testDeadLetters(t *testing.T, e *engine) {
	before := time.Now().Add(-time.Minute)
	var calls, last atomic.Int64
	var mend atomic.Bool
	put(t, e, delivery("acme", "permanent"))
	put(t, e, delivery("acme", "exhausted"))
	put(t, e, delivery("acme", "fine"))
	e.work(t, 2, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		calls.Add(1)
		last.Store(int64(d.Attempt))
		switch {
		case mend.Load() || string(d.Body) == "fine":
			return nil
		case string(d.Body) == "permanent":
			return event.Permanent(errors.New("no such candidate"))
		}
		return errors.New("try harder")
	}})
	found := dead(t, e, 2)
	letters := map[inbox.Reason]*inbox.DeadLetter{}
	for _, l := range found {
		letters[l.Reason] = l
		if l.Handler != "acme" || l.Provider != "acme" || l.Type != "hired" || l.ID != "9" || len(l.Key) != 64 ||
			l.StoredAt.Before(before) || l.FailedAt.Before(l.StoredAt.Add(-time.Second)) || l.Expires.Before(time.Now().Add(72*time.Hour)) {
			t.Errorf("%+v", l)
		}
	}
	permanent, exhausted := letters[inbox.ReasonPermanent], letters[inbox.ReasonExhausted]
	if permanent == nil || exhausted == nil {
		t.Fatalf("the reasons are %v and %v", found[0].Reason, found[1].Reason)
	}
	if permanent.Attempts != 1 || permanent.Error != "no such candidate" || exhausted.Attempts != 3 || exhausted.Error != "try harder" {
		t.Errorf("%+v and %+v", permanent, exhausted)
	}
	if n := calls.Load(); n != 5 {
		t.Errorf("%d calls, want 5", n)
	}
	l, d, err := e.inbox.DeadLetter(t.Context(), exhausted.Ref)
	if err != nil || !reflect.DeepEqual(l, exhausted) || d == nil || string(d.Body) != "exhausted" {
		t.Errorf("read: %+v, %v, %v", l, d, err)
	}

	if err := e.inbox.Rerun(t.Context(), exhausted.Ref); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all attempts are made again", func() bool { return calls.Load() == 8 })
	if l := dead(t, e, 2)[1]; l.Ref != exhausted.Ref || l.Attempts != 3 || last.Load() != 3 {
		t.Errorf("after a rerun that fails: %+v, the last attempt is %d", l, last.Load())
	}
	mend.Store(true)
	if err := e.inbox.Rerun(t.Context(), exhausted.Ref); err != nil {
		t.Fatal(err)
	}
	dead(t, e, 1)
	if idle(t, e); calls.Load() != 9 || last.Load() != 1 {
		t.Errorf("%d calls after a rerun, the last one attempt %d; want 9 and 1", calls.Load(), last.Load())
	}
	if err := e.inbox.Discard(t.Context(), permanent.Ref); err != nil {
		t.Fatal(err)
	}
	dead(t, e, 0)
	for _, ref := range []string{exhausted.Ref, permanent.Ref, "", "nonsense", "-1"} {
		_, _, read := e.inbox.DeadLetter(t.Context(), ref)
		for what, err := range map[string]error{"Rerun": e.inbox.Rerun(t.Context(), ref), "Discard": e.inbox.Discard(t.Context(), ref), "DeadLetter": read} {
			if !errors.Is(err, inbox.ErrGone) {
				t.Errorf("%s of %q, which is not there: %v", what, ref, err)
			}
		}
	}
	if calls.Load() != 9 {
		t.Errorf("%d calls in the end, want 9", calls.Load())
	}
}

func testPages(t *testing.T, e *engine) {
	e.work(t, 4, dispatcher{"acme", func(context.Context, *event.Delivery) error { return event.Permanent(errors.New("no")) }})
	for n := range 7 {
		put(t, e, delivery("acme", fmt.Sprint(n)))
	}
	all := dead(t, e, 7)
	var got []string
	after := ""
	for range 4 {
		page, err := e.inbox.DeadLetters(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page {
			got, after = append(got, l.Ref), l.Ref
		}
	}
	var want []string
	for _, l := range all {
		want = append(want, l.Ref)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("pages of %v, want %v", got, want)
	}
}

// testOddTexts: a name or an error that a database or a log might choke on.
func testOddTexts(t *testing.T, e *engine) {
	odd := "nul \x00, not UTF-8 \xff, a quote ' and \\u0000"
	name := "Ärger & Söhne " + strings.Repeat("x", 150)
	d := delivery(name, "odd")
	d.Type, d.ID, d.Tenant = odd, odd, odd
	put(t, e, d)
	putAgain(t, e, "odd", d)
	other := delivery(strings.ToLower(name), "odd")
	put(t, e, other)
	put(t, e, delivery("acme", "even"))
	got := make(chan *event.Delivery, 1)
	e.work(t, 1, dispatcher{name, func(_ context.Context, d *event.Delivery) error {
		if d.Attempt == 3 {
			got <- d
		}
		return errors.New(strings.Repeat(odd, 1000))
	}}, dispatcher{"acme", func(context.Context, *event.Delivery) error { return nil }})
	if d := get(t, "the delivery", got); d.Handler != name || string(d.Body) != "odd" {
		t.Errorf("got %v", d)
	}
	l := dead(t, e, 1)[0]
	if l.Handler != name || !strings.HasPrefix(l.Error, "nul ") || len(l.Error) < 1000 || len(l.Error) > 8<<10 {
		t.Errorf("dead letter of %q, with an error of %d bytes", l.Handler, len(l.Error))
	}
	if _, read, err := e.inbox.DeadLetter(t.Context(), l.Ref); err != nil || read.Key() != d.Key() {
		t.Errorf("read: %v, %v", read, err)
	}
}

func testHandlers(t *testing.T, e *engine) {
	calls := make(chan string, 10)
	handler := func(name string) dispatcher {
		return dispatcher{name, func(_ context.Context, d *event.Delivery) error {
			calls <- name + " ran " + d.Handler
			return nil
		}}
	}
	block := make(chan struct{})
	defer close(block)
	put(t, e, delivery("slow", "1"))
	put(t, e, delivery("slow", "2"))
	put(t, e, delivery("unknown", "x"))
	e.work(t, 1, handler("acme"), dispatcher{"slow", func(ctx context.Context, _ *event.Delivery) error {
		select {
		case <-block:
		case <-ctx.Done():
		}
		return nil
	}})
	put(t, e, delivery("acme", "x"))
	if got := get(t, "acme's delivery", calls); got != "acme ran acme" {
		t.Error(got)
	}
	if s, err := e.inbox.Stats(t.Context()); err != nil || s.Handlers["unknown"].Waiting != 1 {
		t.Errorf("Stats: %+v, %v; want one waiting for a worker", s, err)
	}
	e.work(t, 1, handler("unknown"))
	if got := get(t, "the other worker's delivery", calls); got != "unknown ran unknown" {
		t.Error(got)
	}
}

func testInterrupted(t *testing.T, e *engine) {
	attempts := make(chan int, 2)
	put(t, e, delivery("acme", "x"))
	interrupt := e.workUntil(t, dispatcher{"acme", func(ctx context.Context, d *event.Delivery) error {
		attempts <- d.Attempt
		<-ctx.Done()
		return ctx.Err()
	}})
	get(t, "the callback", attempts)
	interrupt()
	e.work(t, 1, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		attempts <- d.Attempt
		return nil
	}})
	if n := get(t, "the callback, again", attempts); n != 1 {
		t.Errorf("attempt %d: what was interrupted counts as one", n)
	}
	if s := idle(t, e); s.Dead != 0 {
		t.Errorf("%d dead letters", s.Dead)
	}
}

func testAbandoned(t *testing.T, e *engine) {
	forever, calls := make(chan struct{}), make(chan string, 10)
	put(t, e, delivery("acme", "hangs"))
	put(t, e, delivery("acme", "works"))
	e.workFor(t, 100*time.Millisecond, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		calls <- string(d.Body)
		if string(d.Body) == "hangs" && d.Attempt == 1 {
			<-forever
		}
		return nil
	}})
	seen := map[string]int{}
	for range 3 {
		seen[get(t, "a callback", calls)]++
	}
	if seen["hangs"] != 2 || seen["works"] != 1 {
		t.Errorf("calls: %v", seen)
	}
	if s := idle(t, e); s.Abandoned != 1 || s.Dead != 0 {
		t.Errorf("%d abandoned, %d dead", s.Abandoned, s.Dead)
	}
	close(forever)
	eventually(t, "the callback has returned", func() bool {
		s, err := e.inbox.Stats(t.Context())
		return err == nil && s.Abandoned == 0
	})
}

func testStats(t *testing.T, e *engine) {
	began := time.Now().Add(-time.Minute)
	s, err := e.inbox.Stats(t.Context())
	if err != nil || s.Waiting+s.Running+s.Retrying+s.Dead != 0 || !s.Oldest.IsZero() || s.LastError != nil {
		t.Fatalf("empty: %+v, %v", s, err)
	}
	for _, body := range []string{"runs", "fails", "dies", "works"} {
		put(t, e, delivery("acme", body))
	}
	for n := range 3 {
		put(t, e, delivery("other", fmt.Sprint(n)))
	}
	running, end := make(chan struct{}, 1), make(chan struct{})
	e.work(t, 4, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		switch string(d.Body) {
		case "runs":
			running <- struct{}{}
			<-end
		case "fails":
			return event.RetryAfter(time.Hour, nil)
		case "dies":
			return event.Permanent(errors.New("no"))
		}
		return nil
	}})
	defer close(end)
	get(t, "the callback", running)
	want := map[string]inbox.Counts{"acme": {Running: 1, Retrying: 1, Dead: 1}, "other": {Waiting: 3}}
	var got map[string]inbox.Counts
	eventually(t, "one each is running, retrying and dead", func() bool {
		if s, err = e.inbox.Stats(t.Context()); err != nil {
			t.Fatal(err)
		}
		got = make(map[string]inbox.Counts)
		for name, c := range s.Handlers {
			if c.Oldest.Before(began) || c.Oldest.After(time.Now().Add(time.Minute)) {
				t.Fatalf("the oldest of %s is of %v", name, c.Oldest)
			}
			c.Oldest = time.Time{}
			got[name] = c
		}
		return reflect.DeepEqual(got, want)
	})
	if s.Waiting != 3 || s.Running != 1 || s.Retrying != 1 || s.Dead != 1 || s.Oldest.Before(began) || s.Bytes == 0 {
		t.Errorf("%+v", s)
	}
}
