package hires100_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/signature"
)

const secret = "f3a1c7d29b604e58a1d6"

func TestConformance(t *testing.T) {
	eventtest.Conform(t, hires100test.Vendor, hires100.NewHandler,
		eventtest.On(hires100.TypeApplicationSubmitted, (*hires100.Handler).OnApplicationSubmitted),
		eventtest.On(hires100.TypeApplicationStageChanged, (*hires100.Handler).OnApplicationStageChanged),
		eventtest.On(hires100.TypeCandidateHired, (*hires100.Handler).OnCandidateHired),
		eventtest.On(hires100.TypeCandidateDisqualified, (*hires100.Handler).OnCandidateDisqualified),
		eventtest.On(hires100.TypeInterviewScheduled, (*hires100.Handler).OnInterviewScheduled),
		eventtest.On(hires100.TypeAIScoreGenerated, (*hires100.Handler).OnAIScoreGenerated),
		eventtest.On(hires100.TypeCandidateCreated, (*hires100.Handler).OnCandidateCreated),
		eventtest.On(hires100.TypeCandidateUpdated, (*hires100.Handler).OnCandidateUpdated),
	)
}

func mac(body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return m.Sum(nil)
}

// quiet are options whose log nobody reads.
func quiet() *event.Options { return &event.Options{Logger: slog.New(slog.DiscardHandler)} }

