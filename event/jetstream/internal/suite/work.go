package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

var errCallback = errors.New("the callback's own words")

func failsTwice(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r runs
	b.work(only(r.count(func(run int, _ *event.Delivery) error {
		if run < 3 {
			return errCallback
		}
		return nil
	})), jetstream.WorkerOptions{})
	b.mustSend(h, "a")
	eventually(t, "it runs a third time", func() bool { return r.of("a") == 3 })
	b.settled()
	if got := r.of("a"); got != 3 {
		t.Errorf("it ran %d times, want 3", got)
	}
	if got := len(b.deadLetters()); got != 0 {
		t.Errorf("%d dead letters, want none", got)
	}
}

func retryAfter(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	const wait = 700 * time.Millisecond
	times := make(chan time.Time, 2)
	var r runs
	b.work(only(r.count(func(run int, _ *event.Delivery) error {
		times <- time.Now()
		if run == 1 {
			return fmt.Errorf("wrapped: %w", event.RetryAfter(wait, errCallback))
		}
		return nil
	})), jetstream.WorkerOptions{})
	b.mustSend(h, "a")
	first, second := <-times, <-times
	if got := second.Sub(first); got < wait*9/10 {
		t.Errorf("it ran again after %v, want %v", got, wait)
	}
}

func poison(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r runs
	var mended atomic.Bool
	said := make(chan *jetstream.DeadLetter, 10)
	b.work(only(r.count(func(run int, _ *event.Delivery) error {
		if mended.Load() {
			return nil
		}
		return errCallback
	})), jetstream.WorkerOptions{OnDeadLetter: func(_ context.Context, l *jetstream.DeadLetter) { said <- l }})
	b.mustSend(h, "a")
	dead := b.awaitDeadLetters(1)[0]
	if r.of("a") != quick.Attempts || dead.Attempts != quick.Attempts {
		t.Errorf("it ran %d times and the dead letter says %d, want %d", r.of("a"), dead.Attempts, quick.Attempts)
	}
	d := b.delivery(body("a"))
	if dead.Reason != jetstream.ReasonExhausted || dead.Receiver != "kombo" || dead.Provider != "kombo" || dead.ID != "a" || dead.Type != d.Type || dead.Key != d.Key() {
		t.Errorf("the dead letter is %+v", dead)
	}
	if !strings.Contains(dead.Error, errCallback.Error()) {
		t.Errorf("the dead letter's error is %q", dead.Error)
	}
	if got := dead.Expires.Sub(dead.StoredAt); got != 14*24*time.Hour || dead.FailedAt.Before(dead.StoredAt) {
		t.Errorf("stored %v, failed %v, expires %v", dead.StoredAt, dead.FailedAt, dead.Expires)
	}
	if l := <-said; l.ID != "a" {
		t.Errorf("OnDeadLetter got %v", l.LogValue())
	}
	found, err := b.sink.Delivery(t.Context(), dead)
	if err != nil || !bytes.Equal(found.Body, body("a")) {
		t.Errorf("the delivery of the dead letter: %v", err)
	}

	// The vendor's own resend is a duplicate, and stays one.
	b.mustSend(h, "a")
	if got := b.stored(); got != 1 {
		t.Errorf("after the vendor's resend %d messages are stored, want 1", got)
	}

	// A replay runs it again, and fails again: with all attempts, and one
	// dead letter in the end.
	if err := b.sink.Replay(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay has failed, too", func() bool { return len(said) > 0 })
	<-said
	if got := r.of("a"); got != 2*quick.Attempts {
		t.Errorf("after a replay it ran %d times, want %d", got, 2*quick.Attempts)
	}
	b.awaitDeadLetters(1)

	// Who replays all of a list, in which what fails at once comes back, comes
	// to an end.
	listed := 0
	for l, err := range b.sink.DeadLetters(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if listed++; listed > 1 {
			break
		}
		if err := b.sink.Replay(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		eventually(t, "this replay has failed, too", func() bool { return len(said) > 0 })
		<-said
	}
	if listed != 1 {
		t.Error("the list has what became a dead letter after it began")
	}
	before := r.of("a")
	dead = b.awaitDeadLetters(1)[0]

	mended.Store(true)
	if err := b.sink.Replay(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay has run", func() bool { return r.of("a") == before+1 })
	b.settled()
	if got := len(b.deadLetters()); got != 0 {
		t.Errorf("%d dead letters, want none", got)
	}
	for _, text := range []string{b.log.String(), fmt.Sprintf("%+v", dead)} {
		if strings.Contains(text, canary) {
			t.Errorf("a body is in\n%s", text)
		}
	}
	if strings.Contains(b.log.String(), errCallback.Error()) {
		t.Errorf("the callback's error, which may hold anything, is in the worker's log:\n%s", b.log.String())
	}
}

func permanent(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r runs
	long := strings.Repeat("ä", 4000)
	b.work(only(r.count(func(_ int, d *event.Delivery) error {
		if d.ID == "ignored" {
			return event.Ignore(errCallback)
		}
		return fmt.Errorf("wrapped: %w", event.Permanent(errors.New(long)))
	})), jetstream.WorkerOptions{})
	b.mustSend(h, "ignored", "permanent")
	dead := b.awaitDeadLetters(1)[0]
	b.settled()
	if dead.ID != "permanent" || dead.Reason != jetstream.ReasonPermanent || dead.Attempts != 1 {
		t.Errorf("the dead letter is %v", dead.LogValue())
	}
	if len(dead.Error) > 2100 || !strings.HasPrefix(dead.Error, "wrapped: ääää") {
		t.Errorf("the dead letter's error has %d bytes", len(dead.Error))
	}
	if all, distinct := r.total(); all != 2 || distinct != 2 {
		t.Errorf("%d runs of %d deliveries, want one each of 2", all, distinct)
	}
}

func panics(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r runs
	b.work(only(r.count(func(run int, d *event.Delivery) error {
		if d.ID == "once" && run > 1 {
			return nil
		}
		panic(string(d.Body))
	})), jetstream.WorkerOptions{})
	b.mustSend(h, "once", "always")
	dead := b.awaitDeadLetters(1)[0]
	b.settled()
	if dead.ID != "always" || dead.Reason != jetstream.ReasonExhausted || r.of("once") != 2 || r.of("always") != quick.Attempts {
		t.Errorf("the dead letter is %v, after %d runs; the other ran %d times", dead.LogValue(), r.of("always"), r.of("once"))
	}
	if log := b.log.String(); strings.Contains(log, canary) || strings.Contains(dead.Error, canary) || !strings.Contains(log, "work.go") {
		t.Errorf("the log holds the panic's value, or no stack:\n%s\n%s", dead.Error, log)
	}
}

func goexit(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r runs
	b.work(only(r.count(func(run int, _ *event.Delivery) error {
		if run == 1 {
			runtime.Goexit()
		}
		return nil
	})), jetstream.WorkerOptions{Concurrency: 1})
	b.mustSend(h, "a", "b", "c")
	eventually(t, "all have run twice", func() bool { return r.of("a") == 2 && r.of("b") == 2 && r.of("c") == 2 })
}

func unsurvivable(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	b.mustSend(b.handler(), "a")
	never := b.worker(b.sink, only(dispatch(nil)), jetstream.WorkerOptions{AckWait: 100 * time.Millisecond})
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
	b.work(only(r.count(nil)), jetstream.WorkerOptions{AckWait: time.Second})
	dead := b.awaitDeadLetters(1)[0]
	if dead.Reason != jetstream.ReasonUnfinished || r.of("a") != 0 {
		t.Errorf("the dead letter is %v, after %d runs", dead.LogValue(), r.of("a"))
	}
	if err := b.sink.Replay(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it runs when it is replayed", func() bool { return r.of("a") == 1 })
}

func replayedOnce(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r runs
	w := b.worker(b.sink, only(r.count(func(int, *event.Delivery) error { return event.Permanent(errCallback) })), jetstream.WorkerOptions{})
	b.run(w)
	sent := ids("event", 5)
	b.mustSend(h, sent...)
	dead := b.awaitDeadLetters(len(sent))
	b.shutdown(w)
	for range 2 {
		for _, l := range dead {
			if err := b.sink.Replay(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
	}
	var again runs
	b.work(only(again.count(nil)), jetstream.WorkerOptions{})
	eventually(t, "all have been replayed", func() bool { _, n := again.total(); return n == len(sent) })
	b.settled()
	if all, _ := again.total(); all != len(sent) {
		t.Errorf("%d runs of %d deliveries that were replayed twice", all, len(sent))
	}
	if got := len(b.deadLetters()); got != 0 {
		t.Errorf("%d dead letters, want none", got)
	}
	if err := b.sink.Replay(t.Context(), &jetstream.DeadLetter{Sequence: 1}); err == nil {
		t.Error("Replay takes a dead letter that was not listed")
	}
}

func replayGone(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	w := b.worker(b.sink, only(dispatch(func(context.Context, *event.Delivery) error { return event.Permanent(errCallback) })), jetstream.WorkerOptions{})
	b.run(w)
	b.mustSend(h, "a", "b")
	dead := b.awaitDeadLetters(2)
	b.shutdown(w)
	// One is erased before it is replayed, the other after it.
	if err := b.stream().DeleteMsg(t.Context(), dead[0].Sequence); err != nil {
		t.Fatal(err)
	}
	if err := b.sink.Replay(t.Context(), dead[0]); !errors.Is(err, jetstream.ErrGone) {
		t.Errorf("Replay returned %v, want ErrGone", err)
	}
	if _, err := b.sink.Delivery(t.Context(), dead[0]); !errors.Is(err, jetstream.ErrGone) {
		t.Errorf("Delivery returned %v, want ErrGone", err)
	}
	if err := b.sink.Replay(t.Context(), dead[1]); err != nil {
		t.Fatal(err)
	}
	if err := b.stream().DeleteMsg(t.Context(), dead[1].Sequence); err != nil {
		t.Fatal(err)
	}
	var r runs
	w = b.worker(b.sink, only(r.count(nil)), jetstream.WorkerOptions{})
	b.run(w)
	eventually(t, "the replay of what was erased is a dead letter again", func() bool {
		list := b.deadLetters()
		return len(list) == 2 && list[1].Reason == jetstream.ReasonGone && list[1].Sequence == dead[1].Sequence
	})
	if all, _ := r.total(); all != 0 {
		t.Errorf("%d runs of what was erased", all)
	}

	b.shutdown(w)

	// A pointer into a stream that was made anew must not hit another delivery.
	if err := b.js.DeleteStream(t.Context(), b.options.Stream); err != nil {
		t.Fatal(err)
	}
	b.newSink()
	b.mustSend(h, "c", "d")
	if _, err := b.sink.Delivery(t.Context(), dead[0]); !errors.Is(err, jetstream.ErrGone) {
		t.Errorf("Delivery from a stream that was made anew returned %v, want ErrGone", err)
	}
}

func replayLargest(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handlerWith(event.Options{Sink: b.sink, MaxBody: b.sink.MaxBody()})
	var r runs
	b.work(only(r.count(func(run int, d *event.Delivery) error {
		if int64(len(d.Body)) != b.sink.MaxBody() {
			t.Errorf("the body has %d bytes, want %d", len(d.Body), b.sink.MaxBody())
		}
		if run == 1 {
			return event.Permanent(errCallback)
		}
		return nil
	})), jetstream.WorkerOptions{})
	largest := padded("a", int(b.sink.MaxBody())-len(padded("a", 1))+1)
	if w := b.sendBody(h, largest); w.Code != http.StatusOK {
		t.Fatalf("answered %d", w.Code)
	}
	if err := b.sink.Replay(t.Context(), b.awaitDeadLetters(1)[0]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has run again", func() bool { return r.of("a") == 2 })
	b.settled()
}

func rerun(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	if n, err := b.sink.Rerun(t.Context(), time.Time{}, nil); n != 0 || err != nil {
		t.Errorf("of an empty stream Rerun returned %d, %v", n, err)
	}
	var r runs
	b.work(only(r.count(nil)), jetstream.WorkerOptions{})
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
		n, err := b.sink.Rerun(t.Context(), since, func(d *event.Delivery) bool { return d.ID != "new-3" })
		if n != 9 || err != nil {
			t.Errorf("Rerun returned %d, %v, want 9", n, err)
		}
		eventually(t, "they have run again", func() bool { all, _ := r.total(); return all >= 20+9*round })
		b.settled()
	}
	if old, not, again := r.of("old-9"), r.of("new-3"), r.of("new-9"); old != 1 || not != 1 || again != 3 {
		t.Errorf("an older one ran %d times, one that was not picked %d times, one that was %d times; want 1, 1, 3", old, not, again)
	}
	if n, err := b.sink.Rerun(t.Context(), time.Time{}, nil); n != 20 || err != nil {
		t.Errorf("Rerun returned %d, %v, want all 20", n, err)
	}
	if n, err := b.sink.Rerun(t.Context(), time.Now().Add(time.Hour), nil); n != 0 || err != nil {
		t.Errorf("since the future Rerun returned %d, %v", n, err)
	}
}

func shutdown(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	begun, end := make(chan bool, 1), make(chan bool)
	var r runs
	w := b.worker(b.sink, only(dispatch(func(ctx context.Context, d *event.Delivery) error {
		if r.add(d.ID) == 1 && d.ID == "slow" {
			begun <- true
			<-end
		}
		if ctx.Value(runKey{}) == nil {
			t.Error("the callback's context is not made of Run's")
		}
		return ctx.Err()
	})), jetstream.WorkerOptions{Concurrency: 1})
	b.run(w)
	b.mustSend(h, "slow", "waiting")
	<-begun
	down := make(chan error, 1)
	go func() { down <- w.Shutdown(context.Background()) }()
	select {
	case err := <-down:
		t.Errorf("Shutdown returned %v while a callback ran", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(end)
	if err := <-down; err != nil {
		t.Error(err)
	}
	if all, _ := r.total(); all != 1 {
		t.Errorf("%d runs, want 1: after Shutdown no callback begins", all)
	}
	if err := w.Run(t.Context()); err != nil {
		t.Errorf("Run after Shutdown returned %v", err)
	}
	backlog, err := b.sink.Backlogs(t.Context())
	if got := backlog["kombo"]; err != nil || got.Waiting != 1 || got.Unfinished != 0 || !got.Served {
		t.Errorf("the backlog is %+v, %v; want one waiting, as the other has completed", got, err)
	}
}

func shutdownTooLong(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	begun := make(chan bool, 1)
	w := b.worker(b.sink, only(dispatch(func(ctx context.Context, _ *event.Delivery) error {
		begun <- true
		<-ctx.Done()
		return ctx.Err()
	})), jetstream.WorkerOptions{})
	b.run(w)
	b.mustSend(h, "a")
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown returned %v, want its context's error", err)
	}
	b.shutdown(w) // the callback has seen its context end
	var r runs
	b.work(only(r.count(nil)), jetstream.WorkerOptions{})
	eventually(t, "another worker runs it", func() bool { return r.of("a") == 1 })

	ctx, cancel = context.WithCancel(t.Context())
	ended := b.worker(b.sink, only(dispatch(nil)), jetstream.WorkerOptions{})
	cancel()
	if err := ended.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run with a context that has ended returned %v", err)
	}
	if err := ended.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown after Run returned %v", err)
	}
}

func shutdownUnrun(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	b.mustSend(b.handler(), "a")
	var r runs
	w := b.worker(b.sink, only(r.count(nil)), jetstream.WorkerOptions{})
	b.shutdown(w)
	b.shutdown(w)
	if err := w.Run(t.Context()); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if all, _ := r.total(); all != 0 {
		t.Errorf("%d runs after Shutdown", all)
	}
	running := b.work(only(r.count(nil)), jetstream.WorkerOptions{})
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
	first := b.worker(b.sink, only(r.count(func(int, *event.Delivery) error {
		if all, _ := r.total(); all == len(sent)/2 {
			close(half)
		}
		return nil
	})), jetstream.WorkerOptions{})
	b.run(first)
	<-half
	b.shutdown(first)
	if all, _ := r.total(); all == len(sent) {
		t.Error("the first worker ran all: the test shows nothing")
	}
	b.work(only(r.count(nil)), jetstream.WorkerOptions{})
	eventually(t, "all have run", func() bool { _, n := r.total(); return n == len(sent) })
	b.settled()
	if all, _ := r.total(); all != len(sent) {
		t.Errorf("%d runs of %d deliveries: a graceful restart runs none twice", all, len(sent))
	}
}

func twoWorkers(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	var r, one, two runs
	both := make(chan bool) // have one
	gate := make(chan bool, 2)
	hold := func(mine *runs) dispatch {
		return mine.count(func(run int, d *event.Delivery) error {
			r.add(d.ID)
			if all, _ := mine.total(); all == 1 {
				gate <- true
				<-both
			}
			return nil
		})
	}
	b.work(only(hold(&one)), jetstream.WorkerOptions{Concurrency: 1})
	b.work(only(hold(&two)), jetstream.WorkerOptions{Concurrency: 1})
	sent := ids("event", 200)
	b.mustSend(h, sent...)
	<-gate
	<-gate
	close(both)
	eventually(t, "all have run", func() bool { _, n := r.total(); return n == len(sent) })
	b.settled()
	all, _ := r.total()
	first, _ := one.total()
	second, _ := two.total()
	if all != len(sent) || first == 0 || second == 0 {
		t.Errorf("%d runs of %d deliveries, %d and %d by worker", all, len(sent), first, second)
	}
}

func concurrency(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	const most = 3
	var now, peak atomic.Int64
	full := make(chan bool)
	var r runs
	b.work(only(r.count(func(int, *event.Delivery) error {
		n := now.Add(1)
		defer now.Add(-1)
		for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
		}
		if n == most {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		<-full // the first wait until as many run as may
		return nil
	})), jetstream.WorkerOptions{Concurrency: most})
	sent := ids("event", 50)
	b.mustSend(h, sent...)
	eventually(t, "all have run", func() bool { _, n := r.total(); return n == len(sent) })
	b.settled()
	if got := peak.Load(); got != most {
		t.Errorf("%d callbacks ran at once, want %d", got, most)
	}
}

func slow(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	const ackWait = 3 * time.Second
	var r runs
	opts := jetstream.WorkerOptions{AckWait: ackWait, Timeout: time.Millisecond}
	slow := r.count(func(int, *event.Delivery) error { time.Sleep(2 * ackWait); return nil })
	b.work(only(slow), opts)
	b.work(only(slow), opts)
	b.mustSend(h, "a")
	eventually(t, "it has run", func() bool { return r.of("a") > 0 })
	b.settled()
	if got := r.of("a"); got != 1 {
		t.Errorf("a callback that takes twice AckWait ran %d times", got)
	}
	if log := b.log.String(); !strings.Contains(log, "its context has ended") {
		t.Errorf("nobody says that the callback does not heed its context:\n%s", log)
	}
}

func failingAhead(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	bad, good := ids("bad", 100), ids("good", 10)
	b.mustSend(h, bad...)
	b.mustSend(h, good...)
	var r runs
	b.work(only(r.count(func(_ int, d *event.Delivery) error {
		if strings.HasPrefix(d.ID, "bad") {
			return errCallback
		}
		return nil
	})), jetstream.WorkerOptions{Retry: jetstream.Schedule{First: time.Hour, Max: time.Hour, Attempts: 3}})
	eventually(t, "the good ones have run", func() bool {
		for _, id := range good {
			if r.of(id) == 0 {
				return false
			}
		}
		return true
	})
	backlog, err := b.sink.Backlogs(t.Context())
	if got := backlog["kombo"]; err != nil || got.Unfinished < len(bad) {
		t.Errorf("the backlog is %+v, %v; want the %d that fail to wait for their retry", got, err, len(bad))
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

func newerRelease(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handler()
	subject := b.options.Stream + ".kombo.in"
	d := b.delivery(body("of tomorrow"))
	form, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Replace(form, []byte(`{"v":1,`), []byte(`{"v":2,"member":"of tomorrow",`), 1)
	if bytes.Equal(newer, form) {
		t.Fatalf("the stored form does not begin with its version: %.20s", form)
	}
	if _, err := b.js.Publish(t.Context(), subject, newer, natsjs.WithMsgID(d.Key())); err != nil {
		t.Fatal(err)
	}
	if _, err := b.js.Publish(t.Context(), subject, []byte("no delivery"), natsjs.WithMsgID("x")); err != nil {
		t.Fatal(err)
	}
	var r runs
	w := b.worker(b.sink, only(r.count(nil)), jetstream.WorkerOptions{})
	b.run(w)
	b.mustSend(h, "of today")
	eventually(t, "one of this release runs", func() bool { return r.of("of today") == 1 })
	if dead := b.awaitDeadLetters(1)[0]; dead.Reason != jetstream.ReasonUnreadable {
		t.Errorf("what is no delivery became %v", dead.LogValue())
	}
	c, err := b.stream().Consumer(t.Context(), "kombo")
	if err != nil {
		t.Fatal(err)
	}
	tries := func() uint64 {
		info, err := c.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return info.Delivered.Consumer
	}
	eventually(t, "it was tried more often than a failing one may be", func() bool { return tries() > uint64(4*quick.Attempts) })
	b.shutdown(w)
	if got := len(b.deadLetters()); got != 1 {
		t.Errorf("%d dead letters, want none for the newer one", got)
	}
	backlog, err := b.sink.Backlogs(t.Context())
	if got := backlog["kombo"]; err != nil || got.Unfinished != 1 {
		t.Errorf("the backlog is %+v, %v; want the newer one", got, err)
	}
	if log := b.log.String(); !strings.Contains(log, "newer release") || strings.Contains(log, canary) {
		t.Errorf("the log is\n%s", log)
	}
}

func unserved(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	elsewhere := b.handlerWith(event.Options{Name: "elsewhere", Sink: b.sink})
	b.mustSend(elsewhere, ids("event", 10)...)
	b.mustSend(b.handler(), "here")
	var r runs
	b.work(only(r.count(nil)), jetstream.WorkerOptions{})
	eventually(t, "the worker's own has run", func() bool { return r.of("here") == 1 })
	backlog, err := b.sink.Backlogs(t.Context())
	if got := backlog["elsewhere"]; err != nil || got.Waiting != 10 || got.Served {
		t.Errorf("the backlog of the other is %+v, %v", got, err)
	}
	eventually(t, "the worker says so", func() bool { return strings.Contains(b.log.String(), `"handler":"elsewhere"`) })

	// Under the subject of a handler that a worker has, but of another: as when
	// somebody else publishes.
	d := b.delivery(body("misplaced"))
	d.Receiver = "nobody"
	form, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.js.Publish(t.Context(), b.options.Stream+".kombo.in", form); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is tried more often than a failing one may be", func() bool {
		return strings.Count(b.log.String(), "no handler of that name") > 2*quick.Attempts
	})
	if got := len(b.deadLetters()); got != 0 {
		t.Errorf("%d dead letters, want none", got)
	}

	b.work(event.Dispatchers{"elsewhere": r.count(nil), "nobody": r.count(nil)}, jetstream.WorkerOptions{})
	eventually(t, "a worker that has the handler runs them", func() bool { _, n := r.total(); return n == 11 })
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
		w := b.worker(b.sink, event.Dispatchers{"kombo": wait, "other": wait}, jetstream.WorkerOptions{Concurrency: 1})
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
