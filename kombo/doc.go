// Package kombo receives the webhooks of Kombo, a unified API for HR and
// applicant tracking systems.
//
// Kombo tells a service that data, syncs, integrations, assessment orders or AI
// Apply jobs of its customers have changed. Each event is one POST request with
// a JSON body of the form {"id", "type", "data"}; callbacks get data, decoded.
//
// # Signature
//
// The header X-Kombo-Signature carries an HMAC-SHA256 of the raw body, in
// base64url without padding. The key is the webhook secret of the Kombo
// account, which the dashboard shows when the first webhook is made; all
// webhooks of an account share it. The bytes must be those that Kombo sent: a
// middleware that decodes the body and writes it again breaks the signature.
//
// # Security
//
// Kombo signs no time. Whoever has seen one signed delivery can send it again
// for ever, and it verifies each time. Deduplicate on the event's type and id
// (a Store or a Sink does), for as long as a repetition would do harm. Nor does
// Kombo sign the URL: a delivery for one handler is good for every other with
// the same account's secret.
//
// A job's description is HTML from a customer's system, and the remote data of
// an order is whatever that system sent. Neither is safe to show as it is.
//
// Payload types print ids only when they are logged with log/slog. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// 200 is the only answer that Kombo's API reference lists. Its body matters for
// one event, an inline assessment order: see [InlineAssessment]. Whether, when
// and for how long Kombo sends again is unpublished on the pages below, so treat
// callbacks as at-least-once. A repetition may arrive after newer events:
// compare the payload's UpdatedAt before overwriting, where it has one, and
// fetch the current state from Kombo where it has none. The envelope carries no
// time.
//
// The dashboard's test button sends made-up data in the right form. Test
// deliveries may reuse one id for several types (Kombo's own samples do), so an
// id is unique only together with its type.
//
// Kombo adds event types, members and enum values as it grows. New types reach
// [event.Handler.OnOther], or a callback of your own through [event.On]; new
// members are in the raw payload; enums are open string types.
//
// # Events
//
//	type                                 payload                  sent when
//	data-changed                         DataChanged              new data can be fetched
//	sync-finished                        SyncFinished             a sync has ended (deprecated: data-changed)
//	remote-event-received                RemoteEventReceived      a connected tool has called Kombo (deprecated: data-changed)
//	integration-created                  IntegrationCreated       a customer has connected a tool
//	integration-deleted                  IntegrationDeleted       an integration was deleted
//	integration-state-changed            IntegrationStateChanged  an integration works, broke, or was switched off
//	connection-flow-failed               ConnectionFlowFailed     a customer met an error while connecting
//	assessment:order-received            AssessmentOrder          a customer has ordered an assessment
//	inline-assessment:order-received     AssessmentOrder          a candidate waits for an assessment's link (answer with InlineAssessment)
//	ai-apply-application-status-updated  AIApplyApplication       AI Apply is done with an application
//	ai-apply-job-posting-status-updated  AIApplyJobPosting        AI Apply can or can't apply to a posting
//
// Kombo's documentation names two types more, whose payloads this package does
// not model yet: issue-status-changed (docs.kombo.dev/ats/features/issues) and
// ai-apply-data-changed (docs.kombo.dev/ai-apply/webhooks).
//
// # Sources
//
// All read 2026-11-21.
//
//   - https://docs.kombo.dev/webhooks: delivery, signature, samples
//   - https://docs.kombo.dev/api-reference: the OpenAPI document with the
//     schemas; remote-event-received is in an older edition only
//   - https://docs.kombo.dev/ats/guides/data-changed-migration: what
//     data-changed replaces
//   - https://docs.kombo.dev/assessment/introduction and
//     https://docs.kombo.dev/assessment/features/inline-assessment: how orders
//     are answered
//   - https://docs.kombo.dev/ai-apply-webhooks: when the AI Apply events are sent
//   - https://github.com/kombohq/typescript-sdk: enum values newer than the
//     OpenAPI document
package kombo
