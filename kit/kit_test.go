package kit_test

import (
	"context"
	"errors"
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
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/signature"
)

const secret = "kit test secret"

func TestConformance(t *testing.T) {
	eventtest.Conform(t, kittest.Vendor, kit.NewHandler,
		eventtest.On(kit.TypeApplicationSubmitted, (*kit.Handler).OnApplicationSubmitted),
		eventtest.On(kit.TypeApplicationRejected, (*kit.Handler).OnApplicationRejected),
		eventtest.On(kit.TypeApplicationAdvanced, (*kit.Handler).OnApplicationAdvanced),
		eventtest.On(kit.TypeApplicationWithdrawn, (*kit.Handler).OnApplicationWithdrawn),
		eventtest.On(kit.TypeApplicationOfferExtended, (*kit.Handler).OnApplicationOfferExtended),
		eventtest.On(kit.TypeOfferAccepted, (*kit.Handler).OnOfferAccepted),
		eventtest.On(kit.TypeOfferDeclined, (*kit.Handler).OnOfferDeclined),
		eventtest.On(kit.TypeOfferCandidateAccepted, (*kit.Handler).OnOfferCandidateAccepted),
		eventtest.On(kit.TypeOfferCandidateDeclined, (*kit.Handler).OnOfferCandidateDeclined),
		eventtest.On(kit.TypeOfferRevised, (*kit.Handler).OnOfferRevised),
		eventtest.On(kit.TypeInterviewScheduled, (*kit.Handler).OnInterviewScheduled),
		eventtest.On(kit.TypeInterviewConfirmed, (*kit.Handler).OnInterviewConfirmed),
		eventtest.On(kit.TypeInterviewCompleted, (*kit.Handler).OnInterviewCompleted),
		eventtest.On(kit.TypeInterviewCancelled, (*kit.Handler).OnInterviewCancelled),
		eventtest.On(kit.TypeInterviewNoShow, (*kit.Handler).OnInterviewNoShow),
		eventtest.On(kit.TypeCodeAssignmentSubmitted, (*kit.Handler).OnCodeAssignmentSubmitted),
		eventtest.On(kit.TypeCodeAssignmentAutoSubmitted, (*kit.Handler).OnCodeAssignmentAutoSubmitted),
		eventtest.On(kit.TypeReviewSubmitted, (*kit.Handler).OnReviewSubmitted),
		eventtest.On(kit.TypeJobPostingPublished, (*kit.Handler).OnJobPostingPublished),
		eventtest.On(kit.TypeJobPostingPaused, (*kit.Handler).OnJobPostingPaused),
		eventtest.On(kit.TypeJobPostingClosed, (*kit.Handler).OnJobPostingClosed),
		eventtest.On(kit.TypeJobPostingReopened, (*kit.Handler).OnJobPostingReopened),
		eventtest.On(kit.TypeTestPing, (*kit.Handler).OnTestPing),
	)
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
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in which it is midnight UTC, 2000-01-01
				k := newHandler(t, nil)
				called := 0
				k.OnTestPing(func(context.Context, *kit.Ping) error { called++; return nil })
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(tt.body))
				if tt.timestamp != "" {
					r.Header.Set("X-Webhook-Timestamp", tt.timestamp)
				}
				if tt.signature != "" {
					r.Header.Set("X-Webhook-Signature", tt.signature)
				}
				if got := serve(k, r); got != tt.want {
					t.Errorf("status %d, want %d", got, tt.want)
				}
				if (called == 1) != (tt.want == 200) {
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
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var result event.Result
				k := newHandler(t, &event.Options{
					Tolerance: tt.tolerance,
					Observe:   func(_ context.Context, r event.Result) { result = r },
				})
				r := kittest.NewRequest(t, secret, kit.TypeTestPing, eventtest.At(time.Now().Add(-tt.age)))
				if got := serve(k, r); got != tt.want {
					t.Errorf("status %d, want %d", got, tt.want)
				}
				if tt.want == 200 {
					return
				}
				late, ok := errors.AsType[*signature.ExpiredError](result.Err)
				if !ok || late.Skew != tt.age || !errors.Is(result.Err, signature.ErrExpired) {
					t.Errorf("observed %v, want a skew of %v", result.Err, tt.age)
				}
			})
		})
	}
}

func TestALateForgeryIsNotTakenForALateDelivery(t *testing.T) {
	var result event.Result
	k := newHandler(t, &event.Options{Observe: func(_ context.Context, r event.Result) { result = r }})
	r := kittest.NewRequest(t, "another secret", kit.TypeTestPing, eventtest.At(time.Now().Add(-time.Hour)))
	if got := serve(k, r); got != 401 || !errors.Is(result.Err, signature.ErrMismatch) || errors.Is(result.Err, signature.ErrExpired) {
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
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var result event.Result
			k := newHandler(t, &event.Options{Observe: func(_ context.Context, r event.Result) { result = r }})
			var called []string
			k.OnOfferAccepted(func(context.Context, *kit.Offer) error { called = append(called, "accepted"); return nil })
			k.OnOfferDeclined(func(context.Context, *kit.Offer) error { called = append(called, "declined"); return nil })
			r := kittest.NewRequest(t, secret, kit.TypeOfferAccepted)
			r.Header.Del("X-Webhook-Event")
			if tt.header != "" {
				r.Header.Set("X-Webhook-Event", tt.header)
			}
			if got := serve(k, r); got != 200 || !slices.Equal(called, []string{"accepted"}) {
				t.Errorf("status %d, called %v", got, called)
			}
			if (result.Warning != nil) != tt.warned || result.Type != kit.TypeOfferAccepted {
				t.Errorf("observed type %q, warning %v", result.Type, result.Warning)
			}
		})
	}
}

