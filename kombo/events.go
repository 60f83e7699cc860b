package kombo

import (
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/atshooks/atshooks/event"
)

// The event types that Kombo documents, as the envelope's type member spells
// them. Kombo adds types (see the package comment): one that is not listed here
// reaches [event.Handler.OnOther].
const (
	TypeDataChanged = "data-changed"

	// Deprecated: Kombo still sends sync-finished, but has deprecated it in
	// favour of data-changed. Use [TypeDataChanged].
	TypeSyncFinished = "sync-finished"

	// Deprecated: Kombo's current OpenAPI document no longer has
	// remote-event-received, and its migration guide names data-changed as the
	// replacement. Use [TypeDataChanged].
	TypeRemoteEventReceived = "remote-event-received"

	TypeIntegrationCreated              = "integration-created"
	TypeIntegrationDeleted              = "integration-deleted"
	TypeIntegrationStateChanged         = "integration-state-changed"
	TypeConnectionFlowFailed            = "connection-flow-failed"
	TypeIssueStatusChanged              = "issue-status-changed"
	TypeAssessmentOrderReceived         = "assessment:order-received"
	TypeInlineAssessmentOrderReceived   = "inline-assessment:order-received"
	TypeAIApplyDataChanged              = "ai-apply-data-changed"
	TypeAIApplyApplicationStatusUpdated = "ai-apply-application-status-updated"
	TypeAIApplyJobPostingStatusUpdated  = "ai-apply-job-posting-status-updated"
)

// SplitIntegrationID splits an integration's id, which has the form
// <tool>:<id>, at its colon. ok is false if it has none; then tool is the whole.
func SplitIntegrationID(integrationID event.ID) (tool, id string, ok bool) {
	return strings.Cut(string(integrationID), ":")
}

// DataChanged says which models of an integration have new data. It carries
// none of the data: fetch it with the integration's id.
type DataChanged struct {
	// IntegrationID has the form <tool>:<id>; see [SplitIntegrationID].
	IntegrationID event.ID `json:"integration_id" validate:"required"`
	// IntegrationTool is Kombo's name of the connected product, such as "personio".
	IntegrationTool     string              `json:"integration_tool"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	// ChangedModels is what changed since the previous data-changed of this
	// integration. It may name models that this package does not.
	ChangedModels []ChangedModel `json:"changed_models"`
}

// LogValue prints the id only.
func (e DataChanged) LogValue() slog.Value {
	return slog.GroupValue(logID("integration_id", e.IntegrationID))
}

// SyncFinished reports the end of one sync, successful or not.
//
// Deprecated: Kombo has deprecated the event. Use [DataChanged].
type SyncFinished struct {
	SyncID        event.ID   `json:"sync_id"`
	SyncState     SyncState  `json:"sync_state"`
	SyncStartedAt event.Time `json:"sync_started_at"`
	SyncEndedAt   event.Time `json:"sync_ended_at"`
	// SyncDurationSeconds is in seconds. The schema says a whole number; an
	// older edition of docs.kombo.dev/webhooks shows a fraction (14.509).
	SyncDurationSeconds float64 `json:"sync_duration_seconds"`
	// IntegrationID has the form <tool>:<id>; see [SplitIntegrationID].
	IntegrationID       event.ID            `json:"integration_id" validate:"required"`
	IntegrationTool     string              `json:"integration_tool"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	// EndUser is zero where an older edition leaves it out.
	EndUser EndUser `json:"end_user,omitzero"`
	// LogURL leads to the sync's log in Kombo's dashboard. It is empty where an
	// older edition leaves it out.
	LogURL string `json:"log_url,omitzero" validate:"omitempty,url"`
}

// LogValue prints ids only.
func (e SyncFinished) LogValue() slog.Value {
	return slog.GroupValue(logID("sync_id", e.SyncID), logID("integration_id", e.IntegrationID))
}