func newHandler(t testing.TB, c hires100.Config, opts *event.Options) *hires100.Handler {
	t.Helper()
	h, err := c.NewHandler(secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// send has the handler answer one delivery and returns the status.
func send(t testing.TB, h *hires100.Handler, header http.Header, body []byte) int {
	t.Helper()
	return h.Handle(t.Context(), &event.Request{Header: header, Body: body}).Status
}

// The signature was made with OpenSSL 3.0.19:
//
//	printf '{"type":"candidate.hired","id":"evt_1"}' | openssl dgst -sha256 -hmac f3a1c7d29b604e58a1d6
func TestHandlerVerifiesWhatOpenSSLSigned(t *testing.T) {
	h := newHandler(t, hires100.Config{}, quiet())
	header := http.Header{"X-Hires-Signature-V2": {"826716adfc850d909cf1c96a239097f36e4cc10d2b7c97a7d4e0a633ba111194"}}
	if got := send(t, h, header, []byte(`{"type":"candidate.hired","id":"evt_1"}`)); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
}

func TestSignatureSpellings(t *testing.T) {
	body := hires100test.Vendor.Body(hires100.TypeCandidateHired)
	sum := mac(body)
	hexed := hex.EncodeToString(sum)
	other := strings.Repeat("0", len(hexed))
	tests := []struct {
		name   string
		header http.Header
		want   int
	}{
		{"hex under the name that 100Hires gives", http.Header{"X-Hires-Signature-V2": {hexed}}, 200},
		{"in another case, as serverless platforms send it", http.Header{"x-hires-signature-v2": {hexed}}, 200},
		{"another name", http.Header{"X-Webhook-Signature": {hexed}}, 200},
		{"the bare word", http.Header{"Signature": {hexed}}, 200},
		{"upper-case hex", http.Header{"X-Signature": {strings.ToUpper(hexed)}}, 200},
		{"sha256= and hex", http.Header{"X-Signature": {"sha256=" + hexed}}, 200},
		{"sha256, a blank and hex", http.Header{"X-Signature": {"sha256 " + hexed}}, 200},
		{"base64", http.Header{"X-Signature": {base64.StdEncoding.EncodeToString(sum)}}, 200},
		{"base64 without padding", http.Header{"X-Signature": {base64.RawStdEncoding.EncodeToString(sum)}}, 200},
		{"base64url", http.Header{"X-Signature": {base64.RawURLEncoding.EncodeToString(sum)}}, 200},
		{"base64url with padding", http.Header{"X-Signature": {base64.URLEncoding.EncodeToString(sum)}}, 200},
		{"sha256= and base64", http.Header{"X-Signature": {"sha256=" + base64.StdEncoding.EncodeToString(sum)}}, 200},
		{"beside an older signature", http.Header{"X-Hires-Signature-V2": {hexed}, "X-Hires-Signature": {other}}, 200},
		{"beside what is no signature", http.Header{"X-Hires-Signature-V2": {hexed}, "Signature-Input": {"sig1=()"}}, 200},
		{"none", http.Header{}, 401},
		{"a header of another name", http.Header{"X-Hires-Digest": {hexed}}, 401},
		{"empty", http.Header{"X-Signature": {""}}, 401},
		{"another key", http.Header{"X-Signature": {other}}, 401},
		{"cut off", http.Header{"X-Signature": {hexed[:63]}}, 401},
		{"another prefix", http.Header{"X-Signature": {"sha512=" + hexed}}, 401},
		{"there twice", http.Header{"X-Signature": {hexed, hexed}}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHandler(t, hires100.Config{}, quiet())
			calls := 0
			h.OnCandidateHired(func(context.Context, *hires100.Event) error { calls++; return nil })
			if got := send(t, h, tt.header, body); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
			if want := map[int]int{200: 1}[tt.want]; calls != want {
				t.Errorf("%d calls, want %d", calls, want)
			}
		})
	}
}

// What verified first is told once, so that it can be pinned; what did not
// verify is told with what was looked for.
func TestLogTellsTheScheme(t *testing.T) {
	var log bytes.Buffer
	h := newHandler(t, hires100.Config{}, &event.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	body := hires100test.Vendor.Body(hires100.TypeCandidateHired)
	header := http.Header{"X-Hires-Signature-V2": {"sha256=" + hex.EncodeToString(mac(body))}}
	for range 2 {
		if got := send(t, h, header, body); got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
	}
	if n := strings.Count(log.String(), "X-Hires-Signature-V2"); n != 1 {
		t.Errorf("the scheme is told %d times:\n%s", n, log.String())
	}
	for _, want := range []string{"sha256=", "hex"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}

	log.Reset()
	header.Set("X-Hires-Signature-V2", strings.Repeat("0", 64))
	if got := send(t, h, header, body); got != http.StatusUnauthorized {
		t.Fatalf("status %d", got)
	}
	for _, want := range []string{"signature", "base64", "SHA-256", "examples/inspect"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}

// No answer and no log line has any personal data, whatever goes wrong.
func TestNothingLeaks(t *testing.T) {
	const canary = "canary"
	bodies := []string{
		`{"type":"candidate.hired","id":"evt","candidate":{"first_name":"canary","email":"canary@example.com"}}`,
		`{"type":"candidate.hired","id":"evt","candidate":"canary","canary":{"canary":"canary"}}`,
		`{"type":"candidate.hired","id":"evt","candidate":{"first_name":"canary"`,
		`["canary"]`,
		`{"id":"evt","candidate":{"first_name":"canary"}}`,
	}
	for _, body := range bodies {
		var log bytes.Buffer
		h := newHandler(t, hires100.Config{}, &event.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
		h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
			slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(ctx, "hired", "event", e)
			panic(e.Candidate.Email)
		})
		for _, header := range []http.Header{
			{"X-Signature": {hex.EncodeToString(mac([]byte(body)))}},
			{"X-Signature": {hex.EncodeToString(mac([]byte("other")))}},
		} {
			reply := h.Handle(t.Context(), &event.Request{Header: header, Body: []byte(body)})
			texts := []string{string(reply.Body), log.String()}
			if reply.Err != nil {
				texts = append(texts, reply.Err.Error())
			}
			for _, text := range texts {
				if strings.Contains(text, canary) {
					t.Errorf("%s: %s", body, text)
				}
			}
		}
	}
}

// Whatever the vendor's spelling of a type is, its callback is called.
func TestTypesMatchLeniently(t *testing.T) {
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
			for _, name := range []string{typ, words[typ], strings.ToUpper(strings.ReplaceAll(typ, ".", "_")), strings.ReplaceAll(words[typ], " ", "-")} {
				h := newHandler(t, hires100.Config{}, quiet())
				var called []string
				register(h, func(typ string) { called = append(called, typ) })
				body := []byte(`{"` + member + `":"` + name + `","id":1}`)
				if got := send(t, h, http.Header{"X-Signature": {hex.EncodeToString(mac(body))}}, body); got != http.StatusOK {
					t.Errorf("%s: status %d", body, got)
				}
				if diff := cmp.Diff([]string{typ}, called); diff != "" {
					t.Errorf("%s (-want +got):\n%s", body, diff)
				}
			}
		}
	}
}

