package eventtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// InboxSetup is one empty inbox with its workers, for one test of [Inbox].
type InboxSetup struct {
	// Open opens the inbox as another process would, with a connection of its
	// own. What it returns has the methods that [inbox.DeadLetter] and
	// [inbox.Stats] list.
	Open func() event.Inbox
	// NewWorker makes a worker for what Open returned. The worker runs the
	// deliveries of handlers, at most concurrency at once, and runs one that has
	// failed again within milliseconds.
	NewWorker func(i event.Inbox, concurrency int, handlers ...event.Dispatcher) InboxWorker
	// Attempts is how often a delivery is run before it becomes a dead letter; at
	// least 3.
	Attempts int
	// Insert stores bytes where Put would store the stored form of a delivery.
	Insert func(handler, key string, stored []byte)
	// MaxBody is the size in bytes of a body that fits, while one of twice that
	// size does not. Zero leaves that test out.
	MaxBody int
	// Lease is how long another worker waits before it takes over from one that
	// died. Zero leaves out the test of a callback that takes longer.
	Lease time.Duration
	// Kill ends a worker as a crash would, in the middle of what it runs. Nil
	// leaves that test out.
	Kill func(w InboxWorker)
}

// InboxWorker is what the workers of this module's inboxes have in common.
type InboxWorker interface {
	// Run runs callbacks until Shutdown is called, and then returns nil.
	Run(ctx context.Context) error
	// Shutdown lets no further callback begin, and returns nil when the running
	// ones have returned. If ctx ends first, it ends their contexts and returns
	// ctx's error.
	Shutdown(ctx context.Context) error
}

// testedInbox is an inbox as package inbox describes it.
type testedInbox interface {
	event.Inbox
	DeadLetters(ctx context.Context, after string, limit int) ([]*inbox.DeadLetter, error)
	DeadLetter(ctx context.Context, ref string) (*inbox.DeadLetter, *event.Delivery, error)
	Rerun(ctx context.Context, ref string) error
	Discard(ctx context.Context, ref string) error
	Stats(ctx context.Context) (*inbox.Stats, error)
}

// Inbox tests that an inbox and its workers do what [event.Inbox] and
// [event.VerdictOf] say: a delivery is stored once, even under load; its callback
// runs until it succeeds or the delivery becomes a dead letter, which can be run
// again; workers share the work, shut down in order and take over from each other;
// and no part of a body is logged. setup makes an empty inbox that logs to logger.
// The tests run in parallel.
//
// Inbox cannot show that a stored delivery survives a crash of the machine. That
// needs a test of its own.
func Inbox(t *testing.T, setup func(t testing.TB, logger *slog.Logger) InboxSetup) {
	t.Helper()
	testInbox(onTest{t}, setup)
}

