package comeet

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Questionnaire is the response to a request-questionnaire delivery: the
// questions that Comeet adds to the hire form. The zero value asks nothing; each
// of its methods appends a question:
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
// The form of this response is not in the copies of Comeet's pages that were
// read: they end at the sample request. They have the four kinds of question,
// that a question has a uid, and that a dropdown's option has a uid and a title
// (developers.comeet.com/reference/1-request-hire-questionnaire and
// /reference/2-create-employee, read 2026-11-21). The rest is this package's
// reading: the members questions, type, title and options, the words for the
// types, and uids that are strings. Look at a form in Comeet before relying on
// it. If Comeet wants another form, respond with a type of your own: see
// [Handler.OnRequestQuestionnaire].
//
// Nor do the copies say whether a question can be left blank, or what a
// questionnaire without questions does.
//
// A Questionnaire must not be changed by two goroutines at once. One that is
// complete can be the response to any number of deliveries.
type Questionnaire struct {
	Questions []Question `json:"questions"`
}

// ShortAnswer appends a question that is answered with a line of text.
func (q *Questionnaire) ShortAnswer(uid, title string) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionTypeShortAnswer, Title: title})
}

// DatePicker appends a question that is answered with a day. It comes back as
// YYYY-MM-DD.
func (q *Questionnaire) DatePicker(uid, title string) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionTypeDatePicker, Title: title})
}

// Dropdown appends a question that is answered by choosing one of the options.
func (q *Questionnaire) Dropdown(uid, title string, options ...Option) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionTypeDropdown, Title: title, Options: options})
}

// SearchDropdown appends a question that is answered by searching the options
// and choosing one, for lists that are too long to scroll.
func (q *Questionnaire) SearchDropdown(uid, title string, options ...Option) *Questionnaire {
	return q.add(Question{UID: uid, Type: QuestionTypeSearchDropdown, Title: title, Options: options})
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

// Question is one question of a [Questionnaire], which says where its JSON names
// are from.
type Question struct {
	// UID names the question in the answer that comes back. No other question
	// may have the same.
	UID   string       `json:"uid"`
	Type  QuestionType `json:"type"`
	Title string       `json:"title"`
	// Options are the answers to choose from, for dropdowns only.
	Options []Option `json:"options,omitzero"`
}

// LogValue prints the UID only: a title may name a person.
func (q Question) LogValue() slog.Value { return slog.GroupValue(slog.String("uid", q.UID)) }

// Option is one answer that a dropdown offers. No other option of the question
// may have the same UID.
type Option struct {
	UID   string `json:"uid"`
	Title string `json:"title"`
}

// LogValue prints the UID only: a title may name a person.
func (o Option) LogValue() slog.Value { return slog.GroupValue(slog.String("uid", o.UID)) }

// QuestionType is a kind of [Question]. Any word is sent as it is.
type QuestionType string

// The four kinds of question that Comeet documents, in this package's spelling:
// see [Questionnaire].
const (
	QuestionTypeShortAnswer    QuestionType = "short_answer"
	QuestionTypeDatePicker     QuestionType = "date_picker"
	QuestionTypeDropdown       QuestionType = "dropdown"
	QuestionTypeSearchDropdown QuestionType = "search_dropdown"
)

// Validate reports everything in the questionnaire that would break the
// recruiter's form: a question or an option without uid or title, a uid that
// appears twice, a dropdown without options, options where there is nothing to
// choose. Its text names each question by its position, counted from 1, and its
// uid; it holds no titles. A nil questionnaire is valid.
//
// [Handler.OnRequestQuestionnaire] calls it before the questionnaire is sent.
func (q *Questionnaire) Validate() error {
	if q == nil {
		return nil
	}
	var problems []string
	report := func(where string, found []string) {
		for _, problem := range found {
			problems = append(problems, where+": "+problem)
		}
	}
	uids := make(map[string]bool)
	for i, question := range q.Questions {
		where := fmt.Sprintf("question %d (uid %q)", i+1, question.UID)
		report(where, labelProblems(question.UID, question.Title, uids))
		report(where, question.problems())
		uids := make(map[string]bool)
		for j, o := range question.Options {
			report(fmt.Sprintf("%s, option %d (uid %q)", where, j+1, o.UID), labelProblems(o.UID, o.Title, uids))
		}
	}
	if problems == nil {
		return nil
	}
	return errors.New("comeet: questionnaire: " + strings.Join(problems, "; "))
}

// labelProblems says what is wrong with the uid and the title of a question or
// an option. uids are those that came before.
func labelProblems(uid, title string, uids map[string]bool) (problems []string) {
	if isBlank(uid) {
		problems = append(problems, "empty uid")
	} else if uids[uid] {
		problems = append(problems, "duplicate uid")
	}
	uids[uid] = true
	if isBlank(title) {
		problems = append(problems, "empty title")
	}
	return problems
}

// problems says what is wrong with the type of a question and whether it has
// options. Nothing is known about types that Comeet does not document.
func (q *Question) problems() (problems []string) {
	if isBlank(string(q.Type)) {
		problems = append(problems, "empty type")
	}
	switch q.Type {
	case QuestionTypeDropdown, QuestionTypeSearchDropdown:
		if len(q.Options) == 0 {
			problems = append(problems, string(q.Type)+" without options")
		}
	case QuestionTypeShortAnswer, QuestionTypeDatePicker:
		if len(q.Options) > 0 {
			problems = append(problems, "options in a "+string(q.Type))
		}
	}
	return problems
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
