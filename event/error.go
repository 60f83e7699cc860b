package event

import (
	"errors"
	"strings"
	"time"
)

// Op is the step of a delivery at which something went wrong.
type Op string

// The steps, in their order.
const (
	OpMethod   Op = "method"   // the request is no POST
	OpRead     Op = "read"     // the body is too long or broke off
	OpSecret   Op = "secret"   // Options.Secrets failed
	OpVerify   Op = "verify"   // the signature does not hold; wraps an error of package signature
	OpEnvelope Op = "envelope" // the signed body is no JSON object, or has no type
	OpSink     Op = "sink"     // Options.Sink did not store it
	OpDecode   Op = "decode"   // the payload does not fit the event's type
	OpStore    Op = "store"    // Options.Store failed, or another delivery of the same key is being handled
	OpCallback Op = "callback" // the callback returned an error or panicked
)

// Error is the one error type of this package. Its text names the provider,
// the event and the cause. It holds no payload, secret or signature, unless an
// error that a callback returned does.
type Error struct {
	Provider string // the handler's name
	ID       string // of the delivery; "" where it is not known
	Type     string // of the event; "" where it is not known
	Op       Op
	Err      error // the cause, never nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Provider)
	for _, s := range []string{e.Type, e.ID} {
		if s != "" {
			b.WriteByte(' ')
			b.WriteString(s)
		}
	}
	b.WriteString(": ")
	b.WriteString(string(e.Op))
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// What a Sink may answer beside success; see [Sink].
var (
	ErrDuplicate = errors.New("delivery stored before")
	ErrTooLarge  = errors.New("delivery too large")
)

// Causes that callers may want to tell apart; errors wrap them.
var (
	errMethod        = errors.New("not a POST request")
	errInFlight      = errors.New("the same delivery is being handled")
	errUnknownTenant = errors.New("no secret for this tenant")
	errBlankSecret   = errors.New("event: a secret from Options.Secrets is blank or has white space around it; it was not tried")
	errNoCallback    = errors.New("no callback for this event")
)

// Disposition is what becomes of a delivery after its callback.
type Disposition int

// The dispositions.
const (
	Done  Disposition = iota // completed; acknowledge
	Retry                    // run it again later
	Drop                     // running it again cannot help; acknowledge and set it aside
)

func (d Disposition) String() string {
	return [...]string{"done", "retry", "drop"}[d]
}

// verdict is an error with what a callback wants done about it.
type verdict struct {
	err         error
	disposition Disposition
	after       time.Duration
}

func (v *verdict) Error() string { return v.err.Error() }
func (v *verdict) Unwrap() error { return v.err }

// Permanent says that sending this delivery again cannot help: it is
// acknowledged, and err is observed. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &verdict{err: err, disposition: Drop}
}

// Ignore says that this delivery is not for this service: it is acknowledged.
// err says why, for the observer, and may be nil.
func Ignore(err error) error {
	if err == nil {
		err = errors.New("ignored")
	}
	return &verdict{err: err, disposition: Done}
}

// RetryAfter says that this delivery cannot be handled before d has passed. The
// vendor is answered 503 with that Retry-After, which it may not heed; a
// worker waits that long. err says why, and may be nil.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		err = errors.New("not ready")
	}
	return &verdict{err: err, disposition: Retry, after: max(d, 0)}
}

// Outcome says what a worker should do about what [Dispatcher].Dispatch
// returned: nothing more, try again after the duration (zero: whenever it
// likes), or set the delivery aside.
func Outcome(err error) (Disposition, time.Duration) {
	if err == nil {
		return Done, 0
	}
	if v, ok := errors.AsType[*verdict](err); ok {
		return v.disposition, v.after
	}
	return Retry, 0
}

// PanicError is the error of a callback that panicked. Its text does not hold
// the value, which may be anything, candidate data included.
type PanicError struct {
	Value any
	Stack []byte // of the panic, as [runtime/debug.Stack] formats it
}

func (e *PanicError) Error() string { return "the callback panicked" }

// Refusal is an error with an answer for the person who waits at a synchronous
// vendor. For other vendors it is an error like any other.
type Refusal struct {
	// Status is the answer's, 400 to 599; anything else is 422.
	Status int
	// DisplayMessage is shown to the person; "" is the vendor's general message.
	DisplayMessage string
	// Details are further members of the answer, shown as technical details:
	// names to JSON values.
	Details map[string]any
	// Err is the cause, for the observer alone; it may be nil.
	Err error
}

// Error does not hold the message or the details: they may name a person.
func (e *Refusal) Error() string {
	if e.Err == nil {
		return "refused"
	}
	return "refused: " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Refusal) Unwrap() error { return e.Err }
