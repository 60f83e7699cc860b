package eventtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// NearMiss is a delivery that is almost right, and what a service should make of
// it. [Vendor.NearMisses] lists them. A program can send one over HTTP, since a
// NearMiss does not depend on tests.
type NearMiss struct {
	Name  string // a few words, such as "wrong key"
	About string // a sentence: what it is, and why the response matters
	// Statuses are the right responses to the last request, that of this
	// module's handlers first.
	Statuses         []int
	MinRuns, MaxRuns int    // how often callbacks may run for it in all
	Times            int    // how often to send the same request, 1 or 2
	NeedsPrevious    bool   // Draft.Previous must be set
	Skip             string // why this provider has no such near miss; "" if it has one

	vendor   Vendor
	unsigned bool                            // it is not signed at all
	before   func(v Vendor, d *Draft) error  // changes what is signed
	after    func(r *request, d Draft) error // changes the signed request
}

// errNothing is for a draft that has nothing that a near miss could change.
var errNothing = errors.New("eventtest: the payload has no member that may be null")

// Make returns the near miss of a good delivery. It fails if Skip is set or if d
// lacks what is needed.
func (m NearMiss) Make(d Draft) (*event.Request, error) {
	r, err := m.make(d)
	if err != nil {
		return nil, err
	}
	return r.plain(), nil
}

func (m NearMiss) make(d Draft) (*request, error) {
	switch {
	case m.Skip != "":
		return nil, fmt.Errorf("eventtest: there is no %q: %s", m.Name, m.Skip)
	case m.NeedsPrevious && d.Previous == "":
		return nil, fmt.Errorf("eventtest: %q needs Draft.Previous", m.Name)
	}
	if d.Body == nil {
		var err error
		if d.Body, err = m.vendor.fixture(d.Type); err != nil {
			return nil, err
		}
	}
	if m.before != nil {
		if err := m.before(m.vendor, &d); err != nil {
			return nil, err
		}
	}
	if m.unsigned {
		return m.vendor.unsigned(d)
	}
	r, err := m.vendor.sign(d)
	if err == nil && m.after != nil {
		err = m.after(r, d)
	}
	return r, err
}

// rejected are the statuses with which to reject a forgery. A 5xx would look
// like an outage, a 404 or 405 like a wrong URL.
var rejected = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest}

// NearMisses returns deliveries that are almost right, from those that anyone could
// send to those that the vendor may send one day.
func (v Vendor) NearMisses() []NearMiss {
	all := slices.Concat(v.wrongSignatures(), v.wrongBodies(), v.wrongTimes(), v.rightButOdd())
	for i := range all {
		m := &all[i]
		m.vendor = v
		m.Times = max(m.Times, 1)
		if m.Statuses == nil {
			m.Statuses = rejected
		}
	}
	return all
}

// after changes a request in a way that cannot fail.
func after(change func(r *request)) func(*request, Draft) error {
	return func(r *request, _ Draft) error {
		change(r)
		return nil
	}
}

// ownVerification is why nothing is known about a signature.
const ownVerification = "this provider verifies deliveries in a function of its own"

func (v Vendor) wrongSignatures() []NearMiss {
	p := v.Provider
	all := []NearMiss{
		{Name: "no signature", About: "it is not signed: anyone could have sent it",
			unsigned: p.Verify != nil, after: after(func(r *request) { r.Header.Del(p.Scheme.Header) })},
		{Name: "wrong key", About: "it is signed with another secret: whoever sent it does not know yours",
			after: func(r *request, d Draft) error { return r.sign("not " + d.Secret) }},
		{Name: "empty key", About: "it is signed with an empty secret, which is what a service verifies with if its configuration is missing",
			// HMAC pads keys with zero bytes, so this is the same key as none.
			after: func(r *request, _ Draft) error { return r.sign("\x00") }},
		{Name: "previous key", About: "it is signed with the previous secret, which you said is still accepted: while secrets are rotated, deliveries come with either",
			Statuses: v.success(), MinRuns: 1, MaxRuns: 1, NeedsPrevious: true,
			after: func(r *request, d Draft) error { return r.sign(d.Previous) }},
	}
	if p.InsecureAllowUnsigned {
		all[0].Skip = "this provider was told to accept deliveries without a signature"
	}
	spellings := []NearMiss{
		{Name: "one character of the signature changed", About: "the signature is wrong near its end: all of it must be compared",
			after: after(func(r *request) {
				text := []byte(r.signature())
				c := &text[len(text)-3] // the last ones may be padding
				*c = map[bool]byte{true: 'b', false: 'a'}[*c == 'a']
				r.setSignature(string(text))
			})},
		{Name: "half of the signature", About: "the signature is right as far as it goes: what is missing must not be ignored",
			after: after(func(r *request) { r.setSignature(r.signature()[:len(r.signature())/2]) })},
		{Name: "wrong encoding", About: "the signature is right, but not encoded as the vendor does it: one signature must not have several spellings",
			after: func(r *request, d Draft) error { r.setSignature(r.misspelt(d.Secret)); return nil }},
		{Name: "missing prefix", About: "the signature is right, but without the prefix that the vendor writes before it: one signature must not have several spellings",
			after: after(func(r *request) { r.setSignature(r.withoutPrefix()) })},
	}
	for i := range spellings {
		if p.Verify != nil {
			spellings[i].Skip = ownVerification
		}
	}
	if prefix := &spellings[3]; p.Scheme.Prefix == "" {
		prefix.Skip = "this vendor writes nothing before the signature"
	} else if slices.Contains(p.Scheme.OtherPrefixes, "") {
		prefix.Skip = "a signature without prefix is accepted for this vendor"
	}
	return append(all, spellings...)
}

