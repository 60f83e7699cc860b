package kittest_test

import (
	"testing"

	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// Every event has a sample: the payload of its fixture, fresh each time.
func TestSamples(t *testing.T) {
	schematest.Samples(t, kittest.Vendor, map[string]any{
		kit.TypeApplicationSubmitted:        kittest.ApplicationSubmitted,
		kit.TypeApplicationRejected:         kittest.ApplicationRejected,
		kit.TypeApplicationAdvanced:         kittest.ApplicationAdvanced,
		kit.TypeApplicationWithdrawn:        kittest.ApplicationWithdrawn,
		kit.TypeApplicationOfferExtended:    kittest.ApplicationOfferExtended,
		kit.TypeOfferAccepted:               kittest.OfferAccepted,
		kit.TypeOfferDeclined:               kittest.OfferDeclined,
		kit.TypeOfferCandidateAccepted:      kittest.OfferCandidateAccepted,
		kit.TypeOfferCandidateDeclined:      kittest.OfferCandidateDeclined,
		kit.TypeOfferRevised:                kittest.OfferRevised,
		kit.TypeInterviewScheduled:          kittest.InterviewScheduled,
		kit.TypeInterviewConfirmed:          kittest.InterviewConfirmed,
		kit.TypeInterviewCompleted:          kittest.InterviewCompleted,
		kit.TypeInterviewCancelled:          kittest.InterviewCancelled,
		kit.TypeInterviewNoShow:             kittest.InterviewNoShow,
		kit.TypeCodeAssignmentSubmitted:     kittest.CodeAssignmentSubmitted,
		kit.TypeCodeAssignmentAutoSubmitted: kittest.CodeAssignmentAutoSubmitted,
		kit.TypeReviewSubmitted:             kittest.ReviewSubmitted,
		kit.TypeJobPostingPublished:         kittest.JobPostingPublished,
		kit.TypeJobPostingPaused:            kittest.JobPostingPaused,
		kit.TypeJobPostingClosed:            kittest.JobPostingClosed,
		kit.TypeJobPostingReopened:          kittest.JobPostingReopened,
		kit.TypeTestPing:                    kittest.TestPing,
	})
}
