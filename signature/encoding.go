package signature

import (
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"strings"
)

// Encoding is a set of ways to write a MAC as text, such as Hex | Base64.
type Encoding uint8

// The encodings. Each is read strictly: the text must have the exact length and
// canonical final bits, without line breaks. Hexadecimal digits may be in either
// case.
const (
	Hex             Encoding = 1 << iota // written in lower case
	Base64                               // RFC 4648 section 4, padded
	Base64URL                            // RFC 4648 section 5, without padding
	RawBase64                            // RFC 4648 section 4, without padding
	PaddedBase64URL                      // RFC 4648 section 5, padded
)

const allEncodings = Hex | Base64 | Base64URL | RawBase64 | PaddedBase64URL

const (
	// maxMAC is the size of the longest MAC, SHA-512's, in bytes.
	maxMAC = 64
	// roomForMAC is what a decoder may write to: text of the length of a padded
	// MAC, but without the padding, is up to two bytes more.
	roomForMAC = maxMAC + 2
)

// codec is one encoding; base64 is nil for hexadecimal.
type codec struct {
	name   string
	base64 *base64.Encoding
}

// codecs are in the order of the bits of Encoding.
var codecs = [...]codec{
	{"hex", nil},
	{"base64", base64.StdEncoding.Strict()},
	{"base64url without padding", base64.RawURLEncoding.Strict()},
	{"base64 without padding", base64.RawStdEncoding.Strict()},
	{"base64url", base64.URLEncoding.Strict()},
}

// Encode returns mac as text in the first of the encodings, in the order of the
// constants; zero means Hex.
func (e Encoding) Encode(mac []byte) string {
	if e == 0 {
		e = Hex
	}
	c := &codecs[bits.TrailingZeros8(uint8(e))]
	if c.base64 == nil {
		return hex.EncodeToString(mac)
	}
	return c.base64.EncodeToString(mac)
}

// decode reads text as a MAC of size bytes in any of the encodings. It may write
// beyond them.
func (e Encoding) decode(mac *[roomForMAC]byte, text string, size int) bool {
	for i := range codecs {
		if e&(1<<i) != 0 && codecs[i].decode(mac, text, size) {
			return true
		}
	}
	return false
}

// reading returns the encodings in which text is a MAC of size bytes.
func (e Encoding) reading(text string, size int) Encoding {
	var all Encoding
	for i := range codecs {
		if one := e & (1 << i); one.decode(new([roomForMAC]byte), text, size) {
			all |= one
		}
	}
	return all
}

// decode checks the length first, since the decoders of base64 ignore line
// breaks.
func (c *codec) decode(mac *[roomForMAC]byte, text string, size int) bool {
	if len(text) != c.encodedLen(size) {
		return false
	}
	var buf [2 * maxMAC]byte
	src := buf[:copy(buf[:], text)]
	var n int
	var err error
	if c.base64 == nil {
		n, err = hex.Decode(mac[:], src)
	} else {
		n, err = c.base64.Decode(mac[:], src)
	}
	return err == nil && n == size
}

func (c *codec) encodedLen(n int) int {
	if c.base64 == nil {
		return hex.EncodedLen(n)
	}
	return c.base64.EncodedLen(n)
}

// String returns the names of the encodings, such as "hex or base64".
func (e Encoding) String() string {
	var names []string
	for i := range codecs {
		if e&(1<<i) != 0 {
			names = append(names, codecs[i].name)
		}
	}
	return strings.Join(names, " or ")
}