func testInbox(t tester, setup func(t testing.TB, logger *slog.Logger) InboxSetup) {
	for _, test := range []struct {
		name string
		run  func(*inboxTest)
	}{
		{"a delivery is stored once, and waits for a worker that has its handler", (*inboxTest).storedOnce},
		{"one of many concurrent Puts succeeds, and one of two workers runs the callback", (*inboxTest).amongMany},
		{"every verified delivery is stored and handled", (*inboxTest).everyDelivery},
		{"a body that is too large is rejected", (*inboxTest).tooLarge},
		{"what a callback returns decides what becomes of its delivery", (*inboxTest).verdicts},
		{"a dead letter stays one until it is run again", (*inboxTest).rerun},
		{"a dead letter can be discarded", (*inboxTest).discarded},
		{"a worker that shuts down waits for its callbacks", (*inboxTest).drains},
		{"a shutdown that takes too long ends the callbacks' contexts", (*inboxTest).drainsTooLong},
		{"no more callbacks run at once than may", (*inboxTest).concurrency},
		{"deliveries that wait for a retry do not hold up the others", (*inboxTest).failingAhead},
		{"a delivery of a newer version waits, and what is none is a dead letter", (*inboxTest).newerVersion},
		{"a callback that takes long is not run elsewhere", (*inboxTest).slow},
		{"another worker takes over from one that died", (*inboxTest).killed},
	} {
		t.Run(test.name, func(t tester) {
			t.Parallel()
			i := &inboxTest{tester: t, log: new(lockedBuffer)}
			i.setup = setup(t, slog.New(slog.NewJSONHandler(i.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			var ok bool
			if i.inbox, ok = i.setup.Open().(testedInbox); !ok {
				i.Fatalf("a %T lacks methods that package inbox lists", i.setup.Open())
			}
			test.run(i)
			if strings.Contains(i.log.String(), canary) {
				i.Errorf("the log holds a piece of a payload:\n%s", i.log)
			}
		})
	}
}

// canary stands in payloads for what must not be written anywhere else.
const canary = "canary-Vb5kQ2"

// patience is how long the suites wait for what must come about. Only a test
// that fails takes that long.
const patience = 30 * time.Second

var errCallback = errors.New("the callback's own words")

// inboxTest is one test of an inbox.
type inboxTest struct {
	tester
	setup InboxSetup
	inbox testedInbox
	log   *lockedBuffer

	mu   sync.Mutex
	runs map[string][]int // the attempts that were run, by the delivery's id
}

// dispatcher runs a function in the place of a handler, and records its runs.
type dispatcher struct {
	*inboxTest
	name string
	fn   func(ctx context.Context, d *event.Delivery) error
}

func (d dispatcher) Name() string { return d.name }

func (d dispatcher) Dispatch(ctx context.Context, delivery *event.Delivery) error {
	d.mu.Lock()
	if d.runs == nil {
		d.runs = make(map[string][]int)
	}
	d.runs[delivery.ID] = append(d.runs[delivery.ID], delivery.Attempt)
	d.mu.Unlock()
	return d.fn(ctx, delivery)
}

// handle is a dispatcher for the deliveries of testProvider.
func (i *inboxTest) handle(fn func(ctx context.Context, d *event.Delivery) error) dispatcher {
	return dispatcher{i, testProvider.Name, fn}
}

func done(context.Context, *event.Delivery) error { return nil }

// attempts returns the attempts of a delivery that were run.
func (i *inboxTest) attempts(id string) []int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.runs[id])
}

// work starts a worker, as another process would. The test's end shuts it down.
func (i *inboxTest) work(concurrency int, handlers ...event.Dispatcher) InboxWorker {
	w := i.setup.NewWorker(i.setup.Open(), concurrency, handlers...)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(context.Background()) }()
	i.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = w.Shutdown(ctx) // the test may have ended it already
		select {
		case err := <-ended:
			if err != nil && i.setup.Kill == nil {
				i.Errorf("Run returned %v, want nil after Shutdown", err)
			}
		case <-ctx.Done():
			i.Errorf("Run has not returned %v after Shutdown", patience)
		}
	})
	return w
}

// shutdown ends a worker whose callbacks return.
func (i *inboxTest) shutdown(w InboxWorker) {
	i.Helper()
	ctx, cancel := context.WithTimeout(i.Context(), patience)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		i.Errorf("Shutdown returned %v, want nil when the callbacks have returned", err)
	}
}

// delivery makes a verified delivery of a handler, "" being testProvider's, with
// a canary in its body, which is padded to size.
func (i *inboxTest) delivery(id, handler string, size int) *event.Delivery {
	i.Helper()
	body := testBody(id, canary)
	if missing := size - len(body); missing > 0 {
		body = testBody(id, canary+strings.Repeat("x", missing))
	}
	h := newTestHandler(i, &event.Options{Name: handler, MaxBody: int64(len(body))})
	d, err := h.Verify(i.Context(), testRequest(i, h, body))
	if err != nil {
		panic("eventtest: " + err.Error())
	}
	return d
}

