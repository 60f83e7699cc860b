package eventtest

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// Receiver is what a provider's Handler is: [event.Handler] or a struct that
// embeds it.
type Receiver interface {
	http.Handler
	Handle(ctx context.Context, r *event.Request) event.Reply
	Verify(ctx context.Context, r *event.Request) (*event.Delivery, error)
	Dispatch(ctx context.Context, d *event.Delivery) error
	Sign(ctx context.Context, r *event.Request) error
	Endpoint(typ string) http.Handler
	Provider() event.Provider
	Types() []string
	OnOther(fn func(context.Context, *event.Delivery) error)
	OnInvalid(fn func(context.Context, *event.Delivery, error) error)
}

// Case is one event of a provider's with the method that takes its callback.
// [On] and [OnReply] make it.
type Case[H any] struct {
	typ      string
	payload  reflect.Type
	reply    bool
	register func(h H, fn callback)
}

// On is the case of an event: its type and the method expression that takes
// its callback, (*kombo.Handler).OnDataChanged say.
func On[H, T any](typ string, on func(H, func(context.Context, *T) error)) Case[H] {
	return Case[H]{typ: typ, payload: reflect.TypeFor[T](), register: func(h H, fn callback) {
		on(h, func(ctx context.Context, v *T) error { return fn(ctx, v) })
	}}
}

// OnReply is the case of an event whose callback's result is the answer. The
// conformance test answers with R's zero value, which must be acceptable.
func OnReply[H, T, R any](typ string, on func(H, func(context.Context, *T) (R, error))) Case[H] {
	return Case[H]{typ: typ, payload: reflect.TypeFor[T](), reply: true, register: func(h H, fn callback) {
		on(h, func(ctx context.Context, v *T) (R, error) {
			var zero R
			return zero, fn(ctx, v)
		})
	}}
}

// Conform checks that a provider does all that the providers of this module
// do, with one case for each of its events:
//
//	eventtest.Conform(t, kombotest.Vendor, kombo.NewHandler,
//		eventtest.On(kombo.TypeDataChanged, (*kombo.Handler).OnDataChanged),
//		…
//	)
//
// Of the whole: every event has a fixture and a case, every method of H that
// is named On… has a case (but OnOther and OnInvalid), and every e-mail
// address in a fixture is at example.com or example.org.
//
// Of each event: a signed fixture is answered 200 and reaches its callback,
// once, with the delivery in the context; decoding and encoding a payload
// loses no member of the fixture; a member that is null or absent stops
// nothing, unless it is tagged validate:"required"; a member that nobody knows
// stops nothing; and nothing that stands in a payload comes out in an answer,
// in an error, in the log, or where a decoded payload is logged.
//
// And a table of bad inputs, each with the answer that it must get, the
// [Vendor.NearMisses] among them.
func Conform[H Receiver](t *testing.T, v Vendor, newHandler func(secret string, opts *event.Options) (H, error), cases ...Case[H]) {
	t.Helper()
	conform(onTest{t}, v, newHandler, cases)
}

// conformance is a conformance test with the type of its handler taken off.
type conformance struct {
	vendor     Vendor
	provider   event.Provider
	newHandler func(secret string, opts *event.Options) (Receiver, error)
	lines      []line
}

// The secrets of conformance tests. No answer, error or log line may hold one.
const (
	secret         = "eventtest-secret-Rk4vQ9"
	previousSecret = "eventtest-previous-Tz7mW2"
	wrongSecret    = "eventtest-wrong-Hn3xC8"
)

