package kit

import (
	"log/slog"

	"github.com/atshooks/atshooks/event"
)

// The event types of Kit (startupkit.app/docs/webhooks-overview, read
// 2026-11-21). More may come.
const (
	TypeApplicationSubmitted        = "application.submitted"
	TypeApplicationRejected         = "application.rejected"
	TypeApplicationAdvanced         = "application.advanced"
	TypeApplicationWithdrawn        = "application.withdrawn"
	TypeApplicationOfferExtended    = "application.offer_extended"
	TypeOfferAccepted               = "offer.accepted"
	TypeOfferDeclined               = "offer.declined"
	TypeOfferCandidateAccepted      = "offer.candidate_accepted"
	TypeOfferCandidateDeclined      = "offer.candidate_declined"
	TypeOfferRevised                = "offer.revised"
	TypeInterviewScheduled          = "interview.scheduled"
	TypeInterviewConfirmed          = "interview.confirmed"
	TypeInterviewCompleted          = "interview.completed"
	TypeInterviewCancelled          = "interview.cancelled"
	TypeInterviewNoShow             = "interview.no_show"
	TypeCodeAssignmentSubmitted     = "code_assignment.submitted"
	TypeCodeAssignmentAutoSubmitted = "code_assignment.auto_submitted"
	TypeReviewSubmitted             = "review.submitted"
	TypeJobPostingPublished         = "job_posting.published"
	TypeJobPostingPaused            = "job_posting.paused"
	TypeJobPostingClosed            = "job_posting.closed"
	TypeJobPostingReopened          = "job_posting.reopened"
	TypeTestPing                    = "test.ping"
)

// Application is one candidate's application to one job posting, as it was when
// the event happened: the payload of the five application events
// (startupkit.app/docs/webhook-events-reference, read 2026-11-21).
type Application struct {
	ID           event.ID   `json:"id" validate:"required"`
	Candidate    Candidate  `json:"candidate"`
	JobPosting   JobPosting `json:"job_posting"`
	CurrentStage string     `json:"current_stage"` // the stage's name, which each account chooses
	SubmittedAt  event.Time `json:"submitted_at"`  // zero where Kit sends null
	Rejected     bool       `json:"rejected"`
	Withdrawn    bool       `json:"withdrawn"`
	Offered      bool       `json:"offered"`
}

// LogValue prints ids only.
func (a Application) LogValue() slog.Value {
	return slog.GroupValue(
		logID("id", a.ID),
		logID("candidate_id", a.Candidate.ID),
		logID("job_posting_id", a.JobPosting.ID),
	)
}

// Candidate is the person behind an application.
type Candidate struct {
	ID    event.ID `json:"id"`
	Name  string   `json:"name"` // in full
	Email string   `json:"email" validate:"omitempty,email"`
}

// LogValue prints the id only.
func (c Candidate) LogValue() slog.Value { return slog.GroupValue(logID("id", c.ID)) }

// JobPosting is the job posting that an application is for, and the payload of
// the four job posting events. What else those hold is in the raw payload: see
// the package comment.
type JobPosting struct {
	ID event.ID `json:"id,omitzero"`
	// PublicToken identifies the posting in Kit's public API and on career
	// sites (github.com/startupkit-app/nextjs-job-board, read 2026-11-21).
	PublicToken string `json:"public_token,omitzero"`
	Title       string `json:"title,omitzero"` // published for applications only
}

// LogValue prints the id only.
func (j JobPosting) LogValue() slog.Value { return slog.GroupValue(logID("id", j.ID)) }

// Offer is an offer to a candidate: the payload of the five offer events.
type Offer struct{ Record }

// Interview is a candidate's interview: the payload of the five interview events.
type Interview struct{ Record }

// CodeAssignment is a candidate's programming task: the payload of the two code
// assignment events.
type CodeAssignment struct{ Record }

// Review is a team member's assessment of a candidate: the payload of
// review.submitted.
type Review struct{ Record }

// Record has what identifies an offer, an interview, a code assignment or a
// review: its id, and the objects that are known from the application events.
// None of these members is certain to come (see the package comment): check the
// ids that a callback needs. The rest, such as an offer's terms or the time of
// an interview, is in the raw payload.
type Record struct {
	ID          event.ID    `json:"id,omitzero"`
	Application Application `json:"application,omitzero" validate:"-"`
	Candidate   Candidate   `json:"candidate,omitzero" validate:"-"`
	JobPosting  JobPosting  `json:"job_posting,omitzero" validate:"-"`
}

// LogValue prints ids only.
func (r Record) LogValue() slog.Value {
	return slog.GroupValue(
		logID("id", r.ID),
		logID("application_id", r.Application.ID),
		logID("candidate_id", r.Candidate.ID),
		logID("job_posting_id", r.JobPosting.ID),
	)
}

// Ping is the payload of test.ping, which Kit's dashboard sends to try an
// endpoint and its signature. What it holds is not in our copy of Kit's
// documentation: any payload decodes, also an absent one, and is kept raw only.
type Ping struct{}

// UnmarshalJSON accepts any value.
func (*Ping) UnmarshalJSON([]byte) error { return nil }

// LogValue prints nothing.
func (Ping) LogValue() slog.Value { return slog.GroupValue() }

func logID(name string, id event.ID) slog.Attr { return slog.String(name, string(id)) }
