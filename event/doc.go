// Package event receives webhooks: it verifies each delivery, decodes its payload
// and calls the callback that is registered for its event type. It knows no
// vendor; a [Provider] describes one, as data. Each provider package of this
// module has a Provider and a Handler with typed methods. Start with one of those:
//
//	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), nil)
//	...
//	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error { ... })
//	mux.Handle("POST /hooks/kombo", k)
//
// For a vendor that this module does not cover, write a Provider:
//
//	h, err := event.NewHandler(event.Provider{
//		Name:     "acme",
//		Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
//		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
//	}, os.Getenv("ACME_SECRET"), nil)
//	...
//	event.On(h, "hired", func(ctx context.Context, e *Hired) error { ... })
//	mux.Handle("POST /hooks/acme", h)
//
// # How a delivery is handled
//
// A request whose method, declared length or signature headers cannot be right is
// rejected before its body is read. The signature is verified over the bytes as
// they were received. Nothing is decoded before that, and nothing but the verified
// bytes is decoded after it. The body is rejected if the name of the type, the id
// or the payload appears twice in it, or if any name contains an escape.
//
// With an [Inbox], the delivery is then stored and acknowledged, and a worker calls
// [Handler.Dispatch] later. Otherwise the callback runs in the request's goroutine:
// the payload is decoded, the ids that are tagged validate:"required" must be
// there, and the delivery is claimed if there is a [Store]. A panic counts as an
// error.
//
// # Responses
//
//	200  the callback returned nil, [Ignore] or [Permanent]; no callback; completed before; stored, or stored before
//	400  signed, but not a JSON object with a type; the body broke off
//	401  signature missing, malformed, wrong or expired; unknown tenant
//	405  the method is not POST
//	413  larger than the handler or the inbox accepts
//	500  the callback returned an error or panicked; the payload does not decode or lacks an id
//	503  being handled already; inbox, store or secrets not available; the callback returned [RetryAfter]
//
// A 503 has a Retry-After header. The body of an error is its status text and
// never names the cause; [Result] and the log do. A delivery that is signed but
// cannot be read is 200 if an Inbox stores it or [Handler.OnInvalid] takes it. After
// a 5xx a provider sends the delivery again, as far as its package's documentation
// says.
//
// A synchronous provider shows the response to a person, so only a success is 200.
// Permanent, Ignore and a payload that cannot be read are 422, a missing callback
// is 501, a [Rejection] has a status of its own, and the body of every error is a
// JSON object with a message for the person.
//
// # Writing callbacks
//
// A callback runs at least once per event: providers repeat deliveries, and a
// process may die between the work and its acknowledgement. Do the work under
// [Delivery.Key], or so that doing it twice does no harm. Retries also change the
// order: compare [Delivery].OccurredAt before overwriting anything, and ask the
// provider for the current state if it is zero. The context of a callback ends
// when the sender hangs up; for work that must go on, use [context.WithoutCancel]
// and a deadline of its own.
//
// In payload types, ids are [ID] and timestamps are [Time]; optional texts are
// strings and optional objects are structs, and null and an absent member are the
// zero value. An enum value without a constant decodes like any other. Members
// that are not modelled are in [Delivery].Payload.
//
// The library puts no candidate's data into an error or a log line; the text of a
// callback's own error is logged as it is. Payload types log only their ids with
// log/slog, but package fmt prints all of their members.
package event
