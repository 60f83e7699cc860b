package suite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

var errCallback = errors.New("the callback's own words")

func deadLetters(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	said := make(chan *inbox.DeadLetter, 10)
	long := strings.Repeat("ä", 4000)
	b.work(jetstream.WorkerOptions{OnDeadLetter: func(_ context.Context, l *inbox.DeadLetter) { said <- l }}, dispatch(func(_ context.Context, d *event.Delivery) error {
		if d.ID == "fine" {
			return nil
		}
		return fmt.Errorf("wrapped: %w: %w", errCallback, event.Permanent(errors.New(long)))
	}))
	sent := ids("event", 5)
	b.mustSend(h, sent...)
	b.mustSend(h, "fine")
	dead := b.awaitDeadLetters(len(sent))
	for range sent {
		<-said
	}
	l := dead[0]
	if len(l.Error) > 2100 || !strings.HasPrefix(l.Error, "wrapped: "+errCallback.Error()) {
		t.Errorf("the dead letter's error has %d bytes: %.60s", len(l.Error), l.Error)
	}
	if got := l.Expires.Sub(l.StoredAt); got != 14*24*time.Hour || l.FailedAt.Before(l.StoredAt) {
		t.Errorf("stored %v, failed %v, expires %v", l.StoredAt, l.FailedAt, l.Expires)
	}
	if strings.Contains(b.log.String(), errCallback.Error()) {
		t.Errorf("the callback's error, which may hold anything, is in the worker's log:\n%s", b.log.String())
	}

	// Pages are as long as they are wanted, and end.
	var listed []string
	for after := ""; ; {
		page, err := b.inbox.DeadLetters(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			listed = append(listed, l.ID)
		}
		after = page[len(page)-1].Ref
		if len(page) > 2 || len(listed) > len(sent) {
			t.Fatalf("listed are %q", listed)
		}
	}
	if len(listed) != len(sent) {
		t.Errorf("listed are %q, want %d", listed, len(sent))
	}
	if got := b.stats(); got.Dead != int64(len(sent)) || got.Handlers["kombo"].Dead != int64(len(sent)) {
		t.Errorf("the inbox has %+v", got)
	}
	for _, ref := range []string{"", "1", "none", "1000000-1", strings.Replace(l.Ref, "-", "-9", 1)} {
		if err := b.inbox.Discard(t.Context(), ref); !errors.Is(err, inbox.ErrGone) {
			t.Errorf("Discard(%q) returned %v, want ErrGone", ref, err)
		}
	}
}

// A dead letter that cannot be stored is no reason to run a callback again that
// has failed for good.
func deadLettersFull(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{MaxBytes: 8 << 20})
	h := b.handler()
	var r runs
	long := strings.Repeat("x", 2000)
	const concurrency = 4
	b.work(jetstream.WorkerOptions{Concurrency: concurrency, AckWait: 2 * time.Second}, r.count(func(_ int, d *event.Delivery) error {
		return event.Permanent(errors.New(long))
	}))
	const sent = 700 // of 2.5 kB each, where there is room for 1 MiB
	b.mustSend(h, ids("event", sent)...)
	eventually(t, "the worker says that there is no room", func() bool { return strings.Contains(b.log.String(), "dead letters is full") })
	full := len(b.deadLetters())
	time.Sleep(5 * time.Second) // in which callbacks would run again, as AckWait is over
	all, distinct := r.total()
	if all != distinct || all > full+concurrency {
		t.Errorf("%d callbacks ran for %d deliveries, of which %d are dead letters", all, distinct, full)
	}
	if got := b.stats().LastError; got == nil || !strings.Contains(got.Error(), "full") {
		t.Errorf("the last error is %v", got)
	}
	for len(b.deadLetters()) > 0 || int(b.stats().Waiting) > 0 {
		for _, l := range b.deadLetters() {
			if err := b.inbox.Discard(t.Context(), l.Ref); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "all have run", func() bool { _, n := r.total(); return n == sent })
	if all, _ := r.total(); all != sent {
		t.Errorf("%d callbacks ran for %d deliveries", all, sent)
	}
}

