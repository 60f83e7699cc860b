package kombo_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections open.
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
// with a type of your own; OnOther gets those without a callback.
func Example_newType() {
	type invoice struct {
		Amount int `json:"amount"`
	}
	k, err := kombo.NewHandler(exampleSecret, quiet)
	if err != nil {
		log.Fatal(err)
	}
	event.On(k, "invoice-paid", func(_ context.Context, e *invoice) error {
		fmt.Println("paid", e.Amount)
		return nil
	})
	k.OnOther(func(_ context.Context, d *event.Delivery) error {
		fmt.Println("not handled:", d.Type)
		return nil
	})
	deliver(k, []byte(`{"id":"1","type":"invoice-paid","data":{"amount":7}}`))
	deliver(k, []byte(`{"id":"2","type":"invoice-sent","data":{}}`))
	// Output:
	// paid 7
	// 200 OK
	// not handled: invoice-sent
	// 200 OK
}

// A state is overwritten only by a newer one. Where Kombo sends no time, ask its
// API.
func ExampleHandler_OnIntegrationStateChanged() {
	k, err := kombo.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	var newest time.Time // of the states that were kept; a column in real life
	k.OnIntegrationStateChanged(func(_ context.Context, e *kombo.IntegrationStateChanged) error {
		switch {
		case e.UpdatedAt.IsZero():
			fmt.Println("fetch the state from Kombo")
		case e.UpdatedAt.After(newest):
			newest = e.UpdatedAt.Time
			fmt.Println("now", e.State)
		}
		return nil
	})
	deliver(k, kombotest.Vendor.Body(kombo.TypeIntegrationStateChanged))
	deliver(k, kombotest.Vendor.Body(kombo.TypeIntegrationStateChanged))
	deliver(k, []byte(`{"id":"2","type":"integration-state-changed","data":{"integration_id":"personio:1","state":"ACTIVE"}}`))
	// Output:
	// now INVALID
	// 200 OK
	// 200 OK
	// fetch the state from Kombo
	// 200 OK
}

func ExampleHandler_OnIssueStatusChanged() {
	k, err := kombo.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnIssueStatusChanged(func(_ context.Context, e *kombo.IssueStatusChanged) error {
		if e.Integration.ID == "" {
			return nil // of the whole environment
		}
		fmt.Println(e.Integration.EndUser.OrganizationName, e.Change, e.Issue.Type)
		return nil
	})
	deliver(k, kombotest.Vendor.Body(kombo.TypeIssueStatusChanged))
	// Output:
	// Example Robotics GmbH resolved integration.authentication_failed
	// 200 OK
}

// An order that cannot be fulfilled is rejected, with a message for the people
// who ordered it.
func ExampleHandler_OnAssessmentOrderReceived() {
	k, err := kombo.NewHandler(exampleSecret, quiet)
	if err != nil {
		log.Fatal(err)
	}
	k.OnAssessmentOrderReceived(func(_ context.Context, o *kombo.AssessmentOrder) error {
		if o.PackageID != "python_basics" {
			return &event.Rejection{Message: "This assessment is no longer offered."}
		}
		fmt.Println("invite", o.Candidate.FullName())
		return nil
	})
	deliver(k, kombotest.Vendor.Body(kombo.TypeAssessmentOrderReceived))
	// Output:
	// {"message":"This assessment is no longer offered."}
	// 422 Unprocessable Entity
}

// Kombo waits for the response to an inline assessment order: it has the link
// that the candidate follows.
func ExampleHandler_OnInlineAssessmentOrderReceived() {
	k, err := kombo.NewHandler(exampleSecret, nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnInlineAssessmentOrderReceived(func(_ context.Context, o *kombo.AssessmentOrder) (*kombo.InlineAssessment, error) {
		return &kombo.InlineAssessment{AssessmentURL: "https://assess.example.com/start/" + string(o.ID)}, nil
	})
	deliver(k, kombotest.Vendor.Body(kombo.TypeInlineAssessmentOrderReceived))
	// Output:
	// {"assessment_url":"https://assess.example.com/start/H5pWk7TnVx2RmLz9BcYd4QsG"}
	// 200 OK
}

func ExampleSplitIntegrationID() {
	tool, id, _ := kombo.SplitIntegrationID("personio:CBNMt7dSNCzBdnRTx87dev4E")
	fmt.Println(tool)
	fmt.Println(id)
	// Output:
	// personio
	// CBNMt7dSNCzBdnRTx87dev4E
}

const exampleSecret = "a secret for examples"

// quiet keeps expected log lines out of the examples' output.
var quiet = &event.Options{Logger: slog.New(slog.DiscardHandler)}

// deliver signs a body as Kombo would, sends it to h, and prints the response.
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

func refetch(context.Context, event.ID, []kombo.ChangedModel) error { return nil }

func askToReconnect(context.Context, event.ID) error { return nil }
