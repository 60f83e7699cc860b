package eventtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
)

// StoreSetup is one store, for one test of [Store]. No two tests use the same keys,
// so that they may share a database.
type StoreSetup struct {
	Open func() event.Store    // opens the store as another process would, with a connection of its own
	Wait func(d time.Duration) // lets d pass by the store's clock; nil means time.Sleep
}

// Store tests that a store does what [event.Store] says: claims are atomic, lapse
// with their leases and belong to their tokens, and what was completed stays so for
// the window. setup makes a store that remembers completed deliveries for window.
// Leases and windows that end within a test last a few hundred milliseconds. If
// StoreSetup.Wait is nil, the tests run in parallel.
func Store(t *testing.T, setup func(t testing.TB, window time.Duration) StoreSetup) {
	t.Helper()
	testStore(onTest{t}, setup)
}

// Leases and windows: one that a test waits for, and one that outlasts any test.
const (
	short = 300 * time.Millisecond
	long  = 24 * time.Hour
)

func testStore(t tester, setup func(t testing.TB, window time.Duration) StoreSetup) {
	for _, test := range []struct {
		name   string
		window time.Duration
		run    func(*storeTest)
	}{
		{"a key is claimed once", long, (*storeTest).claimedOnce},
		{"a claim that was released can be taken", long, (*storeTest).released},
		{"what was completed is a duplicate", long, (*storeTest).completed},
		{"what was completed is forgotten after the window", short, (*storeTest).forgotten},
		{"a claim whose owner died can be taken", long, (*storeTest).taken},
		{"a claim that has lapsed is lost before another takes it", long, (*storeTest).lapsed},
		{"a claim is renewed from now on", long, (*storeTest).renewed},
		{"one of many concurrent claims wins", long, (*storeTest).oneWins},
	} {
		t.Run(test.name, func(t tester) {
			s := &storeTest{tester: t, setup: setup(t, test.window), id: rand.Text()}
			s.a, s.b = s.setup.Open(), s.setup.Open()
			if s.setup.Wait == nil {
				s.setup.Wait = time.Sleep
				t.Parallel()
			}
			test.run(s)
		})
	}
}

// storeTest is one test of a store.
type storeTest struct {
	tester
	setup StoreSetup
	a, b  event.Store // as two processes have it
	id    string      // of the test's own keys
}

// key is a key of this test, as [event.Delivery.Key] makes them.
func (s *storeTest) key(name string) string { return testKey(s.id + name) }

// outlast waits until a short lease or window has ended, whatever the store
// rounds it to.
func (s *storeTest) outlast() { s.setup.Wait(short + short/4) }

// claim takes a key that must be free.
func (s *storeTest) claim(store event.Store, key string, lease time.Duration) (token string) {
	s.Helper()
	token, err := store.Claim(s.Context(), key, lease)
	if err != nil {
		s.Fatalf("Claim of a key that is free: %v", err)
	}
	if len(token) < 16 {
		s.Errorf("the token %q can be guessed: make it of at least 16 random characters", token)
	}
	return token
}

// cannotClaim claims a key in both processes and wants an error.
func (s *storeTest) cannotClaim(when, key string, want error) {
	s.Helper()
	for _, store := range []event.Store{s.a, s.b} {
		if token, err := store.Claim(s.Context(), key, long); !errors.Is(err, want) || token != "" {
			s.Errorf("Claim of a key %s returned %q, %v; want no token and an error that wraps %q", when, token, err, want)
		}
	}
}

// lost checks that a token is good for nothing.
func (s *storeTest) lost(when, key, token string) {
	s.Helper()
	s.spent(when, key, token)
	for _, store := range []event.Store{s.a, s.b} {
		if err := store.Commit(s.Context(), key, token); !errors.Is(err, event.ErrClaimLost) {
			s.Errorf("Commit %s returned %v, want an error that wraps ErrClaimLost", when, err)
		}
	}
}

// spent checks that a token is good for nothing, except that it may commit again
// what it has committed.
func (s *storeTest) spent(when, key, token string) {
	s.Helper()
	for _, store := range []event.Store{s.a, s.b} {
		for step, err := range map[string]error{"Renew": store.Renew(s.Context(), key, token, long), "Release": store.Release(s.Context(), key, token)} {
			if !errors.Is(err, event.ErrClaimLost) {
				s.Errorf("%s %s returned %v, want an error that wraps ErrClaimLost", step, when, err)
			}
		}
	}
}

// must fails the test if a step that is right fails.
func (s *storeTest) must(step string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s by the claim's owner: %v", step, err)
	}
}

func (s *storeTest) claimedOnce() {
	k := s.key("k")
	token := s.claim(s.a, k, long)
	s.cannotClaim("that is being handled", k, event.ErrInFlight)
	if other := s.claim(s.b, s.key("l"), long); other == token {
		s.Errorf("two claims have the same token")
	}
	s.lost("without a token", k, "")
	s.lost("with the token of another key", s.key("l"), token)
	s.lost("of a key that was never claimed", s.key("m"), token)
	s.cannotClaim("that is being handled", k, event.ErrInFlight)
}

