package riverqueue

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// TestCompleteIsForOneAttempt: a process that stood still for so long that
// River gave its delivery to another has no effect any more.
func TestCompleteIsForOneAttempt(t *testing.T) {
	for name, later := range map[string]func(ctx context.Context, i *Inbox) error{
		"which has completed it":      func(ctx context.Context, i *Inbox) error { return effect(ctx, i, func(string) {}) },
		"which has given it up":       func(context.Context, *Inbox) error { return event.Permanent(errors.New("no")) },
		"which will try it again":     func(context.Context, *Inbox) error { return event.RetryAfter(deadline, nil) },
		"which completed without one": func(context.Context, *Inbox) error { return nil },
		"which is still working":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			i := newInboxFor(t, nil)
			makeEffects(t, i)
			if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
				t.Fatal(err)
			}
			began, resume, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			startWorker(t, i, nil, dispatcher{"acme", func(ctx context.Context, _ *event.Delivery) error {
				close(began)
				<-resume
				err := effect(ctx, i, func(string) {})
				result <- err
				return err
			}})
			get(t, "the first attempt", began)
			rescue(t, i)
			second, end := make(chan struct{}), make(chan struct{})
			defer close(end)
			startWorker(t, i, nil, dispatcher{"acme", func(ctx context.Context, _ *event.Delivery) error {
				close(second)
				if later == nil {
					<-end
					return nil
				}
				return later(ctx, i)
			}})
			get(t, "the second attempt", second)
			if later != nil {
				eventually(t, "the second attempt is recorded", func() bool { return states(t, i)["running"] == 0 })
			}
			before := effects(t, i)
			close(resume)
			if err := get(t, "the first attempt's end", result); !errors.Is(err, event.ErrClaimLost) {
				t.Errorf("Complete: %v, want ErrClaimLost", err)
			}
			if n := effects(t, i); n != before {
				t.Errorf("%d effects, want %d", n, before)
			}
		})
	}
}

// TestCompleteWithoutCommit: a callback that returns nil although it rolled
// back, or forgot to commit, is tried again.
func TestCompleteWithoutCommit(t *testing.T) {
	i := newInboxFor(t, nil)
	makeEffects(t, i)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	attempts := make(chan int, 5)
	startWorker(t, i, nil, dispatcher{"acme", func(ctx context.Context, d *event.Delivery) error {
		attempts <- d.Attempt
		if d.Attempt > 1 {
			return effect(ctx, i, func(string) {})
		}
		tx, err := i.pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		return Complete(ctx, tx)
	}})
	eventually(t, "the delivery is completed", func() bool { return states(t, i)["completed"] == 1 })
	if n := effects(t, i); n != 1 || len(attempts) != 2 {
		t.Errorf("%d effects after %d attempts, want 1 after 2", n, len(attempts))
	}
}

// TestErrorAfterCommit: what was committed stays completed, whatever the
// callback returns.
func TestErrorAfterCommit(t *testing.T) {
	for name, result := range map[string]error{"error": errors.New("too late"), "permanent": event.Permanent(errors.New("too late"))} {
		t.Run(name, func(t *testing.T) {
			i := newInboxFor(t, nil)
			makeEffects(t, i)
			if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
				t.Fatal(err)
			}
			var letters, calls atomic.Int64
			stop := startWorker(t, i, &WorkerOptions{Retry: quick, OnDeadLetter: func(context.Context, *inbox.DeadLetter) { letters.Add(1) }}, dispatcher{"acme", func(ctx context.Context, d *event.Delivery) error {
				defer calls.Add(1)
				return errors.Join(effect(ctx, i, func(string) {}), result)
			}})
			eventually(t, "the callback has run", func() bool { return calls.Load() > 0 })
			stop()
			if found, n := states(t, i), effects(t, i); found["completed"] != 1 || n != 1 || calls.Load() != 1 || letters.Load() != 0 {
				t.Errorf("%v, %d effects, %d calls, %d dead letters", found, n, calls.Load(), letters.Load())
			}
		})
	}
}

func TestCompleteSQL(t *testing.T) {
	i := newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDBFromPool(i.pool)
	defer db.Close()
	result := make(chan error, 3)
	startWorker(t, i, nil, dispatcher{"acme", func(ctx context.Context, d *event.Delivery) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		result <- CompleteSQL(ctx, tx)
		result <- CompleteSQL(ctx, tx) // it is completed, as far as tx is concerned
		return tx.Commit()
	}})
	if err := get(t, "Complete", result); err != nil {
		t.Error(err)
	}
	if err := get(t, "Complete", result); !errors.Is(err, event.ErrClaimLost) {
		t.Errorf("Complete, again: %v", err)
	}
	eventually(t, "the delivery is completed", func() bool { return states(t, i)["completed"] == 1 })
}

func TestCompleteOutsideOfAWorker(t *testing.T) {
	if err := CompleteSQL(t.Context(), nil); err == nil || errors.Is(err, event.ErrClaimLost) {
		t.Errorf("CompleteSQL: %v", err)
	}
}
