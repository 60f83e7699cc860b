package keldair_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections for ever. The store completes one data once within 72
// hours, which outlasts KeldairHR's retries.
func Example() {
	k, err := keldair.NewHandler(os.Getenv("KELDAIR_SECRET"), &event.Options{Store: event.NewMemoryStore(nil)})
	if err != nil {
		log.Fatal(err)
	}
	k.OnNewHireFileCompleted(func(ctx context.Context, f *keldair.NewHireFile) error {
		return createEmployee(ctx, f)
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/keldair", k) // the very path: a redirect is a failure
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

func ExampleHandler_OnNewHireFileCompleted() {
	k, err := keldair.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnNewHireFileCompleted(func(_ context.Context, f *keldair.NewHireFile) error {
		fmt.Println("new hire file", f.ID, "hired on", f.HiredDate.Format(time.DateOnly))
		return nil
	})
	deliver(k, exampleSecret, keldairtest.Vendor.Body(keldair.TypeNewHireFileCompleted))
	// Output:
	// new hire file 481516 hired on 2022-02-14
	// 200 OK
}

// One endpoint may serve test and live API keys, with a secret for each. The
// callback must look at which one matched, or test data hires people.
func Example_testAndLive() {
	const live = 0 // the index in what Secrets returns
	k, err := keldair.NewHandler("", &event.Options{
		Secrets: func(context.Context, string) ([]string, error) {
			return []string{"the live secret", "the test secret"}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	k.OnNewHireFileCompleted(func(ctx context.Context, f *keldair.NewHireFile) error {
		d, _ := event.FromContext(ctx)
		if d.SecretIndex != live {
			fmt.Println("test data")
			return event.Ignore(errors.New("test data"))
		}
		fmt.Println("hired", f.ID)
		return nil
	})
	body := keldairtest.Vendor.Body(keldair.TypeNewHireFileCompleted)
	deliver(k, "the live secret", body)
	deliver(k, "the test secret", body)
	// Output:
	// hired 481516
	// 200 OK
	// test data
	// 200 OK
}

// KeldairHR arranges signatures on request. Without them anyone can send anything:
// let only KeldairHR's addresses reach the handler.
func ExampleNew_unsigned() {
	p := keldair.Provider()
	p.InsecureAllowUnsigned = true
	k, err := keldair.New(p, rand.Text(), nil) // nobody has the secret
	if err != nil {
		log.Fatal(err)
	}
	k.OnNewHireFileCompleted(func(ctx context.Context, f *keldair.NewHireFile) error {
		d, _ := event.FromContext(ctx)
		fmt.Println("new hire file", f.ID, "in version", keldair.Version(d))
		return nil
	})
	resp := k.Handle(context.Background(), &event.Request{Body: keldairtest.Vendor.Body(keldair.TypeNewHireFileCompleted)})
	fmt.Println(resp.Status)
	// Output:
	// new hire file 481516 in version 2022-02-23
	// 200
}

const exampleSecret = "a secret for examples"

// deliver signs a body as KeldairHR would, sends it to h, and prints the response.
func deliver(h http.Handler, secret string, body []byte) {
	k, err := keldair.NewHandler(secret, nil)
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/keldair", bytes.NewReader(body))
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

func createEmployee(context.Context, *keldair.NewHireFile) error { return nil }
