package event_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// FuzzEnvelope: what the handler reads of a signed body is what a strict
// reference decoder reads, or it is rejected.
func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{
		hireBody, `{"type":"a","type":"b"}`, `{"type":"a","TYPE":"b"}`, `{"t\u0079pe":"a"}`, `{"type":"a","data":{"x":[1,"}"]},"id":7}`,
		`{"type":"\ud83d\ude00"}`, `{"type":"a","id":"\u0000"}`, `[]`, `{"type":"a"} x`, `{"type":"a","data":{}`, "\ufeff{}",
	} {
		f.Add([]byte(s))
	}
	h, err := event.NewHandler(acme, secret, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req := &event.Request{Body: body}
		if err := h.Sign(context.Background(), req); err != nil {
			t.Fatal(err)
		}
		d, err := h.Verify(context.Background(), req)
		if err != nil || !json.Valid(body) {
			return // a body with a broken piece in it is rejected when that is decoded
		}
		want := reference(t, body)
		if typ := text(want["type"]); d.Type != typ {
			t.Fatalf("%q: type %q, the reference has %q", body, d.Type, typ)
		}
		if id := text(want["id"]); d.ID != "" && d.ID != id {
			t.Fatalf("%q: id %q, the reference has %q", body, d.ID, id)
		}
		if string(want["data"]) == "null" {
			want["data"] = nil // null and absent are alike
		}
		if !bytes.Equal(d.Payload, want["data"]) {
			t.Fatalf("%q: payload %q, the reference has %q", body, d.Payload, want["data"])
		}
	})
}

// reference reads the members token by token and fails on a wanted name that
// is there twice.
func reference(t *testing.T, body []byte) map[string]json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(body))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		t.Fatalf("accepted %q, which is no object", body)
	}
	m := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		switch key := name.(string); key {
		case "type", "id", "data", "at":
			if _, twice := m[key]; twice {
				t.Fatalf("accepted %q, which has %s twice", body, key)
			}
			m[key] = v
		}
	}
	return m
}

// text is a string's text, or a number as it stands.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}