func conform[H Receiver](t tester, v Vendor, newHandler func(secret string, opts *event.Options) (H, error), cases []Case[H]) {
	t.Helper()
	h, err := newHandler(secret, nil)
	if err != nil {
		t.Errorf("newHandler with a secret and no options: %v", err)
		return
	}
	p := h.Provider()
	v.provider = &p // newHandler may have settings that v's does not
	c := &conformance{
		vendor:     v,
		provider:   p,
		newHandler: func(secret string, opts *event.Options) (Receiver, error) { return newHandler(secret, opts) },
	}
	for _, cs := range cases {
		c.lines = append(c.lines, line{cs.typ, cs.payload, cs.reply, func(h Receiver, fn callback) { cs.register(h.(H), fn) }})
	}
	t.Run("every event, fixture, method and case belong together", c.catalogue)
	t.Run("fixtures hold no personal data", c.fixtures)
	t.Run("a secret that nobody can have meant is refused", c.secrets)
	for _, l := range c.lines {
		if !v.has(l.typ) {
			continue // reported by catalogue
		}
		t.Run(l.typ, func(t tester) { c.event(t, l) })
	}
	for _, l := range c.examples() {
		t.Run("near misses of "+l.typ, func(t tester) { c.nearMisses(t, l) })
		t.Run("bad input to "+l.typ, func(t tester) { c.badInput(t, l) })
		t.Run("the same delivery again, "+l.typ, func(t tester) { c.again(t, l) })
		t.Run("now verified, later dispatched, "+l.typ, func(t tester) { c.later(t, l) })
	}
}

// has says whether there is a fixture for a type.
func (v Vendor) has(typ string) bool {
	_, err := fs.Stat(v.Fixtures, fixtureName(typ))
	return err == nil
}

// examples are lines for what need not be tried with each event: one of each
// kind of callback.
func (c *conformance) examples() []line {
	var examples []line
	for _, l := range c.lines {
		if c.vendor.has(l.typ) && !slices.ContainsFunc(examples, func(e line) bool { return e.reply == l.reply }) {
			examples = append(examples, l)
		}
	}
	return examples
}

// trial makes a handler with a callback for l.
func (c *conformance) trial(t tester, l line, fn callback, set ...func(*event.Options)) *trial {
	t.Helper()
	tr := &trial{provider: c.provider}
	opts := &event.Options{Logger: tr.logger(), Observe: tr.observe}
	for _, f := range set {
		f(opts)
	}
	with := secret
	if opts.Secrets != nil {
		with = ""
	}
	h, err := c.newHandler(with, opts)
	if err != nil {
		t.Errorf("newHandler: %v", err)
		return nil
	}
	tr.Receiver = h
	l.register(h, tr.wrap(fn))
	return tr
}

// catalogue checks that the lists of events agree: the vendor's, the fixtures,
// the cases, and the methods of the handler.
func (c *conformance) catalogue(t tester) {
	if len(c.vendor.Events) == 0 || len(c.lines) == 0 {
		t.Errorf("there are %d events and %d cases", len(c.vendor.Events), len(c.lines))
	}
	cases := map[string]reflect.Type{}
	for _, l := range c.lines {
		if cases[l.typ] != nil {
			t.Errorf("%s has two cases", l.typ)
		}
		cases[l.typ] = l.payload
		h, err := c.newHandler(secret, nil)
		if err != nil {
			t.Errorf("newHandler: %v", err)
			return
		}
		if l.register(h, succeed); !slices.Equal(h.Types(), []string{l.typ}) {
			t.Errorf("the case of %s registers a callback for %q: is it the right method?", l.typ, h.Types())
		}
	}
	events := map[string]bool{}
	for _, e := range c.vendor.Events {
		if events[e.Type] {
			t.Errorf("Vendor.Events has %s twice", e.Type)
		}
		events[e.Type] = true
		switch {
		case cases[e.Type] == nil:
			t.Errorf("%s is in Vendor.Events and has no case", e.Type)
		case cases[e.Type] != e.payload:
			t.Errorf("%s has a %v in Vendor.Events and a %v in its case", e.Type, e.payload, cases[e.Type])
		}
		if !c.vendor.has(e.Type) {
			t.Errorf("%s has no fixture: want %s", e.Type, fixtureName(e.Type))
		}
	}
	for _, l := range c.lines {
		if !events[l.typ] {
			t.Errorf("%s has a case and is not in Vendor.Events", l.typ)
		}
	}
	c.fixtureFiles(t)
	c.methods(t, cases)
}

