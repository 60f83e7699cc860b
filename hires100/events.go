package hires100

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/atshooks/atshooks/event"
)

// The event types, in the order of the vendor's page. 100Hires describes eight
// events in words and does not publish how a delivery spells them: these
// spellings are this library's, and match the vendor's by their words (see the
// package comment).
const (
	TypeApplicationSubmitted    = "application.submitted"
	TypeApplicationStageChanged = "application.stage_changed"
	TypeCandidateHired          = "candidate.hired"
	TypeCandidateDisqualified   = "candidate.disqualified"
	TypeInterviewScheduled      = "interview.scheduled"
	TypeAIScoreGenerated        = "ai_score.generated"
	TypeCandidateCreated        = "candidate.created"
	TypeCandidateUpdated        = "candidate.updated"
)

// Event is the payload of all eight events: the affected entity and what came
// with it. 100Hires says that a delivery has the entity and the user who
// triggered the event, and publishes neither the members' names nor which
// entities accompany which event (help.100hires.com, read 2026-11-21): every name
// in this package is an assumption. A delivery is read like this:
//
//   - The payload is the object in the body's member data or payload, or the body
//     if it has neither.
//   - Entities are looked for under their names in the payload, then beside it.
//   - If the payload does not have the entity that the event's type names, it is
//     that entity itself. Its id is read only if it can be no other's: not the
//     candidate's from a payload with a candidate_id or a job_id, and none that
//     stands beside the event's type. An unknown type names no entity.
//   - An id that is missing is filled from a member such as candidate_id, of the
//     payload, beside it, or of another entity.
//
// So an entity may be zero, or have no more than an id: check what a callback
// needs. Only a body that is not an object is an error. Encoding loses nothing.
type Event struct {
	Candidate   Candidate   `json:"candidate,omitzero"`
	Application Application `json:"application,omitzero"`
	Interview   Interview   `json:"interview,omitzero"`
	// AIScore is a score that stands beside the entities. One inside the
	// application is in Application.AIScore.
	AIScore Score `json:"ai_score,omitzero"`
	Job     Job   `json:"job,omitzero"`
	// User triggered the event.
	User User `json:"user,omitzero"`
	// Extra has the members of the payload that have no field, or do not fit
	// it, by their names.
	Extra map[string]json.RawMessage `json:"-"`
	// Envelope has the other members of the body, such as the event's type, id
	// and time.
	Envelope map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(
		logID("candidate_id", e.Candidate.ID),
		logID("application_id", e.Application.ID),
		logID("interview_id", e.Interview.ID),
		logID("job_id", e.Job.ID),
		logID("user_id", e.User.ID),
	)
}

// The entities. Their member names are those that 100Hires' REST API v2 takes
// and gives (github.com/100Hires/mcp-server, read 2026-11-21); that deliveries
// use the same ones is an assumption. Its times are Unix seconds. Package validate
// checks nothing in them, since no format is published.

