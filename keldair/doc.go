// Package keldair receives the webhooks of KeldairHR.
//
// KeldairHR sends a POST with a JSON body when something happens to a resource:
//
//	{
//	  "id": "4183db97-6805-411f-b8fd-325cbf5ed90f",
//	  "type": "new-hire-file.completed",
//	  "version": "2022-02-23",
//	  "dateOccurred": "2022-02-23T18:46:43+00:00",
//	  "data": {…}
//	}
//
// The id is a GUID, the version names the API version that rendered data, and
// the date is called dateOccurred on one page and occurredOn on another: either
// is read. A [Handler] runs one typed callback for each event.
//
// # Signature
//
// X-KeldairHR-Auth is the HMAC-SHA1 of the envelope's member data, and of nothing
// else, with the secret of the endpoint, which KeldairHR's product team hands out.
// Two things are unpublished:
//
//   - the encoding: hex and padded standard base64 are accepted, each strictly;
//   - which bytes of data are signed: they are taken exactly as they stand in
//     the body, from the opening brace to the closing one.
//
// One endpoint that serves test and live API keys has a secret for each. Give
// both to [event.Options.Secrets]; [event.Delivery.SecretIndex] then says which
// one matched, and a callback that does not look at it hires people from test data.
//
// Signing is optional at KeldairHR, and not here: a delivery without a signature
// is refused, unless the handler was made by a [Config] that says otherwise.
//
// # Security
//
// Since only data is signed, id, type, version and the date are not
// authenticated. Whoever has seen one signed delivery can send its data again
// under another id, another type and another date, and the signature holds.
// So:
//
//   - Whatever decides something must come from data, which is the payload that
//     callbacks get. ID, Type and OccurredAt of the [event.Delivery] are the
//     sender's word. Do not use the date to tell which of two states is newer.
//   - Two deliveries are the same where their data is, byte for byte, whatever
//     their ids and types. With a Store or Sink one data completes once in its
//     window; after the window it can be replayed.
//   - The other side of that: data that comes under a false type first, and is
//     stored by a Sink or completed through OnOther, makes the true delivery a
//     duplicate. Only who saw it before it arrived can do so: serve HTTPS only,
//     and log no bodies.
//   - Without a Store or Sink it can be replayed for ever: there is no signed
//     time that would end it. Make the callback idempotent by the new hire
//     file's own id, or set one.
//   - The bytes that were verified are the bytes that are decoded. A body with
//     data twice, or with an escaped member name, is refused.
//
// HMAC-SHA1 is not broken by the collisions that are known of SHA-1, but it is
// no choice for anything new. The signature does not bind a delivery to a URL:
// do not point two endpoints with different duties at handlers with one secret.
//
// Payload types print ids only when they are logged with log/slog. Package fmt
// prints all members, new hires' personal data included.
//
// # Delivery
//
// KeldairHR takes a 2xx that comes quickly and retries after 3xx, 4xx, 5xx and
// slow answers, for up to 24 hours; the intervals, and how slow is too slow, are
// unpublished. A 3xx counts as a failure: mount the handler at the very path that
// was registered, since a router that adds or drops a slash answers with a
// redirect. Work that takes its time belongs behind a Sink.
//
// Callbacks are at-least-once, and retries reorder events. In other packages of
// this module OccurredAt tells which state is newer; here it is not signed, so
// ask KeldairHR for the current state where order matters.
//
// # Events
//
//	type                     payload      when
//	new-hire-file.completed  NewHireFile  an onboarding new hire file was marked as completed
//
// KeldairHR may add types at any time. Its overview names hired applicants as
// another use of webhooks, but no type for it.
//
// # Sources
//
// All read 2026-11-21:
//
//   - https://docs.keldair.com/docs/getting-started
//   - https://docs.keldair.com/docs/events
//   - https://docs.keldair.com/docs/check-the-webhook-signatures
package keldair
