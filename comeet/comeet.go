package comeet

import (
	"context"
	"net/http"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// provider is what Comeet is to package event.
var provider = event.Provider{
	Name: "comeet",
	Scheme: signature.HMAC{
		Header: "Signature",
		Prefix: "sha256 ",
	},
	Envelope: event.Envelope{
		ID: []string{"comeet_id"},
	},
	Synchronous: &event.Synchronous{
		Message: "display_message",
		Default: "The connected system could not process this hire. Please try again. If it keeps failing, ask the administrator of the integration for help.",
	},
}

// Handler receives Comeet's deliveries: an [http.Handler] for each of the two
// webhooks, with a typed callback. Mount [Handler.RequestQuestionnaire] and
// [Handler.CreateEmployee], each at the URL that Comeet has for it; the Handler
// itself cannot know which webhook a body is for and answers every delivery 500.
//
// What it promotes from [event.Handler] is the same for every vendor:
// [event.Handler.OnOther], [event.Handler.Handle], [event.Handler.Verify],
// [event.Handler.Endpoint] and more; [event.On] and [event.OnReply] take types
// that are not listed here. Each On method panics if its callback is nil or is
// the second one.
type Handler struct{ *event.Handler }

// NewHandler makes a handler with the secret key that was entered in Comeet
// beside the URLs; it is empty if opts has Secrets, for several companies. opts
// may be nil. Options.Sink is an error: see the package comment.
func NewHandler(secret string, opts *event.Options) (*Handler, error) {
	h, err := event.NewHandler(provider, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Handler{h}, nil
}

// RequestQuestionnaire is what to mount at the URL of the webhook that requests
// the hire questionnaire.
func (h *Handler) RequestQuestionnaire() http.Handler { return h.Endpoint(TypeRequestQuestionnaire) }

// CreateEmployee is what to mount at the URL of the webhook that creates an
// employee.
func (h *Handler) CreateEmployee() http.Handler { return h.Endpoint(TypeCreateEmployee) }

// OnRequestQuestionnaire registers fn for a candidate who was set to hired, whose
// hire form is about to be shown. What fn returns is validated and sent; a
// questionnaire that is not valid is an error, for the log and not for the
// recruiter. A nil questionnaire is sent as an empty object.
//
// The form of a [Questionnaire] is a reading, since Comeet's is unpublished.
// Where it proves wrong, leave OnRequestQuestionnaire out and answer with any
// JSON value instead, a type of your own say:
//
//	event.OnReply(h.Handler, comeet.TypeRequestQuestionnaire,
//		func(ctx context.Context, c *comeet.Candidate) (MyForm, error) { … })
func (h *Handler) OnRequestQuestionnaire(fn func(context.Context, *Candidate) (*Questionnaire, error)) {
	event.OnReply(h.Handler, TypeRequestQuestionnaire, fn)
}

// OnCreateEmployee registers fn for a candidate whose hire form was filled in.
// When fn returns nil the employee must exist, and when it returns an error the
// employee must not have been created; ctx ends when Comeet hangs up, perhaps
// halfway, so create in one transaction. fn may be called again for the same
// ComeetID: see the package comment.
func (h *Handler) OnCreateEmployee(fn func(context.Context, *Candidate) error) {
	event.On(h.Handler, TypeCreateEmployee, fn)
}

// Refusal is an error with which a callback answers the recruiter: a status, the
// message that Comeet shows, and members that it shows as technical details. It
// may be wrapped. What other errors say is for the log alone.
type Refusal = event.Refusal
