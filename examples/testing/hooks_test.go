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
	hooks, err := New(secret, failing{}) // your service's http.Handler
	if err != nil {
		t.Fatal(err)
	}
	e := kombotest.DataChanged()
	e.IntegrationID = "personio:unknown"
	w := httptest.NewRecorder()
	hooks.ServeHTTP(w, kombotest.NewRequest(t, secret, e, eventtest.To("/hooks/kombo")))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", w.Code)
	}
}

type failing struct{}

func (failing) Refetch(context.Context, string) error { return errors.New("no such integration") }
