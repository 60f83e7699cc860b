package event_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/atshooks/atshooks/event"
)

func TestStoreRunsACallbackOnce(t *testing.T) {
	b := newBench(t, acme, event.Options{Store: event.NewMemoryStore(nil)})
	calls := 0
	event.On(b.Handler, "hired", func(context.Context, *hire) error { calls++; return nil })
	for i, want := range []event.Kind{event.Handled, event.Duplicate, event.Duplicate} {
		if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 200 || b.last().Kind != want {
			t.Errorf("delivery %d: %d %s, want 200 %s", i, w.Code, b.last().Kind, want)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

// TestStoreGivesAFailedDeliveryBack: on an error, a panic, and a Goexit.
func TestStoreGivesAFailedDeliveryBack(t *testing.T) {
	b := newBench(t, acme, event.Options{Store: event.NewMemoryStore(nil)})
	calls := 0
	event.On(b.Handler, "hired", func(context.Context, *hire) error {
		calls++
		switch calls {
		case 1:
			return errCallback
		case 2:
			panic("x")
		case 3:
			runtime.Goexit()
		}
		return nil
	})
	for i, want := range []int{500, 500, 0, 200, 200} {
		w := httptest.NewRecorder()
		w.Code = 0
		r := signed(t, acme, secret, hireBody)
		var wg sync.WaitGroup
		wg.Go(func() { b.ServeHTTP(w, r) })
		wg.Wait()
		if w.Code != want {
			t.Errorf("delivery %d: answered %d, want %d", i, w.Code, want)
		}
	}
	if calls != 4 {
		t.Errorf("%d calls, want 4", calls)
	}
}

func TestPermanentAndIgnoredDeliveriesAreCompleted(t *testing.T) {
	for name, err := range map[string]error{"permanent": event.Permanent(errCallback), "ignored": event.Ignore(nil)} {
		b := newBench(t, acme, event.Options{Store: event.NewMemoryStore(nil)})
		returns(err)(b)
		send(b, signed(t, acme, secret, hireBody))
		if send(b, signed(t, acme, secret, hireBody)); b.last().Kind != event.Duplicate {
			t.Errorf("%s: the second delivery is %s", name, b.last().Kind)
		}
	}
	b := newBench(t, waiting, event.Options{Store: event.NewMemoryStore(nil)})
	event.On(b.Handler, "hire", func(context.Context, *struct{}) error { return event.Permanent(errCallback) })
	for range 2 {
		if w := send(b.Endpoint("hire"), signed(t, waiting, secret, `{"candidate":"1"}`)); w.Code != 422 {
			t.Errorf("a refused hire that is tried again: answered %d, want 422", w.Code)
		}
	}
}

// TestDuplicateInFlight: the second of two at once must come again, since the
// first may still fail. The lease is renewed for as long as a callback takes.
func TestDuplicateInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, acme, event.Options{Store: event.NewMemoryStore(nil)})
		event.On(b.Handler, "hired", func(context.Context, *hire) error { time.Sleep(time.Hour); return nil })
		first := make(chan int)
		go func() { first <- send(b, signed(t, acme, secret, hireBody)).Code }()
		for range 5 {
			time.Sleep(11 * time.Minute)
			if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 503 || b.last().Kind != event.InFlight {
				t.Errorf("while the first runs: %d %s", w.Code, b.last().Kind)
			}
		}
		if code := <-first; code != 200 {
			t.Errorf("the first: answered %d", code)
		}
		if send(b, signed(t, acme, secret, hireBody)); b.last().Kind != event.Duplicate {
			t.Errorf("after it: %s", b.last().Kind)
		}
	})
}

// flaky is a memory store whose steps can be made to fail.
type flaky struct {
	*event.MemoryStore
	commit, release error
	ended           bool // whether a context had ended
}

func (f *flaky) Commit(ctx context.Context, key, token string) error {
	f.ended = f.ended || ctx.Err() != nil
	if f.commit != nil {
		return f.commit
	}
	return f.MemoryStore.Commit(ctx, key, token)
}

func (f *flaky) Release(ctx context.Context, key, token string) error {
	f.ended = f.ended || ctx.Err() != nil
	if f.release != nil {
		return f.release
	}
	return f.MemoryStore.Release(ctx, key, token)
}

func TestCommitThatFailsIsObservedAndStillAnswered200(t *testing.T) {
	b := newBench(t, acme, event.Options{Store: &flaky{MemoryStore: event.NewMemoryStore(nil), commit: errCallback}})
	returns(nil)(b)
	if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 200 || !errors.Is(b.last().Warning, errCallback) {
		t.Errorf("answered %d, warning %v", w.Code, b.last().Warning)
	}
	if !strings.Contains(b.log(), "could not be settled") {
		t.Errorf("the log says nothing of it: %s", b.log())
	}
}

func TestCommitAndReleaseOutliveTheSender(t *testing.T) {
	for _, err := range []error{nil, errCallback} {
		store := &flaky{MemoryStore: event.NewMemoryStore(nil)}
		b := newBench(t, acme, event.Options{Store: store})
		ctx, cancel := context.WithCancel(t.Context())
		event.On(b.Handler, "hired", func(context.Context, *hire) error { cancel(); return err })
		b.Handle(ctx, &event.Request{Header: signed(t, acme, secret, hireBody).Header, Body: []byte(hireBody)})
		if store.ended || b.last().Warning != nil {
			t.Errorf("callback returned %v: the claim was settled with a context that had ended (%v)", err, b.last().Warning)
		}
	}
}

func TestSinkOutlivesTheSenderButNotItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended error
		b := newBench(t, acme, event.Options{StoreTimeout: time.Second, Sink: sinkFunc(func(ctx context.Context, _ *event.Delivery) error {
			ended = ctx.Err()
			<-ctx.Done()
			return ctx.Err()
		})})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		reply := b.Handle(ctx, &event.Request{Header: signed(t, acme, secret, hireBody).Header, Body: []byte(hireBody)})
		if ended != nil || reply.Status != 503 || !errors.Is(reply.Err, context.DeadlineExceeded) {
			t.Errorf("the sink's context had ended: %v; answered %d, %v", ended, reply.Status, reply.Err)
		}
	})
}

type sinkFunc func(context.Context, *event.Delivery) error

func (f sinkFunc) Put(ctx context.Context, d *event.Delivery) error { return f(ctx, d) }

type smallSink struct{ sinkFunc }

func (smallSink) MaxBody() int64 { return 50 }

func TestSinkThatCarriesLessLimitsTheHandler(t *testing.T) {
	b := newBench(t, acme, event.Options{Sink: smallSink{func(context.Context, *event.Delivery) error { return nil }}})
	if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 413 {
		t.Errorf("answered %d", w.Code)
	}
	if strings.Count(b.log(), "sink_max_body") != 1 {
		t.Errorf("the log does not say so once: %s", b.log())
	}
}

// TestSinkGetsEveryVerifiedDelivery: also those that no callback wants, and
// those that cannot be read.
func TestSinkGetsEveryVerifiedDelivery(t *testing.T) {
	var got []string
	b := newBench(t, acme, event.Options{Sink: sinkFunc(func(_ context.Context, d *event.Delivery) error {
		got = append(got, fmt.Sprintf("%s|%s|%d", d.Type, d.ID, len(d.Key())))
		return nil
	})})
	for _, body := range []string{hireBody, `{"id":"2","type":"unknown"}`, `no json`, `{"id":"3"}`} {
		if w := send(b, signed(t, acme, secret, body)); w.Code != 200 {
			t.Errorf("%s: answered %d", body, w.Code)
		}
	}
	send(b, signed(t, acme, "another", hireBody))
	if want := "hired|ev-1|64 unknown|2|64 ||64 ||64"; strings.Join(got, " ") != want {
		t.Errorf("stored %q, want %q", got, want)
	}
}

func TestMemoryStoreLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := event.NewMemoryStore(&event.MemoryStoreOptions{Window: time.Hour})
		claim := func(want event.ClaimState) string {
			t.Helper()
			c, err := m.Claim(ctx, "k", time.Minute)
			if err != nil || c.State != want {
				t.Fatalf("claim: %+v, %v; want %v", c, err, want)
			}
			return c.Token
		}
		dead := claim(event.Claimed)
		claim(event.InUse)
		time.Sleep(time.Minute)
		heir := claim(event.Claimed)
		for name, err := range map[string]error{
			"renew": m.Renew(ctx, "k", dead, time.Hour), "commit": m.Commit(ctx, "k", dead), "release": m.Release(ctx, "k", dead),
			"commit with no token": m.Commit(ctx, "k", ""), "release of an unknown key": m.Release(ctx, "other", heir),
		} {
			if !errors.Is(err, event.ErrClaimLost) {
				t.Errorf("%s with a stale token: %v", name, err)
			}
		}
		claim(event.InUse)
		if err := m.Renew(ctx, "k", heir, 2*time.Minute); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		claim(event.InUse)
		if err := m.Commit(ctx, "k", heir); err != nil {
			t.Error(err)
		}
		if err := m.Release(ctx, "k", heir); !errors.Is(err, event.ErrClaimLost) {
			t.Errorf("releasing what is completed: %v", err)
		}
		claim(event.Completed)
		time.Sleep(time.Hour - time.Second)
		claim(event.Completed)
		time.Sleep(time.Second)
		again := claim(event.Claimed)
		if err := m.Release(ctx, "k", again); err != nil {
			t.Error(err)
		}
		claim(event.Claimed)
	})
}

func TestMemoryStoreIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := event.NewMemoryStore(&event.MemoryStoreOptions{MaxKeys: 2})
		state := func(key string) (event.Claim, error) { return m.Claim(ctx, key, time.Minute) }
		for _, key := range []string{"a", "b", "c"} {
			c, err := state(key)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Commit(ctx, key, c.Token); err != nil {
				t.Fatal(err)
			}
		}
		if c, _ := state("c"); c.State != event.Completed {
			t.Errorf("the latest is forgotten: %+v", c)
		}
		if c, _ := state("a"); c.State != event.Claimed {
			t.Errorf("the oldest is not forgotten: %+v", c)
		}
		if c, _ := state("b"); c.State != event.Claimed {
			t.Errorf("the second oldest is not forgotten: %+v", c)
		}
		if c, err := state("d"); err == nil {
			t.Errorf("claims beyond the bound: %+v", c)
		}
		time.Sleep(time.Minute)
		if c, err := state("d"); err != nil || c.State != event.Claimed {
			t.Errorf("after the owners died: %+v, %v", c, err)
		}
	})
}

// TestMemoryStoreIsAtomic: of many who claim at once one wins.
func TestMemoryStoreIsAtomic(t *testing.T) {
	m := event.NewMemoryStore(nil)
	for i := range 50 {
		key := fmt.Sprint(i)
		won := make(chan string, 8)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if c, err := m.Claim(t.Context(), key, time.Minute); err == nil && c.State == event.Claimed {
					won <- c.Token
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d claims of one key", len(won))
		}
	}
}