// register sets all eight callbacks.
func register(h *hires100.Handler, call func(typ string)) {
	on := func(typ string) func(context.Context, *hires100.Event) error {
		return func(context.Context, *hires100.Event) error { call(typ); return nil }
	}
	h.OnApplicationSubmitted(on(hires100.TypeApplicationSubmitted))
	h.OnApplicationStageChanged(on(hires100.TypeApplicationStageChanged))
	h.OnCandidateHired(on(hires100.TypeCandidateHired))
	h.OnCandidateDisqualified(on(hires100.TypeCandidateDisqualified))
	h.OnInterviewScheduled(on(hires100.TypeInterviewScheduled))
	h.OnAIScoreGenerated(on(hires100.TypeAIScoreGenerated))
	h.OnCandidateCreated(on(hires100.TypeCandidateCreated))
	h.OnCandidateUpdated(on(hires100.TypeCandidateUpdated))
}

// The envelope's names, each in its place.
func TestDelivery(t *testing.T) {
	tests := []struct {
		name, body, id, typ, payload string
		occurredAt                   int64
		candidate, user              event.ID
	}{
		{"the fixtures' names", `{"id":"evt_1","type":"candidate.hired","timestamp":1782028800,"data":{"candidate":{"id":5},"user":{"id":3}}}`, "evt_1", "candidate.hired", `{"candidate":{"id":5},"user":{"id":3}}`, 1782028800, "5", "3"},
		{"no member with the payload", `{"id":"evt_1","type":"candidate.hired","timestamp":1782028800,"candidate":{"id":5},"user":{"id":3}}`, "evt_1", "candidate.hired", "", 1782028800, "5", "3"},
		{"the user beside the payload", `{"id":"evt_1","type":"candidate.hired","user":{"id":3},"data":{"candidate":{"id":5}}}`, "evt_1", "candidate.hired", `{"candidate":{"id":5}}`, 0, "5", "3"},
		{"an id of the event beside another id", `{"id":7,"event_id":"evt_1","event":"Candidate hired","data":{"candidate":{"id":5}}}`, "evt_1", "Candidate hired", `{"candidate":{"id":5}}`, 0, "5", ""},
		{"the event's type beside the entity's", `{"type":"candidate","event":"candidate_hired","occurred_at":"2026-06-21T08:00:00Z","data":{"id":5,"email":"m@example.com"}}`, "", "candidate_hired", `{"id":5,"email":"m@example.com"}`, 1782028800, "5", ""},
		{"a number for an id, and milliseconds", `{"event_type":"CANDIDATE_HIRED","id":12,"created_at":1782028800000,"payload":{"candidate":{"id":"5"}}}`, "12", "CANDIDATE_HIRED", `{"candidate":{"id":"5"}}`, 1782028800, "5", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHandler(t, hires100.Config{}, quiet())
			called := false
			h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
				called = true
				d, _ := event.FromContext(ctx)
				want := tt.payload
				if want == "" {
					want = tt.body
				}
				if d.ID != tt.id || d.Type != tt.typ || string(d.Payload) != want {
					t.Errorf("id %q, type %q, payload %s", d.ID, d.Type, d.Payload)
				}
				if d.OccurredAt.IsZero() != (tt.occurredAt == 0) || tt.occurredAt > 0 && d.OccurredAt.Unix() != tt.occurredAt {
					t.Errorf("occurred at %v", d.OccurredAt)
				}
				if e.Candidate.ID != tt.candidate || e.User.ID != tt.user {
					t.Errorf("candidate %q, user %q", e.Candidate.ID, e.User.ID)
				}
				return nil
			})
			body := []byte(tt.body)
			if got := send(t, h, http.Header{"X-Signature": {hex.EncodeToString(mac(body))}}, body); got != http.StatusOK || !called {
				t.Errorf("status %d, called %v", got, called)
			}
		})
	}
}

