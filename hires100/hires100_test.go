package hires100_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/signature"
)

const secret = "f3a1c7d29b604e58a1d6"

func TestConformance(t *testing.T) {
	eventtest.Conform(t, hires100test.Vendor, hires100.New)
}

func TestNewHandlerReturnsNothingBesideAnError(t *testing.T) {
	for _, secret := range []string{"", " ", "secret\n"} {
		if h, err := hires100.NewHandler(secret, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v", secret, h, err)
		}
	}
	p := hires100.Provider()
	p.Aliases = map[string]string{"hire": "candidate_hired"}
	if h, err := hires100.New(p, secret, nil); err == nil || h != nil {
		t.Errorf("an alias for a type that is not known: %v, %v", h, err)
	}
}

// OpenSSL 3.0.19 made the signature:
//
//	printf '%s' "$body" | openssl dgst -sha256 -hmac f3a1c7d29b604e58a1d6
func TestSignaturesMadeElsewhereVerify(t *testing.T) {
	const (
		body   = `{"type":"candidate.hired","id":"evt_1"}`
		inHex  = "826716adfc850d909cf1c96a239097f36e4cc10d2b7c97a7d4e0a633ba111194"
		header = "X-Hires-Signature-V2"
	)
	sum, err := hex.DecodeString(inHex)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("0", len(inHex))
	for _, test := range []struct {
		name   string
		header http.Header
		want   int
	}{
		{"hex under the name that 100Hires gives", http.Header{header: {inHex}}, 200},
		{"in another case, as serverless platforms send it", http.Header{"x-hires-signature-v2": {inHex}}, 200},
		{"upper-case hex", http.Header{header: {strings.ToUpper(inHex)}}, 200},
		{"sha256= and hex", http.Header{header: {"sha256=" + inHex}}, 200},
		{"sha256, a blank and hex", http.Header{header: {"sha256 " + inHex}}, 200},
		{"base64", http.Header{header: {base64.StdEncoding.EncodeToString(sum)}}, 200},
		{"base64 without padding", http.Header{header: {base64.RawStdEncoding.EncodeToString(sum)}}, 200},
		{"base64url", http.Header{header: {base64.RawURLEncoding.EncodeToString(sum)}}, 200},
		{"base64url with padding", http.Header{header: {base64.URLEncoding.EncodeToString(sum)}}, 200},
		{"sha256= and base64", http.Header{header: {"sha256=" + base64.StdEncoding.EncodeToString(sum)}}, 200},
		{"beside an older signature", http.Header{header: {inHex}, "X-Hires-Signature": {other}}, 200},
		{"none", http.Header{}, 401},
		{"in a header of another name", http.Header{"X-Hires-Signature": {inHex}}, 401},
		{"empty", http.Header{header: {""}}, 401},
		{"another key", http.Header{header: {other}}, 401},
		{"cut off", http.Header{header: {inHex[:63]}}, 401},
		{"another prefix", http.Header{header: {"sha512=" + inHex}}, 401},
		{"in two headers", http.Header{header: {inHex, inHex}}, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, hires100.Provider(), nil)
			calls := 0
			h.OnCandidateHired(func(context.Context, *hires100.Event) error { calls++; return nil })
			if got := serve(t, h, test.header, []byte(body)); got != test.want || (calls == 1) != (test.want == 200) {
				t.Errorf("status %d, want %d, %d calls", got, test.want, calls)
			}
		})
	}
}

