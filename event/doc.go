// Package event takes the delivery of a webhook from its request to a typed
// callback. It knows no vendor: a [Provider] is data, and the packages of the
// vendors bring one each, with a Handler that embeds this package's.
//
// # A delivery
//
//  1. The method is POST.
//  2. What no secret can make good is refused before the body is read: a
//     signature that is missing, malformed or there twice, a timestamp that
//     cannot be read, a declared length over the limit.
//  3. The body is read, up to [Options].MaxBody.
//  4. The secrets are the handler's, or those of the tenant.
//  5. The signature is verified over the very bytes received. Nothing is
//     decoded before that.
//  6. One scan finds the type, the id and the payload. A name that is there
//     twice, or is written with an escape, is refused, so that nobody can have
//     read another value under it.
//  7. With a [Sink], the delivery is stored and answered; a worker passes it
//     to [Handler.Dispatch] later. Otherwise:
//  8. A type without a callback goes to [Handler.OnOther], or is acknowledged.
//  9. The payload is decoded into the callback's type, and the ids that are
//     tagged validate:"required" must be there. What cannot be read goes to
//     [Handler.OnInvalid].
//  10. With a [Store], the delivery is claimed, so that its callback completes once.
//  11. The callback runs, in the request's goroutine. A panic is an error.
//  12. The answer is sent. It never says why.
//
// # Answers
//
//	200  the callback returned nil, [Ignore] or [Permanent]; no callback; completed before; stored, or stored before
//	400  signed, but no JSON object or no type in it (stored all the same where there is a Sink); the body broke off
//	401  signature missing, malformed, wrong or expired; unknown tenant
//	405  not POST
//	413  over the limit, or over the sink's
//	500  the callback returned an error or panicked; the payload does not decode or lacks an id
//	503  being handled already; sink, store or secrets not available; the callback returned [RetryAfter]
//
// 503 comes with Retry-After. A vendor that is answered 5xx sends again, as
// far as its package's documentation says. [Result].Kind says what happened.
//
// A synchronous vendor shows the answer to a person. There only a success is
// 200. Permanent, Ignore and a payload that cannot be read are 422, a missing
// callback is 501, a [Refusal] is what it says, and every error is a JSON
// object with a message for the person.
//
// # What callbacks must be ready for
//
// Deliveries come at least once: vendors repeat them, and a process may die
// between a callback's work and its acknowledgement. Do the work under
// [Delivery.Key], or so that doing it twice does no harm. Retries change the
// order: compare [Delivery].OccurredAt before overwriting anything. A
// callback's context ends when the sender hangs up; work that must not is to
// use [context.WithoutCancel].
//
// # Personal data
//
// Candidates' data is in no error and no log line of this library. Errors name
// members, types and ids. The payload types of the vendors print ids alone when
// they are logged with log/slog.
package event
