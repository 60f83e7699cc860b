package comeet

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/atshooks/atshooks/event"
)

// The event types. Comeet tells its webhooks apart by their URLs, and the bodies
// name no type: these names are this package's.
const (
	TypeRequestQuestionnaire = "request-questionnaire"
	TypeCreateEmployee       = "create-employee"
)

// Candidate is the body of both webhooks: a person in one hiring process, with
// the position that they are hired for. All members but ComeetID may be null or
// absent; both decode to nil or "".
//
// Source: developers.comeet.com/reference/candidate-model-1 and, for
// PartnerQuestionnaire, /reference/2-create-employee, read 2026-11-21.
type Candidate struct {
	// ComeetID names the candidate, which is one person in one hiring process.
	ComeetID event.ID `json:"comeet_id" validate:"required"`
	// PersonUID names the person, who can be a candidate several times.
	PersonUID  event.ID `json:"person_uid,omitempty"`
	FirstName  *string  `json:"first_name,omitempty"`
	MiddleName *string  `json:"middle_name,omitempty"`
	LastName   *string  `json:"last_name,omitempty"`
	Email      *string  `json:"email,omitempty"`
	// TimeCreated is when the candidate was created in Comeet, not when this was sent.
	TimeCreated *time.Time `json:"time_created,omitempty"`
	Phone       *string    `json:"phone,omitempty"`
	MobilePhone *string    `json:"mobile_phone,omitempty"`
	// IDNumber is by its name that of an identity document; Comeet says no more.
	IDNumber    event.ID `json:"id_number,omitempty"`
	LinkedInURL *string  `json:"linkedin_url,omitempty"`
	// HiredDate and StartDate are days, YYYY-MM-DD.
	HiredDate event.Date `json:"hired_date,omitempty"`
	StartDate event.Date `json:"start_date,omitempty"`
	// Source is nil where the candidate has none.
	Source  *Source  `json:"source,omitempty"`
	Resume  *Resume  `json:"resume,omitempty"`
	Picture *Picture `json:"picture,omitempty"`
	Links   []Link   `json:"links,omitzero"`
	Files   []File   `json:"files,omitzero"`
	// OfferFields are the fields of the offer, in Comeet's samples one for each element.
	OfferFields []Fields  `json:"offer_fields,omitzero"`
	Opening     *Opening  `json:"opening,omitempty"`
	Position    *Position `json:"position,omitempty"`
	// PartnerQuestionnaire is what the recruiter answered to the questions of
	// the [Questionnaire]. It comes with create-employee, and only if questions
	// had been asked. [Candidate.Answer] reads it by uid.
	PartnerQuestionnaire []AnsweredQuestion `json:"partner_questionnaire,omitzero"`
}

// Answer is the recruiter's answer to the question with this uid. It is false
// where the question was not asked or has no answer. Of several answers it is
// the first: Comeet documents one for each of its question types.
func (c *Candidate) Answer(uid string) (Answer, bool) {
	if c == nil {
		return Answer{}, false
	}
	for _, q := range c.PartnerQuestionnaire {
		if string(q.UID) == uid && len(q.Answers) > 0 {
			return q.Answers[0], true
		}
	}
	return Answer{}, false
}

// How long the links live, reckoned from delivery.
// Source: developers.comeet.com/reference/candidate-model-1, read 2026-11-21.
const (
	resumeLife  = 3 * time.Minute
	pictureLife = 200 * time.Second
)

// Stamp notes when the links die, reckoned from the receipt of the delivery. A
// handler calls it before the callback; see [event.Stamper].
func (c *Candidate) Stamp(d *event.Delivery) {
	if c == nil || d == nil || d.ReceivedAt.IsZero() {
		return
	}
	if c.Resume != nil {
		c.Resume.Expires = d.ReceivedAt.Add(resumeLife)
	}
	if c.Picture != nil {
		c.Picture.Expires = d.ReceivedAt.Add(pictureLife)
	}
}

// LogValue prints ids only.
func (c Candidate) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("comeet_id", string(c.ComeetID)),
		slog.String("person_uid", string(c.PersonUID)),
	)
}

