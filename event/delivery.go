package event

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"net/http"
	"time"
)

// Delivery is one verified request. Callbacks may keep it and read it
// concurrently, but must not change its header, body or payload.
//
// Only the bytes that the provider signs are authentic. If it signs one member of
// the body, ID, Type and OccurredAt are whatever the sender wrote. The body is
// personal data: packages fmt, log/slog and encoding/json print only what
// identifies the delivery, and [Delivery.MarshalBinary] stores all of it.
type Delivery struct {
	Handler    string    // the name of the handler that verified it
	Provider   string    // the provider's name
	Tenant     string    // the customer, as Options.Tenant returned it
	ID         string    // the provider's id; "" if there is none that is plain text
	Type       string    // the event type as the provider wrote it; "" if the envelope could not be read
	OccurredAt time.Time // in UTC; zero if the provider does not send a time that can be read
	ReceivedAt time.Time // in UTC

	SecretIndex int // the secret that matched: 0 for the handler's, 1 and up for Options.PreviousSecrets, or an index in what Options.Secrets returned; -1 if unsigned
	Attempt     int // how often the callback has run, this time included: 1 in a request; a worker sets it

	Header  http.Header // as received; from an inbox, a few harmless ones
	Body    []byte      // as received
	Payload []byte      // the part of Body that callbacks decode; nil if there is none, or if Handler.Dispatch has yet to find it

	key           string   // hexadecimal, once it is known
	signed        []byte   // what the signature covers
	idIsSigned    bool     // ID is from signed bytes
	storedHeaders []string // headers of the provider's that are worth storing
}

// keyVersion is the first part of every key: keys made otherwise must differ.
const keyVersion = "atshooks/1"

// Key identifies the delivery: when it is sent again, it has the same key. A key
// is 64 hexadecimal digits, a SHA-256 over the handler's name, the tenant, and the
// type and id if those are signed, or else the signed bytes themselves.
func (d *Delivery) Key() string {
	if d.key != "" {
		return d.key
	}
	h := sha256.New()
	writePart(h, []byte(keyVersion))
	writePart(h, []byte(d.Handler))
	writePart(h, []byte(d.Tenant))
	if d.idIsSigned {
		writePart(h, []byte("id"))
		writePart(h, []byte(d.Type))
		writePart(h, []byte(d.ID))
	} else {
		signed := d.signed
		if signed == nil {
			signed = d.Body
		}
		writePart(h, []byte("signed"))
		writePart(h, signed)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// writePart writes a part with its length before it, so that no two lists of
// parts are written alike.
func writePart(h hash.Hash, part []byte) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(part)))
	h.Write(n[:])
	h.Write(part)
}

// scope is the context of a callback: the caller's, with the delivery. Both in
// one piece are one allocation.
type scope struct {
	context.Context
	delivery Delivery
	token    string // of the claim under which the callback runs
	cause    error  // why OnInvalid is called
}

type (
	scopeKey struct{}
	claimKey struct{}
	causeKey struct{}
)

func (s *scope) Value(key any) any {
	switch key {
	case scopeKey{}:
		return &s.delivery
	case claimKey{}:
		return s.token
	case causeKey{}:
		return s.cause
	}
	return s.Context.Value(key)
}

// FromContext returns the delivery that a callback is handling, from the context
// of the callback. It returns false for any other context.
func FromContext(ctx context.Context) (*Delivery, bool) {
	d, ok := ctx.Value(scopeKey{}).(*Delivery)
	return d, ok
}

// ClaimToken returns the token of the claim under which a callback is running,
// from the context of the callback. It returns false if there is no claim. It is
// for a [Store] that lets callbacks commit the claim in their own transaction; the
// claim's key is [Delivery.Key].
func ClaimToken(ctx context.Context) (string, bool) {
	token, _ := ctx.Value(claimKey{}).(string)
	return token, token != ""
}
