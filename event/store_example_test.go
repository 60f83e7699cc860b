package event_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// KeyValueStore is an event.Store in a database with an atomic compare-and-swap,
// such as Redis with a script or DynamoDB with conditional writes. The value of a
// key is the token of its claim, after completedBy if that was committed.
type KeyValueStore struct {
	db     *keyValueDB
	window time.Duration // for which completed deliveries are remembered
}

const completedBy = "completed by "

func (s *KeyValueStore) Claim(ctx context.Context, key string, lease time.Duration) (string, error) {
	token := rand.Text()
	found, err := s.db.swap(ctx, key, "", token, lease)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(found, completedBy):
		return "", event.ErrDuplicate
	case found != "":
		return "", event.ErrInFlight
	}
	return token, nil
}

func (s *KeyValueStore) Renew(ctx context.Context, key, token string, lease time.Duration) error {
	return s.replace(ctx, key, token, token, lease)
}

func (s *KeyValueStore) Commit(ctx context.Context, key, token string) error {
	return s.replace(ctx, key, token, completedBy+token, s.window)
}

func (s *KeyValueStore) Release(ctx context.Context, key, token string) error {
	return s.replace(ctx, key, token, "", 0)
}

// replace replaces the value of a key if the claim is still token's.
func (s *KeyValueStore) replace(ctx context.Context, key, token, value string, ttl time.Duration) error {
	if token == "" {
		return event.ErrClaimLost
	}
	found, err := s.db.swap(ctx, key, token, value, ttl)
	switch {
	case err != nil:
		return err
	case found == "" || found != token && found != value: // it is value if Complete was called
		return event.ErrClaimLost
	}
	return nil
}

// Complete commits the claim of the callback that is running. In a database with
// transactions, it would do so in the transaction of what the callback writes. The
// handler's own Commit follows, and must succeed too.
func (s *KeyValueStore) Complete(ctx context.Context) error {
	d, _ := event.FromContext(ctx)
	token, ok := event.ClaimToken(ctx)
	if !ok {
		return errors.New("Complete was called outside of a callback, or its handler has no Store")
	}
	return s.Commit(ctx, d.Key(), token)
}

// keyValueDB stands in for the database.
type keyValueDB struct {
	mu      sync.Mutex
	values  map[string]string
	expires map[string]time.Time
}

// swap sets the value of key if it is old, and returns the value that it found; ""
// means none.
func (db *keyValueDB) swap(_ context.Context, key, old, value string, ttl time.Duration) (found string, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if time.Now().Before(db.expires[key]) {
		found = db.values[key]
	}
	if found == old {
		db.values[key], db.expires[key] = value, time.Now().Add(ttl)
	}
	return found, nil
}

func newKeyValueStore(window time.Duration) *KeyValueStore {
	return &KeyValueStore{&keyValueDB{values: map[string]string{}, expires: map[string]time.Time{}}, window}
}

// A Store in a database that this module does not cover. The suite eventtest.Store
// tests such a store; package event/sqlstore has one for Postgres, MySQL and SQLite.
func ExampleStore() {
	acme := event.Provider{
		Name:     "acme",
		Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
	}
	store := newKeyValueStore(72 * time.Hour)
	h, err := event.NewHandler(acme, "a secret", &event.Options{
		Store:          store,
		StorageTimeout: 2 * time.Second,
		Observe:        func(_ context.Context, r event.Result) { fmt.Println(r.ID, r.Status, r.Kind) },
		Logger:         slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	type Hired struct {
		Candidate event.ID `json:"candidate"`
	}
	event.On(h, "hired", func(ctx context.Context, e *Hired) error {
		if e.Candidate == "0" {
			return errors.New("no such candidate")
		}
		return store.Complete(ctx) // in the transaction that stores the candidate
	})

	for _, body := range []string{
		`{"type":"hired","id":"ev-1","data":{"candidate":17}}`,
		`{"type":"hired","id":"ev-1","data":{"candidate":17}}`,
		`{"type":"hired","id":"ev-2","data":{"candidate":0}}`,
		`{"type":"hired","id":"ev-2","data":{"candidate":0}}`,
	} {
		r := &event.Request{Body: []byte(body)}
		if err := h.Sign(context.Background(), r); err != nil {
			panic(err)
		}
		h.Handle(context.Background(), r)
	}
	// Output:
	// ev-1 200 handled
	// ev-1 200 duplicate
	// ev-2 500 failed
	// ev-2 500 failed
}
