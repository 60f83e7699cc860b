package keldair

import (
	"context"
	"crypto"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Provider returns a description of KeldairHR's webhooks, to be changed where a
// delivery shows something else. Set InsecureAllowUnsigned for an endpoint that
// has no signatures, which KeldairHR arranges on request only.
func Provider() event.Provider {
	return event.Provider{
		Name: "keldair",
		Scheme: signature.HMAC{
			Header:   "X-KeldairHR-Auth",
			Hash:     crypto.SHA1,
			Encoding: signature.Hex | signature.Base64,
			Member:   "data",
		},
		Envelope: event.Envelope{
			Type:       []string{"type"},
			ID:         []string{"id"},
			OccurredAt: []string{"dateOccurred", "occurredOn"},
			Payload:    []string{"data"},
		},
		Types: []string{
			TypeNewHireFileCompleted,
		},
	}
}

// Handler receives KeldairHR's deliveries: register a callback for each event that
// matters, and mount the handler at the URL that KeldairHR was given. It has the
// methods of [event.Handler]: OnOther, OnInvalid, ServeHTTP, Handle, Verify,
// Dispatch, Sign and Types. An event that this package does not model is
// received by event.On(h, "new.type", fn), with a type of your own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler returns a handler for the deliveries of KeldairHR. secret is the
// secret of the endpoint; it must be empty if and only if opts.Secrets is set.
// opts may be nil. See [event.NewHandler] for what is an error.
func NewHandler(secret string, opts *event.Options) (*Handler, error) {
	return New(Provider(), secret, opts)
}

// New returns a handler as [NewHandler] does, for a [Provider] that was changed.
func New(p event.Provider, secret string, opts *event.Options) (*Handler, error) {
	h, err := event.NewHandler(p, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Handler{h}, nil
}

// OnNewHireFileCompleted calls fn when an onboarding new hire file was marked as
// completed.
func (h *Handler) OnNewHireFileCompleted(fn func(context.Context, *NewHireFile) error) {
	event.On(h, TypeNewHireFileCompleted, fn)
}
