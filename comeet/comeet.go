package comeet

import (
	"context"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Provider returns a description of Comeet's webhooks, to be changed where a
// delivery shows something else. Its DefaultMessage is what recruiters read when
// a callback gives no message: set it to say so in their language.
func Provider() event.Provider {
	return event.Provider{
		Name: "comeet",
		Scheme: signature.HMAC{
			Header: "Signature",
			Prefix: "sha256 ",
		},
		Envelope: event.Envelope{
			ID: []string{"comeet_id"},
		},
		Types: []string{
			TypeRequestQuestionnaire,
			TypeCreateEmployee,
		},
		Enums:          enums(),
		Lenient:        true,
		Synchronous:    true,
		MessageMember:  "display_message",
		DefaultMessage: "The connected system could not process this hire. Please try again. If it keeps failing, ask the administrator of the integration for help.",
	}
}

// Handler receives Comeet's deliveries: register a callback for each event that
// matters, and mount the handler at the URL that Comeet was given. It has the
// methods of [event.Handler]: OnOther, OnInvalid, ServeHTTP, Handle, Verify,
// Dispatch, Sign and Types. An event that this package does not model is
// received by event.On(h, "new.type", fn), with a type of your own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler returns a handler for the deliveries of Comeet. secret is the
// secret key that was entered in Comeet; it must be empty if and only if
// opts.Secrets is set. opts may be nil. See [event.NewHandler] for what is an
// error.
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

// OnRequestQuestionnaire calls fn when a recruiter has set a candidate to hired
// and is about to see the hire form. What fn returns is validated and sent. A
// questionnaire that is not valid is an error for the log; the recruiter sees
// the general message. If fn returns nil and no error, an empty object is sent.
//
// The form of a [Questionnaire] is this package's reading of Comeet's pages. If
// it proves wrong, respond with any JSON value instead, such as a type of your
// own:
//
//	event.OnRespond(h, comeet.TypeRequestQuestionnaire,
//		func(ctx context.Context, c *comeet.Candidate) (MyForm, error) { … })
func (h *Handler) OnRequestQuestionnaire(fn func(context.Context, *Candidate) (*Questionnaire, error)) {
	event.OnRespond(h, TypeRequestQuestionnaire, fn)
}

// OnCreateEmployee calls fn when a recruiter has filled in the hire form. When
// fn returns nil the employee must exist, and when it returns an error the
// employee must not have been created: an [event.Rejection] says why, and the
// recruiter reads its Message. ctx ends when Comeet hangs up, perhaps halfway,
// so create in one transaction. fn may be called again for the same ComeetID:
// see the package comment.
func (h *Handler) OnCreateEmployee(fn func(context.Context, *Candidate) error) {
	event.On(h, TypeCreateEmployee, fn)
}
