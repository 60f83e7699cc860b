// Package kit receives the webhooks of Kit, the applicant tracking system of
// StartupKit (startupkit.app):
//
//	k, err := kit.NewHandler(os.Getenv("KIT_SECRET"), nil)
//	...
//	k.OnApplicationSubmitted(func(ctx context.Context, e *kit.Application) error { ... })
//	mux.Handle("POST /hooks/kit", k)
//
// Another company's product of that name, the newsletter service at kit.com, has
// webhooks of its own.
//
// Kit sends a POST with a JSON body for each hiring event that a webhook is
// subscribed to:
//
//	{"event": "application.submitted", "created_at": "2025-01-15T14:30:00Z", "data": {…}}
//
// The envelope has no id. Callbacks get data, decoded.
//
// # Signature
//
// X-Webhook-Signature is the HMAC-SHA256, in lower-case hex without a prefix, of
// the text of X-Webhook-Timestamp, a full stop, and the body. The timestamp is
// ISO 8601, as in 2025-01-15T14:30:00Z.
//
// If signatures do not match, compare with the Deliveries tab of Kit's dashboard,
// which shows the headers of each request. Three things are easy to get wrong:
//
//   - Only the bytes that Kit sent verify. Kit stores payloads in a database that
//     reorders the keys of objects, so a body that was decoded and encoded again
//     differs, even if nothing was added.
//   - The timestamp is signed as the text that the header has, not as a time.
//   - A delivery outside the window is rejected with 401 too. Kit does not
//     enforce a window itself; its documentation and its own template reject
//     what is older than five minutes, and the template also what is more than
//     five minutes ahead. This package does the same on both sides of the clock:
//     a server whose clock is wrong rejects everything. The observer gets an
//     error that wraps [signature.ErrExpired] and has the difference.
//     [event.Options.Tolerance] sets another window.
//
// When you rotate the secret, Kit creates the new one and invalidates the old one
// at the same moment. Kit advises receivers to accept both for a while, but the new
// secret cannot be deployed before it exists: until the receiver knows it,
// deliveries are rejected with 401 and Kit has to send them again. Keep that gap
// short with [event.Options.Secrets], which is called for each delivery and needs
// no restart. Let it return the new secret and, for as long as deliveries that
// were signed before may arrive, the old one.
//
// # Security
//
// Anyone who has seen a delivery can send it again within the window. A Store or
// an Inbox completes it once.
//
// The header X-Webhook-Event repeats the type but is not signed. It decides
// nothing; if it contradicts the body, [event.Result].Warning says so. The
// signature does not bind a delivery to a URL: give webhooks with different
// duties different secrets.
//
// When payload types are logged with log/slog, they print ids only. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// Kit sends to HTTPS URLs only, and any 2xx acknowledges. Kit retries what fails,
// and after too many failures it disables the webhook with all its types until
// someone presses Resume, which resets the counter. How often it retries, and how
// many failures are too many, is published, but not in our copy of the page.
// Events that occur while a webhook is paused are not queued.
//
// So a payload that fails each time can silence every other event. This package
// is lenient for that reason: a member of an unexpected kind stays zero and is
// named in [event.Result].Warning, and only an application's id is indispensable.
// Return [event.Permanent] for what can never succeed, and set
// [event.Handler.OnInvalid] for what does not decode.
//
// Whether a retry is signed anew is unpublished. If it is not, a retry that comes
// after the window is rejected, although it is authentic. If you lengthen Tolerance
// for that reason, use a Store or an Inbox that remembers deliveries for longer
// still, or the longer window helps replays.
//
// Callbacks run at least once, and retries reorder events: compare OccurredAt,
// which is the signed created_at, before overwriting anything. Kit sends no event
// id, so two deliveries are the same if they have the same body. Two events of one
// type in the same second, for the same object and with the same data, count as
// one.
//
// # Events
//
//	type                            payload         sent when
//	application.submitted           Application     a candidate applied
//	application.rejected            Application     an application was rejected
//	application.advanced            Application     an application moved to its next stage
//	application.withdrawn           Application     the candidate withdrew the application
//	application.offer_extended      Application     the candidate was made an offer
//	offer.accepted                  Offer           an admin accepted an offer
//	offer.declined                  Offer           an admin declined an offer
//	offer.candidate_accepted        Offer           the candidate accepted an offer
//	offer.candidate_declined        Offer           the candidate declined an offer
//	offer.revised                   Offer           an offer was given new terms
//	interview.scheduled             Interview       an interview was scheduled
//	interview.confirmed             Interview       the candidate confirmed an interview
//	interview.completed             Interview       an interview was marked as completed
//	interview.cancelled             Interview       an interview was cancelled
//	interview.no_show               Interview       the candidate was marked as a no-show
//	code_assignment.submitted       CodeAssignment  the candidate handed in a code assignment
//	code_assignment.auto_submitted  CodeAssignment  Kit handed in a code assignment at its deadline
//	review.submitted                Review          a team member handed in a review
//	job_posting.published           JobPosting      a job posting went live
//	job_posting.paused              JobPosting      a job posting was paused
//	job_posting.closed              JobPosting      a job posting was closed
//	job_posting.reopened            JobPosting      a job posting was opened again
//	test.ping                       Ping            someone pressed Send Test Ping
//
// There is no event for an edited job posting, nor for one that becomes a draft
// again.
//
// The members of [Application] are published, and a job posting's public_token is
// known from Kit's template. Kit documents the other payloads too, but our copy
// ends before them: their types hold what identifies things in the application
// events, all of it optional. The rest is not lost:
//
//	d, _ := event.FromContext(ctx) // inside a callback
//	d.Payload                      // data, byte for byte
//
// # Sources
//
// All read 2026-11-21:
//
//   - https://startupkit.app/docs/webhooks-overview: events, dashboard
//   - https://startupkit.app/docs/webhook-events-reference, without what follows
//     the application events
//   - https://startupkit.app/docs/webhook-security-and-delivery, without what
//     follows the rotation of secrets
//   - https://github.com/startupkit-app/nextjs-job-board at a851000, Kit's own
//     template of a receiver: public_token, the window, the order of keys
package kit
