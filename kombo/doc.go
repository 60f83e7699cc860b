// Package kombo receives the webhooks of Kombo, a unified API for HR and
// applicant tracking systems:
//
//	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), nil)
//	...
//	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error { ... })
//	mux.Handle("POST /hooks/kombo", k)
//
// Kombo tells a service that data, integrations, issues, assessment orders or AI
// Apply jobs of its customers have changed. Each event is one POST request with
// a JSON body of the form {"id", "type", "data"}; callbacks get data, decoded.
//
// # Signature
//
// The header X-Kombo-Signature holds an HMAC-SHA256 of the raw body, in
// base64url without padding. The key is the webhook secret of the Kombo
// account, which the dashboard shows once a webhook has been created; all
// webhooks of an account share it. The bytes must be those that Kombo sent:
// middleware that decodes the body and encodes it again breaks the signature.
//
// # Security
//
// Kombo signs no time. Anyone who has seen a signed delivery can send it again
// at any time, and it verifies. Deduplicate on the event's type and id, as a
// Store and an Inbox do, for as long as a repetition would do harm. Nor does
// Kombo sign the URL: a delivery for one handler verifies at every other that
// has the same account's secret.
//
// The description of a job is HTML from a customer's system, the message of an
// issue is Markdown, and the remote data of an order is whatever that system
// sent. None of them is safe to show as it is.
//
// When payload types are logged with log/slog, they print ids only. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// 200 is the only response that Kombo's API reference lists. Kombo reads more of
// the response to an order: an inline assessment's link, and the message of an
// order that is rejected. See [Handler.OnInlineAssessmentOrderReceived] and
// [Handler.OnAssessmentOrderReceived].
//
// Kombo's webhook guide describes when it sends a delivery again, but the copies
// of it that were read end before that part. Treat callbacks as at-least-once. A
// repetition may arrive after newer events, and the envelope has no time:
// compare the payload's UpdatedAt before overwriting. If the payload has none, or
// UpdatedAt.IsZero, fetch the current state from Kombo instead.
//
// The dashboard's test button sends made-up data, also in production. Test
// deliveries may reuse one id for several types, as Kombo's own samples do: an
// id is unique only together with its type.
//
// Kombo adds event types, members and enum values as it grows. New types reach
// [event.Handler.OnOther], or a callback of your own through [event.On]; new
// members are in the raw payload, which [event.FromContext] gives; enums are
// open string types.
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
//	issue-status-changed                 IssueStatusChanged       Kombo has found an issue, or one was resolved
//	assessment:order-received            AssessmentOrder          a customer has ordered an assessment
//	inline-assessment:order-received     AssessmentOrder          a candidate waits for the link to an assessment (respond with InlineAssessment)
//	ai-apply-data-changed                AIApplyDataChanged       job postings of AI Apply have changed
//	ai-apply-application-status-updated  AIApplyApplication       AI Apply is done with an application
//	ai-apply-job-posting-status-updated  AIApplyJobPosting        AI Apply can or cannot apply to a posting
//
// # Sources
//
// All read 2026-11-21. Some copies were incomplete: what they lack is named
// where it matters.
//
//   - https://docs.kombo.dev/webhooks: delivery, signature, samples
//   - https://docs.kombo.dev/api-reference: the OpenAPI document with the
//     schemas; remote-event-received is in an older edition only
//   - https://docs.kombo.dev/hris/guides/webhooks: the webhook guide, without
//     the part about retries
//   - https://docs.kombo.dev/hris/guides/integration-states: the states of an
//     integration
//   - https://docs.kombo.dev/ats/guides/data-changed-migration: what
//     data-changed replaces
//   - https://docs.kombo.dev/assessment/introduction,
//     https://docs.kombo.dev/assessment/how-it-works (without the JSON that
//     rejects an order) and
//     https://docs.kombo.dev/assessment/features/inline-assessment: how to
//     respond to orders
//   - https://docs.kombo.dev/assessment/features/issues: when issues are sent
//   - https://docs.kombo.dev/ai-apply/webhooks and
//     https://docs.kombo.dev/ai-apply-webhooks, an older edition: when the AI
//     Apply events are sent
//   - https://github.com/kombohq/typescript-sdk at 0c88267: issue-status-changed,
//     and enum values newer than the OpenAPI document
package kombo
