package eventtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonscan"
)

// Vendor is a provider with a fixture for each of its events. The test package of
// each provider has one, such as kombotest.Vendor.
type Vendor struct {
	// Provider says how requests are signed. If a service has changed the
	// provider, set its own in a copy of the Vendor.
	Provider event.Provider
	// Fixtures holds the folder testdata. The fixture of an event is the whole
	// body of a delivery, with made-up data, in testdata/<type>.json, where a
	// colon in the type is a dash.
	Fixtures fs.FS
	// Events are the events of the provider, in the order of its documentation.
	Events []Event
	// Success lists the statuses that the vendor documents as success, 200
	// first. Nil means 200, 201, 202 and 204, or only 200 for a synchronous
	// provider.
	Success []int
}

// Event is one event type of a provider. [Of] makes one.
type Event struct {
	Type    string
	payload reflect.Type
	on      func(h *event.Handler, fn callback) // event.On with the payload's type
}

// callback is a callback with its payload's type taken off.
type callback func(ctx context.Context, payload any) error

// Of returns the event of a type, whose payload decodes into a T.
func Of[T any](typ string) Event {
	return Event{typ, reflect.TypeFor[T](), func(h *event.Handler, fn callback) {
		event.On(h, typ, func(ctx context.Context, payload *T) error { return fn(ctx, payload) })
	}}
}

// typed is a payload with its event type.
type typed struct {
	typ     string
	payload any
}

// As returns a payload together with its event type, for [Vendor.NewRequest]. It is
// needed where several events have payloads of one Go type.
func As(typ string, payload any) any { return typed{typ, payload} }

// Option changes a request that is made for a test.
type Option func(*options)

type options struct {
	now    time.Time
	target string
}

// At signs the request as of t. Without it, the request is signed as of now.
func At(t time.Time) Option { return func(o *options) { o.now = t } }

// To sets the target of the request, a path or a whole URL. Without it, the path
// is a slash and the event type.
func To(target string) Option { return func(o *options) { o.target = target } }

// Types returns the types of all events, in order.
func (v Vendor) Types() []string {
	types := make([]string, len(v.Events))
	for i, e := range v.Events {
		types[i] = e.Type
	}
	return types
}

// Body returns the fixture of a type: a whole body, as the vendor sends it. Body
// panics if there is none.
func (v Vendor) Body(typ string) []byte {
	b, err := v.fixture(typ)
	if err != nil {
		panic(err.Error())
	}
	return b
}

func (v Vendor) fixture(typ string) ([]byte, error) {
	b, err := fs.ReadFile(v.Fixtures, fixtureName(typ))
	switch {
	case err == nil:
		return bytes.TrimSpace(b), nil
	case slices.Contains(v.Types(), typ):
		return nil, fmt.Errorf("eventtest: no fixture for %q: want %s", typ, fixtureName(typ))
	}
	return nil, fmt.Errorf("eventtest: no event %q: there are %q", typ, v.Types())
}

func (v Vendor) has(typ string) bool {
	_, err := v.fixture(typ)
	return err == nil
}

func fixtureName(typ string) string {
	return "testdata/" + strings.ReplaceAll(typ, ":", "-") + ".json"
}

// BodyWith returns the fixture of a type with another payload in it, encoded as
// JSON.
func (v Vendor) BodyWith(typ string, payload any) ([]byte, error) {
	body, err := v.fixture(typ)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("eventtest: %s: %w", typ, err)
	}
	return v.withType(body, v.withPayload(body, b)), nil
}

// withType is a body with the type of a fixture, if the payload is the body:
// what was encoded may have another event's type, or none.
func (v Vendor) withType(fixture, body []byte) []byte {
	if v.payloadName(fixture) != "" {
		return body
	}
	types := v.Provider.Envelope.Type
	isType := func(m member) bool { return slices.Contains(types, m.name) }
	members := slices.DeleteFunc(split(body), isType)
	if i := slices.IndexFunc(split(fixture), isType); i >= 0 {
		return join(append(members, split(fixture)[i]))
	}
	return body
}

