package event

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// Provider describes a vendor's webhooks: how its deliveries are signed,
// wrapped and responded to. Each provider package of this module has a function
// that returns a fresh one, to be changed where the vendor has changed.
type Provider struct {
	Name     string         // in lower case, such as "kombo"
	Scheme   signature.HMAC // how deliveries are signed
	Envelope Envelope       // where a body has its type, id, time and payload
	// Types are the event types that the provider is known to send. Another
	// type without a callback is logged once, unless the list is empty.
	Types []string
	// Enums are the known values of payloads' enum types, each of its own type.
	// Package drift uses them: any other value decodes as well.
	Enums []any
	// Aliases maps what deliveries call an event type to the name under which
	// callbacks are registered for it.
	Aliases map[string]string
	// TypeName does the same for spellings that cannot be listed. Aliases come
	// first. Nil takes types as they are.
	TypeName func(string) string
	// OptionalPayload lists the event types whose payload may be absent or
	// null. It does not decode for any other.
	OptionalPayload []string
	// Lenient lets a payload decode although members of it do not fit the
	// fields of its type: those stay zero and are named in [Result].Warning. A
	// member that is tagged validate:"required" must be there all the same.
	Lenient bool
	// Synchronous is set for a provider that waits for the response and shows
	// it to a person. There only a success is 200, and every error is a JSON
	// object with a message.
	Synchronous bool
	// MessageMember is the member in which the provider reads the message of a
	// [Rejection]; "" is a provider that looks at the status only.
	MessageMember string
	// DefaultMessage is the message of an error for which the callback gave
	// none. It tells the person what to do, and nothing of the cause.
	DefaultMessage string
	// InsecureAllowUnsigned accepts a delivery without any signature header,
	// from anyone. One that has a signature is verified all the same.
	InsecureAllowUnsigned bool
	// Verify replaces Scheme for a provider whose signature is not an HMAC in a
	// header: one that stands in the body, or is made with a public key. It
	// returns the authentic bytes, which are decoded and become [Delivery].Body;
	// nothing else of the body is looked at. After an error that wraps
	// [signature.ErrMismatch] the next secret is tried. It must compare in
	// constant time and be safe for concurrent use. Zero tolerance is its own.
	Verify func(secret string, r *Request, now time.Time, tolerance time.Duration) (signed []byte, err error)
	// Sign makes r one that Verify accepts, for tests: it sets headers or
	// replaces the body.
	Sign func(secret string, r *Request, now time.Time) error
}

// Envelope names the members of a body, which is one JSON object. Each list
// holds alternatives, the preferred one first; a name is matched exactly, and
// a member whose value is of another kind is passed over. A body in which one
// of the names appears twice, or any name has an escape in it, is rejected;
// where the body is the payload, so is a name in another case, since package
// encoding/json would take it for the same.
type Envelope struct {
	Type       []string // a string; if empty, the URL tells the type: its last segment, or [Handler.Endpoint]
	ID         []string // a string or a number; if absent, deliveries are the same if their signed bytes are
	OccurredAt []string // the time of the event, in any form of ISO 8601 or Unix time
	Payload    []string // any JSON value; if empty, the body itself is the payload
	TypeHeader string   // repeats the type outside the signed bytes; a contradiction is reported in [Result].Warning
	IDHeader   string   // has an id outside the signed bytes, which never decides what a duplicate is
}

// Request is one delivery as it arrived, for services that receive it other
// than through net/http: serverless functions, other routers, tests.
type Request struct {
	Header   http.Header // names in any case; two spellings of one name are two headers
	Body     []byte      // belongs to the library from the call on
	Tenant   string      // what [Options].Tenant would have returned
	Endpoint string      // the event type, for a provider whose URL tells it
}

// Response is what is sent back for a [Request].
type Response struct {
	Status int
	Header http.Header // may be nil
	Body   []byte
	Err    error // an [*Error] with what went wrong, not to be sent; nil if nothing did
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
