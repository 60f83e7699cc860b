// Package hires100test has 100Hires' events for tests of a service that receives
// them: for every event a sample to change, the fixture that it is made of, and
// a signed request of either. All data in it is made up, and so are the names of
// members and event types and the form of the signature, since 100Hires does not
// publish them: what it sends may look different.
package hires100test

import (
	"embed"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
)

//go:embed testdata
var fixtures embed.FS

// Vendor is 100Hires for package eventtest: its events, with the whole body of a
// delivery of each.
var Vendor = eventtest.Vendor{
	Provider: hires100.Provider(),
	Fixtures: fixtures,
	Events: []eventtest.Event{
		eventtest.Of[hires100.Event](hires100.TypeApplicationSubmitted),
		eventtest.Of[hires100.Event](hires100.TypeApplicationStageChanged),
		eventtest.Of[hires100.Event](hires100.TypeCandidateHired),
		eventtest.Of[hires100.Event](hires100.TypeCandidateDisqualified),
		eventtest.Of[hires100.Event](hires100.TypeInterviewScheduled),
		eventtest.Of[hires100.Event](hires100.TypeAIScoreGenerated),
		eventtest.Of[hires100.Event](hires100.TypeCandidateCreated),
		eventtest.Of[hires100.Event](hires100.TypeCandidateUpdated),
	},
}

// NewRequest returns a request that package hires100 takes for one of 100Hires',
// signed with secret. e is the type of an event, which sends its fixture, or a
// pointer to a payload, in place of the fixture's. All events have a
// [hires100.Event]: say which one is meant with
// eventtest.As(hires100.TypeCandidateHired, e).
func NewRequest(t testing.TB, secret string, e any, opts ...eventtest.Option) *http.Request {
	t.Helper()
	return Vendor.NewRequest(t, secret, e, opts...)
}

// ApplicationSubmitted is a fresh sample of application.submitted.
func ApplicationSubmitted() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeApplicationSubmitted)
}

// ApplicationStageChanged is a fresh sample of application.stage_changed.
func ApplicationStageChanged() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeApplicationStageChanged)
}

// CandidateHired is a fresh sample of candidate.hired.
func CandidateHired() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeCandidateHired)
}

// CandidateDisqualified is a fresh sample of candidate.disqualified.
func CandidateDisqualified() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeCandidateDisqualified)
}

// InterviewScheduled is a fresh sample of interview.scheduled.
func InterviewScheduled() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeInterviewScheduled)
}

// AIScoreGenerated is a fresh sample of ai_score.generated.
func AIScoreGenerated() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeAIScoreGenerated)
}

// CandidateCreated is a fresh sample of candidate.created.
func CandidateCreated() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeCandidateCreated)
}

// CandidateUpdated is a fresh sample of candidate.updated.
func CandidateUpdated() *hires100.Event {
	return eventtest.Sample[hires100.Event](Vendor, hires100.TypeCandidateUpdated)
}
