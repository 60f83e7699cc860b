// Package signature signs webhook requests with an HMAC and verifies them. It
// knows nothing of vendors, event types or HTTP servers.
//
// An [HMAC] describes a scheme: which header carries the MAC, how the MAC is
// written, and which bytes it covers. Together with a secret it makes a
// [Verifier], which is safe for concurrent use:
//
//	scheme := signature.HMAC{Header: "X-Kombo-Signature", Encoding: signature.Base64URL}
//	v := scheme.New(secret)
//	signed, err := v.Verify(r.Header, body, time.Now(), 0)
//
// The MAC is computed over the bytes as they were received, before anything has
// parsed them, and is compared in constant time. Verify returns the bytes that
// the MAC covers. Only those are authentic: take the payload, and whatever
// identifies the delivery, from them and from nothing else.
//
// This package does not limit the size of a body or recognize a delivery that is
// sent again; package event does both. Package signature/diagnose finds out how a
// vendor signs, and why a delivery does not verify.
package signature