// Kit sends no event id, and whether it signs a retry anew is unpublished.
func TestDeliveriesAreTheSameWhereTheirBodiesAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newHandler(t, &event.Options{Store: event.NewMemoryStore(nil)})
		var got []string
		k.OnApplicationSubmitted(func(_ context.Context, a *kit.Application) error {
			got = append(got, a.CurrentStage)
			return nil
		})
		k.OnApplicationAdvanced(func(_ context.Context, a *kit.Application) error {
			got = append(got, a.CurrentStage)
			return nil
		})
		a := kittest.ApplicationSubmitted()
		send := func(typ string) {
			t.Helper()
			if status := serve(k, kittest.NewRequest(t, secret, eventtest.As(typ, a))); status != 200 {
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
	k := newHandler(t, nil)
	body := []byte(`{"event":"review.submitted","created_at":"2025-01-24T15:40:00.5+01:00","data":{"id":88, "score": "canary"}}`)
	var d *event.Delivery
	k.OnReviewSubmitted(func(ctx context.Context, r *kit.Review) error {
		d, _ = event.FromContext(ctx)
		return nil
	})
	if got := serve(k, kittest.Vendor.Signed(t, secret, kit.TypeReviewSubmitted, body)); got != 200 || d == nil {
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

// A payload that fails each time makes Kit disable the whole webhook, so what is
// not published must not make one fail.
func TestOnlyPublishedMembersCanFail(t *testing.T) {
	tests := []struct {
		name string
		body string
		want int
	}{
		{"a ping without data", `{"event":"test.ping"}`, 200},
		{"a ping whose data is null", `{"event":"test.ping","data":null}`, 200},
		{"a ping whose data is a string", `{"event":"test.ping","data":"pong"}`, 200},
		{"an offer with an id of another kind", `{"event":"offer.revised","data":{"id":"5f3c"}}`, 200},
		{"an interview whose candidate is a name", `{"event":"interview.scheduled","data":{"id":1,"candidate":"N"}}`, 200},
		{"an offer with a candidate and an application of which little is there", `{"event":"offer.revised","data":{"candidate":{"email":"-"},"application":{}}}`, 200},
		{"an interview with a candidate and an application of which little is there", `{"event":"interview.no_show","data":{"candidate":{"email":"-"},"application":{}}}`, 200},
		{"a code assignment with a candidate and an application of which little is there", `{"event":"code_assignment.submitted","data":{"candidate":{"email":"-"},"application":{}}}`, 200},
		{"a review with a candidate and an application of which little is there", `{"event":"review.submitted","data":{"candidate":{"email":"-"},"application":{}}}`, 200},
		{"a job posting without data", `{"event":"job_posting.paused"}`, 200},
		{"an offer whose data is a list", `{"event":"offer.revised","data":[]}`, 500},
		{"an application with an id of another kind", `{"event":"application.rejected","data":{"id":"5f3c"}}`, 500},
		{"an application without id", `{"event":"application.rejected","data":{"current_stage":"Applied"}}`, 500},
		{"an application with more members than known", `{"event":"application.rejected","data":{"id":1,"source":"referral"}}`, 200},
		{"an event without type", `{"created_at":"2025-01-24T15:40:00Z","data":{}}`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, mode := range []event.Validation{event.ValidateRequired, event.ValidateAll} {
				k := newHandler(t, &event.Options{Validation: mode})
				registerAll(k)
				if got := serve(k, kittest.Vendor.Signed(t, secret, "", []byte(tt.body))); got != tt.want {
					t.Errorf("status %d with validation %d, want %d", got, mode, tt.want)
				}
			}
		})
	}
}

// registerAll registers a callback for every event.
func registerAll(k *kit.Handler) {
	k.OnApplicationSubmitted(accept)
	k.OnApplicationRejected(accept)
	k.OnApplicationAdvanced(accept)
	k.OnApplicationWithdrawn(accept)
	k.OnApplicationOfferExtended(accept)
	k.OnOfferAccepted(accept)
	k.OnOfferDeclined(accept)
	k.OnOfferCandidateAccepted(accept)
	k.OnOfferCandidateDeclined(accept)
	k.OnOfferRevised(accept)
	k.OnInterviewScheduled(accept)
	k.OnInterviewConfirmed(accept)
	k.OnInterviewCompleted(accept)
	k.OnInterviewCancelled(accept)
	k.OnInterviewNoShow(accept)
	k.OnCodeAssignmentSubmitted(accept)
	k.OnCodeAssignmentAutoSubmitted(accept)
	k.OnReviewSubmitted(accept)
	k.OnJobPostingPublished(accept)
	k.OnJobPostingPaused(accept)
	k.OnJobPostingClosed(accept)
	k.OnJobPostingReopened(accept)
	k.OnTestPing(accept)
}

func accept[T any](context.Context, *T) error { return nil }

func newHandler(t *testing.T, opts *event.Options) *kit.Handler {
	t.Helper()
	if opts == nil {
		opts = &event.Options{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	k, err := kit.NewHandler(secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// serve sends r to h and returns the status of the answer.
func serve(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
