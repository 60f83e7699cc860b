package kombo

import (
	"encoding/json"
	"log/slog"
	"time"
)

// The event types that Kombo documents, as the envelope's type member spells
// them. Kombo adds types (see the package comment): a type that is not listed
// here reaches [event.Handler.OnOther].
const (
	TypeDataChanged                     = "data-changed"
	TypeSyncFinished                    = "sync-finished"
	TypeRemoteEventReceived             = "remote-event-received"
	TypeIntegrationCreated              = "integration-created"
	TypeIntegrationDeleted              = "integration-deleted"
	TypeIntegrationStateChanged         = "integration-state-changed"
	TypeConnectionFlowFailed            = "connection-flow-failed"
	TypeAssessmentOrderReceived         = "assessment:order-received"
	TypeInlineAssessmentOrderReceived   = "inline-assessment:order-received"
	TypeAIApplyApplicationStatusUpdated = "ai-apply-application-status-updated"
	TypeAIApplyJobPostingStatusUpdated  = "ai-apply-job-posting-status-updated"
)

// DataChanged says which models of an integration have new data. It carries
// none of the data: fetch it with the integration's id.
type DataChanged struct {
	// IntegrationID has the form <tool>:<id>, "personio:…" say.
	IntegrationID string `json:"integration_id" validate:"required"`
	// IntegrationTool is Kombo's name of the connected product, "personio" say.
	IntegrationTool     string              `json:"integration_tool"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	// ChangedModels is what changed since the previous data-changed of this
	// integration. Models that a later edition adds are in it too.
	ChangedModels []ChangedModel `json:"changed_models"`
}

// LogValue prints ids only.
func (e DataChanged) LogValue() slog.Value {
	return slog.GroupValue(slog.String("integration_id", e.IntegrationID))
}

// SyncFinished reports the end of one sync, good or bad.
type SyncFinished struct {
	SyncID        string    `json:"sync_id"`
	SyncState     SyncState `json:"sync_state"`
	SyncStartedAt time.Time `json:"sync_started_at"`
	SyncEndedAt   time.Time `json:"sync_ended_at"`
	// SyncDurationSeconds is in seconds. The schema says a whole number; an
	// older edition of docs.kombo.dev/webhooks shows a fraction (14.509).
	SyncDurationSeconds float64 `json:"sync_duration_seconds"`
	// IntegrationID has the form <tool>:<id>.
	IntegrationID       string              `json:"integration_id" validate:"required"`
	IntegrationTool     string              `json:"integration_tool"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	// EndUser is zero where an older edition leaves it out.
	EndUser EndUser `json:"end_user,omitzero"`
	// LogURL leads to the sync's log in Kombo's dashboard. It is empty where an
	// older edition leaves it out.
	LogURL string `json:"log_url,omitempty" validate:"omitempty,url"`
}

// LogValue prints ids only.
func (e SyncFinished) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("sync_id", e.SyncID),
		slog.String("integration_id", e.IntegrationID),
	)
}

// RemoteEventReceived says that the connected tool called Kombo. What the tool
// sent is not in it.
type RemoteEventReceived struct {
	// IntegrationID has the form <tool>:<id>.
	IntegrationID       string              `json:"integration_id" validate:"required"`
	IntegrationTool     string              `json:"integration_tool"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	EndUser             EndUser             `json:"end_user"`
}

// LogValue prints ids only.
func (e RemoteEventReceived) LogValue() slog.Value {
	return slog.GroupValue(slog.String("integration_id", e.IntegrationID))
}

// IntegrationCreated is a new integration: a customer has connected a tool.
type IntegrationCreated struct {
	// ID is the integration's id, of the form <tool>:<id>; other events call
	// the same value integration_id.
	ID       string              `json:"id" validate:"required"`
	Tool     string              `json:"tool"`
	Category IntegrationCategory `json:"category"`
	EndUser  EndUser             `json:"end_user"`
}

// LogValue prints ids only.
func (e IntegrationCreated) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID))
}

// IntegrationDeleted is an integration that is gone.
type IntegrationDeleted struct {
	// ID is the integration's id, of the form <tool>:<id>; other events call
	// the same value integration_id.
	ID        string              `json:"id" validate:"required"`
	Tool      string              `json:"tool"`
	Category  IntegrationCategory `json:"category"`
	EndUser   EndUser             `json:"end_user"`
	DeletedAt time.Time           `json:"deleted_at"`
}

// LogValue prints ids only.
func (e IntegrationDeleted) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID))
}

// IntegrationStateChanged is an integration in its new state. Compare
// UpdatedAt before overwriting a state that you keep: deliveries may arrive in
// another order than they were sent.
type IntegrationStateChanged struct {
	IntegrationTool string `json:"integration_tool"`
	// IntegrationID has the form <tool>:<id>.
	IntegrationID       string              `json:"integration_id" validate:"required"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	EndUser             EndUser             `json:"end_user"`
	QAStatus            QAStatus            `json:"qa_status"`
	// SetupStatus is empty where an older edition leaves it out.
	SetupStatus SetupStatus      `json:"setup_status,omitempty"`
	State       IntegrationState `json:"state"`
	UpdatedAt   time.Time        `json:"updated_at"`
}

