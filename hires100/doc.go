// Package hires100 receives the webhooks of 100Hires, an applicant tracking
// system.
//
// 100Hires sends a POST with a JSON body for each event that a webhook is
// subscribed to, for the whole company or for one job. The body has the event's
// type, the affected entity (a candidate, an application, an interview) and
// metadata such as the time and the user who triggered it. A [Handler] runs one
// typed callback for each event.
//
// 100Hires publishes the events in words. It publishes neither their names on
// the wire nor the names of any member, and of the signature only where it
// stands. What this package takes for them is assumed, and is called so below; a
// [Config] replaces every assumption. Before going live, look at a delivery of
// each type that you subscribe to: 100Hires advises to point the webhook at a
// webhook inspector first, and examples/inspect in this module is one that also
// finds the signature's scheme and prints the Config.
//
// # Signature
//
// Every delivery has a signature that is derived from the webhook's secret.
// 100Hires names its header, x-hires-signature-v2, in one place only, and the
// rest nowhere: hash function, encoding, prefix and signed bytes are unpublished.
//
// The default accepts any header whose name contains the word signature and that
// holds the HMAC-SHA256 of the raw body, in hex or in base64 of either alphabet,
// padded or not, alone or after "sha256=" or "sha256 ". That is safe, since only
// who has the secret can make the MAC, wherever it stands. The first delivery
// that verifies tells the handler's logger which spelling it used; pin that with
// [Config].Scheme. One that does not verify is answered 401, and the log line
// says what was looked for.
//
// What the default does not read: a MAC of anything but the body alone (of a
// timestamp and the body, say), another hash function, and several MACs in one
// header. A Config can say the first two.
//
// The secret is shown once, when the webhook is created or its secret rotated.
// After a rotation the previous one stays valid for a while that is
// unpublished: set [event.Options].PreviousSecrets until it is over.
//
// # Security
//
// Nothing says that a time is signed. Whoever has seen one signed delivery must
// be assumed able to send it again for ever. A Store or a Sink completes it once
// in its window. The signature does not bind a delivery to a URL: do not point
// two webhooks with different duties at handlers with one secret.
//
// 100Hires' support tells the address ranges for an allow-list, which is for a
// firewall and not for this package.
//
// Payload types print ids only when they are logged with log/slog. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// Any 2xx acknowledges. Another answer, or none in a time that is unpublished,
// is retried after 1 minute, 5 minutes, 30 minutes, 2 hours and 12 hours; then
// the event is dropped. So a receiver that is down for longer than about 14½
// hours loses events, and a Store or Sink has to remember for longer than that:
// [RetryWindow].
//
// Callbacks are at-least-once, and retries reorder events: compare OccurredAt
// before overwriting. Two deliveries are the same where their type and event id
// are. The id is looked for as event_id, then as id, beside the type and a member
// with the payload: these names are assumptions. Where the body itself is the
// payload, an id in it may be the candidate's, so that two deliveries are the
// same only where their bodies are. Before you set a Store or Sink, make sure
// that in a real delivery the id is the event's and changes from event to event;
// a Config whose Envelope has no ID always compares bodies.
//
// # Events
//
//	type                       payload  when
//	application.submitted      Event    a new application was submitted
//	application.stage_changed  Event    an application moved to another stage
//	candidate.hired            Event    a candidate was hired
//	candidate.disqualified     Event    a candidate was disqualified
//	interview.scheduled        Event    an interview was scheduled
//	ai_score.generated         Event    the AI has scored an application
//	candidate.created          Event    a candidate was created
//	candidate.updated          Event    a candidate was updated
//
// The names of the types are this package's, for want of 100Hires'. A delivery's
// type is matched without regard to case and to what separates its words, in
// their usual forms and orders: candidate.hired, candidate_hired, candidateHired,
// hire-candidate and "Candidate hired" are one event, as is whatever
// [Config].Events maps. Other types reach [event.Handler.OnOther], or a callback
// of your own through [event.On].
//
// All events have one payload type, since it is unpublished which entities
// accompany which event. It is read from the member data or payload, or from the
// whole body where there is neither; knows the members of 100Hires' REST API;
// and keeps all that it does not know: see [Event].
//
// # Sources
//
// All read 2026-11-21, in stored copies:
//
//   - https://help.100hires.com/en/article/use-100hires-webhooks-for-custom-integrations-dg5hfe/
//     (of 2026-06-15): events, retries, advice
//   - https://glama.ai/mcp/connectors/com.100hires/100hires/tools/hires_create_webhook
//     and hires_rotate_webhook_secret beside it: 100Hires' own descriptions of
//     its MCP tools, with the signature's header and the rotation
//   - https://github.com/100Hires/mcp-server: member names of the REST API v2
//   - https://100hires.com/api and https://api.100hires.com/v2/openapi.json, which
//     the vendor's page names for the schemas, were not among the copies
package hires100
