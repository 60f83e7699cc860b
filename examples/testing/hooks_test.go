package hooks

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

const secret = "a secret for tests only"

func TestFailedRefetchIsSentAgain(t *testing.T) {
	e := kombotest.DataChanged()
	e.IntegrationID = "personio:unknown"
	w := httptest.NewRecorder()
	newHooks(t).ServeHTTP(w, kombotest.NewRequest(t, secret, e, eventtest.To("/hooks/kombo")))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("answered %d, so Kombo would not send it again", w.Code)
	}
}

func newHooks(t *testing.T) http.Handler {
	h, err := New(secret, known{"greenhouse:9kWmXr4TtBz7QpLd2VcNf6Hy": true})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// known refetches the integrations that it has.
type known map[string]bool

func (k known) Refetch(_ context.Context, id string) error {
	if !k[id] {
		return errors.New("no such integration")
	}
	return nil
}

func TestDataOfAKnownIntegrationIsRefetched(t *testing.T) {
	w := httptest.NewRecorder()
	newHooks(t).ServeHTTP(w, kombotest.NewRequest(t, secret, "data-changed", eventtest.To("/hooks/kombo")))
	if w.Code != http.StatusOK {
		t.Errorf("answered %d", w.Code)
	}
}
