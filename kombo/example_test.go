package kombo_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections for ever.
func Example() {
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		return refetch(ctx, e.IntegrationID, e.ChangedModels)
	})
	k.OnIntegrationStateChanged(func(ctx context.Context, e *kombo.IntegrationStateChanged) error {
		if e.State != kombo.IntegrationStateInvalid {
			return nil
		}
		return askToReconnect(ctx, e.IntegrationID)
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

func ExampleHandler_OnDataChanged() {
	k, err := kombo.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(_ context.Context, e *kombo.DataChanged) error {
		for _, m := range e.ChangedModels {
			fmt.Println(e.IntegrationTool, m.Name)
		}
		return nil
	})
	deliver(k, kombotest.Vendor.Body(kombo.TypeDataChanged))
	// Output:
	// greenhouse ats_candidates
	// greenhouse ats_applications
	// greenhouse ats_join_candidates_tags
	// 200 OK
}

// With a Store a delivery that was completed is acknowledged and its callback
// not called again. Kombo's event ids are unique together with the type.
func Example_deduplicate() {
	k, err := kombo.NewHandler(exampleSecret, &event.Options{Store: event.NewMemoryStore(nil)})
	if err != nil {
		log.Fatal(err)
	}
	k.OnIntegrationCreated(func(_ context.Context, e *kombo.IntegrationCreated) error {
		fmt.Println("created", e.EndUser.OrganizationName)
		return nil
	})
	deliver(k, kombotest.Vendor.Body(kombo.TypeIntegrationCreated))
	deliver(k, kombotest.Vendor.Body(kombo.TypeIntegrationCreated))
	// Output:
	// created Example Logistics Inc.
	// 200 OK
	// 200 OK
}

// Kombo adds event types. One that this package does not model is received
// with a type of one's own; OnOther gets those that nobody knows.
func Example_newType() {
	type issue struct {
		Change string `json:"change"`
	}
	k, err := kombo.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	event.On(k.Handler, "issue-status-changed", func(_ context.Context, e *issue) error {
		fmt.Println("issue", e.Change)
		return nil
	})
	k.OnOther(func(_ context.Context, d *event.Delivery) error {
		fmt.Println("not handled:", d.Type)
		return nil
	})
	deliver(k, []byte(`{"id":"1","type":"issue-status-changed","data":{"change":"raised"}}`))
	deliver(k, []byte(`{"id":"2","type":"ai-apply-data-changed","data":{}}`))
	// Output:
	// issue raised
	// 200 OK
	// not handled: ai-apply-data-changed
	// 200 OK
}

// Kombo waits for the answer to an inline assessment order: it has the link
// that the candidate follows.
func Example_inlineAssessment() {
	k, err := kombo.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	event.OnReply(k.Handler, kombo.TypeInlineAssessmentOrderReceived,
		func(_ context.Context, o *kombo.AssessmentOrder) (*kombo.InlineAssessment, error) {
			return &kombo.InlineAssessment{AssessmentURL: "https://assess.example.com/start/" + o.ID}, nil
		})
	deliver(k, kombotest.Vendor.Body(kombo.TypeInlineAssessmentOrderReceived))
	// Output:
	// {"assessment_url":"https://assess.example.com/start/H5pWk7TnVx2RmLz9BcYd4QsG"}
	// 200 OK
}

const exampleSecret = "a secret for examples"

// deliver signs a body as Kombo would, sends it to h, and prints the answer.
func deliver(h http.Handler, body []byte) {
	k, err := kombo.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/kombo", bytes.NewReader(body))
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

func refetch(context.Context, string, []kombo.ChangedModel) error { return nil }

func askToReconnect(context.Context, string) error { return nil }
