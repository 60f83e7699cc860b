package kit_test

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
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// A whole receiver. Run it behind TLS; the timeouts keep slow senders from
// holding connections open.
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

func thank(context.Context, string, string) error { return nil }

func onboard(context.Context, event.ID) error { return nil }

// Should Kit rename an event, an alias leads the new name to the old callback.
func ExampleNew() {
	p := kit.Provider()
	p.Aliases = map[string]string{"application.moved": kit.TypeApplicationAdvanced}
	k := must(kit.New(p, exampleSecret, nil))
	k.OnApplicationAdvanced(func(_ context.Context, a *kit.Application) error {
		fmt.Println("application", a.ID, "is in stage", a.CurrentStage)
		return nil
	})

	deliver(k, kittest.Vendor.Signed(t, exampleSecret, "application.moved",
		[]byte(`{"event":"application.moved","created_at":"2025-01-20T09:12:41Z","data":{"id":42,"current_stage":"Offer"}}`)))
	// Output:
	// application 42 is in stage Offer
	// 200 OK
}

// Kit makes the new secret and invalidates the old one at the same moment, so the
// new one cannot be deployed before. Secrets is asked at each delivery: put the new
// secret where it looks, and restart nothing. What arrives in between is rejected,
// and Kit sends it again.
func ExampleNewHandler_rotateSecret() {
	var secrets atomic.Pointer[[]string] // filled from a file or a secret manager
	secrets.Store(&[]string{"the old secret"})
	k := must(kit.NewHandler("", &event.Options{
		Secrets: func(context.Context, string) ([]string, error) { return *secrets.Load(), nil },
	}))

	fmt.Println("before")
	deliver(k, kittest.NewRequest(t, "the old secret", kit.TypeTestPing))
	fmt.Println("in the gap")
	deliver(k, kittest.NewRequest(t, "the new secret", kit.TypeTestPing))
	secrets.Store(&[]string{"the new secret", "the old secret"})
	fmt.Println("once it is known here")
	deliver(k, kittest.NewRequest(t, "the new secret", kit.TypeTestPing))
	deliver(k, kittest.NewRequest(t, "the old secret", kit.TypeTestPing)) // sent before the rotation, arriving after it
	// Output:
	// before
	// 200 OK
	// in the gap
	// 401 Unauthorized
	// once it is known here
	// 200 OK
	// 200 OK
}

// A delivery that was held up before it came here is older than the five minutes
// that Kit's signatures hold. With a longer Tolerance, a Store keeps a captured
// delivery from running again.
func ExampleNewHandler_tolerance() {
	k := must(kit.NewHandler(exampleSecret, &event.Options{
		Tolerance: time.Hour,
		Store:     event.NewMemoryStore(nil),
	}))
	k.OnOfferAccepted(func(_ context.Context, e *kit.Offer) error {
		fmt.Println("offer", e.ID, "was accepted")
		return nil
	})

	heldUp := eventtest.At(time.Now().Add(-50 * time.Minute))
	deliver(k, kittest.NewRequest(t, exampleSecret, kit.TypeOfferAccepted, heldUp))
	// Output:
	// offer 51 was accepted
	// 200 OK
}

func ExampleHandler_OnApplicationAdvanced() {
	k := must(kit.NewHandler(exampleSecret, nil))
	k.OnApplicationAdvanced(func(_ context.Context, a *kit.Application) error {
		fmt.Printf("application %s for %s is in stage %s\n", a.ID, a.JobPosting.Title, a.CurrentStage)
		return nil
	})

	deliver(k, kittest.NewRequest(t, exampleSecret, kit.TypeApplicationAdvanced))
	// Output:
	// application 42 for Senior Engineer is in stage Technical Interview
	// 200 OK
}

// A career site renders a posting's page again, whatever has become of it.
func ExampleHandler_OnJobPostingPublished() {
	k := must(kit.NewHandler(exampleSecret, nil))
	render := func(_ context.Context, j *kit.JobPosting) error {
		fmt.Println("render /jobs/" + j.PublicToken)
		return nil
	}
	k.OnJobPostingPublished(render)
	k.OnJobPostingPaused(render)
	k.OnJobPostingClosed(render)
	k.OnJobPostingReopened(render)

	deliver(k, kittest.NewRequest(t, exampleSecret, kit.TypeJobPostingClosed))
	// Output:
	// render /jobs/jp_7Qm2vXc9
	// 200 OK
}

// Interviews, offers, code assignments and reviews are records: one function puts
// them on the timeline of a candidate.
func ExampleRecord() {
	k := must(kit.NewHandler(exampleSecret, nil))
	note := func(ctx context.Context, r kit.Record) error {
		if r.Candidate.ID == "" {
			return event.Permanent(errors.New("a record without its candidate"))
		}
		d, _ := event.FromContext(ctx)
		fmt.Println(d.OccurredAt.Format(time.DateOnly), r.Candidate.Name, d.Type, r.ID)
		return nil
	}
	k.OnInterviewCompleted(func(ctx context.Context, i *kit.Interview) error { return note(ctx, i.Record) })
	k.OnReviewSubmitted(func(ctx context.Context, r *kit.Review) error { return note(ctx, r.Record) })
	k.OnOfferCandidateAccepted(func(ctx context.Context, o *kit.Offer) error { return note(ctx, o.Record) })

	deliver(k, kittest.NewRequest(t, exampleSecret, kit.TypeInterviewCompleted))
	deliver(k, kittest.NewRequest(t, exampleSecret, kit.TypeOfferCandidateAccepted))
	// Output:
	// 2025-01-23 Tamsin Quillfeather interview.completed 63
	// 200 OK
	// 2025-01-29 Tamsin Quillfeather offer.candidate_accepted 53
	// 200 OK
}

// Members that this package does not model are in the raw payload.
func ExampleRecord_rawPayload() {
	k := must(kit.NewHandler(exampleSecret, nil))
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

	deliver(k, kittest.NewRequest(t, exampleSecret, eventtest.As(kit.TypeOfferRevised, map[string]any{"id": 51, "version": 2})))
	// Output:
	// offer 51, version 2
	// 200 OK
}

const exampleSecret = "a secret for examples"

// t stands for the argument of a test.
var t = new(testing.T)

func must(k *kit.Handler, err error) *kit.Handler {
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