// put stores deliveries that are new.
func (i *inboxTest) put(ids ...string) {
	i.Helper()
	for _, id := range ids {
		if err := i.inbox.Put(i.Context(), i.delivery(id, "", 0)); err != nil {
			i.Fatalf("Put of a new delivery returned %v", err)
		}
	}
}

// named returns n ids.
func named(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return ids
}

// eventually waits until ok is true.
func (i *inboxTest) eventually(what string, ok func() bool) {
	i.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			i.Fatalf("after %v it is still not so that %s; the log is\n%s", patience, what, i.log)
		}
	}
}

// await waits for what a callback says.
func (i *inboxTest) await(said <-chan bool) {
	i.Helper()
	select {
	case <-said:
	case <-time.After(patience):
		i.Fatalf("no callback got there in %v; the log is\n%s", patience, i.log)
	}
}

// ran waits until each delivery has run.
func (i *inboxTest) ran(ids ...string) {
	i.Helper()
	for _, id := range ids {
		i.eventually("the callback of "+id+" has run", func() bool { return len(i.attempts(id)) > 0 })
	}
}

// afterAll waits until a delivery that is stored now has run: whatever was
// stored before and may run has begun by then.
func (i *inboxTest) afterAll() {
	i.Helper()
	i.put("the last")
	i.ran("the last")
}

// once checks that the callback of each delivery ran once.
func (i *inboxTest) once(ids ...string) {
	i.Helper()
	for _, id := range ids {
		if got := i.attempts(id); !slices.Equal(got, []int{1}) {
			i.Errorf("the callback of %s ran with Delivery.Attempt %v, want one run with 1", id, got)
		}
	}
}

// letters lists the dead letters, one at a time, by the deliveries' ids.
func (i *inboxTest) letters() (all []*inbox.DeadLetter) {
	i.Helper()
	for after := ""; ; after = all[len(all)-1].Ref {
		page, err := i.inbox.DeadLetters(i.Context(), after, 1)
		if err != nil || len(page) > 1 {
			i.Fatalf("DeadLetters with a limit of 1 returned %d, %v", len(page), err)
		}
		if all = append(all, page...); len(page) == 0 {
			slices.SortFunc(all, func(a, b *inbox.DeadLetter) int { return strings.Compare(a.ID, b.ID) })
			return all
		}
	}
}

func (i *inboxTest) stats() *inbox.Stats {
	i.Helper()
	stats, err := i.inbox.Stats(i.Context())
	if err != nil {
		i.Fatalf("Stats returned %v", err)
	}
	return stats
}

// dead waits until these deliveries are dead letters, and no others.
func (i *inboxTest) dead(ids ...string) []*inbox.DeadLetter {
	i.Helper()
	i.eventually(fmt.Sprintf("there are %d dead letters", len(ids)), func() bool { return len(i.letters()) >= len(ids) })
	list := i.letters()
	var got []string
	for _, l := range list {
		got = append(got, l.ID)
	}
	if !slices.Equal(got, ids) {
		i.Fatalf("the dead letters are %q, want %q", got, ids)
	}
	if got := i.stats().Dead; got != int64(len(ids)) {
		i.Errorf("Stats counts %d dead letters, want %d", got, len(ids))
	}
	return list
}

func (i *inboxTest) storedOnce() {
	i.put("once")
	for who, box := range map[string]event.Inbox{"the same process": i.inbox, "another process": i.setup.Open()} {
		if err := box.Put(i.Context(), i.delivery("once", "", 0)); !errors.Is(err, event.ErrDuplicate) {
			i.Errorf("Put of the same delivery by %s returned %v, want an error that wraps ErrDuplicate", who, err)
		}
	}
	if err := i.inbox.Put(i.Context(), i.delivery("once", "elsewhere", 0)); err != nil {
		i.Errorf("Put of another handler's delivery with the same id returned %v", err)
	}
	i.work(1, i.handle(done))
	i.afterAll()
	i.once("once")
	i.dead()
	i.work(1, dispatcher{i, "elsewhere", done})
	i.eventually("the other handler's delivery has run", func() bool { return len(i.attempts("once")) == 2 })
}

