package main

import (
	"log/slog"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// ashby signs the body, writes the hash function before the MAC, and has no
// event id (developers.ashbyhq.com/docs/authenticating-webhooks, read
// 2026-11-21).
var ashby = event.Provider{
	Name:   "ashby",
	Scheme: signature.HMAC{Header: "Ashby-Signature", Prefix: "sha256="},
	Envelope: event.Envelope{
		Type:    []string{"action"},
		Payload: []string{"data"},
	},
	Types: []string{"candidateHire"},
}

// AshbyHire is as much of the payload of candidateHire as this program looks
// at.
type AshbyHire struct {
	Application struct {
		ID        event.ID `json:"id" validate:"required"`
		Candidate struct {
			ID event.ID `json:"id"`
		} `json:"candidate,omitzero"`
	} `json:"application"`
}

// LogValue shows the id only.
func (e AshbyHire) LogValue() slog.Value {
	return slog.GroupValue(slog.String("application_id", string(e.Application.ID)))
}
