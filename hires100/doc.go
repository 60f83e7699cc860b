// Package hires100 receives the webhooks of 100Hires, an applicant tracking
// system:
//
//	h, err := hires100.NewHandler(os.Getenv("HIRES100_SECRET"), nil)
//	...
//	h.OnCandidateHired(func(ctx context.Context, e *hires100.Event) error { ... })
//	mux.Handle("POST /hooks/hires100", h)
//
// 100Hires sends a POST with a JSON body for each event, of the whole company or
// of one job. The body has the event's type, the affected entity (a candidate, an
// application, an interview), and metadata such as the time and the user who
// triggered the event.
//
// 100Hires describes its events in words, but publishes neither their names nor
// the names of any members. Where this package assumes a name, the text says
// so. Every assumption can be replaced in the [Provider] that is passed to
// [New]. Before going live, look at a delivery of each type that you handle:
// 100Hires advises to point the webhook at a webhook inspector first, and
// examples/inspect of this module is one that also finds the signature's
// scheme.
//
// # Signature
//
// The header is X-Hires-Signature-V2; 100Hires says so in the descriptions of its
// MCP tools. The hash function, the encoding, a prefix and what is signed are
// unpublished. This package accepts the HMAC-SHA256 of the body, in hex or in
// base64 of either alphabet, padded or not, alone or after "sha256=" or "sha256 ".
// When the first delivery verifies, its spelling is logged; set that in
// Provider.Scheme to accept no other. If signatures do not match, let
// examples/inspect look at a captured delivery: it tries other schemes.
//
// The secret is shown once, when the webhook is created or its secret rotated.
// After a rotation the previous one stays valid for a time that is unpublished:
// keep it in [event.Options].PreviousSecrets meanwhile.
//
// # Security
//
// Nothing says that a time is signed. Assume that anyone who has seen a signed
// delivery can send it again at any time. A Store or an Inbox completes it once
// within its window. The signature does not bind a delivery to a URL: give
// webhooks with different duties different secrets.
//
// 100Hires' support gives the address ranges for an allow-list in a firewall.
//
// When payload types are logged with log/slog, they print ids only. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// Any 2xx acknowledges. A delivery that gets another response, or none within a
// time that is unpublished, is retried after 1 minute, 5 minutes, 30 minutes, 2
// hours and 12 hours; then the event is dropped. So a receiver that is down for
// longer than about 14½ hours loses events, and a Store or an Inbox has to
// remember for longer than that, as the defaults of this module do. The URL must be
// HTTPS, at a public host.
//
// Callbacks are at-least-once, and retries reorder events: compare OccurredAt
// before overwriting anything. It is read from occurred_at or timestamp, which are
// assumptions; if it is zero, ask 100Hires for the current state.
//
// Two deliveries are the same if they have the same type and event_id, or,
// without an event_id, the same body. The name is an assumption. A member
// called id is not used: it may be the webhook's or the candidate's, and then a
// second event would pass for the first. If a real delivery has the event's id
// under another name, put that name into Provider.Envelope.ID.
//
// # Events
//
//	type                       payload  sent when
//	application.submitted      Event    a new application was submitted
//	application.stage_changed  Event    an application moved to another stage
//	candidate.hired            Event    a candidate was hired
//	candidate.disqualified     Event    a candidate was disqualified
//	interview.scheduled        Event    an interview was scheduled
//	ai_score.generated         Event    the AI has scored an application
//	candidate.created          Event    a candidate was created
//	candidate.updated          Event    a candidate was updated
//
// The names of the types are this package's, since 100Hires does not publish its
// own. A delivery's type is read from event_type, event, type or event_name and
// matched by its words, whatever their case, form, order and separators:
// candidate.hired, application.status.hired, candidateHired, hire-candidate,
// "Candidate hired" and hired are one event. A name with any other word in it,
// such as candidate.unhired, is unknown. It reaches [event.Handler.OnOther], or is
// acknowledged, and is logged once. If it means one of the eight events, map it in
// Provider.Aliases:
//
//	p := hires100.Provider()
//	p.Aliases = map[string]string{"pipeline.moved": hires100.TypeApplicationStageChanged}
//	h, err := hires100.New(p, secret, nil)
//
// The help page says that a webhook is created with a list of events, but the
// tools that create one through the API take no such list: expect all types, and
// types beyond these eight. Register callbacks for those with [event.On].
//
// All events have one payload type, since it is unpublished which entities
// accompany which event. [Event] describes how it is read.
//
// # Sources
//
// All read 2026-11-21, in stored copies:
//
//   - https://help.100hires.com/en/article/use-100hires-webhooks-for-custom-integrations-dg5hfe/
//     (of 2026-06-15): events, retries, advice
//   - https://glama.ai/mcp/connectors/com.100hires/100hires, 100Hires' own
//     descriptions of its MCP tools: hires_create_webhook and
//     hires_create_job_webhook for the signature's header and the URL,
//     hires_rotate_webhook_secret for the rotation
//   - https://github.com/100Hires/mcp-server: how webhooks are created through the
//     API, and the names of the API's members
//   - https://100hires.com/api and https://api.100hires.com/v2/openapi.json, which
//     the vendor's page names for the schemas, were not among the copies
package hires100
