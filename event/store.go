package event

import (
	"container/list"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Store remembers which deliveries were handled, so that callbacks that run in
// the request run once. It must be safe for concurrent use. A store that
// several processes share makes them one receiver.
//
// Each delivery is claimed before its callback runs, under [Delivery.Key]. A
// claim is a lease: it is renewed while the callback runs, and lapses when its
// owner dies. Then it is committed, or released if the callback failed. The
// token says whose claim it is: an owner whose lease has lapsed must not undo
// what another has done since.
//
// Every ctx has a deadline. Those of Renew, Commit and Release do not end when
// the sender hangs up.
type Store interface {
	// Claim tries to take key for the time of lease, in one atomic step.
	Claim(ctx context.Context, key string, lease time.Duration) (Claim, error)
	// Renew extends the claim to lease from now. It returns an error that
	// wraps ErrClaimLost if token is not the claim's any more.
	Renew(ctx context.Context, key, token string, lease time.Duration) error
	// Commit marks key as completed and keeps it for the store's window, which
	// should outlast the vendor's retries. With a token that is not the
	// claim's any more it changes nothing and returns ErrClaimLost.
	Commit(ctx context.Context, key, token string) error
	// Release gives key back, so that the next delivery of it is handled. With
	// a token that is not the claim's any more it changes nothing and returns
	// ErrClaimLost.
	Release(ctx context.Context, key, token string) error
}

// Claim is the answer to Store.Claim.
type Claim struct {
	State ClaimState
	Token string // unguessable by other owners; only if State is Claimed
}

// ClaimState says who has a key.
type ClaimState int

// The states of a key that was asked for.
const (
	Claimed   ClaimState = iota + 1 // by the caller, now
	InUse                           // by another, who may still fail
	Completed                       // by anyone, before
)

// ErrClaimLost is for a token that is not the claim's any more: its lease has
// lapsed.
var ErrClaimLost = errors.New("claim lost")

// lease is how long a claim lasts without its owner. It is renewed three times
// in that time.
const lease = time.Minute

// once runs fn under a claim of the delivery's key, if there is a store.
func (h *Handler) once(s *scope, fn func() (any, error)) outcome {
	if h.store == nil {
		return result(protect(fn))
	}
	d := &s.delivery
	d.key = d.Key()
	token, o := h.claim(s.Context, d.key)
	if o.kind != "" {
		return o
	}
	stop := h.renew(s.Context, d.key, token)
	finished := false
	// Also after a runtime.Goexit, which a test's FailNow is.
	defer func() {
		if !finished {
			stop()
			_ = h.settle(s.Context, h.store.Release, d.key, token)
		}
	}()
	o = result(protect(fn))
	finished = true
	stop()
	o.warning = h.settle(s.Context, h.finish(&o), d.key, token)
	return o
}

func result(_ any, err error) outcome { return judge(err) }

// finish is what becomes of a claim: what was acknowledged is completed. At a
// synchronous vendor only a success is.
func (h *Handler) finish(o *outcome) func(ctx context.Context, key, token string) error {
	if o.kind.status(h.provider.Synchronous != nil) == 200 {
		return h.store.Commit
	}
	return h.store.Release
}

func (h *Handler) claim(ctx context.Context, key string) (token string, o outcome) {
	ctx, cancel := context.WithTimeout(ctx, h.storeTimeout)
	defer cancel()
	c, err := h.store.Claim(ctx, key, lease)
	switch {
	case err != nil:
		return "", fail(Unavailable, OpStore, fmt.Errorf("claiming: %w", err))
	case c.State == Completed:
		return "", outcome{kind: Duplicate}
	case c.State == InUse:
		return "", fail(InFlight, OpStore, errInFlight)
	case c.State != Claimed:
		return "", fail(Unavailable, OpStore, errors.New("claiming: the store answered with an unknown state"))
	}
	return c.Token, outcome{}
}

// settle commits or releases a claim, whether or not the sender is still there.
func (h *Handler) settle(ctx context.Context, how func(ctx context.Context, key, token string) error, key, token string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.storeTimeout)
	defer cancel()
	if err := how(ctx, key, token); err != nil {
		return fmt.Errorf("event: the claim could not be settled, so the same delivery may be handled again: %w", err)
	}
	return nil
}

