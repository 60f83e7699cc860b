package signature

import (
	"crypto"
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

// Why a signature was refused. Errors of this package wrap one of these.
var (
	ErrMissing   = errors.New("signature missing")       // no header, or no timestamp beside it
	ErrMalformed = errors.New("signature malformed")     // no secret could make it good
	ErrMismatch  = errors.New("signature mismatch")      // made with another secret, or of other bytes
	ErrExpired   = errors.New("signature out of window") // the MAC is right, its timestamp too far from now
)

// DefaultTolerance is how far a signed timestamp may be from the receiver's
// clock, on either side, where neither the caller nor the scheme says.
const DefaultTolerance = 5 * time.Minute

// HMAC is one vendor's way to sign: a plain value that says where the MAC
// stands, how it is spelled and what it covers. It holds no secret. At least
// Header or HeaderWord must be set; every other zero value has a meaning.
type HMAC struct {
	// Header is the name of the header that carries the MAC.
	Header string
	// HeaderWord is for vendors that do not publish that name: any header
	// whose name contains the word, in whatever case, is considered, and those
	// that cannot be a MAC are passed over. That is safe, since only who has
	// the secret can make the MAC, wherever it stands. Ignored if Header is set.
	HeaderWord string
	// Prefix stands before the encoded MAC, with its blanks: "sha256 " say.
	Prefix string
	// OtherPrefixes are accepted beside Prefix; Sign writes Prefix.
	OtherPrefixes []string
	// Hash is the hash function; zero is crypto.SHA256. SHA-1 and the SHA-2
	// family are linked in.
	Hash crypto.Hash
	// Encoding is how the MAC is written, or several ways that are accepted;
	// zero is Hex. Sign writes the first of them.
	Encoding Encoding
	// TimestampHeader names a header whose text, exactly as received, and a
	// full stop stand before the signed bytes. Its time must be close to the
	// receiver's. "" is none. RFC 3339, ISO 8601 with an offset that has no
	// colon, and Unix seconds or milliseconds are read.
	TimestampHeader string
	// Tolerance is how far that time may be off, into the past and into the
	// future; zero is DefaultTolerance.
	Tolerance time.Duration
	// UnixTime lets Sign write Unix seconds and not RFC 3339.
	UnixTime bool
	// Member names the member of the JSON body whose value is signed, byte by
	// byte as it stands there; "" is the whole body. The member must be there
	// once, and no name beside it may hold an escape.
	Member string
}

// Encoding is a set of spellings of a MAC.
type Encoding uint8

// The spellings. Each is read strictly: exact length, canonical final bits, no
// line breaks; hexadecimal digits may be in either case.
const (
	Hex             Encoding = 1 << iota // lower case when written
	Base64                               // RFC 4648 §4, padded
	Base64URL                            // RFC 4648 §5, without padding
	RawBase64                            // RFC 4648 §4, without padding
	PaddedBase64URL                      // RFC 4648 §5, padded
)

// refusal is the error of this package: a cause that callers test for, and
// where it was found. Its text names headers, never what they hold.
type refusal struct {
	cause  error
	where  string
	detail string
}

func (e *refusal) Error() string {
	return e.cause.Error() + ": " + e.where + e.detail
}

func (e *refusal) Unwrap() error { return e.cause }

// ExpiredError is the error for a MAC that is right beside a timestamp that is
// too far from the receiver's clock: an authentic delivery that came late, was
// sent again by someone else, or met a clock that is wrong. It wraps [ErrExpired].
type ExpiredError struct {
	Skew      time.Duration // the receiver's time less the sender's: positive is the past
	Tolerance time.Duration
}

func (e *ExpiredError) Error() string {
	side := "old"
	if e.Skew < 0 {
		side = "in the future"
	}
	return fmt.Sprintf("%v: the timestamp is %v %s, %v are tolerated", ErrExpired, e.Skew.Abs().Round(time.Second), side, e.Tolerance)
}

// Unwrap returns ErrExpired.
func (e *ExpiredError) Unwrap() error { return ErrExpired }

// Validate says what is wrong with a scheme that could not work: it names no
// header, its hash function is not linked in, or its encoding is unknown.
func (s HMAC) Validate() error {
	switch {
	case s.Header == "" && s.HeaderWord == "":
		return errors.New("signature: the scheme names no header")
	case !s.hash().Available():
		return errors.New("signature: unknown hash function " + s.hash().String())
	case s.Encoding >= 1<<len(spellings):
		return errors.New("signature: unknown encoding")
	}
	return nil
}

// Check refuses what no secret can make good: a signature or timestamp that is
// missing, malformed, or there twice. It touches no body, so that a receiver
// may refuse before it has read one. The error wraps [ErrMissing] or
// [ErrMalformed]. The scheme must be valid.
func (s HMAC) Check(h http.Header) error {
	_, err := s.Parse(h)
	return err
}

// Parsed is what the headers of a request say: a MAC, or several under a
// HeaderWord, and when it was made. Nothing of it is verified.
type Parsed struct {
	macs      candidates
	timestamp string
	at        time.Time
}

// Parse is Check with what it found, for [Verifier.VerifyParsed]. Beside an error
// it has found nothing, which no secret matches.
func (s HMAC) Parse(h http.Header) (p Parsed, err error) {
	err = s.read(h, &p.macs)
	if err == nil && s.TimestampHeader != "" {
		p.timestamp, p.at, err = s.timestamp(h)
	}
	if err != nil {
		p = Parsed{}
	}
	return p, err
}

// Exact says whether s leaves a sender one spelling only: a named header, one
// prefix, one encoding.
func (s HMAC) Exact() bool {
	return s.Header != "" && len(s.OtherPrefixes) == 0 && s.Encoding&(s.Encoding-1) == 0
}

// Signed returns the part of body that the MAC covers: body itself, or the
// value of Member. The error wraps [ErrMalformed].
func (s HMAC) Signed(body []byte) ([]byte, error) {
	if s.Member == "" {
		return body, nil
	}
	value, err := jsonscan.Find(body, s.Member)
	if err != nil {
		return nil, &refusal{ErrMalformed, "the body's member " + s.Member + ": ", err.Error()}
	}
	return value, nil
}

// String describes the scheme in words, for logs.
func (s HMAC) String() string {
	var b strings.Builder
	if s.Header != "" {
		fmt.Fprintf(&b, "header %s", s.Header)
	} else {
		fmt.Fprintf(&b, "a header whose name contains %q", s.HeaderWord)
	}
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

// timestamp returns the header's text and the time that it names.
func (s *HMAC) timestamp(h http.Header) (string, time.Time, error) {
	values := headerValues(h, s.TimestampHeader)
	if len(values) == 0 {
		return "", time.Time{}, &refusal{ErrMissing, "no header ", s.TimestampHeader}
	}
	if len(values) > 1 {
		return "", time.Time{}, &refusal{ErrMalformed, s.TimestampHeader, " is there twice"}
	}
	t, ok := parseTimestamp(values[0])
	if !ok {
		return "", time.Time{}, &refusal{ErrMalformed, s.TimestampHeader, " is no time"}
	}
	return values[0], t, nil
}
