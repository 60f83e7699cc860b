package diagnose

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/internal/jsonscan"
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

// search is what a delivery offers before any secret is tried.
type search struct {
	header     http.Header
	names      []string // of the headers that are looked at
	candidates []candidate
	body       []byte
	texts      []signedText
}

// candidate is a text that may be a MAC.
type candidate struct {
	scheme signature.HMAC // Header, Prefix, Hash, and all encodings in which it can be read
	text   string         // in lower case if it is hexadecimal
	beyond string         // why the scheme does not read the header, if it does not
}

// signedText is what a MAC may cover.
type signedText struct {
	parts  [][]byte
	words  string
	scheme signature.HMAC // the fields that express it
	beyond string         // or why they cannot
}

// field is a text that may be signed as well: a timestamp or an id.
type field struct {
	text, words string
	header      string // that holds the text and nothing else
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

// collect lists what may have been signed, the likeliest first, since the search
// may run out of its budget.
func (s *search) collect(body []byte) {
	s.body = body
	if len(s.candidates) == 0 {
		return
	}
	add := func(t signedText) { s.texts = append(s.texts, t) }
	whole := signedText{parts: [][]byte{body}, words: "the body"}
	members := members(body)
	timestamps := s.timestamps()

	add(whole)
	for _, at := range timestamps {
		add(whole.after(at))
	}
	for _, m := range members {
		add(m)
	}
	for _, id := range s.ids() {
		for _, at := range timestamps {
			add(whole.with(id.words+` + "." + `+at.words+` + "." + the body`, "an id is signed as well", id.text, ".", at.text, "."))
		}
	}
	for _, at := range timestamps {
		const beyond = "it reads a timestamp only with a full stop before the body"
		add(whole.with(at.words+` + ":" + the body`, beyond, at.text, ":"))
		add(whole.with(at.words+` + the body`, beyond, at.text))
		add(whole.with(`"v0:" + `+at.words+` + ":" + the body`, beyond, "v0:", at.text, ":"))
		add(whole.with(at.words+` + "\n" + the body`, beyond, at.text, "\n"))
		add(signedText{parts: [][]byte{body, []byte("." + at.text)}, words: `the body + "." + ` + at.words, beyond: beyond})
		add(signedText{parts: [][]byte{body, []byte(at.text)}, words: "the body + " + at.words, beyond: beyond})
	}
	for _, at := range timestamps {
		for _, m := range members {
			add(m.after(at))
		}
	}
}

// with is the text preceded by others.
func (t signedText) with(words, beyond string, before ...string) signedText {
	return signedText{parts: append([][]byte{[]byte(strings.Join(before, ""))}, t.parts...), words: words, beyond: beyond}
}

// after is the text preceded by a timestamp and a full stop.
func (t signedText) after(at field) signedText {
	u := t.with(at.words+` + "." + `+t.words, "", at.text, ".")
	u.scheme = t.scheme
	u.scheme.TimestampHeader = at.header
	u.scheme.SignUnixTime = strings.Trim(at.text, "0123456789") == ""
	if at.header == "" {
		u.beyond = "the timestamp has no header of its own"
	}
	return u
}

// members are the values of the body's members, as far as it is a JSON object.
func members(body []byte) []signedText {
	var texts []signedText
	o := jsonscan.Over(body)
	for o.Next() && len(texts) < maxMembers {
		name := string(o.Name())
		texts = append(texts, signedText{
			parts:  [][]byte{o.Value()},
			words:  fmt.Sprintf("the member %q", name),
			scheme: signature.HMAC{Member: name},
		})
	}
	return texts
}

// timestamps are the headers that hold a time and nothing else, and the times
// that stand beside a MAC.
func (s *search) timestamps() []field {
	var found []field
	add := func(at field) {
		same := func(other field) bool { return other.text == at.text }
		if len(found) < maxTimestamps && !slices.ContainsFunc(found, same) {
			found = append(found, at)
		}
	}
	for _, name := range s.names {
		values := s.header[name]
		if len(values) == 1 && (isTime(values[0]) || isNamedTime(name, values[0])) {
			add(field{values[0], name, name})
		}
	}
	for _, c := range s.candidates {
		name := c.scheme.Header
		for _, value := range s.header[name] {
			for _, text := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ,;=\"", r) }) {
				if isTime(text) {
					add(field{text, "the time inside " + name, ""})
				}
			}
		}
	}
	return found
}

// isTime leaves out what would be a time long before there were webhooks, such
// as a Content-Length.
func isTime(s string) bool {
	t, ok := signature.ParseTimestamp(s)
	return ok && t.Year() >= 2001
}

// isNamedTime is for forms of time that HMAC does not read, as in Date.
func isNamedTime(name, value string) bool {
	name = strings.ToLower(name)
	return 0 < len(value) && len(value) <= 64 && (strings.Contains(name, "time") || strings.Contains(name, "date"))
}

// ids are the headers that hold the delivery's id, judging by their names.
func (s *search) ids() []field {
	var found []field
	for _, name := range s.names {
		values := s.header[name]
		if len(found) < maxIDs && len(values) == 1 && len(values[0]) <= 128 && (strings.HasSuffix(name, "-Id") || name == "Id") {
			found = append(found, field{values[0], name, name})
		}
	}
	return found
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

// cost is in bytes hashed; the MAC of nothing costs as much as that of some
// hundred bytes.
func (t signedText) cost() int {
	n := 256
	for _, p := range t.parts {
		n += len(p)
	}
	return n
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

// key is a secret in one of its forms.
type key struct {
	form  SecretForm
	bytes []byte
	given []byte // the secret itself, trimmed
	macs  map[crypto.Hash]hash.Hash
}

// sum is nil if the key cannot be used with the hash function.
func (k *key) sum(f crypto.Hash, t signedText) []byte {
	mac, ok := k.macs[f]
	if !ok {
		if (signature.HMAC{Header: "Mac", Hash: f}).CheckSecret(k.bytes) == nil {
			mac = hmac.New(f.New, k.bytes)
		}
		k.macs[f] = mac
	}
	if mac == nil {
		return nil
	}
	mac.Reset()
	for _, p := range t.parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// isIn reports whether text, which would be shown, contains the secret. A very
// short secret is found in many texts.
func (k *key) isIn(text string) bool {
	return len(k.given) >= 4 && strings.Contains(text, string(k.given)) || len(k.bytes) >= 4 && strings.Contains(text, string(k.bytes))
}

// keysOf returns the forms of a secret, without repetitions and blank ones.
func keysOf(secret []byte) []key {
	var all []key
	given := bytes.TrimSpace(secret)
	add := func(form SecretForm, b []byte) {
		same := func(k key) bool { return bytes.Equal(k.bytes, b) }
		if len(bytes.TrimSpace(b)) > 0 && !slices.ContainsFunc(all, same) {
			all = append(all, key{form, b, given, map[crypto.Hash]hash.Hash{}})
		}
	}
	add(SecretAsGiven, secret)
	add(SecretTrimmed, given)
	if b, err := hex.DecodeString(string(given)); err == nil {
		add(SecretFromHex, b)
	}
	add(SecretFromBase64, decodeBase64(given))
	if rest, ok := bytes.CutPrefix(given, []byte("whsec_")); ok {
		add(SecretUnprefixed, rest)
		add(SecretUnprefixedDecoded, decodeBase64(rest))
	}
	return all
}

// decodeBase64 reads either alphabet, with and without padding. It returns nil
// for what is not base64.
func decodeBase64(text []byte) []byte {
	s := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(string(text), "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
