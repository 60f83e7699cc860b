package event

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// retryAfter is what a 503 asks the sender to wait if nothing else is known.
const retryAfter = 30 * time.Second

// outcome is what became of one delivery on its way through the handler.
type outcome struct {
	kind    Kind
	err     error         // the cause of a failure
	warning error         // what was wrong but decided nothing
	after   time.Duration // for RetryAfter
	status  int           // of a Rejection; 0 is the kind's
	body    []byte        // JSON from the callback: a response, or a Rejection
	typ, id string        // as far as they are known
	payload int           // size in bytes

	delivery *Delivery // nil where there is none
	phases   Phases
}

// fail is an outcome with a cause.
func fail(k Kind, err error) outcome { return outcome{kind: k, err: err} }

// failed reports whether a step has ended the delivery's way.
func (o *outcome) failed() bool { return o.kind != "" }

// withDelivery adds what is known about the delivery.
func (o outcome) withDelivery(d *Delivery, warning error) outcome {
	o.delivery, o.typ, o.id, o.payload = d, d.Type, d.ID, len(d.Payload)
	o.warning = errors.Join(warning, o.warning)
	return o
}

// wrapped is the outcome's error as users see it.
func (o *outcome) wrapped(h *Handler) error {
	if o.err == nil {
		return nil
	}
	return &Error{Handler: h.name, ID: o.id, Type: o.typ, Kind: o.kind, Err: o.err}
}

// outcomeOf is the outcome of what a callback returned.
func (h *Handler) outcomeOf(err error) outcome {
	o := outcome{kind: KindHandled, err: err}
	if err == nil {
		return o
	}
	v, asked := errors.AsType[*verdictError](err)
	rejection, _ := errors.AsType[*Rejection](err)
	switch {
	case isPanic(err):
		o.kind = KindPanicked
		return o
	case asked && v.verdict == VerdictDone:
		o.kind = KindIgnored
	case asked && v.verdict == VerdictDrop:
		o.kind = KindPermanent
	case asked:
		o.kind, o.after = KindUnavailable, v.after
	case rejection != nil && h.provider.MessageMember != "":
		o.kind = KindRejected
	default:
		o.kind = KindFailed
	}
	if rejection != nil && h.provider.MessageMember != "" {
		h.addRejection(&o, rejection)
	}
	return o
}

// addRejection makes the response a rejection's.
func (h *Handler) addRejection(o *outcome, r *Rejection) {
	value := r.Body
	if value == nil {
		members := make(map[string]any, len(r.Details)+1)
		maps.Copy(members, r.Details)
		members[h.provider.MessageMember] = cmp.Or(r.Message, h.provider.DefaultMessage)
		value = members
	}
	body, err := encodeJSON(value)
	switch {
	case isPanic(err):
		o.kind, o.err = KindPanicked, err
		return
	case err != nil: // the message must get through
		o.warning = fmt.Errorf("the details of the rejection were not sent: %w", err)
		body = h.messageBody(r.Message)
	}
	o.status, o.body = r.status(), body
}

// messageBody is the JSON object that tells a person what to do. "" is the
// provider's general message.
func (h *Handler) messageBody(message string) []byte {
	body, _ := json.Marshal(map[string]string{h.provider.MessageMember: cmp.Or(message, h.provider.DefaultMessage)})
	return body
}

// encodeResponse is the outcome of a callback whose result is the response. A
// nil result leaves it empty, which is not an error.
func (h *Handler) encodeResponse(v any) outcome {
	if rv := reflect.ValueOf(v); !rv.IsValid() || rv.Kind() == reflect.Pointer && rv.IsNil() {
		return outcome{kind: KindHandled}
	}
	if err := validateResponse(v); err != nil {
		return h.outcomeOf(fmt.Errorf("the response was not sent: %w", err))
	}
	body, err := encodeJSON(v)
	if err != nil {
		return h.outcomeOf(fmt.Errorf("the response was not sent: %w", err))
	}
	return outcome{kind: KindHandled, body: body}
}

