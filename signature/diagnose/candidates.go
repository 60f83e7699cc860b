package diagnose

import (
	"crypto"
	"net/http"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/signature"
)

// LikelyHeaders returns the names of the headers that may contain a MAC, the
// likeliest first.
func LikelyHeaders(h http.Header) []string {
	var names []string
	for _, c := range newSearch(h).candidates {
		if !slices.Contains(names, c.scheme.Header) {
			names = append(names, c.scheme.Header)
		}
	}
	return names
}

// candidate is a text that may be a MAC.
type candidate struct {
	scheme signature.HMAC // Header, Prefix, Hash, and all encodings in which it can be read
	text   string         // in lower case if it is hexadecimal
	beyond string         // why the scheme does not read the header, if it does not
}

// canonical spells the names as net/http does. Two spellings of one name become
// a header that appears twice.
func canonical(h http.Header) http.Header {
	c := make(http.Header, len(h))
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		c[name] = append(c[name], values...)
	}
	return c
}

// unlikely is 0 for the name of a header that speaks of a signature, else 1.
func unlikely(name string) int {
	name = strings.ToLower(name)
	for _, word := range []string{"signature", "hmac", "-sig", "auth", "digest", "hash"} {
		if strings.Contains(name, word) {
			return 0
		}
	}
	return 1
}

// addCandidates splits a header's value into runs of letters that a MAC may
// have.
func (s *search) addCandidates(name, value string) {
	if len(value) > maxValue {
		return
	}
	for i := 0; i < len(value); {
		start := i
		for i < len(value) && isMACLetter(value[i]) {
			i++
		}
		if i == start {
			i++
			continue
		}
		for pad := 0; pad < 2 && i < len(value) && value[i] == '='; pad++ {
			i++
		}
		s.addCandidate(name, value, start, i)
	}
}

// addCandidate looks at the end of a run. Only the name of an algorithm may
// precede the MAC in it, as in sha256-….
func (s *search) addCandidate(name, value string, start, end int) {
	for _, hash := range hashes {
		c := candidate{scheme: signature.HMAC{Header: name, Hash: hash}}
		for e := signature.Hex; e <= signature.PaddedBase64URL; e <<= 1 {
			at := end - len(e.Encode(make([]byte, hash.Size())))
			if at < start || at > start && !isAlgorithm(value[start:at]) || c.text != "" && c.text != value[at:end] || !isMAC(value[at:end], hash, e) {
				continue
			}
			c.text, c.scheme.Prefix = value[at:end], value[:at]
			c.scheme.Encoding |= e
		}
		if c.text == "" {
			continue
		}
		if c.scheme.Encoding == signature.Hex {
			c.text = strings.ToLower(c.text)
		}
		switch {
		case len(s.header[name]) > 1:
			c.beyond = "the header appears twice"
		case end < len(value) || !isFixed(c.scheme.Prefix):
			c.beyond = "the header holds more than the signature"
		}
		if len(s.candidates) < maxCandidates {
			s.candidates = append(s.candidates, c)
		}
		return
	}
}

// isMAC reports whether text can be read in that encoding.
func isMAC(text string, hash crypto.Hash, e signature.Encoding) bool {
	_, err := signature.HMAC{Header: "Mac", Hash: hash, Encoding: e}.Parse(http.Header{"Mac": {text}})
	return err == nil
}

func isMACLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("+/-_", c) >= 0
}

// isAlgorithm recognizes what vendors put before a MAC with a hyphen or an
// underscore.
func isAlgorithm(s string) bool {
	s = strings.ToLower(s)
	name := strings.TrimRight(s, "-_")
	return len(name) == len(s)-1 && (strings.HasPrefix(s, "sha") || strings.HasPrefix(s, "hmac") || len(s) == 3 && s[0] == 'v')
}

// isFixed reports whether a prefix can be the same in each delivery, so that it
// may be shown.
func isFixed(prefix string) bool {
	if len(prefix) > maxFixedPrefix {
		return false
	}
	digits := 0
	for i := range len(prefix) {
		switch c := prefix[i]; {
		case c < ' ' || c > '~':
			return false
		case '0' <= c && c <= '9':
			digits++
		default:
			digits = 0
		}
		if digits == 5 { // sha256 and v1 have fewer, times and ids have more
			return false
		}
	}
	return true
}

// label is the part of a prefix that names the MAC: v1= of t=1,v1=.
func label(prefix string) string {
	if isFixed(prefix) {
		return prefix
	}
	l := prefix[strings.LastIndexAny(prefix[:len(prefix)-1], " ,;")+1:]
	if !isFixed(l) {
		return ""
	}
	return l
}