func (i *inboxTest) amongMany() {
	ids := named("event", 20)
	var stored atomic.Int64
	var all sync.WaitGroup
	for range 6 {
		box := i.setup.Open()
		all.Go(func() {
			for _, id := range ids {
				switch err := box.Put(i.Context(), i.delivery(id, "", 0)); {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, event.ErrDuplicate):
					i.Errorf("Put returned %v, want nil or an error that wraps ErrDuplicate", err)
				}
			}
		})
	}
	all.Wait()
	if got := stored.Load(); got != int64(len(ids)) {
		i.Errorf("Put returned nil %d times, want once for each of %d deliveries", got, len(ids))
	}
	for range 2 {
		i.work(4, i.handle(func(context.Context, *event.Delivery) error { time.Sleep(2 * time.Millisecond); return nil }))
	}
	i.ran(ids...)
	i.afterAll()
	i.once(ids...)
}

// stored is the stored form of a delivery.
func stored(d *event.Delivery) string {
	form, err := d.MarshalBinary()
	if err != nil {
		panic("eventtest: " + err.Error())
	}
	return string(form)
}

// everyDelivery takes deliveries from the request to the callback.
func (i *inboxTest) everyDelivery() {
	type seen struct {
		callback string
		d        *event.Delivery
	}
	called := make(chan seen, 10)
	h := newTestHandler(i, &event.Options{Inbox: i.inbox, Tenant: func(*http.Request) string { return "acme" }})
	event.On(h, testType, func(ctx context.Context, _ *string) error {
		d, _ := event.FromContext(ctx)
		called <- seen{"On", d}
		return nil
	})
	h.OnOther(func(_ context.Context, d *event.Delivery) error { called <- seen{"OnOther", d}; return nil })
	known := testBody("known", canary+"\x00 é \u2028")
	unknown := bytes.Replace(testBody("unknown", canary), []byte(testType), []byte("eventtest.unheard-of"), 1)
	unreadable := []byte("no envelope: \x00\xff" + canary)
	want := map[string]*event.Delivery{}
	for _, body := range [][]byte{known, known, unknown, unreadable} {
		r := testRequest(i, h, body)
		r.Tenant = "acme"
		r.Header.Set("User-Agent", "a vendor's")
		if d, err := h.Verify(i.Context(), r); err == nil {
			want[d.ID] = d
		}
		if got := h.Handle(i.Context(), r); got.Status != http.StatusOK {
			i.Fatalf("the response to a verified delivery is %d (%v), want 200", got.Status, got.Err)
		}
	}
	forged := testRequest(i, h, testBody("forged", canary))
	forged.Body = testBody("forgery", canary)
	if got := h.Handle(i.Context(), forged); got.Status != http.StatusUnauthorized {
		i.Errorf("the response to a forged delivery is %d, want 401", got.Status)
	}
	i.work(1, h)
	for range 2 {
		var got seen
		select {
		case got = <-called:
		case <-time.After(patience):
			i.Fatalf("a delivery that was stored has not run; the log is\n%s", i.log)
		}
		w := want[got.d.ID]
		if w == nil || (got.callback == "On") != (got.d.ID == "known") {
			i.Fatalf("%s was given the delivery %q of type %q", got.callback, got.d.ID, got.d.Type)
		}
		if want, got := stored(withTime(w, got.d)), stored(got.d); got != want {
			i.Errorf("the callback was given another delivery than was stored (-want +got):\n-%s\n+%s", want, got)
		}
	}
	i.dead("")
	if len(called) > 0 {
		i.Errorf("a further delivery has run: %+v", <-called)
	}
}

