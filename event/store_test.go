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
	for i, want := range []event.Kind{event.KindHandled, event.KindDuplicate, event.KindDuplicate} {
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
		if send(b, signed(t, acme, secret, hireBody)); b.last().Kind != event.KindDuplicate {
			t.Errorf("%s: the second delivery is %s", name, b.last().Kind)
		}
	}
	b := newBench(t, waiting, event.Options{Store: event.NewMemoryStore(nil)})
	event.On(b.Handler, "hire", func(context.Context, *struct{}) error { return event.Permanent(errCallback) })
	for range 2 {
		if w := send(b.Endpoint("hire"), signed(t, waiting, secret, `{"candidate":"1"}`)); w.Code != 422 {
			t.Errorf("a rejected hire that is tried again: answered %d, want 422", w.Code)
		}
	}
}

// TestEventWithoutACallbackIsNotCompleted: where a person waits, 501 is not
// followed by a 200 for an employee that was never created.
func TestEventWithoutACallbackIsNotCompleted(t *testing.T) {
	b := newBench(t, waiting, event.Options{Store: event.NewMemoryStore(nil)})
	b.OnOther(func(context.Context, *event.Delivery) error { return nil })
	for range 2 {
		if w := send(b.Endpoint("hire"), signed(t, waiting, secret, `{"candidate":"1"}`)); w.Code != 501 {
			t.Errorf("answered %d, want 501", w.Code)
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
			if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 503 || b.last().Kind != event.KindInFlight {
				t.Errorf("while the first runs: %d %s", w.Code, b.last().Kind)
			}
		}
		if code := <-first; code != 200 {
			t.Errorf("the first: answered %d", code)
		}
		if send(b, signed(t, acme, secret, hireBody)); b.last().Kind != event.KindDuplicate {
			t.Errorf("after it: %s", b.last().Kind)
		}
	})
}

// flaky is a memory store whose steps can be made to fail.
type flaky struct {
	event.Store
	commit, release error
	ended           bool // whether a context had ended
}

func (f *flaky) Commit(ctx context.Context, key, token string) error {
	f.ended = f.ended || ctx.Err() != nil
	if f.commit != nil {
		return f.commit
	}
	return f.Store.Commit(ctx, key, token)
}

func (f *flaky) Release(ctx context.Context, key, token string) error {
	f.ended = f.ended || ctx.Err() != nil
	if f.release != nil {
		return f.release
	}
	return f.Store.Release(ctx, key, token)
}

func TestCommitThatFailsIsObservedAndStillAnswered200(t *testing.T) {
	b := newBench(t, acme, event.Options{Store: &flaky{Store: event.NewMemoryStore(nil), commit: errCallback}})
	returns(nil)(b)
	if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 200 || !errors.Is(b.last().Warning, errCallback) {
		t.Errorf("answered %d, warning %v", w.Code, b.last().Warning)
	}
	if !strings.Contains(b.log(), "could not be closed") {
		t.Errorf("the log says nothing of it: %s", b.log())
	}
}

func TestCommitAndReleaseOutliveTheSender(t *testing.T) {
	for _, err := range []error{nil, errCallback} {
		store := &flaky{Store: event.NewMemoryStore(nil)}
		b := newBench(t, acme, event.Options{Store: store})
		ctx, cancel := context.WithCancel(t.Context())
		event.On(b.Handler, "hired", func(context.Context, *hire) error { cancel(); return err })
		b.Handle(ctx, &event.Request{Header: signed(t, acme, secret, hireBody).Header, Body: []byte(hireBody)})
		if store.ended || b.last().Warning != nil {
			t.Errorf("callback returned %v: the claim was closed with a context that had ended (%v)", err, b.last().Warning)
		}
	}
}

func TestInboxOutlivesTheSenderButNotItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended error
		b := newBench(t, acme, event.Options{StorageTimeout: time.Second, Inbox: inboxFunc(func(ctx context.Context, _ *event.Delivery) error {
			ended = ctx.Err()
			<-ctx.Done()
			return ctx.Err()
		})})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		resp := b.Handle(ctx, &event.Request{Header: signed(t, acme, secret, hireBody).Header, Body: []byte(hireBody)})
		if ended != nil || resp.Status != 503 || !errors.Is(resp.Err, context.DeadlineExceeded) {
			t.Errorf("the inbox's context had ended: %v; answered %d, %v", ended, resp.Status, resp.Err)
		}
	})
}

type inboxFunc func(context.Context, *event.Delivery) error

func (f inboxFunc) Put(ctx context.Context, d *event.Delivery) error { return f(ctx, d) }

