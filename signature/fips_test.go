package signature

import (
	"crypto"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// In FIPS 140-only mode crypto/hmac panics for SHA-1 and for short keys. That
// must be known when a handler is made, and not when the first request arrives.
func TestFIPS140Only(t *testing.T) {
	const child = "SIGNATURE_TEST_FIPS_140_ONLY"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS140Only$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestFIPS140Only") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	sha1 := HMAC{Header: "S", Hash: crypto.SHA1}
	sha256 := HMAC{Header: "S"}
	long, short := repeat('k', 14), repeat('k', 13)
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"SHA-1":                    {sha1.Validate(), "SHA-2 or SHA-3"},
		"SHA-1 with a long secret": {sha1.CheckSecret(long), "SHA-2 or SHA-3"},
		"SHA-256":                  {sha256.Validate(), ""},
		"13 bytes":                 {sha256.CheckSecret(short), "shorter than 112 bits"},
		"14 bytes":                 {sha256.CheckSecret(long), ""},
	} {
		if tt.want == "" && tt.err != nil {
			t.Errorf("%s: %v", name, tt.err)
		}
		if tt.want != "" && (tt.err == nil || !strings.HasPrefix(tt.err.Error(), "signature: ") || !strings.Contains(tt.err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, tt.err, tt.want)
		}
	}
	func() {
		defer func() {
			if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "signature: ") {
				t.Errorf("New with a short secret: recovered %v", r)
			}
		}()
		sha256.New(short)
	}()
	h := http.Header{}
	v := sha256.New(long)
	if err := v.Sign(h, []byte("body"), kitTime); err != nil {
		t.Error(err)
	}
	if _, err := v.Verify(h, []byte("body"), kitTime, 0); err != nil {
		t.Error(err)
	}
}
