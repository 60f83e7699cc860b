// The program receiver is the smallest receiver that is fit to run in front of
// strangers.
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
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		log.Printf("%s: %d models changed", e.IntegrationID, len(e.ChangedModels))
		return nil
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", k)
	server := &http.Server{
		Addr:              ":8080",
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}