func (i *inboxTest) tooLarge() {
	if i.setup.MaxBody == 0 {
		i.Skip("InboxSetup.MaxBody is not set")
	}
	if err := i.inbox.Put(i.Context(), i.delivery("too large", "", 2*i.setup.MaxBody)); !errors.Is(err, event.ErrTooLarge) {
		i.Errorf("Put of a body of twice MaxBody returned %v, want an error that wraps ErrTooLarge", err)
	}
	largest := i.delivery("largest", "", i.setup.MaxBody)
	if err := i.inbox.Put(i.Context(), largest); err != nil {
		i.Fatalf("Put of a body of MaxBody returned %v", err)
	}
	i.work(1, i.handle(func(_ context.Context, d *event.Delivery) error {
		if !bytes.Equal(d.Body, largest.Body) && d.ID == "largest" {
			i.Errorf("the body has %d bytes after it was stored, and had %d", len(d.Body), len(largest.Body))
		}
		return nil
	}))
	i.ran("largest")
	i.afterAll()
	i.once("largest")
}

func (i *inboxTest) verdicts() {
	var all []int // the numbers of as many attempts as there are
	for n := range i.setup.Attempts {
		all = append(all, n+1)
	}
	rows := []struct {
		id   string
		fn   func(d *event.Delivery) error
		want []int // Delivery.Attempt of its runs
		dead bool
	}{
		{"always fails", func(*event.Delivery) error { return errCallback }, all, true},
		{"always panics", func(d *event.Delivery) error { panic(string(d.Body)) }, all, true},
		{"fails for good", func(*event.Delivery) error { return fmt.Errorf("wrapped: %w", event.Permanent(errCallback)) }, []int{1}, true},
		{"fails twice", func(d *event.Delivery) error {
			if d.Attempt < 3 {
				return errCallback
			}
			return nil
		}, []int{1, 2, 3}, false},
		{"ends its goroutine once", func(d *event.Delivery) error {
			if d.Attempt == 1 {
				runtime.Goexit()
			}
			return nil
		}, []int{1, 2}, false},
		{"asks to wait", func(d *event.Delivery) error {
			if d.Attempt == 1 {
				return fmt.Errorf("wrapped: %w", event.RetryAfter(50*time.Millisecond, errCallback))
			}
			return nil
		}, []int{1, 2}, false},
		{"is ignored", func(*event.Delivery) error { return event.Ignore(errCallback) }, []int{1}, false},
		{"succeeds", func(*event.Delivery) error { return nil }, []int{1}, false},
	}
	i.work(1, i.handle(func(_ context.Context, d *event.Delivery) error {
		for _, row := range rows {
			if d.ID == row.id {
				return row.fn(d)
			}
		}
		return nil
	}))
	var dead []string
	for _, row := range rows {
		i.put(row.id)
		if row.dead {
			dead = append(dead, row.id)
		}
	}
	for _, row := range rows {
		i.eventually(fmt.Sprintf("a callback that %s has run %d times", row.id, len(row.want)), func() bool { return len(i.attempts(row.id)) >= len(row.want) })
	}
	i.afterAll()
	for _, row := range rows {
		if got := i.attempts(row.id); !slices.Equal(got, row.want) {
			i.Errorf("a callback that %s ran with Delivery.Attempt %v, want %v", row.id, got, row.want)
		}
	}
	i.dead(dead...)
}

