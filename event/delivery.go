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

// Delivery is one verified request. What it refers to is read-only and may be
// kept; it is safe for concurrent reading.
//
// Only the bytes that the provider signs are authentic. Where that is one
// member of the body, ID, Type and OccurredAt are whatever the sender wrote.
// Its body is personal data. Package fmt, log/slog and encoding/json show only
// what identifies it; [Delivery.MarshalBinary] stores it whole.
type Delivery struct {
	Handler    string    // the name of the handler that verified it
	Provider   string    // the provider's name
	Tenant     string    // the customer, as Options.Tenant named it
	ID         string    // the provider's id; "" where it has none that is plain text
	Type       string    // the event type as the provider wrote it; "" if the envelope could not be read
	OccurredAt time.Time // zero where the provider does not say, or not legibly
	ReceivedAt time.Time // UTC

	SecretIndex int // of the secret that matched: 0 is the handler's, 1 and up are Options.PreviousSecrets; or the index in what Options.Secrets returned; -1 if unsigned
	Attempt     int // runs of the callback, this one included: 1 in a request; a worker sets it

	Header  http.Header // as received; from an inbox, a few harmless ones
	Body    []byte      // as received
	Payload []byte      // the part of Body that callbacks decode; nil if there is none, or it was not looked for yet

	key           string   // hexadecimal, once it is known
	signed        []byte   // what the signature covers
	idIsSigned    bool     // ID is from signed bytes
	storedHeaders []string // headers of the provider's that are worth storing
}

// keyVersion is the first part of every key: keys made otherwise must differ.
const keyVersion = "atshooks/1"

// Key is what makes two deliveries the same: 64 hexadecimal digits, a SHA-256
// over the handler's name, the tenant, and either the type and id, if they are
// from signed bytes, or else the signed bytes themselves.
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
}

type (
	scopeKey struct{}
	claimKey struct{}
)

func (s *scope) Value(key any) any {
	switch key {
	case scopeKey{}:
		return &s.delivery
	case claimKey{}:
		return s.token
	}
	return s.Context.Value(key)
}

// FromContext returns the delivery whose callback was given ctx, and whether
// there is one.
func FromContext(ctx context.Context) (*Delivery, bool) {
	d, ok := ctx.Value(scopeKey{}).(*Delivery)
	return d, ok
}

// ClaimToken returns the token of the claim under which the callback that was
// given ctx runs, and whether there is one: for a [Store] that lets callbacks
// complete their delivery in a transaction of their own. The claim's key is
// that of the delivery.
func ClaimToken(ctx context.Context) (string, bool) {
	token, _ := ctx.Value(claimKey{}).(string)
	return token, token != ""
}
