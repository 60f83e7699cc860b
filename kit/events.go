package kit

import (
	"encoding/json"
	"errors"
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
	ID           int64             `json:"id" validate:"required"`
	Candidate    Candidate         `json:"candidate"`
	JobPosting   JobPostingSummary `json:"job_posting"`
	CurrentStage string            `json:"current_stage"` // the stage's name, which each account chooses
	SubmittedAt  event.Date        `json:"submitted_at"`  // an instant, 2025-01-15T14:30:00Z in Kit's example; "" where Kit sends null
	Rejected     bool              `json:"rejected"`
	Withdrawn    bool              `json:"withdrawn"`
	Offered      bool              `json:"offered"`
}

// LogValue prints ids only.
func (a Application) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int64("id", a.ID),
		slog.Int64("candidate_id", a.Candidate.ID),
		slog.Int64("job_posting_id", a.JobPosting.ID),
	)
}

// Offer is an offer to a candidate: the payload of the five offer events. Its
// members are unpublished (see the package comment); each is nil where Kit sends
// none, null, or something of another shape. The terms of the offer are in the
// raw payload.
type Offer struct {
	ID          *int64             `json:"id,omitempty"`
	Application *Application       `json:"application,omitempty" validate:"-"`
	Candidate   *Candidate         `json:"candidate,omitempty" validate:"-"`
	JobPosting  *JobPostingSummary `json:"job_posting,omitempty" validate:"-"`
}

// UnmarshalJSON keeps what fits and leaves the rest nil.
func (o *Offer) UnmarshalJSON(b []byte) error {
	u, err := unmarshalUnpublished(b)
	*o = Offer(u)
	return err
}

// LogValue prints ids only.
func (o Offer) LogValue() slog.Value { return unpublished(o).LogValue() }

// Interview is a candidate's interview: the payload of the five interview events.
// Its members are unpublished (see the package comment); each is nil where Kit
// sends none, null, or something of another shape. Time, place and interviewers
// are in the raw payload.
type Interview struct {
	ID          *int64             `json:"id,omitempty"`
	Application *Application       `json:"application,omitempty" validate:"-"`
	Candidate   *Candidate         `json:"candidate,omitempty" validate:"-"`
	JobPosting  *JobPostingSummary `json:"job_posting,omitempty" validate:"-"`
}

// UnmarshalJSON keeps what fits and leaves the rest nil.
func (i *Interview) UnmarshalJSON(b []byte) error {
	u, err := unmarshalUnpublished(b)
	*i = Interview(u)
	return err
}

// LogValue prints ids only.
func (i Interview) LogValue() slog.Value { return unpublished(i).LogValue() }

// CodeAssignment is a candidate's programming task: the payload of the two code
// assignment events. Its members are unpublished (see the package comment); each
// is nil where Kit sends none, null, or something of another shape.
type CodeAssignment struct {
	ID          *int64             `json:"id,omitempty"`
	Application *Application       `json:"application,omitempty" validate:"-"`
	Candidate   *Candidate         `json:"candidate,omitempty" validate:"-"`
	JobPosting  *JobPostingSummary `json:"job_posting,omitempty" validate:"-"`
}

// UnmarshalJSON keeps what fits and leaves the rest nil.
func (c *CodeAssignment) UnmarshalJSON(b []byte) error {
	u, err := unmarshalUnpublished(b)
	*c = CodeAssignment(u)
	return err
}

// LogValue prints ids only.
func (c CodeAssignment) LogValue() slog.Value { return unpublished(c).LogValue() }

// Review is a team member's judgement of a candidate: the payload of
// review.submitted. Its members are unpublished (see the package comment); each
// is nil where Kit sends none, null, or something of another shape.
type Review struct {
	ID          *int64             `json:"id,omitempty"`
	Application *Application       `json:"application,omitempty" validate:"-"`
	Candidate   *Candidate         `json:"candidate,omitempty" validate:"-"`
	JobPosting  *JobPostingSummary `json:"job_posting,omitempty" validate:"-"`
}

