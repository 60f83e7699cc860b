package eventtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
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
