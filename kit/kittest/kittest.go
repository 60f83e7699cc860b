// Package kittest has Kit's events for tests of a service that receives them:
// for every event a sample to change, the fixture that it is made of, and a
// signed request of either. All data in it is made up. So are most members of the
// payloads of other events than the application ones, which Kit documents where our
// copy of its page ends: they show what package kit reads, not what Kit is known to
// send.
package kittest

import (
	"embed"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kit"
)

//go:embed testdata
var fixtures embed.FS

// Vendor is Kit for package eventtest: its events, with the whole body of a
// delivery of each.
var Vendor = eventtest.Vendor{
	Provider: kit.Provider(),
	Fixtures: fixtures,
	Events: []eventtest.Event{
		eventtest.Of[kit.Application](kit.TypeApplicationSubmitted),
		eventtest.Of[kit.Application](kit.TypeApplicationRejected),
		eventtest.Of[kit.Application](kit.TypeApplicationAdvanced),
		eventtest.Of[kit.Application](kit.TypeApplicationWithdrawn),
		eventtest.Of[kit.Application](kit.TypeApplicationOfferExtended),
		eventtest.Of[kit.Offer](kit.TypeOfferAccepted),
		eventtest.Of[kit.Offer](kit.TypeOfferDeclined),
		eventtest.Of[kit.Offer](kit.TypeOfferCandidateAccepted),
		eventtest.Of[kit.Offer](kit.TypeOfferCandidateDeclined),
		eventtest.Of[kit.Offer](kit.TypeOfferRevised),
		eventtest.Of[kit.Interview](kit.TypeInterviewScheduled),
		eventtest.Of[kit.Interview](kit.TypeInterviewConfirmed),
		eventtest.Of[kit.Interview](kit.TypeInterviewCompleted),
		eventtest.Of[kit.Interview](kit.TypeInterviewCancelled),
		eventtest.Of[kit.Interview](kit.TypeInterviewNoShow),
		eventtest.Of[kit.CodeAssignment](kit.TypeCodeAssignmentSubmitted),
		eventtest.Of[kit.CodeAssignment](kit.TypeCodeAssignmentAutoSubmitted),
		eventtest.Of[kit.Review](kit.TypeReviewSubmitted),
		eventtest.Of[kit.JobPosting](kit.TypeJobPostingPublished),
		eventtest.Of[kit.JobPosting](kit.TypeJobPostingPaused),
		eventtest.Of[kit.JobPosting](kit.TypeJobPostingClosed),
		eventtest.Of[kit.JobPosting](kit.TypeJobPostingReopened),
		eventtest.Of[kit.Ping](kit.TypeTestPing),
	},
}

// NewRequest returns a request as Kit would send it, signed with secret. e is the
// type of an event, which sends its fixture, or a pointer to a payload, in place
// of the fixture's. Most payload types serve several events: say which one is
// meant with eventtest.As(kit.TypeOfferAccepted, offer).
func NewRequest(t testing.TB, secret string, e any, opts ...eventtest.Option) *http.Request {
	t.Helper()
	return Vendor.NewRequest(t, secret, e, opts...)
}

// ApplicationSubmitted is a fresh sample of application.submitted.
func ApplicationSubmitted() *kit.Application {
	return eventtest.Sample[kit.Application](Vendor, kit.TypeApplicationSubmitted)
}

// ApplicationRejected is a fresh sample of application.rejected.
func ApplicationRejected() *kit.Application {
	return eventtest.Sample[kit.Application](Vendor, kit.TypeApplicationRejected)
}

// ApplicationAdvanced is a fresh sample of application.advanced.
func ApplicationAdvanced() *kit.Application {
	return eventtest.Sample[kit.Application](Vendor, kit.TypeApplicationAdvanced)
}

// ApplicationWithdrawn is a fresh sample of application.withdrawn.
func ApplicationWithdrawn() *kit.Application {
	return eventtest.Sample[kit.Application](Vendor, kit.TypeApplicationWithdrawn)
}

// ApplicationOfferExtended is a fresh sample of application.offer_extended.
func ApplicationOfferExtended() *kit.Application {
	return eventtest.Sample[kit.Application](Vendor, kit.TypeApplicationOfferExtended)
}

