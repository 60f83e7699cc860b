package kit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/validate"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/signature"
)

const secret = "kit test secret"

func TestConformance(t *testing.T) {
	eventtest.Conform(t, kittest.Vendor, kit.New)
}

func TestNewHandlerReturnsNothingBesideAnError(t *testing.T) {
	for _, secret := range []string{"", " ", "secret\n"} {
		if h, err := kit.NewHandler(secret, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v", secret, h, err)
		}
	}
}

// OpenSSL 3.0.19 made the signatures:
//
//	printf '%s.%s' "$timestamp" "$body" | openssl dgst -sha256 -hmac 'kit test secret'
func TestSignaturesMadeElsewhereVerify(t *testing.T) {
	const body = `{"event":"test.ping","created_at":"2000-01-01T00:00:00Z","data":{"n": 1}}`
	const (
		zulu  = "6b7a335ba514102b9aa11baeedee932621b78c2318c210814514eb337b1b30d7"
		paris = "77d36bc1901df9ddfab42c172fc55e90bfc5babb791a0ac9fcfa7cb81cc6a2b8"
	)
	tests := []struct {
		name      string
		timestamp string
		signature string
		body      string
		want      int
	}{
		{"as documented", "2000-01-01T00:00:00Z", zulu, body, 200},
		{"upper-case hex", "2000-01-01T00:00:00Z", strings.ToUpper(zulu), body, 200},
		{"a timestamp with an offset", "2000-01-01T01:00:00+01:00", paris, body, 200},
		{"the same instant in another spelling than was signed", "2000-01-01T01:00:00+01:00", zulu, body, 401},
		{"another second than was signed", "2000-01-01T00:00:01Z", zulu, body, 401},
		{"another body", "2000-01-01T00:00:00Z", zulu, strings.Replace(body, "1}", "2}", 1), 401},
		{"white space in the body", "2000-01-01T00:00:00Z", zulu, strings.Replace(body, " ", "", 1), 401},
		{"a prefix", "2000-01-01T00:00:00Z", "sha256=" + zulu, body, 401},
		{"a timestamp that is none", "noon", zulu, body, 401},
		{"no timestamp", "", zulu, body, 401},
		{"no signature", "2000-01-01T00:00:00Z", "", body, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in which it is midnight UTC, 2000-01-01
				h := newHandler(t, nil)
				called := 0
				h.OnTestPing(func(context.Context, *kit.Ping) error { called++; return nil })
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(test.body))
				if test.timestamp != "" {
					r.Header.Set("X-Webhook-Timestamp", test.timestamp)
				}
				if test.signature != "" {
					r.Header.Set("X-Webhook-Signature", test.signature)
				}
				if got := serve(h, r); got != test.want {
					t.Errorf("status %d, want %d", got, test.want)
				}
				if (called == 1) != (test.want == 200) {
					t.Errorf("%d calls", called)
				}
			})
		})
	}
}

func TestTheWindowHasTwoSides(t *testing.T) {
	const window = 5 * time.Minute
	tests := []struct {
		name      string
		age       time.Duration
		tolerance time.Duration
		want      int
	}{
		{"now", 0, 0, 200},
		{"five minutes ago", window, 0, 200},
		{"a second more than five minutes ago", window + time.Second, 0, 401},
		{"in five minutes", -window, 0, 200},
		{"in a second more than five minutes", -window - time.Second, 0, 401},
		{"an hour ago, and two are tolerated", time.Hour, 2 * time.Hour, 200},
		{"three hours ago, and two are tolerated", 3 * time.Hour, 2 * time.Hour, 401},
		{"two minutes ago, and one is tolerated", 2 * time.Minute, time.Minute, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var result event.Result
				h := newHandler(t, &event.Options{
					Tolerance: test.tolerance,
					Observe:   func(_ context.Context, r event.Result) { result = r },
				})
				r := kittest.NewRequest(t, secret, kit.TypeTestPing, eventtest.At(time.Now().Add(-test.age)))
				if got := serve(h, r); got != test.want {
					t.Errorf("status %d, want %d", got, test.want)
				}
				if test.want == 200 {
					return
				}
				late, ok := errors.AsType[*signature.ExpiredError](result.Err)
				if !ok || late.Skew != test.age || !errors.Is(result.Err, signature.ErrExpired) {
					t.Errorf("observed %v, want a skew of %v", result.Err, test.age)
				}
			})
		})
	}
}

