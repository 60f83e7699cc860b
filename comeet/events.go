package comeet

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
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
// the position that they are hired for. All members but ComeetID may be null,
// absent, or of a kind that Comeet does not document; then they are zero. See
// the package comment.
//
// Package validate checks the URLs of the résumé and the picture only: Comeet says
// of other URLs and of e-mail addresses no more than that they are strings.
//
// Source: developers.comeet.com/reference/candidate-model-1 and, for
// PartnerQuestionnaire, /reference/2-create-employee, read 2026-11-21.
type Candidate struct {
	// ComeetID names the candidate, which is one person in one hiring process.
	ComeetID event.ID `json:"comeet_id" validate:"required"`
	// PersonUID names the person, who can be a candidate several times.
	PersonUID  event.ID `json:"person_uid,omitzero"`
	FirstName  string   `json:"first_name,omitzero"`
	MiddleName string   `json:"middle_name,omitzero"`
	LastName   string   `json:"last_name,omitzero"`
	Email      string   `json:"email,omitzero"`
	// TimeCreated is when the candidate was created in Comeet, not when this
	// was sent.
	TimeCreated event.Time `json:"time_created"`
	Phone       string     `json:"phone,omitzero"`
	MobilePhone string     `json:"mobile_phone,omitzero"`
	// IDNumber is, judging by its name, the number of an identity document;
	// Comeet does not say.
	IDNumber    event.ID `json:"id_number,omitzero"`
	LinkedInURL string   `json:"linkedin_url,omitzero"`
	// HiredDate and StartDate are days.
	HiredDate event.Time `json:"hired_date"`
	StartDate event.Time `json:"start_date"`
	Source    Source     `json:"source,omitzero"`
	Resume    Resume     `json:"resume,omitzero"`
	Picture   Picture    `json:"picture,omitzero"`
	Links     []Link     `json:"links,omitzero"`
	Files     []File     `json:"files,omitzero"`
	// OfferFields are the fields of the offer; in Comeet's samples each element
	// has one.
	OfferFields []Fields `json:"offer_fields,omitzero"`
	Opening     Opening  `json:"opening,omitzero"`
	Position    Position `json:"position,omitzero"`
	// PartnerQuestionnaire is what the recruiter answered to the questions of
	// the [Questionnaire]. It comes with create-employee, and only if questions
	// were asked. [Candidate.Answer] reads it by uid.
	PartnerQuestionnaire []AnsweredQuestion `json:"partner_questionnaire,omitzero"`
}

// FullName returns the first, the middle and the last name, as far as they are
// known, with a space between them.
func (c Candidate) FullName() string { return fullName(c.FirstName, c.MiddleName, c.LastName) }

// Answer returns the recruiter's answer to the question with this uid. It is
// false if the question was not asked or has no answer. Of several answers it
// is the first: Comeet documents one for each of its question types.
func (c Candidate) Answer(uid string) (Answer, bool) {
	for _, q := range c.PartnerQuestionnaire {
		if string(q.UID) == uid && len(q.Answers) > 0 {
			return q.Answers[0], true
		}
	}
	return Answer{}, false
}

// LogValue prints ids only.
func (c Candidate) LogValue() slog.Value {
	return slog.GroupValue(logID("comeet_id", c.ComeetID), logID("person_uid", c.PersonUID))
}

// Source is where a candidate came from.
type Source struct {
	Name     string     `json:"name,omitzero"`
	Type     SourceType `json:"type,omitzero"`
	ComeetID event.ID   `json:"comeet_id,omitzero"`
}

// LogValue prints the id and the type: the name may be a referrer's.
func (s Source) LogValue() slog.Value {
	return slog.GroupValue(logID("comeet_id", s.ComeetID), slog.String("type", string(s.Type)))
}

// How long the links work after delivery.
// Source: developers.comeet.com/reference/candidate-model-1, read 2026-11-21.
const (
	resumeLife  = 3 * time.Minute
	pictureLife = 200 * time.Second
)

// Resume is a candidate's résumé. Anyone who has its URL can read it.
type Resume struct {
	Name string `json:"name,omitzero"`
	URL  string `json:"url,omitzero" validate:"omitempty,url"`
}

