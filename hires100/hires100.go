package hires100

import (
	"context"
	"crypto"
	"slices"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Provider returns a description of 100Hires' webhooks, to be changed where a
// delivery shows something else: Scheme and Envelope are mostly assumed, and
// Aliases maps event types that are not recognised. See the package comment.
func Provider() event.Provider {
	return event.Provider{
		Name: "hires100",
		Scheme: signature.HMAC{
			Header:        "X-Hires-Signature-V2", // published; the rest is assumed
			OtherPrefixes: []string{"sha256=", "sha256 "},
			Hash:          crypto.SHA256,
			Encoding: signature.Hex | signature.Base64 | signature.Base64URL |
				signature.RawBase64 | signature.PaddedBase64URL,
		},
		Envelope: event.Envelope{
			Type:       slices.Clone(typeMembers),
			ID:         []string{"event_id"},
			OccurredAt: slices.Clone(timeMembers),
		},
		Types: []string{
			TypeApplicationSubmitted,
			TypeApplicationStageChanged,
			TypeCandidateHired,
			TypeCandidateDisqualified,
			TypeInterviewScheduled,
			TypeAIScoreGenerated,
			TypeCandidateCreated,
			TypeCandidateUpdated,
		},
		Enums:    enums(),
		TypeName: typeName,
	}
}

// Handler receives 100Hires' deliveries: register a callback for each event that
// matters, and mount the handler at the URL that 100Hires was given. It has the
// methods of [event.Handler]: OnOther, OnInvalid, ServeHTTP, Handle, Verify,
// Dispatch, Sign and Types. An event that this package does not model is
// received by event.On(h, "new.type", fn), with a type of your own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler returns a handler for the deliveries of 100Hires. secret is the
// secret of the webhook; it must be empty if and only if opts.Secrets is set.
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

// OnApplicationSubmitted calls fn when a new application was submitted.
func (h *Handler) OnApplicationSubmitted(fn func(context.Context, *Event) error) {
	event.On(h, TypeApplicationSubmitted, fn)
}

// OnApplicationStageChanged calls fn when an application moved to another stage
// of its pipeline.
func (h *Handler) OnApplicationStageChanged(fn func(context.Context, *Event) error) {
	event.On(h, TypeApplicationStageChanged, fn)
}

// OnCandidateHired calls fn when a candidate was hired.
func (h *Handler) OnCandidateHired(fn func(context.Context, *Event) error) {
	event.On(h, TypeCandidateHired, fn)
}

// OnCandidateDisqualified calls fn when a candidate was disqualified.
func (h *Handler) OnCandidateDisqualified(fn func(context.Context, *Event) error) {
	event.On(h, TypeCandidateDisqualified, fn)
}

// OnInterviewScheduled calls fn when an interview was scheduled.
func (h *Handler) OnInterviewScheduled(fn func(context.Context, *Event) error) {
	event.On(h, TypeInterviewScheduled, fn)
}

// OnAIScoreGenerated calls fn when the AI has scored an application. The score
// is in AIScore or in Application.AIScore.
func (h *Handler) OnAIScoreGenerated(fn func(context.Context, *Event) error) {
	event.On(h, TypeAIScoreGenerated, fn)
}

// OnCandidateCreated calls fn when a candidate was created.
func (h *Handler) OnCandidateCreated(fn func(context.Context, *Event) error) {
	event.On(h, TypeCandidateCreated, fn)
}

// OnCandidateUpdated calls fn when a candidate's data has changed. It is not
// known whether the delivery says what has changed: compare with what you have
// stored.
func (h *Handler) OnCandidateUpdated(fn func(context.Context, *Event) error) {
	event.On(h, TypeCandidateUpdated, fn)
}