// What verified first is logged once, so that it can be pinned; what did not
// verify is logged with what was looked for.
func TestLogTellsTheScheme(t *testing.T) {
	var log bytes.Buffer
	h := newHandler(t, hires100.Provider(), &event.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	body := hires100test.Vendor.Body(hires100.TypeCandidateHired)
	signed := http.Header{"X-Hires-Signature-V2": {"sha256=" + header(body).Get("X-Hires-Signature-V2")}}
	for range 2 {
		if got := serve(t, h, signed, body); got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
	}
	if n := strings.Count(log.String(), "X-Hires-Signature-V2"); n != 1 {
		t.Errorf("the scheme is logged %d times:\n%s", n, log.String())
	}
	for _, want := range []string{"sha256=", "hex"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}

	log.Reset()
	signed.Set("X-Hires-Signature-V2", strings.Repeat("0", 64))
	if got := serve(t, h, signed, body); got != http.StatusUnauthorized {
		t.Fatalf("status %d", got)
	}
	for _, want := range []string{"X-Hires-Signature-V2", "base64", "SHA-256", "examples/inspect"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}

// No response and no log line has any personal data, whatever goes wrong.
func TestNothingLeaks(t *testing.T) {
	const canary = "canary"
	bodies := []string{
		`{"type":"candidate.hired","event_id":"evt","candidate":{"first_name":"canary","email":"canary@example.com"}}`,
		`{"type":"candidate.hired","event_id":"evt","candidate":"canary","canary":{"canary":"canary"}}`,
		`{"type":"candidate.hired","event_id":"evt","candidate":{"first_name":"canary"`,
		`["canary"]`,
		`{"event_id":"evt","candidate":{"first_name":"canary"}}`,
	}
	for _, body := range bodies {
		var log bytes.Buffer
		h := newHandler(t, hires100.Provider(), &event.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
		h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
			slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(ctx, "hired", "event", e)
			panic(e.Candidate.Email)
		})
		for _, signed := range []http.Header{header([]byte(body)), header([]byte("other"))} {
			resp := h.Handle(t.Context(), &event.Request{Header: signed, Body: []byte(body)})
			texts := []string{string(resp.Body), log.String()}
			if resp.Err != nil {
				texts = append(texts, resp.Err.Error())
			}
			for _, text := range texts {
				if strings.Contains(text, canary) {
					t.Errorf("%s: %s", body, text)
				}
			}
		}
	}
}

// Whatever the spelling of a type, and whichever member has it, its callback is
// called and knows which entity the payload is.
func TestTypesReachTheirCallbacks(t *testing.T) {
	words := map[string]string{
		hires100.TypeApplicationSubmitted:    "New application submitted",
		hires100.TypeApplicationStageChanged: "Application stage change",
		hires100.TypeCandidateHired:          "Candidate hired",
		hires100.TypeCandidateDisqualified:   "Candidate disqualified",
		hires100.TypeInterviewScheduled:      "Interview scheduled",
		hires100.TypeAIScoreGenerated:        "AI Score generated",
		hires100.TypeCandidateCreated:        "Candidate created",
		hires100.TypeCandidateUpdated:        "Candidate updated",
	}
	for _, typ := range hires100test.Vendor.Types() {
		for _, member := range []string{"type", "event", "event_type", "event_name"} {
			for _, name := range []string{typ, words[typ], strings.ToUpper(strings.ReplaceAll(typ, ".", "_"))} {
				h := newHandler(t, hires100.Provider(), nil)
				var called []string
				schematest.OnAll(h, func(typ string, payload any) error {
					if e := payload.(*hires100.Event); e.Candidate.ID+e.Application.ID+e.Interview.ID == "7" || e.AIScore.Value == "1" {
						called = append(called, typ)
					}
					return nil
				})
				body := []byte(`{"` + member + `":"` + name + `","data":{"id":7,"score":1}}`)
				if got := serve(t, h, header(body), body); got != http.StatusOK {
					t.Errorf("%s: status %d", body, got)
				}
				if diff := cmp.Diff([]string{typ}, called); diff != "" {
					t.Errorf("%s (-want +got):\n%s", body, diff)
				}
			}
		}
	}
}

// A type that is not recognised must not vanish: what it takes to receive it is
// logged.
func TestUnknownTypesAreLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	h := newHandler(t, hires100.Provider(), &event.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	schematest.OnAll(h, func(typ string, _ any) error { t.Errorf("the callback of %s was called", typ); return nil })
	for range 2 {
		for _, name := range []string{"candidate.unhired", "onboarding.finished"} {
			body := []byte(`{"event":"` + name + `","data":{"id":7}}`)
			if got := serve(t, h, header(body), body); got != http.StatusOK {
				t.Errorf("%s: status %d", name, got)
			}
		}
	}
	for _, name := range []string{"candidate.unhired", "onboarding.finished"} {
		if n := strings.Count(log.String(), "type="+name); n != 1 {
			t.Errorf("%s is logged %d times:\n%s", name, n, log.String())
		}
	}
	if !strings.Contains(log.String(), "Aliases") || !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("the log does not warn, or does not say what to do:\n%s", log.String())
	}
}

