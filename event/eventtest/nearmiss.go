package eventtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Draft is one good delivery that has not been signed yet: what a near miss is
// made of.
type Draft struct {
	// Type is the event's.
	Type string
	// Body is what to send; nil is the fixture.
	Body []byte
	// Secret is the one that the receiver verifies with.
	Secret string
	// Previous is an older secret that the receiver still accepts, while it is
	// rotated; "" is none.
	Previous string
	// Time is when it is signed; zero is now.
	Time time.Time
	// Limit is the largest body that the receiver accepts, in bytes; 0 is
	// 1 MiB, as it is for [event.Options].MaxBody.
	Limit int64
}

// Sign makes a request of d: the headers that the vendor would send, and the
// body. The header has a Content-Type too.
func (v Vendor) Sign(d Draft) (*event.Request, error) {
	s, err := v.shot(d)
	if err != nil {
		return nil, err
	}
	return s.plain(), nil
}

// shot makes a signed request of a draft.
func (v Vendor) shot(d Draft) (*shot, error) {
	if d.Secret == "" {
		return nil, errors.New("eventtest: the draft has no secret")
	}
	if d.Body == nil {
		if !v.has(d.Type) {
			return nil, fmt.Errorf("eventtest: no fixture for %q", d.Type)
		}
		d.Body = v.Body(d.Type)
	}
	if d.Time.IsZero() {
		d.Time = time.Now()
	}
	p := v.Provider()
	if _, err := p.Scheme.Signed(d.Body); err != nil {
		return nil, fmt.Errorf("eventtest: the body cannot be signed: %w", err)
	}
	return newShot(p, d.Type, d.Secret, d.Body, d.Time), nil
}

// NearMiss is a delivery that is almost as it should be, and what a right
// receiver makes of it. [Vendor.NearMisses] lists them. It knows nothing of
// tests, so that a program can send it over HTTP.
type NearMiss struct {
	// Name is what it is called: "wrong key".
	Name string
	// About says what it is and why the answer matters, in a sentence.
	About string
	// Statuses are the right answers; what this module's handlers answer comes first.
	Statuses []int
	// MinRuns and MaxRuns are how often callbacks may run for it, all in all.
	MinRuns, MaxRuns int
	// Times is how often the same request is sent: 1, or 2. Statuses are the
	// right answers to the last one; the first is a good delivery then.
	Times int
	// AtOnce sends the second while the first is still being handled.
	AtOnce bool
	// NeedsPrevious is set where Draft.Previous must be.
	NeedsPrevious bool
	// Skip says why there is no such thing at this vendor; "" if there is.
	Skip string

	vendor Vendor
	before func(d *Draft, v Vendor) error // changes what is signed; nil is nothing
	after  func(s *shot, d Draft)         // changes the signed request; nil is nothing
}

// errNothing is for a draft that a near miss cannot be made of.
var errNothing = errors.New("eventtest: no member that may be null")

// Make makes the request out of a good delivery. It fails if there is a reason
// to Skip, if d lacks what it needs, or if its body offers nothing to spoil.
func (m NearMiss) Make(d Draft) (*event.Request, error) {
	s, err := m.shot(d)
	if err != nil {
		return nil, err
	}
	return s.plain(), nil
}

func (m NearMiss) shot(d Draft) (*shot, error) {
	switch {
	case m.Skip != "":
		return nil, fmt.Errorf("eventtest: there is no %s: %s", m.Name, m.Skip)
	case m.NeedsPrevious && d.Previous == "":
		return nil, fmt.Errorf("eventtest: %s needs a previous secret", m.Name)
	}
	if d.Body == nil && m.vendor.has(d.Type) {
		d.Body = m.vendor.Body(d.Type)
	}
	if m.before != nil {
		if err := m.before(&d, m.vendor); err != nil {
			return nil, err
		}
	}
	s, err := m.vendor.shot(d)
	if err != nil {
		return nil, err
	}
	if m.after != nil {
		m.after(s, d)
		s.length = int64(len(s.body))
	}
	return s, nil
}

// refuses are the answers of right receivers to a forgery. A 5xx would look like
// an outage, a 404 or 405 like a wrong URL.
var refuses = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest}

// accepts are their answers to what is genuine. 200 is the only one that all
// vendors name; one that reads the answer takes no other.
func accepts(p event.Provider) []int {
	if p.Synchronous != nil {
		return []int{http.StatusOK}
	}
	return []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent}
}