// Source is where a candidate came from.
type Source struct {
	Name     *string    `json:"name,omitempty"`
	Type     SourceType `json:"type,omitempty"`
	ComeetID event.ID   `json:"comeet_id,omitempty"`
}

// LogValue prints the id and the type: the name may be a referrer's.
func (s Source) LogValue() slog.Value {
	return slog.GroupValue(slog.String("comeet_id", string(s.ComeetID)), slog.String("type", string(s.Type)))
}

// Resume is a candidate's résumé. Whoever has its URL can read it.
type Resume struct {
	Name *string `json:"name,omitempty"`
	URL  *string `json:"url,omitempty" validate:"omitempty,url"`
	// Expires is when the URL dies: three minutes after the delivery was
	// received. Comeet counts from sending, so there is a little less. It is
	// zero in a candidate that did not come through a handler.
	Expires time.Time `json:"-"`
}

// LogValue prints only when the link dies.
func (r Resume) LogValue() slog.Value { return slog.GroupValue(slog.Time("expires", r.Expires)) }

// Picture is a candidate's profile picture. Whoever has its URL can see it.
type Picture struct {
	URL *string `json:"url,omitempty" validate:"omitempty,url"`
	// Expires is when the URL dies: 200 seconds after the delivery was
	// received. Comeet counts from sending, so there is a little less. It is
	// zero in a candidate that did not come through a handler.
	Expires time.Time `json:"-"`
}

// LogValue prints only when the link dies.
func (p Picture) LogValue() slog.Value { return slog.GroupValue(slog.Time("expires", p.Expires)) }

// Link is a page of the candidate's, a portfolio say.
type Link struct {
	URL *string `json:"url,omitempty"`
}

// LogValue prints nothing: the page is about a person.
func (l Link) LogValue() slog.Value { return slog.GroupValue() }

// File is a document about the hire. How long its URL lives is unpublished;
// fetch it as soon as the résumé.
type File struct {
	Name *string  `json:"name,omitempty"`
	URL  *string  `json:"url,omitempty"`
	Type FileType `json:"type,omitempty"`
}

// LogValue prints the type only.
func (f File) LogValue() slog.Value { return slog.GroupValue(slog.String("type", string(f.Type))) }

// Fields are the fields that a company defined itself, by name. A value can be
// of any JSON type.
type Fields map[string]json.RawMessage

// LogValue prints nothing: nobody knows what a company keeps in its fields.
func (f Fields) LogValue() slog.Value { return slog.GroupValue() }

// Opening is the vacancy that the candidate fills.
type Opening struct {
	Description  *string `json:"description,omitempty"`
	Reason       *string `json:"reason,omitempty"`
	CustomFields Fields  `json:"custom_fields,omitzero"`
}

// LogValue prints nothing: an opening has no id, and its reason may be a person.
func (o Opening) LogValue() slog.Value { return slog.GroupValue() }

// Position is the job that the candidate was hired for.
type Position struct {
	ComeetID event.ID `json:"comeet_id,omitempty"`
	// Name is the position's name inside the company.
	Name *string `json:"name,omitempty"`
	// PublicName is the name outside, nil where it is the same.
	PublicName *string `json:"public_name,omitempty"`
	Department *string `json:"department,omitempty"`
	// Description and Requirements are HTML, as people at the company wrote it.
	Description  *string `json:"description,omitempty"`
	Requirements *string `json:"requirements,omitempty"`
	// PositionID is the company's own id of the position, "" where it has none.
	PositionID event.ID `json:"position_id,omitempty"`
	Location   *string  `json:"location,omitempty"`
	Employment *string  `json:"employment,omitempty"`
	// EmployeeType is "" where Comeet sends null.
	EmployeeType     EmployeeType `json:"employee_type,omitempty"`
	Seniority        *string      `json:"seniority,omitempty"`
	HiringManager    *Contact     `json:"hiring_manager,omitempty"`
	LeadingRecruiter *Contact     `json:"leading_recruiter,omitempty"`
	CustomFields     Fields       `json:"custom_fields,omitzero"`
}

