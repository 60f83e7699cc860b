package diagnose

import (
	"cmp"
	"crypto"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/atshooks/atshooks/signature"
)

// Detection is one way in which a delivery proved to be signed.
type Detection struct {
	// Scheme verifies the delivery with the key that Secret describes. It is
	// the zero HMAC if Beyond is not empty.
	Scheme signature.HMAC
	// Secret is how the key is derived from the secret.
	Secret SecretForm
	// Words describes the scheme.
	Words string
	// Beyond says what about the signature no HMAC can express; it is usually
	// empty.
	Beyond string
}

// SecretForm is how the key of a MAC is derived from the secret that a vendor
// shows.
type SecretForm string

// The forms that [Detect] tries. All but the first ignore white space around the
// secret.
const (
	SecretAsGiven           SecretForm = "as given"
	SecretTrimmed           SecretForm = "without the white space around it"
	SecretFromHex           SecretForm = "decoded from hex"
	SecretFromBase64        SecretForm = "decoded from base64"
	SecretUnprefixed        SecretForm = `without its "whsec_"`
	SecretUnprefixedDecoded SecretForm = `without its "whsec_" and decoded from base64`
)

// String describes the detection in one line.
func (d Detection) String() string {
	s := d.Words + "; the key is the secret " + string(d.Secret)
	if d.Beyond != "" {
		s += "; signature.HMAC cannot express this: " + d.Beyond
	}
	return s
}

// The bounds of a search.
const (
	maxHeaders     = 128
	maxValue       = 8 << 10 // bytes of a header's value
	maxCandidates  = 32      // texts that may be a MAC
	maxTimestamps  = 8
	maxIDs         = 4         // headers with an id
	maxMembers     = 64        // of the body
	maxFixedPrefix = 24        // bytes before a MAC that may be the same each time; too few for another MAC
	maxHashed      = 256 << 20 // bytes put through a hash
)

// hashes are the hash functions that are tried, the likeliest first.
var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA512, crypto.SHA1}

// Detect finds out how a delivery is signed, for vendors whose documentation is
// wrong or does not say. It needs the secret, and one delivery exactly as it was
// received.
//
// It looks in every header for text of the length of an HMAC with SHA-1, SHA-256
// or SHA-512, in any [signature.Encoding] and after any prefix. As signed bytes
// it tries the body and each member of a JSON body, alone and with a timestamp in
// the usual forms; the timestamp may have a header of its own or stand beside the
// MAC. It tries the secret in every [SecretForm]. It does not find signatures over
// the URL or made with a public key.
//
// The result is empty if nothing matched. Schemes that a [signature.HMAC] can
// express come first, and among those SHA-1 comes last.
//
// Detect takes up to about a second. It is for developers' tools, not for
// everything that strangers send.
func Detect(h http.Header, body, secret []byte) []Detection {
	s := newSearch(h)
	s.collect(body)
	return s.run(secret, maxHashed)
}

// search is what a delivery offers before any secret is tried.
type search struct {
	header     http.Header
	names      []string // of the headers that are looked at
	candidates []candidate
	body       []byte
	texts      []signedText
}

func newSearch(h http.Header) *search {
	s := &search{header: canonical(h)}
	s.names = slices.SortedFunc(maps.Keys(s.header), func(a, b string) int {
		return cmp.Or(cmp.Compare(unlikely(a), unlikely(b)), cmp.Compare(a, b))
	})
	s.names = s.names[:min(len(s.names), maxHeaders)]
	for _, name := range s.names {
		for _, value := range s.header[name] {
			s.addCandidates(name, value)
		}
	}
	return s
}

// run tries a secret in all of its forms, and puts at most budget bytes through
// a hash.
func (s *search) run(secret []byte, budget int) []Detection {
	var found []Detection
	keys := keysOf(secret)
	for _, t := range s.texts {
		for i := range keys {
			for _, f := range hashes {
				if !slices.ContainsFunc(s.candidates, func(c candidate) bool { return c.scheme.Hash == f }) {
					continue
				}
				if budget -= t.cost(); budget < 0 {
					return sorted(found)
				}
				found = append(found, s.matches(keys[i].sum(f, t), f, &keys[i], t)...)
			}
		}
	}
	return sorted(found)
}

func sorted(found []Detection) []Detection {
	rank := func(d Detection) int {
		if d.Beyond != "" {
			return len(hashes)
		}
		return slices.Index(hashes, cmp.Or(d.Scheme.Hash, crypto.SHA256))
	}
	slices.SortStableFunc(found, func(a, b Detection) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Words, b.Words))
	})
	return slices.CompactFunc(found, func(a, b Detection) bool { return a.String() == b.String() })
}

func (s *search) matches(sum []byte, f crypto.Hash, k *key, t signedText) []Detection {
	var found []Detection
	for i := range s.candidates {
		if c := &s.candidates[i]; c.scheme.Hash == f && c.scheme.Encoding.Encode(sum) == c.text {
			found = append(found, s.detection(c, k, t))
		}
	}
	return found
}

// detection expresses a match as an HMAC, if that verifies the delivery, and
// otherwise in words.
func (s *search) detection(c *candidate, k *key, t signedText) Detection {
	scheme := t.scheme
	scheme.Header, scheme.Prefix, scheme.Hash, scheme.Encoding = c.scheme.Header, c.scheme.Prefix, c.scheme.Hash, c.scheme.Encoding
	beyond, shown := cmp.Or(c.beyond, t.beyond), label(c.scheme.Prefix)
	switch {
	case k.isIn(c.scheme.Prefix):
		beyond, shown = "the secret itself precedes the signature", ""
	case c.beyond != "" && t.beyond != "":
		beyond = c.beyond + ", and " + t.beyond
	case beyond == "":
		if _, err := scheme.New(k.bytes).Narrow(s.header, s.body); err != nil {
			beyond = err.Error()
		}
	}
	if beyond == "" {
		return Detection{Scheme: withDefaults(scheme), Secret: k.form, Words: scheme.String()}
	}
	words := "header " + c.scheme.Header
	if shown != "" {
		words += fmt.Sprintf(", after %q", shown)
	}
	words += fmt.Sprintf(", HMAC-%v in %v of %s", c.scheme.Hash, c.scheme.Encoding, t.words)
	return Detection{Secret: k.form, Words: words, Beyond: beyond}
}

// withDefaults leaves out what the zero value of a field says.
func withDefaults(s signature.HMAC) signature.HMAC {
	if s.Hash == crypto.SHA256 {
		s.Hash = 0
	}
	if s.Encoding == signature.Hex {
		s.Encoding = 0
	}
	return s
}
