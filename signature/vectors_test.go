package signature

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// vectors have keys shorter than a block, of a block, and longer. The MACs were
// made with OpenSSL 3.0.19 and coreutils, not with Go:
//
//	printf %s DATA | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY -binary | base64
var vectors = []struct {
	hash           crypto.Hash
	key            []byte
	data           string
	hexed, base64d string
}{
	{crypto.SHA1, []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"), "", "5433122f77bcf8a4d9b874b4149823ef5b7c207e", "VDMSL3e8+KTZuHS0FJgj71t8IH4="},
	{crypto.SHA1, bytes.Repeat([]byte("\xff\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55\x44\x33\x22\x11\x00"), 2), "Zoë", "1abe14bc7dc9850d75be6bab09a49a7f3d5115c2", "Gr4UvH3JhQ11vmurCaSafz1RFcI="},
	{crypto.SHA1, repeat(0x5a, 64), "abc", "1fdbe408129c93a32fc2b66e8df504a989fe0879", "H9vkCBKck6MvwrZujfUEqYn+CHk="},
	{crypto.SHA1, repeat(0xa5, 65), "abc", "fdaebcecbbd1c5cdd6894c9e12922f5ed482f907", "/a687LvRxc3WiUyeEpIvXtSC+Qc="},
	{crypto.SHA256, []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"), "", "07eff8b326b7798c9ccfcbdbe579489ac785a7995a04618b1a2813c26744777d", "B+/4sya3eYycz8vb5XlImseFp5laBGGLGigTwmdEd30="},
	{crypto.SHA256, bytes.Repeat([]byte("\xff\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55\x44\x33\x22\x11\x00"), 2), "Zoë", "4be99a4fdfa25d7d51bf2e46722f3cacfb094c05c90993902dbd7b7064dfaaa0", "S+maT9+iXX1Rvy5Gci88rPsJTAXJCZOQLb17cGTfqqA="},
	{crypto.SHA256, repeat(0x5a, 64), "abc", "e88b2a6b8773b3d1b92adb63b49cfb24d959afcb06a9166985967499f6755df8", "6Isqa4dzs9G5KttjtJz7JNlZr8sGqRZphZZ0mfZ1Xfg="},
	{crypto.SHA256, repeat(0xa5, 65), "abc", "81912b7f0c1677f3a86d66a3d73185ab21da6097a6daaeae7283f2c5ec2df4a2", "gZErfwwWd/OobWaj1zGFqyHaYJem2q6ucoPyxewt9KI="},
}

// texts are a MAC in each encoding.
func texts(hexed, base64d string) map[Encoding]string {
	url := strings.NewReplacer("+", "-", "/", "_").Replace(base64d)
	return map[Encoding]string{
		Hex:             hexed,
		Base64:          base64d,
		Base64URL:       strings.TrimRight(url, "="),
		RawBase64:       strings.TrimRight(base64d, "="),
		PaddedBase64URL: url,
	}
}

// What Wycheproof does to the tags of an HMAC: all but the whole and unchanged
// tag is rejected, in each encoding.
func TestTagsCutAndChanged(t *testing.T) {
	changed := func(mac []byte, change func(b []byte)) []byte {
		mac = bytes.Clone(mac)
		change(mac)
		return mac
	}
	for _, tt := range vectors {
		mac := mustHex(t, tt.hexed)
		size := len(mac)
		bad := map[string][]byte{
			"inverted":                changed(mac, func(b []byte) { invert(b, 0xff) }),
			"with all high bits":      changed(mac, func(b []byte) { invert(b, 0x80) }),
			"of zeros":                make([]byte, size),
			"of ones":                 repeat(0xff, size),
			"with its halves swapped": append(bytes.Clone(mac[size/2:]), mac[:size/2]...),
			"cut by a byte":           mac[:size-1],
			"cut to half":             mac[:size/2],
			"cut to a byte":           mac[:1],
			"empty":                   nil,
			"without its first byte":  mac[1:],
			"with a byte more":        append(bytes.Clone(mac), 0),
			"twice":                   append(bytes.Clone(mac), mac...),
		}
		for bit := range 8 * size {
			bad[fmt.Sprintf("with bit %d of byte %d flipped", bit%8, bit/8)] = changed(mac, func(b []byte) { b[bit/8] ^= 1 << (bit % 8) })
		}
		for encoding, text := range texts(tt.hexed, tt.base64d) {
			s := HMAC{Header: "Tag", Hash: tt.hash, Encoding: encoding}
			v := s.New(tt.key)
			verify := func(text string) error {
				_, err := v.Verify(http.Header{"Tag": {text}}, []byte(tt.data), time.Time{}, 0)
				return err
			}
			if got := encoding.Encode(mac); got != text {
				t.Errorf("%v in %v is %s, want %s", tt.hash, encoding, got, text)
			}
			if err := verify(text); err != nil {
				t.Errorf("%v in %v, unchanged: %v", tt.hash, encoding, err)
			}
			for name, tag := range bad {
				want := ErrMismatch
				if len(tag) != size {
					want = ErrMalformed
				}
				if err := verify(encoding.Encode(tag)); !errors.Is(err, want) {
					t.Errorf("%v in %v, %s: %v, want %v", tt.hash, encoding, name, err, want)
				}
			}
			for i := range text { // as text, it may be cut within a byte
				if err := verify(text[:i]); !errors.Is(err, ErrMalformed) {
					t.Errorf("%v in %v, cut to %d letters: %v", tt.hash, encoding, i, err)
				}
			}
		}
	}
}

func invert(b []byte, mask byte) {
	for i := range b {
		b[i] ^= mask
	}
}
