package kombo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/validate"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

const secret = "kombo webhook secret"

func TestConformance(t *testing.T) {
	eventtest.Conform(t, kombotest.Vendor, kombo.New)
}

func TestNewHandlerReturnsNothingBesideAnError(t *testing.T) {
	for _, secret := range []string{"", " ", "secret\n"} {
		if h, err := kombo.NewHandler(secret, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v", secret, h, err)
		}
	}
}

// OpenSSL 3.0.19 made the signature, of the body as it stands here:
//
//	openssl dgst -sha256 -hmac 'kombo webhook secret' -binary body.json | base64 | tr '+/' '-_' | tr -d =
//
// It has both characters in which base64url and base64 differ.
func TestSignaturesMadeElsewhereVerify(t *testing.T) {
	const (
		body      = `{"id":"evt-1","type":"integration-deleted","data":{"id":"workday:1","deleted_at":"2026-05-19T16:42:07.313Z"}}`
		signature = "Bc-4t7bppMf9w_vWLFIvGgaclcLCTXsJXi8g16nkb0g"
		inHex     = "05cfb8b7b6e9a4c7fdc3fbd62c522f1a069c95c2c24d7b095e2f20d7a9e46f48"
	)
	signed := func(values ...string) http.Header { return http.Header{"X-Kombo-Signature": values} }
	for _, test := range []struct {
		name   string
		header http.Header
		body   string
		want   int
	}{
		{"base64url without padding, as Kombo sends it", signed(signature), body, http.StatusOK},
		{"padded", signed(signature + "="), body, http.StatusUnauthorized},
		{"the alphabet of base64", signed(strings.NewReplacer("-", "+", "_", "/").Replace(signature)), body, http.StatusUnauthorized},
		{"hexadecimal", signed(inHex), body, http.StatusUnauthorized},
		{"with a prefix", signed("sha256=" + signature), body, http.StatusUnauthorized},
		{"a second spelling: spare bits set", signed(strings.TrimSuffix(signature, "g") + "h"), body, http.StatusUnauthorized},
		{"in another header", http.Header{"X-Signature": {signature}}, body, http.StatusUnauthorized},
		{"body indented on the way", signed(signature), strings.ReplaceAll(body, ",", ",\n  "), http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, nil)
			var got []string
			h.OnIntegrationDeleted(func(_ context.Context, e *kombo.IntegrationDeleted) error {
				got = append(got, string(e.ID))
				return nil
			})
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(test.body))
			r.Header = test.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("%d, want %d", w.Code, test.want)
			}
			if ran := slices.Equal(got, []string{"workday:1"}); ran != (test.want == http.StatusOK) || len(got) > 1 {
				t.Errorf("callback got %q", got)
			}
		})
	}
}

// Kombo's samples have one event id in several types, as its test button may.
func TestDeliveriesAreTheSameByTypeAndID(t *testing.T) {
	const first = `{"id":"5gj","type":"integration-created","data":{"id":"workday:1"}}`
	for _, test := range []struct {
		name, second string
		calls        int
	}{
		{"sent again", first, 1},
		{"written in another way", `{ "type": "integration-created", "data": {"id": "workday:1"}, "id": "5gj" }`, 1},
		{"with other data", `{"id":"5gj","type":"integration-created","data":{"id":"workday:2"}}`, 1},
		{"another id", `{"id":"6gj","type":"integration-created","data":{"id":"workday:1"}}`, 2},
		{"the same id, another type", `{"id":"5gj","type":"integration-deleted","data":{"id":"workday:1"}}`, 2},
		{"no id", `{"type":"integration-created","data":{"id":"workday:1"}}`, 2},
		{"an id that is null", `{"id":null,"type":"integration-created","data":{"id":"workday:1"}}`, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, &event.Options{Store: event.NewMemoryStore(nil)})
			calls := 0
			h.OnIntegrationCreated(func(context.Context, *kombo.IntegrationCreated) error { calls++; return nil })
			h.OnIntegrationDeleted(func(context.Context, *kombo.IntegrationDeleted) error { calls++; return nil })
			for _, body := range []string{first, test.second} {
				if w := serve(t, h, []byte(body)); w.Code != http.StatusOK {
					t.Errorf("%d to %s", w.Code, body)
				}
			}
			if calls != test.calls {
				t.Errorf("callbacks ran %d times, want %d", calls, test.calls)
			}
		})
	}
}

