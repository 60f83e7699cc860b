// Package keldairtest has KeldairHR's events for tests of a service that receives
// them: for every event a sample to change, the fixture that it is made of, and a
// signed request of either. All data in it is made up; so is what the phone
// number, the address, the fields and the demographics hold, which KeldairHR does
// not publish.
package keldairtest

import (
	"embed"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/keldair"
)

//go:embed testdata
var fixtures embed.FS

// Vendor is KeldairHR for package eventtest: its events, with the whole body of a
// delivery of each.
var Vendor = eventtest.Vendor{
	Provider: keldair.Provider(),
	Fixtures: fixtures,
	Events: []eventtest.Event{
		eventtest.Of[keldair.NewHireFile](keldair.TypeNewHireFileCompleted),
	},
}

// NewRequest returns a request as KeldairHR would send it, signed with secret. e
// is the type of an event, which sends its fixture, or a pointer to a payload, in
// place of the fixture's.
func NewRequest(t testing.TB, secret string, e any, opts ...eventtest.Option) *http.Request {
	t.Helper()
	return Vendor.NewRequest(t, secret, e, opts...)
}

// NewHireFileCompleted is a fresh sample of new-hire-file.completed.
func NewHireFileCompleted() *keldair.NewHireFile {
	return eventtest.Sample[keldair.NewHireFile](Vendor, keldair.TypeNewHireFileCompleted)
}