// Expires returns when the URL stops working, three minutes after delivery.
// receivedAt is [event.Delivery].ReceivedAt; Comeet counts from sending, so
// there is a little less.
func (r Resume) Expires(receivedAt time.Time) time.Time { return receivedAt.Add(resumeLife) }

// Download returns the résumé. It stops when ctx ends, when the URL expires,
// when the file is too large, and before it connects to an address that is not
// public. Its error then wraps the cause of ctx, [ErrLinkExpired],
// [ErrTooLarge] or [ErrPrivateAddress], and never holds the URL. The URL's life
// is counted from the receipt of the delivery if ctx is a callback's, else from
// the call. opts may be nil.
func (r Resume) Download(ctx context.Context, opts *DownloadOptions) ([]byte, error) {
	return download(ctx, "résumé", r.URL, r.Expires, opts)
}

// LogValue prints nothing: the name and the URL are the person's.
func (Resume) LogValue() slog.Value { return slog.GroupValue() }

// Picture is a candidate's profile picture. Anyone who has its URL can see it.
type Picture struct {
	URL string `json:"url,omitzero" validate:"omitempty,url"`
}

// Expires returns when the URL stops working, 200 seconds after delivery; see
// [Resume.Expires].
func (p Picture) Expires(receivedAt time.Time) time.Time { return receivedAt.Add(pictureLife) }

// Download returns the picture, as [Resume.Download] does the résumé.
func (p Picture) Download(ctx context.Context, opts *DownloadOptions) ([]byte, error) {
	return download(ctx, "picture", p.URL, p.Expires, opts)
}

// LogValue prints nothing: the URL is the person's.
func (Picture) LogValue() slog.Value { return slog.GroupValue() }

// Link is a page of the candidate's, such as a portfolio.
type Link struct {
	URL string `json:"url,omitzero"`
}

// LogValue prints nothing: the page is about a person.
func (Link) LogValue() slog.Value { return slog.GroupValue() }

// File is a document about the hire. How long its URL works is unpublished:
// download it when the résumé is downloaded.
type File struct {
	Name string   `json:"name,omitzero"`
	URL  string   `json:"url,omitzero"`
	Type FileType `json:"type,omitzero"`
}

// Download returns the file, as [Resume.Download] does the résumé, but without an
// end of its own.
func (f File) Download(ctx context.Context, opts *DownloadOptions) ([]byte, error) {
	return download(ctx, "file", f.URL, nil, opts)
}

// LogValue prints the type only.
func (f File) LogValue() slog.Value { return slog.GroupValue(slog.String("type", string(f.Type))) }

// Fields are the fields that a company defined itself, by name. A value can be
// of any JSON type.
type Fields map[string]json.RawMessage

// LogValue prints nothing: what a company keeps in its fields is not known.
func (Fields) LogValue() slog.Value { return slog.GroupValue() }

// Opening is the vacancy that the candidate fills.
type Opening struct {
	Description  string `json:"description,omitzero"`
	Reason       string `json:"reason,omitzero"`
	CustomFields Fields `json:"custom_fields,omitzero"`
}

// LogValue prints nothing: an opening has no id, and its reason may be a person.
func (Opening) LogValue() slog.Value { return slog.GroupValue() }

// Position is the job that the candidate was hired for.
type Position struct {
	ComeetID event.ID `json:"comeet_id,omitzero"`
	// Name is the position's name inside the company.
	Name string `json:"name,omitzero"`
	// PublicName is the name outside, "" where it is the same.
	PublicName string `json:"public_name,omitzero"`
	Department string `json:"department,omitzero"`
	// Description and Requirements are HTML, as people at the company wrote it.
	Description  string `json:"description,omitzero"`
	Requirements string `json:"requirements,omitzero"`
	// PositionID is the company's own id of the position, "" if it has none.
	PositionID       event.ID     `json:"position_id,omitzero"`
	Location         string       `json:"location,omitzero"`
	Employment       string       `json:"employment,omitzero"`
	EmployeeType     EmployeeType `json:"employee_type,omitzero"`
	Seniority        string       `json:"seniority,omitzero"`
	HiringManager    Contact      `json:"hiring_manager,omitzero"`
	LeadingRecruiter Contact      `json:"leading_recruiter,omitzero"`
	CustomFields     Fields       `json:"custom_fields,omitzero"`
}

