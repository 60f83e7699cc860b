package diagnose

import (
	"crypto"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/signature"
)

// In FIPS 140-only mode crypto/hmac panics for SHA-1 and for short keys, which
// are among what is tried.
func TestFIPS140Only(t *testing.T) {
	const child = "DIAGNOSE_TEST_FIPS_140_ONLY"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS140Only$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestFIPS140Only") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	const secret = "a-secret-of-20-bytes"
	scheme, other := signature.HMAC{Header: "X-Sig"}, signature.HMAC{Header: "X-Sig", Encoding: signature.Base64}
	h := http.Header{"X-Sha1": {strings.Repeat("ab", 20)}}
	if err := other.New([]byte(secret)).Sign(h, []byte("{}"), kitTime); err != nil {
		t.Fatal(err)
	}
	if found := Detect(h, []byte("{}"), []byte(secret)); len(found) != 1 || found[0].Scheme.Encoding != signature.Base64 {
		t.Errorf("detected %v", found)
	}
	if found := Detect(h, []byte("{}"), []byte("short")); len(found) != 0 {
		t.Errorf("detected %v", found)
	}
	if d := Diagnose(scheme, h, []byte("{}"), kitTime, 0, []byte("short"), []byte(secret)); d.Reason != ReasonEncoding {
		t.Errorf("diagnosed %v", d)
	}
	sha1 := signature.HMAC{Header: "X-Sha1", Hash: crypto.SHA1}
	if d := Diagnose(sha1, h, []byte("{}"), kitTime, 0, []byte(secret)); d.Reason != ReasonOtherScheme && d.Reason != ReasonOtherHeader {
		t.Errorf("diagnosed %v", d)
	}
}
