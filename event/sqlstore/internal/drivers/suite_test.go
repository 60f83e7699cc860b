package drivers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
)

// shared is a store that several processes share.
type shared struct {
	open func(t *testing.T) event.Store // as another process does
	pass func(t *testing.T, d time.Duration)
}

// testStore runs what any event.Store must do. newShared returns an empty one
// that remembers what was completed for 72 hours.
func testStore(t *testing.T, newShared func(*testing.T) *shared) {
	for name, test := range map[string]func(*testing.T, *shared){
		"leases":               testLeases,
		"lapsed claims":        testLapsed,
		"one of many wins":     testOneWins,
		"odd keys are refused": testOddKeys,
	} {
		t.Run(name, func(t *testing.T) { test(t, newShared(t)) })
	}
}

// key is as Delivery.Key makes them.
func key(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// claim claims a key, and wants an error, or nil.
func claim(t *testing.T, s event.Store, key string, want error) string {
	t.Helper()
	token, err := s.Claim(t.Context(), key, time.Minute)
	if !errors.Is(err, want) || (want == nil) != (err == nil) || (token != "") != (err == nil) {
		t.Fatalf("Claim: %q, %v; want %v", token, err, want)
	}
	return token
}

// closed is an error of a claim that is not held any more.
func wantLost(t *testing.T, s event.Store, when, key, token string) {
	t.Helper()
	for step, err := range map[string]error{
		"Renew":   s.Renew(t.Context(), key, token, time.Hour),
		"Commit":  s.Commit(t.Context(), key, token),
		"Release": s.Release(t.Context(), key, token),
	} {
		if !errors.Is(err, event.ErrClaimLost) {
			t.Errorf("%s, %s: %v, want ErrClaimLost", when, step, err)
		}
	}
}

// testLeases: the life of a key that two processes get in turn.
func testLeases(t *testing.T, s *shared) {
	ctx, a, b, k := t.Context(), s.open(t), s.open(t), key("k")
	dead := claim(t, a, k, nil)
	claim(t, a, k, event.ErrInFlight)
	claim(t, b, k, event.ErrInFlight)
	s.pass(t, 30*time.Second)
	claim(t, b, k, event.ErrInFlight)
	s.pass(t, 31*time.Second)
	heir := claim(t, b, k, nil)
	if heir == dead {
		t.Error("the heir has the token of the dead")
	}
	wantLost(t, a, "another has claimed it", k, dead)
	wantLost(t, a, "no token", k, "")
	wantLost(t, a, "another key", key("other"), heir)
	claim(t, a, k, event.ErrInFlight)
	for range 3 { // at once: it may not change anything
		if err := b.Renew(ctx, k, heir, 2*time.Minute); err != nil {
			t.Error(err)
		}
	}
	s.pass(t, 90*time.Second)
	claim(t, a, k, event.ErrInFlight)
	if err := b.Commit(ctx, k, heir); err != nil {
		t.Error(err)
	}
	wantLost(t, a, "it is completed", k, dead)
	for step, err := range map[string]error{"Renew": b.Renew(ctx, k, heir, 100*time.Hour), "Release": b.Release(ctx, k, heir)} {
		if !errors.Is(err, event.ErrClaimLost) {
			t.Errorf("%s of what is completed: %v", step, err)
		}
	}
	claim(t, a, k, event.ErrDuplicate)
	s.pass(t, 72*time.Hour-time.Minute)
	claim(t, a, k, event.ErrDuplicate)
	claim(t, b, k, event.ErrDuplicate)
	s.pass(t, 2*time.Minute)
	wantLost(t, b, "the window has passed", k, heir)
	again := claim(t, a, k, nil)
	if err := a.Release(ctx, k, again); err != nil {
		t.Error(err)
	}
	claim(t, b, k, nil)
}

// testLapsed: a claim is lost when its lease has lapsed, also before another
// takes it.
func testLapsed(t *testing.T, s *shared) {
	ctx, a, b := t.Context(), s.open(t), s.open(t)
	for name, step := range map[string]func(k, token string) error{
		"Renew":   func(k, token string) error { return a.Renew(ctx, k, token, time.Hour) },
		"Commit":  func(k, token string) error { return a.Commit(ctx, k, token) },
		"Release": func(k, token string) error { return a.Release(ctx, k, token) },
	} {
		token := claim(t, a, key(name), nil)
		s.pass(t, 61*time.Second)
		if err := step(key(name), token); !errors.Is(err, event.ErrClaimLost) {
			t.Errorf("%s: %v", name, err)
		}
		heir := claim(t, b, key(name), nil)
		if err := b.Release(ctx, key(name), heir); err != nil {
			t.Error(err)
		}
	}
}

// testOneWins of many who claim at once: a new key, one whose owner died, and
// none when it is completed.
func testOneWins(t *testing.T, s *shared) {
	stores := make([]event.Store, 6)
	for i := range stores {
		stores[i] = s.open(t)
	}
	race := func(k string) (winners []string, rest map[error]int) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		start := make(chan struct{})
		rest = make(map[error]int)
		for _, store := range stores {
			wg.Go(func() {
				<-start
				token, err := store.Claim(t.Context(), k, time.Minute)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					winners = append(winners, token)
				case errors.Is(err, event.ErrInFlight):
					rest[event.ErrInFlight]++
				case errors.Is(err, event.ErrDuplicate):
					rest[event.ErrDuplicate]++
				default:
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		return winners, rest
	}
	for i := range 10 {
		k := key(fmt.Sprint(i))
		for _, when := range []string{"new", "lapsed"} {
			winners, rest := race(k)
			if len(winners) != 1 || rest[event.ErrInFlight] != len(stores)-1 {
				t.Fatalf("%s: %d winners; %v", when, len(winners), rest)
			}
			if when == "new" {
				s.pass(t, 61*time.Second)
			} else if err := stores[i%len(stores)].Commit(t.Context(), k, winners[0]); err != nil {
				t.Fatal(err)
			}
		}
		if winners, rest := race(k); len(winners) > 0 || rest[event.ErrDuplicate] != len(stores) {
			t.Fatalf("completed: %d winners; %v", len(winners), rest)
		}
	}
}

// testOddKeys: what is no Delivery.Key is not stored, and not quoted.
func testOddKeys(t *testing.T, s *shared) {
	a := s.open(t)
	for _, k := range []string{"", "jane.roe@example.com", strings.ToUpper(key("k")), key("k")[1:], key("k") + "0", key("k")[1:] + "g"} {
		if token, err := a.Claim(t.Context(), k, time.Minute); err == nil || k != "" && strings.Contains(err.Error(), k) {
			t.Errorf("claiming %q: %q, %v", k, token, err)
		}
	}
}
