package eventtest

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// Conform tests a provider: its description, its fixtures and its payload types.
// The providers of this module are tested with it:
//
//	eventtest.Conform(t, kombotest.Vendor, kombo.New)
//
// newHandler is [event.NewHandler], or returns a struct that embeds an
// [event.Handler]. If the struct has methods named On…, each must register
// callbacks for one event, and each event must have one. Otherwise callbacks are
// registered with [event.On].
//
// Conform checks that every event type of the provider has a fixture, that no
// fixture contains an e-mail address that may exist, and that a handler for the
// event with the largest fixture passes [Run].
//
// For each event, it checks that a signed fixture reaches its callback once and
// unchanged; that decoding and encoding the payload loses no member; that members
// may be null, absent (unless they are tagged validate:"required") or unknown; and
// that nothing of a payload is in a response, an error or a log line, or printed
// when the decoded payload is logged.
func Conform[H http.Handler](t *testing.T, v Vendor, newHandler func(p event.Provider, secret string, opts *event.Options) (H, error)) {
	t.Helper()
	conform(onTest{t}, v, newHandler)
}

// The secrets of conformance tests, which nothing may repeat.
const (
	secret         = "eventtest-secret-Rk4vQ9"
	previousSecret = "eventtest-previous-Tz7mW2"
)

func conform[H http.Handler](t tester, v Vendor, newHandler func(p event.Provider, secret string, opts *event.Options) (H, error)) {
	c := &conformance{vendor: v, on: map[string]func(any, callback){}, newHandler: func(opts *event.Options) (any, error) {
		return newHandler(v.Provider, secret, opts)
	}}
	if _, err := c.newHandler(nil); err != nil {
		t.Errorf("newHandler with a secret and no options: %v", err)
		return
	}
	c.methods(t)
	t.Run("events, fixtures and types belong together", c.catalogue)
	t.Run("fixtures hold no one's address", c.addresses)
	for _, e := range v.Events {
		if c.on[e.Type] == nil || !v.has(e.Type) {
			continue // reported by catalogue
		}
		t.Run(e.Type, func(t tester) {
			c.delivered(t, e)
			t.Run("encoding a decoded payload loses nothing", func(t tester) { c.roundTrip(t, e) })
			t.Run("null, absent and unknown members stop nothing", func(t tester) { c.lenient(t, e) })
			t.Run("what is in a payload is written nowhere", func(t tester) { c.silent(t, e) })
		})
	}
	if e, ok := v.event(v.richest(v.Types())); ok && c.on[e.Type] != nil {
		t.Run("as a service", func(t tester) { c.service(t, e) })
	}
}

// conformance is a conformance test with the type of its handler taken off.
type conformance struct {
	vendor     Vendor
	newHandler func(opts *event.Options) (any, error)
	on         map[string]func(h any, fn callback) // registers a callback, by event type
}

// richest is the type whose fixture has most members: most can go wrong there.
func (v Vendor) richest(types []string) string {
	richest, most := "", -1
	for _, typ := range types {
		if body, err := v.fixture(typ); err == nil {
			if n := len(places(body)); n > most {
				richest, most = typ, n
			}
		}
	}
	return richest
}

// bench is a handler with one callback, and all that it reports. It is used by
// one goroutine.
type bench struct {
	*event.Handler
	log     lockedBuffer
	results []event.Result
	calls   []call
}

// call is one run of the callback.
type call struct {
	payload  any
	delivery *event.Delivery
}