// NearMisses are the deliveries that are almost right, in an order that goes
// from what anyone could send to what the vendor may send one day. Those that
// there cannot be under the vendor's scheme say so in Skip.
func (v Vendor) NearMisses() []NearMiss {
	p := v.Provider()
	all := slices.Concat(wrongSignatures(p), wrongBodies(p), wrongTimes(p), rightButOdd(p))
	for i := range all {
		all[i].vendor = v
		if all[i].Times == 0 {
			all[i].Times = 1
		}
		if all[i].Statuses == nil {
			all[i].Statuses = refuses
		}
	}
	return all
}

func wrongSignatures(p event.Provider) []NearMiss {
	unsigned := NearMiss{Name: "no signature",
		About: "the header with the signature is missing: anyone could have sent it",
		after: func(s *shot, _ Draft) { s.header.Del(s.signatureHeader()) }}
	if p.InsecureAllowUnsigned {
		unsigned.Skip = "this provider was told to accept deliveries without a signature"
	}
	prefix := NearMiss{Name: "missing prefix",
		About: fmt.Sprintf("the signature is right, but without the %q that the vendor writes before it: one signature must not have several spellings", p.Scheme.Prefix),
		after: func(s *shot, _ Draft) { s.setSignature(strings.TrimPrefix(s.signature(), p.Scheme.Prefix)) }}
	switch {
	case p.Scheme.Prefix == "":
		prefix.Skip = "this vendor writes nothing before the signature"
	case slices.Contains(p.Scheme.OtherPrefixes, ""):
		prefix.Skip = "a signature without prefix is accepted for this vendor"
	}
	return []NearMiss{
		unsigned,
		{Name: "wrong key", About: "the signature was made with another secret: whoever sent it does not know yours",
			after: func(s *shot, d Draft) { s.sign("not " + d.Secret) }},
		{Name: "empty key", About: "the signature was made with an empty secret, which is what a receiver verifies with whose configuration is missing",
			// HMAC fills keys up with zero bytes, so this one is the same as none.
			after: func(s *shot, _ Draft) { s.sign("\x00") }},
		{Name: "previous key", About: "the signature was made with the previous secret, which you said is still accepted: while secrets are rotated, deliveries come with either",
			Statuses: accepts(p), MinRuns: 1, MaxRuns: 1, NeedsPrevious: true,
			after: func(s *shot, d Draft) { s.sign(d.Previous) }},
		{Name: "one byte of the signature changed", About: "the signature is wrong in its last byte: all of it must be compared",
			after: func(s *shot, _ Draft) {
				mac := s.mac()
				mac[len(mac)-1] ^= 1
				s.setSignature(s.spell(mac))
			}},
		{Name: "wrong encoding", About: "the signature is right, but not written as the vendor writes it: one signature must not have several spellings",
			after: func(s *shot, _ Draft) { s.setSignature(s.misspell(s.mac())) }},
		prefix,
	}
}

func wrongBodies(p event.Provider) []NearMiss {
	what := "the body"
	if p.Scheme.Member != "" {
		what = fmt.Sprintf("the member %q, the only one that is signed,", p.Scheme.Member)
	}
	return []NearMiss{
		{Name: "one byte of the body changed", About: "one letter of " + what + " was changed after it was signed",
			after: func(s *shot, _ Draft) { s.changeByte() }},
		{Name: "re-encoded JSON", About: what + " was decoded and encoded again after it was signed, which middleware may do: it means the same, but the bytes are not those that are signed",
			after: func(s *shot, _ Draft) { s.reencode() }},
		{Name: "truncated", About: "the body was cut in the middle, and its length with it: half a payload is another payload",
			after: func(s *shot, _ Draft) { s.body = s.body[:len(s.body)/2] }},
		{Name: "too large", About: "the body is signed and good, but one byte over your limit, all of it blanks at the end: without a limit anyone can fill your memory",
			Statuses: []int{http.StatusRequestEntityTooLarge},
			before: func(d *Draft, _ Vendor) error {
				limit := d.Limit
				if limit == 0 {
					limit = 1 << 20
				}
				d.Body = append(bytes.Clone(d.Body), bytes.Repeat([]byte(" "), max(0, int(limit)+1-len(d.Body)))...)
				return nil
			}},
	}
}

