package kombo_test

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
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

func refetch(context.Context, event.ID, []kombo.ChangedModel) error { return nil }

func askToReconnect(context.Context, event.ID) error { return nil }

// A payload with a member of an unexpected kind does not decode. Lenient leaves
// the member zero instead, and tells the observer.
func ExampleNew() {
	p := kombo.Provider()
	p.Lenient = true
	k := must(kombo.New(p, exampleSecret, &event.Options{
		Logger:  quiet.Logger,
		Observe: func(_ context.Context, r event.Result) { fmt.Println(r.Warning) },
	}))
	k.OnIntegrationDeleted(func(_ context.Context, e *kombo.IntegrationDeleted) error {
		fmt.Println("delete the data of", e.ID)
		return nil
	})

	deliver(k, kombotest.Vendor.Signed(t, exampleSecret, kombo.TypeIntegrationDeleted,
		[]byte(`{"id":"1","type":"integration-deleted","data":{"id":"personio:1","tool":{"name":"personio"}}}`)))
	// Output:
	// delete the data of personio:1
	// members that do not fit were left out: member tool: got an object, want a string
	// 200 OK
}

// With a Store a delivery that was completed is acknowledged and its callback
// not called again. Kombo's event ids are unique together with the type.
func ExampleNewHandler_deduplicate() {
	k := must(kombo.NewHandler(exampleSecret, &event.Options{Store: event.NewMemoryStore(nil)}))
	k.OnIntegrationCreated(func(_ context.Context, e *kombo.IntegrationCreated) error {
		if e.Category != kombo.IntegrationCategoryATS {
			return nil
		}
		fmt.Println(e.EndUser.OrganizationName, "has connected", e.Tool)
		return nil
	})

	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeIntegrationCreated))
	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeIntegrationCreated))
	// Output:
	// Example Logistics Inc. has connected workday
	// 200 OK
	// 200 OK
}

// Kombo adds event types. One that this package does not model is received
// with a type of your own; OnOther gets those without a callback.
func ExampleHandler_newType() {
	type invoice struct {
		Amount int `json:"amount"`
	}
	k := must(kombo.NewHandler(exampleSecret, quiet))
	event.On(k, "invoice-paid", func(_ context.Context, e *invoice) error {
		fmt.Println("paid", e.Amount)
		return nil
	})
	k.OnOther(func(_ context.Context, d *event.Delivery) error {
		fmt.Println("not handled:", d.Type)
		return nil
	})

	deliver(k, kombotest.Vendor.Signed(t, exampleSecret, "invoice-paid", []byte(`{"id":"1","type":"invoice-paid","data":{"amount":7}}`)))
	deliver(k, kombotest.Vendor.Signed(t, exampleSecret, "invoice-sent", []byte(`{"id":"2","type":"invoice-sent","data":{}}`)))
	// Output:
	// paid 7
	// 200 OK
	// not handled: invoice-sent
	// 200 OK
}

// Only what the service keeps is fetched again.
func ExampleHandler_OnDataChanged() {
	k := must(kombo.NewHandler(exampleSecret, nil))
	k.OnDataChanged(func(_ context.Context, e *kombo.DataChanged) error {
		for _, m := range e.ChangedModels {
			switch m.Name {
			case kombo.ModelATSCandidates, kombo.ModelATSApplications, kombo.ModelATSJobs:
				fmt.Println("fetch", m.Name, "from", e.IntegrationTool)
			}
		}
		return nil
	})

	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeDataChanged))
	// Output:
	// fetch ats_candidates from greenhouse
	// fetch ats_applications from greenhouse
	// 200 OK
}

// A state is overwritten only by a newer one. Where Kombo sends no time, ask its
// API.
func ExampleHandler_OnIntegrationStateChanged() {
	k := must(kombo.NewHandler(exampleSecret, nil))
	var newest time.Time // of the states that were kept; a column in real life
	k.OnIntegrationStateChanged(func(_ context.Context, e *kombo.IntegrationStateChanged) error {
		switch {
		case e.UpdatedAt.IsZero():
			fmt.Println("fetch the state from Kombo")
			return nil
		case !e.UpdatedAt.After(newest):
			return nil
		}
		newest = e.UpdatedAt.Time
		switch {
		case e.State == kombo.IntegrationStateInvalid:
			fmt.Println(e.EndUser.OrganizationName, "has to connect again")
		case e.SetupStatus == kombo.SetupStatusIncomplete:
			fmt.Println(e.EndUser.OrganizationName, "has to complete the setup")
		case e.QAStatus == kombo.QAStatusFailed:
			fmt.Println("look into", e.IntegrationID)
		}
		return nil
	})

	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeIntegrationStateChanged))
	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeIntegrationStateChanged))
	e := kombotest.IntegrationStateChanged()
	e.UpdatedAt = event.Time{}
	deliver(k, kombotest.NewRequest(t, exampleSecret, e))
	// Output:
	// Example Robotics GmbH has to connect again
	// 200 OK
	// 200 OK
	// fetch the state from Kombo
	// 200 OK
}