// What never returns must not hold up what comes after it, and is counted.
func neverReturns(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	end := make(chan bool)
	var r runs
	const stuck = 3
	b.work(jetstream.WorkerOptions{Concurrency: stuck, Timeout: 100 * time.Millisecond, Retry: inbox.Schedule{First: time.Hour, Max: time.Hour, Attempts: 3}}, r.count(func(_ int, d *event.Delivery) error {
		if strings.HasPrefix(d.ID, "stuck") {
			<-end
		}
		return nil
	}))
	b.mustSend(h, ids("stuck", stuck)...)
	b.mustSend(h, "good")
	eventually(t, "the next one runs", func() bool { return r.of("good") == 1 })
	eventually(t, "no stuck one is waited for, and each waits for a retry", func() bool {
		got := b.stats()
		return got.Abandoned == stuck && got.Retrying == stuck
	})
	if got := strings.Count(b.log.String(), "runs on although its context has ended"); got != stuck {
		t.Errorf("it is logged %d times, want %d", got, stuck)
	}
	close(end)
	eventually(t, "they have returned", func() bool { return b.stats().Abandoned == 0 })
}

func maxPending(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	const most = 20
	b.work(jetstream.WorkerOptions{MaxPending: most}, dispatch(func(context.Context, *event.Delivery) error {
		return event.RetryAfter(time.Hour, errCallback)
	}))
	b.mustSend(h, ids("event", 2*most)...)
	eventually(t, "no more are fetched", func() bool { return b.stats().Retrying == most })
	eventually(t, "the worker says so", func() bool { return strings.Contains(b.log.String(), "raise WorkerOptions.MaxPending") })
	if got := b.stats(); got.LastError == nil || !strings.Contains(got.LastError.Error(), "MaxPending") || got.Waiting != most {
		t.Errorf("the inbox has %+v", got)
	}
}