func (s *storeTest) released() {
	k := s.key("k")
	first := s.claim(s.a, k, long)
	s.must("Release", s.b.Release(s.Context(), k, first))
	s.lost("after Release", k, first)
	if second := s.claim(s.b, k, long); second == first {
		s.Errorf("a key that is claimed again has the token that it had")
	}
	s.lost("with the token of the claim before", k, first)
	s.cannotClaim("that is being handled again", k, event.ErrInFlight)
}

func (s *storeTest) completed() {
	k := s.key("k")
	token := s.claim(s.a, k, long)
	s.must("Commit", s.b.Commit(s.Context(), k, token))
	s.cannotClaim("that was completed", k, event.ErrDuplicate)
	s.spent("of a key that was completed", k, token)
	s.lost("of a key that was completed, without a token", k, "")
	s.cannotClaim("that was completed, whatever was tried since", k, event.ErrDuplicate)
	s.claim(s.a, s.key("l"), long)

	// The window begins with Commit, however short the lease was.
	k = s.key("short lease")
	token = s.claim(s.a, k, short)
	if err := s.a.Commit(s.Context(), k, token); err == nil { // it may be late on a slow machine
		s.outlast()
		s.cannotClaim("that was completed, after its lease", k, event.ErrDuplicate)
	}
}

func (s *storeTest) forgotten() {
	k := s.key("k")
	s.must("Commit", s.a.Commit(s.Context(), k, s.claim(s.a, k, long)))
	s.outlast()
	token := s.claim(s.b, k, long)
	s.cannotClaim("that is being handled", k, event.ErrInFlight)
	s.must("Commit", s.a.Commit(s.Context(), k, token))
}

func (s *storeTest) taken() {
	k := s.key("k")
	dead := s.claim(s.a, k, short)
	s.outlast()
	heir := s.claim(s.b, k, long)
	if heir == dead {
		s.Errorf("the new owner has the token of the one that died")
	}
	s.lost("by an owner whose claim another has taken", k, dead)
	s.cannotClaim("that another has taken", k, event.ErrInFlight)
	s.must("Commit", s.b.Commit(s.Context(), k, heir))
	s.lost("by an owner whose claim another has completed", k, dead)
	s.cannotClaim("that was completed", k, event.ErrDuplicate)
}

func (s *storeTest) lapsed() {
	steps := map[string]func(k, token string) error{
		"Renew":   func(k, token string) error { return s.a.Renew(s.Context(), k, token, long) },
		"Commit":  func(k, token string) error { return s.a.Commit(s.Context(), k, token) },
		"Release": func(k, token string) error { return s.a.Release(s.Context(), k, token) },
	}
	tokens := map[string]string{}
	for step := range steps {
		tokens[step] = s.claim(s.a, s.key(step), short)
	}
	s.outlast()
	for step, do := range steps {
		if err := do(s.key(step), tokens[step]); !errors.Is(err, event.ErrClaimLost) {
			s.Errorf("%s after the lease returned %v, want an error that wraps ErrClaimLost", step, err)
		}
		s.claim(s.b, s.key(step), long)
	}
}

func (s *storeTest) renewed() {
	shorter, longer := s.key("shorter"), ""
	s.must("Renew", s.b.Renew(s.Context(), shorter, s.claim(s.a, shorter, long), short))
	var token string
	for i := range 10 {
		longer = s.key(fmt.Sprint("longer ", i))
		began := time.Now()
		token = s.claim(s.a, longer, short)
		err := s.b.Renew(s.Context(), longer, token, long)
		if err == nil {
			break
		}
		if time.Since(began) < short || i == 9 { // otherwise the machine is busy, and it came too late
			s.must("Renew", err)
		}
	}
	s.outlast()
	s.claim(s.b, shorter, long)
	s.cannotClaim("whose claim was renewed", longer, event.ErrInFlight)
	s.must("Commit", s.a.Commit(s.Context(), longer, token))
}

// oneWins lets several processes claim the same keys: new ones, and ones whose
// owner has died.
func (s *storeTest) oneWins() {
	const keys, processes = 10, 6
	stores := []event.Store{s.a, s.b}
	for len(stores) < processes {
		stores = append(stores, s.setup.Open())
	}
	for i := range keys {
		s.claim(s.a, s.key(fmt.Sprint("whose owner died ", i)), short)
	}
	s.outlast()
	for _, when := range []string{"that is new", "whose owner died"} {
		for i := range keys {
			key := s.key(fmt.Sprint(when, " ", i))
			var won, inFlight atomic.Int64
			var all sync.WaitGroup
			start := make(chan struct{})
			for _, store := range stores {
				all.Go(func() {
					<-start
					switch _, err := store.Claim(s.Context(), key, long); {
					case err == nil:
						won.Add(1)
					case errors.Is(err, event.ErrInFlight):
						inFlight.Add(1)
					default:
						s.Errorf("Claim of a key %s: %v", when, err)
					}
				})
			}
			close(start)
			all.Wait()
			if won.Load() != 1 || inFlight.Load() != processes-1 {
				s.Errorf("of %d claims at once of a key %s, %d won and %d were told that it is in flight; want 1 and %d",
					processes, when, won.Load(), inFlight.Load(), processes-1)
			}
			s.cannotClaim("that one of many has claimed", key, event.ErrInFlight)
		}
	}
}
