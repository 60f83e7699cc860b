// Package event takes the delivery of a webhook from its request to a typed
// callback. It knows no vendor: a [Provider] is data. The provider packages of
// this module bring one each; start with one of those:
//
//	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), nil)
//	...
//	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error { ... })
//	mux.Handle("POST /hooks/kombo", k)
//
// For a vendor that this module does not cover, write a Provider, and use
// [NewHandler] and [On].
//
// # The way of a delivery
//
// Requests whose method, declared length or signature headers cannot be valid
// are rejected before their body is read. The signature is verified over the
// bytes received; nothing is decoded before that, and the bytes verified are
// the bytes decoded. One scan finds the type, the id and the payload: a body in
// which one of these names appears twice, or any name has an escape in it, is
// rejected.
//
// With an [Inbox], the delivery is then stored and acknowledged, and a worker
// calls [Handler.Dispatch] later. Otherwise the payload is decoded into the
// callback's type, the ids that are tagged validate:"required" must be there,
// the delivery is claimed if there is a [Store], and the callback runs in the
// request's goroutine. A panic counts as an error.
//
// # Responses
//
//	200  the callback returned nil, [Ignore] or [Permanent]; no callback; completed before; stored, or stored before
//	400  signed, but not a JSON object with a type (stored all the same if there is an Inbox); the body broke off
//	401  signature missing, malformed, wrong or expired; unknown tenant
//	405  the method is not POST
//	413  larger than the handler or the inbox accepts
//	500  the callback returned an error or panicked; the payload does not decode or lacks an id
//	503  being handled already; inbox, store or secrets not available; the callback returned [RetryAfter]
//
// 503 comes with Retry-After. The body of an error is its status text and never
// tells the cause; [Result] does. After a 5xx a provider sends the delivery
// again, as far as its package's documentation says.
//
// A synchronous provider shows the response to a person. There only a success
// is 200. Permanent, Ignore and a payload that cannot be read are 422, a
// missing callback is 501, a [Rejection] is what it says, and every error is a
// JSON object with a message for the person.
//
// # What callbacks must be ready for
//
// Deliveries come at least once: providers repeat them, and a process may die
// between a callback's work and its acknowledgement. Do the work under
// [Delivery.Key], or so that doing it twice does no harm. Retries change the
// order: compare [Delivery].OccurredAt before overwriting anything, and ask the
// provider for the current state where it is zero. A callback's context ends
// when the sender hangs up; work that must not end with it uses
// [context.WithoutCancel] and a deadline of its own.
//
// # Payloads
//
// In payload types, ids are [ID] and timestamps are [Time]; optional texts are
// strings and optional objects are structs: null and an absent member are the
// zero value. An enum value without a constant decodes like any other. What is
// not modelled is in [Delivery].Payload.
//
// Candidates' data is in no error and no log line of this library. Payload types
// show ids alone with log/slog; package fmt prints all of their members.
package event
