// Package comeettest has Comeet's events for tests of a service that receives
// them: for every event a sample to change, the fixture that it is made of, and a
// signed request of either. All data in it is made up.
package comeettest

import (
	"embed"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event/eventtest"
)

//go:embed testdata
var fixtures embed.FS

// Vendor is Comeet for package eventtest: its events, with the whole body of a
// delivery of each.
var Vendor = eventtest.Vendor{
	Provider: comeet.Provider(),
	Fixtures: fixtures,
	Events: []eventtest.Event{
		eventtest.Of[comeet.Candidate](comeet.TypeRequestQuestionnaire),
		eventtest.Of[comeet.Candidate](comeet.TypeCreateEmployee),
	},
}

// NewRequest returns a request as Comeet would send it, signed with secret. e is
// the type of an event, which sends its fixture, or a pointer to a payload, in
// place of the fixture's. Both events have a [comeet.Candidate]: say which one is
// meant with eventtest.As(comeet.TypeCreateEmployee, c).
func NewRequest(t testing.TB, secret string, e any, opts ...eventtest.Option) *http.Request {
	t.Helper()
	return Vendor.NewRequest(t, secret, e, opts...)
}

// RequestQuestionnaire is a fresh sample of request-questionnaire: a candidate
// without answers.
func RequestQuestionnaire() *comeet.Candidate {
	return eventtest.Sample[comeet.Candidate](Vendor, comeet.TypeRequestQuestionnaire)
}

// CreateEmployee is a fresh sample of create-employee: the same candidate with an
// answer to a question of each kind. The uids are 1 (a short answer), 2 (a date),
// 3 (a dropdown) and 4 (a search dropdown).
func CreateEmployee() *comeet.Candidate {
	return eventtest.Sample[comeet.Candidate](Vendor, comeet.TypeCreateEmployee)
}