// bench makes a handler with a callback for e.
func (c *conformance) bench(t tester, e Event) *bench {
	t.Helper()
	b := new(bench)
	h, err := c.newHandler(&event.Options{
		Logger:  slog.New(slog.NewJSONHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: func(_ context.Context, r event.Result) { b.results = append(b.results, r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Handler = handlerOf(h)
	c.on[e.Type](h, func(ctx context.Context, payload any) error {
		d, _ := event.FromContext(ctx)
		b.calls = append(b.calls, call{payload, d})
		return nil
	})
	return b
}

// handlerOf returns the event.Handler that h is or embeds.
func handlerOf(h any) *event.Handler {
	if inner, ok := h.(*event.Handler); ok {
		return inner
	}
	return reflect.Indirect(reflect.ValueOf(h)).FieldByName("Handler").Interface().(*event.Handler)
}

// send handles a delivery, and forgets what was reported before.
func (b *bench) send(ctx context.Context, r *request) event.Response {
	b.log, b.results, b.calls = lockedBuffer{}, nil, nil
	return b.Handle(ctx, r.plain())
}

// kind is what became of the delivery that was sent.
func (b *bench) kind() event.Kind {
	if len(b.results) == 0 {
		return "not observed"
	}
	return b.results[0].Kind
}

// reported is everything that the handler reported to its own side.
func (b *bench) reported() string {
	text := new(strings.Builder)
	text.WriteString(b.log.String())
	for _, r := range b.results {
		fmt.Fprintf(text, "%v\n%v\n", r.Err, r.Warning)
	}
	return text.String()
}

// signed is a good delivery with that body.
func (c *conformance) signed(t tester, e Event, body []byte) *request {
	t.Helper()
	r, err := c.vendor.sign(Draft{Type: e.Type, Body: body, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// catalogue checks that the lists of events agree: the vendor's, the provider's,
// and the fixtures.
func (c *conformance) catalogue(t tester) {
	types := c.vendor.Types()
	if len(types) == 0 {
		t.Errorf("Vendor.Events is empty")
	}
	for i, typ := range types {
		if slices.Contains(types[:i], typ) {
			t.Errorf("Vendor.Events has %s twice", typ)
		}
		if known := c.vendor.Provider.Types; len(known) > 0 && !slices.Contains(known, typ) {
			t.Errorf("Vendor.Events has %s, and Provider.Types does not", typ)
		}
		if !c.vendor.has(typ) {
			t.Errorf("%s has no fixture: want %s", typ, fixtureName(typ))
		}
	}
	for _, typ := range c.vendor.Provider.Types {
		if !slices.Contains(types, typ) {
			t.Errorf("Provider.Types has %s, and Vendor.Events does not", typ)
		}
	}
	files, _ := fs.Glob(c.vendor.Fixtures, "testdata/*") // the pattern is good
	for _, file := range files {
		if !slices.ContainsFunc(types, func(typ string) bool { return fixtureName(typ) == file }) {
			t.Errorf("%s is not the fixture of an event in Vendor.Events", file)
		}
	}
}

// methods finds every method that registers callbacks, by calling it, and checks
// that there is one for each event. What it finds is how callbacks are
// registered from then on.
func (c *conformance) methods(t tester) {
	h, _ := c.newHandler(nil) // it was made before
	typ := reflect.TypeOf(h)
	for i := range typ.NumMethod() {
		name := typ.Method(i).Name
		if !strings.HasPrefix(name, "On") || name == "OnOther" || name == "OnInvalid" {
			continue
		}
		on := func(h any, fn callback) { register(reflect.ValueOf(h).Method(i), fn) }
		h, _ := c.newHandler(nil)
		on(h, nil)
		types := handlerOf(h).Types()
		switch {
		case len(types) != 1:
			t.Errorf("the method %s registers callbacks for %q, want one type", name, types)
		case c.on[types[0]] != nil:
			t.Errorf("%s has two methods, one of them %s", types[0], name)
		case !slices.Contains(c.vendor.Types(), types[0]):
			t.Errorf("the method %s registers callbacks for %s, which is not in Vendor.Events", name, types[0])
		default:
			c.on[types[0]] = on
		}
	}
	bare := len(c.on) == 0
	for _, e := range c.vendor.Events {
		if bare {
			c.on[e.Type] = func(h any, fn callback) { e.on(handlerOf(h), fn) }
		} else if c.on[e.Type] == nil {
			t.Errorf("%s is in Vendor.Events and has no method", e.Type)
		}
	}
}

// register calls a method that takes a callback, with fn. If the callback has a
// result beside the error, that is the zero value.
func register(method reflect.Value, fn callback) {
	typ := method.Type().In(0)
	method.Call([]reflect.Value{reflect.MakeFunc(typ, func(args []reflect.Value) []reflect.Value {
		results := make([]reflect.Value, typ.NumOut())
		for i := range results {
			results[i] = reflect.Zero(typ.Out(i))
		}
		if err := fn(args[0].Interface().(context.Context), args[1].Interface()); err != nil {
			results[len(results)-1] = reflect.ValueOf(&err).Elem()
		}
		return results
	})})
}

// address is anything that looks like an e-mail address.
var address = regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN.-]+`)

// addresses checks that no fixture has the address of someone who may exist.
func (c *conformance) addresses(t tester) {
	for _, typ := range c.vendor.Types() {
		body, _ := c.vendor.fixture(typ)
		for _, found := range address.FindAllString(string(body), -1) {
			_, domain, _ := strings.Cut(found, "@")
			if domain = strings.Trim(domain, "."); domain != "example.com" && domain != "example.org" {
				t.Errorf("the fixture of %s has the address %s, which may exist: use one at example.com", typ, found)
			}
		}
	}
}

// service runs Run on a handler with a callback for e.
func (c *conformance) service(t tester, e Event) {
	h, err := c.newHandler(&event.Options{PreviousSecrets: []string{previousSecret}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var recorder Recorder
	c.on[e.Type](h, func(context.Context, any) error { return recorder.Ran() })
	run(t, Config{
		Vendor: c.vendor, Handler: handlerOf(h), Path: "/", Types: []string{e.Type},
		Secret: secret, PreviousSecret: previousSecret, Recorder: &recorder,
	})
}
