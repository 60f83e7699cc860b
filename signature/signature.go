package signature

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/sha1" // linked for HMAC.Hash
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/atshooks/atshooks/internal/jsonscan"
)

// Every error about a delivery wraps one of these. No error text contains a
// signature, a secret or a part of a body.
var (
	ErrMissing   = errors.New("signature missing")                // no signature header, or no timestamp header beside it
	ErrMalformed = errors.New("signature malformed")              // no secret could make it valid
	ErrMismatch  = errors.New("signature mismatch")               // made with another secret or over other bytes
	ErrExpired   = errors.New("signature timestamp out of range") // the MAC is right, but the timestamp is too far from now
)

// DefaultTolerance is how far a signed timestamp may be from the receiver's
// clock, in either direction, unless the caller or the scheme sets another
// tolerance.
const DefaultTolerance = 5 * time.Minute

// HMAC describes how a vendor signs: where the MAC is found, how it is written
// and which bytes it covers. It is a plain value and holds no secret. Only Header
// is required.
type HMAC struct {
	// Header is the name of the header that carries the MAC.
	Header string
	// Prefix precedes the encoded MAC, spaces included, as in "sha256 ".
	Prefix string
	// OtherPrefixes are accepted as well as Prefix, which is the one that Sign
	// writes.
	OtherPrefixes []string
	// Hash is the hash function; zero means crypto.SHA256. This package links
	// SHA-1 and SHA-2.
	Hash crypto.Hash
	// Encoding is the set of encodings in which the MAC is accepted; zero means
	// Hex. Sign writes the first of them.
	Encoding Encoding
	// TimestampHeader names the header of a signed timestamp; empty means that
	// there is none. The MAC covers the header's value exactly as received, a
	// full stop, and then the signed bytes. See [ParseTimestamp] for its forms.
	TimestampHeader string
	// Tolerance is how far the timestamp may be from the receiver's clock, in
	// either direction; zero means DefaultTolerance.
	Tolerance time.Duration
	// SignUnixTime makes Sign write Unix seconds instead of RFC 3339.
	SignUnixTime bool
	// Member names the member of the JSON body whose value is signed, byte for
	// byte; empty means that the whole body is signed. The member must appear
	// exactly once, and no name beside it may contain an escape.
	Member string
}

// Validate returns an error if the scheme cannot work: it names no header, or an
// encoding or hash function that is not available. SHA-1 is not available in FIPS
// 140-only mode.
func (s HMAC) Validate() error {
	return s.CheckSecret(make([]byte, maxMAC))
}

// CheckSecret returns an error if [HMAC.New] would panic: the scheme is not
// valid, or the secret is empty or, in FIPS 140-only mode, shorter than 14 bytes.
func (s HMAC) CheckSecret(secret []byte) error {
	switch {
	case s.Header == "":
		return errors.New("signature: the scheme names no header")
	case s.Encoding > allEncodings:
		return errors.New("signature: unknown encoding")
	case !s.hash().Available():
		return errors.New("signature: unknown hash function " + s.hash().String())
	case len(secret) == 0:
		return errors.New("signature: empty secret")
	}
	return try(s.hash(), secret)
}

// try returns as an error what crypto/hmac panics with in FIPS 140-only mode.
func try(h crypto.Hash, key []byte) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("signature: %v", reason)
		}
	}()
	hmac.New(h.New, key)
	return nil
}

// Parsed holds what [HMAC.Parse] found in the headers of a request. None of it
// has been verified. The zero Parsed matches no secret.
type Parsed struct {
	prefix    string
	encoded   string // the MAC as text
	mac       [roomForMAC]byte
	size      int // of the MAC
	timestamp string
	at        time.Time // what timestamp says
}

// Parse reads the headers of the signature, for [Verifier.VerifyParsed]. If it
// fails, the delivery cannot verify with any secret, so the request can be
// rejected before its body is read. The error wraps [ErrMissing] or
// [ErrMalformed]. The scheme must be valid.
func (s HMAC) Parse(h http.Header) (Parsed, error) {
	var p Parsed
	if err := s.parse(h, &p); err != nil {
		return Parsed{}, err
	}
	return p, nil
}

func (s *HMAC) parse(h http.Header, p *Parsed) error {
	text, err := single(h, s.Header)
	if err != nil {
		return err
	}
	if !s.decode(text, p) {
		return &failure{ErrMalformed, s.Header, " is not in the expected form (prefix, length, encoding)"}
	}
	if s.TimestampHeader == "" {
		return nil
	}
	if p.timestamp, err = single(h, s.TimestampHeader); err != nil {
		return err
	}
	ok := false
	if p.at, ok = ParseTimestamp(p.timestamp); !ok {
		return &failure{ErrMalformed, s.TimestampHeader, " is not a valid time"}
	}
	return nil
}