// LogValue prints ids only.
func (p Position) LogValue() slog.Value {
	return slog.GroupValue(logID("comeet_id", p.ComeetID), logID("position_id", p.PositionID))
}

// Contact is a person who works at the company. It has no id.
type Contact struct {
	FirstName string `json:"first_name,omitzero"`
	LastName  string `json:"last_name,omitzero"`
	Email     string `json:"email,omitzero"`
}

// FullName returns the first and the last name, as far as they are known, with
// a space between them.
func (c Contact) FullName() string { return fullName(c.FirstName, c.LastName) }

// LogValue prints nothing: all members name the person.
func (Contact) LogValue() slog.Value { return slog.GroupValue() }

// AnsweredQuestion is a question of a [Questionnaire] with what the recruiter
// answered. Comeet documents the uid as a string and shows a number.
type AnsweredQuestion struct {
	UID     event.ID `json:"uid,omitzero"`
	Answers []Answer `json:"answers,omitzero"`
}

// LogValue prints the uid only.
func (q AnsweredQuestion) LogValue() slog.Value { return slog.GroupValue(logID("uid", q.UID)) }

// Answer is one answer to one question: Text for a short answer or a date
// picker, UID and Title for a dropdown or a search dropdown.
type Answer struct {
	// Text is what was entered. That of a date picker is YYYY-MM-DD, which
	// time.Parse reads with time.DateOnly.
	Text string
	// UID and Title are those of the [Option] that was chosen.
	UID   event.ID
	Title string
	// Other is an answer in a form that Comeet does not document, as it came;
	// nil otherwise. It does not stop a hire.
	Other json.RawMessage
}

// choice is the JSON form of an answer to a dropdown.
type choice struct {
	UID   event.ID `json:"uid,omitzero"`
	Title string   `json:"title,omitzero"`
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
func (a Answer) LogValue() slog.Value { return slog.GroupValue(logID("uid", a.UID)) }

func fullName(names ...string) string {
	return strings.Join(strings.Fields(strings.Join(names, " ")), " ")
}

func logID(name string, id event.ID) slog.Attr { return slog.String(name, string(id)) }

// SourceType is a kind of [Source]. More values may come.
type SourceType string

// The source types known on 2026-11-21.
const (
	SourceTypeAgency                  SourceType = "Agency"
	SourceTypeCampus                  SourceType = "Campus"
	SourceTypeComeetElasticRecruiting SourceType = "Comeet Elastic Recruiting"
	SourceTypeInternal                SourceType = "Internal"
	SourceTypeJobBoard                SourceType = "Job Board"
	SourceTypeJobFairs                SourceType = "Job fairs"
	SourceTypeOther                   SourceType = "Other"
	SourceTypeReferrerCompensated     SourceType = "Referrer: Compensated"
	SourceTypeReferrerUncompensated   SourceType = "Referrer: Uncompensated"
	SourceTypeSocialNetwork           SourceType = "Social network"
	SourceTypeSourcing                SourceType = "Sourcing"
	SourceTypeWeb                     SourceType = "Web"
)

// FileType is what a [File] is. More values may come.
type FileType string

// FileTypeOfferLetter is the only file type known on 2026-11-21.
const FileTypeOfferLetter FileType = "offer_letter"

// EmployeeType is how a person of a [Position] is employed. More values may come.
type EmployeeType string

// The employee types known on 2026-11-21.
const (
	EmployeeTypeOutsource EmployeeType = "Outsource"
	EmployeeTypeHeadcount EmployeeType = "Headcount"
	EmployeeTypeIntern    EmployeeType = "Intern"
)

// enums are the values above, for package drift.
func enums() []any {
	return []any{
		SourceTypeAgency, SourceTypeCampus, SourceTypeComeetElasticRecruiting, SourceTypeInternal, SourceTypeJobBoard,
		SourceTypeJobFairs, SourceTypeOther, SourceTypeReferrerCompensated, SourceTypeReferrerUncompensated,
		SourceTypeSocialNetwork, SourceTypeSourcing, SourceTypeWeb,
		FileTypeOfferLetter,
		EmployeeTypeOutsource, EmployeeTypeHeadcount, EmployeeTypeIntern,
	}
}
