// Package comeet receives the webhooks of Comeet's Hires API.
//
// Comeet sends a POST with a JSON body, the candidate, when a recruiter sets a
// candidate to hired: first to ask for questions that the hire form should have,
// then, with the form filled in, to have the employee created. Each webhook has a
// URL of its own, so a [Handler] is two: [Handler.RequestQuestionnaire] and
// [Handler.CreateEmployee]. Both run a typed callback, whose answer the recruiter
// waits for.
//
// # Signature
//
// The header Signature holds the word sha256, one space and the lower-case hex
// HMAC-SHA256 of the raw body, made with the secret key that the company's
// administrator entered in Comeet. One that does not match is answered 401, as
// Comeet asks.
//
// Each company has a secret key of its own, and no body says which company it is
// from: Comeet advises to give each company URLs with an identifier in them. So
// the secret is chosen by the path, before anything is read. A service for one
// company gives its secret to [NewHandler]; one for several sets
// [event.Options.Tenant] and [event.Options.Secrets], as an example below does.
//
// # Security
//
// The signature binds a request to the secret key and to nothing else.
//
// It does not bind the URL: a captured questionnaire request also verifies where
// employees are created. And it binds no time: a captured request verifies for
// as long as the secret key lives. No receiver can tell such a replay from the
// real thing; it can see to it that a replay does no harm:
//
//   - Create one employee at most for each ComeetID, by a unique constraint say.
//     A replay then finds the employee who is there.
//   - If your questionnaire always asks something, refuse to create an employee
//     from a candidate without answers: no questionnaire request has any.
//   - Put a long random word into the URLs, another one for each company and each
//     webhook, and keep the URLs out of logs. Comeet stores them beside the secret
//     key, and who has captured a body and its signature, from a log say, still
//     lacks the URL.
//   - After a leak have the company enter a new secret key, and do not accept the
//     old one for a while: what was captured before then verifies no more.
//
// The descriptions of a position are HTML from the company's people, and links
// are whatever was entered: neither is safe to show or to follow as it is.
//
// Payload types print ids only when they are logged with log/slog. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// Everything is synchronous. 200 lets the recruiter go on. Any other answer keeps
// the candidate from becoming hired until the problem is solved, and then the
// employee must not have been created; Comeet wants 4xx for requests that cannot
// be fulfilled (a conflict, missing data, a lack of rights). The recruiter is
// shown the display_message of the answer, and its other members as technical
// details: a [Refusal] has them all. Every other failure, of the callback, the
// signature or the wiring, is answered with a general message that tells nothing
// of its cause.
//
// So 200 is sent only for what was done. [event.Permanent], [event.Ignore], a
// missing callback, [event.Handler.OnOther] and [event.Handler.OnInvalid] are
// errors here, and an [event.Options.Sink] is refused: it would acknowledge
// what nobody has done yet.
//
// How long Comeet waits and whether it retries by itself is unpublished. The
// recruiter tries again, so callbacks are at-least-once, and the same candidate
// may come with other data and always comes with other links; after an attempt
// that succeeded here, too, if its answer was lost. The bodies carry no event id
// and no time of sending, so [event.Delivery].OccurredAt is zero, and what was
// received last is the best there is.
//
// With an [event.Options.Store] two deliveries are the same where webhook, tenant
// and ComeetID are: once an employee was created, further requests for that
// candidate are answered 200 without a callback, for as long as the Store
// remembers. That includes the one that hires the candidate again after the hire
// was undone, perhaps with corrected data. A callback that finds the employee by
// ComeetID and updates it needs no Store. Questionnaires are answered each time.
//
// The links to the résumé and to the picture die three minutes and 200 seconds
// after delivery: fetch them in the callback, while the recruiter waits, or at
// once thereafter. [Resume].Expires and [Picture].Expires tell how long there is.
//
// # Events
//
//	type                   payload    when
//	request-questionnaire  Candidate  a recruiter set the candidate to hired; the hire form is shown next
//	create-employee        Candidate  the recruiter has filled in the hire form
//
// The names of the types are this package's, for want of Comeet's. The first
// webhook is optional, and Comeet's overview calls it beta.
//
// # Sources
//
// All read 2026-11-21:
//
//   - https://developers.comeet.com/reference/hires-api-overview
//   - https://developers.comeet.com/reference/1-request-hire-questionnaire (its
//     beginning: what it says of the answer was not in the text that was read and
//     counts as unpublished here, see [Questionnaire])
//   - https://developers.comeet.com/reference/2-create-employee
//   - https://developers.comeet.com/reference/candidate-model-1
//   - https://developers.comeet.com/reference/handling-errors
package comeet