func (v Vendor) wrongBodies() []NearMiss {
	what := "the body"
	if member := v.Provider.Scheme.Member; member != "" {
		what = fmt.Sprintf("the member %q, the only one that is signed,", member)
	}
	all := []NearMiss{
		{Name: "one byte of the body changed", About: "one letter of " + what + " was changed after it was signed",
			after: after((*request).changeByte)},
		{Name: "re-encoded JSON", About: what + " was decoded and encoded again after it was signed, which middleware may do: it means the same, but its bytes are not those that were signed",
			before: func(_ Vendor, d *Draft) error { d.Body = compact(d.Body); return nil }, // as vendors send it
			after:  after((*request).reencode)},
	}
	if v.Provider.Verify != nil {
		all[0].Skip, all[1].Skip = ownVerification, ownVerification
	}
	return append(all,
		NearMiss{Name: "truncated", About: "the body was cut in the middle, and its length with it: half a payload is another payload",
			after: after(func(r *request) { r.Body = r.Body[:len(r.Body)/2] })},
		NearMiss{Name: "too large", About: "the body is signed and good, but one byte over your limit, with blanks at its end: without a limit anyone can fill your memory",
			Statuses: []int{http.StatusRequestEntityTooLarge},
			before:   func(_ Vendor, d *Draft) error { d.Body = padded(d.Body, d.Limit); return nil },
			// Again, where Provider.Sign has written the body anew.
			after: func(r *request, d Draft) error { r.Body = padded(r.Body, d.Limit); return nil }})
}

// padded is body with blanks at its end, so that it is over the limit.
func padded(body []byte, limit int64) []byte {
	if limit == 0 {
		limit = 1 << 20
	}
	return append(bytes.Clone(body), bytes.Repeat([]byte(" "), max(0, int(limit)+1-len(body)))...)
}

func (v Vendor) wrongTimes() []NearMiss {
	scheme := v.Provider.Scheme
	tolerance := scheme.Tolerance
	if tolerance == 0 {
		tolerance = signature.DefaultTolerance
	}
	shifted := func(by time.Duration) func(Vendor, *Draft) error {
		return func(_ Vendor, d *Draft) error {
			if d.Time.IsZero() {
				d.Time = time.Now()
			}
			d.Time = d.Time.Add(by)
			return nil
		}
	}
	all := []NearMiss{
		{Name: "stale", About: fmt.Sprintf("it was signed %v too long ago, and may be sent again by someone who has seen it", time.Minute),
			before: shifted(-tolerance - time.Minute)},
		{Name: "from the future", About: "its timestamp is further ahead than clocks differ: if it is accepted, it can be kept and sent again later",
			before: shifted(tolerance + time.Minute)},
		{Name: "a new timestamp", About: "its timestamp was changed after it was signed: an old delivery could be made new",
			after: func(r *request, d Draft) error {
				good := r.signature()
				r.now = r.now.Add(time.Second)
				if err := r.sign(d.Secret); err != nil {
					return err
				}
				r.setSignature(good)
				return nil
			}},
	}
	for i := range all {
		switch {
		case v.Provider.Verify != nil:
			all[i].Skip = ownVerification
		case scheme.TimestampHeader == "":
			all[i].Skip = "this vendor signs no time"
		}
	}
	return all
}

