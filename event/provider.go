package event

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// Provider describes a vendor's webhooks: how its deliveries are signed, what
// their bodies look like, and which responses it expects. Each provider package of
// this module has a function that returns a new one; change it where the vendor
// has changed.
type Provider struct {
	Name     string         // in lower case, such as "kombo"
	Scheme   signature.HMAC // how deliveries are signed
	Envelope Envelope       // where in a body the type, id, time and payload are
	// Types are the event types that the provider is known to send. Any other
	// type that has no callback is logged once, unless the list is empty.
	Types []string
	// Enums are the known values of the payloads' enum types, each of its own Go
	// type. Other values decode as well; package drift reports them.
	Enums []any
	// Aliases maps other spellings of event types to those for which callbacks
	// are registered.
	Aliases map[string]string
	// TypeName does the same for spellings that cannot be listed, if the type is
	// not in Aliases. Nil leaves types as they are.
	TypeName func(string) string
	// OptionalPayload lists the event types whose payload may be absent or null.
	// For any other type such a payload does not decode.
	OptionalPayload []string
	// Lenient lets a payload decode if some of its members do not fit their
	// fields. Those fields stay zero, and [Result].Warning names them. A member
	// that is tagged validate:"required" must fit all the same.
	Lenient bool
	// Synchronous is set for a provider that waits for the response and shows it
	// to a person. For such a provider only a success is 200, and every error is
	// a JSON object with a message.
	Synchronous bool
	// MessageMember names the JSON member in which the provider reads the
	// message of a [Rejection]; "" means that it reads only the status.
	MessageMember string
	// DefaultMessage is the message of an error for which the callback gives
	// none. It should say what the person can do, and nothing about the cause.
	DefaultMessage string
	// InsecureAllowUnsigned accepts deliveries that have no signature header,
	// from anyone. A delivery that has one is verified all the same.
	InsecureAllowUnsigned bool
	// Verify replaces Scheme for a provider whose signature is not an HMAC in a
	// header, but is in the body, for example, or made with a public key. It
	// returns the authentic bytes, which become [Delivery].Body; nothing else is
	// decoded. If its error wraps [signature.ErrMismatch], the next secret is
	// tried. Verify must compare in constant time and be safe for concurrent
	// use. If tolerance is zero, it uses its own.
	Verify func(secret string, r *Request, now time.Time, tolerance time.Duration) (signed []byte, err error)
	// Sign makes Verify accept r, by setting headers or replacing the body. Only
	// tests need it.
	Sign func(secret string, r *Request, now time.Time) error
}

// Envelope names the members of a body, which is a JSON object. Each list has
// alternatives, the preferred one first. Names are matched exactly, and a member
// whose value is of the wrong JSON type is passed over.
//
// A body is rejected if one of these names appears twice in it, or if any name
// contains an escape. If the body itself is the payload, it is also rejected if
// one of these names appears in another case, since package encoding/json would
// take it for the same.
type Envelope struct {
	Type       []string // a string; if the list is empty, the last segment of the URL is the type: see Handler.Endpoint
	ID         []string // a string or a number; without an id, deliveries are the same if their signed bytes are
	OccurredAt []string // when the event occurred, in any form that Time reads
	Payload    []string // any JSON value; if the list is empty, the body itself is the payload
	TypeHeader string   // a header that repeats the type, but is not signed; Result.Warning reports a contradiction
	IDHeader   string   // a header with an id, which is not signed and so never decides what a duplicate is
}

// Request is one delivery as it arrived. It is for tests, and for services that do
// not receive deliveries through net/http, such as serverless functions.
type Request struct {
	Header   http.Header // with names in any case; a name in two spellings is a header that appears twice
	Body     []byte      // must not be changed after the call
	Tenant   string      // what Options.Tenant would have returned
	Endpoint string      // the event type, for a provider whose URLs name it
}

// Response is what to send back for a [Request].
type Response struct {
	Status int
	Header http.Header // may be nil
	Body   []byte
	Err    error // an *Error with what went wrong, not for the sender; nil if nothing did
}

// check rejects a provider that could not work, or only without protection.
func (p *Provider) check() error {
	if p.Name == "" {
		return errors.New("event: the provider has no name")
	}
	if err := p.fault(); err != nil {
		return fmt.Errorf("event: provider %s: %w", p.Name, err)
	}
	return nil
}

func (p *Provider) fault() error {
	switch {
	case p.Verify == nil && p.Scheme.Validate() != nil:
		return p.Scheme.Validate()
	case p.Verify != nil && (p.Scheme.Header != "" || p.InsecureAllowUnsigned):
		return errors.New("with Verify, there must be neither a Scheme nor InsecureAllowUnsigned")
	case p.Scheme.Member != "" && !slices.Equal(p.Envelope.Payload, []string{p.Scheme.Member}):
		return fmt.Errorf("the payload must be the member that is signed, %q", p.Scheme.Member)
	case len(newEnvelope(p).wanted) > maxWanted:
		return fmt.Errorf("the envelope has more than %d names", maxWanted)
	case p.Synchronous && (p.MessageMember == "" || p.DefaultMessage == ""):
		return errors.New("a synchronous provider needs a MessageMember and a DefaultMessage")
	}
	for alias, typ := range p.Aliases {
		if len(p.Types) > 0 && !slices.Contains(p.Types, typ) {
			return fmt.Errorf("in Aliases, %q stands for %q, which is not in Types", alias, typ)
		}
	}
	return nil
}

// typeInURL reports whether the URL tells the type.
func (p *Provider) typeInURL() bool { return len(p.Envelope.Type) == 0 }

// signsTime reports whether a delivery can come too late.
func (p *Provider) signsTime() bool { return p.Verify != nil || p.Scheme.TimestampHeader != "" }

// namesTypesExactly reports whether each event type has one spelling.
func (p *Provider) namesTypesExactly() bool { return p.TypeName == nil && len(p.Aliases) == 0 }

// canonicalType returns the name that callbacks are registered under.
func (p *Provider) canonicalType(typ string) string {
	if name, ok := p.Aliases[typ]; ok {
		return name
	}
	if p.TypeName != nil {
		return p.TypeName(typ)
	}
	return typ
}
