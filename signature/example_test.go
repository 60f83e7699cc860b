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
	// signature mismatch: X-Kombo-Signature was made with another secret, or of other bytes
}

// How the vendors of this module sign, and Greenhouse.
func ExampleHMAC() {
	for _, s := range []signature.HMAC{
		{Header: "Signature", Prefix: "sha256 "},
		{Header: "X-Kombo-Signature", Encoding: signature.Base64URL},
		{Header: "X-KeldairHR-Auth", Hash: crypto.SHA1, Encoding: signature.Hex | signature.Base64, Member: "data"},
		{HeaderWord: "signature", OtherPrefixes: []string{"sha256=", "sha256 "}, Encoding: signature.Hex | signature.Base64 | signature.Base64URL},
		{Header: "X-Webhook-Signature", TimestampHeader: "X-Webhook-Timestamp"},
	} {
		fmt.Println(s)
	}
	// Output:
	// header Signature, prefix "sha256 ", HMAC-SHA-256 in hex of the body
	// header X-Kombo-Signature, HMAC-SHA-256 in base64url without padding of the body
	// header X-KeldairHR-Auth, HMAC-SHA-1 in hex or base64 of the member "data"
	// a header whose name contains "signature", prefix "" or "sha256=" or "sha256 ", HMAC-SHA-256 in hex or base64 or base64url without padding of the body
	// header X-Webhook-Signature, HMAC-SHA-256 in hex of X-Webhook-Timestamp + "." + the body
}

// What fails says why: an authentic delivery that came late is told from a
// forged one.
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
	// signature out of window: the timestamp is 1h0m0s old, 5m0s are tolerated
	// 1h0m0s
	// <nil>
}

// A scheme that accepts several spellings can be narrowed down to the one that
// a delivery was seen to use.
func ExampleVerifier_Pin() {
	lenient := signature.HMAC{HeaderWord: "signature", Encoding: signature.Hex | signature.Base64, OtherPrefixes: []string{"sha256="}}
	header := http.Header{}
	header.Set("X-100hires-Signature", "sha256=1e88afbaed057ef1a70f8c1110766147437eb51567813c5acecd308bdee3f762")

	pinned, err := lenient.New([]byte("hires-secret")).Pin(header, []byte(`{"event":"candidate.hired","id":"e1"}`))
	fmt.Println(pinned, err)
	// Output:
	// header X-100hires-Signature, prefix "sha256=", HMAC-SHA-256 in hex of the body <nil>
}

// How a vendor signs can be found out from one delivery and the secret.
func ExampleDetect() {
	header := http.Header{}
	header.Set("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")

	for _, d := range signature.Detect(header, []byte("Hello, World!"), []byte("It's a Secret to Everybody")) {
		fmt.Println(d)
		fmt.Println(d.Code())
	}
	// Output:
	// header X-Hub-Signature-256, prefix "sha256=", HMAC-SHA-256 in hex of the body; the key is the secret as given
	// signature.HMAC{Header: "X-Hub-Signature-256", Prefix: "sha256="}
}

// Why a delivery does not verify, although it should.
func ExampleDiagnose() {
	comeet := signature.HMAC{Header: "Signature", Prefix: "sha256 "}
	header := http.Header{}
	body := []byte(`{"comeet_id":"4E.96C"}`)
	if err := comeet.New([]byte("comeet-secret")).Sign(header, body, time.Now()); err != nil {
		fmt.Println(err)
	}

	fmt.Println(signature.Diagnose(comeet, header, body, time.Now(), 0, []byte("comeet-secret\n")))
	fmt.Println(signature.Diagnose(comeet, header, []byte(`{ "comeet_id": "4E.96C" }`), time.Now(), 0, []byte("comeet-secret")))
	// Output:
	// secret-white-space: the signature is right with the secret without the white space around it
	// body-reencoded: the signature is right with the secret for the body written compactly: something has changed it on the way, most likely decoded and encoded it; verify the bytes as they were received
}
