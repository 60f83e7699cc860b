package hires100

import (
	"cmp"
	"slices"
	"strings"
)

type list = []string

// meanings are the event types by the words of their names: all of the first
// list, and of the second whatever else there is. Any other word gives a name
// another meaning, or none: see offer.hired_manager.
var meanings = []struct {
	typ           string
	words, others list
}{
	{TypeApplicationSubmitted, list{"application", "submit"}, list{"candidate", "create"}},
	{TypeApplicationSubmitted, list{"application", "create"}, nil},
	{TypeApplicationStageChanged, list{"stage", "change"}, list{"application", "candidate"}},
	{TypeApplicationStageChanged, list{"stage", "move"}, list{"application", "candidate"}},
	{TypeApplicationStageChanged, list{"application", "stage", "update"}, list{"candidate"}},
	{TypeApplicationStageChanged, list{"candidate", "stage", "update"}, nil},
	{TypeCandidateHired, list{"hire"}, list{"application", "candidate", "status"}},
	{TypeCandidateDisqualified, list{"disqualify"}, list{"application", "candidate", "status"}},
	{TypeInterviewScheduled, list{"interview", "schedule"}, list{"application", "candidate", "create"}},
	{TypeInterviewScheduled, list{"interview", "create"}, nil},
	{TypeAIScoreGenerated, list{"ai", "score"}, list{"application", "candidate", "create", "generate"}},
	{TypeAIScoreGenerated, list{"score", "generate"}, list{"application", "candidate"}},
	{TypeCandidateCreated, list{"candidate", "create"}, nil},
	{TypeCandidateUpdated, list{"candidate", "update"}, nil},
	{TypeCandidateUpdated, list{"candidate", "change"}, nil},
}

// stems are the words of meanings by their other forms. A blank is a filler.
var stems = map[string]string{
	"new": "create", "created": "create", "add": "create", "added": "create",
	"submitted": "submit", "scheduled": "schedule", "generated": "generate",
	"changed": "change", "moved": "move", "updated": "update", "edited": "update",
	"hired": "hire", "disqualified": "disqualify", "scored": "score", "aiscore": "ai score",
	"was": " ", "is": " ", "has": " ", "been": " ", "a": " ", "an": " ", "the": " ", "v1": " ", "v2": " ", "v3": " ",
}

// typeName returns the constant for a spelling of an event type, and any other
// name as it is.
func typeName(name string) string {
	if typ, ok := knownType(name); ok {
		return typ
	}
	return name
}

// knownType returns the event type that a name can only mean.
func knownType(name string) (typ string, ok bool) {
	for _, m := range meanings {
		if m.typ == name {
			return name, true
		}
	}
	words := wordsOf(name)
	for _, m := range meanings {
		missing := func(w string) bool { return !slices.Contains(words, w) }
		other := func(w string) bool { return !slices.Contains(m.words, w) && !slices.Contains(m.others, w) }
		if !slices.ContainsFunc(m.words, missing) && !slices.ContainsFunc(words, other) {
			return m.typ, true
		}
	}
	return "", false
}

// wordsOf splits a name at what separates words, and where capitals begin, and
// returns the stems. Other characters stay in their word, which then means
// nothing.
func wordsOf(name string) (words []string) {
	var spaced strings.Builder
	for i, c := range []byte(name) {
		if i > 0 && isUpper(c) && !isUpper(name[i-1]) {
			spaced.WriteByte(' ')
		}
		spaced.WriteByte(c)
	}
	forms := strings.FieldsFunc(strings.ToLower(spaced.String()), func(r rune) bool { return strings.ContainsRune(" ._-:/", r) })
	for _, form := range forms {
		words = append(words, strings.Fields(cmp.Or(stems[form], form))...)
	}
	// A status is hired, but the status of a hire is something else.
	if len(words) > 0 && words[len(words)-1] == "status" {
		return nil
	}
	return words
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
