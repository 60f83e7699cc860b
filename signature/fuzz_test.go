package signature

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

// FuzzDecode reads a header's value in every encoding. What is accepted must be
// the one text of its MAC, hexadecimal digits in another case apart, so that
// one signature cannot be written in two ways; and encoding/hex and
// encoding/base64 must read the same MAC from it.
func FuzzDecode(f *testing.F) {
	for _, v := range vendors() {
		for _, values := range v.header {
			f.Add(values[0], "")
		}
	}
	f.Add("sha256 315a09604e25f0cd8b032a3790be3968c9dc0464ee5dbc83da39925868d85b1b", "sha256 ")
	f.Add("aCfbQsjsrWZcqCJs-TMgtWKbp7ipRod_T2-VbQSJJEJ", "")
	f.Add("aCfbQsjsrWZcqCJs\n\n\n\nTMgtWKbp7ipRod_T2-VbQSJJEI", "")
	f.Add("+ywbUZXoIE9gnUiabWLX438F=S5E", "")
	f.Fuzz(func(t *testing.T, value, prefix string) {
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA512} {
			size := hash.Size()
			for e := Hex; e <= allEncodings; e <<= 1 {
				s := HMAC{Header: "S", Prefix: prefix, Hash: hash, Encoding: e}
				var p Parsed
				if !s.decode(value, &p) {
					continue
				}
				text := strings.TrimPrefix(value, prefix)
				if e == Hex {
					text = strings.ToLower(text)
				}
				if again := e.Encode(p.mac[:size]); again != text || !strings.HasPrefix(value, prefix) {
					t.Fatalf("%q was read as %v, but is written %q", value, e, again)
				}
				if mac := independently(t, e, text); !bytes.Equal(mac, p.mac[:size]) {
					t.Fatalf("%q was read as %x, not as %x", value, p.mac[:size], mac)
				}
			}
		}
	})
}

func independently(t *testing.T, e Encoding, text string) []byte {
	t.Helper()
	var mac []byte
	var err error
	switch e {
	case Hex:
		mac, err = hex.DecodeString(text)
	case Base64:
		mac, err = base64.StdEncoding.DecodeString(text)
	case Base64URL:
		mac, err = base64.RawURLEncoding.DecodeString(text)
	case RawBase64:
		mac, err = base64.RawStdEncoding.DecodeString(text)
	case PaddedBase64URL:
		mac, err = base64.URLEncoding.DecodeString(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return mac
}

// FuzzVerify changes a signed delivery. What is then accepted must be what Sign
// would have written, which a second, naive computation decides.
func FuzzVerify(f *testing.F) {
	for _, v := range vendors() {
		h := http.Header{}
		_ = v.scheme.New([]byte("secret")).Sign(h, []byte(v.body), kitTime)
		for _, values := range h {
			f.Add(values[0], "2025-01-15T14:30:00Z", []byte(v.body))
		}
	}
	f.Add("", "", []byte(nil))
	schemes := []HMAC{comeetScheme, komboScheme, kitScheme, hiresScheme, {Header: "Signature", Member: "data"}}
	f.Fuzz(func(t *testing.T, value, stamp string, body []byte) {
		for _, s := range schemes {
			v := s.New([]byte("secret"))
			h := http.Header{"Signature": {value}, "X-Kombo-Signature": {value}, "X-Hires-Signature-V2": {value}, "X-Webhook-Signature": {value}, "X-Webhook-Timestamp": {stamp}}
			signed, err := v.Verify(h, body, kitTime, 0)
			if err != nil {
				if signed != nil {
					t.Fatalf("%d bytes beside %v", len(signed), err)
				}
				continue
			}
			mac := hmac.New(sha256.New, []byte("secret"))
			if s.TimestampHeader != "" {
				mac.Write([]byte(stamp + "."))
			}
			mac.Write(signed)
			sum := mac.Sum(nil)
			if !writes(value, sum) || !bytes.Contains(body, signed) {
				t.Fatalf("%v accepts %q at %q for %q", s, value, stamp, body)
			}
		}
	})
}

// writes reports whether value is sum in one of the encodings after one of the
// prefixes.
func writes(value string, sum []byte) bool {
	for _, prefix := range []string{"", "sha256 ", "sha256="} {
		text, ok := strings.CutPrefix(value, prefix)
		if !ok {
			continue
		}
		if strings.ToLower(text) == hex.EncodeToString(sum) {
			return true
		}
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if text == enc.EncodeToString(sum) {
				return true
			}
		}
	}
	return false
}