// OfferAccepted is a fresh sample of offer.accepted.
func OfferAccepted() *kit.Offer {
	return eventtest.Sample[kit.Offer](Vendor, kit.TypeOfferAccepted)
}

// OfferDeclined is a fresh sample of offer.declined.
func OfferDeclined() *kit.Offer {
	return eventtest.Sample[kit.Offer](Vendor, kit.TypeOfferDeclined)
}

// OfferCandidateAccepted is a fresh sample of offer.candidate_accepted.
func OfferCandidateAccepted() *kit.Offer {
	return eventtest.Sample[kit.Offer](Vendor, kit.TypeOfferCandidateAccepted)
}

// OfferCandidateDeclined is a fresh sample of offer.candidate_declined.
func OfferCandidateDeclined() *kit.Offer {
	return eventtest.Sample[kit.Offer](Vendor, kit.TypeOfferCandidateDeclined)
}

// OfferRevised is a fresh sample of offer.revised.
func OfferRevised() *kit.Offer {
	return eventtest.Sample[kit.Offer](Vendor, kit.TypeOfferRevised)
}

// InterviewScheduled is a fresh sample of interview.scheduled.
func InterviewScheduled() *kit.Interview {
	return eventtest.Sample[kit.Interview](Vendor, kit.TypeInterviewScheduled)
}

// InterviewConfirmed is a fresh sample of interview.confirmed.
func InterviewConfirmed() *kit.Interview {
	return eventtest.Sample[kit.Interview](Vendor, kit.TypeInterviewConfirmed)
}

// InterviewCompleted is a fresh sample of interview.completed.
func InterviewCompleted() *kit.Interview {
	return eventtest.Sample[kit.Interview](Vendor, kit.TypeInterviewCompleted)
}

// InterviewCancelled is a fresh sample of interview.cancelled.
func InterviewCancelled() *kit.Interview {
	return eventtest.Sample[kit.Interview](Vendor, kit.TypeInterviewCancelled)
}

// InterviewNoShow is a fresh sample of interview.no_show.
func InterviewNoShow() *kit.Interview {
	return eventtest.Sample[kit.Interview](Vendor, kit.TypeInterviewNoShow)
}

// CodeAssignmentSubmitted is a fresh sample of code_assignment.submitted.
func CodeAssignmentSubmitted() *kit.CodeAssignment {
	return eventtest.Sample[kit.CodeAssignment](Vendor, kit.TypeCodeAssignmentSubmitted)
}

// CodeAssignmentAutoSubmitted is a fresh sample of code_assignment.auto_submitted.
func CodeAssignmentAutoSubmitted() *kit.CodeAssignment {
	return eventtest.Sample[kit.CodeAssignment](Vendor, kit.TypeCodeAssignmentAutoSubmitted)
}

// ReviewSubmitted is a fresh sample of review.submitted.
func ReviewSubmitted() *kit.Review {
	return eventtest.Sample[kit.Review](Vendor, kit.TypeReviewSubmitted)
}

// JobPostingPublished is a fresh sample of job_posting.published.
func JobPostingPublished() *kit.JobPosting {
	return eventtest.Sample[kit.JobPosting](Vendor, kit.TypeJobPostingPublished)
}

// JobPostingPaused is a fresh sample of job_posting.paused.
func JobPostingPaused() *kit.JobPosting {
	return eventtest.Sample[kit.JobPosting](Vendor, kit.TypeJobPostingPaused)
}

// JobPostingClosed is a fresh sample of job_posting.closed.
func JobPostingClosed() *kit.JobPosting {
	return eventtest.Sample[kit.JobPosting](Vendor, kit.TypeJobPostingClosed)
}

// JobPostingReopened is a fresh sample of job_posting.reopened.
func JobPostingReopened() *kit.JobPosting {
	return eventtest.Sample[kit.JobPosting](Vendor, kit.TypeJobPostingReopened)
}

// TestPing is a fresh sample of test.ping.
func TestPing() *kit.Ping {
	return eventtest.Sample[kit.Ping](Vendor, kit.TypeTestPing)
}
