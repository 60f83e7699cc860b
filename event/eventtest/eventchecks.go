package eventtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/atshooks/atshooks/event"
)

// delivered sends the fixture.
func (c *conformance) delivered(t tester, e Event) {
	r := c.signed(t, e, c.vendor.Body(e.Type))
	b := c.bench(t, e)
	if got := b.send(t.Context(), r); got.Status != http.StatusOK || b.kind() != event.KindHandled || len(b.calls) != 1 {
		t.Fatalf("the response to a signed fixture is %d, as %s, after %d runs of the callback, want 200 after one (%v): is it a delivery of this event?", got.Status, b.kind(), len(b.calls), got.Err)
	}
	want := reflect.New(e.payload).Interface()
	if got := reflect.TypeOf(b.calls[0].payload); got != reflect.TypeOf(want) {
		t.Errorf("the payload is a %v in Vendor.Events and a %v in the event's method", e.payload, got.Elem())
		return
	}
	_ = json.Unmarshal(c.vendor.Payload(r.Body), want) // roundTrip reports it
	if got := b.calls[0].payload; !bytes.Equal(encoded(got), encoded(want)) {
		t.Errorf("the callback was given another payload than the fixture's (-want +got):\n-%s\n+%s", encoded(want), encoded(got))
	}
	d, envelope := b.calls[0].delivery, c.vendor.Provider.Envelope
	if want := memberOf(r.Body, envelope.ID); d.ID != want {
		t.Errorf("Delivery.ID is %q, want %q", d.ID, want)
	}
	if want := memberOf(r.Body, envelope.OccurredAt); d.OccurredAt.IsZero() != (want == "") {
		t.Errorf("Delivery.OccurredAt is %v, and the fixture has %q", d.OccurredAt, want)
	}
}

// memberOf is the text of the first of these members that body has, "" if none.
func memberOf(body []byte, names []string) string {
	for _, name := range names {
		if v := object(body)[name]; v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

// encoded is v as JSON, or why it has none.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("no JSON: " + err.Error())
	}
	return b
}

// roundTrip checks that each member of the fixture is still there when its
// payload has been decoded and encoded, and that encoding again changes nothing.
func (c *conformance) roundTrip(t tester, e Event) {
	payload := c.vendor.Payload(c.vendor.Body(e.Type))
	once, err := recoded(payload, e.payload)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if twice, err := recoded(once, e.payload); !bytes.Equal(once, twice) {
		t.Errorf("a %v encodes to something else than it was decoded from (-once +twice, %v):\n-%s\n+%s", e.payload, err, once, twice)
	}
	want, _ := parse(payload)
	got, _ := parse(once)
	survives(want, got, nil, func(p path, want, got any) {
		t.Errorf("the member %s of the fixture is %s, and after decoding and encoding %s: does %v model it?", p, write(want), write(got), e.payload)
	})
}

// recoded decodes data into a new value of typ and encodes that.
func recoded(data []byte, typ reflect.Type) ([]byte, error) {
	v := reflect.New(typ).Interface()
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("decoding into %v: %w", typ, err)
	}
	return encoded(v), nil
}

// survives calls lost for each value in want that got no longer tells. What
// tells nothing may go, a number may become its text, and a bare value an
// object that holds it, where a type reads several forms.
func survives(want, got any, p path, lost func(p path, want, got any)) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok && len(w) > 0 {
			lost(p, want, got)
			return
		}
		for name := range w {
			survives(w[name], g[name], append(slices.Clone(p), name), lost)
		}
		return
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			lost(p, want, got)
			return
		}
		for i := range w {
			survives(w[i], g[i], append(slices.Clone(p), i), lost)
		}
		return
	}
	switch held, _ := got.(map[string]any); {
	case want == nil, want == false, want == "", sameText(want, json.Number("0")), sameText(want, got):
	case slices.ContainsFunc(slices.Collect(maps.Values(held)), func(v any) bool { return sameText(want, v) }):
	default:
		lost(p, want, got)
	}
}

// sameText reports whether two values of no depth are written alike, or a number
// means the same.
func sameText(want, got any) bool {
	w, g := fmt.Sprint(want), fmt.Sprint(got)
	x, xerr := strconv.ParseFloat(w, 64)
	y, yerr := strconv.ParseFloat(g, 64)
	_, number := want.(json.Number)
	return w == g || number && xerr == nil && yerr == nil && x == y
}

