package drift_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/drift"
	"github.com/atshooks/atshooks/signature"
)

type color string

const (
	red  color = "red"
	blue color = "blue"
)

// drifting has a member of each kind that drift can show in.
type drifting struct {
	ID     event.ID       `json:"id"`
	Color  color          `json:"color,omitzero"`
	Name   string         `json:"name"`
	Nick   string         `json:"nick,omitzero"`
	At     event.Time     `json:"at"`
	Inner  driftingInner  `json:"inner,omitzero"`
	List   []color        `json:"list,omitzero"`
	Fields map[string]any `json:"fields,omitzero"`
	Own    ownDecoder     `json:"own,omitzero"`
	N      int            `json:"n,omitzero"`
}

type driftingInner struct {
	Color color `json:"color,omitzero"`
}

// ownDecoder keeps what it does not know.
type ownDecoder struct {
	A     string                     `json:"a"`
	Extra map[string]json.RawMessage `json:"-"`
}

func (o *ownDecoder) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &o.Extra)
}

var provider = event.Provider{
	Name:     "acme",
	Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
	Envelope: event.Envelope{Type: []string{"type"}, Payload: []string{"data"}},
	Types:    []string{"hired"},
	Aliases:  map[string]string{"employed": "hired"},
	TypeName: strings.ToLower,
	Enums:    []any{red, blue},
	Lenient:  true,
}

// deliver sends a signed delivery with that payload to a handler whose
// callbacks are wrapped.
func deliver(t *testing.T, wrap func(event.Callback) event.Callback, payloads ...string) (statuses []int) {
	t.Helper()
	h, err := event.NewHandler(provider, "a secret", &event.Options{Wrap: wrap, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	event.On(h, "hired", func(context.Context, *drifting) error { return nil })
	h.OnOther(func(context.Context, *event.Delivery) error { return nil })
	for _, payload := range payloads {
		typ := "hired"
		if payload == "" {
			typ, payload = "fired", "{}"
		}
		r := &event.Request{Body: []byte(`{"type":"` + typ + `","data":` + payload + `}`)}
		if err := h.Sign(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, h.Handle(t.Context(), r).Status)
	}
	return statuses
}

func TestDrift(t *testing.T) {
	for _, tt := range []struct {
		name, payload string
		want          []string
	}{
		{"as modelled", `{"id":1,"color":"red","name":"x","at":"2026-11-21","inner":{"color":"blue"},"list":["red"],"fields":{"canary":{"canary":1}},"n":3}`, nil},
		{"null and absent, where they may be", `{"id":1,"color":null,"nick":null,"at":null,"inner":null,"list":null,"fields":null,"own":null}`, nil},
		{"null where a value is usual", `{"id":1,"name":null}`, []string{"member name: null where a value is usual"}},
		{"members that no field takes", `{"id":1,"new":"canary","inner":{"b":1,"a":[]}}`, []string{"member inner.a: no field takes it", "member inner.b: no field takes it", "member new: no field takes it"}},
		{"enum values without a constant", `{"id":1,"color":"canary","list":["red","canary"],"inner":{"color":"canary"}}`, []string{"member color: a value without a constant of drift_test.color", "member inner.color: a value without a constant of drift_test.color", "member list[1]: a value without a constant of drift_test.color"}},
		{"other kinds", `{"id":1,"name":5,"inner":["canary"],"list":{"canary":1},"n":"canary"}`, []string{"member inner: got an array, want an object", "member list: got an object, want an array", "member n: got a string, want a whole number of int's range", "member name: got a number, want a string"}},
		{"an id of another kind", `{"id":{"canary":1}}`, []string{"member id: got an object, want a string or a number"}},
		{"a time in a form of its own", `{"id":1,"at":"canary"}`, []string{"member at: not a time in a known form"}},
		{"a type that decodes itself", `{"id":1,"own":{"new":"canary"}}`, []string{"member own.new: no field takes it"}},
		{"names that are not fit to be shown", `{"id":1,"a\u0000":1,"` + strings.Repeat("x", 100) + `":1}`, []string{"member …: no field takes it", "member …: no field takes it"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &event.Delivery{Type: "hired", Payload: []byte(tt.payload)}
			if diff := cmp.Diff(tt.want, drift.Find(provider, d, new(drifting))); diff != "" {
				t.Errorf("drift (-want +got):\n%s", diff)
			}
			var log strings.Builder
			logger := slog.New(slog.NewTextHandler(&log, nil))
			if got := deliver(t, drift.Wrap(provider, &drift.Options{Logger: logger}), tt.payload); got[0] != 200 {
				t.Errorf("answered %d", got[0])
			}
			for _, text := range tt.want {
				if !strings.Contains(log.String(), text) {
					t.Errorf("%q is not logged: %s", text, log.String())
				}
			}
			if strings.Contains(log.String(), "canary") {
				t.Errorf("a value is logged: %s", log.String())
			}
			want := []int{200, 200}
			if tt.want != nil {
				want = []int{500, 500}
			}
			if diff := cmp.Diff(want, deliver(t, drift.Wrap(provider, &drift.Options{Strict: true}), tt.payload, tt.payload)); diff != "" {
				t.Errorf("strictly (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUnknownTypes are drift, unless an alias or a spelling leads to one that is
// known.
func TestUnknownTypes(t *testing.T) {
	for typ, want := range map[string][]string{"hired": nil, "Hired": nil, "employed": nil, "fired": {`unknown event type "fired"`}} {
		for _, payload := range []any{nil, new(event.Delivery), new(drifting)} {
			if diff := cmp.Diff(want, drift.Find(provider, &event.Delivery{Type: typ, Payload: []byte(`{"id":1}`)}, payload)); diff != "" {
				t.Errorf("%s with %T (-want +got):\n%s", typ, payload, diff)
			}
		}
	}
	var log strings.Builder
	deliver(t, drift.Wrap(provider, &drift.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}), "")
	if !strings.Contains(log.String(), "unknown event type") {
		t.Errorf("logged %q", log.String())
	}
}

// TestItIsBounded: one delivery a second is looked at, each finding is logged
// once, and a payload full of new members has a bounded report.
func TestItIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		members := make([]string, 200)
		for i := range members {
			members[i] = fmt.Sprintf(`"new%d":1`, i)
		}
		many := `{"id":1,` + strings.Join(members, ",") + "}"
		if n := len(drift.Find(provider, &event.Delivery{Type: "hired", Payload: []byte(many)}, new(drifting))); n != 32 {
			t.Errorf("found %d, want 32", n)
		}
		var log strings.Builder
		wrap := drift.Wrap(provider, &drift.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		deliver(t, wrap, `{"id":1,"a":1}`, many, many)
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d lines for three deliveries at once, want the first's", n)
		}
		time.Sleep(time.Second)
		deliver(t, wrap, many)
		time.Sleep(time.Second)
		deliver(t, wrap, many)
		if n := strings.Count(log.String(), "\n"); n != 1+32 {
			t.Errorf("%d lines, want each finding once", n)
		}
	})
}