func TestALateForgeryIsNotTakenForALateDelivery(t *testing.T) {
	var result event.Result
	h := newHandler(t, &event.Options{Observe: func(_ context.Context, r event.Result) { result = r }})
	r := kittest.NewRequest(t, "another secret", kit.TypeTestPing, eventtest.At(time.Now().Add(-time.Hour)))
	if got := serve(h, r); got != 401 || !errors.Is(result.Err, signature.ErrMismatch) || errors.Is(result.Err, signature.ErrExpired) {
		t.Errorf("status %d, observed %v", got, result.Err)
	}
}

func TestTheTypeHeaderDecidesNothing(t *testing.T) {
	tests := []struct {
		name   string
		header string
		warned bool
	}{
		{"it says the same as the body", kit.TypeOfferAccepted, false},
		{"it is not there", "", false},
		{"it contradicts the body", kit.TypeOfferDeclined, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var result event.Result
			h := newHandler(t, &event.Options{Observe: func(_ context.Context, r event.Result) { result = r }})
			var called []string
			h.OnOfferAccepted(func(context.Context, *kit.Offer) error { called = append(called, "accepted"); return nil })
			h.OnOfferDeclined(func(context.Context, *kit.Offer) error { called = append(called, "declined"); return nil })
			r := kittest.NewRequest(t, secret, kit.TypeOfferAccepted)
			r.Header.Del("X-Webhook-Event")
			if test.header != "" {
				r.Header.Set("X-Webhook-Event", test.header)
			}
			if got := serve(h, r); got != 200 || !slices.Equal(called, []string{"accepted"}) {
				t.Errorf("status %d, called %v", got, called)
			}
			if (result.Warning != nil) != test.warned || result.Type != kit.TypeOfferAccepted {
				t.Errorf("observed type %q, warning %v", result.Type, result.Warning)
			}
		})
	}
}

