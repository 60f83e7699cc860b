package drivers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
)

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

// TestOddKeys: what is no Delivery.Key is not stored, and not quoted.
func TestOddKeys(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := newStore(t, db, d.Dialect)
		for _, k := range []string{"", "jane.roe@example.com", strings.ToUpper(key("k")), key("k")[1:], key("k") + "0", key("k")[1:] + "g"} {
			if token, err := s.Claim(t.Context(), k, time.Minute); err == nil || k != "" && strings.Contains(err.Error(), k) {
				t.Errorf("claiming %q: %q, %v", k, token, err)
			}
		}
		if n := count(t, db, "webhook_claims"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// TestDefaultWindow outlasts the vendors' retries.
func TestDefaultWindow(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		s, k := newStore(t, d.open(t), d.Dialect), key("k")
		if err := s.Commit(t.Context(), k, claim(t, s, k, nil)); err != nil {
			t.Fatal(err)
		}
		d.pass(t, 72*time.Hour-time.Minute)
		claim(t, s, k, event.ErrDuplicate)
		d.pass(t, 2*time.Minute)
		claim(t, s, k, nil)
	})
}
