package signature

import (
	"strings"
	"testing"
)

func TestEncodingsAreReadStrictly(t *testing.T) {
	// A MAC whose letters are not the same in both alphabets of base64.
	mac := []byte(strings.Repeat("\xfb\xef\xbe\xff", 8))
	written := texts(strings.Repeat("fbefbeff", 8), "++++//vvvv/7777/++++//vvvv/7777/++++//vvvv8=")
	for from, text := range written {
		if got := from.Encode(mac); got != text {
			t.Errorf("%v: encoded as %s, want %s", from, got, text)
		}
		for to := range written {
			var got [roomForMAC]byte
			if ok := to.decode(&got, text, len(mac)); ok != (from == to) {
				t.Errorf("%v read as %v: %v", from, to, ok)
			}
		}
		var got [roomForMAC]byte
		if !allEncodings.decode(&got, text, len(mac)) || string(got[:len(mac)]) != string(mac) {
			t.Errorf("%v among all: read as %x", from, got)
		}
		if got := allEncodings.reading(text, len(mac)); got != from {
			t.Errorf("%v can be read as %v", from, got)
		}
	}
}

func TestEncodeWritesTheFirst(t *testing.T) {
	for _, tt := range []struct {
		set  Encoding
		want string
	}{
		{0, "fbef"}, {allEncodings, "fbef"}, {Base64 | Base64URL, "++8="}, {Base64URL | RawBase64, "--8"}, {RawBase64 | PaddedBase64URL, "++8"}, {PaddedBase64URL, "--8="},
	} {
		if got := tt.set.Encode([]byte{0xfb, 0xef}); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.set, got, tt.want)
		}
	}
}
