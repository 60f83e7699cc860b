// Package diagnose finds out how a delivery is signed, and why one does not
// verify. It is for the first day with a vendor, and for the day on which
// deliveries stop verifying.
//
// [Detect] takes one delivery and the secret, and returns the [signature.HMAC]
// that verifies it; [Code] prints that as Go code. [Diagnose] takes the scheme as
// well and says what is wrong, for example that the secret ends in a newline or
// that middleware has re-encoded the body.
//
// A handler diagnoses some of the deliveries that it rejects if event.Options
// has [Text] as its Diagnose. Programs that do not set it do not link this
// package.
//
// No result contains a secret, a signature or a value from a body, so all of them
// may be logged. Keep them from the sender, whom they could help to forge.
package diagnose
