package schematest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/drift"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/validate"
)

// File has the schemas of a provider's payloads, under $defs by the names of
// their Go types. Other types within the payloads may have one too. A $comment
// says where the facts are from.
const File = "testdata/webhooks.schema.json"

// Payloads are the payload types of a provider, to be held against [File] in the
// folder of the test.
type Payloads struct {
	vendor     eventtest.Vendor
	newHandler func() (Handler, error)
}

// Handler is the handler of a provider package.
type Handler interface{ Types() []string }

// Of returns the payload types of a provider: what the callbacks get that the
// handler's methods On… register.
func Of[H Handler](v eventtest.Vendor, newHandler func(event.Provider, string, *event.Options) (H, error)) *Payloads {
	return &Payloads{v, func() (Handler, error) { return newHandler(v.Provider, "a secret", nil) }}
}

// OnAll registers a callback for every event of h, by its methods On…, and
// returns the payload types by event type. The callbacks call fn, which may be
// nil, and respond with the zero value.
func OnAll(h Handler, fn func(typ string, payload any) error) map[string]reflect.Type {
	payloads := map[string]reflect.Type{}
	for i := range reflect.TypeOf(h).NumMethod() {
		name := reflect.TypeOf(h).Method(i).Name
		if !strings.HasPrefix(name, "On") || name == "OnOther" || name == "OnInvalid" {
			continue
		}
		before, typ := h.Types(), ""
		on := reflect.ValueOf(h).Method(i)
		callback := on.Type().In(0)
		on.Call([]reflect.Value{reflect.MakeFunc(callback, func(args []reflect.Value) []reflect.Value {
			var err error
			if fn != nil {
				err = fn(typ, args[1].Interface())
			}
			results := []reflect.Value{reflect.ValueOf(&err).Elem()}
			if callback.NumOut() == 2 {
				results = slices.Insert(results, 0, reflect.Zero(callback.Out(0)))
			}
			return results
		})})
		typ = slices.DeleteFunc(h.Types(), func(other string) bool { return slices.Contains(before, other) })[0]
		payloads[typ] = callback.In(1).Elem()
	}
	return payloads
}

// set is a provider's payload types with their schemas.
type set struct {
	payloads map[string]reflect.Type // by event type
	types    map[string]reflect.Type // those that have a schema, by name
	schemas  map[string]*Schema      // by the name of the type
}

// load reads the schemas. Each payload must have one, and each must be of a type
// that is in a payload.
func (p *Payloads) load(t testing.TB) *set {
	t.Helper()
	h, err := p.newHandler()
	if err != nil {
		t.Fatal(err)
	}
	s := &set{payloads: OnAll(h, nil), types: map[string]reflect.Type{}}
	b, err := os.ReadFile(File)
	if err != nil {
		t.Fatal(err)
	}
	if s.schemas, err = read(b); err != nil {
		t.Fatalf("%s: %v", File, err)
	}
	for _, payload := range s.payloads {
		if s.schemas[payload.Name()] == nil {
			t.Fatalf("there is no schema for %s: add it to $defs in %s", payload.Name(), File)
		}
		typesIn(payload, s.types)
	}
	for name := range s.schemas {
		if s.types[name] == nil {
			t.Fatalf("%s has a schema for %s, which no payload has: remove it, or name it as the type", File, name)
		}
	}
	maps.DeleteFunc(s.types, func(name string, _ reflect.Type) bool { return s.schemas[name] == nil })
	return s
}