// Support is told of each new issue, and customers see those that are open.
func ExampleHandler_OnIssueStatusChanged() {
	k := must(kombo.NewHandler(exampleSecret, nil))
	banners := make(map[event.ID]string) // a table in real life
	k.OnIssueStatusChanged(func(_ context.Context, e *kombo.IssueStatusChanged) error {
		if e.Change == kombo.IssueChangeRaised {
			fmt.Println("tell support of", e.Issue.Type)
		}
		if e.Integration.ID == "" {
			return nil // of the whole environment
		}
		delete(banners, e.Issue.ID)
		if e.Issue.Status == kombo.IssueStatusOpen {
			banners[e.Issue.ID] = e.Issue.Title
		}
		fmt.Println(e.Integration.EndUser.OrganizationName, "sees", banners)
		return nil
	})

	raised := kombotest.IssueStatusChanged()
	raised.Change, raised.Issue.Status = kombo.IssueChangeRaised, kombo.IssueStatusOpen
	deliver(k, kombotest.NewRequest(t, exampleSecret, raised))
	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeIssueStatusChanged))
	// Output:
	// tell support of integration.authentication_failed
	// Example Robotics GmbH sees map[G7mTx4RkVn9LzPw2BcYd5QhF:The credentials no longer work]
	// 200 OK
	// Example Robotics GmbH sees map[]
	// 200 OK
}

// An order that cannot be fulfilled is rejected, with a message for the people
// who ordered it.
func ExampleHandler_OnAssessmentOrderReceived() {
	k := must(kombo.NewHandler(exampleSecret, quiet))
	k.OnAssessmentOrderReceived(func(_ context.Context, o *kombo.AssessmentOrder) error {
		switch {
		case o.Status != kombo.OrderStatusOpen:
			return nil
		case o.PackageID != "go_backend_basics":
			return &event.Rejection{Message: "This assessment is no longer offered."}
		}
		fmt.Println("invite", o.Candidate.FullName(), "for application", o.Application.RemoteID, "as", o.Job.Name, "in", o.Job.Location.City)
		for _, m := range o.Job.HiringTeam {
			if slices.Contains(m.HiringTeamRoles, kombo.HiringTeamRoleHiringManager) {
				fmt.Println("the result is for", m.FullName())
			}
		}
		return nil
	})

	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeAssessmentOrderReceived))
	order := kombotest.AssessmentOrderReceived()
	order.PackageID = "python_basics"
	deliver(k, kombotest.NewRequest(t, exampleSecret, eventtest.As(kombo.TypeAssessmentOrderReceived, order)))
	// Output:
	// invite Mira Sample for application appl-90417 as Backend Engineer in Köln
	// the result is for Kim
	// 200 OK
	// 422 {"message":"This assessment is no longer offered."}
}

// Kombo waits for the response to an inline assessment order: it has the link
// that the candidate follows.
func ExampleHandler_OnInlineAssessmentOrderReceived() {
	k := must(kombo.NewHandler(exampleSecret, nil))
	k.OnInlineAssessmentOrderReceived(func(_ context.Context, o *kombo.AssessmentOrder) (*kombo.InlineAssessment, error) {
		return &kombo.InlineAssessment{AssessmentURL: "https://assess.example.com/start/" + string(o.ID)}, nil
	})

	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeInlineAssessmentOrderReceived))
	// Output:
	// 200 {"assessment_url":"https://assess.example.com/start/H5pWk7TnVx2RmLz9BcYd4QsG"}
}

// A service that applies for candidates lists what they can apply for, and helps
// where an application has failed. OnIntegrationStateChanged shows how to keep an
// older state from overwriting a newer one.
func ExampleHandler_OnAIApplyJobPostingStatusUpdated() {
	k := must(kombo.NewHandler(exampleSecret, nil))
	k.OnAIApplyJobPostingStatusUpdated(func(_ context.Context, p *kombo.AIApplyJobPosting) error {
		switch {
		case p.Availability == kombo.AvailabilityApplyable:
			fmt.Println("list", p.URL)
		case p.ArchivedReason == kombo.ArchivedReasonJobPostingTakenOffline:
			fmt.Println(p.JobCode, "was taken off the site of", p.CareerSite.Label)
		default:
			fmt.Println("hide", p.URL)
		}
		return nil
	})
	k.OnAIApplyApplicationStatusUpdated(func(_ context.Context, a *kombo.AIApplyApplication) error {
		if a.Status == kombo.ApplicationStatusFailed {
			fmt.Println("application", a.ID, "has to be submitted by hand")
		}
		return nil
	})

	deliver(k, kombotest.NewRequest(t, exampleSecret, kombo.TypeAIApplyJobPostingStatusUpdated))
	failed := kombotest.AIApplyApplicationStatusUpdated()
	failed.Status = kombo.ApplicationStatusFailed
	deliver(k, kombotest.NewRequest(t, exampleSecret, failed))
	// Output:
	// ENG-2026-07 was taken off the site of Example Robotics
	// 200 OK
	// application Z4kRw7TmXn2VpLc9QbYd5GsH has to be submitted by hand
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

// t stands for the argument of a test.
var t = new(testing.T)

func must(k *kombo.Handler, err error) *kombo.Handler {
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
