package signature

import (
	"crypto/hmac"
	"hash"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Verifier is one scheme with one secret. It keeps its keyed hash states from
// one delivery to the next, so that verifying allocates nothing. It is safe
// for concurrent use and must not be copied; [HMAC.New] makes it.
type Verifier struct {
	scheme   HMAC
	spare    atomic.Pointer[state] // kept when a collection empties the pool: a verifier of many may be used seldom
	states   sync.Pool             // of *state, for those who come at the same time
	mismatch error                 // made once: forged deliveries come in floods
}

// state is a keyed hash with the scratch space that it writes to: what passes
// through an interface would otherwise be allocated each time.
type state struct {
	mac     hash.Hash
	scratch [maxTimestamp]byte
	sum     [maxMAC]byte
}

// take returns a state for one computation, and give takes it back.
func (v *Verifier) take() *state {
	if st := v.spare.Swap(nil); st != nil {
		return st
	}
	return v.states.Get().(*state)
}

func (v *Verifier) give(st *state) {
	if !v.spare.CompareAndSwap(nil, st) {
		v.states.Put(st)
	}
}

// New gives the scheme its secret. Wiring mistakes panic: a secret that is
// empty, with which anyone could sign, and a scheme that is not valid.
func (s HMAC) New(secret []byte) *Verifier {
	if len(secret) == 0 {
		panic("signature: empty secret")
	}
	if err := s.Validate(); err != nil {
		panic(err.Error())
	}
	header := s.Header
	if header == "" {
		header = "any header with " + strconv.Quote(s.HeaderWord) + " in its name"
	}
	key := append([]byte(nil), secret...)
	v := &Verifier{scheme: s, mismatch: &refusal{ErrMismatch, header, " was made with another secret, or of other bytes"}}
	v.states.New = func() any { return &state{mac: hmac.New(s.hash().New, key)} }
	return v
}

// Verify checks the signature of body, byte by byte as it was received, and
// returns the part of body that the MAC covers: body itself, or the value of
// the scheme's Member. It returns nothing beside an error.
//
// now is the receiver's time. tolerance is how far a signed timestamp may be
// from it, on either side; zero is the scheme's own. A timestamp out of that
// window is an [ExpiredError] only if the MAC is right, so that an authentic
// delivery that came late is told from a forged one.
func (v *Verifier) Verify(h http.Header, body []byte, now time.Time, tolerance time.Duration) (signed []byte, err error) {
	p, err := v.scheme.Parse(h)
	if err != nil {
		return nil, err
	}
	if signed, err = v.scheme.Signed(body); err != nil {
		return nil, err
	}
	if err = v.VerifyParsed(&p, signed, now, tolerance); err != nil {
		return nil, err
	}
	return signed, nil
}

// VerifyParsed is Verify for who has several secrets to try: the headers and the
// signed part of the body were found before, by [HMAC.Parse] and [HMAC.Signed] of
// the same scheme, without an error.
func (v *Verifier) VerifyParsed(p *Parsed, signed []byte, now time.Time, tolerance time.Duration) error {
	if v.match(p, signed) == nil {
		return v.mismatch
	}
	if v.scheme.TimestampHeader == "" {
		return nil
	}
	skew, limit := now.Sub(p.at), v.scheme.tolerance(tolerance)
	if skew.Abs() > limit {
		return &ExpiredError{Skew: skew, Tolerance: limit}
	}
	return nil
}

// Pin verifies without regard to the time and returns the scheme narrowed down
// to the spelling that this delivery uses: its header, prefix and encoding. A
// user of a lenient scheme can then write that down. About one MAC in four is
// written the same in both alphabets of base64: where the scheme accepts both,
// both remain then, since the next delivery will not be as kind.
func (v *Verifier) Pin(h http.Header, body []byte) (HMAC, error) {
	s := v.scheme
	p, err := s.Parse(h)
	if err != nil {
		return HMAC{}, err
	}
	signed, err := s.Signed(body)
	if err != nil {
		return HMAC{}, err
	}
	m := v.match(&p, signed)
	if m == nil {
		return HMAC{}, v.mismatch
	}
	s.Header, s.HeaderWord, s.Prefix, s.OtherPrefixes, s.Encoding = m.header, "", m.prefix, nil, s.encoding()&m.spellings(s.hash().Size())
	return s, nil
}

// spellings are all in which the candidate's MAC reads as it was received.
func (m *candidate) spellings(size int) Encoding {
	text := m.encoding.first().encode(m.mac[:size])
	same := m.encoding
	for i := range spellings {
		if spellings[i].encode(m.mac[:size]) == text {
			same |= spellings[i].encoding
		}
	}
	return same
}

// match computes the MAC once and compares every candidate with it in constant
// time. It returns the one that is equal, or nil.
func (v *Verifier) match(p *Parsed, signed []byte) *candidate {
	st := v.take()
	want := st.compute(p.timestamp, signed)
	var found *candidate
	for i := range p.macs.n {
		if m := &p.macs.macs[i]; hmac.Equal(m.mac[:len(want)], want) {
			found = m
		}
	}
	v.give(st)
	return found
}

// compute writes the parts one after the other: putting them together first
// would copy the body.
func (st *state) compute(timestamp string, signed []byte) []byte {
	st.mac.Reset()
	if timestamp != "" {
		n := copy(st.scratch[:], timestamp) // it fits: parseTimestamp
		st.mac.Write(st.scratch[:n])
		st.scratch[0] = '.'
		st.mac.Write(st.scratch[:1])
	}
	st.mac.Write(signed)
	return st.mac.Sum(st.sum[:0])
}

// Sign sets the headers that Verify reads, as the vendor would send them at
// that time. Under a HeaderWord it writes the header X-<word>. It fails only
// where body has no such Member as the scheme signs.
func (v *Verifier) Sign(h http.Header, body []byte, now time.Time) error {
	s := &v.scheme
	signed, err := s.Signed(body)
	if err != nil {
		return err
	}
	var timestamp string
	if s.TimestampHeader != "" {
		timestamp = now.UTC().Format(time.RFC3339)
		if s.UnixTime {
			timestamp = strconv.FormatInt(now.Unix(), 10)
		}
		h.Set(s.TimestampHeader, timestamp)
	}
	st := v.take()
	text := s.encoding().first().encode(st.compute(timestamp, signed))
	v.give(st)
	header := s.Header
	if header == "" {
		header = "X-" + s.HeaderWord
	}
	h.Set(header, s.Prefix+text)
	return nil
}
