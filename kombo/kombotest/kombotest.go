// Package kombotest has Kombo's events for tests of a service that receives
// them: for every event a sample to change, the fixture that it is made of, and
// a signed request of either. All data in it is made up.
package kombotest

//lint:file-ignore SA1019 Kombo still sends the events that it has deprecated.

import (
	"embed"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo"
)

//go:embed testdata
var fixtures embed.FS

// Vendor is Kombo for package eventtest: its events, with the whole body of a
// delivery of each.
var Vendor = eventtest.Vendor{
	Provider: kombo.Provider(),
	Success:  []int{http.StatusOK}, // all that Kombo's API reference lists, read 2026-11-21
	Fixtures: fixtures,
	Events: []eventtest.Event{
		eventtest.Of[kombo.DataChanged](kombo.TypeDataChanged),
		eventtest.Of[kombo.SyncFinished](kombo.TypeSyncFinished),
		eventtest.Of[kombo.RemoteEventReceived](kombo.TypeRemoteEventReceived),
		eventtest.Of[kombo.IntegrationCreated](kombo.TypeIntegrationCreated),
		eventtest.Of[kombo.IntegrationDeleted](kombo.TypeIntegrationDeleted),
		eventtest.Of[kombo.IntegrationStateChanged](kombo.TypeIntegrationStateChanged),
		eventtest.Of[kombo.ConnectionFlowFailed](kombo.TypeConnectionFlowFailed),
		eventtest.Of[kombo.IssueStatusChanged](kombo.TypeIssueStatusChanged),
		eventtest.Of[kombo.AssessmentOrder](kombo.TypeAssessmentOrderReceived),
		eventtest.Of[kombo.AssessmentOrder](kombo.TypeInlineAssessmentOrderReceived),
		eventtest.Of[kombo.AIApplyDataChanged](kombo.TypeAIApplyDataChanged),
		eventtest.Of[kombo.AIApplyApplication](kombo.TypeAIApplyApplicationStatusUpdated),
		eventtest.Of[kombo.AIApplyJobPosting](kombo.TypeAIApplyJobPostingStatusUpdated),
	},
}

// NewRequest returns a request as Kombo would send it, signed with secret. e is
// the type of an event, which sends its fixture, or a pointer to a payload, in
// place of the fixture's. Two events have a [kombo.AssessmentOrder]: say which
// one is meant with eventtest.As(kombo.TypeAssessmentOrderReceived, order).
func NewRequest(t testing.TB, secret string, e any, opts ...eventtest.Option) *http.Request {
	t.Helper()
	return Vendor.NewRequest(t, secret, e, opts...)
}

// DataChanged is a fresh sample of data-changed.
func DataChanged() *kombo.DataChanged {
	return eventtest.Sample[kombo.DataChanged](Vendor, kombo.TypeDataChanged)
}

// SyncFinished is a fresh sample of sync-finished.
func SyncFinished() *kombo.SyncFinished {
	return eventtest.Sample[kombo.SyncFinished](Vendor, kombo.TypeSyncFinished)
}

// RemoteEventReceived is a fresh sample of remote-event-received.
func RemoteEventReceived() *kombo.RemoteEventReceived {
	return eventtest.Sample[kombo.RemoteEventReceived](Vendor, kombo.TypeRemoteEventReceived)
}

// IntegrationCreated is a fresh sample of integration-created.
func IntegrationCreated() *kombo.IntegrationCreated {
	return eventtest.Sample[kombo.IntegrationCreated](Vendor, kombo.TypeIntegrationCreated)
}

// IntegrationDeleted is a fresh sample of integration-deleted.
func IntegrationDeleted() *kombo.IntegrationDeleted {
	return eventtest.Sample[kombo.IntegrationDeleted](Vendor, kombo.TypeIntegrationDeleted)
}

// IntegrationStateChanged is a fresh sample of integration-state-changed.
func IntegrationStateChanged() *kombo.IntegrationStateChanged {
	return eventtest.Sample[kombo.IntegrationStateChanged](Vendor, kombo.TypeIntegrationStateChanged)
}

// ConnectionFlowFailed is a fresh sample of connection-flow-failed.
func ConnectionFlowFailed() *kombo.ConnectionFlowFailed {
	return eventtest.Sample[kombo.ConnectionFlowFailed](Vendor, kombo.TypeConnectionFlowFailed)
}

// IssueStatusChanged is a fresh sample of issue-status-changed.
func IssueStatusChanged() *kombo.IssueStatusChanged {
	return eventtest.Sample[kombo.IssueStatusChanged](Vendor, kombo.TypeIssueStatusChanged)
}

// AssessmentOrderReceived is a fresh sample of assessment:order-received.
func AssessmentOrderReceived() *kombo.AssessmentOrder {
	return eventtest.Sample[kombo.AssessmentOrder](Vendor, kombo.TypeAssessmentOrderReceived)
}

// InlineAssessmentOrderReceived is a fresh sample of
// inline-assessment:order-received.
func InlineAssessmentOrderReceived() *kombo.AssessmentOrder {
	return eventtest.Sample[kombo.AssessmentOrder](Vendor, kombo.TypeInlineAssessmentOrderReceived)
}

// AIApplyDataChanged is a fresh sample of ai-apply-data-changed: an empty
// object, since the names of its members are not known.
func AIApplyDataChanged() *kombo.AIApplyDataChanged {
	return eventtest.Sample[kombo.AIApplyDataChanged](Vendor, kombo.TypeAIApplyDataChanged)
}

// AIApplyApplicationStatusUpdated is a fresh sample of
// ai-apply-application-status-updated.
func AIApplyApplicationStatusUpdated() *kombo.AIApplyApplication {
	return eventtest.Sample[kombo.AIApplyApplication](Vendor, kombo.TypeAIApplyApplicationStatusUpdated)
}

// AIApplyJobPostingStatusUpdated is a fresh sample of
// ai-apply-job-posting-status-updated.
func AIApplyJobPostingStatusUpdated() *kombo.AIApplyJobPosting {
	return eventtest.Sample[kombo.AIApplyJobPosting](Vendor, kombo.TypeAIApplyJobPostingStatusUpdated)
}