func (i *inboxTest) rerun() {
	var mended atomic.Bool
	i.work(1, i.handle(func(context.Context, *event.Delivery) error {
		if mended.Load() {
			return nil
		}
		return errCallback
	}))
	i.put("poison")
	d := i.delivery("poison", "", 0)
	var ref string
	for round := 1; round <= 2; round++ {
		i.eventually("it has used up its attempts", func() bool {
			return len(i.attempts("poison")) >= round*i.setup.Attempts && len(i.letters()) > 0
		})
		l := i.dead("poison")[0]
		if l.Handler != d.Handler || l.Type != d.Type || l.Key != d.Key() || l.Reason != inbox.ReasonExhausted || l.Attempts != i.setup.Attempts || !strings.Contains(l.Error, errCallback.Error()) {
			i.Errorf("the dead letter is %+v, want one of %s after %d attempts, with the callback's error", l, d.Key(), i.setup.Attempts)
		}
		if _, got, err := i.inbox.DeadLetter(i.Context(), l.Ref); err != nil || stored(got) != stored(withTime(d, got)) {
			i.Errorf("DeadLetter returned another delivery than was stored (%v)", err)
		}
		if err := i.inbox.Put(i.Context(), d); !errors.Is(err, event.ErrDuplicate) {
			i.Errorf("Put of a delivery that is a dead letter returned %v, want an error that wraps ErrDuplicate", err)
		}
		ref = l.Ref
		mended.Store(round == 2)
		if err := i.inbox.Rerun(i.Context(), ref); err != nil {
			i.Errorf("Rerun returned %v", err)
		}
	}
	i.eventually("it has run once more", func() bool { return len(i.attempts("poison")) > 2*i.setup.Attempts })
	i.afterAll()
	i.dead()
	if got := len(i.attempts("poison")); got != 2*i.setup.Attempts+1 {
		i.Errorf("it ran %d times, want %d attempts twice and a run that succeeded", got, i.setup.Attempts)
	}
	if err := i.inbox.Rerun(i.Context(), ref); !errors.Is(err, inbox.ErrGone) {
		i.Errorf("Rerun of what is no longer a dead letter returned %v, want an error that wraps ErrGone", err)
	}
}

func (i *inboxTest) discarded() {
	i.work(1, i.handle(func(_ context.Context, d *event.Delivery) error { return event.Permanent(errCallback) }))
	i.put("a", "b")
	ref := i.dead("a", "b")[0].Ref
	if err := i.inbox.Discard(i.Context(), ref); err != nil {
		i.Errorf("Discard returned %v", err)
	}
	i.dead("b")
	for what, err := range map[string]error{"Rerun": i.inbox.Rerun(i.Context(), ref), "Discard": i.inbox.Discard(i.Context(), ref)} {
		if !errors.Is(err, inbox.ErrGone) {
			i.Errorf("%s of a dead letter that was discarded returned %v, want an error that wraps ErrGone", what, err)
		}
	}
	if err := i.inbox.Put(i.Context(), i.delivery("a", "", 0)); !errors.Is(err, event.ErrDuplicate) {
		i.Errorf("Put of a delivery that was discarded returned %v, want an error that wraps ErrDuplicate", err)
	}
}

// withTime is d with the time of receipt of another, which was verified earlier.
func withTime(d, other *event.Delivery) *event.Delivery {
	same := *d
	same.ReceivedAt = other.ReceivedAt
	return &same
}

func (i *inboxTest) drains() {
	begun, end := make(chan bool, 1), make(chan bool)
	var returned atomic.Bool
	w := i.work(1, i.handle(func(ctx context.Context, d *event.Delivery) error {
		if d.ID == "slow" {
			begun <- true
			<-end
			returned.Store(true)
		}
		return ctx.Err()
	}))
	i.put("slow", "waiting")
	i.await(begun)
	down := make(chan bool)
	go func() {
		defer close(down)
		i.shutdown(w)
		if !returned.Load() {
			i.Errorf("Shutdown returned while a callback was running")
		}
	}()
	time.Sleep(50 * time.Millisecond) // in which a Shutdown that does not wait would return
	close(end)
	i.await(down)
	i.work(1, i.handle(done))
	i.ran("waiting")
	i.afterAll()
	i.once("slow", "waiting")
}

func (i *inboxTest) drainsTooLong() {
	begun := make(chan bool, 1)
	w := i.work(1, i.handle(func(ctx context.Context, _ *event.Delivery) error {
		begun <- true
		select {
		case <-ctx.Done():
		case <-i.Context().Done(): // the test has failed
		}
		return ctx.Err()
	}))
	i.put("a")
	i.await(begun)
	ctx, cancel := context.WithCancel(i.Context())
	cancel()
	if err := w.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		i.Errorf("Shutdown with a context that has ended returned %v, want its error", err)
	}
	i.work(1, i.handle(done))
	i.eventually("another worker has run it", func() bool { return len(i.attempts("a")) == 2 })
}

