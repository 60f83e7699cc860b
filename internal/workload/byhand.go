package workload

import (
	"cmp"
	"crypto"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// ByHand returns the handler that people write for a vendor, following its
// documentation: read all, decode the envelope, verify, switch on the type,
// decode the payload, with encoding/json on every Go. verify is
// [Load.VerifyByHand] or that of another library.
func (l *Load) ByHand(verify func(body []byte, h http.Header) error) http.Handler {
	return Receive(func(r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		var envelope struct {
			ID    string          `json:"id"`
			Type  string          `json:"type"`
			Event string          `json:"event"`
			Data  json.RawMessage `json:"data"`
		}
		if len(l.Provider.Envelope.Type) == 0 {
			envelope.Type = l.Type // from the URL or a header
		} else if err := json.Unmarshal(body, &envelope); err != nil {
			return err
		}
		if len(l.Provider.Envelope.Payload) == 0 {
			envelope.Data = body
		}
		if l.Provider.Scheme.Member != "" {
			body = envelope.Data
		}
		if err := verify(body, r.Header); err != nil {
			return err
		}
		if cmp.Or(envelope.Type, envelope.Event) != l.Type {
			return nil
		}
		v, err := l.unmarshal(json.Unmarshal, envelope.Data)
		l.Callback(v)
		return err
	})
}

// Receive returns a handler that responds 200 to requests that receive takes,
// and else 400.
func Receive(receive func(r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := receive(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

var errByHand = errors.New("bad signature or timestamp")

// VerifyByHand makes an HMAC, encodes it and compares, which is what people
// write. It is written kindly: the parts of what is signed are not put together
// first, and the comparison takes constant time.
func (l *Load) VerifyByHand(signed []byte, h http.Header) error {
	s := &l.Provider.Scheme
	mac := hmac.New(l.hash(), []byte(Secret))
	if s.TimestampHeader != "" {
		stamp := h.Get(s.TimestampHeader)
		if at, err := time.Parse(time.RFC3339, stamp); err != nil || time.Since(at).Abs() > tolerance {
			return errByHand
		}
		mac.Write([]byte(stamp + "."))
	}
	mac.Write(signed)
	encode := hex.EncodeToString
	if s.Encoding == signature.Base64URL {
		encode = base64.RawURLEncoding.EncodeToString
	}
	if !hmac.Equal([]byte(h.Get(s.Header)), []byte(s.Prefix+encode(mac.Sum(nil)))) {
		return errByHand
	}
	return nil
}

func (l *Load) hash() func() hash.Hash { return cmp.Or(l.Provider.Scheme.Hash, crypto.SHA256).New }