// UnmarshalJSON keeps what fits and leaves the rest nil.
func (r *Review) UnmarshalJSON(b []byte) error {
	u, err := unmarshalUnpublished(b)
	*r = Review(u)
	return err
}

// LogValue prints ids only.
func (r Review) LogValue() slog.Value { return unpublished(r).LogValue() }

// JobPosting is a job posting whose state changed: the payload of the four job
// posting events. Its members are unpublished (see the package comment); ID is
// nil where Kit sends none, null, or something else than an integer.
type JobPosting struct {
	ID *int64 `json:"id,omitempty"`
}

// UnmarshalJSON keeps an integer id and leaves anything else nil.
func (j *JobPosting) UnmarshalJSON(b []byte) error {
	u, err := unmarshalUnpublished(b)
	*j = JobPosting{ID: u.ID}
	return err
}

// LogValue prints the id only.
func (j JobPosting) LogValue() slog.Value { return unpublished{ID: j.ID}.LogValue() }

// Ping is the payload of test.ping, which someone at Kit's console sends to try
// the endpoint and its signature. What it holds is unpublished, so anything
// decodes and nothing is kept; the raw payload has it all.
type Ping struct{}

// UnmarshalJSON accepts any value.
func (*Ping) UnmarshalJSON([]byte) error { return nil }

// LogValue prints nothing.
func (Ping) LogValue() slog.Value { return slog.GroupValue() }

// Candidate is the person behind an application.
type Candidate struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"` // in full
	Email string `json:"email" validate:"omitempty,email"`
}

// LogValue prints the id only.
func (c Candidate) LogValue() slog.Value { return slog.GroupValue(slog.Int64("id", c.ID)) }

// JobPostingSummary is the job posting that an application is for.
type JobPostingSummary struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

// unpublished is what may be looked for in a payload that Kit does not document
// to us: an id, and the objects that identify things in the application events.
type unpublished struct {
	ID          *int64             `json:"id,omitempty"`
	Application *Application       `json:"application,omitempty" validate:"-"`
	Candidate   *Candidate         `json:"candidate,omitempty" validate:"-"`
	JobPosting  *JobPostingSummary `json:"job_posting,omitempty" validate:"-"`
}

var errNotObject = errors.New("kit: data is no JSON object")

// unmarshalUnpublished is lenient on purpose. These members are our expectation
// and not Kit's promise, and a delivery that is refused for one of them counts
// towards Kit's switching off the whole webhook.
func unmarshalUnpublished(b []byte) (unpublished, error) {
	var raw struct {
		ID          json.RawMessage `json:"id"`
		Application json.RawMessage `json:"application"`
		Candidate   json.RawMessage `json:"candidate"`
		JobPosting  json.RawMessage `json:"job_posting"`
	}
	if json.Unmarshal(b, &raw) != nil {
		return unpublished{}, errNotObject
	}
	return unpublished{
		ID:          fitting[int64](raw.ID),
		Application: fitting[Application](raw.Application),
		Candidate:   fitting[Candidate](raw.Candidate),
		JobPosting:  fitting[JobPostingSummary](raw.JobPosting),
	}, nil
}

// fitting decodes raw, and is nil where raw is absent, null or no T.
func fitting[T any](raw json.RawMessage) *T {
	var v *T
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return v
}

// LogValue gives the ids that there are.
func (u unpublished) LogValue() slog.Value {
	var ids []slog.Attr
	if u.ID != nil {
		ids = append(ids, slog.Int64("id", *u.ID))
	}
	if u.Application != nil {
		ids = append(ids, slog.Int64("application_id", u.Application.ID))
	}
	if u.Candidate != nil {
		ids = append(ids, slog.Int64("candidate_id", u.Candidate.ID))
	}
	if u.JobPosting != nil {
		ids = append(ids, slog.Int64("job_posting_id", u.JobPosting.ID))
	}
	return slog.GroupValue(ids...)
}
