package eventtest

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// shot is a request before it is sent: signed as the vendor would, and open to
// being spoilt.
type shot struct {
	provider event.Provider
	typ      string // of the event; for a vendor whose URL tells it, the endpoint
	secret   string
	now      time.Time

	method string
	header http.Header
	body   []byte
	length int64     // declared; -1 if not
	stream io.Reader // in place of body, unless nil
	ctx    context.Context
}

// newShot makes a good request.
func newShot(p event.Provider, typ, secret string, body []byte, now time.Time) *shot {
	s := &shot{
		provider: p, typ: typ, secret: secret, now: now,
		method: http.MethodPost, body: body, length: int64(len(body)), ctx: context.Background(),
	}
	s.header = http.Header{"Content-Type": {"application/json"}}
	if name := p.Envelope.TypeHeader; name != "" {
		s.header.Set(name, typ)
	}
	s.sign(secret)
	return s
}

// sign sets the headers of the signature, made with secret at s.now.
func (s *shot) sign(secret string) { s.signBytes(secret, s.body) }

// signBytes signs other bytes than those that are sent. What has no member
// that the scheme signs is signed whole, so that there is a signature.
func (s *shot) signBytes(secret string, body []byte) {
	scheme := s.provider.Scheme
	if _, err := scheme.Signed(body); err != nil {
		scheme.Member = ""
	}
	if err := scheme.New([]byte(secret)).Sign(s.header, body, s.now); err != nil {
		panic("eventtest: " + err.Error())
	}
}

// signatureHeader is the name of the header with the signature.
func (s *shot) signatureHeader() string { return signatureHeader(s.provider.Scheme) }

func signatureHeader(scheme signature.HMAC) string {
	if scheme.Header != "" {
		return scheme.Header
	}
	return "X-" + scheme.HeaderWord
}

// signature is the header's text.
func (s *shot) signature() string { return s.header.Get(s.signatureHeader()) }

func (s *shot) setSignature(text string) { s.header.Set(s.signatureHeader(), text) }

// mac is the bytes of the signature.
func (s *shot) mac() []byte {
	plain := s.provider.Scheme
	plain.Header, plain.HeaderWord, plain.Prefix, plain.OtherPrefixes, plain.Encoding = "Mac", "", "", nil, signature.Hex
	if _, err := plain.Signed(s.body); err != nil {
		plain.Member = ""
	}
	h := make(http.Header)
	if err := plain.New([]byte(s.secret)).Sign(h, s.body, s.now); err != nil {
		panic("eventtest: " + err.Error())
	}
	mac, err := hex.DecodeString(h.Get("Mac"))
	if err != nil {
		panic("eventtest: " + err.Error())
	}
	return mac
}

// encodings are the spellings of a MAC, in the order in which schemes choose.
var encodings = []struct {
	encoding signature.Encoding
	encode   func([]byte) string
}{
	{signature.Hex, hex.EncodeToString},
	{signature.Base64, base64.StdEncoding.EncodeToString},
	{signature.Base64URL, base64.RawURLEncoding.EncodeToString},
	{signature.RawBase64, base64.RawStdEncoding.EncodeToString},
	{signature.PaddedBase64URL, base64.URLEncoding.EncodeToString},
}

// accepted is the set of a scheme's encodings.
func accepted(scheme signature.HMAC) signature.Encoding {
	if scheme.Encoding == 0 {
		return signature.Hex
	}
	return scheme.Encoding
}

// spell writes a MAC as the vendor does.
func (s *shot) spell(mac []byte) string {
	for _, e := range encodings {
		if accepted(s.provider.Scheme)&e.encoding != 0 {
			return s.provider.Scheme.Prefix + e.encode(mac)
		}
	}
	panic("eventtest: the scheme has no encoding")
}

// misspell writes a MAC in an encoding that the scheme does not read. Two
// encodings may write one MAC alike: then it is no misspelling.
func (s *shot) misspell(mac []byte) string {
	read := accepted(s.provider.Scheme)
	var right []string
	for _, e := range encodings {
		if read&e.encoding != 0 {
			right = append(right, e.encode(mac))
		}
	}
	for _, e := range encodings {
		if text := e.encode(mac); read&e.encoding == 0 && !slices.Contains(right, text) {
			return s.provider.Scheme.Prefix + text
		}
	}
	return s.provider.Scheme.Prefix + base32.StdEncoding.EncodeToString(mac)
}

// signedRange is where in the body the signed bytes are.
func (s *shot) signedRange() (start, end int) {
	signed, err := s.provider.Scheme.Signed(s.body)
	if err != nil {
		return 0, len(s.body)
	}
	start = bytes.Index(s.body, signed)
	return start, start + len(signed)
}

// flip changes one bit of the body.
func (s *shot) flip(i int, bit uint) {
	s.body = bytes.Clone(s.body)
	s.body[i] ^= 1 << (bit % 8)
}

// request is the shot as a server sees it.
func (s *shot) request(target string) *http.Request {
	stream := s.stream
	if stream == nil {
		stream = bytes.NewReader(s.body)
	}
	r := httptest.NewRequest(s.method, target, stream).WithContext(s.ctx)
	r.Header = s.header.Clone()
	r.ContentLength = s.length
	return r
}

// plain is the shot for a receiver that is no http.Handler.
func (s *shot) plain() *event.Request {
	r := &event.Request{Header: s.header.Clone(), Body: bytes.Clone(s.body)}
	if len(s.provider.Envelope.Type) == 0 {
		r.Endpoint = s.typ
	}
	return r
}
