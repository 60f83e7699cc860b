package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/signature"
)

// vendor is a provider that does not exist.
var vendor = event.Provider{
	Name:     "vendor",
	Scheme:   signature.HMAC{Header: "X-Vendor-Signature"},
	Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, OccurredAt: []string{"at"}, Payload: []string{"data"}},
}

// Hired is a payload.
type Hired struct {
	CandidateID string `json:"candidate_id" validate:"required"`
}

const hiredBody = `{"id":"ev-1","type":"hired","at":"2026-11-21T10:00:00Z","data":{"candidate_id":"c-7"}}`

// sign plays the vendor.
func sign(h *event.Handler, body string) *event.Request {
	r := &event.Request{Body: []byte(body)}
	if err := h.Sign(context.Background(), r); err != nil {
		panic(err)
	}
	return r
}

func must(h *event.Handler, err error) *event.Handler {
	if err != nil {
		panic(err)
	}
	return h
}

func ExampleOn() {
	h := must(event.NewHandler(vendor, "a secret", nil))
	event.On(h, "hired", func(ctx context.Context, e *Hired) error {
		d, _ := event.FromContext(ctx)
		fmt.Println(d.Type, d.ID, e.CandidateID)
		return nil
	})

	fmt.Println(h.Handle(context.Background(), sign(h, hiredBody)).Status)
	// Output:
	// hired ev-1 c-7
	// 200
}

// Every callback gets a limit of its own, whatever its event is.
func ExampleCallback() {
	limited := func(next event.Callback) event.Callback {
		return func(ctx context.Context, payload any) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			return next(ctx, payload)
		}
	}
	h := must(event.NewHandler(vendor, "a secret", &event.Options{Wrap: limited}))
	event.On(h, "hired", func(ctx context.Context, e *Hired) error {
		_, ok := ctx.Deadline()
		fmt.Println(e.CandidateID, "with a limit:", ok)
		return nil
	})
	fmt.Println(h.Name(), "handles", h.Types())

	fmt.Println(h.Handle(context.Background(), sign(h, hiredBody)).Status)
	// Output:
	// vendor handles [hired]
	// c-7 with a limit: true
	// 200
}

// Retries change the order of events, so an older one may arrive last. It must not
// overwrite what a newer one said.
func ExampleFromContext() {
	h := must(event.NewHandler(vendor, "a secret", &event.Options{Logger: slog.New(slog.DiscardHandler)}))
	last := map[string]time.Time{} // in the database, beside the candidate
	event.On(h, "hired", func(ctx context.Context, e *Hired) error {
		d, _ := event.FromContext(ctx)
		switch {
		case d.OccurredAt.IsZero():
			return errors.New("the vendor did not say when: ask it for the candidate's current state")
		case d.OccurredAt.Before(last[e.CandidateID]):
			fmt.Println("ignored", d.ID)
			return event.Ignore(errors.New("older than what is known"))
		}
		last[e.CandidateID] = d.OccurredAt
		fmt.Println("stored", d.ID)
		return nil
	})

	h.Handle(context.Background(), sign(h, `{"id":"ev-2","type":"hired","at":"2026-11-21T11:00:00Z","data":{"candidate_id":"c-7"}}`))
	h.Handle(context.Background(), sign(h, `{"id":"ev-1","type":"hired","at":"2026-11-21T10:00:00Z","data":{"candidate_id":"c-7"}}`))
	// Output:
	// stored ev-2
	// ignored ev-1
}

// What a callback returns decides the response.
func ExamplePermanent() {
	errNoSuchJob := errors.New("no such job")
	h := must(event.NewHandler(vendor, "a secret", &event.Options{
		Logger: slog.New(slog.DiscardHandler),
		Observe: func(_ context.Context, r event.Result) {
			fmt.Println(r.Status, r.Kind, r.Err)
		},
	}))
	returned := []error{
		nil,
		event.Ignore(nil),
		event.Permanent(errNoSuchJob),
		event.RetryAfter(time.Minute, errNoSuchJob),
		errNoSuchJob,
	}
	event.On(h, "hired", func(context.Context, *Hired) error {
		err := returned[0]
		returned = returned[1:]
		return err
	})
	for range 5 {
		h.Handle(context.Background(), sign(h, hiredBody))
	}
	// Output:
	// 200 handled <nil>
	// 200 ignored vendor hired ev-1: ignored
	// 200 permanent vendor hired ev-1: the callback failed for good: no such job
	// 503 unavailable vendor hired ev-1: not available: no such job
	// 500 failed vendor hired ev-1: the callback failed: no such job
}

