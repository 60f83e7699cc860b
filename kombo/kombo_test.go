package kombo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

func TestConformance(t *testing.T) {
	eventtest.Conform(t, kombotest.Vendor, kombo.NewHandler,
		eventtest.On(kombo.TypeDataChanged, (*kombo.Handler).OnDataChanged),
		eventtest.On(kombo.TypeSyncFinished, (*kombo.Handler).OnSyncFinished),
		eventtest.On(kombo.TypeRemoteEventReceived, (*kombo.Handler).OnRemoteEventReceived),
		eventtest.On(kombo.TypeIntegrationCreated, (*kombo.Handler).OnIntegrationCreated),
		eventtest.On(kombo.TypeIntegrationDeleted, (*kombo.Handler).OnIntegrationDeleted),
		eventtest.On(kombo.TypeIntegrationStateChanged, (*kombo.Handler).OnIntegrationStateChanged),
		eventtest.On(kombo.TypeConnectionFlowFailed, (*kombo.Handler).OnConnectionFlowFailed),
		eventtest.On(kombo.TypeAssessmentOrderReceived, (*kombo.Handler).OnAssessmentOrderReceived),
		eventtest.On(kombo.TypeInlineAssessmentOrderReceived, (*kombo.Handler).OnInlineAssessmentOrderReceived),
		eventtest.On(kombo.TypeAIApplyApplicationStatusUpdated, (*kombo.Handler).OnAIApplyApplicationStatusUpdated),
		eventtest.On(kombo.TypeAIApplyJobPostingStatusUpdated, (*kombo.Handler).OnAIApplyJobPostingStatusUpdated),
	)
}

const secret = "kombo webhook secret"

// The signature was made with OpenSSL 3.0.19, of the body as it stands here:
//
//	openssl dgst -sha256 -hmac 'kombo webhook secret' -binary body.json | base64 | tr '+/' '-_' | tr -d =
//
// It has both characters in which base64url and base64 differ.
func TestHandlerVerifiesAsKomboSigns(t *testing.T) {
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
				got = append(got, e.ID)
				return nil
			})
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(test.body))
			r.Header = test.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("answered %d, want %d", w.Code, test.want)
			}
			if ran := slices.Equal(got, []string{"workday:1"}); ran != (test.want == http.StatusOK) || len(got) > 1 {
				t.Errorf("callback got %q", got)
			}
		})
	}
}

func TestNewHandlerReturnsNothingBesideAnError(t *testing.T) {
	for _, secret := range []string{"", " ", "secret\n"} {
		if h, err := kombo.NewHandler(secret, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v", secret, h, err)
		}
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
				if got := post(t, h, []byte(body)); got != http.StatusOK {
					t.Errorf("answered %d to %s", got, body)
				}
			}
			if calls != test.calls {
				t.Errorf("callbacks ran %d times, want %d", calls, test.calls)
			}
		})
	}
}