// withPayload is body with another payload.
func (v Vendor) withPayload(body, payload []byte) []byte {
	if name := v.payloadName(body); name != "" {
		return replacing(body, name, payload)
	}
	return payload
}

// Payload returns the part of a body that callbacks decode.
func (v Vendor) Payload(body []byte) []byte {
	if p, err := jsonscan.Find(body, v.payloadName(body)); err == nil {
		return p
	}
	return body
}

// payloadName is the member of body that has the payload; "" is the body itself.
func (v Vendor) payloadName(body []byte) string {
	for _, name := range v.Provider.Envelope.Payload {
		if _, err := jsonscan.Find(body, name); err == nil {
			return name
		}
	}
	return ""
}

// Sample returns the payload of a fixture, decoded into a new value that the test
// may change. It panics if there is no fixture or if it does not decode.
func Sample[T any](v Vendor, typ string) *T {
	s := new(T)
	if err := json.Unmarshal(v.Payload(v.Body(typ)), s); err != nil {
		panic(fmt.Sprintf("eventtest: the fixture of %s does not decode: %v", typ, err))
	}
	return s
}

// NewRequest returns a signed request. If e is an event type, the body is the
// fixture of that type. Otherwise e is a pointer to a payload, which replaces that
// of the fixture; if several events have payloads of its Go type, use [As].
func (v Vendor) NewRequest(t testing.TB, secret string, e any, opts ...Option) *http.Request {
	t.Helper()
	typ, body, err := v.body(e)
	if err != nil {
		t.Fatal(err)
	}
	return v.Signed(t, secret, typ, body, opts...)
}

// Signed returns a signed request with a body of your own. [Vendor.Sign] does the
// same outside of tests.
func (v Vendor) Signed(t testing.TB, secret, typ string, body []byte, opts ...Option) *http.Request {
	t.Helper()
	o := options{target: "/" + typ}
	for _, set := range opts {
		set(&o)
	}
	if body == nil {
		body = []byte{} // not the fixture
	}
	r, err := v.sign(Draft{Type: typ, Body: body, Secret: secret, Time: o.now})
	if err != nil {
		t.Fatal(err)
	}
	return r.http(o.target)
}

// body is the type and the body for what NewRequest was given.
func (v Vendor) body(e any) (typ string, body []byte, err error) {
	switch e := e.(type) {
	case string:
		body, err = v.fixture(e)
		return e, body, err
	case typed:
		body, err = v.BodyWith(e.typ, e.payload)
		return e.typ, body, err
	}
	if typ, err = v.typeOf(e); err != nil {
		return "", nil, err
	}
	body, err = v.BodyWith(typ, e)
	return typ, body, err
}

// typeOf finds the one event whose payload has e's Go type.
func (v Vendor) typeOf(e any) (string, error) {
	var found []string
	for _, ev := range v.Events {
		switch reflect.TypeOf(e) {
		case reflect.PointerTo(ev.payload):
			found = append(found, ev.Type)
		case ev.payload:
			return "", fmt.Errorf("eventtest: pass a pointer: *%T", e)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("eventtest: a %T is not a payload of %s", e, v.Provider.Name)
	}
	return "", fmt.Errorf("eventtest: a %T may be any of %s: say which with eventtest.As", e, strings.Join(found, ", "))
}

// event returns the event of a type.
func (v Vendor) event(typ string) (Event, bool) {
	i := slices.IndexFunc(v.Events, func(e Event) bool { return e.Type == typ })
	if i < 0 {
		return Event{}, false
	}
	return v.Events[i], true
}

// success lists the statuses that tell the vendor that a delivery was taken.
func (v Vendor) success() []int {
	switch {
	case v.Success != nil:
		return v.Success
	case v.Provider.Synchronous:
		return []int{http.StatusOK}
	}
	return []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent}
}
