package kit

import (
	"context"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Provider returns a description of Kit's webhooks, to be changed where a
// delivery shows something else.
func Provider() event.Provider {
	return event.Provider{
		Name: "kit",
		Scheme: signature.HMAC{
			Header:          "X-Webhook-Signature",
			TimestampHeader: "X-Webhook-Timestamp",
			Tolerance:       5 * time.Minute,
		},
		Envelope: event.Envelope{
			Type:       []string{"event"},
			OccurredAt: []string{"created_at"},
			Payload:    []string{"data"},
			TypeHeader: "X-Webhook-Event",
		},
		Types: []string{
			TypeApplicationSubmitted,
			TypeApplicationRejected,
			TypeApplicationAdvanced,
			TypeApplicationWithdrawn,
			TypeApplicationOfferExtended,
			TypeOfferAccepted,
			TypeOfferDeclined,
			TypeOfferCandidateAccepted,
			TypeOfferCandidateDeclined,
			TypeOfferRevised,
			TypeInterviewScheduled,
			TypeInterviewConfirmed,
			TypeInterviewCompleted,
			TypeInterviewCancelled,
			TypeInterviewNoShow,
			TypeCodeAssignmentSubmitted,
			TypeCodeAssignmentAutoSubmitted,
			TypeReviewSubmitted,
			TypeJobPostingPublished,
			TypeJobPostingPaused,
			TypeJobPostingClosed,
			TypeJobPostingReopened,
			TypeTestPing,
		},
		OptionalPayload: []string{TypeTestPing},
		Lenient:         true, // Kit disables a webhook that keeps failing, with all its types
	}
}

// Handler receives Kit's deliveries: register a callback for each event that
// matters, and mount the handler at the URL that Kit was given. It has the
// methods of [event.Handler]: OnOther, OnInvalid, ServeHTTP, Handle, Verify,
// Dispatch, Sign and Types. An event that this package does not model is
// received by event.On(h, "new.type", fn), with a type of your own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler returns a handler for the deliveries of Kit. secret is the signing
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

// OnApplicationSubmitted calls fn when a candidate has submitted an
// application.
func (h *Handler) OnApplicationSubmitted(fn func(context.Context, *Application) error) {
	event.On(h, TypeApplicationSubmitted, fn)
}

// OnApplicationRejected calls fn when an application was rejected.
func (h *Handler) OnApplicationRejected(fn func(context.Context, *Application) error) {
	event.On(h, TypeApplicationRejected, fn)
}

// OnApplicationAdvanced calls fn when an application has moved to its next
// stage, which CurrentStage names.
func (h *Handler) OnApplicationAdvanced(fn func(context.Context, *Application) error) {
	event.On(h, TypeApplicationAdvanced, fn)
}

// OnApplicationWithdrawn calls fn when the candidate has withdrawn the
// application.
func (h *Handler) OnApplicationWithdrawn(fn func(context.Context, *Application) error) {
	event.On(h, TypeApplicationWithdrawn, fn)
}

// OnApplicationOfferExtended calls fn when the candidate was made an offer.
func (h *Handler) OnApplicationOfferExtended(fn func(context.Context, *Application) error) {
	event.On(h, TypeApplicationOfferExtended, fn)
}

// OnOfferAccepted calls fn when an admin has accepted an offer. What the
// candidate does is [Handler.OnOfferCandidateAccepted].
func (h *Handler) OnOfferAccepted(fn func(context.Context, *Offer) error) {
	event.On(h, TypeOfferAccepted, fn)
}

// OnOfferDeclined calls fn when an admin has declined an offer. What the
// candidate does is [Handler.OnOfferCandidateDeclined].
func (h *Handler) OnOfferDeclined(fn func(context.Context, *Offer) error) {
	event.On(h, TypeOfferDeclined, fn)
}

// OnOfferCandidateAccepted calls fn when the candidate has accepted an offer.
func (h *Handler) OnOfferCandidateAccepted(fn func(context.Context, *Offer) error) {
	event.On(h, TypeOfferCandidateAccepted, fn)
}

// OnOfferCandidateDeclined calls fn when the candidate has declined an offer.
func (h *Handler) OnOfferCandidateDeclined(fn func(context.Context, *Offer) error) {
	event.On(h, TypeOfferCandidateDeclined, fn)
}

// OnOfferRevised calls fn when an offer was given new terms.
func (h *Handler) OnOfferRevised(fn func(context.Context, *Offer) error) {
	event.On(h, TypeOfferRevised, fn)
}

// OnInterviewScheduled calls fn when an interview was scheduled.
func (h *Handler) OnInterviewScheduled(fn func(context.Context, *Interview) error) {
	event.On(h, TypeInterviewScheduled, fn)
}

// OnInterviewConfirmed calls fn when the candidate has confirmed an interview.
func (h *Handler) OnInterviewConfirmed(fn func(context.Context, *Interview) error) {
	event.On(h, TypeInterviewConfirmed, fn)
}

// OnInterviewCompleted calls fn when an interview was marked as completed.
func (h *Handler) OnInterviewCompleted(fn func(context.Context, *Interview) error) {
	event.On(h, TypeInterviewCompleted, fn)
}

// OnInterviewCancelled calls fn when an interview was cancelled.
func (h *Handler) OnInterviewCancelled(fn func(context.Context, *Interview) error) {
	event.On(h, TypeInterviewCancelled, fn)
}

// OnInterviewNoShow calls fn when the candidate was marked as a no-show
// to an interview.
func (h *Handler) OnInterviewNoShow(fn func(context.Context, *Interview) error) {
	event.On(h, TypeInterviewNoShow, fn)
}

// OnCodeAssignmentSubmitted calls fn when the candidate has handed in a code
// assignment.
func (h *Handler) OnCodeAssignmentSubmitted(fn func(context.Context, *CodeAssignment) error) {
	event.On(h, TypeCodeAssignmentSubmitted, fn)
}

// OnCodeAssignmentAutoSubmitted calls fn when Kit has handed in a code
// assignment at its deadline.
func (h *Handler) OnCodeAssignmentAutoSubmitted(fn func(context.Context, *CodeAssignment) error) {
	event.On(h, TypeCodeAssignmentAutoSubmitted, fn)
}

// OnReviewSubmitted calls fn when a member of the hiring team has handed in a
// review.
func (h *Handler) OnReviewSubmitted(fn func(context.Context, *Review) error) {
	event.On(h, TypeReviewSubmitted, fn)
}

// OnJobPostingPublished calls fn when a job posting has gone live.
func (h *Handler) OnJobPostingPublished(fn func(context.Context, *JobPosting) error) {
	event.On(h, TypeJobPostingPublished, fn)
}

// OnJobPostingPaused calls fn when a job posting was paused.
func (h *Handler) OnJobPostingPaused(fn func(context.Context, *JobPosting) error) {
	event.On(h, TypeJobPostingPaused, fn)
}

// OnJobPostingClosed calls fn when a job posting was closed.
func (h *Handler) OnJobPostingClosed(fn func(context.Context, *JobPosting) error) {
	event.On(h, TypeJobPostingClosed, fn)
}

// OnJobPostingReopened calls fn when a job posting was opened again.
func (h *Handler) OnJobPostingReopened(fn func(context.Context, *JobPosting) error) {
	event.On(h, TypeJobPostingReopened, fn)
}

// OnTestPing calls fn when someone has pressed Send Test Ping in Kit.
func (h *Handler) OnTestPing(fn func(context.Context, *Ping) error) {
	event.On(h, TypeTestPing, fn)
}
