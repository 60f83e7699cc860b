// Package comeettest has Comeet's events for tests of a service that receives
// them: for both events a sample to change, the fixture that it is made of, and a
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

// NewRequest returns a request signed as Comeet signs it. e is the type of an
// event, which sends its fixture, or a candidate of your own with the type, since
// both events have the same payload: eventtest.As(comeet.TypeCreateEmployee, c).
// The path is a slash and the type, which the handler itself understands, unless
// [eventtest.To] says otherwise.
func NewRequest(t testing.TB, secret string, e any, opts ...eventtest.Option) *http.Request {
	t.Helper()
	return Vendor.NewRequest(t, secret, e, opts...)
}

// RequestQuestionnaire is a new sample of the event of that name: a candidate
// without answers.
func RequestQuestionnaire() *comeet.Candidate {
	return eventtest.Sample[comeet.Candidate](Vendor, comeet.TypeRequestQuestionnaire)
}

// CreateEmployee is a new sample of the event of that name: the same candidate
// with an answer to a question of each kind. The uids are 1 (a short answer), 2
// (a date), 3 (a dropdown) and 4 (a search dropdown).
func CreateEmployee() *comeet.Candidate {
	return eventtest.Sample[comeet.Candidate](Vendor, comeet.TypeCreateEmployee)
}
