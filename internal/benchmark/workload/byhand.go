package workload

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// The handlers of this file are what people write for one vendor, following
// its documentation: read all, make an HMAC, encode it and compare, decode the
// envelope, switch on the type, decode the payload. They are written kindly:
// the parts of what is signed are not put together first, the comparison takes
// constant time.

func (l *Load) hash() crypto.Hash {
	if l.Provider.Scheme.Hash == 0 {
		return crypto.SHA256
	}
	return l.Provider.Scheme.Hash
}

func equal(signature, want string) bool { return hmac.Equal([]byte(signature), []byte(want)) }

func comeetByHand(k *kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, []byte(Secret))
		mac.Write(body)
		if !equal(r.Header.Get("Signature"), "sha256 "+hex.EncodeToString(mac.Sum(nil))) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		// The URL tells the type, so there is no envelope to decode.
		v, err := k.decode(body)
		if err != nil {
			http.Error(w, "bad payload", http.StatusBadRequest)
			return
		}
		k.callback(v)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("{}"))
	})
}

func komboByHand(k *kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, []byte(Secret))
		mac.Write(body)
		if !equal(r.Header.Get("X-Kombo-Signature"), base64.RawURLEncoding.EncodeToString(mac.Sum(nil))) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		var envelope struct {
			ID   string          `json:"id"`
			Type string          `json:"type"`
			Data json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &envelope) != nil {
			http.Error(w, "bad envelope", http.StatusBadRequest)
			return
		}
		k.dispatch(w, envelope.Type, envelope.Data)
	})
}

func keldairByHand(k *kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		var envelope struct {
			ID           string          `json:"id"`
			Type         string          `json:"type"`
			DateOccurred string          `json:"dateOccurred"`
			Data         json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &envelope) != nil {
			http.Error(w, "bad envelope", http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha1.New, []byte(Secret))
		mac.Write(envelope.Data)
		if !equal(r.Header.Get("X-KeldairHR-Auth"), hex.EncodeToString(mac.Sum(nil))) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		k.dispatch(w, envelope.Type, envelope.Data)
	})
}

func hires100ByHand(k *kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, []byte(Secret))
		mac.Write(body)
		if !equal(r.Header.Get("X-Signature"), hex.EncodeToString(mac.Sum(nil))) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		var envelope struct {
			ID        string          `json:"id"`
			Type      string          `json:"type"`
			Timestamp int64           `json:"timestamp"`
			Data      json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &envelope) != nil {
			http.Error(w, "bad envelope", http.StatusBadRequest)
			return
		}
		k.dispatch(w, envelope.Type, envelope.Data)
	})
}

func kitByHand(k *kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timestamp := r.Header.Get("X-Webhook-Timestamp")
		at, err := time.Parse(time.RFC3339, timestamp)
		if err != nil || time.Since(at).Abs() > tolerance {
			http.Error(w, "bad timestamp", http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, []byte(Secret))
		mac.Write([]byte(timestamp + "."))
		mac.Write(body)
		if !equal(r.Header.Get("X-Webhook-Signature"), hex.EncodeToString(mac.Sum(nil))) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		var envelope struct {
			Event     string          `json:"event"`
			CreatedAt string          `json:"created_at"`
			Data      json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &envelope) != nil {
			http.Error(w, "bad envelope", http.StatusBadRequest)
			return
		}
		k.dispatch(w, envelope.Event, envelope.Data)
	})
}

// dispatch is the switch on the type.
func (k *kind) dispatch(w http.ResponseWriter, typ string, data []byte) {
	switch typ {
	case k.typ:
		v, err := k.decode(data)
		if err != nil {
			http.Error(w, "bad payload", http.StatusBadRequest)
			return
		}
		k.callback(v)
	default:
		// not subscribed to
	}
	w.WriteHeader(http.StatusOK)
}

// ByHandWith is the handler that people write for Kit's events with a library
// that verifies.
func (l *Load) ByHandWith(verify func(body []byte, h http.Header) error) http.Handler {
	k := l.kind
	k.callback = func(any) {}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		if verify(body, r.Header) != nil {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		var envelope struct {
			Event     string          `json:"event"`
			CreatedAt string          `json:"created_at"`
			Data      json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &envelope) != nil {
			http.Error(w, "bad envelope", http.StatusBadRequest)
			return
		}
		k.dispatch(w, envelope.Event, envelope.Data)
	})
}