// One tenant's flood of slow deliveries does not hold up another's.
func tenants(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	const flood, concurrency, limit = 500, 4, 2
	var now, peak, ran atomic.Int64
	end, other := make(chan bool), make(chan bool, 1)
	b.work(jetstream.WorkerOptions{Concurrency: concurrency, TenantConcurrency: limit}, dispatch(func(_ context.Context, d *event.Delivery) error {
		if d.Tenant == "small" {
			other <- true
			return nil
		}
		n := now.Add(1)
		defer now.Add(-1)
		for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
		}
		<-end
		ran.Add(1)
		return nil
	}))
	put := func(tenant string, n int) {
		for k := range n {
			d := b.delivery(body(fmt.Sprint(tenant, k)))
			d.Tenant = tenant
			if err := b.inbox.Put(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("large", flood)
	put("small", 1)
	select {
	case <-other:
	case <-time.After(patience):
		t.Fatal("another tenant's delivery waits behind the flood")
	}
	if got := b.stats(); got.Running != limit || got.Waiting != flood-limit || got.Retrying != 0 {
		t.Errorf("the inbox has %+v, want %d running", got, limit)
	}
	close(end)
	eventually(t, "the flood has run", func() bool { return ran.Load() == flood })
	if got := peak.Load(); got != limit {
		t.Errorf("%d callbacks of the tenant ran at once, want %d", got, limit)
	}
	b.settled()
}

func stats(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	if got := b.stats(); got.Waiting+got.Running+got.Retrying+got.Dead+got.Damaged != 0 || !got.Oldest.IsZero() || got.MaxBytes != 64<<20 {
		t.Errorf("an empty inbox has %+v", got)
	}
	elsewhere := b.handlerWith(event.Options{Name: "elsewhere", Inbox: b.inbox})
	b.mustSend(elsewhere, ids("event", 10)...)
	h := b.handler()
	b.mustSend(h, "running", "retrying", "dead", "done")
	end := make(chan bool)
	defer close(end)
	var r runs
	b.work(jetstream.WorkerOptions{Retry: inbox.Schedule{First: time.Hour, Max: time.Hour, Attempts: 3}}, r.count(func(_ int, d *event.Delivery) error {
		switch d.ID {
		case "running":
			<-end
		case "retrying":
			return errCallback
		case "dead":
			return event.Permanent(errCallback)
		}
		return nil
	}))
	want := inbox.Counts{Running: 1, Retrying: 1, Dead: 1}
	var got *inbox.Stats
	eventually(t, "the counts are right", func() bool {
		got = b.stats()
		counts := got.Handlers["kombo"]
		counts.Oldest = time.Time{}
		return counts == want
	})
	info, err := b.stream().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, err := b.stream().GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	running, err := b.stream().GetMsg(t.Context(), 11)
	if err != nil {
		t.Fatal(err)
	}
	if got.Waiting != 10 || got.Handlers["elsewhere"].Waiting != 10 || got.Bytes != int64(info.State.Bytes) || got.LastError != nil || !got.Oldest.Equal(first.Time) || !got.Handlers["kombo"].Oldest.Equal(running.Time) {
		t.Errorf("the inbox has %+v; want 10 that wait since %v, %d bytes, and one of Kombo's since %v", got, first.Time, info.State.Bytes, running.Time)
	}
	eventually(t, "the worker says which deliveries no worker has", func() bool { return strings.Contains(b.log.String(), `"handler":"elsewhere"`) })
}

func unsurvivable(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	b.mustSend(b.handler(), "a")
	never := b.worker(jetstream.WorkerOptions{AckWait: 100 * time.Millisecond}, dispatch(nil))
	b.shutdown(never)
	// What a process does that dies of it: fetch, and nothing more.
	c, err := b.stream().Consumer(t.Context(), "kombo")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 * quick.Attempts {
		if _, err := c.Next(natsjs.FetchMaxWait(patience)); err != nil {
			t.Fatal(err)
		}
	}
	var r runs
	b.work(jetstream.WorkerOptions{AckWait: time.Second}, r.count(nil))
	dead := b.awaitDeadLetters(1)[0]
	if dead.Reason != inbox.ReasonUnfinished || r.of("a") != 0 {
		t.Errorf("the dead letter is %v, after %d runs", dead.LogValue(), r.of("a"))
	}
	if err := b.inbox.Rerun(t.Context(), dead.Ref); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it runs when it is rerun", func() bool { return r.of("a") == 1 })
}

func rerunOnce(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r runs
	w := b.worker(jetstream.WorkerOptions{}, r.count(func(int, *event.Delivery) error { return event.Permanent(errCallback) }))
	b.run(w)
	sent := ids("event", 5)
	b.mustSend(h, sent...)
	dead := b.awaitDeadLetters(len(sent))
	b.shutdown(w)
	for range 2 {
		for _, l := range dead {
			if err := b.inbox.Rerun(t.Context(), l.Ref); err != nil && !errors.Is(err, inbox.ErrGone) {
				t.Fatal(err)
			}
		}
	}
	var again runs
	b.work(jetstream.WorkerOptions{}, again.count(nil))
	eventually(t, "all have been rerun", func() bool { _, n := again.total(); return n == len(sent) })
	b.settled()
	if all, _ := again.total(); all != len(sent) {
		t.Errorf("%d runs of %d deliveries that were rerun twice", all, len(sent))
	}
	if got := len(b.deadLetters()); got != 0 {
		t.Errorf("%d dead letters, want none", got)
	}
}

func rerunGone(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	w := b.worker(jetstream.WorkerOptions{}, dispatch(func(context.Context, *event.Delivery) error { return event.Permanent(errCallback) }))
	b.run(w)
	b.mustSend(h, "a", "b")
	dead := b.awaitDeadLetters(2)
	b.shutdown(w)
	// One is erased before it is replayed, the other after it.
	erase := func(l *inbox.DeadLetter) {
		t.Helper()
		_, sequence, _ := strings.Cut(l.Ref, "-")
		n, err := strconv.ParseUint(sequence, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.stream().DeleteMsg(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	erase(dead[0])
	if err := b.inbox.Rerun(t.Context(), dead[0].Ref); !errors.Is(err, inbox.ErrGone) {
		t.Errorf("Rerun returned %v, want ErrGone", err)
	}
	if _, d, err := b.inbox.DeadLetter(t.Context(), dead[0].Ref); d != nil || err != nil {
		t.Errorf("of a dead letter whose delivery was erased DeadLetter returned %v, %v", d, err)
	}
	if err := b.inbox.Rerun(t.Context(), dead[1].Ref); err != nil {
		t.Fatal(err)
	}
	erase(dead[1])
	var r runs
	w = b.worker(jetstream.WorkerOptions{}, r.count(nil))
	b.run(w)
	eventually(t, "the rerun of what was erased is a dead letter again", func() bool {
		list := b.deadLetters()
		return len(list) == 2 && list[1].Reason == inbox.ReasonGone && list[1].Key == dead[1].Key
	})
	if all, _ := r.total(); all != 0 {
		t.Errorf("%d runs of what was erased", all)
	}

	b.shutdown(w)

	// A pointer into a stream that was made anew must not hit another delivery.
	if err := b.js.DeleteStream(t.Context(), b.options.Stream); err != nil {
		t.Fatal(err)
	}
	b.newInbox()
	b.mustSend(h, "c", "d")
	if _, d, err := b.inbox.DeadLetter(t.Context(), dead[0].Ref); d != nil || err != nil {
		t.Errorf("from a stream that was made anew DeadLetter returned %v, %v", d, err)
	}
}

func rerunLargest(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	const room = 1 << 10 // for what is stored beside a body
	size := int(nc.MaxPayload()) - room
	h := b.handlerWith(event.Options{Inbox: b.inbox, MaxBody: int64(size)})
	var r runs
	b.work(jetstream.WorkerOptions{}, r.count(func(run int, d *event.Delivery) error {
		if len(d.Body) != size {
			t.Errorf("the body has %d bytes, want %d", len(d.Body), size)
		}
		if run == 1 {
			return event.Permanent(errCallback)
		}
		return nil
	}))
	largest := padded("a", size-len(padded("a", 1))+1)
	if w := b.sendBody(h, largest); w.Code != http.StatusOK {
		t.Fatalf("answered %d", w.Code)
	}
	if err := b.inbox.Rerun(t.Context(), b.awaitDeadLetters(1)[0].Ref); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has run again", func() bool { return r.of("a") == 2 })
	b.settled()
}

func rerunSince(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	if n, err := b.inbox.RerunSince(t.Context(), time.Time{}, nil); n != 0 || err != nil {
		t.Errorf("of an empty stream RerunSince returned %d, %v", n, err)
	}
	var r runs
	b.work(jetstream.WorkerOptions{}, r.count(nil))
	b.mustSend(h, ids("old", 10)...)
	b.settled()
	info, err := b.stream().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.mustSend(h, ids("new", 10)...)
	b.settled()
	since := info.State.LastTime.Add(1)

	// The second time there are pointers among the deliveries, too.
	for round := 1; round <= 2; round++ {
		n, err := b.inbox.RerunSince(t.Context(), since, func(d *event.Delivery) bool { return d.ID != "new-3" })
		if n != 9 || err != nil {
			t.Errorf("RerunSince returned %d, %v, want 9", n, err)
		}
		eventually(t, "they have run again", func() bool { all, _ := r.total(); return all >= 20+9*round })
		b.settled()
	}
	if old, not, again := r.of("old-9"), r.of("new-3"), r.of("new-9"); old != 1 || not != 1 || again != 3 {
		t.Errorf("an older one ran %d times, one that was not picked %d times, one that was %d times; want 1, 1, 3", old, not, again)
	}
	if n, err := b.inbox.RerunSince(t.Context(), time.Time{}, nil); n != 20 || err != nil {
		t.Errorf("RerunSince returned %d, %v, want all 20", n, err)
	}
	if n, err := b.inbox.RerunSince(t.Context(), time.Now().Add(time.Hour), nil); n != 0 || err != nil {
		t.Errorf("since the future RerunSinceSince returned %d, %v", n, err)
	}
}

func shutdownUnrun(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	b.mustSend(b.handler(), "a")
	var r runs
	w := b.worker(jetstream.WorkerOptions{}, r.count(nil))
	b.shutdown(w)
	b.shutdown(w)
	if err := w.Run(t.Context()); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if all, _ := r.total(); all != 0 {
		t.Errorf("%d runs after Shutdown", all)
	}
	running := b.work(jetstream.WorkerOptions{}, r.count(nil))
	eventually(t, "a worker runs", func() bool { return r.of("a") == 1 })
	if err := running.Run(t.Context()); err == nil {
		t.Error("Run can be called twice")
	}
}

func restarted(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	sent := ids("event", 200)
	b.mustSend(h, sent...)
	var r runs
	half := make(chan bool)
	first := b.worker(jetstream.WorkerOptions{}, r.count(func(int, *event.Delivery) error {
		if all, _ := r.total(); all == len(sent)/2 {
			close(half)
		}
		return nil
	}))
	b.run(first)
	<-half
	b.shutdown(first)
	if all, _ := r.total(); all == len(sent) {
		t.Error("the first worker ran all: the test shows nothing")
	}
	b.work(jetstream.WorkerOptions{}, r.count(nil))
	eventually(t, "all have run", func() bool { _, n := r.total(); return n == len(sent) })
	b.settled()
	if all, _ := r.total(); all != len(sent) {
		t.Errorf("%d runs of %d deliveries: a graceful restart runs none twice", all, len(sent))
	}
}

func failingAhead(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	bad, good := ids("bad", 100), ids("good", 10)
	b.mustSend(h, bad...)
	b.mustSend(h, good...)
	var r runs
	b.work(jetstream.WorkerOptions{Retry: inbox.Schedule{First: time.Hour, Max: time.Hour, Attempts: 3}}, r.count(func(_ int, d *event.Delivery) error {
		if strings.HasPrefix(d.ID, "bad") {
			return errCallback
		}
		return nil
	}))
	eventually(t, "the good ones have run", func() bool {
		for _, id := range good {
			if r.of(id) == 0 {
				return false
			}
		}
		return true
	})
	if got := b.stats().Handlers["kombo"]; int(got.Retrying) < len(bad)-8 {
		t.Errorf("the handler has %+v; want the %d that fail to wait for their retry", got, len(bad))
	}
	// And would still be so with a thousand, which is the engine's default.
	c, err := b.stream().Consumer(t.Context(), "kombo")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.CachedInfo().Config.MaxAckPending; got != 100_000 {
		t.Errorf("up to %d deliveries may wait for a retry, want 100,000", got)
	}
}

func consumerDeleted(t *testing.T, nc *nats.Conn) {
	for _, busy := range []bool{false, true} {
		b := newBench(t, nc, jetstream.Options{})
		h := b.handler()
		begun, end := make(chan bool, 1), make(chan bool)
		wait := dispatch(func(context.Context, *event.Delivery) error {
			begun <- true
			if busy {
				<-end
			}
			return nil
		})
		w := b.worker(jetstream.WorkerOptions{Concurrency: 1}, wait, named{"other", wait})
		result := make(chan error, 1)
		go func() { result <- w.Run(t.Context()) }()
		b.mustSend(h, "a")
		<-begun
		if err := b.stream().DeleteConsumer(t.Context(), "kombo"); err != nil {
			t.Fatal(err)
		}
		close(end)
		select {
		case err := <-result:
			if err == nil || !strings.Contains(err.Error(), "kombo") {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(patience):
			t.Fatalf("Run goes on, while a callback runs: %v", busy)
		}
	}
}
