package signature_test

import (
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// A vendor's scheme is a plain value. With a secret it verifies and signs.
func Example() {
	scheme := signature.HMAC{Header: "X-Kombo-Signature", Encoding: signature.Base64URL}
	verifier := scheme.New([]byte("kombo-secret"))

	header := http.Header{}
	header.Set("X-Kombo-Signature", "aCfbQsjsrWZcqCJs-TMgtWKbp7ipRod_T2-VbQSJJEI")
	body := []byte(`{"id":"evt_1","type":"data-changed","data":{"integration_id":"workday:1"}}`)

	signed, err := verifier.Verify(header, body, time.Now(), 0)
	fmt.Println(len(signed) == len(body), err)

	_, err = verifier.Verify(header, append(body, '\n'), time.Now(), 0)
	fmt.Println(err)
	// Output:
	// true <nil>
	// signature mismatch: X-Kombo-Signature was made with another secret or over other bytes
}

// How the vendors of this module sign, and Greenhouse.
func ExampleHMAC() {
	for _, s := range []signature.HMAC{
		{Header: "Signature", Prefix: "sha256 "},
		{Header: "X-Kombo-Signature", Encoding: signature.Base64URL},
		{Header: "X-KeldairHR-Auth", Hash: crypto.SHA1, Encoding: signature.Hex | signature.Base64, Member: "data"},
		{Header: "X-Hires-Signature-V2", OtherPrefixes: []string{"sha256=", "sha256 "}, Encoding: signature.Hex | signature.Base64 | signature.Base64URL},
		{Header: "X-Webhook-Signature", TimestampHeader: "X-Webhook-Timestamp"},
	} {
		fmt.Println(s)
	}
	// Output:
	// header Signature, prefix "sha256 ", HMAC-SHA-256 in hex of the body
	// header X-Kombo-Signature, HMAC-SHA-256 in base64url without padding of the body
	// header X-KeldairHR-Auth, HMAC-SHA-1 in hex or base64 of the member "data"
	// header X-Hires-Signature-V2, prefix "" or "sha256=" or "sha256 ", HMAC-SHA-256 in hex or base64 or base64url without padding of the body
	// header X-Webhook-Signature, HMAC-SHA-256 in hex of X-Webhook-Timestamp + "." + the body
}

// An authentic delivery that arrives late is told from a forged one.
func ExampleExpiredError() {
	kit := signature.HMAC{Header: "X-Webhook-Signature", TimestampHeader: "X-Webhook-Timestamp"}
	verifier := kit.New([]byte("kit-secret"))
	body := []byte(`{"event":"test.ping","data":{}}`)

	header := http.Header{}
	sent := time.Date(2025, 1, 15, 14, 30, 0, 0, time.UTC)
	if err := verifier.Sign(header, body, sent); err != nil {
		fmt.Println(err)
	}

	_, err := verifier.Verify(header, body, sent.Add(time.Hour), 0)
	fmt.Println(err)
	if expired, ok := errors.AsType[*signature.ExpiredError](err); ok {
		fmt.Println(expired.Skew)
	}

	_, err = verifier.Verify(header, body, sent.Add(time.Hour), 2*time.Hour)
	fmt.Println(err)
	// Output:
	// signature timestamp out of range: 1h0m0s old, at most 5m0s is accepted
	// 1h0m0s
	// <nil>
}

// A scheme that accepts several prefixes and encodings can be narrowed down to
// those that a delivery was seen to use.
func ExampleVerifier_Narrow() {
	lenient := signature.HMAC{Header: "X-Hires-Signature-V2", OtherPrefixes: []string{"sha256="}, Encoding: signature.Hex | signature.Base64}
	header := http.Header{}
	header.Set("X-Hires-Signature-V2", "sha256=1e88afbaed057ef1a70f8c1110766147437eb51567813c5acecd308bdee3f762")

	narrow, err := lenient.New([]byte("hires-secret")).Narrow(header, []byte(`{"event":"candidate.hired","id":"e1"}`))
	fmt.Println(narrow, err)
	// Output:
	// header X-Hires-Signature-V2, prefix "sha256=", HMAC-SHA-256 in hex of the body <nil>
}
