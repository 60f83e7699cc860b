package main

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// lever has its signature in the body: an HMAC-SHA256 of the members token and
// triggeredAt, one after the other, in hexadecimal
// (hire.lever.co/developer/documentation, read 2026-11-21).
//
// The rest of the body is not signed. Whoever has seen one delivery can send its
// token with other data until the tolerance is over: use what a callback gets
// as a hint, and read the candidate from Lever's API.
var lever = event.Provider{
	Name: "lever",
	Envelope: event.Envelope{
		Type:       []string{"event"},
		ID:         []string{"id"},
		OccurredAt: []string{"triggeredAt"},
		Payload:    []string{"data"},
	},
	Types:  []string{"candidateHired"},
	Verify: verifyLever,
	Sign:   signLever,
}

// leverSignature is what Verify reads of a body.
type leverSignature struct {
	Token       string      `json:"token"`
	TriggeredAt json.Number `json:"triggeredAt"`
	Signature   string      `json:"signature"`
}

func (s *leverSignature) mac(secret string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(s.Token + s.TriggeredAt.String()))
	return mac.Sum(nil)
}

func verifyLever(secret string, r *event.Request, now time.Time, tolerance time.Duration) ([]byte, error) {
	var s leverSignature
	if json.Unmarshal(r.Body, &s) != nil {
		return nil, fmt.Errorf("%w: the body is not a JSON object with a token, triggeredAt and signature", signature.ErrMalformed)
	}
	if s.Signature == "" {
		return nil, fmt.Errorf("%w: the body has no member signature", signature.ErrMissing)
	}
	got, err := hex.DecodeString(s.Signature)
	if err != nil {
		return nil, fmt.Errorf("%w: the member signature is not hexadecimal", signature.ErrMalformed)
	}
	if !hmac.Equal(got, s.mac(secret)) {
		return nil, signature.ErrMismatch
	}
	at, err := s.TriggeredAt.Int64()
	if err != nil {
		return nil, fmt.Errorf("%w: the member triggeredAt is not a whole number", signature.ErrMalformed)
	}
	tolerance = cmp.Or(tolerance, 24*time.Hour)
	if skew := now.Sub(time.UnixMilli(at)); skew.Abs() > tolerance {
		return nil, &signature.ExpiredError{Skew: skew, Tolerance: tolerance}
	}
	return r.Body, nil
}

// signLever replaces triggeredAt and signature in a body.
func signLever(secret string, r *event.Request, now time.Time) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &members); err != nil {
		return fmt.Errorf("a body of Lever's is a JSON object: %w", err)
	}
	s := leverSignature{TriggeredAt: json.Number(fmt.Sprint(now.UnixMilli()))}
	if err := json.Unmarshal(members["token"], &s.Token); err != nil {
		return fmt.Errorf("a body of Lever's has a token: %w", err)
	}
	members["triggeredAt"] = json.RawMessage(s.TriggeredAt)
	members["signature"] = fmt.Appendf(nil, "%q", hex.EncodeToString(s.mac(secret)))
	var err error
	r.Body, err = json.Marshal(members)
	return err
}

// LeverHire is the payload of candidateHired.
type LeverHire struct {
	CandidateID event.ID `json:"candidateId" validate:"required"`
	ContactID   event.ID `json:"contactId,omitzero"`
}

// LogValue shows the id only.
func (e LeverHire) LogValue() slog.Value {
	return slog.GroupValue(slog.String("candidate_id", string(e.CandidateID)))
}
