package event

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"log/slog"
	"net/http"
	"time"
)

// Delivery is one verified request. What it refers to is read-only and may be
// kept; it is safe for concurrent reading.
//
// Only the bytes that the vendor signs are authentic. For most vendors that is
// the whole body; where a vendor signs one member alone, ID, Type and
// OccurredAt are whatever the sender wrote, as its package says.
type Delivery struct {
	Receiver   string    // the name of the handler that verified it
	Provider   string    // the vendor's name
	Tenant     string    // the customer, as Options.Tenant named it
	ID         string    // the vendor's id; "" where it has none that is plain text
	Type       string    // the event's type as the vendor wrote it; "" if the envelope could not be read
	OccurredAt time.Time // zero where the vendor does not say, or not legibly
	ReceivedAt time.Time // UTC

	// SecretIndex tells which secret matched: 0 is the handler's, 1 and up are
	// Options.PreviousSecrets; or the index in what Options.Secrets returned.
	// It is -1 for a delivery without a signature, where those are accepted.
	SecretIndex int

	Header  http.Header // as received; from a store, a few harmless ones
	Body    []byte      // as received
	Payload []byte      // the piece of Body that callbacks decode; nil if there is none, or not looked for yet

	key    string   // hexadecimal, once it is known
	signed []byte   // what the MAC covers
	byID   bool     // ID is from signed bytes
	keep   []string // headers of the vendor's that are worth storing
}

// keyVersion is the first part of every key: keys made otherwise must differ.
const keyVersion = "atshooks/1"

// Key is what makes two deliveries the same: 64 hexadecimal digits, a SHA-256
// over the handler's name, the tenant, and either the type and id, if they are
// from signed bytes, or else the signed bytes themselves. Handlers that
// deduplicate compute it once; otherwise each call does.
func (d *Delivery) Key() string {
	if d.key != "" {
		return d.key
	}
	h := sha256.New()
	writePart(h, []byte(keyVersion))
	writePart(h, []byte(d.Receiver))
	writePart(h, []byte(d.Tenant))
	if d.byID {
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

// LogValue prints what identifies the delivery, never what it holds.
func (d *Delivery) LogValue() slog.Value {
	if d == nil {
		return slog.Value{}
	}
	return slog.GroupValue(
		slog.String("receiver", d.Receiver),
		slog.String("tenant", d.Tenant),
		slog.String("type", d.Type),
		slog.String("id", d.ID),
		slog.Time("received_at", d.ReceivedAt),
		slog.Int("bytes", len(d.Body)),
	)
}

// scope is the context of a callback: the caller's, with the delivery. Both in
// one piece are one allocation.
type scope struct {
	context.Context
	delivery Delivery
}

type scopeKey struct{}

func (s *scope) Value(key any) any {
	if key == (scopeKey{}) {
		return &s.delivery
	}
	return s.Context.Value(key)
}

// FromContext returns the delivery whose callback was given ctx, and whether
// there is one: its type and id, its raw payload and headers, the tenant, and
// which secret matched.
func FromContext(ctx context.Context) (*Delivery, bool) {
	d, ok := ctx.Value(scopeKey{}).(*Delivery)
	return d, ok
}
