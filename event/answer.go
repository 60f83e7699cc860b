package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Kind is what happened to a delivery, in one word: fit to be a metric's label.
type Kind string

// What can happen to a delivery. The answer to each is in the package's
// documentation.
const (
	Handled      Kind = "handled"      // the callback returned nil
	Ignored      Kind = "ignored"      // the callback returned Ignore
	Dropped      Kind = "dropped"      // the callback returned Permanent
	Unhandled    Kind = "unhandled"    // no callback for its type
	SetAside     Kind = "set_aside"    // it could not be read, and OnInvalid took it
	Duplicate    Kind = "duplicate"    // completed, or stored, before
	Stored       Kind = "stored"       // the sink has it
	BadMethod    Kind = "bad_method"   // no POST
	TooLarge     Kind = "too_large"    // over the limit, or over the sink's
	Unverified   Kind = "unverified"   // no good signature, or an unknown tenant
	Unreadable   Kind = "unreadable"   // signed, but no envelope; or the body broke off
	Undecodable  Kind = "undecodable"  // signed, but the payload does not decode, or lacks an id
	InFlight     Kind = "in_flight"    // the same delivery is being handled
	Unavailable  Kind = "unavailable"  // store, sink or secrets failed, or the callback returned RetryAfter
	Failed       Kind = "failed"       // the callback returned an error
	Panicked     Kind = "panicked"     // the callback panicked
	Refused      Kind = "refused"      // the callback returned a Refusal
	Misconnected Kind = "misconnected" // mounted without the endpoint that tells the type
)

// status is the table of answers. 200 and not 202 or 204, because vendors ask
// for it by name; 503 and not 409, because a sender may take 4xx as final. A
// synchronous vendor takes 200 as success, so nothing else gets it there.
func (k Kind) status(synchronous bool) int {
	switch k {
	case Handled, Duplicate:
		return http.StatusOK
	case Ignored, Dropped, SetAside, Undecodable:
		if synchronous {
			return http.StatusUnprocessableEntity
		}
		if k == Undecodable {
			return http.StatusInternalServerError // a deploy may mend it
		}
		return http.StatusOK
	case Unhandled:
		if synchronous {
			return http.StatusNotImplemented
		}
		return http.StatusOK
	case Stored:
		return http.StatusOK
	case BadMethod:
		return http.StatusMethodNotAllowed
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case Unverified:
		return http.StatusUnauthorized
	case Unreadable:
		return http.StatusBadRequest
	case InFlight, Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// retryAfter is what a 503 tells the sender to wait where nothing else is known.
const retryAfter = 30 * time.Second

// outcome is what happened to one delivery on its way through the handler.
type outcome struct {
	kind    Kind
	op      Op
	err     error         // the cause of what went wrong
	warning error         // what was wrong but decided nothing
	after   time.Duration // for RetryAfter
	typ, id string        // as far as they are known
	payload int           // bytes
	reply   []byte        // a JSON answer of the callback's
}

// fail is an outcome with a cause.
func fail(k Kind, op Op, err error) outcome { return outcome{kind: k, op: op, err: err} }

// of is the outcome with what is known of its delivery.
func (o outcome) of(d *Delivery, warning error) outcome {
	o.typ, o.id, o.payload = d.Type, d.ID, len(d.Payload)
	o.warning = errors.Join(warning, o.warning)
	return o
}

// wrapped is the outcome's error as users see it.
func (o *outcome) wrapped(h *Handler) error {
	if o.err == nil {
		return nil
	}
	return &Error{Provider: h.name, ID: o.id, Type: o.typ, Op: o.op, Err: o.err}
}

// answer is what is sent: a status, a few headers, a body.
type answer struct {
	status     int
	json       bool   // or else plain text
	retryAfter string // "" is no such header
	body       []byte
}

// Header values and bodies are shared between answers: a flood of refusals
// makes none of its own.
var (
	allowPost   = []string{http.MethodPost}
	plainType   = []string{"text/plain; charset=utf-8"}
	jsonType    = []string{"application/json"}
	noSniff     = []string{"nosniff"}
	emptyObject = []byte("{}")

	statusBodies = func() map[int][]byte {
		m := make(map[int][]byte)
		for code := 400; code < 600; code++ {
			m[code] = []byte(http.StatusText(code))
		}
		return m
	}()
)

// answer turns an outcome into what is sent.
func (h *Handler) answer(o *outcome) answer {
	sync := h.provider.Synchronous
	a := answer{status: o.kind.status(sync != nil)}
	if a.status == http.StatusServiceUnavailable {
		a.retryAfter = retrySeconds(o.after)
	}
	switch {
	case sync != nil:
		sync.fill(&a, o)
	case a.status != http.StatusOK:
		a.body = statusBodies[a.status]
	case o.reply != nil:
		a.json, a.body = true, o.reply
	}
	return a
}

// addTo sets the answer's headers.
func (a *answer) addTo(h http.Header) {
	if a.status == http.StatusMethodNotAllowed {
		h["Allow"] = allowPost
	}
	if a.retryAfter != "" {
		h["Retry-After"] = []string{a.retryAfter}
	}
	switch {
	case a.json:
		h["Content-Type"] = jsonType
	case a.status != http.StatusOK:
		h["Content-Type"] = plainType
		h["X-Content-Type-Options"] = noSniff
	}
}

// reply is the answer for those who did not come through net/http, theirs to
// change.
func (a *answer) reply() Reply {
	if a.status == http.StatusOK && !a.json {
		return Reply{Status: a.status}
	}
	header := make(http.Header)
	a.addTo(header)
	return Reply{Status: a.status, Header: header.Clone(), Body: bytes.Clone(a.body)}
}

// retrySeconds is d in whole seconds, rounded up; zero is the default.
func retrySeconds(d time.Duration) string {
	if d == 0 {
		d = retryAfter
	}
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// fill writes the JSON answer of a synchronous vendor: the callback's, an
// empty object for a success that has nothing to say, or a refusal.
func (s *Synchronous) fill(a *answer, o *outcome) {
	a.json = true
	if a.status == http.StatusOK {
		a.body = o.reply
		if a.body == nil {
			a.body = emptyObject
		}
		return
	}
	message := s.Default
	members := map[string]any{}
	if refusal, ok := errors.AsType[*Refusal](o.err); ok {
		a.status = refusal.status()
		if refusal.DisplayMessage != "" {
			message = refusal.DisplayMessage
		}
		maps.Copy(members, refusal.Details)
	}
	members[s.Message] = message
	body, err := json.Marshal(members)
	if err != nil { // a detail that is no JSON: the message must get through
		body, _ = json.Marshal(map[string]string{s.Message: message})
	}
	a.body = body
}

func (e *Refusal) status() int {
	if e.Status >= 400 && e.Status <= 599 {
		return e.Status
	}
	return http.StatusUnprocessableEntity
}
