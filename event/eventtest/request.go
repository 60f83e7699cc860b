package eventtest

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Draft is a good delivery before it is signed.
type Draft struct {
	Type     string    // the event type
	Body     []byte    // nil means the fixture of Type
	Secret   string    // with which the service verifies
	Previous string    // a previous secret that the service still accepts; may be ""
	Time     time.Time // when the delivery is signed; zero means now
	Limit    int64     // the size of the largest body that the service accepts, in bytes; zero means 1 MiB
}

// Sign returns the request that the vendor would make of d, including its
// Content-Type.
func (v Vendor) Sign(d Draft) (*event.Request, error) {
	r, err := v.sign(d)
	if err != nil {
		return nil, err
	}
	return r.plain(), nil
}

// request is a delivery before it is sent: signed as the vendor would, and open
// to being spoilt.
type request struct {
	event.Request
	provider event.Provider
	method   string
	now      time.Time // when it is signed
}

func (v Vendor) sign(d Draft) (*request, error) {
	r, err := v.unsigned(d)
	if err != nil {
		return nil, err
	}
	return r, r.sign(d.Secret)
}

func (v Vendor) unsigned(d Draft) (*request, error) {
	if d.Secret == "" {
		return nil, errors.New("eventtest: Draft.Secret is empty")
	}
	if d.Body == nil {
		var err error
		if d.Body, err = v.fixture(d.Type); err != nil {
			return nil, err
		}
	}
	if d.Time.IsZero() {
		d.Time = time.Now()
	}
	r := &request{
		Request:  event.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: d.Body, Endpoint: d.Type},
		provider: v.Provider, method: http.MethodPost, now: d.Time,
	}
	if name := v.Provider.Envelope.TypeHeader; name != "" {
		r.Header.Set(name, d.Type)
	}
	return r, nil
}

// sign signs r as it stands.
func (r *request) sign(secret string) error {
	p := &r.provider
	switch {
	case p.Sign != nil:
		r.Body = bytes.Clone(r.Body)
		if err := p.Sign(secret, &r.Request, r.now); err != nil {
			return fmt.Errorf("eventtest: Provider.Sign: %w", err)
		}
		return nil
	case p.Verify != nil:
		return errors.New("eventtest: the provider has a Verify function, but no Sign")
	}
	if err := p.Scheme.New([]byte(secret)).Sign(r.Header, r.Body, r.now); err != nil {
		return fmt.Errorf("eventtest: the body cannot be signed: %w", err)
	}
	return nil
}

// signature is the text of the signature's header.
func (r *request) signature() string { return r.Header.Get(r.provider.Scheme.Header) }

func (r *request) setSignature(text string) { r.Header.Set(r.provider.Scheme.Header, text) }

// misspelt is the signature in an encoding that the scheme does not read.
func (r *request) misspelt(secret string) string {
	scheme := r.provider.Scheme
	read := max(scheme.Encoding, signature.Hex)
	scheme.Encoding, scheme.Prefix = signature.Hex, ""
	h := make(http.Header)
	if err := scheme.New([]byte(secret)).Sign(h, r.Body, r.now); err != nil {
		panic("eventtest: " + err.Error()) // it was signed before
	}
	text := h.Get(scheme.Header)
	mac, _ := hex.DecodeString(text)
	switch {
	case read&signature.Hex == 0:
	case read == signature.Hex:
		text = base64.StdEncoding.EncodeToString(mac)
	default:
		text = base32.StdEncoding.EncodeToString(mac)
	}
	return r.provider.Scheme.Prefix + text
}

// signedRange is where in the body the signed bytes are.
func (r *request) signedRange() (start, end int) {
	signed, err := r.provider.Scheme.Signed(r.Body)
	if err != nil {
		return 0, len(r.Body)
	}
	start = bytes.Index(r.Body, signed)
	return start, start + len(signed)
}

// http is the request as a server gets it.
func (r *request) http(target string) *http.Request {
	out := httptest.NewRequest(r.method, target, bytes.NewReader(r.Body))
	out.Header = r.Header.Clone()
	return out
}

// plain is the request for what is not an http.Handler.
func (r *request) plain() *event.Request {
	return &event.Request{Header: r.Header.Clone(), Body: bytes.Clone(r.Body), Endpoint: r.Endpoint}
}

// withoutPrefix is the signature without what the vendor writes before it.
func (r *request) withoutPrefix() string {
	return strings.TrimPrefix(r.signature(), r.provider.Scheme.Prefix)
}
