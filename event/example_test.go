package event_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// vendor is a provider of one's own; the packages of this module bring theirs.
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
// each delivery, so that they can be changed without a restart, and there can
// be two while one is rotated.
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

	for _, path := range []string{"/hooks/globex/vendor", "/hooks/initech/vendor", "/hooks/nobody/vendor"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(hiredBody))
		if err := vendor.Scheme.New([]byte("old secret")).Sign(r.Header, []byte(hiredBody), time.Now()); err != nil {
			panic(err)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	// Output:
	// for globex with secret 1
	// /hooks/globex/vendor 200
	// /hooks/initech/vendor 401
	// /hooks/nobody/vendor 401
}

// Where there is no net/http, such as in a serverless function, Handle takes what
// there is instead.
func ExampleHandler_Handle() {
	h := must(event.NewHandler(vendor, "a secret", nil))
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
		return resp.Status, string(resp.Body)
	}

	mac := sign(h, hiredBody).Header.Get("X-Vendor-Signature")
	fmt.Println(function(context.Background(), map[string]string{"x-vendor-signature": mac}, hiredBody))
	// Output:
	// c-7
	// 200
}

// Verify and Dispatch are the two halves of Handle, for a queue between them.
// An Inbox does that too, and responds once the delivery is stored.
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

// The observer is where metrics come from: the kind is one of a few words.
func ExampleOptions_observe() {
	h := must(event.NewHandler(vendor, "a secret", &event.Options{
		Logger: slog.New(slog.DiscardHandler),
		Observe: func(_ context.Context, r event.Result) {
			fmt.Fprintf(os.Stdout, "webhooks_total{provider=%q,kind=%q,status=\"%d\"}\n", r.Provider, r.Kind, r.Status)
		},
	}))
	forged := sign(h, hiredBody)
	forged.Body = []byte(strings.Replace(hiredBody, "c-7", "c-8", 1))
	h.Handle(context.Background(), forged)
	// Output:
	// webhooks_total{provider="vendor",kind="unverified",status="401"}
}