// read reads schemas and puts what they refer to in its place.
func read(b []byte) (map[string]*Schema, error) {
	var file struct {
		Defs map[string]*Schema `json:"$defs"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	for name, s := range file.Defs {
		if err := s.resolve(file.Defs); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return file.Defs, nil
}

func (s *Schema) resolve(defs map[string]*Schema) error {
	for s.Ref != "" {
		other := defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
		if other == nil || other == s {
			return fmt.Errorf("there is no schema %s", s.Ref)
		}
		*s = *other
	}
	within := append(slices.Collect(maps.Values(s.Properties)), s.AnyOf...)
	if s.Items != nil {
		within = append(within, s.Items)
	}
	for _, part := range within {
		if err := part.resolve(defs); err != nil {
			return err
		}
	}
	return nil
}

// typesIn adds the named types that a value of type t is made of to types.
func typesIn(t reflect.Type, types map[string]reflect.Type) {
	if t.Kind() == reflect.Slice {
		typesIn(t.Elem(), types)
	}
	if t.Name() == "" || types[t.Name()] != nil {
		return
	}
	types[t.Name()] = t
	if t.Kind() == reflect.Struct {
		for f := range t.Fields() {
			typesIn(f.Type, types)
		}
	}
}

// Schema returns the schema of a type.
func (p *Payloads) Schema(t testing.TB, name string) *Schema {
	t.Helper()
	s := p.load(t).schemas[name]
	if s == nil {
		t.Fatalf("there is no schema for %s: add it to $defs in %s", name, File)
	}
	return s
}

// LoseNothing checks that the types that have a schema lose nothing that it has,
// those apart that are named in except.
func (p *Payloads) LoseNothing(t testing.TB, except ...string) {
	t.Helper()
	s := p.load(t)
	for _, name := range slices.Sorted(maps.Keys(s.types)) {
		if slices.Contains(except, name) {
			continue
		}
		if lost := Lost(s.schemas[name], reflect.Zero(s.types[name]).Interface()); lost != nil {
			t.Errorf("%s loses what its schema in %s has: give it the field, or correct the field's tag\n%s", name, File, strings.Join(lost, "\n"))
		}
	}
}

// ModelNoMore checks that the types that have a schema have its members and no
// others, and that those are tagged for package validate that have to be e-mail
// addresses or URLs.
func (p *Payloads) ModelNoMore(t testing.TB) {
	t.Helper()
	s := p.load(t)
	for _, name := range slices.Sorted(maps.Keys(s.types)) {
		if diff := cmp.Diff(s.schemas[name].Members(), MembersOf(s.types[name])); diff != "" {
			t.Errorf("%s and its schema differ: change its fields and their validate tags, or %s (-schema +type)\n%s", name, File, diff)
		}
	}
}

// FixturesComplete checks that every member of a payload is in a fixture of one
// of its events, since the conformance test tries no others, and that fixtures
// have nothing that is not modelled and pass package validate.
func (p *Payloads) FixturesComplete(t testing.TB) {
	t.Helper()
	s := p.load(t)
	in := map[reflect.Type][]string{}
	for _, typ := range p.vendor.Types() {
		whole := body(t, p.vendor, typ)
		payload := s.payloads[typ]
		if payload == nil {
			t.Fatalf("no method On… registers callbacks for %s, which is in Vendor.Events: add the method", typ)
		}
		d := &event.Delivery{Type: typ, Body: whole, Payload: p.vendor.Payload(whole)}
		value, err := parse(d.Payload)
		if err != nil {
			t.Fatalf("the fixture of %s is not JSON: %v", typ, err)
		}
		in[payload] = append(in[payload], MembersIn(value)...)
		decoded := reflect.New(payload).Interface()
		if err := json.Unmarshal(d.Payload, decoded); err != nil {
			t.Errorf("the fixture of %s does not decode into a %s: %v", typ, payload.Name(), err)
		}
		if err := validate.Struct(decoded); err != nil {
			t.Errorf("the fixture of %s is not valid: %v", typ, err)
		}
		if found := drift.Find(p.vendor.Provider, d, decoded); len(found) > 0 {
			t.Errorf("the fixture of %s has what %s does not model: change one of them\n%s", typ, payload.Name(), strings.Join(found, "\n"))
		}
	}
	for payload, members := range in {
		for _, member := range slices.Sorted(maps.Keys(s.schemas[payload.Name()].Members())) {
			if !slices.Contains(members, member) {
				t.Errorf("no fixture with a %s has the member %s: add it to one of them", payload.Name(), member)
			}
		}
	}
}

// body is the fixture of a type.
func body(t testing.TB, v eventtest.Vendor, typ string) []byte {
	t.Helper()
	file := path.Join("testdata", strings.ReplaceAll(typ, ":", "-")+".json")
	if _, err := fs.Stat(v.Fixtures, file); errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s has no fixture: add %s to the folder of %stest", typ, file, v.Provider.Name)
	}
	return v.Body(typ)
}

// EnumsComplete checks that events.go has a constant for every value that an enum
// has in the schemas and for no other, and that the provider lists these constants
// and those of the event types.
func (p *Payloads) EnumsComplete(t testing.TB) {
	t.Helper()
	s := p.load(t)
	known := map[string][]string{}
	for _, payload := range s.payloads {
		s.schemas[payload.Name()].Enums(payload, known)
	}
	declared, err := Constants("events.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(declared[""], p.vendor.Provider.Types); diff != "" {
		t.Errorf("Provider().Types lacks event types of events.go, or has others, or another order (-events.go +Types)\n%s", diff)
	}
	delete(declared, "")
	listed := map[string][]string{}
	for _, v := range p.vendor.Provider.Enums {
		name := reflect.TypeOf(v).Name()
		listed[name] = append(listed[name], reflect.ValueOf(v).String())
	}
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("enums lacks constants of events.go, or has others, or another order (-events.go +enums)\n%s", diff)
	}
	for _, values := range []map[string][]string{known, declared} {
		for name := range values {
			slices.Sort(values[name])
			values[name] = slices.Compact(values[name])
		}
	}
	if diff := cmp.Diff(known, declared); diff != "" {
		t.Errorf("%s and the constants of events.go differ: add what one of them lacks (-schemas +constants)\n%s", File, diff)
	}
}

// Fuzz checks that no input makes a payload panic, and that what decodes encodes
// again without losing a member. The seeds are those given and the fixtures.
func (p *Payloads) Fuzz(f *testing.F, seeds ...string) {
	s := p.load(f)
	for _, typ := range p.vendor.Types() {
		whole := body(f, p.vendor, typ)
		f.Add(whole)
		f.Add(p.vendor.Payload(whole))
	}
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	names := slices.Sorted(maps.Keys(s.types))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range names {
			first, second := reflect.New(s.types[name]).Interface(), reflect.New(s.types[name]).Interface()
			if json.Unmarshal(data, first) != nil {
				continue
			}
			encoded, err := json.Marshal(first)
			if err != nil {
				t.Fatalf("%s decodes, but does not encode: %v", name, err)
			}
			if err := json.Unmarshal(encoded, second); err != nil {
				t.Fatalf("%s encodes as %s, which does not decode: %v", name, encoded, err)
			}
			// Names that are not UTF-8 are kept, and cannot be encoded.
			if diff := cmp.Diff(first, second, sameJSON); diff != "" && utf8.Valid(data) {
				t.Errorf("%s encodes as %s, which decodes to something else (-first +second)\n%s", name, encoded, diff)
			}
			if v, ok := first.(slog.LogValuer); ok {
				v.LogValue()
			}
		}
	})
}

// sameJSON compares JSON by what it says: encoding brings it into one form.
var sameJSON = cmp.Options{
	cmp.FilterValues(func(a, b map[string]json.RawMessage) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
	cmp.Transformer("JSON", func(b json.RawMessage) any { return valueOf(b) }),
	cmp.Transformer("Time", func(at event.Time) any { return valueOf([]byte(at.Raw)) }),
}

func valueOf(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return []any{decode(b)}
}

// Samples checks the functions of a provider's test package that return a sample
// of an event: there is one for each event, and it returns the fixture's payload,
// fresh each time.
func Samples(t testing.TB, v eventtest.Vendor, samples map[string]any) {
	t.Helper()
	for _, typ := range v.Types() {
		if samples[typ] == nil {
			t.Errorf("%s has no sample: add a function that returns one, and list it in this test", typ)
			continue
		}
		want := v.Payload(body(t, v, typ))
		sample := func() any { return reflect.ValueOf(samples[typ]).Call(nil)[0].Interface() }
		first, second := sample(), sample()
		payload := reflect.TypeOf(first).Elem()
		if first == second && payload.Size() > 0 {
			t.Errorf("two samples of %s are one value: make a new one each time", typ)
		}
		fixture := reflect.New(payload).Interface()
		if err := json.Unmarshal(want, fixture); err != nil {
			t.Errorf("the fixture of %s does not decode into a %s: %v", typ, payload.Name(), err)
		}
		if diff := cmp.Diff(fixture, first); diff != "" {
			t.Errorf("the sample of %s is not its fixture (-fixture +sample)\n%s", typ, diff)
		}
	}
	for typ := range samples {
		if !slices.Contains(v.Types(), typ) {
			t.Errorf("there is a sample of %s, which is not in Vendor.Events", typ)
		}
	}
}
