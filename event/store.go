package event

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Store remembers which deliveries were handled, so that each callback that runs
// in the request completes once. Processes that share a store act as one handler.
// A Store must be safe for concurrent use.
//
// A handler claims each delivery, under its [Delivery.Key], before the callback
// runs. The claim is a lease, which the handler renews while the callback runs and
// which lapses if the process dies. Then the handler commits the claim, or releases
// it if the callback failed. The token says whose claim it is. Every ctx has a
// deadline; those of Renew, Commit and Release do not end when the sender hangs up.
type Store interface {
	// Claim takes key until lease has passed, in one atomic step, and returns a
	// token that cannot be guessed. The error wraps ErrDuplicate if the key was
	// completed before, and ErrInFlight if somebody else has claimed it.
	Claim(ctx context.Context, key string, lease time.Duration) (token string, err error)
	// Renew makes the claim last for lease from now. The error wraps ErrClaimLost
	// if the claim is no longer token's.
	Renew(ctx context.Context, key, token string, lease time.Duration) error
	// Commit marks key as completed for the store's window, which should outlast
	// the provider's retries. If the claim is no longer token's, it changes
	// nothing and the error wraps ErrClaimLost. If callbacks can commit their
	// claim themselves, the handler's second Commit must return nil.
	Commit(ctx context.Context, key, token string) error
	// Release gives key back, so that the same delivery can be claimed again. If
	// the claim is no longer token's, it changes nothing and the error wraps
	// ErrClaimLost.
	Release(ctx context.Context, key, token string) error
}

// lease is how long a claim lasts without its owner. It is renewed three times
// in that time.
const lease = time.Minute

// withClaim runs fn under a claim of the delivery's key, if there is a store.
func (h *Handler) withClaim(s *scope, fn func() outcome) outcome {
	if h.store == nil {
		return fn()
	}
	d := &s.delivery
	d.key = d.Key()
	start := h.now()
	token, o := h.claim(s.Context, d.key)
	storage := h.since(start)
	if o.failed() {
		o.phases.Storage = storage
		return o
	}
	s.token = token
	stop := h.renew(s.Context, d.key, token)
	finished := false
	// Also after a runtime.Goexit, which a test's FailNow is.
	defer func() {
		if !finished {
			stop()
			_ = h.closeClaim(s.Context, h.store.Release, d.key, token)
		}
	}()
	o = fn()
	finished = true
	stop()
	start = h.now()
	o.warning = errors.Join(o.warning, h.closeClaim(s.Context, h.commitOrRelease(&o), d.key, token))
	o.phases.Storage = storage + h.since(start)
	return o
}

// commitOrRelease is how a claim is closed: what was acknowledged is
// completed.
func (h *Handler) commitOrRelease(o *outcome) func(ctx context.Context, key, token string) error {
	if h.responseStatus(o) == http.StatusOK {
		return h.store.Commit
	}
	return h.store.Release
}

func (h *Handler) claim(ctx context.Context, key string) (token string, o outcome) {
	ctx, cancel := context.WithTimeout(ctx, h.storageTimeout)
	defer cancel()
	token, err := h.store.Claim(ctx, key, lease)
	switch {
	case err == nil:
		return token, outcome{}
	case errors.Is(err, ErrDuplicate):
		return "", outcome{kind: KindDuplicate}
	case errors.Is(err, ErrInFlight):
		return "", fail(KindInFlight, ErrInFlight)
	}
	return "", fail(KindUnavailable, fmt.Errorf("the store could not claim the delivery: %w", err))
}

// closeClaim commits or releases a claim, whether or not the sender is still
// there.
func (h *Handler) closeClaim(ctx context.Context, how func(ctx context.Context, key, token string) error, key, token string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.storageTimeout)
	defer cancel()
	if err := how(ctx, key, token); err != nil {
		return fmt.Errorf("the claim could not be closed, so the same delivery may be handled again: %w", err)
	}
	return nil
}

// renew keeps the lease until stop is called. It runs beside the callback, on
// a timer: a lease that fails to be renewed shows when the claim is closed.
func (h *Handler) renew(ctx context.Context, key, token string) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var mu sync.Mutex
	var timer *time.Timer
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(lease/3, func() {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		call, done := context.WithTimeout(ctx, h.storageTimeout)
		defer done()
		_ = h.store.Renew(call, key, token, lease)
		timer.Reset(lease / 3)
	})
	return func() {
		cancel()
		mu.Lock()
		defer mu.Unlock()
		timer.Stop()
	}
}
