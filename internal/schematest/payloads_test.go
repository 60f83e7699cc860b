package schematest_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/signature"
)

// thing is the payload of a provider that is made up.
type thing struct {
	ID    event.ID `json:"id" validate:"required"`
	Email string   `json:"email,omitzero" validate:"omitempty,email"`
	State state    `json:"state,omitzero"`
	Parts []part   `json:"parts,omitzero"`
}

type part struct {
	Name string `json:"name"`
}

type state string

type handler struct{ *event.Handler }

func newHandler(p event.Provider, secret string, opts *event.Options) (*handler, error) {
	h, err := event.NewHandler(p, secret, opts)
	return &handler{h}, err
}

func (h *handler) OnThing(fn func(context.Context, *thing) error) { event.On(h, "thing", fn) }

func (h *handler) OnQuestion(fn func(context.Context, *thing) (*part, error)) {
	event.OnRespond(h, "question", fn)
}

const (
	goodSchema = `{"$comment": "made up", "$defs": {
		"thing": {"type": "object", "properties": {
			"id": {"type": "string"}, "email": {"type": "string", "format": "email"},
			"state": {"type": "string", "enum": ["on", "off"]}, "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}}}},
		"part": {"type": "object", "properties": {"name": {"type": "string"}}}}}`
	goodThing    = `{"type": "thing", "data": {"id": "1", "email": "a@example.com", "state": "on"}}`
	goodQuestion = `{"type": "question", "data": {"id": "1", "parts": [{"name": "n"}]}}`
	goodSource   = `package made; const (TypeThing = "thing"; TypeQuestion = "question"); const (on state = "on"; off state = "off")`
)

func TestPayloads(t *testing.T) {
	for _, test := range []struct {
		name     string
		old, new string // in the files
		want     []string
	}{
		{"nothing is wrong", "", "", nil},
		{"a member without a field", `"name": {`, `"label": {"type": "string"}, "name": {`,
			[]string{"part loses what its schema", "thing loses what its schema", "part and its schema differ", "thing and its schema differ", "no fixture with a thing has the member parts[].label"}},
		{"a field without a member", `"name": {"type": "string"}`, ``, []string{"part and its schema differ", "thing and its schema differ"}},
		{"a tag without a format", `, "format": "email"`, ``, []string{"thing and its schema differ"}},
		{"no schema", `"thing": {"type"`, `"thin": {"type"`, []string{"there is no schema for thing: add it to"}},
		{"a schema of nothing", `"part": {`, `"port": {"type": "object"}, "part": {`, []string{"has a schema for port, which no payload has"}},
		{"a reference to nothing", `$defs/part`, `$defs/port`, []string{"there is no schema #/$defs/port"}},
		{"a fixture without a member", `, "state": "on"`, ``, []string{"no fixture with a thing has the member state"}},
		{"a fixture with a member too many", `"id": "1", "parts"`, `"id": "1", "more": 1, "parts"`, []string{"the fixture of question has what thing does not model"}},
		{"a fixture that is not valid", `a@example.com`, `nobody`, []string{"the fixture of thing is not valid"}},
		{"a fixture that does not decode", `[{"name": "n"}]`, `"n"`, []string{"the fixture of question does not decode into a thing", "the fixture of question has what", "no fixture with a thing has the member parts[].name"}},
		{"a fixture that is not JSON", `{"id": "1", "email"`, `{"id" "1", "email"`, []string{"the fixture of thing is not JSON"}},
		{"a value without a constant", `["on", "off"]`, `["on", "off", "odd"]`, []string{"and the constants of events.go differ"}},
		{"a constant that is not listed", `off state = "off"`, `off state = "off"; odd state = "odd"`, []string{"enums lacks constants", "and the constants of events.go differ"}},
		{"a type that is not listed", `TypeThing = "thing"`, `TypeThing = "thing"; TypeOther = "other"`, []string{"Provider().Types lacks event types"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := func(s string) string { return strings.Replace(s, test.old, test.new, 1) }
			t.Chdir(t.TempDir())
			for name, s := range map[string]string{schematest.File: goodSchema, "events.go": goodSource} {
				_ = os.Mkdir("testdata", 0o700)
				if err := os.WriteFile(name, []byte(text(s)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p := schematest.Of(eventtest.Vendor{
				Provider: event.Provider{
					Name: "made", Scheme: signature.HMAC{Header: "Signature"},
					Envelope: event.Envelope{Type: []string{"type"}, Payload: []string{"data"}},
					Types:    []string{"thing", "question"}, Enums: []any{state("on"), state("off")},
				},
				Fixtures: fstest.MapFS{"testdata/thing.json": {Data: []byte(text(goodThing))}, "testdata/question.json": {Data: []byte(text(goodQuestion))}},
				Events:   []eventtest.Event{eventtest.Of[thing]("thing"), eventtest.Of[thing]("question")},
			}, newHandler)
			said := failures(t, func(t testing.TB) { p.LoseNothing(t) }, p.ModelNoMore, p.FixturesComplete, p.EnumsComplete)
			for _, want := range test.want {
				if !strings.Contains(said, want) {
					t.Errorf("nothing says %q", want)
				}
			}
			if (said == "") != (test.want == nil) || t.Failed() {
				t.Errorf("the tests say:\n%s", said)
			}
		})
	}
}

func TestSamples(t *testing.T) {
	v := eventtest.Vendor{
		Provider: event.Provider{Name: "made", Envelope: event.Envelope{Payload: []string{"data"}}},
		Fixtures: fstest.MapFS{"testdata/thing.json": {Data: []byte(goodThing)}},
		Events:   []eventtest.Event{eventtest.Of[thing]("thing")},
	}
	fresh := func() *thing { return eventtest.Sample[thing](v, "thing") }
	same := fresh()
	for want, samples := range map[string]map[string]any{
		"":                             {"thing": fresh},
		"thing has no sample":          {},
		"two samples of thing are one": {"thing": func() *thing { return same }},
		"the sample of thing is not":   {"thing": func() *thing { return new(thing) }},
		"there is a sample of other":   {"thing": fresh, "other": fresh},
	} {
		said := failures(t, func(t testing.TB) { schematest.Samples(t, v, samples) })
		if !strings.Contains(said, want) || (said == "") != (want == "") {
			t.Errorf("want %q, the test says %q", want, said)
		}
	}
}

// failures is what tests say.
func failures(t *testing.T, tests ...func(testing.TB)) string {
	r := &recorder{TB: t}
	for _, test := range tests {
		done := make(chan struct{})
		go func() { defer close(done); test(r) }()
		<-done
	}
	return r.said.String()
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	said strings.Builder
}

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(&r.said, format+"\n", args...) }

func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }
