package kit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections for ever.
func Example() {
	k, err := kit.NewHandler(os.Getenv("KIT_SECRET"), nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnApplicationSubmitted(func(ctx context.Context, a *kit.Application) error {
		return thank(ctx, a.Candidate.Email, a.JobPosting.Title)
	})
	k.OnOfferCandidateAccepted(func(ctx context.Context, o *kit.Offer) error {
		if o.Candidate.ID == "" {
			return event.Permanent(errors.New("an offer without its candidate"))
		}
		return onboard(ctx, o.Candidate.ID)
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kit", k)
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

func ExampleHandler_OnApplicationAdvanced() {
	k, err := kit.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnApplicationAdvanced(func(_ context.Context, a *kit.Application) error {
		fmt.Printf("application %s for %s is in stage %s\n", a.ID, a.JobPosting.Title, a.CurrentStage)
		return nil
	})
	deliver(k, exampleSecret, kittest.Vendor.Body(kit.TypeApplicationAdvanced))
	// Output:
	// application 42 for Senior Engineer is in stage Technical Interview
	// 200 OK
}

// Kit makes the new secret and invalidates the old one at the same moment, so the
// new one cannot be deployed before. Secrets is asked at each delivery: put the new
// secret where it looks, and restart nothing. What arrives in between is rejected,
// and Kit sends it again.
func Example_rotateSecret() {
	var secrets atomic.Pointer[[]string] // filled from a file or a secret manager
	secrets.Store(&[]string{"the old secret"})
	k, err := kit.NewHandler("", &event.Options{
		Secrets: func(context.Context, string) ([]string, error) { return *secrets.Load(), nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	body := kittest.Vendor.Body(kit.TypeTestPing)

	fmt.Println("before")
	deliver(k, "the old secret", body)
	fmt.Println("in the gap")
	deliver(k, "the new secret", body)
	secrets.Store(&[]string{"the new secret", "the old secret"})
	fmt.Println("once it is known here")
	deliver(k, "the new secret", body)
	deliver(k, "the old secret", body) // sent before the rotation, arriving after it
	// Output:
	// before
	// 200 OK
	// in the gap
	// Unauthorized
	// 401 Unauthorized
	// once it is known here
	// 200 OK
	// 200 OK
}

// Members that this package does not model are in the raw payload.
func Example_rawPayload() {
	k, err := kit.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnOfferRevised(func(ctx context.Context, o *kit.Offer) error {
		d, _ := event.FromContext(ctx)
		var terms struct {
			Version int `json:"version"`
		}
		if err := json.Unmarshal(d.Payload, &terms); err != nil {
			return event.Permanent(err)
		}
		fmt.Printf("offer %s, version %d\n", o.ID, terms.Version)
		return nil
	})
	deliver(k, exampleSecret, []byte(`{"event":"offer.revised","created_at":"2025-01-29T10:24:00Z","data":{"id":51,"version":2}}`))
	// Output:
	// offer 51, version 2
	// 200 OK
}

const exampleSecret = "a secret for examples"

// deliver signs a body as Kit would, sends it to h, and prints the response.
func deliver(h http.Handler, secret string, body []byte) {
	k, err := kit.NewHandler(secret, nil)
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/kit", bytes.NewReader(body))
	if err := k.Sign(r.Context(), &event.Request{Header: r.Header, Body: body}); err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Body.Len() > 0 {
		fmt.Println(w.Body)
	}
	fmt.Println(w.Code, http.StatusText(w.Code))
}

func thank(context.Context, string, string) error { return nil }

func onboard(context.Context, event.ID) error { return nil }