// The envelope's names, each in its place.
func TestDelivery(t *testing.T) {
	tests := []struct {
		name, body, id, typ string
		occurredAt          int64
		candidate, user     event.ID
	}{
		{"as in the fixtures", `{"event_id":"evt_1","type":"candidate.hired","timestamp":1782028800,"data":{"candidate":{"id":5},"user":{"id":3}}}`, "evt_1", "candidate.hired", 1782028800, "5", "3"},
		{"no member with the payload", `{"event_id":"evt_1","type":"candidate.hired","timestamp":1782028800,"candidate":{"id":5},"user":{"id":3}}`, "evt_1", "candidate.hired", 1782028800, "5", "3"},
		{"the user beside the payload", `{"event_id":"evt_1","type":"candidate.hired","user":{"id":3},"data":{"candidate":{"id":5}}}`, "evt_1", "candidate.hired", 0, "5", "3"},
		{"an id that may be anyone's", `{"id":7,"event":"Candidate hired","data":{"candidate":{"id":5}}}`, "", "Candidate hired", 0, "5", ""},
		{"the event's type beside the entity's", `{"type":"candidate","event":"candidate_hired","occurred_at":"2026-06-21T08:00:00Z","data":{"id":5,"email":"m@example.com"}}`, "", "candidate_hired", 1782028800, "5", ""},
		{"a time that may be the candidate's", `{"event":"hired","created_at":1782028800,"candidate":{"id":5}}`, "", "hired", 0, "5", ""},
		{"a number for an id, and milliseconds", `{"event_type":"CANDIDATE_HIRED","event_id":12,"timestamp":1782028800000,"payload":{"candidate":{"id":"5"}}}`, "12", "CANDIDATE_HIRED", 1782028800, "5", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, hires100.Provider(), nil)
			called := false
			h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
				called = true
				d, _ := event.FromContext(ctx)
				if d.ID != test.id || d.Type != test.typ || string(d.Payload) != test.body {
					t.Errorf("id %q, type %q, payload %s", d.ID, d.Type, d.Payload)
				}
				if d.OccurredAt.IsZero() != (test.occurredAt == 0) || test.occurredAt > 0 && d.OccurredAt.Unix() != test.occurredAt {
					t.Errorf("occurred at %v", d.OccurredAt)
				}
				if e.Candidate.ID != test.candidate || e.User.ID != test.user {
					t.Errorf("candidate %q, user %q", e.Candidate.ID, e.User.ID)
				}
				return nil
			})
			body := []byte(test.body)
			if got := serve(t, h, header(body), body); got != http.StatusOK || !called {
				t.Errorf("status %d, called %v", got, called)
			}
		})
	}
}

// An event that is sent again within the retry schedule runs once; another
// event does not pass for it, whatever else is called id.
func TestDeliveriesAreTheSameByTypeAndIDOrBody(t *testing.T) {
	h := newHandler(t, hires100.Provider(), &event.Options{Store: event.NewMemoryStore(nil)})
	var called []string
	schematest.OnAll(h, func(typ string, _ any) error { called = append(called, typ); return nil })
	const updated, created = hires100.TypeCandidateUpdated, hires100.TypeCandidateCreated
	for _, test := range []struct{ body, runs string }{
		{`{"event_id":"evt_1","type":"candidate.updated","data":{"candidate":{"id":5}}}`, updated},
		{`{"event_id":"evt_1","type":"candidate.updated","data":{"candidate":{"id":5}},"attempt":2}`, ""},
		{`{"event_id":"evt_1","type":"candidate.created","data":{"candidate":{"id":5}}}`, created},
		{`{"event_id":"evt_2","type":"candidate.updated","data":{"candidate":{"id":5}}}`, updated},
		{`{"type":"candidate.updated","data":{"candidate":{"id":5}}}`, updated},
		{`{"type":"candidate.updated","data":{"candidate":{"id":5}}}`, ""},
		{`{"type":"candidate.updated","data":{"candidate":{"id":6}}}`, updated},
		{`{"id":"webhook_1","type":"candidate.updated","data":{"candidate":{"id":5}}}`, updated},
		{`{"id":"webhook_1","type":"candidate.updated","data":{"candidate":{"id":6}}}`, updated},
		{`{"id":5,"type":"candidate.updated","first_name":"Ada"}`, updated},
		{`{"id":5,"type":"candidate.updated","first_name":"Ada"}`, ""},
		{`{"id":5,"type":"candidate.updated","first_name":"Grace"}`, updated},
	} {
		called = nil
		if got := serve(t, h, header([]byte(test.body)), []byte(test.body)); got != http.StatusOK {
			t.Errorf("%s: status %d", test.body, got)
		}
		if got := strings.Join(called, " "); got != test.runs {
			t.Errorf("%s: called %q, want %q", test.body, got, test.runs)
		}
	}
}

