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

	for _, d := range diagnose.Detect(header, []byte("Hello, World!"), []byte("It's a Secret to Everybody")) {
		fmt.Println(d)
		fmt.Println(diagnose.Code(d.Scheme))
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

	fmt.Println(diagnose.Diagnose(comeet, header, body, time.Now(), 0, []byte("comeet-secret\n")))
	fmt.Println(diagnose.Diagnose(comeet, header, []byte(`{ "comeet_id": "4E.96C" }`), time.Now(), 0, []byte("comeet-secret")))
	// Output:
	// secret-white-space: the signature is right with the secret without the white space around it
	// body-reencoded: the signature is right with the secret for the body written compactly: something on the way has rewritten it; verify the bytes that the vendor sent
}
