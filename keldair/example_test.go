package keldair_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections open. The store completes one data once within 72 hours,
// which outlasts KeldairHR's retries.
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

func createEmployee(context.Context, *keldair.NewHireFile) error { return nil }

// KeldairHR arranges signatures on request. Without them anyone can send anything:
// let only KeldairHR's addresses reach the handler.
func ExampleNew() {
	p := keldair.Provider()
	p.InsecureAllowUnsigned = true
	k := must(keldair.New(p, rand.Text(), nil)) // nobody has the secret
	k.OnNewHireFileCompleted(func(ctx context.Context, f *keldair.NewHireFile) error {
		d, _ := event.FromContext(ctx)
		fmt.Println("new hire file", f.ID, "in version", keldair.Version(d))
		return nil
	})

	r := keldairtest.NewRequest(t, exampleSecret, keldair.TypeNewHireFileCompleted)
	r.Header.Del("X-KeldairHR-Auth")
	deliver(k, r)
	// Output:
	// new hire file 481516 in version 2022-02-23
	// 200 OK
}

// One endpoint may serve test and live API keys, with a secret for each. The
// callback must look at which one matched, or test data hires people.
func ExampleNewHandler_testAndLive() {
	const live = 0 // the index in what Secrets returns
	k := must(keldair.NewHandler("", &event.Options{
		Secrets: func(context.Context, string) ([]string, error) {
			return []string{"the live secret", "the test secret"}, nil
		},
	}))
	k.OnNewHireFileCompleted(func(ctx context.Context, f *keldair.NewHireFile) error {
		d, _ := event.FromContext(ctx)
		if d.SecretIndex != live {
			fmt.Println("test data")
			return event.Ignore(errors.New("test data"))
		}
		fmt.Println("hired", f.ID)
		return nil
	})

	deliver(k, keldairtest.NewRequest(t, "the live secret", keldair.TypeNewHireFileCompleted))
	deliver(k, keldairtest.NewRequest(t, "the test secret", keldair.TypeNewHireFileCompleted))
	// Output:
	// hired 481516
	// 200 OK
	// test data
	// 200 OK
}

// What an HR system takes over. The callback may be called twice: the second
// time it finds the employee.
func ExampleHandler_OnNewHireFileCompleted() {
	k := must(keldair.NewHandler(exampleSecret, nil))
	employees := make(map[event.ID]string) // a table with a unique column, in real life
	k.OnNewHireFileCompleted(func(_ context.Context, f *keldair.NewHireFile) error {
		if _, ok := employees[f.ID]; ok {
			return nil
		}
		employees[f.ID] = f.FullName()
		fmt.Println(f.FullName(), "was hired for", f.ExternalOpeningID, "on", f.HiredDate)
		return nil
	})

	deliver(k, keldairtest.NewRequest(t, exampleSecret, keldair.TypeNewHireFileCompleted))
	deliver(k, keldairtest.NewRequest(t, exampleSecret, keldair.TypeNewHireFileCompleted))
	// Output:
	// Oswin Marrowby was hired for REQ-1042 on 2022-02-14
	// 200 OK
	// 200 OK
}

const exampleSecret = "a secret for examples"

// t stands for the argument of a test.
var t = new(testing.T)

func must(k *keldair.Handler, err error) *keldair.Handler {
	if err != nil {
		log.Fatal(err)
	}
	return k
}

// deliver sends a request to h and prints the response.
func deliver(h http.Handler, r *http.Request) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, cmp.Or(w.Body.String(), http.StatusText(w.Code)))
}