func wrongTimes(p event.Provider) []NearMiss {
	tolerance := p.Scheme.Tolerance
	if tolerance == 0 {
		tolerance = signature.DefaultTolerance
	}
	shifted := func(by time.Duration) func(d *Draft, _ Vendor) error {
		return func(d *Draft, _ Vendor) error {
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
		{Name: "from the future", About: "its timestamp is further ahead than clocks differ: accepted, it could be kept and sent again later",
			before: shifted(tolerance + time.Minute)},
	}
	if p.Scheme.TimestampHeader == "" {
		for i := range all {
			all[i].Skip = "this vendor signs no time"
		}
	}
	return all
}

func rightButOdd(p event.Provider) []NearMiss {
	const unknown = "eventtest.unheard-of"
	unheard := NearMiss{Name: "unknown type",
		About:    "it is of a type that nobody knows yet: vendors add some, and switch off receivers that refuse deliveries",
		Statuses: accepts(p), MaxRuns: 1, // of a callback for whatever else comes
		before: func(d *Draft, v Vendor) error {
			d.Type = unknown
			d.Body = v.retyped(d.Body, unknown)
			return nil
		}}
	if p.Synchronous != nil {
		unheard.About = "it is of a type that nobody knows yet: the person who waits for the answer must not be told that all is well"
		unheard.Statuses = []int{http.StatusNotImplemented, http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusBadRequest}
	}
	if len(p.Envelope.Type) == 0 {
		unheard.Skip = "this vendor's URLs tell the type, and nothing else does"
	}
	return []NearMiss{
		unheard,
		{Name: "an added member", About: "the payload and the envelope have a member that nobody knows yet: vendors add some without notice",
			Statuses: accepts(p), MinRuns: 1, MaxRuns: 1,
			before: func(d *Draft, v Vendor) error {
				if payload := v.Payload(d.Body); isObject(payload) {
					d.Body = v.withPayload(d.Body, adding(payload, "eventtest_unheard_of", `{"new":[1,null,"x"]}`))
				}
				d.Body = adding(d.Body, "eventtest_unheard_of_either", `"x"`)
				return nil
			}},
		{Name: "null where a value is usual", About: "a member of the payload that usually has a value is null: vendors send null for what they do not know",
			Statuses: accepts(p), MinRuns: 1, MaxRuns: 1,
			before: func(d *Draft, v Vendor) error { return v.nullOne(d) }},
		{Name: "the same again", About: "it is a good delivery that comes twice, as it does when your answer to the first was lost: it must be acknowledged again",
			Statuses: accepts(p), MinRuns: 1, MaxRuns: 2, Times: 2},
		{Name: "the same while the first still runs", About: "it is a good delivery that comes again before the first is done: one that deduplicates says 503, since the first may still fail, and 4xx may be taken as final",
			Statuses: append([]int{http.StatusServiceUnavailable}, accepts(p)...), MinRuns: 1, MaxRuns: 2, Times: 2, AtOnce: true},
	}
}

// changeByte changes one letter or digit inside the signed bytes, so that what
// was JSON stays JSON.
func (s *shot) changeByte() {
	start, end := s.signedRange()
	s.body = bytes.Clone(s.body)
	middle := start + (end-start)/2
	for i := range end - start {
		at := start + (middle-start+i)%(end-start)
		if c := s.body[at]; '1' <= c && c <= '8' || 'a' <= c && c <= 'y' || 'A' <= c && c <= 'Y' {
			s.body[at]++
			return
		}
	}
	s.body[end-1] ^= 1
}

// reencode writes the signed bytes in another way that means the same.
func (s *shot) reencode() {
	start, end := s.signedRange()
	signed := s.body[start:end]
	v, err := parse(signed)
	if err != nil {
		return // no JSON: nothing would re-encode it
	}
	again := write(v)
	if bytes.Equal(again, signed) {
		again = indented(v)
	}
	s.body = slices.Concat(s.body[:start], again, s.body[end:])
}

// retyped is body with another type. One that tells none is as it was.
func (v Vendor) retyped(body []byte, typ string) []byte {
	names := v.Provider().Envelope.Type
	for _, m := range split(body) {
		if slices.Contains(names, m.name) {
			body = replaceMember(body, m.name, []byte(quote(typ)))
		}
	}
	return body
}

// nullOne makes one member of the payload null, the first that may be: one
// that is not null yet, and without which the payload still decodes.
func (v Vendor) nullOne(d *Draft) error {
	i := slices.IndexFunc(v.Events, func(e Event) bool { return e.Type == d.Type })
	payload := v.Payload(d.Body)
	if i < 0 || !isObject(payload) {
		return errNothing
	}
	root := mustParse(payload)
	for _, p := range paths(root) {
		if old, _ := at(root, p); old == nil || len(payload) == len(d.Body) && v.isEnvelope(p.name()) {
			continue
		}
		changed := with(payload, p, nil)
		if lacks, err := missing(changed, v.Events[i].payload); err == nil && lacks == "" {
			d.Body = v.withPayload(d.Body, changed)
			return nil
		}
	}
	return errNothing
}

// isEnvelope says whether the envelope has a member of that name.
func (v Vendor) isEnvelope(name string) bool {
	e := v.Provider().Envelope
	return slices.Contains(slices.Concat(e.Type, e.ID, e.OccurredAt), name)
}