// Only ids that a callback cannot do without are asked for: any other member
// may be null without stopping the delivery.
func TestPayloadsNeedTheirIDs(t *testing.T) {
	required := map[string][]string{
		kombo.TypeDataChanged:                     {"integration_id"},
		kombo.TypeSyncFinished:                    {"integration_id"},
		kombo.TypeRemoteEventReceived:             {"integration_id"},
		kombo.TypeIntegrationCreated:              {"id"},
		kombo.TypeIntegrationDeleted:              {"id"},
		kombo.TypeIntegrationStateChanged:         {"integration_id"},
		kombo.TypeConnectionFlowFailed:            nil,
		kombo.TypeAssessmentOrderReceived:         {"id", "integration_id"},
		kombo.TypeInlineAssessmentOrderReceived:   {"id", "integration_id"},
		kombo.TypeAIApplyApplicationStatusUpdated: {"id"},
		kombo.TypeAIApplyJobPostingStatusUpdated:  {"id"},
	}
	for _, typ := range kombotest.Vendor.Types() {
		t.Run(typ, func(t *testing.T) {
			h := newHandler(t, nil)
			onAll(h)
			var got []string
			for key := range fixture(t, typ) {
				data := fixture(t, typ)
				data[key] = nil
				switch status := post(t, h, bodyWith(t, typ, data)); status {
				case http.StatusOK:
				case http.StatusInternalServerError:
					got = append(got, key)
				default:
					t.Errorf("answered %d where %s is null", status, key)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(required[typ], got); diff != "" {
				t.Errorf("members asked for (-want +got):\n%s", diff)
			}
		})
	}
}

// The formats that Kombo's schema states are checked where a service asks for
// it, and then its own fixtures pass.
func TestFormatsAreCheckedOnRequest(t *testing.T) {
	const bad = "neither an address nor a URL"
	set := func(path ...string) func(map[string]any) {
		return func(data map[string]any) {
			for ; len(path) > 1; path = path[1:] {
				data = data[path[0]].(map[string]any)
			}
			data[path[0]] = bad
		}
	}
	type row struct {
		name, typ string
		change    func(map[string]any)
		want      int // with every tag; without, all are 200
	}
	rows := []row{
		{"creator_email", kombo.TypeIntegrationCreated, set("end_user", "creator_email"), http.StatusInternalServerError},
		{"log_url", kombo.TypeSyncFinished, set("log_url"), http.StatusInternalServerError},
		{"log_url of a connection", kombo.TypeConnectionFlowFailed, set("log_url"), http.StatusInternalServerError},
		{"candidate.email", kombo.TypeAssessmentOrderReceived, set("candidate", "email"), http.StatusInternalServerError},
		{"candidate.phone has no format", kombo.TypeAssessmentOrderReceived, set("candidate", "phone"), http.StatusOK},
	}
	for _, typ := range kombotest.Vendor.Types() {
		rows = append(rows, row{"fixture of " + typ, typ, func(map[string]any) {}, http.StatusOK})
	}
	for _, test := range rows {
		t.Run(test.name, func(t *testing.T) {
			data := fixture(t, test.typ)
			test.change(data)
			for validation, want := range map[event.Validation]int{
				event.ValidateRequired: http.StatusOK,
				event.ValidateNone:     http.StatusOK,
				event.ValidateAll:      test.want,
			} {
				h := newHandler(t, &event.Options{Validation: validation})
				onAll(h)
				if got := post(t, h, bodyWith(t, test.typ, data)); got != want {
					t.Errorf("with Validation %v: answered %d, want %d", validation, got, want)
				}
			}
		})
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
		`{"id":"2","type":"issue-status-changed","data":{"change":"raised"}}`,
	} {
		if status := post(t, h, []byte(body)); status != http.StatusOK {
			t.Errorf("answered %d to %s", status, body)
		}
	}
	want := []any{
		"1", "integration-state-changed", true, "PAUSED", "support",
		"2", "issue-status-changed", `{"change":"raised"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func newHandler(t *testing.T, opts *event.Options) *kombo.Handler {
	t.Helper()
	h, err := kombo.NewHandler(secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// onAll gives every event a callback that does nothing.
func onAll(h *kombo.Handler) {
	h.OnDataChanged(nothing)
	h.OnSyncFinished(nothing)
	h.OnRemoteEventReceived(nothing)
	h.OnIntegrationCreated(nothing)
	h.OnIntegrationDeleted(nothing)
	h.OnIntegrationStateChanged(nothing)
	h.OnConnectionFlowFailed(nothing)
	h.OnAssessmentOrderReceived(nothing)
	h.OnInlineAssessmentOrderReceived(nothing)
	h.OnAIApplyApplicationStatusUpdated(nothing)
	h.OnAIApplyJobPostingStatusUpdated(nothing)
}

func nothing[T any](context.Context, *T) error { return nil }

func bodyWith(t *testing.T, typ string, data any) []byte {
	t.Helper()
	body, err := kombotest.Vendor.BodyWith(typ, data)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// post sends a body, signed, and returns the status of the answer.
func post(t *testing.T, h *kombo.Handler, body []byte) int {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	if err := h.Sign(t.Context(), &event.Request{Header: r.Header, Body: body}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
