package hires100

import (
	"encoding/json"
	"log/slog"

	"github.com/atshooks/atshooks/event"
)

// The event types, in the order of the vendor's page. 100Hires describes its
// eight events in words and does not publish how a delivery spells them: these
// spellings are this library's. Deliveries are matched leniently (see the
// package comment), so that callbacks need not know the vendor's.
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
// with it. 100Hires says that a delivery holds the entity and the user who
// triggered it, and publishes neither the members' names nor which entities
// accompany which event (help.100hires.com, read 2026-11-21). That each stands
// under its own name is an assumption, and so is every name in this package.
//
// Decoding is therefore lenient. Where the payload is itself an entity, it is
// read as the one that its members fit best, and as none if two fit equally
// well. An entity inside another one (the candidate of an application), inside
// a further object (data, payload, entity, object, resource) or beside the
// payload is found there. A member of another form than its field is no error:
// the field stays zero, and the member is in Extra.
//
// Encoding writes entities side by side under their names, and loses nothing.
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
	// Extra has every member that the fields above do not tell of, by its name:
	// what is not modelled, what has another form than its field, and what is
	// null, false, 0 or "", so that it can be told from what was not there. For
	// what stands beside the payload, [event.FromContext] has the whole body.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("candidate_id", string(e.Candidate.ID)),
		slog.String("application_id", string(e.Application.ID)),
		slog.String("interview_id", string(e.Interview.ID)),
		slog.String("job_id", string(e.Job.ID)),
		slog.String("user_id", string(e.User.ID)),
	)
}

// The entities. Their member names are those that 100Hires' REST API v2 takes
// and gives (github.com/100Hires/mcp-server, read 2026-11-21); that deliveries
// use the same ones is an assumption. Its times are Unix seconds.

// Candidate is a person, over all applications.
type Candidate struct {
	ID        event.ID `json:"id,omitzero"`
	Alias     string   `json:"alias,omitzero"` // takes the place of the id in URLs of the API
	CompanyID event.ID `json:"company_id,omitzero"`
	FirstName string   `json:"first_name,omitzero"`
	LastName  string   `json:"last_name,omitzero"`
	FullName  string   `json:"full_name,omitzero"`
	Email     string   `json:"email,omitzero"`
	Phone     string   `json:"phone,omitzero"`
	LinkedIn  string   `json:"linkedin,omitzero"` // an URL or the name in it
	Tags      []string `json:"tags,omitzero"`
	// Profile has the answers to profile questions, by the question or its id.
	Profile   map[string]json.RawMessage `json:"profile,omitzero"`
	CreatedAt event.Date                 `json:"created_at,omitzero"`
	UpdatedAt event.Date                 `json:"updated_at,omitzero"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (c Candidate) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(c.ID)))
}

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
	CreatedAt  event.Date  `json:"created_at,omitzero"`
	UpdatedAt  event.Date  `json:"updated_at,omitzero"`
	HiredAt    event.Date  `json:"hired_at,omitzero"`
	RejectedAt event.Date  `json:"rejected_at,omitzero"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (a Application) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", string(a.ID)),
		slog.String("candidate_id", string(a.CandidateID)),
		slog.String("job_id", string(a.JobID)),
		slog.String("stage_id", string(a.StageID)),
	)
}

// Interview is one appointment within an application.
type Interview struct {
	ID             event.ID   `json:"id,omitzero"`
	ApplicationID  event.ID   `json:"application_id,omitzero"`
	CandidateID    event.ID   `json:"candidate_id,omitzero"`
	JobID          event.ID   `json:"job_id,omitzero"`
	InterviewerIDs []event.ID `json:"interviewer_ids,omitzero"` // of users
	StartTime      event.Date `json:"start_time,omitzero"`
	EndTime        event.Date `json:"end_time,omitzero"`
	Location       string     `json:"location,omitzero"`
	CreatedAt      event.Date `json:"created_at,omitzero"`
	UpdatedAt      event.Date `json:"updated_at,omitzero"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (i Interview) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", string(i.ID)),
		slog.String("application_id", string(i.ApplicationID)),
		slog.String("candidate_id", string(i.CandidateID)),
		slog.String("job_id", string(i.JobID)),
	)
}

// Score is what the AI made of an application. The API has scores for single
// criteria with their reasons, and further questions, in it; their names are
// unpublished, so that they are in Extra. A delivery that has a bare number for
// a score decodes as well.
type Score struct {
	// Value is a decimal number, empty without a score. Its scale is unpublished.
	Value         json.Number `json:"score,omitzero"`
	ApplicationID event.ID    `json:"application_id,omitzero"`
	// Extra is as [Event].Extra.
	Extra map[string]json.RawMessage `json:"-"`
}

// LogValue prints ids only.
func (s Score) LogValue() slog.Value {
	return slog.GroupValue(slog.String("application_id", string(s.ApplicationID)))
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
	return slog.GroupValue(
		slog.String("id", string(j.ID)),
		slog.String("company_id", string(j.CompanyID)),
	)
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

// LogValue prints ids only.
func (u User) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(u.ID)))
}

// ApplicationStatus is where an application stands. More values may come.
type ApplicationStatus string

// The values that the API knows (github.com/100Hires/mcp-server, read 2026-11-21).
const (
	ApplicationPending  ApplicationStatus = "pending" // in the pipeline
	ApplicationHired    ApplicationStatus = "hired"
	ApplicationRejected ApplicationStatus = "rejected"
)
