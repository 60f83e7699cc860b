package signature

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxMAC is the size of the longest MAC, SHA-512's, in bytes.
const maxMAC = 64

// maxCandidates bounds the headers that are compared under a HeaderWord:
// proxies add some of their own, but nobody needs a hundred.
const maxCandidates = 4

// candidates are the MACs that a request claims: one, but under a HeaderWord.
type candidates struct {
	n    int
	macs [maxCandidates]candidate
}

type candidate struct {
	header   string
	prefix   string
	encoding Encoding
	mac      [maxMAC]byte
}

// read finds and decodes what may be the MAC.
func (s *HMAC) read(h http.Header, c *candidates) error {
	if s.Header == "" {
		return s.readAny(h, c)
	}
	values := h.Values(s.Header)
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
		if c.n == maxCandidates {
			return &refusal{ErrMalformed, "too many headers contain ", s.HeaderWord}
		}
		m := &c.macs[c.n]
		if len(values) == 0 || !s.decode(values[0], m) {
			continue
		}
		if len(values) > 1 {
			return &refusal{ErrMalformed, name, " is there twice"}
		}
		m.header = name
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
	for _, sp := range spellings {
		if s.encoding()&sp.encoding != 0 && sp.decode(text, m.mac[:size]) {
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

// decode fills mac from text. The exact length is asked for first: the base64
// decoders pass over line breaks, and a longer text must not be cut.
func (sp *spelling) decode(text string, mac []byte) bool {
	if len(text) != sp.encodedLen(len(mac)) {
		return false
	}
	var buf [2 * maxMAC]byte
	src := buf[:copy(buf[:], text)]
	var n int
	var err error
	if sp.base64 == nil {
		n, err = hex.Decode(mac, src)
	} else {
		// The decoder may write a few bytes past the end of the MAC.
		var dst [2 * maxMAC]byte
		n, err = sp.base64.Decode(dst[:], src)
		copy(mac, dst[:])
	}
	return err == nil && n == len(mac)
}

func (sp *spelling) encode(mac []byte) string {
	if sp.base64 == nil {
		return hex.EncodeToString(mac)
	}
	return sp.base64.EncodeToString(mac)
}

// first is the spelling in which Sign writes.
func (e Encoding) first() *spelling {
	for i := range spellings {
		if e&spellings[i].encoding != 0 {
			return &spellings[i]
		}
	}
	return &spellings[0]
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

// parseTimestamp reads the forms in which vendors send a time.
func parseTimestamp(s string) (time.Time, bool) {
	if len(s) == 0 || len(s) > 64 {
		return time.Time{}, false
	}
	if !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < '0' || c > '9' }) {
		return parseUnix(s)
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
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