// Each customer has a URL and a secret of its own. Secrets are looked up for
// each delivery, so that one can be rotated without a restart: add the new one,
// and remove the old one when the vendor no longer uses it.
func ExampleOptions_tenants() {
	secrets := map[string][]string{"globex": {"new secret", "old secret"}, "initech": {"another"}}
	h := must(event.NewHandler(vendor, "", &event.Options{
		Tenant: func(r *http.Request) string { return r.PathValue("customer") },
		Secrets: func(_ context.Context, tenant string) ([]string, error) {
			return secrets[tenant], nil
		},
		Logger: slog.New(slog.DiscardHandler),
	}))
	h.OnOther(func(_ context.Context, d *event.Delivery) error {
		fmt.Println("for", d.Tenant, "with secret", d.SecretIndex)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{customer}/vendor", h)
	deliver := func(path string) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(hiredBody))
		if err := vendor.Scheme.New([]byte("old secret")).Sign(r.Header, []byte(hiredBody), time.Now()); err != nil {
			panic(err)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}

	deliver("/hooks/globex/vendor")
	deliver("/hooks/initech/vendor")
	deliver("/hooks/nobody/vendor")
	secrets["globex"] = []string{"new secret"}
	deliver("/hooks/globex/vendor")
	// Output:
	// for globex with secret 1
	// /hooks/globex/vendor 200
	// /hooks/initech/vendor 401
	// /hooks/nobody/vendor 401
	// /hooks/globex/vendor 401
}

// This provider waits for the response and shows it to a person. A Rejection says
// what the person reads; for any other error it is the DefaultMessage.
func ExampleRejection() {
	desk := event.Provider{
		Name:           "desk",
		Scheme:         signature.HMAC{Header: "X-Desk-Signature"},
		Envelope:       event.Envelope{Type: []string{"type"}, Payload: []string{"data"}},
		Synchronous:    true,
		MessageMember:  "message",
		DefaultMessage: "It did not work. Please try again in an hour.",
	}
	h := must(event.NewHandler(desk, "a secret", &event.Options{Logger: slog.New(slog.DiscardHandler)}))
	event.On(h, "hired", func(_ context.Context, e *Hired) error {
		switch e.CandidateID {
		case "without address":
			return &event.Rejection{
				Status:  http.StatusBadRequest,
				Message: "Please fill in the candidate's address.",
				Details: map[string]any{"field": "address"},
			}
		case "hired before":
			return &event.Rejection{
				Status: http.StatusConflict,
				Body:   []string{"This candidate was hired before."}, // not in the usual object
				Err:    errors.New("the employee exists"),            // for the log
			}
		case "unlucky":
			return errors.New("the database is down")
		}
		return nil
	})

	for _, candidate := range []string{"c-7", "without address", "hired before", "unlucky"} {
		resp := h.Handle(context.Background(), sign(h, fmt.Sprintf(`{"type":"hired","data":{"candidate_id":%q}}`, candidate)))
		fmt.Printf("%d %s\n", resp.Status, resp.Body)
	}
	// Output:
	// 200 {}
	// 400 {"field":"address","message":"Please fill in the candidate's address."}
	// 409 ["This candidate was hired before."]
	// 500 {"message":"It did not work. Please try again in an hour."}
}

// With a Store, a delivery that was completed is not handled again. One that is
// still being handled is not either, and the provider is asked to send it later.
func ExampleNewMemoryStore() {
	h := must(event.NewHandler(vendor, "a secret", &event.Options{
		Store:   event.NewMemoryStore(&event.MemoryStoreOptions{Window: 24 * time.Hour, MaxKeys: 10_000}),
		Observe: func(_ context.Context, r event.Result) { fmt.Println(r.Status, r.Kind) },
		Logger:  slog.New(slog.DiscardHandler),
	}))
	event.On(h, "hired", func(ctx context.Context, e *Hired) error {
		resp := h.Handle(ctx, sign(h, hiredBody)) // the same delivery, meanwhile
		fmt.Println(errors.Is(resp.Err, event.ErrInFlight), resp.Header.Get("Retry-After"))
		return nil
	})

	h.Handle(context.Background(), sign(h, hiredBody))
	h.Handle(context.Background(), sign(h, hiredBody))
	// Output:
	// 503 in_flight
	// true 30
	// 200 handled
	// 200 duplicate
}

// A serverless function gets its requests in another form than those of net/http.
// Handle takes their headers and body, and returns the response.
func ExampleHandler_Handle() {
	h := must(event.NewHandler(vendor, "a secret", &event.Options{Logger: slog.New(slog.DiscardHandler)}))
	event.On(h, "hired", func(_ context.Context, e *Hired) error {
		fmt.Println(e.CandidateID)
		return nil
	})
	function := func(ctx context.Context, headers map[string]string, body string) (int, string) {
		r := &event.Request{Header: http.Header{}, Body: []byte(body)}
		for name, value := range headers {
			r.Header[name] = []string{value}
		}
		resp := h.Handle(ctx, r)
		if resp.Err != nil {
			fmt.Println("log:", resp.Err)
		}
		return resp.Status, string(resp.Body)
	}

	mac := sign(h, hiredBody).Header.Get("X-Vendor-Signature")
	for _, body := range []string{hiredBody, hiredBody + "\n"} {
		status, text := function(context.Background(), map[string]string{"x-vendor-signature": mac}, body)
		fmt.Printf("%d %q\n", status, text)
	}
	// Output:
	// c-7
	// 200 ""
	// log: vendor: signature mismatch: X-Vendor-Signature was made with another secret or over other bytes
	// 401 "Unauthorized"
}

// Verify and Dispatch are the two halves of Handle, for a queue between them. With
// an Inbox, the handler calls the one and a worker the other.
func ExampleHandler_Verify() {
	h := must(event.NewHandler(vendor, "a secret", nil))
	event.On(h, "hired", func(_ context.Context, e *Hired) error {
		fmt.Println("hired", e.CandidateID)
		return nil
	})

	d, err := h.Verify(context.Background(), sign(h, hiredBody))
	if err != nil {
		panic(err)
	}
	stored, err := d.MarshalBinary()
	if err != nil {
		panic(err)
	}

	// Later, in a worker:
	var again event.Delivery
	if err := again.UnmarshalBinary(stored); err != nil {
		panic(err)
	}
	err = h.Dispatch(context.Background(), &again)
	verdict, _ := event.VerdictOf(err)
	fmt.Println(verdict)
	// Output:
	// hired c-7
	// done
}

// A Time decodes from any JSON value, and encodes as it came. It is zero if the
// value is not a time.
func ExampleTime() {
	var e struct {
		Days []event.Time `json:"days"`
	}
	if err := json.Unmarshal([]byte(`{"days":["2026-11-02","2026-11-02T09:00:00+0100",1793610000,"next Monday",null]}`), &e); err != nil {
		panic(err)
	}
	for _, t := range e.Days {
		if t.IsZero() {
			fmt.Printf("no time: %q\n", t.Text())
			continue
		}
		fmt.Println(t.Format(time.RFC3339), "from", t.Raw)
	}
	again, err := json.Marshal(e)
	fmt.Println(string(again), err)
	// Output:
	// 2026-11-02T00:00:00Z from "2026-11-02"
	// 2026-11-02T08:00:00Z from "2026-11-02T09:00:00+0100"
	// 2026-11-02T09:00:00Z from 1793610000
	// no time: "next Monday"
	// no time: ""
	// {"days":["2026-11-02","2026-11-02T09:00:00+0100",1793610000,"next Monday",null]} <nil>
}

// TestExamplesConform puts examples through the suites that they name.
func TestExamplesConform(t *testing.T) {
	t.Run("ExampleStore", func(t *testing.T) {
		eventtest.Store(t, func(_ testing.TB, window time.Duration) eventtest.StoreSetup {
			store := newKeyValueStore(window)
			return eventtest.StoreSetup{Open: func() event.Store { return store }}
		})
	})
	t.Run("ExampleProvider", func(t *testing.T) {
		moved := `{"id":"1","type":"candidate.moved","created_at":1793610000,"data":{"candidate_id":"42","stage":"hired","starts_on":"2026-11-02","salary":60000}}`
		eventtest.Conform(t, eventtest.Vendor{
			Provider: globex,
			Fixtures: fstest.MapFS{
				"testdata/candidate.moved.json": {Data: []byte(moved)},
				"testdata/ping.json":            {Data: []byte(`{"id":"2","type":"ping","data":{}}`)},
			},
			Events: []eventtest.Event{eventtest.Of[Moved]("candidate.moved"), eventtest.Of[Ping]("ping")},
		}, event.NewHandler)
	})
}
