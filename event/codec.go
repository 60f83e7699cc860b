package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// storedVersion is the version of the stored form that MarshalBinary writes.
const storedVersion = 1

// ErrNewerVersion is for a stored delivery that a later release of this
// library wrote: during a rolling upgrade, leave it for a process that can.
var ErrNewerVersion = errors.New("event: stored by a newer version")

// stored is the metadata of the stored form. A member may be added; a change
// in the meaning of one is a new version.
type stored struct {
	Version    int         `json:"v"`
	Receiver   string      `json:"receiver"`
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

// storedHeaders may be stored, beside those that the provider names: they help
// to trace a delivery and hold no credentials.
var storedHeaders = []string{"Content-Type", "User-Agent", "Traceparent", "Tracestate", "X-Request-Id"}

// MarshalBinary returns the stored form: one line of JSON with the metadata
// and a few harmless headers, a newline, and the body as it was received. It
// holds no signature, cookie or authorization. The body is personal data.
func (d *Delivery) MarshalBinary() ([]byte, error) {
	meta, err := json.Marshal(stored{
		Version: storedVersion, Receiver: d.Receiver, Provider: d.Provider, Tenant: d.Tenant, Type: d.Type, ID: d.ID,
		Key: d.Key(), Secret: d.SecretIndex, OccurredAt: d.OccurredAt, ReceivedAt: d.ReceivedAt, Header: d.storedHeader(),
	})
	if err != nil {
		return nil, fmt.Errorf("event: storing a delivery: %w", err)
	}
	b := make([]byte, 0, len(meta)+1+len(d.Body))
	b = append(b, meta...)
	b = append(b, '\n')
	return append(b, d.Body...), nil
}

func (d *Delivery) storedHeader() http.Header {
	h := make(http.Header)
	for _, names := range [][]string{storedHeaders, d.keep} {
		for _, name := range names {
			if values := d.Header.Values(name); len(values) > 0 {
				h[http.CanonicalHeaderKey(name)] = values
			}
		}
	}
	return h
}

var errStored = errors.New("event: not the stored form of a delivery")

// UnmarshalBinary reads the stored form, of this version or an older one, and
// fails with [ErrNewerVersion] for a newer one. The key is the stored one.
// Payload is nil until [Handler.Dispatch] finds it in Body. Nothing is
// verified again: a timestamp would be stale, and secrets change.
func (d *Delivery) UnmarshalBinary(data []byte) error {
	line, body, ok := bytes.Cut(data, []byte("\n"))
	var m stored
	// The decoder's error would quote what it read.
	if !ok || json.Unmarshal(line, &m) != nil || m.Version < 1 {
		return errStored
	}
	if m.Version > storedVersion {
		return fmt.Errorf("%w: %d, this release reads up to %d", ErrNewerVersion, m.Version, storedVersion)
	}
	if key, err := hex.DecodeString(m.Key); err != nil || len(key) != 32 {
		return errStored
	}
	*d = Delivery{
		Receiver: m.Receiver, Provider: m.Provider, Tenant: m.Tenant, Type: m.Type, ID: m.ID,
		OccurredAt: m.OccurredAt, ReceivedAt: m.ReceivedAt, SecretIndex: m.Secret,
		Header: m.Header, Body: bytes.Clone(body), key: m.Key,
	}
	if d.Header == nil {
		d.Header = make(http.Header)
	}
	for name := range d.Header {
		d.keep = append(d.keep, name)
	}
	return nil
}