// unknownType is an event type that no vendor has.
const unknownType = "eventtest.unheard-of"

func (v Vendor) rightButOdd() []NearMiss {
	unknown := NearMiss{Name: "unknown type", About: "it is of a type that is not known yet: vendors add some, and switch off endpoints that reject deliveries",
		Statuses: v.success(), MaxRuns: 1, // of a callback for all other types
		before: func(v Vendor, d *Draft) error {
			d.Type = unknownType
			for _, name := range v.Provider.Envelope.Type {
				d.Body = replacing(d.Body, name, []byte(quote(unknownType)))
			}
			return nil
		}}
	if v.Provider.Synchronous {
		unknown.About = "it is of a type that is not known yet: the person who waits must not be told that all is well"
		unknown.Statuses = []int{http.StatusNotImplemented, http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusBadRequest}
	}
	if len(v.Provider.Envelope.Type) == 0 {
		unknown.Skip = "the URL tells this vendor's event types, and nothing else does"
	}
	return []NearMiss{
		unknown,
		{Name: "an added member", About: "payload and envelope have a member that is not known yet: vendors add some without notice",
			Statuses: v.success(), MinRuns: 1, MaxRuns: 1,
			before: func(v Vendor, d *Draft) error {
				if payload := v.Payload(d.Body); object(payload) != nil {
					d.Body = v.withPayload(d.Body, adding(payload, "eventtest_unheard_of", `{"new":[1,null,"x"]}`))
				}
				d.Body = adding(d.Body, "eventtest_unheard_of_either", `"x"`)
				return nil
			}},
		{Name: "null where a value is usual", About: "a member of the payload that usually has a value is null: vendors send null for what they do not know",
			Statuses: v.success(), MinRuns: 1, MaxRuns: 1, before: Vendor.nullOne},
		{Name: "the same again", About: "it is a good delivery that comes twice, as it does when the response to the first is lost: it must be acknowledged again",
			Statuses: v.success(), MinRuns: 1, MaxRuns: 2, Times: 2},
	}
}

// changeByte changes one letter or digit of the signed bytes, so that what was
// JSON stays JSON.
func (r *request) changeByte() {
	start, end := r.signedRange()
	r.Body = bytes.Clone(r.Body)
	for i := range end - start {
		c := &r.Body[start+(i+(end-start)/2)%(end-start)]
		if '1' <= *c && *c <= '8' || 'a' <= *c && *c <= 'y' || 'A' <= *c && *c <= 'Y' {
			*c++
			return
		}
	}
	r.Body[end-1] ^= 1
}

// reencode writes the signed bytes in another way that means the same.
func (r *request) reencode() {
	start, end := r.signedRange()
	signed := r.Body[start:end]
	var again bytes.Buffer
	if json.Indent(&again, signed, "", "  ") != nil {
		return // no middleware re-encodes what is not JSON
	}
	if bytes.Equal(again.Bytes(), signed) {
		again.Reset()
		_ = json.Compact(&again, signed) // valid, as Indent has found
	}
	r.Body = slices.Concat(r.Body[:start], again.Bytes(), r.Body[end:])
}

// compact is body without white space, if it is JSON.
func compact(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return body
	}
	return b.Bytes()
}

// nullOne makes one member of the payload null, the first that may be.
func (v Vendor) nullOne(d *Draft) error {
	for _, at := range places(v.Payload(d.Body)) {
		body := v.withPayload(d.Body, at.with(nil))
		if at.value != nil && !v.isEnvelope(d.Body, at.path) && v.decodes(d.Type, body) {
			d.Body = body
			return nil
		}
	}
	return errNothing
}

// decodes reports whether a body reaches the callback of its event.
func (v Vendor) decodes(typ string, body []byte) bool {
	e, ok := v.event(typ)
	h, err := event.NewHandler(v.Provider, "any", &event.Options{Logger: slog.New(slog.DiscardHandler)})
	if !ok || err != nil {
		return false
	}
	e.on(h, func(context.Context, any) error { return nil })
	return h.Dispatch(context.Background(), &event.Delivery{Type: typ, Body: body}) == nil
}

// isEnvelope reports whether p leads to a member of the envelope, in a payload
// that is the whole body.
func (v Vendor) isEnvelope(body []byte, p path) bool {
	e := v.Provider.Envelope
	return v.payloadName(body) == "" && len(p) == 1 && slices.Contains(slices.Concat(e.Type, e.ID, e.OccurredAt), p.name())
}
