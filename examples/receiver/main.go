// The program receiver is a small service that is fit to face the internet: it
// receives one event of one provider, and its server has timeouts. Its tests show
// how a service tests its own callbacks, router and log.
//
//	KOMBO_SECRET=… go run ./examples/receiver
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/atshooks/atshooks/kombo"
)

func main() {
	hooks, err := newHooks(os.Getenv("KOMBO_SECRET"), refetch)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr:              ":8080",
		Handler:           hooks,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}

// newHooks takes the secret and what the callback does, so that a test can bring
// its own.
func newHooks(secret string, refetch func(ctx context.Context, integration string) error) (http.Handler, error) {
	k, err := kombo.NewHandler(secret, nil)
	if err != nil {
		return nil, err
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		return refetch(ctx, string(e.IntegrationID))
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", k)
	return mux, nil
}

func refetch(_ context.Context, integration string) error {
	log.Printf("%s has new data", integration)
	return nil
}