// An event that is sent again within the retry schedule runs once; another
// event of the same id does not pass for it. Where the body is the payload, an
// id in it may be the candidate's, so that bodies are compared.
func TestDeduplication(t *testing.T) {
	opts := quiet()
	opts.Store = event.NewMemoryStore(nil)
	h := newHandler(t, hires100.Config{}, opts)
	var called []string
	register(h, func(typ string) { called = append(called, typ) })
	const updated, created = hires100.TypeCandidateUpdated, hires100.TypeCandidateCreated
	for _, tt := range []struct{ body, runs string }{
		{`{"id":"evt_1","type":"candidate.updated","data":{"candidate":{"id":5}}}`, updated},
		{`{"id":"evt_1","type":"candidate.updated","data":{"candidate":{"id":5}},"attempt":2}`, ""},
		{`{"id":"evt_1","type":"candidate.created","data":{"candidate":{"id":5}}}`, created},
		{`{"id":"evt_2","type":"candidate.updated","data":{"candidate":{"id":5}}}`, updated},
		{`{"type":"candidate.updated","data":{"candidate":{"id":5}}}`, updated},
		{`{"type":"candidate.updated","data":{"candidate":{"id":5}}}`, ""},
		{`{"type":"candidate.updated","data":{"candidate":{"id":6}}}`, updated},
		{`{"id":5,"type":"candidate.updated","first_name":"Ada"}`, updated},
		{`{"id":5,"type":"candidate.updated","first_name":"Ada"}`, ""},
		{`{"id":5,"type":"candidate.updated","first_name":"Grace"}`, updated},
	} {
		called = nil
		header := http.Header{"X-Signature": {hex.EncodeToString(mac([]byte(tt.body)))}}
		if got := send(t, h, header, []byte(tt.body)); got != http.StatusOK {
			t.Errorf("%s: status %d", tt.body, got)
		}
		if got := strings.Join(called, " "); got != tt.runs {
			t.Errorf("%s: called %q, want %q", tt.body, got, tt.runs)
		}
	}
}

