package signature

import (
	"bytes"
	"crypto/hmac"
	"hash"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/internal/jsonscan"
)

// Verifier verifies and signs with one scheme and one secret; [HMAC.New] makes
// it. It keeps its hash states, so that Verify allocates nothing. It is safe for
// concurrent use and must not be copied.
type Verifier struct {
	scheme   HMAC
	spare    atomic.Pointer[state] // outlives a garbage collection, which empties the pool
	states   sync.Pool             // of *state, for concurrent calls
	mismatch error                 // made once: forged deliveries arrive in floods
}

// state is a keyed hash with the buffers that it writes to, which would escape
// to the heap if they were local: hash.Hash is an interface.
type state struct {
	mac     hash.Hash
	scratch [maxTimestamp + 1]byte
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

// New returns a Verifier for the scheme and a copy of secret. It panics if the
// scheme is not valid or the secret cannot be used; see [HMAC.CheckSecret].
func (s HMAC) New(secret []byte) *Verifier {
	if err := s.CheckSecret(secret); err != nil {
		panic(err.Error())
	}
	key := bytes.Clone(secret)
	v := &Verifier{scheme: s, mismatch: &failure{ErrMismatch, s.Header, " was made with another secret or over other bytes"}}
	v.states.New = func() any { return &state{mac: hmac.New(s.hash().New, key)} }
	return v
}

// Verify verifies the signature of body, which must be the bytes as they were
// received. It returns the part of body that the MAC covers, which is body itself
// or the value of the scheme's Member, and nil if there is an error.
//
// A signed timestamp may be at most tolerance away from now, in either direction;
// zero means the scheme's own tolerance. The error is an [ExpiredError] only if
// the MAC is right, so that a late delivery can be told from a forged one.
func (v *Verifier) Verify(h http.Header, body []byte, now time.Time, tolerance time.Duration) (signed []byte, err error) {
	var p Parsed
	if err = v.scheme.parse(h, &p); err != nil {
		return nil, err
	}
	return v.VerifyParsed(&p, body, now, tolerance)
}

// VerifyParsed is like Verify, for callers that try several secrets: p is what
// [HMAC.Parse] of the same scheme returned.
func (v *Verifier) VerifyParsed(p *Parsed, body []byte, now time.Time, tolerance time.Duration) (signed []byte, err error) {
	if signed, err = v.authentic(p, body); err != nil {
		return nil, err
	}
	if v.scheme.TimestampHeader == "" {
		return signed, nil
	}
	skew, limit := now.Sub(p.at), v.scheme.tolerance(tolerance)
	if skew.Abs() > limit {
		return nil, &ExpiredError{Skew: skew, Tolerance: limit}
	}
	return signed, nil
}

// authentic returns the part of body that the MAC covers. Finding a member takes a
// scan of the whole body, which takes longer than the MAC. If it is the last
// member, as usual, the MAC itself shows where it ends: it cannot be forged for
// other bytes.
func (v *Verifier) authentic(p *Parsed, body []byte) ([]byte, error) {
	var last []byte
	if v.scheme.Member != "" {
		last = jsonscan.FindLast(body, v.scheme.Member)
	}
	if last != nil && v.match(p, last) {
		return last, nil
	}
	signed, err := v.scheme.Signed(body)
	switch {
	case err != nil:
		return nil, err
	case last != nil && len(last) == len(signed), !v.match(p, signed):
		return nil, v.mismatch
	}
	return signed, nil
}

// match computes the MAC and compares it in constant time.
func (v *Verifier) match(p *Parsed, signed []byte) bool {
	st := v.take()
	equal := hmac.Equal(p.mac[:p.size], st.compute(p.timestamp, signed))
	v.give(st)
	return equal
}

// compute hashes the parts one after the other: joining them first would copy
// the body.
func (st *state) compute(timestamp string, signed []byte) []byte {
	st.mac.Reset()
	if timestamp != "" {
		n := copy(st.scratch[:maxTimestamp], timestamp) // ParseTimestamp reads nothing longer
		st.scratch[n] = '.'
		st.mac.Write(st.scratch[:n+1])
	}
	st.mac.Write(signed)
	return st.mac.Sum(st.sum[:0])
}

// Narrow verifies a delivery, however old, and returns the scheme reduced to the
// prefix and encoding that the delivery uses. About one MAC in four reads the same
// in both alphabets of base64; after such a delivery, a scheme that accepted both
// still does.
func (v *Verifier) Narrow(h http.Header, body []byte) (HMAC, error) {
	p, err := v.scheme.Parse(h)
	if err != nil {
		return HMAC{}, err
	}
	signed, err := v.scheme.Signed(body)
	if err != nil {
		return HMAC{}, err
	}
	if !v.match(&p, signed) {
		return HMAC{}, v.mismatch
	}
	narrow := v.scheme
	narrow.Prefix, narrow.OtherPrefixes = p.prefix, nil
	narrow.Encoding = v.scheme.encoding().reading(p.encoded, p.size)
	return narrow, nil
}

// Sign sets the headers that Verify reads, as the vendor would at the time now.
// It fails only if body lacks the scheme's Member.
func (v *Verifier) Sign(h http.Header, body []byte, now time.Time) error {
	s := &v.scheme
	signed, err := s.Signed(body)
	if err != nil {
		return err
	}
	var timestamp string
	if s.TimestampHeader != "" {
		timestamp = now.UTC().Format(time.RFC3339)
		if s.SignUnixTime {
			timestamp = strconv.FormatInt(now.Unix(), 10)
		}
		h.Set(s.TimestampHeader, timestamp)
	}
	st := v.take()
	text := s.Encoding.Encode(st.compute(timestamp, signed))
	v.give(st)
	h.Set(s.Header, s.Prefix+text)
	return nil
}