func (i *inboxTest) concurrency() {
	const most = 3
	var running, peak atomic.Int64
	all := make(chan bool)
	full := sync.OnceFunc(func() { close(all) })
	i.work(most, i.handle(func(context.Context, *event.Delivery) error {
		now := running.Add(1)
		defer running.Add(-1)
		for was := peak.Load(); now > was && !peak.CompareAndSwap(was, now); was = peak.Load() {
		}
		if now == most {
			full()
		}
		select {
		case <-all: // the first ones wait until as many run as may, and a little for more
			time.Sleep(5 * time.Millisecond)
		case <-time.After(patience):
			i.Errorf("only %d callbacks run at once, and %d may", running.Load(), most)
		}
		return nil
	}))
	ids := named("event", 20)
	i.put(ids...)
	i.ran(ids...)
	i.afterAll()
	if got := peak.Load(); got > most {
		i.Errorf("%d callbacks ran at once, want at most %d", got, most)
	}
}

func (i *inboxTest) failingAhead() {
	i.work(2, i.handle(func(_ context.Context, d *event.Delivery) error {
		if strings.HasPrefix(d.ID, "bad") {
			return event.RetryAfter(time.Hour, errCallback)
		}
		return nil
	}))
	bad, good := named("bad", 50), named("good", 5)
	i.put(bad...)
	i.put(good...)
	i.ran(good...)
	i.ran(bad...)
	i.once(append(good, bad...)...)
	i.eventually("Stats counts those that wait for a retry, and no others", func() bool {
		s := i.stats()
		return s.Retrying == int64(len(bad)) && s.Waiting == 0 && s.Running == 0 && s.Handlers[testProvider.Name].Retrying == s.Retrying && !s.Oldest.IsZero()
	})
}

func (i *inboxTest) newerVersion() {
	newer := i.delivery("newer", "", 0)
	form := strings.Replace(stored(newer), `{"v":1,`, `{"v":1000000,`, 1)
	i.setup.Insert(newer.Handler, newer.Key(), []byte(form))
	i.setup.Insert(newer.Handler, testKey("none"), []byte("no delivery: "+canary))
	i.work(1, i.handle(func(_ context.Context, d *event.Delivery) error {
		if d.ID == "poison" {
			return errCallback
		}
		return nil
	}))
	// When this one has used up its attempts, so would have the newer one.
	i.put("poison", "good")
	i.ran("good")
	i.dead("", "poison")
	i.afterAll()
	if len(i.attempts("newer")) > 0 {
		i.Errorf("a delivery of a newer version was given to its handler")
	}
}

func (i *inboxTest) slow() {
	if i.setup.Lease == 0 {
		i.Skip("InboxSetup.Lease is not set")
	}
	handler := i.handle(func(_ context.Context, d *event.Delivery) error {
		if d.ID == "slow" {
			time.Sleep(2 * i.setup.Lease)
		}
		return nil
	})
	i.work(1, handler)
	i.work(1, handler)
	i.put("slow")
	i.ran("slow")
	time.Sleep(2 * i.setup.Lease) // in which another worker may have taken it
	i.afterAll()
	i.once("slow")
}

func (i *inboxTest) killed() {
	if i.setup.Kill == nil {
		i.Skip("InboxSetup.Kill is not set")
	}
	begun, end := make(chan bool, 1), make(chan bool)
	defer close(end)
	w := i.work(1, i.handle(func(context.Context, *event.Delivery) error {
		begun <- true
		<-end
		return nil
	}))
	i.put("a")
	i.await(begun)
	i.setup.Kill(w)
	i.put("b")
	i.work(1, i.handle(done))
	i.eventually("another worker has run what the dead one was running", func() bool { return len(i.attempts("a")) == 2 })
	i.ran("b")
	i.dead()
}
