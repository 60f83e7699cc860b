package event_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
)

// everything has a member of each kind whose decoder quotes its input.
type everything struct {
	Text    string            `json:"text" validate:"required"`
	Number  int               `json:"number"`
	Small   int8              `json:"small"`
	Float   float64           `json:"float"`
	Bool    bool              `json:"bool"`
	Time    time.Time         `json:"time"`
	Raw     json.RawMessage   `json:"raw"`
	Map     map[string]int    `json:"map"`
	Keys    map[int]string    `json:"keys"`
	List    []string          `json:"list"`
	ID      event.ID          `json:"id"`
	Date    event.Date        `json:"date"`
	Own     touchy            `json:"own"`
	Nested  *nested           `json:"nested"`
	Nesteds []nested          `json:"nesteds"`
	Labels  map[string]nested `json:"labels"`
}

type nested struct {
	Email string `json:"email" validate:"omitempty,email"`
	Phone string `json:"phone" validate:"required"`
}

// touchy decodes nothing and quotes all.
type touchy struct{}

func (*touchy) UnmarshalJSON(b []byte) error { return errors.New("touchy about " + string(b)) }

// TestErrorsHoldNothingOfThePayload plants a canary in every member, as a
// string, a number, a date and a name.
func TestErrorsHoldNothingOfThePayload(t *testing.T) {
	canaries := []string{`"canary-4711"`, `4711471147114711471147`, `"4711-11-47"`, `{"canary-4711":"canary-4711"}`, `["canary-4711"]`, `{"email":"canary-4711","phone":4711471147114711471147}`, `{"email":4711,"phone":"x"}`}
	names := []string{"text", "number", "small", "float", "bool", "time", "raw", "map", "keys", "list", "id", "date", "own", "nested", "nesteds", "labels", "unknown"}
	kinds := map[event.Kind]int{}
	for _, mode := range []event.Validation{event.ValidateRequired, event.ValidateNone, event.ValidateAll} {
		for _, name := range names {
			for _, value := range canaries {
				for _, form := range []string{value, `[` + value + `]`, `{"canary-4711":` + value + `}`, `{"canary-4711":[` + value + `]`} {
					body := `{"id":"ev-1","type":"x","data":{"text":"x","` + name + `":` + form + `}}`
					if name == "text" {
						body = `{"id":"ev-1","type":"x","data":{"text":` + form + `}}`
					}
					b := newBench(t, acme, event.Options{Validation: mode})
					event.On(b.Handler, "x", func(context.Context, *everything) error { return nil })
					b.OnInvalid(func(_ context.Context, _ *event.Delivery, err error) error { return err })
					req := &event.Request{Body: []byte(body)}
					if err := b.Sign(t.Context(), req); err != nil {
						t.Fatal(err)
					}
					reply := b.Handle(t.Context(), req)
					kinds[b.last().Kind]++
					text := string(reply.Body) + b.log()
					if reply.Err != nil {
						text += reply.Err.Error()
					}
					for _, leak := range []string{"canary-4711", "47114711", "4711-11-47", secret, req.Header.Get("X-Acme-Signature")} {
						if strings.Contains(text, leak) {
							t.Fatalf("%s in %s: %q in %s", value, name, leak, text)
						}
					}
				}
			}
		}
	}
	if kinds[event.Handled] == 0 || kinds[event.Failed] == 0 {
		t.Errorf("the canary met only %v", kinds)
	}
}

func TestDecodeErrorsSayWhere(t *testing.T) {
	for _, tt := range []struct{ name, payload, want string }{
		{"a number for a string", `{"text":1}`, "member text"},
		{"a string deep inside", `{"text":"x","nested":{"email":1}}`, "member nested.email"},
		{"inside a list", `{"text":"x","nesteds":[{"email":1}]}`, "member nesteds"},
		{"the payload itself", `[]`, "everything"},
		{"malformed", `{"text":"x",}`, "malformed JSON"},
		{"a time", `{"text":"x","time":"tomorrow"}`, "does not decode|not RFC 3339"},
		{"a required member", `{}`, "member text is missing"},
		{"an empty required member", `{"text":""}`, "member text is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, acme, event.Options{})
			event.On(b.Handler, "x", func(context.Context, *everything) error { return nil })
			send(b, signed(t, acme, secret, `{"type":"x","data":`+tt.payload+`}`))
			err := b.last().Err
			for _, want := range strings.Split(tt.want, "|") {
				if err != nil && strings.Contains(err.Error(), want) {
					return
				}
			}
			t.Errorf("got %v, want %q", err, tt.want)
		})
	}
}

