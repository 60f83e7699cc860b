package comeet

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// Questionnaire is the answer to a request-questionnaire delivery: the questions
// that Comeet adds to the hire form. The zero value asks nothing; its methods
// append a question each:
//
//	q := new(comeet.Questionnaire).
//		ShortAnswer("legal-name", "Full legal name").
//		DatePicker("birthday", "Date of birth").
//		Dropdown("unit", "Unit",
//			comeet.Option{UID: "p", Title: "Product"},
//			comeet.Option{UID: "s", Title: "Sales"})
//
// What the recruiter enters comes back with create-employee, by the uid of the
// question: see [Candidate.Answer].
//
// The form of this answer is unpublished. Comeet documents the four kinds of
// question, that a question has a uid, and that a dropdown's option has a uid
// and a title (developers.comeet.com/reference/1-request-hire-questionnaire and
// /reference/2-create-employee, read 2026-11-21). The rest is this package's
// reading of that, and nothing that Comeet confirms: the members questions,
// type, title and options, the words for the types, and uids that are strings.
// Look at a form in Comeet before relying on it. Where Comeet wants another
// form, answer with a type of your own instead: see
// [Handler.OnRequestQuestionnaire].
//
// Whether a question can be left blank, and whether a questionnaire without
// questions is welcome, is unpublished too.
//
// A Questionnaire must not be changed by two goroutines at once. One that is
// complete can be answered to any number of deliveries.
type Questionnaire struct {
	Questions []Question `json:"questions" validate:"dive"`
}

// ShortAnswer appends a question that is answered with a line of text.
func (q *Questionnaire) ShortAnswer(uid, title string) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionShortAnswer, Title: title})
}

// DatePicker appends a question that is answered with a day. It comes back as
// YYYY-MM-DD.
func (q *Questionnaire) DatePicker(uid, title string) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionDatePicker, Title: title})
}

// Dropdown appends a question that is answered by choosing one of the options.
func (q *Questionnaire) Dropdown(uid, title string, options ...Option) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionDropdown, Title: title, Options: options})
}

// SearchDropdown appends a question that is answered by searching the options
// and choosing one, for lists that are too long to scroll.
func (q *Questionnaire) SearchDropdown(uid, title string, options ...Option) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionSearchDropdown, Title: title, Options: options})
}

// add appends a question. A nil questionnaire becomes a new one.
func (q *Questionnaire) add(question Question) *Questionnaire {
	if q == nil {
		q = new(Questionnaire)
	}
	q.Questions = append(q.Questions, question)
	return q
}

// MarshalJSON writes an empty list, never null, where there are no questions.
func (q Questionnaire) MarshalJSON() ([]byte, error) {
	type plain Questionnaire
	if q.Questions == nil {
		q.Questions = []Question{}
	}
	return json.Marshal(plain(q))
}

// LogValue prints the number of questions.
func (q Questionnaire) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("questions", len(q.Questions)))
}

// Question is one question of a [Questionnaire]. Its JSON names are a reading
// of what Comeet documents, see there.
type Question struct {
	// UID names the question in the answer that comes back. It must be
	// different from that of every other question.
	UID   string       `json:"uid" validate:"filled"`
	Type  QuestionType `json:"type" validate:"filled"`
	Title string       `json:"title" validate:"filled"`
	// Options are the answers to choose from, for dropdowns only.
	Options []Option `json:"options,omitempty" validate:"dive"`
}

// Option is one answer that a dropdown offers. Its UID must be different from
// that of every other option of the question.
type Option struct {
	UID   string `json:"uid" validate:"filled"`
	Title string `json:"title" validate:"filled"`
}

// QuestionType is a kind of [Question]. A word that is none of the constants
// below is sent as it is.
type QuestionType string

// The four kinds of question that Comeet documents, in a spelling that it does
// not publish.
const (
	QuestionShortAnswer    QuestionType = "short_answer"
	QuestionDatePicker     QuestionType = "date_picker"
	QuestionDropdown       QuestionType = "dropdown"
	QuestionSearchDropdown QuestionType = "search_dropdown"
)

