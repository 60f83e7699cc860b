package event

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Error is the error that a [Handler] returns and reports. Its text names the
// handler, the event and the cause. It contains no payload, secret or signature,
// unless the error of a callback does.
type Error struct {
	Handler string // the handler's name
	ID      string // of the delivery; "" if it is not known
	Type    string // of the event; "" if it is not known
	Kind    Kind   // what became of the delivery
	Err     error  // the cause, never nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Handler)
	for _, s := range []string{e.Type, e.ID} {
		if s != "" {
			b.WriteByte(' ')
			b.WriteString(s)
		}
	}
	b.WriteString(": ")
	b.WriteString(e.Kind.cause())
	b.WriteString(errorText(e.Err))
	return b.String()
}

// cause introduces an error's cause, where that would not say by itself what
// went wrong.
func (k Kind) cause() string {
	switch k {
	case KindUnreadable:
		return "the delivery cannot be read: "
	case KindUndecodable:
		return "the payload cannot be decoded: "
	case KindFailed:
		return "the callback failed: "
	case KindPermanent:
		return "the callback failed for good: "
	case KindUnavailable:
		return "not available: "
	}
	return ""
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// errorText is err.Error(), for errors of users, whose method may panic.
func errorText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("a %T whose Error method panics", err)
		}
	}()
	return err.Error()
}

// The errors that a [Store] and an [Inbox] wrap, and that of
// [Delivery.UnmarshalBinary].
var (
	ErrDuplicate = errors.New("the same delivery was completed or stored before")
	ErrInFlight  = errors.New("the same delivery is being handled")
	ErrTooLarge  = errors.New("the delivery is too large")
	ErrClaimLost = errors.New("the claim was lost: its lease had lapsed")

	// ErrNewerVersion is for a delivery that a later release has stored. During a
	// rolling upgrade, leave it to a process that can read it.
	ErrNewerVersion = errors.New("event: stored by a newer version")
)

var (
	errMethod        = errors.New("the method is not POST")
	errUnknownTenant = errors.New("no secret for this tenant")
	errNoCallback    = errors.New("no callback for this event type")
	errOddID         = errors.New("the id is not plain text of up to 256 bytes; deliveries are told apart by their signed bytes instead")
)

// Verdict is what a worker does with a delivery whose callback has returned.
type Verdict int

// The verdicts.
const (
	VerdictDone  Verdict = iota // nothing more
	VerdictRetry                // run it again later
	VerdictDrop                 // make it a dead letter, since running it again cannot help
)

func (v Verdict) String() string {
	return [...]string{"done", "retry", "drop"}[v]
}

// verdictError is an error with a verdict.
type verdictError struct {
	err     error
	verdict Verdict
	after   time.Duration
}

func (v *verdictError) Error() string { return errorText(v.err) }
func (v *verdictError) Unwrap() error { return v.err }

// Permanent returns an error that says that sending the delivery again cannot
// help. The delivery is acknowledged, and err goes to the observer and the log.
// Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &verdictError{err: err, verdict: VerdictDrop}
}

// Ignore returns an error that says that the delivery is not for this service.
// The delivery is acknowledged. err tells the observer why; it may be nil.
func Ignore(err error) error {
	if err == nil {
		err = errors.New("ignored")
	}
	return &verdictError{err: err, verdict: VerdictDone}
}

// RetryAfter returns an error that says that the delivery cannot be handled
// before d has passed. The response is 503 with d as its Retry-After, which not
// every provider heeds; a worker waits for d. err says why; it may be nil.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		err = errors.New("not ready")
	}
	return &verdictError{err: err, verdict: VerdictRetry, after: min(max(d, 0), math.MaxInt64/2)}
}

// VerdictOf returns what a worker does with a delivery for which
// [Dispatcher].Dispatch has returned err. The duration is how long it waits before
// it runs the delivery again; zero leaves that to the worker.
func VerdictOf(err error) (Verdict, time.Duration) {
	if err == nil {
		return VerdictDone, 0
	}
	if v, ok := errors.AsType[*verdictError](err); ok {
		return v.verdict, v.after
	}
	return VerdictRetry, 0
}

// PanicError is the error of a callback, or of a function of the options or the
// provider, that panicked. Its text contains the
// panic's value only if that is a [runtime.Error]; any other value may be a
// candidate's data.
type PanicError struct {
	Value any
	Stack []byte // as [debug.Stack] formats it
	in    string // what panicked
}

func (e *PanicError) Error() string {
	in := cmp.Or(e.in, "the callback")
	if cause, ok := e.Value.(runtime.Error); ok {
		return in + " panicked: " + cause.Error()
	}
	return in + " panicked"
}

// recovering calls fn, which runs what in names, and makes a panic an error. A
// runtime.Goexit passes.
func recovering[T any](in string, fn func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var zero T
			v, err = zero, &PanicError{p, debug.Stack(), in}
		}
	}()
	return fn()
}

func isPanic(err error) bool {
	_, ok := errors.AsType[*PanicError](err)
	return ok
}

// Rejection is an error with which a callback chooses the response. It is for
// providers that read the response: Comeet shows it to the recruiter, and a callback
// of Kombo's rejects an assessment order with it. With any other provider it is an
// error like any other.
type Rejection struct {
	Status  int            // 400 to 599; anything else means 422
	Message string         // for the person who waits; "" means Provider.DefaultMessage
	Details map[string]any // further members of the JSON object that is sent
	Body    any            // if not nil, sent as JSON in place of that object
	Err     error          // the cause, only for the observer and the log; may be nil
}

// Error does not include the message or the details, which may name a person.
func (e *Rejection) Error() string {
	switch {
	case e == nil:
		return "a nil *event.Rejection was returned as an error"
	case e.Err == nil:
		return "rejected by the callback"
	}
	return "rejected by the callback: " + errorText(e.Err)
}

// Unwrap returns Err.
func (e *Rejection) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

func (e *Rejection) status() int {
	if e.Status >= 400 && e.Status <= 599 {
		return e.Status
	}
	return http.StatusUnprocessableEntity
}