// single returns the value of a header that must appear exactly once.
func single(h http.Header, name string) (string, error) {
	values := headerValues(h, name)
	switch len(values) {
	case 0:
		return "", &failure{ErrMissing, "no header ", name}
	case 1:
		return values[0], nil
	}
	return "", &failure{ErrMalformed, name, " appears twice"}
}

// headerValues is h.Values without its allocation for names that are not in
// canonical form: X-KeldairHR-Auth is X-Keldairhr-Auth in an http.Header.
func headerValues(h http.Header, name string) []string {
	if values, ok := h[name]; ok {
		return values
	}
	var canonical [64]byte
	if len(name) > len(canonical) {
		return h.Values(name)
	}
	start := true
	for i := range len(name) {
		c := name[i]
		switch {
		case start && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		case !start && 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		canonical[i] = c
		start = c == '-'
	}
	return h[string(canonical[:len(name)])]
}

// decode reads a MAC after any of the prefixes.
func (s *HMAC) decode(text string, p *Parsed) bool {
	if s.decodeAfter(s.Prefix, text, p) {
		return true
	}
	for _, prefix := range s.OtherPrefixes {
		if s.decodeAfter(prefix, text, p) {
			return true
		}
	}
	return false
}

func (s *HMAC) decodeAfter(prefix, text string, p *Parsed) bool {
	encoded, ok := strings.CutPrefix(text, prefix)
	p.prefix, p.encoded, p.size = prefix, encoded, s.hash().Size()
	return ok && s.encoding().decode(&p.mac, encoded, p.size)
}

// Signed returns the part of body that the MAC covers: body itself, or the
// value of Member, without copying it. The error wraps [ErrMalformed].
func (s HMAC) Signed(body []byte) ([]byte, error) {
	if s.Member == "" {
		return body, nil
	}
	value, err := jsonscan.Find(body, s.Member)
	if err != nil {
		return nil, &failure{ErrMalformed, "the body's member " + s.Member + ": ", err.Error()}
	}
	return value, nil
}

// IsExact reports whether s accepts only one prefix and one encoding.
func (s HMAC) IsExact() bool {
	return len(s.OtherPrefixes) == 0 && s.Encoding&(s.Encoding-1) == 0
}

// String describes the scheme in words, for logs.
func (s HMAC) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "header %s", s.Header)
	if s.Prefix != "" || len(s.OtherPrefixes) > 0 {
		fmt.Fprintf(&b, ", prefix %q", s.Prefix)
	}
	for _, p := range s.OtherPrefixes {
		fmt.Fprintf(&b, " or %q", p)
	}
	fmt.Fprintf(&b, ", HMAC-%v in %v of ", s.hash(), s.encoding())
	if s.TimestampHeader != "" {
		fmt.Fprintf(&b, "%s + \".\" + ", s.TimestampHeader)
	}
	if s.Member != "" {
		fmt.Fprintf(&b, "the member %q", s.Member)
	} else {
		b.WriteString("the body")
	}
	return b.String()
}

func (s *HMAC) hash() crypto.Hash {
	if s.Hash == 0 {
		return crypto.SHA256
	}
	return s.Hash
}

func (s *HMAC) encoding() Encoding {
	if s.Encoding == 0 {
		return Hex
	}
	return s.Encoding
}

func (s *HMAC) tolerance(given time.Duration) time.Duration {
	switch {
	case given > 0:
		return given
	case s.Tolerance > 0:
		return s.Tolerance
	}
	return DefaultTolerance
}

// failure is the error of this package: a cause that callers test for, and
// where it was found. It names headers, never what they hold.
type failure struct {
	cause  error
	where  string
	detail string
}

func (e *failure) Error() string { return e.cause.Error() + ": " + e.where + e.detail }

func (e *failure) Unwrap() error { return e.cause }

// ExpiredError is the error for a MAC that is right and a timestamp that is too
// far from the receiver's clock. The delivery is authentic, but it arrived late,
// somebody has replayed it, or a clock is wrong. It wraps [ErrExpired].
type ExpiredError struct {
	Skew      time.Duration // the receiver's time minus the timestamp: positive if that is in the past
	Tolerance time.Duration // the largest skew that was accepted
}

func (e *ExpiredError) Error() string {
	side := "old"
	if e.Skew < 0 {
		side = "in the future"
	}
	return fmt.Sprintf("%v: %v %s, at most %v is accepted", ErrExpired, e.Skew.Abs().Round(time.Second), side, e.Tolerance)
}

// Unwrap returns ErrExpired.
func (e *ExpiredError) Unwrap() error { return ErrExpired }
