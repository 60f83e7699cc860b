package signature

import (
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxMAC is the size of the longest MAC, SHA-512's, in bytes.
	maxMAC = 64
	// roomForMAC is what a decoder needs for that: the text of a MAC with
	// letters in place of its padding is two bytes more.
	roomForMAC = maxMAC + 2
)

// maxCandidates bounds the headers that are compared under a HeaderWord:
// proxies add some of their own, but nobody needs a hundred.
const maxCandidates = 4

// candidates are the MACs that a request claims: one, but under a HeaderWord.
type candidates struct {
	n    int
	macs [maxCandidates]candidate
}

// headerValues is h.Values, which allocates where the vendor writes a name in
// another way than net/http does: X-KeldairHR-Auth is X-Keldairhr-Auth there.
func headerValues(h http.Header, name string) []string {
	if values, ok := h[name]; ok {
		return values
	}
	var canonical [64]byte
	if len(name) > len(canonical) {
		return h.Values(name)
	}
	start := true
	for i := range len(name) {
		c := name[i]
		switch {
		case start && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		case !start && 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		canonical[i] = c
		start = c == '-'
	}
	return h[string(canonical[:len(name)])]
}

type candidate struct {
	header   string
	prefix   string
	encoding Encoding
	mac      [roomForMAC]byte
}

// read finds and decodes what may be the MAC.
func (s *HMAC) read(h http.Header, c *candidates) error {
	if s.Header == "" {
		return s.readAny(h, c)
	}
	values := headerValues(h, s.Header)
	switch {
	case len(values) == 0:
		return &refusal{ErrMissing, "no header ", s.Header}
	case len(values) > 1:
		return &refusal{ErrMalformed, s.Header, " is there twice"}
	case !s.decode(values[0], &c.macs[0]):
		return &refusal{ErrMalformed, s.Header, " is not spelled as it should be"}
	}
	c.macs[0].header = s.Header
	c.n = 1
	return nil
}

// readAny considers every header whose name contains the word. Proxies and
// RFC 9421 put headers of such names beside the vendor's: what cannot be the
// MAC is passed over, but not a MAC that is there twice.
func (s *HMAC) readAny(h http.Header, c *candidates) error {
	seen := false
	for name, values := range h {
		if !containsFold(name, s.HeaderWord) {
			continue
		}
		seen = true
		var m candidate
		if len(values) == 0 || !s.decode(values[0], &m) {
			continue
		}
		if len(values) > 1 {
			return &refusal{ErrMalformed, name, " is there twice"}
		}
		if c.n == maxCandidates {
			return &refusal{ErrMalformed, "too many signatures in headers whose names contain ", s.HeaderWord}
		}
		m.header = name
		c.macs[c.n] = m
		c.n++
	}
	switch {
	case c.n > 0:
		return nil
	case seen:
		return &refusal{ErrMalformed, "no signature in any header whose name contains ", s.HeaderWord}
	}
	return &refusal{ErrMissing, "no header's name contains ", s.HeaderWord}
}

// containsFold is strings.Contains for ASCII, in any case, without a copy.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// decode reads value in any of the scheme's spellings.
func (s *HMAC) decode(value string, m *candidate) bool {
	if s.decodeAfter(s.Prefix, value, m) {
		return true
	}
	for _, p := range s.OtherPrefixes {
		if s.decodeAfter(p, value, m) {
			return true
		}
	}
	return false
}

func (s *HMAC) decodeAfter(prefix, value string, m *candidate) bool {
	text, ok := strings.CutPrefix(value, prefix)
	if !ok {
		return false
	}
	size := s.hash().Size()
	for i := range spellings {
		sp := &spellings[i]
		if s.encoding()&sp.encoding != 0 && sp.decode(text, &m.mac, size) {
			m.prefix, m.encoding = prefix, sp.encoding
			return true
		}
	}
	return false
}

// A spelling is one way to write bytes; base64 is nil for hexadecimal.
type spelling struct {
	encoding Encoding
	name     string
	goName   string
	base64   *base64.Encoding
}

// spellings are in the order in which Sign chooses.
var spellings = [...]spelling{
	{Hex, "hex", "Hex", nil},
	{Base64, "base64", "Base64", base64.StdEncoding.Strict()},
	{Base64URL, "base64url without padding", "Base64URL", base64.RawURLEncoding.Strict()},
	{RawBase64, "base64 without padding", "RawBase64", base64.RawStdEncoding.Strict()},
	{PaddedBase64URL, "base64url", "PaddedBase64URL", base64.URLEncoding.Strict()},
}

func (sp *spelling) encodedLen(n int) int {
	if sp.base64 == nil {
		return hex.EncodedLen(n)
	}
	return sp.base64.EncodedLen(n)
}

// decode fills the first size bytes of mac from text, and may write beyond them.
// The exact length is asked for first: the base64 decoders pass over line
// breaks, and a longer text must not be cut.
func (sp *spelling) decode(text string, mac *[roomForMAC]byte, size int) bool {
	if len(text) != sp.encodedLen(size) {
		return false
	}
	var buf [2 * maxMAC]byte
	src := buf[:copy(buf[:], text)]
	var n int
	var err error
	if sp.base64 == nil {
		n, err = hex.Decode(mac[:], src)
	} else {
		n, err = sp.base64.Decode(mac[:], src)
	}
	return err == nil && n == size
}

func (sp *spelling) encode(mac []byte) string {
	if sp.base64 == nil {
		return hex.EncodeToString(mac)
	}
	return sp.base64.EncodeToString(mac)
}

// first is the spelling in which Sign writes: the table is in the order of the
// bits, and New has refused an encoding that is not in it.
func (e Encoding) first() *spelling {
	return &spellings[bits.TrailingZeros8(uint8(e))]
}

// String names the encodings: "hex", or "hex or base64".
func (e Encoding) String() string {
	var names []string
	for _, sp := range spellings {
		if e&sp.encoding != 0 {
			names = append(names, sp.name)
		}
	}
	return strings.Join(names, " or ")
}

// maxTimestamp is the length of the longest timestamp that is read.
const maxTimestamp = 64

// parseTimestamp reads the forms in which vendors send a time.
func parseTimestamp(s string) (time.Time, bool) {
	if len(s) == 0 || len(s) > maxTimestamp {
		return time.Time{}, false
	}
	if isDigits(s) {
		return parseUnix(s)
	}
	// time.Parse makes an error out of what it cannot read: ask it only once,
	// and only for what has the shape.
	if len(s) < len("2006-01-02T15:04:05Z") || s[len("2006-01-02")] != 'T' {
		return time.Time{}, false
	}
	layout := time.RFC3339
	if sign := s[len(s)-len("+0700")]; sign == '+' || sign == '-' {
		layout = "2006-01-02T15:04:05Z0700"
	}
	t, err := time.Parse(layout, s)
	return t, err == nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || '9' < s[i] {
			return false
		}
	}
	return true
}

// parseUnix takes ten digits or fewer as seconds and thirteen as milliseconds.
func parseUnix(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case len(s) <= 10:
		return time.Unix(n, 0), true
	case len(s) == 13:
		return time.UnixMilli(n), true
	}
	return time.Time{}, false
}
