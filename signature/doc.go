// Package signature says how the bytes of a webhook are signed, and signs and
// verifies them. It knows nothing of vendors, events or HTTP servers.
//
// An [HMAC] is a scheme: which header carries the MAC, in which spelling, over
// which bytes. With a secret it becomes a [Verifier], which keeps its hash
// states and is safe for concurrent use:
//
//	scheme := signature.HMAC{Header: "X-Kombo-Signature", Encoding: signature.Base64URL}
//	v := scheme.New(secret)
//	signed, err := v.Verify(r.Header, body, time.Now(), 0)
//
// The MAC covers the bytes as they were received, before any parser has seen
// them, and is compared in constant time. What Verify returns are the bytes
// that the MAC covers: only they are authentic, and only from them may an
// event's identity or payload be taken.
//
// Whatever fails wraps one of [ErrMissing], [ErrMalformed], [ErrMismatch] and
// [ErrExpired]. No error holds a signature, a secret or a byte of a body.
//
// Where it is not known how a vendor signs, [Detect] finds out from one delivery
// and the secret. Where a delivery does not verify although it should,
// [Diagnose] says what went wrong.
//
// This package does not read bodies from the network, does not limit their
// size and does not tell a replayed delivery from a new one: package event does.
package signature
