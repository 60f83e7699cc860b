// Package comeettest has what tests of Comeet callbacks need: for both events a
// body as Comeet sends it, with made-up people, a typed sample of it to change,
// and signed requests.
package comeettest

import (
	"embed"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
)

//go:embed testdata
var fixtures embed.FS

// Vendor is Comeet as package eventtest sees it: its methods make bodies and
// requests that NewRequest cannot.
var Vendor = eventtest.Vendor{
	NewHandler: func(secret string, opts *event.Options) (*event.Handler, error) {
		h, err := comeet.NewHandler(secret, opts)
		if err != nil {
			return nil, err
		}
		return h.Handler, nil
	},
	Fixtures: fixtures,
	Events: []eventtest.Event{
		eventtest.Of[comeet.Candidate](comeet.TypeRequestQuestionnaire),
		eventtest.Of[comeet.Candidate](comeet.TypeCreateEmployee),
	},
}

// NewRequest returns a request signed as Comeet signs it. e is the name of an
// event, comeet.TypeCreateEmployee say, for its fixture, or, as both events have
// the same payload, a candidate of your own with the name:
// eventtest.As(comeet.TypeCreateEmployee, c). The path is a slash and that name,
// unless [eventtest.To] says otherwise.
func NewRequest(t testing.TB, secret string, e any, opts ...eventtest.Option) *http.Request {
	t.Helper()
	return Vendor.NewRequest(t, secret, e, opts...)
}

// RequestQuestionnaire is a new sample of the event of that name: a candidate
// without answers. The links have no Expires, since it was not received.
func RequestQuestionnaire() *comeet.Candidate {
	return eventtest.Sample[comeet.Candidate](Vendor, comeet.TypeRequestQuestionnaire)
}

// CreateEmployee is a new sample of the event of that name: the same candidate
// with an answer to a question of each kind. Their uids are 1 (a short answer), 2
// (a date), 3 (a dropdown) and 4 (a search dropdown).
func CreateEmployee() *comeet.Candidate {
	return eventtest.Sample[comeet.Candidate](Vendor, comeet.TypeCreateEmployee)
}
