package eventtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

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