// LogValue prints ids only.
func (e IntegrationStateChanged) LogValue() slog.Value {
	return slog.GroupValue(slog.String("integration_id", e.IntegrationID))
}

// ConnectionFlowFailed is an error that a customer met while connecting a
// tool. There is no integration yet, so it has no id of its own.
type ConnectionFlowFailed struct {
	IntegrationTool     string              `json:"integration_tool"`
	IntegrationCategory IntegrationCategory `json:"integration_category"`
	EndUser             EndUser             `json:"end_user"`
	// LogURL leads to the log of the attempt in Kombo's dashboard, where the
	// errors are, and whether the customer got through in the end.
	LogURL string `json:"log_url" validate:"omitempty,url"`
}

// LogValue prints ids only: your own id of the customer, where you gave one.
func (e ConnectionFlowFailed) LogValue() slog.Value {
	return slog.GroupValue(logID("origin_id", e.EndUser.OriginID))
}

// AssessmentOrder is an order for an assessment or a background check of one
// candidate, made in the customer's applicant tracking system. Both order
// events carry it.
type AssessmentOrder struct {
	// ID is the order's id, with which its result is reported to Kombo.
	ID string `json:"id" validate:"required"`
	// PackageID is the package ordered, by the id that you gave it.
	PackageID string      `json:"package_id"`
	Status    OrderStatus `json:"status"`
	// IntegrationID has the form <tool>:<id>.
	IntegrationID string      `json:"integration_id" validate:"required"`
	Candidate     Candidate   `json:"candidate"`
	Application   Application `json:"application"`
	Job           Job         `json:"job"`
	// RemoteData is what the tracking system sent, as it came: an object whose
	// members are named by their source, such as "upstream_webhook_body". It is
	// in the samples of older editions and not in the current schema; nil where
	// it is absent. It may hold personal data.
	RemoteData json.RawMessage `json:"remote_data,omitempty"`
}

// LogValue prints ids only.
func (o AssessmentOrder) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", o.ID),
		slog.String("package_id", o.PackageID),
		slog.String("integration_id", o.IntegrationID),
	)
}

// InlineAssessment is the answer that Kombo wants to an order of
// [TypeInlineAssessmentOrderReceived]; see
// [Handler.OnInlineAssessmentOrderReceived].
type InlineAssessment struct {
	// AssessmentURL is where the candidate is sent to be assessed.
	AssessmentURL string `json:"assessment_url"`
}

// AIApplyApplication is the state of one application that Kombo's AI Apply
// submits on a career site. Compare UpdatedAt before overwriting.
type AIApplyApplication struct {
	ID           string            `json:"id" validate:"required"`
	JobPostingID string            `json:"job_posting_id"`
	Status       ApplicationStatus `json:"status"`
	CreatedAt    time.Time         `json:"created_at"`
	UpdatedAt    time.Time         `json:"updated_at"`
}

// LogValue prints ids only.
func (a AIApplyApplication) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", a.ID),
		slog.String("job_posting_id", a.JobPostingID),
	)
}