// validateResponse calls the Validate method of a response, also one that only
// a pointer to it has.
func validateResponse(v any) error {
	checked, ok := v.(interface{ Validate() error })
	if !ok {
		p := reflect.New(reflect.TypeOf(v))
		p.Elem().Set(reflect.ValueOf(v))
		if checked, ok = reflect.TypeAssert[interface{ Validate() error }](p); !ok {
			return nil
		}
	}
	_, err := recovering("the Validate method of the response", func() (any, error) { return nil, checked.Validate() })
	return err
}

// encodeJSON is json.Marshal for values of users: a panic is an error, and no
// error quotes the value.
func encodeJSON(v any) ([]byte, error) {
	b, err := recovering("the encoding of the response", func() ([]byte, error) { return json.Marshal(v) })
	if err != nil && !isPanic(err) {
		err = fmt.Errorf("a %T does not encode as JSON", v)
	}
	return b, err
}

// response is what is sent: a status, a few headers, a body.
type response struct {
	status     int
	json       bool   // or else plain text
	retryAfter string // "" means no such header
	body       []byte // of JSON
}

// Header values are shared between responses, so that a flood of rejections
// makes none of its own.
var (
	allowPost   = []string{http.MethodPost}
	plainType   = []string{"text/plain; charset=utf-8"}
	jsonType    = []string{"application/json"}
	noSniff     = []string{"nosniff"}
	emptyObject = []byte("{}")
)

// responseStatus is the status that an outcome is responded to with.
func (h *Handler) responseStatus(o *outcome) int {
	return cmp.Or(o.status, o.kind.status(h.provider.Synchronous))
}

// response makes what is sent out of an outcome.
func (h *Handler) response(o *outcome) response {
	resp := response{status: h.responseStatus(o), body: o.body}
	if resp.status == http.StatusServiceUnavailable {
		resp.retryAfter = retrySeconds(o.after)
	}
	if h.provider.Synchronous && resp.body == nil {
		resp.body = emptyObject
		if resp.status != http.StatusOK {
			resp.body = h.messageBody("")
		}
	}
	resp.json = resp.body != nil
	return resp
}

// addTo sets the response's headers.
func (r *response) addTo(h http.Header) {
	if r.status == http.StatusMethodNotAllowed {
		h["Allow"] = allowPost
	}
	if r.retryAfter != "" {
		h["Retry-After"] = []string{r.retryAfter}
	}
	switch {
	case r.json:
		h["Content-Type"] = jsonType
	case r.status != http.StatusOK:
		h["Content-Type"] = plainType
		h["X-Content-Type-Options"] = noSniff
	}
}

// write sends the response. The body of an error is its status text and tells
// nothing of the cause.
func (r *response) write(w http.ResponseWriter) {
	r.addTo(w.Header())
	w.WriteHeader(r.status)
	// The sender may have hung up; there is nothing to do about that.
	if r.json {
		_, _ = w.Write(r.body)
	} else if r.status != http.StatusOK {
		_, _ = io.WriteString(w, http.StatusText(r.status))
	}
}

// public is the response for callers that did not come through net/http,
// theirs to change.
func (r *response) public() Response {
	if r.status == http.StatusOK && !r.json {
		return Response{Status: r.status}
	}
	header := make(http.Header)
	r.addTo(header)
	body := bytes.Clone(r.body)
	if !r.json {
		body = []byte(http.StatusText(r.status))
	}
	return Response{Status: r.status, Header: header.Clone(), Body: body}
}

// retrySeconds is d in whole seconds, rounded up; zero is the default. A year
// stands for anything longer.
func retrySeconds(d time.Duration) string {
	if d == 0 {
		d = retryAfter
	}
	const year = 365 * 24 * time.Hour
	return strconv.Itoa(int(math.Ceil(min(d, year).Seconds())))
}
