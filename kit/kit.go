package kit

import (
	"context"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// provider is what Kit is to package event.
var provider = event.Provider{
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
}

// Handler receives Kit's deliveries: register a callback for each event that
// matters, and mount it at the URL that Kit was given. It is an
// [event.Handler], whose methods it has: OnOther, OnInvalid, ServeHTTP, Handle,
// Verify, Dispatch, Sign and Types. An event that this package does not model
// is received by event.On(h.Handler, "new.type", fn) with a type of one's own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler makes a handler for the deliveries of one Kit webhook. secret is the
// webhook's signing secret, which Kit makes with the webhook and anew at each
// rotation; it is empty exactly when opts.Secrets is set. opts may be nil. A
// secret that is blank or has white space around it is an error, and so is any
// option that could not work.
func NewHandler(secret string, opts *event.Options) (*Handler, error) {
	h, err := event.NewHandler(provider, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Handler{h}, nil
}

// OnApplicationSubmitted calls fn when a candidate has submitted an
// application.
func (h *Handler) OnApplicationSubmitted(fn func(context.Context, *Application) error) {
	event.On(h.Handler, TypeApplicationSubmitted, fn)
}

// OnApplicationRejected calls fn when an application was rejected.
func (h *Handler) OnApplicationRejected(fn func(context.Context, *Application) error) {
	event.On(h.Handler, TypeApplicationRejected, fn)
}

// OnApplicationAdvanced calls fn when an application has moved to its next
// stage, which CurrentStage names.
func (h *Handler) OnApplicationAdvanced(fn func(context.Context, *Application) error) {
	event.On(h.Handler, TypeApplicationAdvanced, fn)
}

// OnApplicationWithdrawn calls fn when the candidate has withdrawn the
// application.
func (h *Handler) OnApplicationWithdrawn(fn func(context.Context, *Application) error) {
	event.On(h.Handler, TypeApplicationWithdrawn, fn)
}

// OnApplicationOfferExtended calls fn when the candidate was made an offer.
func (h *Handler) OnApplicationOfferExtended(fn func(context.Context, *Application) error) {
	event.On(h.Handler, TypeApplicationOfferExtended, fn)
}

// OnOfferAccepted calls fn when an admin has accepted an offer. What the
// candidate does is [Handler.OnOfferCandidateAccepted].
func (h *Handler) OnOfferAccepted(fn func(context.Context, *Offer) error) {
	event.On(h.Handler, TypeOfferAccepted, fn)
}

// OnOfferDeclined calls fn when an admin has declined an offer. What the
// candidate does is [Handler.OnOfferCandidateDeclined].
func (h *Handler) OnOfferDeclined(fn func(context.Context, *Offer) error) {
	event.On(h.Handler, TypeOfferDeclined, fn)
}

// OnOfferCandidateAccepted calls fn when the candidate has accepted an offer.
func (h *Handler) OnOfferCandidateAccepted(fn func(context.Context, *Offer) error) {
	event.On(h.Handler, TypeOfferCandidateAccepted, fn)
}

// OnOfferCandidateDeclined calls fn when the candidate has declined an offer.
func (h *Handler) OnOfferCandidateDeclined(fn func(context.Context, *Offer) error) {
	event.On(h.Handler, TypeOfferCandidateDeclined, fn)
}

// OnOfferRevised calls fn when an offer was given new terms.
func (h *Handler) OnOfferRevised(fn func(context.Context, *Offer) error) {
	event.On(h.Handler, TypeOfferRevised, fn)
}

// OnInterviewScheduled calls fn when an interview was scheduled.
func (h *Handler) OnInterviewScheduled(fn func(context.Context, *Interview) error) {
	event.On(h.Handler, TypeInterviewScheduled, fn)
}

// OnInterviewConfirmed calls fn when the candidate has confirmed an interview.
func (h *Handler) OnInterviewConfirmed(fn func(context.Context, *Interview) error) {
	event.On(h.Handler, TypeInterviewConfirmed, fn)
}

// OnInterviewCompleted calls fn when an interview was marked as completed.
func (h *Handler) OnInterviewCompleted(fn func(context.Context, *Interview) error) {
	event.On(h.Handler, TypeInterviewCompleted, fn)
}

// OnInterviewCancelled calls fn when an interview was cancelled.
func (h *Handler) OnInterviewCancelled(fn func(context.Context, *Interview) error) {
	event.On(h.Handler, TypeInterviewCancelled, fn)
}

// OnInterviewNoShow calls fn when the candidate was marked as not having come
// to an interview.
func (h *Handler) OnInterviewNoShow(fn func(context.Context, *Interview) error) {
	event.On(h.Handler, TypeInterviewNoShow, fn)
}

// OnCodeAssignmentSubmitted calls fn when the candidate has handed in a code
// assignment.
func (h *Handler) OnCodeAssignmentSubmitted(fn func(context.Context, *CodeAssignment) error) {
	event.On(h.Handler, TypeCodeAssignmentSubmitted, fn)
}

// OnCodeAssignmentAutoSubmitted calls fn when Kit has handed in a code
// assignment at its deadline.
func (h *Handler) OnCodeAssignmentAutoSubmitted(fn func(context.Context, *CodeAssignment) error) {
	event.On(h.Handler, TypeCodeAssignmentAutoSubmitted, fn)
}

// OnReviewSubmitted calls fn when a member of the hiring team has handed in a
// review.
func (h *Handler) OnReviewSubmitted(fn func(context.Context, *Review) error) {
	event.On(h.Handler, TypeReviewSubmitted, fn)
}

// OnJobPostingPublished calls fn when a job posting has gone live.
func (h *Handler) OnJobPostingPublished(fn func(context.Context, *JobPosting) error) {
	event.On(h.Handler, TypeJobPostingPublished, fn)
}

// OnJobPostingPaused calls fn when a job posting was paused.
func (h *Handler) OnJobPostingPaused(fn func(context.Context, *JobPosting) error) {
	event.On(h.Handler, TypeJobPostingPaused, fn)
}

// OnJobPostingClosed calls fn when a job posting was closed.
func (h *Handler) OnJobPostingClosed(fn func(context.Context, *JobPosting) error) {
	event.On(h.Handler, TypeJobPostingClosed, fn)
}

// OnJobPostingReopened calls fn when a job posting was opened again.
func (h *Handler) OnJobPostingReopened(fn func(context.Context, *JobPosting) error) {
	event.On(h.Handler, TypeJobPostingReopened, fn)
}

// OnTestPing calls fn when someone has pressed Send Test Ping in Kit.
func (h *Handler) OnTestPing(fn func(context.Context, *Ping) error) {
	event.On(h.Handler, TypeTestPing, fn)
}
