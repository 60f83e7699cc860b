// Package hooks is a piece of a service: its receiver for Kombo's webhooks, and
// how the service tests it.
package hooks

import (
	"context"
	"net/http"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
)

// Refetcher is what the service does about changed data.
type Refetcher interface {
	Refetch(ctx context.Context, integrationID string) error
}

// New returns the service's receiver. The secret and what the callback needs
// are arguments, so that a test can bring its own.
func New(secret string, r Refetcher) (http.Handler, error) {
	k, err := kombo.NewHandler(secret, &event.Options{Store: event.NewMemoryStore(nil)})
	if err != nil {
		return nil, err
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		return r.Refetch(ctx, string(e.IntegrationID))
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", k)
	return mux, nil
}
