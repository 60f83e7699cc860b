package diagnose_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/signature"
	"github.com/atshooks/atshooks/signature/diagnose"
)

// How a vendor signs can be found out from one delivery and the secret.
func ExampleDetect() {
	header := http.Header{}
	header.Set("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
	body := []byte("Hello, World!")

	for _, secret := range []string{"It's a Secret to Everybody", "It's a Secret to Everybody\n"} {
		for _, d := range diagnose.Detect(header, body, []byte(secret)) {
			if d.Beyond != "" {
				fmt.Println("no HMAC can express it:", d)
				continue
			}
			fmt.Println(d.Words)
			fmt.Println(diagnose.Code(d.Scheme))
			if d.Secret != diagnose.SecretAsGiven {
				fmt.Println("configure the secret", d.Secret)
			}
		}
	}
	// Output:
	// header X-Hub-Signature-256, prefix "sha256=", HMAC-SHA-256 in hex of the body
	// signature.HMAC{Header: "X-Hub-Signature-256", Prefix: "sha256="}
	// header X-Hub-Signature-256, prefix "sha256=", HMAC-SHA-256 in hex of the body
	// signature.HMAC{Header: "X-Hub-Signature-256", Prefix: "sha256="}
	// configure the secret without the white space around it
}

// Why a delivery does not verify, although it should. A program can count and
// act on the reason; a person reads the text.
func ExampleDiagnose() {
	comeet := signature.HMAC{Header: "Signature", Prefix: "sha256 "}
	header := http.Header{}
	sent := []byte(`{"comeet_id":"4E.96C"}`)
	if err := comeet.New([]byte("comeet-secret")).Sign(header, sent, time.Now()); err != nil {
		fmt.Println(err)
	}

	for _, received := range []struct{ body, secret string }{
		{string(sent), "comeet-secret\n"},
		{`{ "comeet_id": "4E.96C" }`, "comeet-secret"},
	} {
		d := diagnose.Diagnose(comeet, header, []byte(received.body), time.Now(), 0, []byte(received.secret))
		switch d.Reason {
		case diagnose.ReasonNone, diagnose.ReasonUnknown:
			fmt.Println(d.Text)
		case diagnose.ReasonBodyReencoded, diagnose.ReasonBodyLength:
			fmt.Println("look at what stands before this service:", d.Text)
		default:
			fmt.Println("look at the configuration:", d.Text)
		}
	}
	// Output:
	// look at the configuration: the signature is right with the secret without the white space around it
	// look at what stands before this service: the signature is right with the secret for the body written compactly: something on the way has rewritten it; verify the bytes that the vendor sent
}
