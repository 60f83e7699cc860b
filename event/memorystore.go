package event

import (
	"container/list"
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

type memoryStore struct {
	window  time.Duration
	maxKeys int

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

// MemoryStoreOptions are the settings of [NewMemoryStore].
type MemoryStoreOptions struct {
	// Window is how long completed deliveries are remembered; zero means 72
	// hours, which outlasts the retries of all providers that publish theirs.
	Window time.Duration
	// MaxKeys is how many deliveries are remembered at most; zero means 100,000,
	// which takes about 30 MB. Beyond that the oldest completed one is forgotten
	// early. If that many are being handled at once, Claim fails for another.
	MaxKeys int
}

// NewMemoryStore returns a Store in the memory of this process. It forgets
// everything at a restart, and is not shared with other processes; for that, see
// package github.com/atshooks/atshooks/event/sqlstore. opts may be nil.
func NewMemoryStore(opts *MemoryStoreOptions) Store {
	if opts == nil {
		opts = &MemoryStoreOptions{}
	}
	m := &memoryStore{window: 72 * time.Hour, maxKeys: 100_000, claims: make(map[string]*claim)}
	if opts.Window > 0 {
		m.window = opts.Window
	}
	if opts.MaxKeys > 0 {
		m.maxKeys = opts.MaxKeys
	}
	return m
}

var errStoreFull = errors.New("event: the memory store is full of deliveries that are being handled")

func (m *memoryStore) Claim(_ context.Context, key string, lease time.Duration) (token string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.forget(now)
	if c := m.claims[key]; c != nil && now.Before(c.expires) {
		if c.token == "" {
			return "", ErrDuplicate
		}
		return "", ErrInFlight
	}
	if m.claims[key] == nil && len(m.claims) >= m.maxKeys && !m.makeRoom(now) {
		return "", errStoreFull
	}
	c := &claim{key: key, token: rand.Text(), expires: now.Add(lease)}
	m.claims[key] = c
	return c.token, nil
}

// forget drops completed claims whose window has passed.
func (m *memoryStore) forget(now time.Time) {
	for e := m.completed.Front(); e != nil && !now.Before(e.Value.(*claim).expires); e = m.completed.Front() {
		m.drop(e.Value.(*claim))
	}
}

// makeRoom drops the oldest completed claim, or else those whose owner died.
func (m *memoryStore) makeRoom(now time.Time) bool {
	if e := m.completed.Front(); e != nil {
		m.drop(e.Value.(*claim))
		return true
	}
	for _, c := range m.claims {
		if !now.Before(c.expires) {
			m.drop(c)
		}
	}
	return len(m.claims) < m.maxKeys
}

func (m *memoryStore) drop(c *claim) {
	if c.element != nil {
		m.completed.Remove(c.element)
	}
	delete(m.claims, c.key)
}

// owned is the claim of that token, if its lease has not lapsed.
func (m *memoryStore) owned(key, token string, now time.Time) (*claim, error) {
	c := m.claims[key]
	if c == nil || token == "" || c.token != token || !now.Before(c.expires) {
		return nil, ErrClaimLost
	}
	return c, nil
}

func (m *memoryStore) Renew(_ context.Context, key, token string, lease time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	c, err := m.owned(key, token, now)
	if err == nil {
		c.expires = now.Add(lease)
	}
	return err
}

func (m *memoryStore) Commit(_ context.Context, key, token string) error {
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

func (m *memoryStore) Release(_ context.Context, key, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.owned(key, token, time.Now())
	if err == nil {
		m.drop(c)
	}
	return err
}
