// Package comeet receives the webhooks of Comeet's Hires API:
//
//	h, err := comeet.NewHandler(os.Getenv("COMEET_SECRET"), nil)
//	...
//	h.OnCreateEmployee(func(ctx context.Context, e *comeet.Candidate) error { ... })
//	mux.Handle("POST /hooks/comeet/", h)
//
// Comeet sends a POST with a JSON body, the candidate, when a recruiter sets a
// candidate to hired: first to ask for questions that the hire form should have,
// then, with the form filled in, to have the employee created. Each of the two
// webhooks has a URL, and the recruiter waits for the response to both.
//
// The body does not name the event type; the URL does. If its last path segment
// is request-questionnaire or create-employee, mount the [Handler] itself, as above.
// For URLs of another form, mount h.Endpoint([TypeRequestQuestionnaire]) and
// h.Endpoint([TypeCreateEmployee]) where you like.
//
// Comeet has another webhook, for updates of positions, which uses POST, PUT and
// DELETE (developers.comeet.com/reference/position-updates). It is not part of the
// Hires API, and this package does not cover it.
//
// # Signature
//
// The header Signature holds the word sha256, one space and the lower-case hex
// HMAC-SHA256 of the raw body, made with the secret key that the company's
// administrator entered in Comeet. The response to one that does not match is
// 401, as Comeet asks.
//
// Each company has its own secret key, and the body does not say which company
// sent it. Comeet advises to give each company URLs with an identifier in them,
// so the secret is chosen by the path, before anything is read. A service for
// one company gives its secret to [NewHandler]; one for several sets
// [event.Options.Tenant] and [event.Options.Secrets]: see the example of
// NewHandler.
//
// # Security
//
// The signature covers the body and nothing else. It does not cover the URL: a
// captured questionnaire request also verifies at the URL that creates employees.
// Nor does it cover a time: a captured request verifies for as long as the secret
// key is in use. No receiver can tell such a replay from the original, but it can
// make a replay harmless:
//
//   - Create at most one employee for each ComeetID, for example by a unique
//     constraint. A replay then finds the employee who exists.
//   - If your questionnaire always has questions, reject a create-employee
//     request without answers: a replayed questionnaire request has none.
//   - Put a long random word into the URLs, another one for each company and each
//     webhook, and keep the URLs out of logs. Someone who has captured a body and
//     its signature, from a log for example, still lacks the URL.
//   - After a leak have the company enter a new secret key, and do not accept the
//     old one beside it: then nothing that was captured before verifies.
//
// The descriptions of a position are HTML from the company's people, and links
// are whatever was entered: neither is safe to show or to follow as it is.
//
// When payload types are logged with log/slog, they print ids only. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// Everything is synchronous. 200 lets the recruiter go on. Any other response
// keeps the candidate from becoming hired until the problem is solved, and then
// the employee must not have been created; Comeet wants 4xx for requests that
// cannot be fulfilled (a conflict, missing data, a lack of rights). Recruiters
// are shown the display_message of the response, and its other members as
// technical details: an [event.Rejection] has them all. Any other failure, of
// the callback, the signature or the wiring, gets a general message that does
// not tell its cause. It is [Provider]'s DefaultMessage, which can be set to
// one in the recruiters' language: see the example of [New].
//
// So 200 is sent only for what was done. [event.Permanent], [event.Ignore], a
// missing callback, [event.Handler.OnOther] and [event.Handler.OnInvalid] are
// errors here, and a handler cannot have an [event.Options.Inbox], which would
// acknowledge what has not been done.
//
// A payload that is not quite what Comeet documents does not stop a hire, since
// the recruiter could do nothing about it. Only comeet_id must be there. Any other
// member of an unexpected kind, such as a phone number that is a number or a list
// where an object was, is left zero. [event.Result].Warning names it with its
// path, which is logged too, and [event.FromContext] gives the raw payload.
//
// How long Comeet waits, and whether it retries by itself, is unpublished. The
// recruiter may try again, even after an attempt that succeeded but whose
// response was lost, so callbacks run at least once. The same candidate may
// come with other data, and always comes with other links. The bodies have no
// event id and no time of sending, so [event.Delivery].OccurredAt is zero:
// treat the delivery received last as the newest.
//
// With an [event.Options.Store], two deliveries are the same if they have the
// same webhook, tenant and ComeetID. After an employee was created, further
// requests for that candidate get 200 and run no callback, for as long as the
// Store remembers. That includes the one that hires the candidate again after
// the hire was undone, perhaps with corrected data. A callback that finds the
// employee by ComeetID and updates it needs no Store. Questionnaires are made
// each time.
//
// The links to the résumé and to the picture stop working three minutes and 200
// seconds after delivery. Fetch them in the callback, while the recruiter waits,
// with [Resume.Download] and [Picture.Download], or immediately after it; so, too,
// the files, whose links have a life that is unpublished.
//
// # Events
//
//	type                   payload    sent when
//	request-questionnaire  Candidate  a recruiter has set the candidate to hired; the hire form is shown next
//	create-employee        Candidate  the recruiter has filled in the hire form
//
// The names of the types are this package's, since Comeet has none. The first
// webhook is optional, and Comeet's overview calls it beta.
//
// # Sources
//
// All read 2026-11-21:
//
//   - https://developers.comeet.com/reference/hires-api-overview: the webhooks,
//     their URLs, signature
//   - https://developers.comeet.com/reference/1-request-hire-questionnaire, of
//     which the copy ends at the sample request: see [Questionnaire]
//   - https://developers.comeet.com/reference/2-create-employee: the answers to a
//     questionnaire
//   - https://developers.comeet.com/reference/candidate-model-1: the candidate
//   - https://developers.comeet.com/reference/handling-errors: responses
//   - https://developers.comeet.com/reference/position-updates: the webhook that is
//     not covered
package comeet