// TestInboxGetsEveryVerifiedDelivery: also those without a callback, and
// those that cannot be read.
func TestInboxGetsEveryVerifiedDelivery(t *testing.T) {
	var got []string
	b := newBench(t, acme, event.Options{Inbox: inboxFunc(func(_ context.Context, d *event.Delivery) error {
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
		claim := func(want error) string {
			t.Helper()
			token, err := m.Claim(ctx, "k", time.Minute)
			if !errors.Is(err, want) || (token == "") != (err != nil) {
				t.Fatalf("claim: %q, %v; want %v", token, err, want)
			}
			return token
		}
		dead := claim(nil)
		claim(event.ErrInFlight)
		time.Sleep(time.Minute)
		heir := claim(nil)
		for name, err := range map[string]error{
			"renew": m.Renew(ctx, "k", dead, time.Hour), "commit": m.Commit(ctx, "k", dead), "release": m.Release(ctx, "k", dead),
			"commit with no token": m.Commit(ctx, "k", ""), "release of an unknown key": m.Release(ctx, "other", heir),
		} {
			if !errors.Is(err, event.ErrClaimLost) {
				t.Errorf("%s with a stale token: %v", name, err)
			}
		}
		claim(event.ErrInFlight)
		if err := m.Renew(ctx, "k", heir, 2*time.Minute); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		claim(event.ErrInFlight)
		if err := m.Commit(ctx, "k", heir); err != nil {
			t.Error(err)
		}
		if err := m.Release(ctx, "k", heir); !errors.Is(err, event.ErrClaimLost) {
			t.Errorf("releasing what is completed: %v", err)
		}
		claim(event.ErrDuplicate)
		time.Sleep(time.Hour - time.Second)
		claim(event.ErrDuplicate)
		time.Sleep(time.Second)
		again := claim(nil)
		if err := m.Release(ctx, "k", again); err != nil {
			t.Error(err)
		}
		claim(nil)
	})
}

func TestMemoryStoreIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := event.NewMemoryStore(&event.MemoryStoreOptions{MaxKeys: 2})
		claim := func(key string) (string, error) { return m.Claim(ctx, key, time.Minute) }
		for _, key := range []string{"a", "b", "c"} {
			token, err := claim(key)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Commit(ctx, key, token); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := claim("c"); !errors.Is(err, event.ErrDuplicate) {
			t.Errorf("the latest is forgotten: %v", err)
		}
		if _, err := claim("a"); err != nil {
			t.Errorf("the oldest is not forgotten: %v", err)
		}
		if _, err := claim("b"); err != nil {
			t.Errorf("the second oldest is not forgotten: %v", err)
		}
		if _, err := claim("d"); err == nil || errors.Is(err, event.ErrDuplicate) || errors.Is(err, event.ErrInFlight) {
			t.Errorf("a claim beyond the bound: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := claim("d"); err != nil {
			t.Errorf("after the owners died: %v", err)
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
				if token, err := m.Claim(t.Context(), key, time.Minute); err == nil {
					won <- token
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d claims of one key", len(won))
		}
	}
}

// TestTwoAccountsOnOneStoreNeedNames: else a delivery of one may pass for a
// duplicate of the other's.
func TestTwoAccountsOnOneStoreNeedNames(t *testing.T) {
	store := event.NewMemoryStore(nil)
	newHandler := func(secret, name string, previous ...string) (*event.Handler, error) {
		return event.NewHandler(acme, secret, &event.Options{Name: name, Store: store, PreviousSecrets: previous})
	}
	first, err := newHandler("one", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		make func() (*event.Handler, error)
		ok   bool
	}{
		{"the same account again", func() (*event.Handler, error) { return newHandler("one", "") }, true},
		{"another account", func() (*event.Handler, error) { return newHandler("two", "") }, false},
		{"another account with a name", func() (*event.Handler, error) { return newHandler("two", "acme-eu") }, true},
		{"a third account with that name", func() (*event.Handler, error) { return newHandler("three", "acme-eu") }, false},
		{"another account on a store of its own", func() (*event.Handler, error) {
			return event.NewHandler(acme, "two", &event.Options{Store: event.NewMemoryStore(nil)})
		}, true},
		{"another provider", func() (*event.Handler, error) {
			return event.NewHandler(stamped, "two", &event.Options{Store: store})
		}, true},
		{"another account on a store that cannot be compared", func() (*event.Handler, error) {
			return event.NewHandler(acme, "two", &event.Options{Store: incomparable{Store: store}})
		}, true},
	} {
		h, err := tt.make()
		if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), "Options.Name") {
			t.Errorf("%s: %v", tt.name, err)
		}
		runtime.KeepAlive(h)
		defer runtime.KeepAlive(h)
	}
	runtime.KeepAlive(first)
}

type incomparable struct {
	event.Store
	_ []int
}

// TestClaimToken: a callback can close its claim by itself.
func TestClaimToken(t *testing.T) {
	store := event.NewMemoryStore(nil)
	b := newBench(t, acme, event.Options{Store: store})
	var committed error
	event.On(b.Handler, "hired", func(ctx context.Context, _ *hire) error {
		d, _ := event.FromContext(ctx)
		token, ok := event.ClaimToken(ctx)
		if !ok {
			t.Error("no claim")
		}
		committed = store.Commit(ctx, d.Key(), token)
		return errCallback
	})
	for i, want := range []event.Kind{event.KindFailed, event.KindDuplicate} {
		if send(b, signed(t, acme, secret, hireBody)); b.last().Kind != want {
			t.Errorf("delivery %d: %s, want %s", i, b.last().Kind, want)
		}
	}
	if committed != nil {
		t.Error(committed)
	}
	b = newBench(t, acme, event.Options{})
	event.On(b.Handler, "hired", func(ctx context.Context, _ *hire) error {
		if token, ok := event.ClaimToken(ctx); ok {
			t.Errorf("without a store, the token %q", token)
		}
		return nil
	})
	if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
}
