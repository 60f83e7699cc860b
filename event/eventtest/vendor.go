// Package eventtest tests receivers of webhooks: one's own callbacks and
// wiring with signed requests, deliveries that are almost right, and a
// conformance suite for any http.Handler; and a new provider with the suite
// that the providers of this module pass.
//
// Most tests start from a vendor's own test package, kombotest say, which is
// made of a [Vendor].
package eventtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonscan"
)

// Vendor is what a provider's test package is made of: its events with a
// fixture each. A fixture is one delivery's body as the vendor sends it, with
// made-up data, in testdata/<type>.json (a colon in the type is a dash there).
type Vendor struct {
	// NewHandler makes a handler as the provider's own NewHandler does.
	NewHandler func(secret string, opts *event.Options) (*event.Handler, error)
	// Fixtures holds the folder testdata.
	Fixtures fs.FS
	// Events are the vendor's, in the order of its documentation.
	Events []Event

	provider *event.Provider // in place of what NewHandler's handlers say
}

// Event is one event of a vendor's. [Of] makes it.
type Event struct {
	Type    string
	payload reflect.Type
}

// Of is the event of that type whose payload decodes into a T.
func Of[T any](typ string) Event { return Event{typ, reflect.TypeFor[T]()} }

// Typed is a payload with its event's type; see [As].
type Typed struct {
	Type    string
	Payload any
}

// As says which event a payload is for, where several share its Go type.
func As(typ string, payload any) Typed { return Typed{typ, payload} }

// Option changes a request that is made for a test.
type Option func(*request)

type request struct {
	now    time.Time
	target string
}

// At signs as the vendor would at t; without it, as it would now.
func At(t time.Time) Option { return func(r *request) { r.now = t } }

// To sets the target of the request: a path, or a whole URL. Without it, the
// path is a slash and the event's type.
func To(target string) Option { return func(r *request) { r.target = target } }

// Types are the types of all events, in order.
func (v Vendor) Types() []string {
	types := make([]string, len(v.Events))
	for i, e := range v.Events {
		types[i] = e.Type
	}
	return types
}

// Provider is the vendor's.
func (v Vendor) Provider() event.Provider {
	if v.provider != nil {
		return *v.provider
	}
	h, err := v.NewHandler("only asked for its provider", nil)
	if err != nil {
		panic("eventtest: " + err.Error())
	}
	return h.Provider()
}

// Body is the fixture of that type: a whole body, as the vendor sends it. A
// type that has none panics.
func (v Vendor) Body(typ string) []byte {
	b, err := fs.ReadFile(v.Fixtures, fixtureName(typ))
	if err != nil {
		panic("eventtest: no fixture for " + typ)
	}
	return bytes.TrimSpace(b)
}

// fixtureName is the file of a type's fixture.
func fixtureName(typ string) string {
	return "testdata/" + strings.ReplaceAll(typ, ":", "-") + ".json"
}

// BodyWith is the fixture of that type with another payload, encoded as JSON.
func (v Vendor) BodyWith(typ string, payload any) ([]byte, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("eventtest: %s: %w", typ, err)
	}
	return v.withPayload(v.Body(typ), b), nil
}

// withPayload is body with another payload.
func (v Vendor) withPayload(body, payload []byte) []byte {
	if name := v.payloadName(body); name != "" {
		return replaceMember(body, name, payload)
	}
	return payload
}

// Payload is the piece of a body that callbacks decode.
func (v Vendor) Payload(body []byte) []byte {
	if p, err := jsonscan.Find(body, v.payloadName(body)); err == nil {
		return p
	}
	return body
}

// payloadName is the member of body that has the payload; "" is the body itself.
func (v Vendor) payloadName(body []byte) string {
	for _, name := range v.Provider().Envelope.Payload {
		if _, err := jsonscan.Find(body, name); err == nil {
			return name
		}
	}
	return ""
}

// replaceMember returns a JSON object with another value for one member.
func replaceMember(object []byte, name string, value []byte) []byte {
	out := []byte{'{'}
	o := jsonscan.Over(object)
	for o.Next() {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), o.Name()...), `":`...)
		if string(o.Name()) == name {
			out = append(out, value...)
		} else {
			out = append(out, o.Value()...)
		}
	}
	return append(out, '}')
}

// Sample decodes the payload of a fixture: a fresh value, to be changed at will.
func Sample[T any](v Vendor, typ string) *T {
	s := new(T)
	if err := json.Unmarshal(v.Payload(v.Body(typ)), s); err != nil {
		panic(fmt.Sprintf("eventtest: the fixture of %s does not decode: %v", typ, err))
	}
	return s
}

// NewRequest returns a signed request: with the fixture if e is the name of a
// type, or else with e, a pointer to a payload of the vendor's, in place of the
// fixture's. If several events share that Go type, [As] says which one is meant.
func (v Vendor) NewRequest(t testing.TB, secret string, e any, opts ...Option) *http.Request {
	t.Helper()
	typ, body, err := v.body(e)
	if err != nil {
		t.Fatal(err)
	}
	return v.Signed(t, secret, typ, body, opts...)
}

// Signed returns a request with that body, signed. [Vendor.Sign] does that
// without a test.
func (v Vendor) Signed(t testing.TB, secret, typ string, body []byte, opts ...Option) *http.Request {
	t.Helper()
	set := request{now: time.Now(), target: "/" + typ}
	for _, o := range opts {
		o(&set)
	}
	if body == nil {
		body = []byte{} // and not the fixture
	}
	s, err := v.shot(Draft{Type: typ, Body: body, Secret: secret, Time: set.now})
	if err != nil {
		t.Fatal(err)
	}
	return s.request(set.target)
}

// body is the type and the body for what NewRequest was given.
func (v Vendor) body(e any) (typ string, body []byte, err error) {
	switch e := e.(type) {
	case string:
		return e, v.Body(e), nil
	case Typed:
		body, err = v.BodyWith(e.Type, e.Payload)
		return e.Type, body, err
	}
	typ, err = v.typeOf(e)
	if err != nil {
		return "", nil, err
	}
	body, err = v.BodyWith(typ, e)
	return typ, body, err
}

// typeOf finds the one event whose payload is of e's Go type.
func (v Vendor) typeOf(e any) (string, error) {
	var found []string
	for _, ev := range v.Events {
		if reflect.TypeOf(e) == reflect.PointerTo(ev.payload) {
			found = append(found, ev.Type)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("eventtest: a %T is no payload of this vendor", e)
	}
	return "", fmt.Errorf("eventtest: a %T may be any of %s: say which with eventtest.As", e, strings.Join(found, ", "))
}
