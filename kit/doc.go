// Package kit receives the webhooks of Kit, the applicant tracking system of
// StartupKit (startupkit.app; kit.com, the newsletter product, is another
// company with webhooks of its own).
//
// Kit sends a POST with a JSON body for each hiring event that a webhook is
// subscribed to:
//
//	{"event": "application.submitted", "created_at": "2025-01-15T14:30:00Z", "data": {…}}
//
// The envelope carries no id. A [Handler] runs one typed callback for each event.
//
// # Signature
//
// X-Webhook-Signature is the HMAC-SHA256, in lower-case hex without a prefix, of
// the text of X-Webhook-Timestamp, a full stop, and the body. The timestamp is
// ISO 8601, as in 2025-01-15T14:30:00Z. Kit asks receivers to refuse what is
// older than five minutes. This package does so on both sides of the clock;
// [event.Options.Tolerance] sets another window.
//
// Rotating the secret in Kit makes the new one and kills the old one in the same
// moment. Kit advises receivers to accept both for a while, but the new secret
// cannot be deployed before it exists, so there is a gap: what arrives between
// the rotation and the receiver's learning of the new secret is refused with 401
// and has to come again by Kit's retries. Keep the gap short with
// [event.Options.Secrets], which is asked at each delivery and so needs no
// restart: have it return the new secret and, until the last old delivery is
// through, the old one.
//
// # Security
//
// Within the window a delivery can be sent again by whoever has seen it. A Store
// or a Sink completes it once.
//
// The header X-Webhook-Event repeats the type but is not signed. It decides
// nothing here, and where it contradicts the body the observer is told
// ([event.Result].Warning). The signature does not bind a delivery to a URL: do
// not point two webhooks with different duties at handlers with one secret.
//
// Payload types print ids only when they are logged with log/slog. Package fmt
// prints all members, candidates' personal data included.
//
// # Delivery
//
// Any 2xx acknowledges. Kit retries what fails, and after too many failures it
// disables the webhook with all its types until someone presses Resume, which
// resets the counter. How often and for how long it retries, and how many
// failures are too many, was not in the text that was read and counts as
// unpublished here. Events that happen while a webhook is paused are not queued.
// So a payload that fails each time can silence every other event: return
// [event.Permanent] for what will never succeed, and set
// [event.Handler.OnInvalid] for what does not decode.
//
// Whether a retry is signed anew is unpublished too. If it is not, a retry that
// comes later than the window is refused, however authentic; the observer gets
// an error that wraps [signature.ErrExpired] and tells the skew. The remedy is a
// longer [event.Options.Tolerance] together with a Store or Sink whose window
// outlasts it, so that the longer life of a signature is of no use to a replayer.
//
// Callbacks are at-least-once, and retries reorder events: compare OccurredAt
// (created_at, signed) with what is stored before overwriting it. Kit sends no
// event id, so two deliveries are the same where their bodies are. Two events of
// one type for one object in the same second, with the same data, look like one.
//
// # Events
//
//	type                            payload         when
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
//	interview.no_show               Interview       the candidate was marked as not having come
//	code_assignment.submitted       CodeAssignment  the candidate handed in a code assignment
//	code_assignment.auto_submitted  CodeAssignment  Kit handed in a code assignment at its deadline
//	review.submitted                Review          a team member handed in a review
//	job_posting.published           JobPosting      a job posting went live
//	job_posting.paused              JobPosting      a job posting was paused
//	job_posting.closed              JobPosting      a job posting was closed
//	job_posting.reopened            JobPosting      a job posting was opened again
//	test.ping                       Ping            someone pressed Send Test Ping
//
// The members of [Application] are published. Those of the other payloads count
// as unpublished: the text that was read ends before them. Their types hold what
// identifies the thing, all of it optional, and a member of another shape than
// expected is left out rather than refused. Nothing is lost by that:
//
//	d, _ := event.FromContext(ctx) // inside a callback
//	d.Payload                      // data, byte for byte
//
// # Sources
//
// All read 2026-11-21:
//
//   - https://startupkit.app/docs/webhooks-overview
//   - https://startupkit.app/docs/webhook-events-reference (its beginning, as far as the application events)
//   - https://startupkit.app/docs/webhook-security-and-delivery (its beginning, as far as the rotation of secrets)
package kit