// Kit sends no event id, and whether it signs a retry anew is unpublished.
func TestDeliveriesAreTheSameByBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, &event.Options{Store: event.NewMemoryStore(nil)})
		var got []string
		h.OnApplicationSubmitted(func(_ context.Context, a *kit.Application) error {
			got = append(got, a.CurrentStage)
			return nil
		})
		h.OnApplicationAdvanced(func(_ context.Context, a *kit.Application) error {
			got = append(got, a.CurrentStage)
			return nil
		})
		a := kittest.ApplicationSubmitted()
		send := func(typ string) {
			t.Helper()
			if status := serve(h, kittest.NewRequest(t, secret, eventtest.As(typ, a))); status != 200 {
				t.Errorf("status %d", status)
			}
		}
		a.CurrentStage = "one"
		send(kit.TypeApplicationSubmitted)
		time.Sleep(time.Minute) // a retry, signed anew
		send(kit.TypeApplicationSubmitted)
		a.CurrentStage = "two"
		send(kit.TypeApplicationSubmitted)
		send(kit.TypeApplicationAdvanced) // the same data in another event
		if diff := cmp.Diff([]string{"one", "two", "two"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestCallbacksKnowTheirDelivery(t *testing.T) {
	h := newHandler(t, nil)
	body := []byte(`{"event":"review.submitted","created_at":"2025-01-24T15:40:00.5+01:00","data":{"id":88, "score": "canary"}}`)
	var d *event.Delivery
	h.OnReviewSubmitted(func(ctx context.Context, r *kit.Review) error {
		d, _ = event.FromContext(ctx)
		return nil
	})
	if got := serve(h, kittest.Vendor.Signed(t, secret, kit.TypeReviewSubmitted, body)); got != 200 || d == nil {
		t.Fatalf("status %d, delivery %v", got, d)
	}
	if got, want := string(d.Payload), `{"id":88, "score": "canary"}`; got != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if want := time.Date(2025, 1, 24, 14, 40, 0, 5e8, time.UTC); !d.OccurredAt.Equal(want) {
		t.Errorf("occurred at %v, want %v", d.OccurredAt, want)
	}
	if d.ID != "" || d.Provider != "kit" || d.Type != kit.TypeReviewSubmitted {
		t.Errorf("id %q, provider %q, type %q", d.ID, d.Provider, d.Type)
	}
}

// A payload that fails each time makes Kit disable the whole webhook, so only what
// a callback cannot do without may make one fail.
func TestOnlyAnApplicationsIDIsIndispensable(t *testing.T) {
	tests := []struct {
		name    string
		body    string
		want    int
		warning string // a part of it
	}{
		{"a ping without data", `{"event":"test.ping"}`, 200, ""},
		{"a ping whose data is null", `{"event":"test.ping","data":null}`, 200, ""},
		{"a ping whose data is a string", `{"event":"test.ping","data":"pong"}`, 200, ""},
		{"ids that are strings", `{"event":"application.rejected","data":{"id":"5f3c","candidate":{"id":"7"},"job_posting":{"id":"3"}}}`, 200, ""},
		{"more members than known", `{"event":"application.rejected","data":{"id":1,"source":"referral"}}`, 200, ""},
		{"nothing but members that are not known", `{"event":"offer.revised","data":{"salary":{"amount":1}}}`, 200, ""},
		{"an application whose candidate is a name", `{"event":"application.rejected","data":{"id":1,"candidate":"canary"}}`, 200, "member candidate: got a string, want an object"},
		{"an application whose flags are numbers", `{"event":"application.rejected","data":{"id":1,"rejected":1,"current_stage":2}}`, 200, "member current_stage: got a number, want a string; member rejected: got a number, want true or false"},
		{"an interview whose candidate is a name", `{"event":"interview.scheduled","data":{"id":1,"candidate":"canary"}}`, 200, "member candidate: got a string"},
		{"a review whose candidate's id is an object", `{"event":"review.submitted","data":{"candidate":{"id":{"canary":1},"name":"canary"}}}`, 200, "member candidate.id: got an object, want a string or a number"},
		{"a code assignment whose application is a number", `{"event":"code_assignment.submitted","data":{"id":1,"application":42}}`, 200, "member application: got a number"},
		{"a job posting whose token is a number", `{"event":"job_posting.paused","data":{"id":1,"public_token":2}}`, 200, "member public_token: got a number, want a string"},
		{"a job posting without data", `{"event":"job_posting.paused"}`, 500, ""},
		{"an offer whose data is null", `{"event":"offer.revised","data":null}`, 500, ""},
		{"an application whose id is an object", `{"event":"application.rejected","data":{"id":{}}}`, 500, "member id: got an object, want a string or a number"},
		{"an application without id", `{"event":"application.rejected","data":{"current_stage":"Applied"}}`, 500, ""},
		{"an event without type", `{"created_at":"2025-01-24T15:40:00Z","data":{}}`, 400, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, check := range []func(any) error{nil, validate.Struct} {
				var result event.Result
				h := newHandler(t, &event.Options{Validate: check, Observe: func(_ context.Context, r event.Result) { result = r }})
				schematest.OnAll(h, nil)
				got := serve(h, kittest.Vendor.Signed(t, secret, "", []byte(test.body)))
				if got != test.want {
					t.Errorf("status %d, want %d", got, test.want)
				}
				if said := fmt.Sprint(result.Warning); !strings.Contains(said, test.warning) || test.warning == "" && result.Warning != nil || strings.Contains(said, "canary") {
					t.Errorf("the warning is %s, want %q", said, test.warning)
				}
			}
		})
	}
}

// What Kit calls an address is checked if a service asks for it.
func TestFormatsAreCheckedOnRequest(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       int // with package validate; without, all are 200
	}{
		{"an applicant's address", `{"event":"application.rejected","data":{"id":1,"candidate":{"email":"nobody"}}}`, 500},
		{"no address", `{"event":"application.rejected","data":{"id":1}}`, 200},
		{"an address where none is published", `{"event":"offer.revised","data":{"candidate":{"email":"nobody"},"application":{}}}`, 200},
	} {
		for _, check := range []func(any) error{nil, validate.Struct} {
			h := newHandler(t, &event.Options{Validate: check})
			schematest.OnAll(h, nil)
			if got := serve(h, kittest.Vendor.Signed(t, secret, "", []byte(test.body))); check == nil && got != 200 || check != nil && got != test.want {
				t.Errorf("%s: status %d, checked: %t", test.name, got, check != nil)
			}
		}
	}
}

func newHandler(t *testing.T, opts *event.Options) *kit.Handler {
	t.Helper()
	if opts == nil {
		opts = &event.Options{}
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	h, err := kit.NewHandler(secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// serve sends r to h and returns the status of the response.
func serve(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
