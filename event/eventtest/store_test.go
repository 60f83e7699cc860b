package eventtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/atshooks/atshooks/event"
)

func memoryStore(_ testing.TB, window time.Duration) StoreSetup {
	m := event.NewMemoryStore(&event.MemoryStoreOptions{Window: window})
	return StoreSetup{Open: func() event.Store { return m }}
}

func TestMemoryStore(t *testing.T) { Store(t, memoryStore) }

// faultyStore is a store in memory, right unless a fault is set.
type faultyStore struct {
	fault  string
	window time.Duration
	mu     sync.Mutex
	claims map[string]*faultyClaim
	last   int
}

type faultyClaim struct {
	token   string
	done    bool
	expires time.Time
}

func (s *faultyStore) is(fault string) bool { return s.fault == fault }

func (s *faultyStore) Claim(_ context.Context, key string, lease time.Duration) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.claims[key]
	if c != nil && time.Now().Before(c.expires) {
		switch {
		case c.done && s.is("what is completed is in flight"), !c.done && !s.is("what is in flight is completed") && !s.is("a second claim succeeds"):
			return "", event.ErrInFlight
		case !s.is("a second claim succeeds") || c.done:
			return "", event.ErrDuplicate
		}
	}
	if s.is("looks before it claims") {
		s.mu.Unlock()
		time.Sleep(time.Millisecond)
		s.mu.Lock()
	}
	s.last++
	token := rand.Text()
	switch s.fault {
	case "tokens can be guessed":
		token = fmt.Sprint(s.last)
	case "the token is the key":
		token = key
	case "a lease never lapses":
		lease = long
	}
	s.claims[key] = &faultyClaim{token: token, expires: time.Now().Add(lease)}
	return token, nil
}

// owned is the claim that a step may change.
func (s *faultyStore) owned(step, key, token string) (*faultyClaim, error) {
	c := s.claims[key]
	switch {
	case c == nil && s.is("no error for unknown keys"):
		return new(faultyClaim), nil
	case c == nil:
		return nil, event.ErrClaimLost
	case c.done && !s.is(step+" of what is completed"):
		return nil, event.ErrClaimLost
	case token == "" && s.is("no token will do"):
	case token != c.token && !s.is(step+" with any token"):
		return nil, event.ErrClaimLost
	case !time.Now().Before(c.expires) && !s.is(step+" after the lease"):
		return nil, event.ErrClaimLost
	}
	return c, nil
}

func (s *faultyStore) Renew(_ context.Context, key, token string, lease time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.owned("Renew", key, token)
	if err == nil && !s.is("Renew does nothing") {
		if at := time.Now().Add(lease); !s.is("Renew never shortens") || at.After(c.expires) {
			c.expires = at
		}
	}
	return err
}

func (s *faultyStore) Commit(_ context.Context, key, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.owned("Commit", key, token)
	if err == nil {
		c.done = true
		switch s.fault {
		case "Commit keeps the lease":
		case "the window never ends":
			c.expires = time.Now().Add(long)
		default:
			c.expires = time.Now().Add(s.window)
		}
	}
	return err
}

func (s *faultyStore) Release(_ context.Context, key, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.owned("Release", key, token)
	if err == nil && !s.is("Release does nothing") {
		delete(s.claims, key)
	}
	return err
}

func TestStoreFindsFaults(t *testing.T) {
	for _, test := range []struct {
		fault string
		want  []string // a part of the test's name, and of what it finds; none: it is right
	}{
		{"", nil},
		{"a second claim succeeds", []string{"is claimed once", "that is being handled returned"}},
		{"what is in flight is completed", []string{"is claimed once", event.ErrInFlight.Error()}},
		{"what is completed is in flight", []string{"what was completed is a duplicate", event.ErrDuplicate.Error()}},
		{"tokens can be guessed", []string{"is claimed once", "can be guessed"}},
		{"the token is the key", []string{"that was released", "has the token that it had"}},
		{"no token will do", []string{"is claimed once", "without a token returned <nil>"}},
		{"no error for unknown keys", []string{"is claimed once", "never claimed returned <nil>"}},
		{"looks before it claims", []string{"one of many concurrent claims", "want 1 and 5"}},
		{"a lease never lapses", []string{"whose owner died", "a key that is free: " + event.ErrInFlight.Error()}},
		{"Renew with any token", []string{"whose owner died", "Renew by an owner whose claim another has taken returned <nil>"}},
		{"Commit with any token", []string{"whose owner died", "Commit by an owner whose claim another has taken returned <nil>"}},
		{"Release with any token", []string{"whose owner died", "Release by an owner whose claim another has taken returned <nil>"}},
		{"Renew after the lease", []string{"has lapsed", "Renew after the lease returned <nil>"}},
		{"Commit after the lease", []string{"has lapsed", "Commit after the lease returned <nil>"}},
		{"Release after the lease", []string{"has lapsed", "Release after the lease returned <nil>"}},
		{"Renew of what is completed", []string{"what was completed is a duplicate", "Renew of a key that was completed returned <nil>"}},
		{"Commit of what is completed", nil}, // whoever has committed may do so again
		{"Release of what is completed", []string{"what was completed is a duplicate", "Release of a key that was completed returned <nil>"}},
		{"Renew does nothing", []string{"renewed from now on", event.ErrInFlight.Error()}},
		{"Renew never shortens", []string{"renewed from now on", "a key that is free"}},
		{"Release does nothing", []string{"that was released", "a key that is free"}},
		{"Commit keeps the lease", []string{"what was completed is a duplicate", "after its lease returned"}},
		{"the window never ends", []string{"forgotten after the window", "a key that is free: " + event.ErrDuplicate.Error()}},
	} {
		t.Run(test.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				found := newFindings(t)
				if len(test.want) > 0 {
					found.only = test.want[0]
				}
				testStore(found, func(_ testing.TB, window time.Duration) StoreSetup {
					s := &faultyStore{fault: test.fault, window: window, claims: map[string]*faultyClaim{}}
					return StoreSetup{Open: func() event.Store { return s }}
				})
				found.want(t, test.want...)
			})
		})
	}
}
