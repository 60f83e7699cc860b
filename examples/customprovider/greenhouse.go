package main

import (
	"log/slog"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// greenhouse signs the body and tells the type in "action"
// (developers.greenhouse.io/webhooks.html, read 2026-11-21). The id in the
// header is not signed: it can be read, and does not decide what a duplicate is.
var greenhouse = event.Provider{
	Name:   "greenhouse",
	Scheme: signature.HMAC{Header: "Signature", Prefix: "sha256 "},
	Envelope: event.Envelope{
		Type:     []string{"action"},
		Payload:  []string{"payload"},
		IDHeader: "Greenhouse-Event-ID",
	},
	Types: []string{"hire_candidate"},
}

// GreenhouseHire is as much of the payload of hire_candidate as this program
// looks at.
type GreenhouseHire struct {
	Application struct {
		ID        event.ID `json:"id" validate:"required"`
		Candidate struct {
			ID event.ID `json:"id"`
		} `json:"candidate,omitzero"`
	} `json:"application"`
}

// LogValue shows the id only.
func (e GreenhouseHire) LogValue() slog.Value {
	return slog.GroupValue(slog.String("application_id", string(e.Application.ID)))
}