// RemoteEventReceived says that the connected tool called Kombo. What the tool
// sent is not in it.
//
// Deprecated: Kombo's current schema no longer has the event. Use [DataChanged].
type RemoteEventReceived struct {
	// IntegrationID has the form <tool>:<id>; see [SplitIntegrationID].
	IntegrationID       event.ID            `json:"integration_id" validate:"required"`
	IntegrationTool     string              `json:"integration_tool"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	EndUser             EndUser             `json:"end_user"`
}

// LogValue prints the id only.
func (e RemoteEventReceived) LogValue() slog.Value {
	return slog.GroupValue(logID("integration_id", e.IntegrationID))
}

// IntegrationCreated is a new integration: a customer has connected a tool.
type IntegrationCreated struct {
	// ID is the integration's, of the form <tool>:<id>; see
	// [SplitIntegrationID]. Other events call the same value integration_id.
	ID       event.ID            `json:"id" validate:"required"`
	Tool     string              `json:"tool"`
	Category IntegrationCategory `json:"category"`
	EndUser  EndUser             `json:"end_user"`
}

// LogValue prints the id only.
func (e IntegrationCreated) LogValue() slog.Value { return slog.GroupValue(logID("id", e.ID)) }

// IntegrationDeleted is an integration that no longer exists.
type IntegrationDeleted struct {
	// ID is the integration's, of the form <tool>:<id>; see
	// [SplitIntegrationID]. Other events call the same value integration_id.
	ID        event.ID            `json:"id" validate:"required"`
	Tool      string              `json:"tool"`
	Category  IntegrationCategory `json:"category"`
	EndUser   EndUser             `json:"end_user"`
	DeletedAt event.Time          `json:"deleted_at"`
}

// LogValue prints the id only.
func (e IntegrationDeleted) LogValue() slog.Value { return slog.GroupValue(logID("id", e.ID)) }

// IntegrationStateChanged is an integration in its new state. Deliveries may
// arrive in another order than they were sent: compare UpdatedAt before
// overwriting a state that you keep. If UpdatedAt.IsZero, there is nothing to
// compare: fetch the current state from Kombo.
type IntegrationStateChanged struct {
	IntegrationTool string `json:"integration_tool"`
	// IntegrationID has the form <tool>:<id>; see [SplitIntegrationID].
	IntegrationID       event.ID            `json:"integration_id" validate:"required"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	EndUser             EndUser             `json:"end_user"`
	QAStatus            QAStatus            `json:"qa_status"`
	// SetupStatus is empty where an older edition leaves it out.
	SetupStatus SetupStatus      `json:"setup_status,omitzero"`
	State       IntegrationState `json:"state"`
	UpdatedAt   event.Time       `json:"updated_at"`
}

// LogValue prints the id only.
func (e IntegrationStateChanged) LogValue() slog.Value {
	return slog.GroupValue(logID("integration_id", e.IntegrationID))
}

