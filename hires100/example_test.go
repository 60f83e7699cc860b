package hires100_test

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
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/signature"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections for ever.
func Example() {
	h, err := hires100.NewHandler(os.Getenv("HIRES100_SECRET"), nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
		if e.Candidate.ID == "" {
			return errors.New("the candidate was not found: look at a captured delivery")
		}
		return onboard(ctx, e.Candidate.ID, e.Job.ID)
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/hires100", h)
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

func ExampleHandler_OnCandidateHired() {
	h, err := hires100.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnCandidateHired(func(_ context.Context, e *hires100.Event) error {
		fmt.Println("candidate", e.Candidate.ID, "as", e.Job.Title, "on", e.Application.HiredAt.Format(time.DateOnly))
		return nil
	})
	deliver(h, hires100test.Vendor.Body(hires100.TypeCandidateHired))
	// Output:
	// candidate 48213 as Backend Engineer on 2026-06-21
	// 200 OK
}

// A captured delivery shows what 100Hires really sends: here base64 after "v2=",
// and names that are not the ones assumed.
func ExampleProvider() {
	p := hires100.Provider()
	p.Scheme.Prefix, p.Scheme.OtherPrefixes = "v2=", nil
	p.Scheme.Encoding = signature.Base64
	p.Envelope.ID = []string{"uuid"}
	p.Aliases = map[string]string{"pipeline.progressed": hires100.TypeApplicationStageChanged}
	h, err := hires100.New(p, exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnApplicationStageChanged(func(_ context.Context, e *hires100.Event) error {
		fmt.Println("application", e.Application.ID, "is in stage", e.Application.StageID)
		return nil
	})
	deliver(h, []byte(`{"event":"pipeline.progressed","uuid":"7c1e","data":{"application":{"id":90177,"stage_id":303}}}`))
	// Output:
	// application 90177 is in stage 303
	// 200 OK
}

// 100Hires sends one event for up to RetryWindow. A Store that remembers for
// longer lets its callback run once.
func Example_deduplicate() {
	store := event.NewMemoryStore(&event.MemoryStoreOptions{Window: 2 * hires100.RetryWindow})
	h, err := hires100.NewHandler(exampleSecret, &event.Options{Store: store})
	if err != nil {
		log.Fatal(err)
	}
	h.OnCandidateCreated(func(_ context.Context, e *hires100.Event) error {
		fmt.Println("created", e.Candidate.ID)
		return nil
	})
	deliver(h, hires100test.Vendor.Body(hires100.TypeCandidateCreated))
	deliver(h, hires100test.Vendor.Body(hires100.TypeCandidateCreated))
	// Output:
	// created 48213
	// 200 OK
	// 200 OK
}

// Members that this package does not model are in Extra, of the event or of the
// entity that they belong to.
func Example_unknownMembers() {
	h, err := hires100.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnApplicationStageChanged(func(_ context.Context, e *hires100.Event) error {
		var from struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(e.Extra["previous_stage"], &from); err != nil {
			return event.Permanent(err)
		}
		fmt.Println("application", e.Application.ID, "left", from.Name)
		return nil
	})
	deliver(h, []byte(`{"event":"Application stage change","event_id":"e1","data":{"application":{"id":90177},"previous_stage":{"id":302,"name":"Screening"}}}`))
	// Output:
	// application 90177 left Screening
	// 200 OK
}

const exampleSecret = "a secret for examples"

// deliver signs a body as h expects it, sends it to h, and prints the response.
func deliver(h *hires100.Handler, body []byte) {
	r := httptest.NewRequest(http.MethodPost, "/hooks/hires100", bytes.NewReader(body))
	if err := h.Sign(r.Context(), &event.Request{Header: r.Header, Body: body}); err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Print(w.Body)
	fmt.Println(w.Code, http.StatusText(w.Code))
}

func onboard(context.Context, event.ID, event.ID) error { return nil }