// Only ids that a callback cannot do without are asked for, and the tool of a
// connection that failed: any other member may be null without stopping the
// delivery.
func TestPayloadsNeedTheirIDs(t *testing.T) {
	required := map[string][]string{
		kombo.TypeDataChanged:                     {"integration_id"},
		kombo.TypeSyncFinished:                    {"integration_id"},
		kombo.TypeRemoteEventReceived:             {"integration_id"},
		kombo.TypeIntegrationCreated:              {"id"},
		kombo.TypeIntegrationDeleted:              {"id"},
		kombo.TypeIntegrationStateChanged:         {"integration_id"},
		kombo.TypeConnectionFlowFailed:            {"integration_tool"},
		kombo.TypeIssueStatusChanged:              {"issue"},
		kombo.TypeAssessmentOrderReceived:         {"id", "integration_id"},
		kombo.TypeInlineAssessmentOrderReceived:   {"id", "integration_id"},
		kombo.TypeAIApplyDataChanged:              nil,
		kombo.TypeAIApplyApplicationStatusUpdated: {"id"},
		kombo.TypeAIApplyJobPostingStatusUpdated:  {"id"},
	}
	for _, typ := range kombotest.Vendor.Types() {
		t.Run(typ, func(t *testing.T) {
			h := newHandler(t, nil)
			schematest.OnAll(h, nil)
			var got []string
			for key := range fixture(t, typ) {
				data := fixture(t, typ)
				data[key] = nil
				switch status := serve(t, h, bodyWith(t, typ, data)).Code; status {
				case http.StatusOK:
				case http.StatusInternalServerError:
					got = append(got, key)
				default:
					t.Errorf("%d where %s is null", status, key)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(required[typ], got); diff != "" {
				t.Errorf("members asked for (-want +got):\n%s", diff)
			}
		})
	}
}

// Without data there is nothing that a callback could be given.
func TestWithoutDataNoCallbackRuns(t *testing.T) {
	for _, typ := range kombotest.Vendor.Types() {
		for _, data := range []string{`,"data":null`, ``, `,"data":{}`, `,"data":[]`, `,"data":"text"`} {
			if typ == kombo.TypeAIApplyDataChanged && data != "" && data != `,"data":null` {
				continue // it may be any JSON value
			}
			var last event.Result
			h := newHandler(t, &event.Options{Observe: func(_ context.Context, r event.Result) { last = r }})
			schematest.OnAll(h, nil)
			w := serve(t, h, []byte(`{"id":"1","type":"`+typ+`"`+data+`}`))
			if w.Code != http.StatusInternalServerError || last.Kind != event.KindUndecodable {
				t.Errorf("%s with %q: %d, %s; want 500, %s", typ, data, w.Code, last.Kind, event.KindUndecodable)
			}
		}
	}
}

// An order is rejected with what the callback says; any other error leaves it open.
func TestOrdersCanBeRejected(t *testing.T) {
	rejection := &event.Rejection{Message: "This package is no longer sold.", Details: map[string]any{"code": "gone"}}
	nested := &event.Rejection{Status: http.StatusConflict, Message: "unused", Body: map[string]any{"error": map[string]any{"message": "No."}}}
	for _, test := range []struct {
		name   string
		err    error
		status int
		body   string // of JSON
		kind   event.Kind
	}{
		{"accepted", nil, http.StatusOK, "", event.KindHandled},
		{"rejected", rejection, http.StatusUnprocessableEntity, `{"code":"gone","message":"This package is no longer sold."}`, event.KindRejected},
		{"rejected, and wrapped", errors.Join(errors.New("ordering"), rejection), http.StatusUnprocessableEntity,
			`{"code":"gone","message":"This package is no longer sold."}`, event.KindRejected},
		{"rejected in another form", nested, http.StatusConflict, `{"error":{"message":"No."}}`, event.KindRejected},
		{"failed", errors.New("the database is down"), http.StatusInternalServerError, "", event.KindFailed},
	} {
		for _, typ := range []string{kombo.TypeAssessmentOrderReceived, kombo.TypeInlineAssessmentOrderReceived} {
			t.Run(test.name+" "+typ, func(t *testing.T) {
				var last event.Result
				h := newHandler(t, &event.Options{Observe: func(_ context.Context, r event.Result) { last = r }})
				h.OnAssessmentOrderReceived(func(context.Context, *kombo.AssessmentOrder) error { return test.err })
				h.OnInlineAssessmentOrderReceived(func(context.Context, *kombo.AssessmentOrder) (*kombo.InlineAssessment, error) {
					return nil, test.err
				})
				w := serve(t, h, kombotest.Vendor.Body(typ))
				if w.Code != test.status || last.Kind != test.kind {
					t.Errorf("%d, %s; want %d, %s", w.Code, last.Kind, test.status, test.kind)
				}
				if got, isJSON := w.Body.String(), w.Header().Get("Content-Type") == "application/json"; isJSON != (test.body != "") || isJSON && got != test.body {
					t.Errorf("sent %q %s, want %s", w.Header(), got, test.body)
				}
			})
		}
	}
}

// What the callback of an inline order returns is what Kombo reads.
func TestInlineOrdersAreRespondedTo(t *testing.T) {
	for want, inline := range map[string]*kombo.InlineAssessment{
		`{"assessment_url":"https://assess.example.com/1?a=b"}`: {AssessmentURL: "https://assess.example.com/1?a=b"},
		``: nil,
	} {
		h := newHandler(t, &event.Options{Store: event.NewMemoryStore(nil)})
		h.OnInlineAssessmentOrderReceived(func(context.Context, *kombo.AssessmentOrder) (*kombo.InlineAssessment, error) {
			return inline, nil
		})
		for range 2 { // Kombo needs the link each time that it asks
			w := serve(t, h, kombotest.Vendor.Body(kombo.TypeInlineAssessmentOrderReceived))
			if w.Code != http.StatusOK || w.Body.String() != want {
				t.Errorf("%d %s, want 200 %s", w.Code, w.Body, want)
			}
		}
	}
}

// An inbox would respond before the link is known.
func TestInlineOrdersDoNotGoThroughAnInbox(t *testing.T) {
	h := newHandler(t, &event.Options{Inbox: inbox{}})
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	schematest.OnAll(h, nil)
}

type inbox struct{}

func (inbox) Put(context.Context, *event.Delivery) error { return nil }

// The formats that Kombo's schema states are checked if a service asks for it.
func TestFormatsAreCheckedOnRequest(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       int // with package validate; without, all are 200
	}{
		{"an end user's address", `{"type":"integration-created","data":{"id":"a:1","end_user":{"creator_email":"nobody"}}}`, 500},
		{"a candidate's address", `{"type":"assessment:order-received","data":{"id":"1","integration_id":"a:1","candidate":{"email":"nobody"}}}`, 500},
		{"a candidate's phone number, which has no format", `{"type":"assessment:order-received","data":{"id":"1","integration_id":"a:1","candidate":{"phone":"nowhere"}}}`, 200},
		{"a sync's log", `{"type":"sync-finished","data":{"integration_id":"a:1","log_url":"nowhere"}}`, 500},
		{"a connection's log", `{"type":"connection-flow-failed","data":{"integration_tool":"a","log_url":"nowhere"}}`, 500},
		{"no address and no log", `{"type":"sync-finished","data":{"integration_id":"a:1"}}`, 200},
		{"an issue of the whole environment", `{"type":"issue-status-changed","data":{"issue":{"id":"1"},"integration":null}}`, 200},
	} {
		for _, check := range []func(any) error{nil, validate.Struct} {
			h := newHandler(t, &event.Options{Validate: check})
			schematest.OnAll(h, nil)
			if got := serve(t, h, []byte(test.body)).Code; check == nil && got != 200 || check != nil && got != test.want {
				t.Errorf("%s: status %d, checked: %t", test.name, got, check != nil)
			}
		}
	}
}

// What Kombo adds reaches a service without a new release of this package:
// values and members in the callback, types in OnOther.
func TestHandlerTakesWhatKomboAdds(t *testing.T) {
	h := newHandler(t, nil)
	var got []any
	h.OnIntegrationStateChanged(func(ctx context.Context, e *kombo.IntegrationStateChanged) error {
		d, ok := event.FromContext(ctx)
		if !ok {
			t.Fatal("no delivery in the context")
		}
		var raw struct {
			Paused string `json:"paused_by"`
		}
		if err := json.Unmarshal(d.Payload, &raw); err != nil {
			t.Error(err)
		}
		got = append(got, d.ID, d.Type, d.OccurredAt.IsZero(), string(e.State), raw.Paused)
		return nil
	})
	h.OnOther(func(_ context.Context, d *event.Delivery) error {
		got = append(got, d.ID, d.Type, string(d.Payload))
		return nil
	})
	for _, body := range []string{
		`{"id":"1","type":"integration-state-changed","sent_by":"eu","data":{"integration_id":"a:1","state":"PAUSED","paused_by":"support"}}`,
		`{"id":"2","type":"invoice-paid","data":{"amount":1}}`,
	} {
		if w := serve(t, h, []byte(body)); w.Code != http.StatusOK {
			t.Errorf("%d to %s", w.Code, body)
		}
	}
	want := []any{
		"1", "integration-state-changed", true, "PAUSED", "support",
		"2", "invoice-paid", `{"amount":1}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func newHandler(t *testing.T, opts *event.Options) *kombo.Handler {
	t.Helper()
	if opts == nil {
		opts = &event.Options{}
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	h, err := kombo.NewHandler(secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func bodyWith(t *testing.T, typ string, data any) []byte {
	t.Helper()
	body, err := kombotest.Vendor.BodyWith(typ, data)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// serve sends a body, signed.
func serve(t *testing.T, h *kombo.Handler, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	if err := h.Sign(t.Context(), &event.Request{Header: r.Header, Body: body}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