func TestValidation(t *testing.T) {
	type payload struct {
		ID    string  `json:"id" validate:"required"`
		Email *string `json:"email" validate:"omitempty,email"`
		Inner struct {
			N int `json:"n" validate:"required"`
		} `json:"inner"`
		By map[string]nested `json:"by" validate:"dive"`
		x  int
	}
	for _, tt := range []struct {
		name, payload  string
		none, def, all bool // whether the callback runs
	}{
		{"all there", `{"id":"1","email":"a@example.com","inner":{"n":1}}`, true, true, true},
		{"no email", `{"id":"1","inner":{"n":1}}`, true, true, true},
		{"a bad email", `{"id":"1","email":"canary","inner":{"n":1}}`, true, true, false},
		{"no id", `{"inner":{"n":1}}`, true, false, false},
		{"no inner id", `{"id":"1"}`, true, false, false},
		{"a bad email under a name", `{"id":"1","inner":{"n":1},"by":{"canary":{"email":"x","phone":"1"}}}`, true, true, false},
		{"null", `null`, true, false, false},
	} {
		for mode, want := range map[event.Validation]bool{event.ValidateNone: tt.none, event.ValidateRequired: tt.def, event.ValidateAll: tt.all} {
			b := newBench(t, acme, event.Options{Validation: mode})
			ran := false
			event.On(b.Handler, "x", func(_ context.Context, p *payload) error { ran = true; p.x++; return nil })
			send(b, signed(t, acme, secret, `{"type":"x","data":`+tt.payload+`}`))
			if ran != want {
				t.Errorf("%s, mode %d: the callback ran: %v, want %v (%v)", tt.name, mode, ran, want, b.last().Err)
			}
			if err := b.last().Err; err != nil && (strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "member")) {
				t.Errorf("%s, mode %d: %v", tt.name, mode, err)
			}
		}
	}
	b := newBench(t, acme, event.Options{Validation: event.ValidateAll})
	event.On(b.Handler, "map", func(context.Context, *map[string]any) error { return nil })
	if w := send(b, signed(t, acme, secret, `{"type":"map","data":{}}`)); w.Code != 200 {
		t.Errorf("a payload that is no struct: answered %d", w.Code)
	}
}

func TestMistakeInATagPanicsAtTheWiring(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	b := newBench(t, acme, event.Options{Validation: event.ValidateAll})
	event.On(b.Handler, "x", func(context.Context, *struct {
		A string `validate:"no-such-rule"`
	}) error {
		return nil
	})
}

type stampedPayload struct {
	At time.Time `json:"-"`
}

func (s *stampedPayload) Stamp(d *event.Delivery) { s.At = d.ReceivedAt }

func TestPayloadThatWantsItsDelivery(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	var at, received time.Time
	event.On(b.Handler, "x", func(ctx context.Context, p *stampedPayload) error {
		d, _ := event.FromContext(ctx)
		at, received = p.At, d.ReceivedAt
		return nil
	})
	send(b, signed(t, acme, secret, `{"type":"x","data":{}}`))
	if at.IsZero() || !at.Equal(received) {
		t.Errorf("stamped with %v, received at %v", at, received)
	}
}

func TestIDAndDate(t *testing.T) {
	type pair struct {
		ID   event.ID   `json:"id"`
		Date event.Date `json:"date"`
	}
	for _, tt := range []struct {
		in   string
		want pair
		ok   bool
	}{
		{`{"id":"a1","date":"2026-11-21"}`, pair{"a1", "2026-11-21"}, true},
		{`{"id":42,"date":1767225600}`, pair{"42", "1767225600"}, true},
		{`{"id":-4.5e3}`, pair{"-4.5e3", ""}, true},
		{`{"id":null,"date":null}`, pair{}, true},
		{`{"id":"\u0061\"","date":"soon"}`, pair{`a"`, "soon"}, true},
		{`{}`, pair{}, true},
		{`{"id":true}`, pair{}, false},
		{`{"id":{}}`, pair{}, false},
		{`{"date":[]}`, pair{}, false},
	} {
		var got pair
		err := json.Unmarshal([]byte(tt.in), &got)
		if (err == nil) != tt.ok || tt.ok && got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", tt.in, got, err, tt.want)
		}
		if !tt.ok {
			continue
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again pair
		if err := json.Unmarshal(b, &again); err != nil || again != got {
			t.Errorf("%s encodes as %s", tt.in, b)
		}
	}
}

func TestDateTime(t *testing.T) {
	utc := func(s string) time.Time {
		tm, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return tm.UTC()
	}
	for in, want := range map[event.Date]time.Time{
		"2026-11-21":                   utc("2026-11-21T00:00:00Z"),
		"2026-11-21T10:00:00Z":         utc("2026-11-21T10:00:00Z"),
		"2026-11-21T10:00:00.25+01:00": utc("2026-11-21T09:00:00.25Z"),
		"2026-11-21T10:00:00+0100":     utc("2026-11-21T09:00:00Z"),
		"2026-11-21T10:00:00":          utc("2026-11-21T10:00:00Z"),
		"2026-11-21 10:00:00":          utc("2026-11-21T10:00:00Z"),
		"2026-11-21 10:00:00 +0100":    utc("2026-11-21T09:00:00Z"),
		"1767225600":                   utc("2026-01-01T00:00:00Z"),
		"1767225600123":                utc("2026-01-01T00:00:00.123Z"),
		"":                             {},
		"0":                            {},
		"-5":                           {},
		"21/11/2026":                   {},
		"9223372036854775807":          {},
		"2026-11-21T10:00:00Z; DROP":   {},
		event.Date(bytes.Repeat([]byte("1"), 100)): {},
	} {
		got, ok := in.Time()
		if diff := cmp.Diff(want, got); diff != "" || ok == want.IsZero() {
			t.Errorf("%q: %v (-want +got):\n%s", in, ok, diff)
		}
	}
}
