// Package keldair receives the webhooks of KeldairHR:
//
//	k, err := keldair.NewHandler(os.Getenv("KELDAIR_SECRET"), nil)
//	...
//	k.OnNewHireFileCompleted(func(ctx context.Context, e *keldair.NewHireFile) error { ... })
//	mux.Handle("POST /hooks/keldair", k)
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
// The id is a GUID. The version names the API version that rendered data; see
// [Version]. One page calls the date dateOccurred, another occurredOn; both are
// read. The pages also disagree on whether data is the resource or holds it in
// a member named object; both decode. Callbacks get data, decoded.
//
// # Signature
//
// X-KeldairHR-Auth is the HMAC-SHA1 of the envelope's member data, and of nothing
// else, with the secret of the endpoint, which KeldairHR's product team hands out.
// Two things are unpublished:
//
//   - The encoding. Hex and padded standard base64 are accepted, each strictly.
//   - Which bytes of data are signed. They are taken exactly as they stand in the
//     body, from the opening brace to the closing one.
//
// If signatures do not match, the likeliest reason is that KeldairHR signs data
// in another form than it sends it, without the white space for example. Capture
// a delivery and let examples/inspect of this module look at it.
//
// One endpoint that serves test and live API keys has a secret for each. Return
// both from [event.Options.Secrets]. [event.Delivery.SecretIndex] then tells which
// one matched; a callback that ignores it hires people from test data.
//
// Signing is optional at KeldairHR, but not here: a delivery without a
// signature is rejected. For an endpoint without a secret, set
// InsecureAllowUnsigned in the [Provider] that you pass to [New].
//
// # Security
//
// Since only data is signed, id, type, version and the date are not
// authenticated. Anyone who has seen one signed delivery can send its data again
// under another id, type and date, and the signature holds. So:
//
//   - Base decisions on data, which is the payload that callbacks get. ID, Type
//     and OccurredAt of the [event.Delivery] are whatever the sender wrote. Do not
//     use the date to tell which of two states is newer.
//   - Two deliveries are the same if they have the same data, byte for byte,
//     whatever their ids and types. With a Store or an Inbox, one data completes once within its
//     window; after the window it can be replayed.
//   - There is a drawback: if someone sends the same data first under a false
//     type, and it is stored by an Inbox or completed through OnOther, the true
//     delivery counts as a duplicate. The attacker must have seen the data before
//     it arrived, so serve HTTPS only and do not log bodies.
//   - Without a Store or an Inbox, data can be replayed at any time, since no time
//     is signed. Set one, or make the callback idempotent by the new hire file's
//     own id.
//   - The bytes verified are the bytes decoded. A body is rejected if data appears
//     twice in it or in another case, or if any of its names has an escape.
//
// The known collisions of SHA-1 do not break HMAC-SHA1, but nothing new should
// use it. The signature does not bind a delivery to a URL: give endpoints with
// different duties different secrets.
//
// When payload types are logged with log/slog, they print ids only. Package fmt
// prints all members, new hires' personal data included.
//
// # Delivery
//
// KeldairHR wants a 2xx, quickly. It retries after 3xx, 4xx, 5xx and slow
// responses for up to 24 hours; the intervals, and how slow is too slow, are
// unpublished. Since a 3xx is a failure, mount the handler at the exact path that
// was registered: a router that adds or drops a slash responds with a redirect.
// For work that takes long, use an Inbox.
//
// Callbacks are at-least-once, and retries reorder events. OccurredAt, which tells
// the newer state in other packages of this module, is not signed here: ask
// KeldairHR for the current state where order matters.
//
// # Events
//
//	type                     payload      sent when
//	new-hire-file.completed  NewHireFile  an onboarding new hire file was marked as completed
//
// KeldairHR may add types at any time. Its overview names hired applicants as
// another use of webhooks, but no type for it.
//
// # Sources
//
// All read 2026-11-21:
//
//   - https://docs.keldair.com/docs/getting-started: delivery, envelope
//   - https://docs.keldair.com/docs/events: types, new hire file, data.object
//   - https://docs.keldair.com/docs/check-the-webhook-signatures: header, HMAC-SHA1,
//     test and live secrets
package keldair