// Candidate is a person, over all applications.
type Candidate struct {
	ID        event.ID `json:"id,omitzero"`
	Alias     string   `json:"alias,omitzero"` // takes the place of the id in URLs of the API
	CompanyID event.ID `json:"company_id,omitzero"`
	FirstName string   `json:"first_name,omitzero"`
	LastName  string   `json:"last_name,omitzero"`
	Name      string   `json:"full_name,omitzero"` // see the method FullName
	Email     string   `json:"email,omitzero"`
	Phone     string   `json:"phone,omitzero"`
	LinkedIn  string   `json:"linkedin,omitzero"` // a URL or the name in it
	Tags      []string `json:"tags,omitzero"`
	// Profile has the answers to profile questions, by the question or its id.
	Profile   map[string]json.RawMessage `json:"profile,omitzero"`
	CreatedAt event.Time                 `json:"created_at"`
	UpdatedAt event.Time                 `json:"updated_at"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// FullName returns Name, or else the first and the last name, as far as they are
// known, with a space between them.
func (c Candidate) FullName() string {
	return cmp.Or(c.Name, strings.TrimSpace(c.FirstName+" "+c.LastName))
}

// LogValue prints the id only.
func (c Candidate) LogValue() slog.Value { return slog.GroupValue(logID("id", c.ID)) }

// Application is a candidate's application for one job.
type Application struct {
	ID          event.ID `json:"id,omitzero"`
	CompanyID   event.ID `json:"company_id,omitzero"`
	CandidateID event.ID `json:"candidate_id,omitzero"`
	JobID       event.ID `json:"job_id,omitzero"`
	// StageID is the pipeline stage that the application is in. How a stage
	// change names the stage that it left is unpublished: see Extra.
	StageID event.ID          `json:"stage_id,omitzero"`
	Status  ApplicationStatus `json:"status,omitzero"`
	// IsDisqualified is false too where the delivery does not say.
	IsDisqualified    bool     `json:"is_disqualified,omitzero"`
	RejectionReasonID event.ID `json:"rejection_reason_id,omitzero"`
	// AIScore is a decimal number, empty without a score. Its scale is unpublished.
	AIScore    json.Number `json:"ai_score,omitzero"`
	CreatedAt  event.Time  `json:"created_at"`
	UpdatedAt  event.Time  `json:"updated_at"`
	HiredAt    event.Time  `json:"hired_at"`
	RejectedAt event.Time  `json:"rejected_at"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (a Application) LogValue() slog.Value {
	return slog.GroupValue(logID("id", a.ID), logID("candidate_id", a.CandidateID), logID("job_id", a.JobID), logID("stage_id", a.StageID))
}

// Interview is one appointment within an application.
type Interview struct {
	ID             event.ID   `json:"id,omitzero"`
	ApplicationID  event.ID   `json:"application_id,omitzero"`
	CandidateID    event.ID   `json:"candidate_id,omitzero"`
	JobID          event.ID   `json:"job_id,omitzero"`
	InterviewerIDs []event.ID `json:"interviewer_ids,omitzero"` // of users
	StartTime      event.Time `json:"start_time"`
	EndTime        event.Time `json:"end_time"`
	Location       string     `json:"location,omitzero"`
	CreatedAt      event.Time `json:"created_at"`
	UpdatedAt      event.Time `json:"updated_at"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (i Interview) LogValue() slog.Value {
	return slog.GroupValue(logID("id", i.ID), logID("application_id", i.ApplicationID), logID("candidate_id", i.CandidateID), logID("job_id", i.JobID))
}

// Score is the AI's assessment of an application. A number alone decodes as
// well. In the API it comes with scores for single criteria, their reasons and
// further questions, whose names are unpublished: they are in Extra.
type Score struct {
	// Value is a decimal number, empty without a score. Its scale is unpublished.
	Value         json.Number `json:"score,omitzero"`
	ApplicationID event.ID    `json:"application_id,omitzero"`
	CandidateID   event.ID    `json:"candidate_id,omitzero"`
	JobID         event.ID    `json:"job_id,omitzero"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (s Score) LogValue() slog.Value {
	return slog.GroupValue(logID("application_id", s.ApplicationID), logID("candidate_id", s.CandidateID), logID("job_id", s.JobID))
}

// Job is an opening.
type Job struct {
	ID              event.ID `json:"id,omitzero"`
	Alias           string   `json:"alias,omitzero"` // takes the place of the id in URLs of the API
	CompanyID       event.ID `json:"company_id,omitzero"`
	DepartmentID    event.ID `json:"department_id,omitzero"`
	WorkflowID      event.ID `json:"workflow_id,omitzero"`
	InternalJobID   event.ID `json:"internal_job_id,omitzero"` // the customer's own
	Title           string   `json:"title,omitzero"`
	InternalTitle   string   `json:"internal_title,omitzero"`
	Status          string   `json:"status,omitzero"` // a name that the customer can choose
	LocationCity    string   `json:"location_city,omitzero"`
	LocationCountry string   `json:"location_country,omitzero"`
	// IsRemote is false too where the delivery does not say.
	IsRemote bool `json:"is_remote,omitzero"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (j Job) LogValue() slog.Value {
	return slog.GroupValue(logID("id", j.ID), logID("company_id", j.CompanyID))
}

// User is someone with an account at 100Hires.
type User struct {
	ID        event.ID `json:"id,omitzero"`
	FirstName string   `json:"first_name,omitzero"`
	LastName  string   `json:"last_name,omitzero"`
	Email     string   `json:"email,omitzero"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// FullName returns the first and the last name, as far as they are known, with
// a space between them.
func (u User) FullName() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// LogValue prints the id only.
func (u User) LogValue() slog.Value { return slog.GroupValue(logID("id", u.ID)) }

func logID(name string, id event.ID) slog.Attr { return slog.String(name, string(id)) }

// ApplicationStatus is where an application stands. More values may come.
type ApplicationStatus string

// The application statuses known on 2026-11-21, which are those of the API
// (github.com/100Hires/mcp-server).
const (
	ApplicationStatusPending  ApplicationStatus = "pending" // in the pipeline
	ApplicationStatusHired    ApplicationStatus = "hired"
	ApplicationStatusRejected ApplicationStatus = "rejected"
)

// enums are the values above, for package drift.
func enums() []any {
	return []any{
		ApplicationStatusPending, ApplicationStatusHired, ApplicationStatusRejected,
	}
}