// AIApplyJobPosting is the state of one job posting that AI Apply watches.
// Compare UpdatedAt before overwriting.
type AIApplyJobPosting struct {
	ID         string     `json:"id" validate:"required"`
	CareerSite CareerSite `json:"career_site"`
	URL        string     `json:"url"`
	JobCode    *string    `json:"job_code"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	// ArchivedAt and ArchivedReason are nil while the posting is not archived.
	ArchivedAt     *time.Time      `json:"archived_at"`
	ArchivedReason *ArchivedReason `json:"archived_reason"`
	Availability   Availability    `json:"availability"`
}

// LogValue prints ids only.
func (p AIApplyJobPosting) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", p.ID),
		slog.String("career_site_id", p.CareerSite.ID),
	)
}

// ChangedModel is one kind of data that changed.
type ChangedModel struct {
	Name Model `json:"name"`
}

// EndUser is your customer who made the integration, as you described them to
// Kombo when the connection flow was started.
type EndUser struct {
	OrganizationName string `json:"organization_name"`
	// CreatorEmail is nil where you gave none.
	CreatorEmail *string `json:"creator_email" validate:"omitempty,email"`
	// OriginID is your own id of the customer, nil where you gave none.
	OriginID *string `json:"origin_id"`
}

// LogValue prints ids only.
func (u EndUser) LogValue() slog.Value {
	return slog.GroupValue(logID("origin_id", u.OriginID))
}

// Candidate is the person to be assessed.
type Candidate struct {
	Email     string  `json:"email" validate:"omitempty,email"`
	FirstName *string `json:"first_name"`
	LastName  *string `json:"last_name"`
	// Phone is as the tracking system has it; its form is unpublished.
	Phone *string `json:"phone"`
	// RemoteID is the tracking system's id.
	RemoteID *string `json:"remote_id"`
}

// LogValue prints ids only.
func (c Candidate) LogValue() slog.Value {
	return slog.GroupValue(logID("remote_id", c.RemoteID))
}

// Application is the candidate's application for the job.
type Application struct {
	// RemoteID is the tracking system's id.
	RemoteID *string `json:"remote_id"`
}

// LogValue prints ids only.
func (a Application) LogValue() slog.Value {
	return slog.GroupValue(logID("remote_id", a.RemoteID))
}

// Job is the job that the candidate applies for.
type Job struct {
	// RemoteID is the tracking system's id.
	RemoteID *string `json:"remote_id"`
	Name     *string `json:"name"`
	JobCode  *string `json:"job_code"`
	// Description is HTML that a customer wrote: clean it before showing it.
	Description *string            `json:"description"`
	Location    *Location          `json:"location"`
	HiringTeam  []HiringTeamMember `json:"hiring_team"`
}

// LogValue prints ids only.
func (j Job) LogValue() slog.Value {
	return slog.GroupValue(logID("remote_id", j.RemoteID))
}

// Location is where a job is. Any member may be nil; Raw is the text of the
// tracking system where that has no parts.
type Location struct {
	City *string `json:"city"`
	// Country is a code of two letters in every sample; the schema says no more
	// than string.
	Country *string `json:"country"`
	Raw     *string `json:"raw"`
	State   *string `json:"state"`
	Street1 *string `json:"street_1"`
	Street2 *string `json:"street_2"`
	ZipCode *string `json:"zip_code"`
}

// HiringTeamMember is one person of the customer who hires for a job.
type HiringTeamMember struct {
	// RemoteID is the tracking system's id.
	RemoteID        *string          `json:"remote_id"`
	Email           *string          `json:"email"`
	FirstName       *string          `json:"first_name"`
	LastName        *string          `json:"last_name"`
	HiringTeamRoles []HiringTeamRole `json:"hiring_team_roles"`
}

// LogValue prints ids only.
func (m HiringTeamMember) LogValue() slog.Value {
	return slog.GroupValue(logID("remote_id", m.RemoteID))
}

// CareerSite is the site on which a job posting stands.
type CareerSite struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// logID is an attribute for an id that may be missing: handlers of slog skip
// the zero attribute.
func logID(key string, id *string) slog.Attr {
	if id == nil {
		return slog.Attr{}
	}
	return slog.String(key, *id)
}

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
	// SyncStateAuthenticationFailed: the connected tool refused the credentials.
	SyncStateAuthenticationFailed SyncState = "AUTHENTICATION_FAILED"
	SyncStateCancelled            SyncState = "CANCELLED"
	SyncStateTimedOut             SyncState = "TIMED_OUT"
)

// IntegrationState is whether an integration works. More values may come.
type IntegrationState string

// The integration states known on 2026-11-21.
const (
	IntegrationStateActive IntegrationState = "ACTIVE"
	// IntegrationStateInvalid: the customer has to connect the tool again.
	IntegrationStateInvalid IntegrationState = "INVALID"
	// IntegrationStateInactive: Kombo's support has switched it off, at your
	// request.
	IntegrationStateInactive IntegrationState = "INACTIVE"
)

// QAStatus is how Kombo's own check of an integration stands. More values may
// come; what they mean in detail is unpublished.
type QAStatus string

// The QA statuses known on 2026-11-21.
const (
	QAStatusPending QAStatus = "PENDING"
	QAStatusFailed  QAStatus = "FAILED"
	QAStatusPassed  QAStatus = "PASSED"
)

// SetupStatus is how far the customer has come with filters and field
// mappings, where you use these. More values may come.
type SetupStatus string

// The setup statuses known on 2026-11-21.
const (
	// SetupStatusIncomplete: steps are missing, and there is no data yet.
	SetupStatusIncomplete SetupStatus = "INCOMPLETE"
	// SetupStatusFinalSyncPending: the steps are done; the sync that brings the
	// data runs.
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

// The hiring team roles known on 2026-11-21. Sourcer is in Kombo's TypeScript
// SDK and not yet in its OpenAPI document.
const (
	HiringTeamRoleRecruiter     HiringTeamRole = "RECRUITER"
	HiringTeamRoleHiringManager HiringTeamRole = "HIRING_MANAGER"
	HiringTeamRoleSourcer       HiringTeamRole = "SOURCER"
)

// ApplicationStatus is how AI Apply came along with an application. More
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
// (those with _join_). More values may come, and do: there were 29 in one
// edition of Kombo's schema and 43 in the next.
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
