package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

const secret = "a secret for tests only"

func TestChangedDataIsRefetched(t *testing.T) {
	var refetched string
	hooks, err := newHooks(secret, func(_ context.Context, integration string) error {
		refetched = integration
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e := kombotest.DataChanged()
	e.IntegrationID = "personio:1"
	w := httptest.NewRecorder()
	hooks.ServeHTTP(w, kombotest.NewRequest(t, secret, e, eventtest.To("/hooks/kombo")))
	if w.Code != http.StatusOK || refetched != "personio:1" {
		t.Errorf("responded %d after refetching %q", w.Code, refetched)
	}
}
