package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/validate"
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
	Date    event.Time        `json:"date"`
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
	for _, mode := range []func(any) error{nil, validate.Struct} {
		for _, name := range names {
			for _, value := range canaries {
				for _, form := range []string{value, `[` + value + `]`, `{"canary-4711":` + value + `}`, `{"canary-4711":[` + value + `]`} {
					body := `{"id":"ev-1","type":"x","data":{"text":"x","` + name + `":` + form + `}}`
					if name == "text" {
						body = `{"id":"ev-1","type":"x","data":{"text":` + form + `}}`
					}
					b := newBench(t, acme, event.Options{Validate: mode})
					event.On(b.Handler, "x", func(context.Context, *everything) error { return nil })
					b.OnInvalid(func(_ context.Context, _ *event.Delivery, err error) error { return err })
					req := &event.Request{Body: []byte(body)}
					if err := b.Sign(t.Context(), req); err != nil {
						t.Fatal(err)
					}
					resp := b.Handle(t.Context(), req)
					kinds[b.last().Kind]++
					text := string(resp.Body) + b.log()
					if resp.Err != nil {
						text += resp.Err.Error()
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
	if kinds[event.KindHandled] == 0 || kinds[event.KindFailed] == 0 {
		t.Errorf("the canary met only %v", kinds)
	}
}

func TestDecodeErrorsSayWhereAndWhatCame(t *testing.T) {
	for _, tt := range []struct{ name, payload, want string }{
		{"a number for a string", `{"text":1}`, "member text: got a number, want a string"},
		{"a string deep inside", `{"text":"x","nested":{"email":1}}`, "member nested.email: got a number, want a string"},
		{"inside a list", `{"text":"x","nesteds":[{"email":true}]}`, "member nesteds[0].email: got true or false, want a string"},
		{"a list for an object", `{"text":"x","nested":[]}`, "member nested: got an array, want an object"},
		{"an object for an id", `{"text":"x","id":{}}`, "member id: got an object, want a string or a number"},
		{"a number out of range", `{"text":"x","small":1000}`, "member small: got a number, want a whole number of int8's range"},
		{"the payload itself", `[]`, "got an array, want an object"},
		{"malformed", `{"text":"x",}`, "malformed JSON"},
		{"a time of package time", `{"text":"x","time":"tomorrow"}`, "member time: got a string, want a time"},
		{"a required member", `{}`, "member text is missing"},
		{"an empty required member", `{"text":""}`, "member text is missing"},
		{"null", `null`, "absent or null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, acme, event.Options{})
			event.On(b, "x", func(context.Context, *everything) error { return nil })
			send(b, signed(t, acme, secret, `{"type":"x","data":`+tt.payload+`}`))
			if err := b.last().Err; err == nil || !strings.Contains(err.Error(), "the payload cannot be decoded: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestPayloadThatMayBeAbsent: for the event types that say so.
func TestPayloadThatMayBeAbsent(t *testing.T) {
	p := acme
	p.OptionalPayload = []string{"ping"}
	for _, tt := range []struct {
		body string
		want event.Kind
	}{
		{`{"type":"ping"}`, event.KindHandled},
		{`{"type":"ping","data":null}`, event.KindHandled},
		{`{"type":"ping","data":{"n":1}}`, event.KindHandled},
		{`{"type":"pong"}`, event.KindUndecodable},
		{`{"type":"pong","data":null}`, event.KindUndecodable},
		{`{"type":"pong","data":{}}`, event.KindHandled},
	} {
		b := newBench(t, p, event.Options{})
		for _, typ := range []string{"ping", "pong"} {
			event.On(b, typ, func(context.Context, *struct{ N int }) error { return nil })
		}
		if send(b, signed(t, p, secret, tt.body)); b.last().Kind != tt.want {
			t.Errorf("%s: %s, want %s (%v)", tt.body, b.last().Kind, tt.want, b.last().Err)
		}
	}
}

// TestLenientProvider: a member that does not fit stays zero and is named, and
// everything else is there.
func TestLenientProvider(t *testing.T) {
	lenient := acme
	lenient.Lenient = true
	const rest = `"text":"x","float":1.5`
	for _, tt := range []struct{ name, member, warning string }{
		{"nothing odd", `"number":3`, ""},
		{"a number for a string", `"nested":{"email":5,"phone":"1"}`, "member nested.email: got a number, want a string"},
		{"a list for an object", `"nested":["canary"]`, "member nested: got an array, want an object"},
		{"an object for a list", `"list":{"canary":1}`, "member list: got an object, want an array"},
		{"in an element of a list", `"nesteds":[{"email":"a"},{"email":["canary"]}]`, "member nesteds[1].email: got an array, want a string"},
		{"an object for an id", `"id":{"canary":1}`, "member id: got an object, want a string or a number"},
		{"a time of package time", `"time":"canary"`, "member time: got a string, want"},
		{"under a name of the sender's", `"map":{"canary":"canary"}`, "member map: got an object"},
		{"several", `"number":"canary","bool":"canary"`, "member bool: got a string, want true or false; member number: got a string, want a whole number"},
		{"a type with its own decoder", `"own":"canary"`, "member own: got a string"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, lenient, event.Options{})
			var got everything
			event.On(b, "x", func(_ context.Context, e *everything) error { got = *e; return nil })
			for _, body := range []string{`{"type":"x","data":{` + rest + `,` + tt.member + `}}`, `{"data":{` + tt.member + `,` + rest + `},"type":"x"}`} {
				got = everything{}
				if w := send(b, signed(t, lenient, secret, body)); w.Code != 200 || got.Text != "x" || got.Float != 1.5 {
					t.Fatalf("answered %d, %+v (%v)", w.Code, got, b.last().Err)
				}
				warning := fmt.Sprint(b.last().Warning)
				if tt.warning == "" && b.last().Warning != nil || !strings.Contains(warning, tt.warning) || strings.Contains(warning, "canary") {
					t.Errorf("warned of %s, want %q", warning, tt.warning)
				}
				if strings.Contains(b.log(), "canary") {
					t.Errorf("logged %s", b.log())
				}
			}
		})
	}
	b := newBench(t, lenient, event.Options{})
	event.On(b, "x", func(context.Context, *everything) error { return nil })
	for name, data := range map[string]string{"a required member of another kind": `{"text":1}`, "another kind as a whole": `[]`, "a text as a whole": `"canary"`, "malformed": `{"text":"x","number":}`} {
		if send(b, signed(t, lenient, secret, `{"type":"x","data":`+data+`}`)); b.last().Kind != event.KindUndecodable {
			t.Errorf("%s: %s", name, b.last().Kind)
		}
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
		none, def, all bool // whether the callback runs with no check, the default one, and all tags
	}{
		{"all there", `{"id":"1","email":"a@example.com","inner":{"n":1}}`, true, true, true},
		{"no email", `{"id":"1","inner":{"n":1}}`, true, true, true},
		{"a bad email", `{"id":"1","email":"canary","inner":{"n":1}}`, true, true, false},
		{"no id", `{"inner":{"n":1}}`, true, false, false},
		{"no inner id", `{"id":"1"}`, true, false, false},
		{"a bad email under a name", `{"id":"1","inner":{"n":1},"by":{"canary":{"email":"x","phone":"1"}}}`, true, true, false},
	} {
		for mode, want := range []bool{tt.none, tt.def, tt.all} {
			check := []func(any) error{func(any) error { return nil }, nil, validate.Struct}[mode]
			b := newBench(t, acme, event.Options{Validate: check})
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
	b := newBench(t, acme, event.Options{Validate: validate.Struct})
	event.On(b.Handler, "map", func(context.Context, *map[string]any) error { return nil })
	if w := send(b, signed(t, acme, secret, `{"type":"map","data":{}}`)); w.Code != 200 {
		t.Errorf("a payload that is no struct: answered %d", w.Code)
	}
}

func TestIDAndTime(t *testing.T) {
	type pair struct {
		ID event.ID   `json:"id"`
		At event.Time `json:"at"`
	}
	day := func(raw string) event.Time {
		return event.Time{Time: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Raw: raw}
	}
	for _, tt := range []struct {
		in   string
		want pair
		out  string // "" is in
	}{
		{`{"id":"a1","at":"2026-11-21"}`, pair{"a1", day(`"2026-11-21"`)}, ""},
		{`{"id":"a1","at":1795219200}`, pair{"a1", day("1795219200")}, ""},
		{`{"id":"a1","at":"\u0032026-11-21"}`, pair{"a1", day(`"\u0032026-11-21"`)}, ""},
		{`{"id":"a1","at":"soon"}`, pair{"a1", event.Time{Raw: `"soon"`}}, ""},
		{`{"id":"a1","at":[{"x":1}]}`, pair{"a1", event.Time{Raw: `[{"x":1}]`}}, ""},
		{`{"id":"\u0061\"","at":null}`, pair{ID: `a"`}, `{"id":"a\"","at":null}`},
		{`{"id":42}`, pair{ID: "42"}, `{"id":"42","at":null}`},
		{`{"id":-4.5e3}`, pair{ID: "-4.5e3"}, `{"id":"-4.5e3","at":null}`},
		{`{"id":null}`, pair{}, `{"id":null,"at":null}`},
		{`{}`, pair{}, `{"id":null,"at":null}`},
	} {
		got := pair{"before", event.Time{Raw: "before"}}
		if strings.Contains(tt.in, "null") || !strings.Contains(tt.in, `"at"`) {
			got = pair{}
		}
		if err := json.Unmarshal([]byte(tt.in), &got); err != nil {
			t.Errorf("%s: %v", tt.in, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
		if tt.out == "" {
			tt.out = tt.in
		}
		if b, err := json.Marshal(got); err != nil || string(b) != tt.out {
			t.Errorf("%s encodes as %s (%v), want %s", tt.in, b, err, tt.out)
		}
	}
	for _, in := range []string{`{"id":true}`, `{"id":{}}`, `{"id":[]}`} {
		if err := json.Unmarshal([]byte(in), new(pair)); err == nil {
			t.Errorf("%s decodes", in)
		}
	}
}

func TestTime(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-21":                   "2026-11-21T00:00:00Z",
		"2026-11-21T10:00:00Z":         "2026-11-21T10:00:00Z",
		"2026-11-21T10:00:00.25+01:00": "2026-11-21T09:00:00.25Z",
		"2026-11-21T10:00:00+0100":     "2026-11-21T09:00:00Z",
		"2026-11-21T10:00:00":          "2026-11-21T10:00:00Z",
		"2026-11-21 10:00:00":          "2026-11-21T10:00:00Z",
		"2026-11-21 10:00:00 +0100":    "2026-11-21T09:00:00Z",
		"1767225600":                   "2026-01-01T00:00:00Z",
		"1767225600123":                "2026-01-01T00:00:00.123Z",
		"":                             "",
		"0":                            "",
		"-5":                           "",
		"21/11/2026":                   "",
		"9223372036854775807":          "",
		"2026-11-21T10:00:00Z; DROP":   "",
		strings.Repeat("1", 100):       "",
	} {
		var got event.Time
		if err := json.Unmarshal([]byte(`"`+in+`"`), &got); err != nil {
			t.Fatal(err)
		}
		if want == "" {
			if !got.IsZero() || got.String() != in || got.Text() != in {
				t.Errorf("%q is the time %v, prints as %q", in, got.Time, got)
			}
			continue
		}
		if got.IsZero() || got.Location() != time.UTC || got.Format(time.RFC3339Nano) != want || got.String() != in || got.Text() != in {
			t.Errorf("%q is the time %v, prints as %q, want %q", in, got.Time, got, want)
		}
	}
	for want, at := range map[string]event.Time{"2026-01-01T00:00:00Z": {Time: time.Unix(1767225600, 0).UTC(), Raw: "1767225600"}, "2026-01-01T00:00:01Z": {Time: time.Unix(1767225601, 0).UTC(), Raw: `"2026-01-01"`}} {
		if got := at.String(); got != want {
			t.Errorf("%s prints as %q, want %q", at.Raw, got, want)
		}
	}
}

// TestTimeOfOddRaw: Raw is exported, and anyone can set it.
func TestTimeOfOddRaw(t *testing.T) {
	for raw, want := range map[string]string{`"`: `"`, `""`: ``, `"\`: ``, `x`: `x`, ``: ``} {
		at := event.Time{Raw: raw}
		if got := at.Text(); got != want || at.String() != want {
			t.Errorf("the text of %q is %q, and it prints as %q; want %q", raw, got, at, want)
		}
	}
}

// TestTimeThatWasChangedEncodesAsChanged: for samples that a test changes.
func TestTimeThatWasChangedEncodesAsChanged(t *testing.T) {
	var at event.Time
	if err := json.Unmarshal([]byte(`"2026-11-21T10:00:00+0100"`), &at); err != nil {
		t.Fatal(err)
	}
	at.Time = at.Add(time.Hour)
	for want, at := range map[string]event.Time{`"2026-11-21T10:00:00Z"`: at, `"2026-01-02T00:00:00Z"`: {Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}} {
		if b, err := json.Marshal(at); err != nil || string(b) != want {
			t.Errorf("got %s, %v; want %s", b, err, want)
		}
	}
}