// ConnectionFlowFailed is an error that a customer met while connecting a
// tool. There is no integration yet, so it has no id of its own.
type ConnectionFlowFailed struct {
	IntegrationTool     string              `json:"integration_tool" validate:"required"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	EndUser             EndUser             `json:"end_user"`
	// LogURL leads to the log of the attempt in Kombo's dashboard, where the
	// errors are, and whether the customer got through in the end.
	LogURL string `json:"log_url" validate:"omitempty,url"`
}

// LogValue prints the id of the end user only, if there is one.
func (e ConnectionFlowFailed) LogValue() slog.Value { return e.EndUser.LogValue() }

// IssueStatusChanged says that Kombo has found a problem with an integration
// or a whole environment, or that one is solved.
//
// Source: Kombo's TypeScript SDK, read 2026-11-21.
type IssueStatusChanged struct {
	Change IssueChange `json:"change"`
	Issue  Issue       `json:"issue"`
	// Integration is zero for an issue of the whole environment.
	Integration Integration `json:"integration,omitzero"`
}

// LogValue prints ids only.
func (e IssueStatusChanged) LogValue() slog.Value {
	return slog.GroupValue(logID("issue_id", e.Issue.ID), logID("integration_id", e.Integration.ID))
}

// Issue is a problem that Kombo has found.
type Issue struct {
	ID event.ID `json:"id" validate:"required"`
	// Type is what the problem is, such as "integration.authentication_failed".
	// Kombo adds types: accept one that you do not know.
	Type string `json:"type"`
	// Title is short and written for customers.
	Title  string      `json:"title"`
	Status IssueStatus `json:"status"`
	// MarkdownMessage describes the problem, in Markdown.
	MarkdownMessage string     `json:"markdown_message"`
	FirstObservedAt event.Time `json:"first_observed_at"`
	// ResolvedAt is zero while the issue is open.
	ResolvedAt event.Time `json:"resolved_at"`
}

// LogValue prints the id only.
func (i Issue) LogValue() slog.Value { return slog.GroupValue(logID("id", i.ID)) }

// Integration is the integration that an issue is about.
type Integration struct {
	// ID has the form <tool>:<id>; see [SplitIntegrationID].
	ID       event.ID            `json:"id"`
	Tool     string              `json:"tool"`
	Category IntegrationCategory `json:"category"`
	EndUser  EndUser             `json:"end_user"`
}

// LogValue prints the id only.
func (i Integration) LogValue() slog.Value { return slog.GroupValue(logID("id", i.ID)) }

// AssessmentOrder is an order for an assessment or a background check of one
// candidate, made in the customer's applicant tracking system. Both order
// events carry it.
type AssessmentOrder struct {
	// ID is the order's id, with which its result is reported to Kombo.
	ID event.ID `json:"id" validate:"required"`
	// PackageID is the package ordered, by the id that you gave it.
	PackageID event.ID    `json:"package_id"`
	Status    OrderStatus `json:"status"`
	// IntegrationID has the form <tool>:<id>; see [SplitIntegrationID].
	IntegrationID event.ID    `json:"integration_id" validate:"required"`
	Candidate     Candidate   `json:"candidate"`
	Application   Application `json:"application"`
	Job           Job         `json:"job"`
	// RemoteData is what the tracking system sent, as it came: an object whose
	// members are named by their source, such as "upstream_webhook_body". It is
	// in the samples of older editions and not in the current schema; nil if
	// absent. It may hold personal data.
	RemoteData json.RawMessage `json:"remote_data,omitzero"`
}

// LogValue prints ids only.
func (o AssessmentOrder) LogValue() slog.Value {
	return slog.GroupValue(logID("id", o.ID), logID("package_id", o.PackageID), logID("integration_id", o.IntegrationID))
}

// InlineAssessment is the response that Kombo waits for after an order of
// [TypeInlineAssessmentOrderReceived].
type InlineAssessment struct {
	// AssessmentURL is where the candidate is sent to be assessed.
	AssessmentURL string `json:"assessment_url"`
}

// LogValue prints nothing: the URL is the candidate's.
func (InlineAssessment) LogValue() slog.Value { return slog.GroupValue() }

// AIApplyDataChanged says that job postings have changed in availability,
// archival, URL, job code, career site or form. It names the model that changed
// and not the records. The names of its members are not in the copies of
// docs.kombo.dev/ai-apply/webhooks that were read on 2026-11-21, so this is the
// payload as it came: decode it into a type of your own.
type AIApplyDataChanged struct {
	json.RawMessage
}

// LogValue prints nothing: the payload is not known.
func (AIApplyDataChanged) LogValue() slog.Value { return slog.GroupValue() }

// AIApplyApplication is the state of one application that Kombo's AI Apply
// submits on a career site. Compare UpdatedAt before overwriting; if
// UpdatedAt.IsZero, there is nothing to compare: fetch the current state from
// Kombo.
type AIApplyApplication struct {
	ID           event.ID          `json:"id" validate:"required"`
	JobPostingID event.ID          `json:"job_posting_id"`
	Status       ApplicationStatus `json:"status"`
	CreatedAt    event.Time        `json:"created_at"`
	UpdatedAt    event.Time        `json:"updated_at"`
}

// LogValue prints ids only.
func (a AIApplyApplication) LogValue() slog.Value {
	return slog.GroupValue(logID("id", a.ID), logID("job_posting_id", a.JobPostingID))
}

// AIApplyJobPosting is the state of one job posting that AI Apply watches.
// Compare UpdatedAt before overwriting; if UpdatedAt.IsZero, there is nothing
// to compare: fetch the current state from Kombo.
type AIApplyJobPosting struct {
	ID         event.ID   `json:"id" validate:"required"`
	CareerSite CareerSite `json:"career_site"`
	URL        string     `json:"url"`
	JobCode    string     `json:"job_code,omitzero"`
	CreatedAt  event.Time `json:"created_at"`
	UpdatedAt  event.Time `json:"updated_at"`
	// ArchivedAt and ArchivedReason are zero while the posting is not archived.
	ArchivedAt     event.Time     `json:"archived_at"`
	ArchivedReason ArchivedReason `json:"archived_reason,omitzero"`
	Availability   Availability   `json:"availability"`
}

// LogValue prints ids only.
func (p AIApplyJobPosting) LogValue() slog.Value {
	return slog.GroupValue(logID("id", p.ID), logID("career_site_id", p.CareerSite.ID))
}

// ChangedModel is one kind of data that changed.
type ChangedModel struct {
	Name Model `json:"name"`
}

// EndUser is your customer who made the integration, as you described them to
// Kombo when the connection flow was started.
type EndUser struct {
	OrganizationName string `json:"organization_name"`
	CreatorEmail     string `json:"creator_email,omitzero" validate:"omitempty,email"`
	// OriginID identifies the customer. Kombo's SDK calls it the organization's
	// id in the connected system, but its page on the embedded flow takes it from
	// your own database (docs.kombo.dev/connect/embedded-flow, read 2026-11-21).
	OriginID event.ID `json:"origin_id,omitzero"`
}

// LogValue prints the id only.
func (u EndUser) LogValue() slog.Value { return slog.GroupValue(logID("origin_id", u.OriginID)) }

// Candidate is the person to be assessed.
type Candidate struct {
	Email     string `json:"email" validate:"omitempty,email"`
	FirstName string `json:"first_name,omitzero"`
	LastName  string `json:"last_name,omitzero"`
	// Phone is in whatever form the tracking system has it.
	Phone string `json:"phone,omitzero"`
	// RemoteID is the tracking system's id.
	RemoteID event.ID `json:"remote_id,omitzero"`
}

// FullName returns the first and the last name, as far as they are known, with
// a space between them.
func (c Candidate) FullName() string { return fullName(c.FirstName, c.LastName) }

// LogValue prints the id only.
func (c Candidate) LogValue() slog.Value { return slog.GroupValue(logID("remote_id", c.RemoteID)) }

// Application is the candidate's application for the job.
type Application struct {
	// RemoteID is the tracking system's id.
	RemoteID event.ID `json:"remote_id,omitzero"`
}

// LogValue prints the id only.
func (a Application) LogValue() slog.Value { return slog.GroupValue(logID("remote_id", a.RemoteID)) }

// Job is the job that the candidate applies for.
type Job struct {
	// RemoteID is the tracking system's id.
	RemoteID event.ID `json:"remote_id,omitzero"`
	Name     string   `json:"name,omitzero"`
	JobCode  string   `json:"job_code,omitzero"`
	// Description is HTML that a customer wrote: clean it before showing it.
	Description string             `json:"description,omitzero"`
	Location    Location           `json:"location,omitzero"`
	HiringTeam  []HiringTeamMember `json:"hiring_team"`
}

// LogValue prints the id only.
func (j Job) LogValue() slog.Value { return slog.GroupValue(logID("remote_id", j.RemoteID)) }

// Location is where a job is. Any member may be empty; Raw is the text of the
// tracking system, which may be all there is.
type Location struct {
	City string `json:"city,omitzero"`
	// Country is a two-letter code of ISO 3166 if Kombo can tell it, and
	// otherwise what the tracking system has.
	Country string `json:"country,omitzero"`
	Raw     string `json:"raw,omitzero"`
	State   string `json:"state,omitzero"`
	Street1 string `json:"street_1,omitzero"`
	Street2 string `json:"street_2,omitzero"`
	ZipCode string `json:"zip_code,omitzero"`
}

// LogValue prints nothing: it may be a home.
func (Location) LogValue() slog.Value { return slog.GroupValue() }

// HiringTeamMember is one of the customer's people who hire for a job.
type HiringTeamMember struct {
	// RemoteID is the tracking system's id.
	RemoteID        event.ID         `json:"remote_id,omitzero"`
	Email           string           `json:"email,omitzero"`
	FirstName       string           `json:"first_name,omitzero"`
	LastName        string           `json:"last_name,omitzero"`
	HiringTeamRoles []HiringTeamRole `json:"hiring_team_roles"`
}

// FullName returns the first and the last name, as far as they are known, with
// a space between them.
func (m HiringTeamMember) FullName() string { return fullName(m.FirstName, m.LastName) }

// LogValue prints the id only.
func (m HiringTeamMember) LogValue() slog.Value {
	return slog.GroupValue(logID("remote_id", m.RemoteID))
}

// CareerSite is the site on which a job posting stands.
type CareerSite struct {
	ID    event.ID `json:"id"`
	Label string   `json:"label"`
}

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

func logID(name string, id event.ID) slog.Attr { return slog.String(name, string(id)) }

// IntegrationCategory is the kind of product that an integration connects.
// More values may come: LMS came between two editions of Kombo's schema.
type IntegrationCategory string

// The categories known on 2026-11-21.
const (
	IntegrationCategoryHRIS       IntegrationCategory = "HRIS"
	IntegrationCategoryATS        IntegrationCategory = "ATS"
	IntegrationCategoryAssessment IntegrationCategory = "ASSESSMENT"
	IntegrationCategoryLMS        IntegrationCategory = "LMS"
)

// SyncState is how a sync ended. More values may come: Kombo's schema says no
// more than string.
type SyncState string

// The sync states known on 2026-11-21. The first four are in the current
// edition of docs.kombo.dev/webhooks, the last two in an older one only.
const (
	// SyncStateSucceeded: all data was read.
	SyncStateSucceeded SyncState = "SUCCEEDED"
	// SyncStateFailed: a critical error stopped the sync.
	SyncStateFailed SyncState = "FAILED"
	// SyncStatePartiallyFailed: some data could not be read; the rest is usable.
	SyncStatePartiallyFailed SyncState = "PARTIALLY_FAILED"
	// SyncStateAuthenticationFailed: the connected tool rejected the credentials.
	SyncStateAuthenticationFailed SyncState = "AUTHENTICATION_FAILED"
	SyncStateCancelled            SyncState = "CANCELLED"
	SyncStateTimedOut             SyncState = "TIMED_OUT"
)

// IntegrationState is whether an integration works. More values may come.
type IntegrationState string

// The integration states known on 2026-11-21
// (docs.kombo.dev/hris/guides/integration-states).
const (
	IntegrationStateActive IntegrationState = "ACTIVE"
	// IntegrationStateInvalid: authentication has failed for three days, and the
	// customer has to connect the tool again.
	IntegrationStateInvalid IntegrationState = "INVALID"
	// IntegrationStateInactive: switched off by Kombo's support or in the
	// integration's settings or, in a development environment, by Kombo itself
	// after two weeks without a request to its API.
	IntegrationStateInactive IntegrationState = "INACTIVE"
)

// QAStatus is how far Kombo's own check of an integration has come. More values
// may come.
type QAStatus string

// The QA statuses known on 2026-11-21.
const (
	QAStatusPending QAStatus = "PENDING"
	QAStatusFailed  QAStatus = "FAILED"
	QAStatusPassed  QAStatus = "PASSED"
)

// SetupStatus is how far the customer has come with filters and field
// mappings, if you use these. More values may come.
type SetupStatus string

// The setup statuses known on 2026-11-21.
const (
	// SetupStatusIncomplete: steps are missing, and there is no data yet.
	SetupStatusIncomplete SetupStatus = "INCOMPLETE"
	// SetupStatusFinalSyncPending: the steps are done, and the sync that brings
	// the data is running.
	SetupStatusFinalSyncPending SetupStatus = "FINAL_SYNC_PENDING"
	// SetupStatusCompleted: the data is there.
	SetupStatusCompleted SetupStatus = "COMPLETED"
)

// OrderStatus is the status of an assessment order. More values may come.
type OrderStatus string

// The order statuses known on 2026-11-21.
const (
	OrderStatusOpen      OrderStatus = "OPEN"
	OrderStatusCompleted OrderStatus = "COMPLETED"
	OrderStatusCancelled OrderStatus = "CANCELLED"
	OrderStatusRejected  OrderStatus = "REJECTED"
)

// HiringTeamRole is what a person does in a hiring team. More values may come.
type HiringTeamRole string

// The hiring team roles known on 2026-11-21. Releases 1.0.2 to 1.0.4 of Kombo's
// TypeScript SDK had Sourcer in their orders; otherwise it is a role of the
// REST API only.
const (
	HiringTeamRoleRecruiter     HiringTeamRole = "RECRUITER"
	HiringTeamRoleHiringManager HiringTeamRole = "HIRING_MANAGER"
	HiringTeamRoleSourcer       HiringTeamRole = "SOURCER"
)

// IssueChange is what has become of an issue. More values may come.
type IssueChange string

// The changes known on 2026-11-21. Snoozing an issue sends nothing
// (docs.kombo.dev/assessment/features/issues).
const (
	IssueChangeRaised   IssueChange = "raised"
	IssueChangeResolved IssueChange = "resolved"
)

// IssueStatus is the status of an issue. More values may come.
type IssueStatus string

// The issue statuses known on 2026-11-21.
const (
	IssueStatusOpen     IssueStatus = "OPEN"
	IssueStatusResolved IssueStatus = "RESOLVED"
)

// ApplicationStatus is how far AI Apply has come with an application. More
// values may come: DUPLICATE came between two editions of Kombo's schema.
type ApplicationStatus string

// The application statuses known on 2026-11-21.
const (
	ApplicationStatusSubmitted ApplicationStatus = "SUBMITTED"
	ApplicationStatusDuplicate ApplicationStatus = "DUPLICATE"
	ApplicationStatusPending   ApplicationStatus = "PENDING"
	// ApplicationStatusFailed: people at Kombo found that it cannot be
	// submitted.
	ApplicationStatusFailed ApplicationStatus = "FAILED"
)

// Availability is whether AI Apply can submit applications for a job posting.
// More values may come.
type Availability string

// The availabilities known on 2026-11-21.
const (
	AvailabilityApplyable Availability = "APPLYABLE"
	// AvailabilityPending: Kombo is still reading the posting.
	AvailabilityPending  Availability = "PENDING"
	AvailabilityArchived Availability = "ARCHIVED"
	// AvailabilityUnavailable: Kombo could not read the posting.
	AvailabilityUnavailable Availability = "UNAVAILABLE"
)

// ArchivedReason is why a job posting was archived. More values may come.
type ArchivedReason string

// The reasons known on 2026-11-21.
const (
	ArchivedReasonJobPostingTakenOffline ArchivedReason = "JOB_POSTING_TAKEN_OFFLINE"
	ArchivedReasonManualArchive          ArchivedReason = "MANUAL_ARCHIVE"
	ArchivedReasonRemovedFromJobFeed     ArchivedReason = "REMOVED_FROM_JOB_FEED"
)

// Model names a kind of data in Kombo, or a connection between two kinds
// (those with _join_). More values will come: there were 29 in one edition of
// Kombo's schema and 43 in the next.
type Model string

// The 43 models of Kombo's OpenAPI document, read 2026-11-21, in its order.
const (
	ModelHRISLegalEntities                     Model = "hris_legal_entities"
	ModelHRISLocations                         Model = "hris_locations"
	ModelHRISEmployees                         Model = "hris_employees"
	ModelHRISAbsenceTypes                      Model = "hris_absence_types"
	ModelHRISAbsences                          Model = "hris_absences"
	ModelHRISEmployments                       Model = "hris_employments"
	ModelHRISTeams                             Model = "hris_teams"
	ModelHRISTimeOffBalances                   Model = "hris_time_off_balances"
	ModelHRISTimesheets                        Model = "hris_timesheets"
	ModelHRISEmployeeDocumentCategories        Model = "hris_employee_document_categories"
	ModelHRISPerformanceReviews                Model = "hris_performance_reviews"
	ModelHRISPerformanceReviewCycles           Model = "hris_performance_review_cycles"
	ModelHRISStaffingEntities                  Model = "hris_staffing_entities"
	ModelATSUsers                              Model = "ats_users"
	ModelATSJobs                               Model = "ats_jobs"
	ModelATSJobPostings                        Model = "ats_job_postings"
	ModelATSCandidates                         Model = "ats_candidates"
	ModelATSApplicationStages                  Model = "ats_application_stages"
	ModelATSApplications                       Model = "ats_applications"
	ModelATSScreeningQuestions                 Model = "ats_screening_questions"
	ModelATSTags                               Model = "ats_tags"
	ModelATSInterviews                         Model = "ats_interviews"
	ModelATSOffers                             Model = "ats_offers"
	ModelATSRejectionReasons                   Model = "ats_rejection_reasons"
	ModelATSRoles                              Model = "ats_roles"
	ModelLMSUsers                              Model = "lms_users"
	ModelLMSCourseProviders                    Model = "lms_course_providers"
	ModelLMSSkills                             Model = "lms_skills"
	ModelLMSCourses                            Model = "lms_courses"
	ModelLMSCourseRevisions                    Model = "lms_course_revisions"
	ModelLMSCourseProgressions                 Model = "lms_course_progressions"
	ModelHRISJoinEmployeesTeams                Model = "hris_join_employees_teams"
	ModelHRISJoinStaffingEntitiesLocations     Model = "hris_join_staffing_entities_locations"
	ModelHRISJoinStaffingEntitiesLegalEntities Model = "hris_join_staffing_entities_legal_entities"
	ModelHRISJoinStaffingEntitiesGroups        Model = "hris_join_staffing_entities_groups"
	ModelATSJoinCandidatesTags                 Model = "ats_join_candidates_tags"
	ModelATSJoinJobsApplicationStages          Model = "ats_join_jobs_application_stages"
	ModelATSJoinJobsScreeningQuestions         Model = "ats_join_jobs_screening_questions"
	ModelATSJoinUserJobRoleAssignments         Model = "ats_join_user_job_role_assignments"
	ModelATSJoinJobsUsers                      Model = "ats_join_jobs_users"
	ModelATSJoinUsersRoles                     Model = "ats_join_users_roles"
	ModelATSJoinInterviewsUsers                Model = "ats_join_interviews_users"
	ModelLMSJoinRevisionsSkills                Model = "lms_join_revisions_skills"
)

// The models that Kombo's TypeScript SDK has beyond those, read 2026-11-21.
const (
	ModelHRISSkillProficiencyScales          Model = "hris_skill_proficiency_scales"
	ModelHRISSkills                          Model = "hris_skills"
	ModelHRISSkillRatingProviders            Model = "hris_skill_rating_providers"
	ModelHRISEmployeeSkillProficiencyRatings Model = "hris_employee_skill_proficiency_ratings"
	ModelHRISPayRuns                         Model = "hris_pay_runs"
	ModelHRISPayslips                        Model = "hris_payslips"
	ModelHRISSalaryTypes                     Model = "hris_salary_types"
	ModelHRISPayslipLineItems                Model = "hris_payslip_line_items"
	ModelATSNotes                            Model = "ats_notes"
	ModelATSScorecards                       Model = "ats_scorecards"
	ModelHRISJoinStaffingEntitiesSkills      Model = "hris_join_staffing_entities_skills"
)

// enums are the values above, for package drift.
func enums() []any {
	return []any{
		IntegrationCategoryHRIS, IntegrationCategoryATS, IntegrationCategoryAssessment, IntegrationCategoryLMS,
		SyncStateSucceeded, SyncStateFailed, SyncStatePartiallyFailed, SyncStateAuthenticationFailed,
		SyncStateCancelled, SyncStateTimedOut,
		IntegrationStateActive, IntegrationStateInvalid, IntegrationStateInactive,
		QAStatusPending, QAStatusFailed, QAStatusPassed,
		SetupStatusIncomplete, SetupStatusFinalSyncPending, SetupStatusCompleted,
		OrderStatusOpen, OrderStatusCompleted, OrderStatusCancelled, OrderStatusRejected,
		HiringTeamRoleRecruiter, HiringTeamRoleHiringManager, HiringTeamRoleSourcer,
		IssueChangeRaised, IssueChangeResolved,
		IssueStatusOpen, IssueStatusResolved,
		ApplicationStatusSubmitted, ApplicationStatusDuplicate, ApplicationStatusPending, ApplicationStatusFailed,
		AvailabilityApplyable, AvailabilityPending, AvailabilityArchived, AvailabilityUnavailable,
		ArchivedReasonJobPostingTakenOffline, ArchivedReasonManualArchive, ArchivedReasonRemovedFromJobFeed,
		ModelHRISLegalEntities, ModelHRISLocations, ModelHRISEmployees, ModelHRISAbsenceTypes, ModelHRISAbsences,
		ModelHRISEmployments, ModelHRISTeams, ModelHRISTimeOffBalances, ModelHRISTimesheets,
		ModelHRISEmployeeDocumentCategories, ModelHRISPerformanceReviews, ModelHRISPerformanceReviewCycles,
		ModelHRISStaffingEntities, ModelATSUsers, ModelATSJobs, ModelATSJobPostings, ModelATSCandidates,
		ModelATSApplicationStages, ModelATSApplications, ModelATSScreeningQuestions, ModelATSTags,
		ModelATSInterviews, ModelATSOffers, ModelATSRejectionReasons, ModelATSRoles, ModelLMSUsers,
		ModelLMSCourseProviders, ModelLMSSkills, ModelLMSCourses, ModelLMSCourseRevisions,
		ModelLMSCourseProgressions, ModelHRISJoinEmployeesTeams, ModelHRISJoinStaffingEntitiesLocations,
		ModelHRISJoinStaffingEntitiesLegalEntities, ModelHRISJoinStaffingEntitiesGroups, ModelATSJoinCandidatesTags,
		ModelATSJoinJobsApplicationStages, ModelATSJoinJobsScreeningQuestions, ModelATSJoinUserJobRoleAssignments,
		ModelATSJoinJobsUsers, ModelATSJoinUsersRoles, ModelATSJoinInterviewsUsers, ModelLMSJoinRevisionsSkills,
		ModelHRISSkillProficiencyScales, ModelHRISSkills, ModelHRISSkillRatingProviders,
		ModelHRISEmployeeSkillProficiencyRatings, ModelHRISPayRuns, ModelHRISPayslips, ModelHRISSalaryTypes,
		ModelHRISPayslipLineItems, ModelATSNotes, ModelATSScorecards, ModelHRISJoinStaffingEntitiesSkills,
	}
}
