package event_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// verify returns the verified delivery of body.
func verify(t *testing.T, p event.Provider, opts event.Options, tenant, endpoint, body string) *event.Delivery {
	t.Helper()
	b := newBench(t, p, opts)
	req := &event.Request{Body: []byte(body), Tenant: tenant, Endpoint: endpoint}
	if err := b.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	d, err := b.Verify(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestKey: what makes two deliveries the same, and what does not.
func TestKey(t *testing.T) {
	key := func(p event.Provider, name, tenant, endpoint, body string) string {
		return verify(t, p, event.Options{Name: name}, tenant, endpoint, body).Key()
	}
	base := key(acme, "", "t", "", `{"id":"1","type":"a","data":{"x":1}}`)
	if len(base) != 64 || strings.Trim(base, "0123456789abcdef") != "" {
		t.Errorf("the key is %q, want 64 hexadecimal digits", base)
	}
	for _, tt := range []struct {
		name string
		same bool
		key  string
	}{
		{"the same id and type around another payload", true, key(acme, "", "t", "", `{"id":"1","type":"a","data":{"x":2}}`)},
		{"the id as a number", true, key(acme, "", "t", "", `{"id":1,"type":"a"}`)},
		{"the id with an escape", true, key(acme, "", "t", "", `{"id":"\u0031","type":"a"}`)},
		{"another id", false, key(acme, "", "t", "", `{"id":"2","type":"a"}`)},
		{"another type", false, key(acme, "", "t", "", `{"id":"1","type":"b"}`)},
		{"another tenant", false, key(acme, "", "u", "", `{"id":"1","type":"a"}`)},
		{"another handler", false, key(acme, "eu", "t", "", `{"id":"1","type":"a"}`)},
		{"type and id cut elsewhere", false, key(acme, "", "t", "", `{"id":"","type":"a1"}`)},
	} {
		if (tt.key == base) != tt.same {
			t.Errorf("%s: the key is the same: %v, want %v", tt.name, !tt.same, tt.same)
		}
	}
	if key(acme, "", "ab", "", `{"id":"1","type":"c"}`) == key(acme, "", "a", "", `{"id":"1","type":"bc"}`) {
		t.Error("parts that are cut elsewhere have the same key")
	}
	if key(waiting, "", "", "a", `{"candidate":"1","link":"x"}`) != key(waiting, "", "", "a", `{"candidate":"1","link":"y"}`) {
		t.Error("a link that changes at each sending changes the key")
	}
	if key(waiting, "", "", "a", `{"candidate":"1"}`) == key(waiting, "", "", "b", `{"candidate":"1"}`) {
		t.Error("two endpoints share a key")
	}
}

// TestKeyOfTheBodyWhereTheIDIsNotPlain: two different deliveries never share a key.
func TestKeyOfTheBodyWhereTheIDIsNotPlain(t *testing.T) {
	for name, id := range map[string]string{
		"absent": ``, "null": `"id":null,`, "empty": `"id":"",`, "an object": `"id":{"a":1},`, "an array": `"id":[1],`, "true": `"id":true,`,
		"with a NUL": `"id":"a\u0000b",`, "with a newline": `"id":"a\nb",`, "with a lone surrogate": `"id":"\ud800",`,
		"with a replacement character": `"id":"\ufffd",`, "with bad UTF-8": "\"id\":\"a\xff\",", "with a C1 control": `"id":"\u0085",`,
		"endless": `"id":"` + strings.Repeat("x", 300) + `",`, "an endless number": `"id":` + strings.Repeat("9", 300) + `,`,
	} {
		t.Run(name, func(t *testing.T) {
			one := verify(t, acme, event.Options{}, "", "", `{`+id+`"type":"a","n":1}`)
			two := verify(t, acme, event.Options{}, "", "", `{`+id+`"type":"a","n":2}`)
			again := verify(t, acme, event.Options{}, "", "", `{`+id+`"type":"a","n":1}`)
			if one.ID != "" {
				t.Errorf("the id is %q", one.ID)
			}
			if one.Key() == two.Key() || one.Key() != again.Key() {
				t.Error("the key is not the body's")
			}
		})
	}
}

func TestKeyOfWhatIsSignedAlone(t *testing.T) {
	one := verify(t, partial, event.Options{}, "", "", `{"id":"1","type":"a","data":{"x":1}}`)
	if two := verify(t, partial, event.Options{}, "", "", `{"id":"2","type":"b","data":{"x":1},"n":0}`); one.Key() != two.Key() {
		t.Error("an id or type that nobody signed changes the key")
	}
	if two := verify(t, partial, event.Options{}, "", "", `{"id":"1","type":"a","data":{"x":2}}`); one.Key() == two.Key() {
		t.Error("an id that nobody signed makes two deliveries one")
	}
	if one.ID != "1" || one.Type != "a" {
		t.Errorf("id %q and type %q are not told", one.ID, one.Type)
	}
}

func TestIDFromAHeaderNeverDecides(t *testing.T) {
	p := acme
	p.Envelope.ID, p.Envelope.IDHeader = nil, "X-Event-Id"
	b := newBench(t, p, event.Options{})
	get := func(id, body string) *event.Delivery {
		req := &event.Request{Body: []byte(body), Header: http.Header{"X-Event-Id": {id}}}
		if err := b.Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		d, err := b.Verify(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	one, two := get("7", `{"type":"a"}`), get("8", `{"type":"a"}`)
	if one.ID != "7" || one.Key() != two.Key() || one.Key() == get("7", `{"type":"b"}`).Key() {
		t.Errorf("id %q; the key follows the header", one.ID)
	}
	if got := get("a\x00", `{"type":"a"}`).ID; got != "" {
		t.Errorf("the id is %q", got)
	}
}

// TestNameInAnotherCaseWhereTheBodyIsThePayload: encoding/json would read it as
// the id that the key was made without.
func TestNameInAnotherCaseWhereTheBodyIsThePayload(t *testing.T) {
	b := newBench(t, waiting, event.Options{})
	event.On(b.Handler, "hire", func(context.Context, *struct{}) error { return nil })
	for body, want := range map[string]int{
		`{"candidate":"A"}`:                 200,
		`{"candidate":"A","CANDIDATE":"B"}`: 400,
		`{"Candidate":"B","candidate":"A"}`: 400,
		`{"Candidate":"B"}`:                 400,
	} {
		if w := send(b.Endpoint("hire"), signed(t, waiting, secret, body)); w.Code != want {
			t.Errorf("%s: answered %d, want %d", body, w.Code, want)
		}
	}
}

func TestDeliveryLogsWithoutItsBody(t *testing.T) {
	d := verify(t, acme, event.Options{}, "t", "", hireBody)
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "delivery", d, "none", (*event.Delivery)(nil))
	if got := b.String(); strings.Contains(got, "ada@") || !strings.Contains(got, `"id":"ev-1"`) {
		t.Errorf("logged %s", got)
	}
}

func TestPreferredEnvelopeNames(t *testing.T) {
	p := acme
	p.Envelope = event.Envelope{Type: []string{"type", "event"}, ID: []string{"event_id", "id"}, OccurredAt: []string{"at", "on"}, Payload: []string{"data", "payload"}}
	for _, tt := range []struct{ name, body, typ, id, at, payload string }{
		{"the preferred ones", `{"id":"2","event_id":"1","event":"b","type":"a","on":"2026-01-02","at":"2026-01-01","payload":2,"data":1}`, "a", "1", "2026-01-01", "1"},
		{"the others", `{"id":"2","event":"b","on":"2026-01-02T00:00:00+0000","payload":2}`, "b", "2", "2026-01-02", "2"},
		{"preferred ones of another kind", `{"type":{"a":1},"event":"b","event_id":null,"id":2,"at":false,"on":"2026-01-02","data":null,"payload":2}`, "b", "2", "2026-01-02", "2"},
		{"no payload", `{"event":"b"}`, "b", "", "0001-01-01", ""},
		{"a null for a payload", `{"event":"b","data":null}`, "b", "", "0001-01-01", ""},
		{"a time in seconds", `{"event":"b","at":1767225600,"data":1}`, "b", "", "2026-01-01", "1"},
		{"a time in milliseconds", `{"event":"b","at":"1767225600000","data":1}`, "b", "", "2026-01-01", "1"},
		{"a time that is none", `{"event":"b","at":"tomorrow","data":1}`, "b", "", "0001-01-01", "1"},
		{"a time out of all bounds", `{"event":"b","at":9223372036854775807,"data":1}`, "b", "", "0001-01-01", "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := verify(t, p, event.Options{}, "", "", tt.body)
			if d.Type != tt.typ || d.ID != tt.id || d.OccurredAt.Format("2006-01-02") != tt.at || string(d.Payload) != tt.payload {
				t.Errorf("got %q %q %v %s", d.Type, d.ID, d.OccurredAt, d.Payload)
			}
		})
	}
}