// lenient sends the fixture with each member null and absent, and with members
// that are unknown.
func (c *conformance) lenient(t tester, e Event) {
	b := c.bench(t, e)
	body := c.vendor.Body(e.Type)
	payload := c.vendor.Payload(body)
	// lacking says that the delivery may lack a member that it cannot do without.
	send := func(what string, body []byte, lacking bool) {
		got := b.send(t.Context(), c.signed(t, e, body))
		lacks := b.kind() == event.KindUndecodable && strings.Contains(got.Err.Error(), "is missing or empty")
		if b.kind() != event.KindHandled && !(lacking && lacks) {
			t.Errorf("with %s the delivery is %s (%v), want %s", what, b.kind(), got.Err, event.KindHandled)
		}
	}
	for _, at := range places(payload) {
		if c.vendor.isEnvelope(body, at.path) {
			continue // it is another delivery then
		}
		send(at.String()+" null", c.vendor.withPayload(body, at.with(nil)), true)
		if at.without != nil {
			send(at.String()+" removed", c.vendor.withPayload(body, at.without()), true)
		}
		if o, ok := at.value.(map[string]any); ok {
			send("a member more at "+at.String(), c.vendor.withPayload(body, at.with(and(o, "eventtest_unheard_of", "new"))), false)
		}
	}
	if object(payload) != nil {
		send("a member more in the payload", c.vendor.withPayload(body, adding(payload, "eventtest_unheard_of", `"new"`)), false)
	}
	send("a member more in the envelope", adding(body, "eventtest_unheard_of", `{"a":[1,2]}`), false)
}

// and is an object with one member more.
func and(o map[string]any, name string, value any) map[string]any {
	o = maps.Clone(o)
	o[name] = value
	return o
}

// canaries stand for personal data, and must not be found where none may be.
// Those that are planted may be longer; what is looked for is their common part.
var canaries = []string{canary, "7263548190", "2987-06-05", "2987-14-45"}

// plants are put in the place of each member of a payload.
var plants = []any{
	canary,
	json.Number("7263548190"),
	json.Number("7263548190000000000000000"),
	json.Number("7263548190.5"),
	"2987-06-05T04:03:02Z",
	"2987-14-45T99:99:99Z",
	map[string]any{canary: canary},
	[]any{canary, json.Number("7263548190")},
	true,
}

// silent plants canaries in each member of the fixture's payload, and looks
// for them in everything that is sent, reported or logged.
func (c *conformance) silent(t tester, e Event) {
	if !e.payload.Implements(logValuer) {
		t.Errorf("%v is not a slog.LogValuer, so that all of it is printed where it is logged: give it a LogValue that prints ids only", e.payload)
		return
	}
	b := c.bench(t, e)
	body := c.vendor.Body(e.Type)
	send := func(p path, old any, changed []byte, what any) {
		resp := b.send(t.Context(), c.signed(t, e, c.vendor.withPayload(body, changed)))
		with := fmt.Sprintf("with %s as %s", write(what), p)
		if !c.vendor.isEnvelope(body, p) { // errors and logs are to name those
			b.checkSilent(t, with, resp, canaries)
		}
		for _, call := range b.calls {
			if !isID(p.name()) {
				checkLogged(t, e, with, c.vendor.isEnum(old), call.payload)
			}
		}
	}
	for _, at := range places(c.vendor.Payload(body)) {
		for _, plant := range plants {
			send(at.path, at.value, at.with(plant), plant)
		}
		if o, ok := at.value.(map[string]any); ok {
			send(append(slices.Clone(at.path), canary), nil, at.with(and(o, canary, canary)), canary)
		}
	}
}

// checkSilent looks for words in a response and in everything that was reported.
func (b *bench) checkSilent(t tester, with string, resp event.Response, words []string) {
	t.Helper()
	sent := fmt.Sprintln(string(resp.Body), resp.Header)
	reported := b.reported()
	for _, word := range words {
		if strings.Contains(sent, word) {
			t.Errorf("%s, the response holds %q: %s", with, word, sent)
		}
		if strings.Contains(reported, word) {
			t.Errorf("%s, the log or an error holds %q:\n%s", with, word, reported)
		}
	}
}

var logValuer = reflect.TypeFor[slog.LogValuer]()

// checkLogged logs a decoded payload, and each part of it that is a LogValuer
// itself. Only an id may be printed, and by a part also an enum.
func checkLogged(t tester, e Event, with string, enum bool, payload any) {
	t.Helper()
	eachPart(reflect.ValueOf(payload).Elem(), func(part reflect.Value) {
		if part.Type() != e.payload && (enum || !part.Type().Implements(logValuer)) {
			return
		}
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("received", "payload", part.Interface())
		for _, word := range canaries {
			if bytes.Contains(b.Bytes(), []byte(word)) {
				t.Errorf("%s, a %v that is logged with slog prints %q: it must print only ids", with, part.Type(), word)
			}
		}
	})
}

// eachPart calls f for v and for each value inside it that can be reached
// through exported fields, lists and pointers.
func eachPart(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachPart(v.Elem(), f)
		}
		return
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				eachPart(value, f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachPart(v.Index(i), f)
		}
	}
	f(v)
}