// LogValue prints ids only.
func (p Position) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("comeet_id", string(p.ComeetID)),
		slog.String("position_id", string(p.PositionID)),
	)
}

// Contact is a person who works at the company. It has no id.
type Contact struct {
	FirstName *string `json:"first_name,omitempty"`
	LastName  *string `json:"last_name,omitempty"`
	Email     *string `json:"email,omitempty"`
}

// LogValue prints nothing: all members name the person.
func (c Contact) LogValue() slog.Value { return slog.GroupValue() }

// AnsweredQuestion is a question of a [Questionnaire] with what the recruiter
// answered. Comeet documents the uid as a string and shows a number: both decode
// to the same text.
type AnsweredQuestion struct {
	UID     event.ID `json:"uid,omitempty"`
	Answers []Answer `json:"answers,omitzero"`
}

// LogValue prints the uid only.
func (q AnsweredQuestion) LogValue() slog.Value {
	return slog.GroupValue(slog.String("uid", string(q.UID)))
}

// Answer is one answer to one question: Text for a short answer or a date
// picker, UID and Title for a dropdown or a search dropdown.
type Answer struct {
	// Text is what was typed. That of a date picker is YYYY-MM-DD, which
	// event.Date(a.Text).Time() reads.
	Text string
	// UID and Title are those of the [Option] that was chosen.
	UID   event.ID
	Title string
	// Other is an answer in a form that Comeet does not document, as it came;
	// nil otherwise. A new kind of question does not keep anybody from being hired.
	Other json.RawMessage
}

// choice is the JSON form of an answer to a dropdown.
type choice struct {
	UID   event.ID `json:"uid,omitempty"`
	Title string   `json:"title,omitempty"`
}

// UnmarshalJSON accepts any JSON value.
func (a *Answer) UnmarshalJSON(b []byte) error {
	*a = Answer{}
	var c choice
	switch {
	case string(b) == "null":
	case len(b) > 0 && b[0] == '"' && json.Unmarshal(b, &a.Text) == nil:
	case len(b) > 0 && b[0] == '{' && json.Unmarshal(b, &c) == nil:
		a.UID, a.Title = c.UID, c.Title
	default:
		a.Other = bytes.Clone(b)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads: Other if there is one, else an
// object if there is a uid or a title, else a string.
func (a Answer) MarshalJSON() ([]byte, error) {
	switch {
	case a.Other != nil:
		return a.Other, nil
	case a.UID != "" || a.Title != "":
		return json.Marshal(choice{a.UID, a.Title})
	}
	return json.Marshal(a.Text)
}

// LogValue prints the uid only.
func (a Answer) LogValue() slog.Value { return slog.GroupValue(slog.String("uid", string(a.UID))) }

// SourceType is a kind of [Source]. More may come.
type SourceType string

// The source types that Comeet documents.
const (
	SourceAgency                  SourceType = "Agency"
	SourceCampus                  SourceType = "Campus"
	SourceComeetElasticRecruiting SourceType = "Comeet Elastic Recruiting"
	SourceInternal                SourceType = "Internal"
	SourceJobBoard                SourceType = "Job Board"
	SourceJobFairs                SourceType = "Job fairs"
	SourceOther                   SourceType = "Other"
	SourceReferrerCompensated     SourceType = "Referrer: Compensated"
	SourceReferrerUncompensated   SourceType = "Referrer: Uncompensated"
	SourceSocialNetwork           SourceType = "Social network"
	SourceSourcing                SourceType = "Sourcing"
	SourceWeb                     SourceType = "Web"
)

// FileType is what a [File] is. More may come.
type FileType string

// FileOfferLetter is the only file type that Comeet documents.
const FileOfferLetter FileType = "offer_letter"

// EmployeeType is how a person of a [Position] is employed. More may come.
type EmployeeType string

// The employee types that Comeet documents.
const (
	EmployeeOutsource EmployeeType = "Outsource"
	EmployeeHeadcount EmployeeType = "Headcount"
	EmployeeIntern    EmployeeType = "Intern"
)
