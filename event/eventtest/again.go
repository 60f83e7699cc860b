package eventtest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// again sends one delivery more than once to a handler with a Store.
func (c *conformance) again(t tester, l line) {
	stored := func(o *event.Options) { o.Store = event.NewMemoryStore(nil) }
	body := c.vendor.Body(l.typ)
	send := func(tr *trial, body []byte) answer {
		return tr.serve(newShot(c.provider, l.typ, secret, body, time.Now()))
	}
	expect := func(t tester, tr *trial, a answer, kind event.Kind, runs int) {
		t.Helper()
		a.checkForm(t, c.provider)
		if got := tr.last(); got.Kind != kind || a.status != c.status(kind) || tr.runs() != runs {
			t.Errorf("answered %d as %s (%v) after %d runs of the callback, want %d as %s after %d", a.status, got.Kind, got.Err, tr.runs(), c.status(kind), kind, runs)
		}
	}
	// A question is answered each time that it is asked.
	kind, runs := event.Duplicate, 1
	if l.reply {
		kind, runs = event.Handled, 2
	}
	t.Run("after it was handled", func(t tester) {
		if tr := c.trial(t, l, succeed, stored); tr != nil {
			expect(t, tr, send(tr, body), event.Handled, 1)
			expect(t, tr, send(tr, body), kind, runs)
		}
	})
	t.Run("after its callback failed", func(t tester) {
		failed := false
		tr := c.trial(t, l, func(context.Context, any) error {
			if failed {
				return nil
			}
			failed = true
			return errors.New("not now")
		}, stored)
		if tr != nil {
			expect(t, tr, send(tr, body), event.Failed, 1)
			expect(t, tr, send(tr, body), event.Handled, 2)
		}
	})
	t.Run("after its callback panicked", func(t tester) {
		panicked := false
		tr := c.trial(t, l, func(context.Context, any) error {
			if !panicked {
				panicked = true
				panic(canaryText)
			}
			return nil
		}, stored)
		if tr != nil {
			expect(t, tr, send(tr, body), event.Panicked, 1)
			expect(t, tr, send(tr, body), event.Handled, 2)
		}
	})
	t.Run("while it is being handled", func(t tester) {
		if l.reply {
			return
		}
		begun, end := make(chan struct{}), make(chan struct{})
		var first atomic.Bool
		tr := c.trial(t, l, func(context.Context, any) error {
			if first.CompareAndSwap(false, true) { // a second should not be, and must not wait
				close(begun)
				<-end
			}
			return nil
		}, stored)
		if tr == nil {
			return
		}
		var a answer
		done := make(chan struct{})
		go func() {
			defer close(done)
			a = send(tr, body)
		}()
		select {
		case <-begun:
		case <-done:
		}
		second := send(tr, body)
		close(end)
		<-done
		if a.status != http.StatusOK {
			t.Errorf("the first is answered %d, want 200", a.status)
		}
		if want := c.status(event.InFlight); second.status != want || second.header.Get("Retry-After") == "" || tr.runs() != 1 {
			t.Errorf("the second is answered %d (Retry-After %q) after %d runs of the callback, want %d, a Retry-After, and one run: the first may still fail",
				second.status, second.header.Get("Retry-After"), tr.runs(), want)
		}
	})
	if member := c.provider.Scheme.Member; member != "" {
		t.Run("with another envelope around what is signed", func(t tester) {
			tr := c.trial(t, l, succeed, stored)
			if tr == nil {
				return
			}
			expect(t, tr, send(tr, body), event.Handled, 1)
			for _, name := range c.provider.Envelope.ID {
				if _, ok := at(mustParse(body), path{name}); ok {
					expect(t, tr, send(tr, replaceMember(body, name, []byte(`"another-id"`))), kind, runs)
				}
			}
		})
	}
}

// keeper is a Sink in memory that keeps what a durable one would: the stored
// form.
type keeper struct {
	stored [][]byte
	err    error
}

func (k *keeper) Put(_ context.Context, d *event.Delivery) error {
	if k.err != nil {
		return k.err
	}
	b, err := d.MarshalBinary()
	k.stored = append(k.stored, b)
	return err
}

// later verifies in one step and runs the callback in another, as services
// with a queue do.
func (c *conformance) later(t tester, l line) {
	body := c.vendor.Body(l.typ)
	good := func() *shot { return newShot(c.provider, l.typ, secret, body, time.Now()) }
	t.Run("by Verify and Dispatch", func(t tester) {
		tr := c.trial(t, l, succeed)
		if tr == nil {
			return
		}
		d, err := tr.Verify(context.Background(), good().plain())
		if err != nil {
			t.Errorf("Verify: %v", err)
			return
		}
		if tr.runs() != 0 {
			t.Errorf("Verify ran the callback")
		}
		if err := tr.Dispatch(context.Background(), d); err != nil || tr.runs() != 1 {
			t.Errorf("Dispatch: %v after %d runs of the callback, want one", err, tr.runs())
			return
		}
		c.checkCall(t, l, good(), tr.calls[0])
	})
	t.Run("by Verify, forged", func(t tester) {
		tr := c.trial(t, l, succeed)
		if tr == nil {
			return
		}
		s := good()
		s.sign(wrongSecret)
		d, err := tr.Verify(context.Background(), s.plain())
		if d != nil || !errors.Is(err, signature.ErrMismatch) {
			t.Errorf("Verify returns a delivery (%v) and %v, want none and %q", d != nil, err, signature.ErrMismatch)
		}
	})
	if c.provider.Synchronous != nil {
		t.Run("not by a Sink", func(t tester) {
			if _, err := c.newHandler(secret, &event.Options{Sink: &keeper{}}); err == nil {
				t.Errorf("newHandler accepts a Sink, and the vendor waits for the callback's answer")
			}
		})
		return
	}
	t.Run("by a Sink", func(t tester) { c.sink(t, l, good) })
}

func (c *conformance) sink(t tester, l line, good func() *shot) {
	var k keeper
	front := c.trial(t, l, succeed, func(o *event.Options) { o.Sink = &k })
	worker := c.trial(t, l, succeed)
	if front == nil || worker == nil {
		return
	}
	if a := front.serve(good()); a.status != http.StatusOK || front.last().Kind != event.Stored || front.runs() != 0 || len(k.stored) != 1 {
		t.Errorf("answered %d as %s with %d deliveries stored after %d runs of the callback, want 200 as stored with one after none",
			a.status, front.last().Kind, len(k.stored), front.runs())
		return
	}
	var d event.Delivery
	if err := d.UnmarshalBinary(k.stored[0]); err != nil {
		t.Errorf("the stored delivery does not read back: %v", err)
		return
	}
	if err := worker.Dispatch(context.Background(), &d); err != nil || worker.runs() != 1 {
		t.Errorf("Dispatch of a stored delivery: %v after %d runs of the callback, want one", err, worker.runs())
		return
	}
	c.checkCall(t, l, good(), worker.calls[0])
	for _, failure := range []struct {
		err  error
		kind event.Kind
	}{
		{errors.New("the disk is full"), event.Unavailable},
		{event.ErrDuplicate, event.Duplicate},
		{event.ErrTooLarge, event.TooLarge},
	} {
		k.err = failure.err
		a := front.serve(good())
		a.checkForm(t, c.provider)
		if front.last().Kind != failure.kind || a.status != c.status(failure.kind) {
			t.Errorf("a sink that fails with %q is answered %d as %s, want %d as %s", failure.err, a.status, front.last().Kind, c.status(failure.kind), failure.kind)
		}
	}
}