// renew keeps the lease until stop is called. It runs beside the callback, on
// a timer: a lease that fails to be renewed shows when it is settled.
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
		call, done := context.WithTimeout(ctx, h.storeTimeout)
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

// MemoryStore is a Store in this process: it forgets everything at a restart,
// and other processes know nothing of it. For more, share a database.
type MemoryStore struct {
	window time.Duration
	most   int

	mu        sync.Mutex
	claims    map[string]*claim
	completed list.List // of *claim, the oldest first
}

type claim struct {
	key     string
	token   string        // "" once completed
	expires time.Time     // of the lease, or of the window
	element *list.Element // in completed
}

// MemoryStoreOptions bound a MemoryStore.
type MemoryStoreOptions struct {
	// Window is how long completed deliveries are remembered; 0 is 72 hours,
	// which outlasts the retries of all vendors that publish theirs
	// (KeldairHR: 24 hours; 100Hires: 14 hours 36 minutes).
	Window time.Duration
	// MaxKeys is how many deliveries are remembered at most; 0 is 100,000,
	// about 30 MB. Beyond that the oldest completed one is forgotten early. If
	// that many are being handled at once, further ones are refused.
	MaxKeys int
}

// NewMemoryStore makes a store. opts may be nil.
func NewMemoryStore(opts *MemoryStoreOptions) *MemoryStore {
	if opts == nil {
		opts = &MemoryStoreOptions{}
	}
	m := &MemoryStore{window: 72 * time.Hour, most: 100_000, claims: make(map[string]*claim)}
	if opts.Window > 0 {
		m.window = opts.Window
	}
	if opts.MaxKeys > 0 {
		m.most = opts.MaxKeys
	}
	return m
}

var errStoreFull = errors.New("event: the memory store is full of deliveries that are being handled")

// Claim implements Store.
func (m *MemoryStore) Claim(_ context.Context, key string, lease time.Duration) (Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.forget(now)
	if c := m.claims[key]; c != nil && now.Before(c.expires) {
		if c.token == "" {
			return Claim{State: Completed}, nil
		}
		return Claim{State: InUse}, nil
	}
	if m.claims[key] == nil && len(m.claims) >= m.most && !m.makeRoom(now) {
		return Claim{}, errStoreFull
	}
	c := &claim{key: key, token: rand.Text(), expires: now.Add(lease)}
	m.claims[key] = c
	return Claim{State: Claimed, Token: c.token}, nil
}

// forget drops completed claims whose window has passed.
func (m *MemoryStore) forget(now time.Time) {
	for e := m.completed.Front(); e != nil && !now.Before(e.Value.(*claim).expires); e = m.completed.Front() {
		m.drop(e.Value.(*claim))
	}
}

// makeRoom drops the oldest completed claim, or else those whose owner died.
func (m *MemoryStore) makeRoom(now time.Time) bool {
	if e := m.completed.Front(); e != nil {
		m.drop(e.Value.(*claim))
		return true
	}
	for _, c := range m.claims {
		if !now.Before(c.expires) {
			m.drop(c)
		}
	}
	return len(m.claims) < m.most
}

func (m *MemoryStore) drop(c *claim) {
	if c.element != nil {
		m.completed.Remove(c.element)
	}
	delete(m.claims, c.key)
}

// owned is the claim of that token, if its lease has not lapsed.
func (m *MemoryStore) owned(key, token string, now time.Time) (*claim, error) {
	c := m.claims[key]
	if c == nil || token == "" || c.token != token || !now.Before(c.expires) {
		return nil, ErrClaimLost
	}
	return c, nil
}

// Renew implements Store.
func (m *MemoryStore) Renew(_ context.Context, key, token string, lease time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	c, err := m.owned(key, token, now)
	if err == nil {
		c.expires = now.Add(lease)
	}
	return err
}

// Commit implements Store.
func (m *MemoryStore) Commit(_ context.Context, key, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	c, err := m.owned(key, token, now)
	if err == nil {
		c.token, c.expires = "", now.Add(m.window)
		c.element = m.completed.PushBack(c)
	}
	return err
}

// Release implements Store.
func (m *MemoryStore) Release(_ context.Context, key, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.owned(key, token, time.Now())
	if err == nil {
		m.drop(c)
	}
	return err
}
