// Package diagnose finds out how a delivery is signed, and why one does not
// verify. It is for the first day with a vendor, and for the day on which
// deliveries stop verifying.
//
// With [Text], a handler diagnoses some of the deliveries that it rejects, and
// logs the result:
//
//	k, err := kombo.NewHandler(secret, &event.Options{Diagnose: diagnose.Text})
//
// [Diagnose] does the same for one delivery and its scheme: it finds, for example,
// that the secret ends in a newline or that middleware has re-encoded the body. If
// the scheme is not known, [Detect] returns the [signature.HMAC] that verifies a
// delivery, and [Code] prints it as Go code:
//
//	for _, d := range diagnose.Detect(r.Header, body, secret) {
//		fmt.Println(d, diagnose.Code(d.Scheme))
//	}
//
// No result contains a secret, a signature or a value from a body, so all of them
// may be logged. Do not send them to the sender, whom they could help to forge a
// delivery. A program that does not import this package does not link it.
package diagnose
