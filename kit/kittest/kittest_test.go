package kittest_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// samples has what each function returns, in the order of the documentation.
func samples() []sample {
	return []sample{
		{kit.TypeApplicationSubmitted, kittest.ApplicationSubmitted()},
		{kit.TypeApplicationRejected, kittest.ApplicationRejected()},
		{kit.TypeApplicationAdvanced, kittest.ApplicationAdvanced()},
		{kit.TypeApplicationWithdrawn, kittest.ApplicationWithdrawn()},
		{kit.TypeApplicationOfferExtended, kittest.ApplicationOfferExtended()},
		{kit.TypeOfferAccepted, kittest.OfferAccepted()},
		{kit.TypeOfferDeclined, kittest.OfferDeclined()},
		{kit.TypeOfferCandidateAccepted, kittest.OfferCandidateAccepted()},
		{kit.TypeOfferCandidateDeclined, kittest.OfferCandidateDeclined()},
		{kit.TypeOfferRevised, kittest.OfferRevised()},
		{kit.TypeInterviewScheduled, kittest.InterviewScheduled()},
		{kit.TypeInterviewConfirmed, kittest.InterviewConfirmed()},
		{kit.TypeInterviewCompleted, kittest.InterviewCompleted()},
		{kit.TypeInterviewCancelled, kittest.InterviewCancelled()},
		{kit.TypeInterviewNoShow, kittest.InterviewNoShow()},
		{kit.TypeCodeAssignmentSubmitted, kittest.CodeAssignmentSubmitted()},
		{kit.TypeCodeAssignmentAutoSubmitted, kittest.CodeAssignmentAutoSubmitted()},
		{kit.TypeReviewSubmitted, kittest.ReviewSubmitted()},
		{kit.TypeJobPostingPublished, kittest.JobPostingPublished()},
		{kit.TypeJobPostingPaused, kittest.JobPostingPaused()},
		{kit.TypeJobPostingClosed, kittest.JobPostingClosed()},
		{kit.TypeJobPostingReopened, kittest.JobPostingReopened()},
		{kit.TypeTestPing, kittest.TestPing()},
	}
}

type sample struct {
	typ     string
	payload any
}

func TestEachSampleIsItsFixtures(t *testing.T) {
	var types []string
	for _, s := range samples() {
		types = append(types, s.typ)
		want := reflect.New(reflect.TypeOf(s.payload).Elem()).Interface()
		if err := json.Unmarshal(kittest.Vendor.Payload(kittest.Vendor.Body(s.typ)), want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.payload); diff != "" {
			t.Errorf("%s (-fixture +sample):\n%s", s.typ, diff)
		}
	}
	if diff := cmp.Diff(kittest.Vendor.Types(), types); diff != "" {
		t.Errorf("types with a sample (-want +got):\n%s", diff)
	}
}

func TestSamplesAreFresh(t *testing.T) {
	kittest.OfferAccepted().Candidate.Name = "changed"
	if kittest.OfferAccepted().Candidate.Name == "changed" {
		t.Error("a change to one sample is in the next")
	}
}
