package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/internal/jsondecode"
)

// storedVersion is the version of the stored form that MarshalBinary writes.
const storedVersion = 1

// stored is the metadata of the stored form. A member may be added; a change
// in the meaning of one is a new version.
type stored struct {
	Version    int         `json:"v"`
	Handler    string      `json:"handler"`
	Provider   string      `json:"provider"`
	Tenant     string      `json:"tenant,omitempty"`
	Type       string      `json:"type,omitempty"`
	ID         string      `json:"id,omitempty"`
	Key        string      `json:"key"`
	Secret     int         `json:"secret"`
	OccurredAt time.Time   `json:"occurred_at,omitzero"`
	ReceivedAt time.Time   `json:"received_at"`
	Header     http.Header `json:"header,omitempty"`
}

// harmlessHeaders may be stored, beside those that the provider names: they help
// to trace a delivery and hold no credentials.
var harmlessHeaders = []string{"Content-Type", "User-Agent", "Traceparent", "Tracestate", "X-Request-Id"}

// MarshalBinary returns the stored form of the delivery: a line of JSON with the
// metadata and a few harmless headers, and the body as received. It contains no
// credentials.
func (d *Delivery) MarshalBinary() ([]byte, error) {
	meta, err := json.Marshal(stored{
		Version: storedVersion, Handler: d.Handler, Provider: d.Provider, Tenant: d.Tenant, Type: d.Type, ID: d.ID,
		Key: d.Key(), Secret: d.SecretIndex, OccurredAt: d.OccurredAt, ReceivedAt: d.ReceivedAt, Header: d.headersToStore(),
	})
	if err != nil {
		return nil, fmt.Errorf("event: storing a delivery: %w", err)
	}
	b := make([]byte, 0, len(meta)+1+len(d.Body))
	b = append(b, meta...)
	b = append(b, '\n')
	return append(b, d.Body...), nil
}

func (d *Delivery) headersToStore() http.Header {
	h := make(http.Header)
	for _, names := range [][]string{harmlessHeaders, d.storedHeaders} {
		for _, name := range names {
			if values := d.Header.Values(name); len(values) > 0 {
				h[http.CanonicalHeaderKey(name)] = values
			}
		}
	}
	return h
}

var errStored = errors.New("event: not the stored form of a delivery")

// UnmarshalBinary reads the stored form of this version or an older one. For a
// newer one the error wraps [ErrNewerVersion]. It verifies nothing, and leaves
// Payload nil.
func (d *Delivery) UnmarshalBinary(data []byte) error {
	line, body, ok := bytes.Cut(data, []byte("\n"))
	var m stored
	// The decoder's error would quote what it read.
	if !ok || jsondecode.Unmarshal(line, &m) != nil || m.Version < 1 {
		return errStored
	}
	if m.Version > storedVersion {
		return fmt.Errorf("%w: %d, this release reads up to %d", ErrNewerVersion, m.Version, storedVersion)
	}
	if key, err := hex.DecodeString(m.Key); err != nil || len(key) != 32 {
		return errStored
	}
	*d = Delivery{
		Handler: m.Handler, Provider: m.Provider, Tenant: m.Tenant, Type: m.Type, ID: m.ID,
		OccurredAt: m.OccurredAt, ReceivedAt: m.ReceivedAt, SecretIndex: m.Secret,
		Header: m.Header, Body: bytes.Clone(body), key: m.Key,
	}
	if d.Header == nil {
		d.Header = make(http.Header)
	}
	for name := range d.Header {
		d.storedHeaders = append(d.storedHeaders, name)
	}
	return nil
}
