package event

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/atshooks/atshooks/signature"
)

// Provider is all that a vendor is to this package: data that says how its
// deliveries are signed, wrapped and answered. The packages of this module
// each have one; a service that needs a further vendor writes one more.
type Provider struct {
	// Name is the vendor's, in lower case: "kombo". It stands in errors, logs and results.
	Name string
	// Scheme is how deliveries are signed.
	Scheme signature.HMAC
	// Envelope says where a body has its type, id, time and payload.
	Envelope Envelope
	// TypeName brings the spellings of an event type into one, for vendors
	// whose spelling is not known for certain: types whose TypeName is the
	// same share a callback. Nil compares types as they are.
	TypeName func(string) string
	// Synchronous is set for a vendor that waits for the answer and shows it
	// to a person. Nil is a vendor that only looks at the status.
	Synchronous *Synchronous
	// InsecureAllowUnsigned accepts a delivery that has no signature header at
	// all, from anyone. One that has a signature is verified all the same.
	InsecureAllowUnsigned bool
}

// Envelope names the members of a body, which is one JSON object. Each list
// holds alternatives, the preferred one first; a name is matched exactly, and a
// member whose value is of another kind is passed over. A body that has one
// name twice, or any name with an escape in it, is refused; where the body is
// the payload, so is a name in another case, since encoding/json would take it.
type Envelope struct {
	// Type has the event's type, a string. Empty: the URL tells the type, and
	// the handler is mounted through [Handler.Endpoint].
	Type []string
	// ID has what identifies the delivery, a string or a number. Empty, or not
	// there, or not plain: deliveries are the same if their signed bytes are.
	ID []string
	// OccurredAt has the time of the event, in any form of ISO 8601 or Unix time.
	OccurredAt []string
	// Payload has what callbacks get, any JSON value. Empty: the body itself.
	Payload []string
	// PayloadOrBody takes the body itself where no Payload member is there,
	// or it is null. The id may then be the payload's own, so that deliveries
	// are the same only if their bodies are.
	PayloadOrBody bool
	// TypeHeader repeats the type outside the signed bytes. It decides
	// nothing; a contradiction is reported in [Result].Warning.
	TypeHeader string
	// IDHeader has the delivery's id outside the signed bytes. It fills
	// [Delivery].ID where the body has none, and never decides what a duplicate is.
	IDHeader string
}

// Synchronous says how a vendor is answered that shows the answer to a person.
// Its errors are JSON objects with a message.
type Synchronous struct {
	// Message is the name of the member that the person is shown.
	Message string
	// Default is the message where the callback gave none. It should tell the
	// person what to do, and nothing of the cause.
	Default string
}

// Request is one delivery as it arrived, for receivers that are no
// [http.Handler]: other routers, serverless functions, tests.
type Request struct {
	Header   http.Header // names in any case; two spellings of one name are two headers
	Body     []byte      // belongs to the library from the call on
	Tenant   string      // what [Options].Tenant would have said
	Endpoint string      // the event type, for a vendor whose URL tells it
}

// Reply is the answer to a [Request].
type Reply struct {
	Status int
	Header http.Header // may be nil
	Body   []byte
	Err    error // an [*Error] with what went wrong, for the receiver alone; nil if nothing did
}

// check refuses a provider that could not work, or only without protection.
func (p *Provider) check() error {
	switch {
	case p.Name == "":
		return errors.New("event: the provider has no name")
	case p.Scheme.Validate() != nil:
		return fmt.Errorf("event: provider %s: %w", p.Name, p.Scheme.Validate())
	case p.Scheme.Member != "" && !slices.Equal(p.Envelope.Payload, []string{p.Scheme.Member}):
		return fmt.Errorf("event: provider %s: the payload must be the member that is signed, %q", p.Name, p.Scheme.Member)
	case len(newEnvelope(p.Envelope).wanted) > maxWanted:
		return fmt.Errorf("event: provider %s: the envelope has more than %d names", p.Name, maxWanted)
	case p.Synchronous != nil && p.Synchronous.Message == "":
		return fmt.Errorf("event: provider %s: Synchronous names no member for its message", p.Name)
	}
	return nil
}