// fixtureFiles checks that each file is the fixture of an event, and says so
// itself where bodies tell the type.
func (c *conformance) fixtureFiles(t tester) {
	wanted := map[string]string{}
	for _, typ := range c.vendor.Types() {
		wanted[fixtureName(typ)] = typ
	}
	files, err := fs.Glob(c.vendor.Fixtures, "testdata/*")
	if err != nil || len(files) == 0 {
		t.Errorf("Vendor.Fixtures has no files in testdata (%v)", err)
	}
	for _, file := range files {
		typ, ok := wanted[file]
		if !ok {
			t.Errorf("%s is the fixture of no event", file)
			continue
		}
		body := c.vendor.Body(typ)
		if v, err := parse(body); err != nil {
			t.Errorf("%s is not JSON: %v", file, err)
		} else if _, ok := v.(map[string]any); !ok {
			t.Errorf("%s is no JSON object", file)
		} else if got, ok := c.typeIn(body); len(c.provider.Envelope.Type) > 0 && (!ok || c.typeName(got) != c.typeName(typ)) {
			t.Errorf("%s says that its type is %q, want %q", file, got, typ)
		}
	}
}

// typeIn is the type that a body tells.
func (c *conformance) typeIn(body []byte) (string, bool) {
	for _, name := range c.provider.Envelope.Type {
		if v, ok := at(mustParse(body), path{name}); ok {
			typ, ok := v.(string)
			return typ, ok
		}
	}
	return "", false
}

func (c *conformance) typeName(typ string) string {
	if c.provider.TypeName == nil {
		return typ
	}
	return c.provider.TypeName(typ)
}

// methods finds every method of the handler that takes an event's callback, by
// calling it, and checks that there is a case for its event.
func (c *conformance) methods(t tester, cases map[string]reflect.Type) {
	h, err := c.newHandler(secret, nil)
	if err != nil {
		return // reported before
	}
	typ := reflect.TypeOf(h)
	for i := range typ.NumMethod() {
		name := typ.Method(i).Name
		if !strings.HasPrefix(name, "On") || name == "OnOther" || name == "OnInvalid" {
			continue
		}
		types, err := c.typesOf(name)
		if err != nil {
			t.Errorf("the method %s: %v", name, err)
			continue
		}
		for _, event := range types {
			if cases[event] == nil {
				t.Errorf("the method %s takes callbacks for %s, which has no case", name, event)
			}
		}
	}
}

// typesOf calls a method by its name with a callback that does nothing, and
// returns the types that have a callback then.
func (c *conformance) typesOf(method string) ([]string, error) {
	h, err := c.newHandler(secret, nil)
	if err != nil {
		return nil, err
	}
	m := reflect.ValueOf(h).MethodByName(method)
	if m.Type().NumIn() != 1 || m.Type().In(0).Kind() != reflect.Func {
		return nil, fmt.Errorf("takes %v, want one callback", m.Type())
	}
	fn := m.Type().In(0)
	m.Call([]reflect.Value{reflect.MakeFunc(fn, func([]reflect.Value) []reflect.Value {
		var results []reflect.Value
		for out := range fn.Outs() {
			results = append(results, reflect.Zero(out))
		}
		return results
	})})
	if len(h.Types()) != 1 {
		return nil, fmt.Errorf("registers callbacks for %q, want one type", h.Types())
	}
	return h.Types(), nil
}

// address is anything that looks like an e-mail address.
var address = regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN.-]+`)

// fixtures checks that no fixture has the address of someone who may exist.
func (c *conformance) fixtures(t tester) {
	for _, typ := range c.vendor.Types() {
		if !c.vendor.has(typ) {
			continue
		}
		for _, found := range address.FindAllString(string(c.vendor.Body(typ)), -1) {
			_, domain, _ := strings.Cut(found, "@")
			if domain := strings.Trim(domain, "."); domain != "example.com" && domain != "example.org" {
				t.Errorf("the fixture of %s has the address %s: use one at example.com, which nobody can have", typ, found)
			}
		}
	}
}

// secrets checks that no handler can be made without protection.
func (c *conformance) secrets(t tester) {
	for name, bad := range map[string]string{
		"an empty one": "", "a blank one": " \t", "one with a newline at its end": secret + "\n", "one with a blank before it": " " + secret,
	} {
		_, err := c.newHandler(bad, nil)
		switch {
		case err == nil:
			t.Errorf("newHandler accepts a secret that is %s", name)
		case strings.Contains(err.Error(), secret):
			t.Errorf("the error for a secret that is %s holds the secret: %v", name, err)
		}
		if _, err := c.newHandler(secret, &event.Options{PreviousSecrets: []string{bad}}); err == nil {
			t.Errorf("newHandler accepts a previous secret that is %s", name)
		}
	}
}