func TestConfig(t *testing.T) {
	c := hires100.Config{
		Scheme: signature.HMAC{
			Header: "X-Hires-Signature-V2", Prefix: "v2=", Hash: crypto.SHA512, Encoding: signature.Base64,
		},
		Envelope: event.Envelope{
			Type: []string{"kind"}, ID: []string{}, OccurredAt: []string{"at"}, Payload: []string{"attributes"},
		},
		Events: map[string]string{"cand-h": hires100.TypeCandidateHired},
	}
	h := newHandler(t, c, quiet())
	calls := 0
	h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
		calls++
		d, _ := event.FromContext(ctx)
		if d.ID != "" || d.OccurredAt.Unix() != 10 || string(d.Payload) != `{"id":5,"email":"m@example.com"}` {
			t.Errorf("id %q, occurred at %v, payload %s", d.ID, d.OccurredAt, d.Payload)
		}
		if diff := cmp.Diff(&hires100.Event{Candidate: hires100.Candidate{ID: "5", Email: "m@example.com"}}, e); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
	other := 0
	h.OnOther(func(context.Context, *event.Delivery) error { other++; return nil })
	for _, kind := range []string{"cand-h", "Candidate Hired", "cand-H"} {
		r := &event.Request{Body: []byte(`{"kind":"` + kind + `","id":1,"at":10,"attributes":{"id":5,"email":"m@example.com"}}`)}
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
	if calls != 2 || other != 1 {
		t.Errorf("%d calls and %d others, want 2 and 1", calls, other)
	}
	body := []byte(`{"kind":"cand-h"}`)
	if got := send(t, h, http.Header{"X-Signature": {hex.EncodeToString(mac(body))}}, body); got != http.StatusUnauthorized {
		t.Errorf("the default scheme is still accepted: status %d", got)
	}
}

// What is not set is as without a Config.
func TestConfigInPart(t *testing.T) {
	for name, c := range map[string]hires100.Config{
		"nothing":  {},
		"events":   {Events: map[string]string{"x": hires100.TypeCandidateHired}},
		"payload":  {Envelope: event.Envelope{Payload: []string{"data"}}},
		"the body": {Envelope: event.Envelope{Payload: []string{}}},
		"scheme":   {Scheme: signature.HMAC{Header: "X-Signature"}},
	} {
		h := newHandler(t, c, quiet())
		calls := 0
		h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error {
			calls++
			if d, _ := event.FromContext(ctx); d.ID == "" || d.OccurredAt.IsZero() || e.Candidate.ID == "" {
				t.Errorf("%s: id %q, occurred at %v, candidate %q", name, d.ID, d.OccurredAt, e.Candidate.ID)
			} else if whole := len(d.Payload) == len(d.Body); whole != (name == "the body") {
				t.Errorf("%s: the payload is the whole body: %v", name, whole)
			}
			return nil
		})
		body := hires100test.Vendor.Body(hires100.TypeCandidateHired)
		if got := send(t, h, http.Header{"X-Signature": {hex.EncodeToString(mac(body))}}, body); got != http.StatusOK || calls != 1 {
			t.Errorf("%s: status %d, %d calls", name, got, calls)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for want, c := range map[string]hires100.Config{
		"no Type constant": {Events: map[string]string{"x": "candidate_hired"}},
		"to \"\"":          {Events: map[string]string{"x": ""}},
		"to another one":   {Events: map[string]string{hires100.TypeCandidateHired: hires100.TypeCandidateCreated}},
		"Envelope.Type":    {Envelope: event.Envelope{Type: []string{}}},
		"names no header":  {Scheme: signature.HMAC{Encoding: signature.Hex}},
	} {
		if _, err := c.NewHandler(secret, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := hires100.NewHandler("", nil); err == nil {
		t.Error("an empty secret is accepted")
	}
}

// A hires100.Config that its owner changes later does not change its handlers.
func TestConfigIsCopied(t *testing.T) {
	c := hires100.Config{
		Envelope: event.Envelope{Type: []string{"kind"}},
		Events:   map[string]string{"x": hires100.TypeCandidateHired},
	}
	h := newHandler(t, c, quiet())
	calls := 0
	h.OnCandidateHired(func(context.Context, *hires100.Event) error { calls++; return nil })
	c.Envelope.Type[0] = "changed"
	delete(c.Events, "x")
	body := []byte(`{"kind":"x"}`)
	if got := send(t, h, http.Header{"X-Signature": {hex.EncodeToString(mac(body))}}, body); got != http.StatusOK || calls != 1 {
		t.Errorf("status %d, %d calls", got, calls)
	}
}

// Members that nobody has modelled reach the callback.
func TestUnknownMembersReachTheCallback(t *testing.T) {
	h := newHandler(t, hires100.Config{}, quiet())
	var got []json.RawMessage
	h.OnApplicationStageChanged(func(ctx context.Context, e *hires100.Event) error {
		d, _ := event.FromContext(ctx)
		got = append(got, e.Extra["previous_stage"], e.Application.Extra["stage"], json.RawMessage(d.Payload))
		return nil
	})
	body := []byte(`{"event":"stage_change","previous_stage":{"id":1},"application":{"id":9,"stage":{"id":2}}}`)
	send(t, h, http.Header{"X-Signature": {hex.EncodeToString(mac(body))}}, body)
	want := []json.RawMessage{json.RawMessage(`{"id":1}`), json.RawMessage(`{"id":2}`), body}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