// Each assumption can be replaced by what a captured delivery shows.
func TestChangedProvider(t *testing.T) {
	p := hires100.Provider()
	p.Scheme = signature.HMAC{Header: "X-Hires-Signature-V2", Prefix: "v2=", Hash: crypto.SHA512, Encoding: signature.Base64}
	p.Envelope = event.Envelope{Type: []string{"kind"}, ID: []string{"uuid"}, OccurredAt: []string{"at"}, Payload: []string{"attributes"}}
	p.Aliases = map[string]string{"cand-h": hires100.TypeCandidateHired}
	h := newHandler(t, p, nil)
	calls, others := 0, 0
	h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
		calls++
		d, _ := event.FromContext(ctx)
		if d.ID != "1" || d.OccurredAt.Unix() != 10 || e.Candidate.ID != "5" || e.Application.ID != "9" {
			t.Errorf("id %q, occurred at %v, candidate %q, application %q", d.ID, d.OccurredAt, e.Candidate.ID, e.Application.ID)
		}
		return nil
	})
	h.OnOther(func(context.Context, *event.Delivery) error { others++; return nil })
	for _, kind := range []string{"cand-h", "Candidate Hired", "cand-H"} {
		r := &event.Request{Body: []byte(`{"kind":"` + kind + `","uuid":1,"at":10,"attributes":{"candidate":{"id":5},"application_id":9}}`)}
		if err := h.Sign(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.Header.Get("X-Hires-Signature-V2"), "v2=") {
			t.Errorf("signed as %v", r.Header)
		}
		if got := h.Handle(t.Context(), r).Status; got != http.StatusOK {
			t.Errorf("status %d", got)
		}
	}
	if calls != 2 || others != 1 {
		t.Errorf("%d calls and %d others, want 2 and 1", calls, others)
	}
	body := []byte(`{"kind":"cand-h"}`)
	if got := serve(t, h, header(body), body); got != http.StatusUnauthorized {
		t.Errorf("the default scheme is still accepted: status %d", got)
	}
}

// A change to one provider is not a change to the next.
func TestProvidersAreFresh(t *testing.T) {
	p := hires100.Provider()
	p.Envelope.Type[0], p.Envelope.OccurredAt[0], p.Types[0] = "changed", "changed", "changed"
	again := hires100.Provider()
	if again.Envelope.Type[0] == "changed" || again.Envelope.OccurredAt[0] == "changed" || again.Types[0] == "changed" {
		t.Errorf("%+v", again)
	}
}

// header has the signature of a body.
func header(body []byte) http.Header {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return http.Header{"X-Hires-Signature-V2": {hex.EncodeToString(m.Sum(nil))}}
}

// newHandler makes a handler whose log nobody reads, if opts have no other.
func newHandler(t *testing.T, p event.Provider, opts *event.Options) *hires100.Handler {
	t.Helper()
	if opts == nil {
		opts = &event.Options{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := hires100.New(p, secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// serve has the handler receive one delivery and returns the status.
func serve(t *testing.T, h *hires100.Handler, header http.Header, body []byte) int {
	t.Helper()
	return h.Handle(t.Context(), &event.Request{Header: header, Body: body}).Status
}
