package keldair

import (
	"context"
	"crypto"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// provider is what KeldairHR is to package event.
var provider = event.Provider{
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
}

// Handler receives KeldairHR's deliveries: register a callback for each event that
// matters, and mount it at the URL that KeldairHR was given. It is an
// [event.Handler], whose methods it has: OnOther, OnInvalid, ServeHTTP, Handle,
// Verify, Dispatch, Sign and Types. An event that this package does not model
// is received by event.On(h.Handler, "new.type", fn) with a type of one's own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler makes a handler for the deliveries to one KeldairHR endpoint. secret
// is the endpoint's, which KeldairHR's product team hands out; it is empty
// exactly when opts.Secrets is set. opts may be nil. A secret that is blank or
// has white space around it is an error, and so is any option that could not
// work. Deliveries without a signature are refused; see [Config].
func NewHandler(secret string, opts *event.Options) (*Handler, error) {
	return Config{}.NewHandler(secret, opts)
}

// Config holds the settings that only KeldairHR needs. Its zero value is what
// the function [NewHandler] uses.
type Config struct {
	// InsecureAllowUnsigned accepts deliveries without a signature, for an
	// endpoint whose events KeldairHR does not sign. Whoever knows its URL can
	// then hire people: protect it by other means, and ask KeldairHR to sign.
	// Such a delivery has the SecretIndex -1, and opts.Secrets is not asked, so
	// any tenant's name passes. A signature that is there must hold all the
	// same, even an empty one. False refuses what is not signed.
	InsecureAllowUnsigned bool
}

// NewHandler makes a handler as the function [NewHandler] does, with the
// settings of c. It asks for a secret in any case; where KeldairHR gave none,
// that of [crypto/rand.Text] matches no signature.
func (c Config) NewHandler(secret string, opts *event.Options) (*Handler, error) {
	p := provider
	p.InsecureAllowUnsigned = c.InsecureAllowUnsigned
	h, err := event.NewHandler(p, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Handler{h}, nil
}

// OnNewHireFileCompleted calls fn when an onboarding new hire file was marked as
// completed.
func (h *Handler) OnNewHireFileCompleted(fn func(context.Context, *NewHireFile) error) {
	event.On(h.Handler, TypeNewHireFileCompleted, fn)
}
