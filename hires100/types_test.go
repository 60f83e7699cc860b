package hires100

import (
	"slices"
	"strings"
	"testing"
)

func TestTypesAreMatchedByTheirWords(t *testing.T) {
	for typ, names := range map[string][]string{
		TypeApplicationSubmitted: {
			"application.submitted", "New application submitted", "application_created", "newApplication",
			"submit-application", "application.new", "candidate.application.submitted", "ApplicationAdded",
		},
		TypeApplicationStageChanged: {
			"application.stage_changed", "Application stage change", "application.stage.updated", "stage_moved",
			"StageChanged", "candidate.stage.changed", "candidate_stage_update", "application.application_stage_changed",
		},
		TypeCandidateHired: {
			"candidate.hired", "Candidate hired", "hired", "application.status.hired", "candidate.hired.v2", "v1.candidate.hired",
			"hire-candidate", "candidateHired", "CandidateHIRED", "CANDIDATE_HIRED", "HIRED", "application:hired",
			"candidate/hire", "Candidate has been hired", "a candidate was hired", "hired.candidate",
		},
		TypeCandidateDisqualified: {
			"candidate.disqualified", "Candidate disqualified", "disqualified", "application.disqualify", "application.status.disqualified",
		},
		TypeInterviewScheduled: {
			"interview.scheduled", "Interview scheduled", "new_interview", "interview.created", "scheduleInterview",
			"candidate.interview.scheduled", "new interview scheduled",
		},
		TypeAIScoreGenerated: {
			"ai_score.generated", "AI Score generated", "AIScoreGenerated", "aiScoreGenerated", "AiScore", "aiscore.created",
			"application.ai_scored", "score_generated", "candidate.ai_score.generated",
		},
		TypeCandidateCreated: {
			"candidate.created", "Candidate created", "new_candidate", "candidate.added", "createCandidate", "candidate.candidate_created",
		},
		TypeCandidateUpdated: {
			"candidate.updated", "Candidate updated", "candidate.changed", "update_candidate", "candidate.edited",
		},
	} {
		if names[0] != typ {
			t.Errorf("%s is not tried itself", typ)
		}
		for _, name := range names {
			if got, ok := knownType(name); got != typ || !ok {
				t.Errorf("%q is %q (%v), want %q", name, got, ok, typ)
			}
		}
	}
}

// A callback that runs for another event than it was registered for does more
// harm than one that does not run, of which the log tells.
func TestOtherTypesAreNotMatched(t *testing.T) {
	for _, name := range []string{
		"", " ", "v2", "the", "candidate", "application", "candidate.v2", "status", "new", "updated", "ai", "score", "scored", "create.update",
		"candidate.unhired", "candidate.un-hired", "candidate.not_hired", "rehired", "candidate.rehired", "no longer hired",
		"offer.hired_manager", "hiring_manager.changed", "candidate.hired_by.changed", "hire.status", "candidate.hired.status",
		"candidate.hired.created", "candidate.hired.updated", "hired.disqualified", "new.hires", "candidate.hiring", "candidatehired",
		"candidate.status.updated", "candidate.rejected", "application.rejected", "application.updated", "application.moved", "candidate.moved",
		"application.deleted", "application.stage.created", "stage.updated", "stage.created", "candidate.submitted", "candidate.applied",
		"candidate.application.created", "candidate.note.created", "candidate.event.created", "candidate.tags.updated",
		"interview.rescheduled", "interview.cancelled", "interview.schedule.updated", "interview.updated", "interview.candidate.created",
		"ai_score.updated", "application.scored", "score.created", "job.created", "webhook.created", "candidate.hired?", "candidate+hired",
		"candidate.hired.\u0430", "candidаte.hired", // with a Cyrillic letter
		"candidate.hired.2026", "30_days.candidate.hired",
	} {
		if typ, ok := knownType(name); ok {
			t.Errorf("%q is %q", name, typ)
		}
		if got := typeName(name); got != name {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}

// Otherwise their order in the table would decide.
func TestNoWordsHaveTwoMeanings(t *testing.T) {
	within := func(words, all, more []string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(all, w) && !slices.Contains(more, w) })
	}
	for i, a := range meanings {
		if got, _ := knownType(strings.Join(a.words, ".")); got != a.typ {
			t.Errorf("%q is %q, want %q", a.words, got, a.typ)
		}
		for _, b := range meanings[:i] {
			if a.typ != b.typ && within(a.words, b.words, b.others) && within(b.words, a.words, a.others) {
				t.Errorf("%q with %q may be %q and %q", a.words, b.words, a.typ, b.typ)
			}
		}
	}
}