// Validate reports everything in the questionnaire that would break the
// recruiter's form: a question or an option without uid or title, a uid that is
// there twice, a dropdown without options, options where there is nothing to
// choose. Its text names each question by its position, counted from 1, and its
// uid; it holds no titles. A nil questionnaire is valid.
//
// [Handler.OnRequestQuestionnaire] calls it before the questionnaire is sent.
func (q *Questionnaire) Validate() error {
	if q == nil {
		return nil
	}
	err := validate().Struct(q)
	found, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return err
	}
	problems := make([]string, len(found))
	for i, f := range found {
		problems[i] = q.problem(f)
	}
	return errors.New("comeet: questionnaire: " + strings.Join(problems, "; "))
}

// problem says what validator found, and where.
func (q *Questionnaire) problem(f validator.FieldError) string {
	var i, j int
	// Sscanf counts what it could read: the question, and the option if it is one of an option.
	n, _ := fmt.Sscanf(f.StructNamespace(), "Questionnaire.Questions[%d].Options[%d].", &i, &j)
	where := fmt.Sprintf("question %d (uid %q)", i+1, q.Questions[i].UID)
	if n == 2 {
		where += fmt.Sprintf(", option %d (uid %q)", j+1, q.Questions[i].Options[j].UID)
	}
	name := strings.ToLower(f.StructField()[strings.LastIndexByte(f.StructField(), '.')+1:])
	switch f.Tag() {
	case ruleFilled:
		return fmt.Sprintf("%s: empty %s", where, name)
	case ruleUnique:
		return fmt.Sprintf("%s: duplicate %s", where, name)
	case ruleChoices:
		return fmt.Sprintf("%s: %s without options", where, q.Questions[i].Type)
	default: // ruleNoChoices
		return fmt.Sprintf("%s: options in a %s", where, q.Questions[i].Type)
	}
}

// The rules, by the names that they have in tags and errors.
const (
	ruleFilled    = "filled"    // more than white space
	ruleUnique    = "unique"    // not there before
	ruleChoices   = "choices"   // has options
	ruleNoChoices = "nochoices" // has none
)

// validate is the package's validator, made when it is first needed.
var validate = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	// It fails for an empty name and a nil function only.
	_ = v.RegisterValidation(ruleFilled, func(fl validator.FieldLevel) bool {
		return strings.TrimSpace(fl.Field().String()) != ""
	})
	v.RegisterStructValidation(validateQuestionnaire, Questionnaire{})
	v.RegisterStructValidation(validateQuestion, Question{})
	return v
})

// validateQuestionnaire reports questions whose uid an earlier question has.
func validateQuestionnaire(sl validator.StructLevel) {
	seen := make(map[string]bool)
	for i, q := range sl.Current().Interface().(Questionnaire).Questions {
		reportDuplicate(sl, seen, q.UID, fmt.Sprintf("Questions[%d].UID", i))
	}
}

// validateQuestion reports options whose uid an earlier option has, and options
// that are missing or out of place. Of types that Comeet does not document it
// knows nothing.
func validateQuestion(sl validator.StructLevel) {
	q := sl.Current().Interface().(Question)
	seen := make(map[string]bool)
	for i, o := range q.Options {
		reportDuplicate(sl, seen, o.UID, fmt.Sprintf("Options[%d].UID", i))
	}
	switch q.Type {
	case QuestionDropdown, QuestionSearchDropdown:
		if len(q.Options) == 0 {
			sl.ReportError(q.Options, "Options", "Options", ruleChoices, "")
		}
	case QuestionShortAnswer, QuestionDatePicker:
		if len(q.Options) > 0 {
			sl.ReportError(q.Options, "Options", "Options", ruleNoChoices, "")
		}
	}
}

// reportDuplicate reports the field at path if its uid was seen before. An empty
// uid is no duplicate: it is reported as empty.
func reportDuplicate(sl validator.StructLevel, seen map[string]bool, uid, path string) {
	if uid != "" && seen[uid] {
		sl.ReportError(uid, path, path, ruleUnique, "")
	}
	seen[uid] = true
}
