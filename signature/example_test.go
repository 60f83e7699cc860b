package signature_test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

// New panics if it is given a scheme or a secret that cannot work. A program
// that reads them from a configuration checks them when it starts.
func ExampleHMAC_CheckSecret() {
	check := func(scheme signature.HMAC, secret string) {
		if err := scheme.Validate(); err != nil {
			fmt.Println("the vendor's scheme:", err)
		} else if err := scheme.CheckSecret([]byte(secret)); err != nil {
			fmt.Println("its secret:", err)
		} else if !scheme.IsExact() {
			fmt.Println("ready, but Narrow would tell which encoding the vendor uses")
		} else {
			fmt.Println("ready")
		}
	}

	check(signature.HMAC{Encoding: signature.Base64}, "a secret")
	check(signature.HMAC{Header: "X-Signature", Hash: crypto.MD4}, "a secret")
	check(signature.HMAC{Header: "X-Signature"}, "")
	check(signature.HMAC{Header: "X-Signature", Encoding: signature.Hex | signature.Base64}, "a secret")
	check(signature.HMAC{Header: "X-Signature"}, "a secret")
	// Output:
	// the vendor's scheme: signature: the scheme names no header
	// the vendor's scheme: signature: unknown hash function MD4
	// its secret: signature: empty secret
	// ready, but Narrow would tell which encoding the vendor uses
	// ready
}

// A receiver that accepts two secrets while one replaces the other. It parses
// the headers once, and so rejects most of what is not the vendor's before it
// has read the body. Package event does all of this, and more.
func ExampleVerifier_VerifyParsed() {
	scheme := signature.HMAC{Header: "X-Webhook-Signature", TimestampHeader: "X-Webhook-Timestamp", SignUnixTime: true}
	secrets := []*signature.Verifier{scheme.New([]byte("the new secret")), scheme.New([]byte("the old secret"))}

	verify := func(p *signature.Parsed, body []byte) (err error) {
		for _, v := range secrets {
			if _, err = v.VerifyParsed(p, body, time.Now(), 0); !errors.Is(err, signature.ErrMismatch) {
				return err // nil, or what no other secret would change
			}
		}
		return err
	}
	receive := func(w http.ResponseWriter, r *http.Request) {
		parsed, err := scheme.Parse(r.Header)
		if err != nil {
			http.Error(w, "signature missing or malformed", http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
			return
		}
		switch err := verify(&parsed, body); {
		case errors.Is(err, signature.ErrExpired):
			http.Error(w, "authentic, but too late", http.StatusUnauthorized)
		case err != nil:
			http.Error(w, "not authentic", http.StatusUnauthorized)
		default:
			fmt.Fprintln(w, "authentic")
		}
	}

	body := []byte(`{"event":"test.ping","data":{}}`)
	for _, row := range []struct {
		secret string
		age    time.Duration
	}{{"the new secret", 0}, {"the old secret", 0}, {"a guess", 0}, {"the old secret", time.Hour}, {"", 0}} {
		r := httptest.NewRequest(http.MethodPost, "/hooks", bytes.NewReader(body))
		if row.secret != "" {
			if err := scheme.New([]byte(row.secret)).Sign(r.Header, body, time.Now().Add(-row.age)); err != nil {
				fmt.Println(err)
			}
		}
		w := httptest.NewRecorder()
		receive(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 authentic
	// 200 authentic
	// 401 not authentic
	// 401 authentic, but too late
	// 401 signature missing or malformed
}

// A key management service computes a MAC without giving away the secret. The
// scheme says which bytes to send there, and how the result is written.
func ExampleHMAC_Signed() {
	scheme := signature.HMAC{Header: "X-KeldairHR-Auth", Hash: crypto.SHA1, Member: "data"}
	computeMAC := func(signed []byte) []byte { // stands for the service
		mac := hmac.New(crypto.SHA1.New, []byte("keldair-secret"))
		mac.Write(signed)
		return mac.Sum(nil)
	}

	header := http.Header{}
	header.Set("X-KeldairHR-Auth", "679b7a668a4a4128ec019b61a1f951b4fa0651ae")
	body := []byte(`{"type":"new-hire-file.completed","data":{"id":481516}}`)

	signed, err := scheme.Signed(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	want := scheme.Prefix + scheme.Encoding.Encode(computeMAC(signed))
	fmt.Printf("%s %v\n", signed, hmac.Equal([]byte(want), []byte(header.Get(scheme.Header))))
	// Output:
	// {"id":481516} true
}

// An authentic delivery that arrives late can be told from a forged one.
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

// The forms of timestamps that a TimestampHeader may have.
func ExampleParseTimestamp() {
	for _, text := range []string{"2025-01-15T14:30:00Z", "2025-01-15T15:30:00+0100", "1736951400", "1736951400000", "15 Jan 2025"} {
		t, ok := signature.ParseTimestamp(text)
		fmt.Println(ok, t.UTC().Format(time.RFC3339))
	}
	// Output:
	// true 2025-01-15T14:30:00Z
	// true 2025-01-15T14:30:00Z
	// true 2025-01-15T14:30:00Z
	// true 2025-01-15T14:30:00Z
	// false 0001-01-01T00:00:00Z
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
