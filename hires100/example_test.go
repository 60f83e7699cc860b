package hires100_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/signature"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections open.
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

func onboard(context.Context, event.ID, event.ID) error { return nil }

// A captured delivery shows what 100Hires really sends: here base64 after "v2=",
// and names that are not the ones assumed.
func ExampleNew() {
	p := hires100.Provider()
	p.Scheme.Prefix, p.Scheme.OtherPrefixes = "v2=", nil
	p.Scheme.Encoding = signature.Base64
	p.Envelope.ID = []string{"uuid"}
	p.Aliases = map[string]string{"pipeline.progressed": hires100.TypeApplicationStageChanged}
	h := must(hires100.New(p, exampleSecret, nil))
	h.OnApplicationStageChanged(func(_ context.Context, e *hires100.Event) error {
		fmt.Println("application", e.Application.ID, "is in stage", e.Application.StageID)
		return nil
	})

	vendor := hires100test.Vendor
	vendor.Provider = p
	deliver(h, vendor.Signed(t, exampleSecret, "pipeline.progressed",
		[]byte(`{"event":"pipeline.progressed","uuid":"7c1e","data":{"application":{"id":90177,"stage_id":303}}}`)))
	// Output:
	// application 90177 is in stage 303
	// 200 OK
}

// 100Hires sends one event for up to 14½ hours. A Store that remembers for
// longer lets its callback run once.
func ExampleNewHandler_deduplicate() {
	store := event.NewMemoryStore(nil) // remembers for 72 hours
	h := must(hires100.NewHandler(exampleSecret, &event.Options{Store: store}))
	h.OnCandidateCreated(func(_ context.Context, e *hires100.Event) error {
		fmt.Println("created", e.Candidate.ID)
		return nil
	})

	deliver(h, hires100test.NewRequest(t, exampleSecret, hires100.TypeCandidateCreated))
	deliver(h, hires100test.NewRequest(t, exampleSecret, hires100.TypeCandidateCreated))
	// Output:
	// created 48213
	// 200 OK
	// 200 OK
}

// Which entities come with an event is unpublished: check what the callback needs.
func ExampleHandler_OnCandidateHired() {
	h := must(hires100.NewHandler(exampleSecret, nil))
	h.OnCandidateHired(func(_ context.Context, e *hires100.Event) error {
		if e.Candidate.ID == "" {
			return errors.New("the candidate was not found: look at a captured delivery")
		}
		fmt.Println(e.User.FullName(), "has hired", e.Candidate.FullName(), "as", e.Job.Title)
		return nil
	})

	deliver(h, hires100test.NewRequest(t, exampleSecret, hires100.TypeCandidateHired))
	// Output:
	// Tess Arden has hired Mira Holm as Backend Engineer
	// 200 OK
}

// The score is beside the entities or in the application.
func ExampleHandler_OnAIScoreGenerated() {
	h := must(hires100.NewHandler(exampleSecret, nil))
	h.OnAIScoreGenerated(func(_ context.Context, e *hires100.Event) error {
		score, err := cmp.Or(e.AIScore.Value, e.Application.AIScore).Float64()
		if err != nil {
			return errors.New("the score was not found: look at a captured delivery")
		}
		fmt.Println("application", e.Application.ID, "scored", score)
		return nil
	})

	deliver(h, hires100test.NewRequest(t, exampleSecret, hires100.TypeAIScoreGenerated))
	// Output:
	// application 90177 scored 87
	// 200 OK
}

// All events have the same payload, so one callback can serve several.
func ExampleEvent() {
	h := must(hires100.NewHandler(exampleSecret, nil))
	notify := func(_ context.Context, e *hires100.Event) error {
		switch a := e.Application; a.Status {
		case hires100.ApplicationStatusHired:
			fmt.Println("application", a.ID, "was hired on", a.HiredAt.Format(time.DateOnly))
		case hires100.ApplicationStatusRejected:
			fmt.Println("application", a.ID, "was rejected for reason", a.RejectionReasonID)
		default:
			fmt.Println("application", a.ID, "is in stage", a.StageID)
		}
		return nil
	}
	h.OnApplicationStageChanged(notify)
	h.OnCandidateHired(notify)
	h.OnCandidateDisqualified(notify)

	deliver(h, hires100test.NewRequest(t, exampleSecret, hires100.TypeApplicationStageChanged))
	deliver(h, hires100test.NewRequest(t, exampleSecret, hires100.TypeCandidateDisqualified))
	// Output:
	// application 90177 is in stage 303
	// 200 OK
	// application 90177 was rejected for reason 14
	// 200 OK
}

// Members that this package does not model are in Extra, of the event or of the
// entity that they belong to.
func ExampleEvent_unknownMembers() {
	h := must(hires100.NewHandler(exampleSecret, nil))
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

	e := hires100test.ApplicationStageChanged()
	e.Extra = map[string]json.RawMessage{"previous_stage": json.RawMessage(`{"id":302,"name":"Screening"}`)}
	deliver(h, hires100test.NewRequest(t, exampleSecret, eventtest.As(hires100.TypeApplicationStageChanged, e)))
	// Output:
	// application 90177 left Screening
	// 200 OK
}

const exampleSecret = "a secret for examples"

// t stands for the argument of a test.
var t = new(testing.T)

func must(h *hires100.Handler, err error) *hires100.Handler {
	if err != nil {
		log.Fatal(err)
	}
	return h
}

// deliver sends a request to h and prints the response.
func deliver(h http.Handler, r *http.Request) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, cmp.Or(w.Body.String(), http.StatusText(w.Code)))
}
