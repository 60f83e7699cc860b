package signature

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
	"time"

	"github.com/atshooks/atshooks/internal/jsonscan"
)

// Detection is one way in which a delivery proved to be signed. It holds no
// secret, no MAC and nothing of the body but a member's name, so that it may be
// logged.
type Detection struct {
	// Scheme verifies the delivery, with the key that Secret tells. It is the
	// zero HMAC where Beyond says that an HMAC cannot.
	Scheme HMAC
	// Secret is how the key comes from the secret that was given.
	Secret SecretForm
	// Words describes what matched.
	Words string
	// Beyond is "", or what HMAC has no field for.
	Beyond string
}

// SecretForm is how the key of a MAC comes from the secret that a vendor shows.
type SecretForm string

// The forms that [Detect] tries. White space around the secret is no part of
// any but the first.
const (
	SecretAsGiven           SecretForm = "as given"
	SecretTrimmed           SecretForm = "without the white space around it"
	SecretFromHex           SecretForm = "decoded from hex"
	SecretFromBase64        SecretForm = "decoded from base64"
	SecretUnprefixed        SecretForm = `without its "whsec_"`
	SecretUnprefixedDecoded SecretForm = `without its "whsec_" and decoded from base64`
)

// Expressible says whether Scheme is all that it takes to verify.
func (d Detection) Expressible() bool { return d.Beyond == "" }

// String describes the detection in a sentence's worth of words.
func (d Detection) String() string {
	s := d.Words + "; the key is the secret " + string(d.Secret)
	if d.Beyond != "" {
		s += "; not an HMAC of this package: " + d.Beyond
	}
	return s
}

// Code is the Go expression for Scheme, or "" where there is none.
func (d Detection) Code() string {
	if !d.Expressible() {
		return ""
	}
	return d.Scheme.GoString()
}

// GoString is the Go expression for s, for %#v and for code to paste.
func (s HMAC) GoString() string {
	var fields []string
	add := func(name, value string) { fields = append(fields, name+": "+value) }
	text := func(name, value string) {
		if value != "" {
			add(name, fmt.Sprintf("%q", value))
		}
	}
	text("Header", s.Header)
	text("HeaderWord", s.HeaderWord)
	text("Prefix", s.Prefix)
	if len(s.OtherPrefixes) > 0 {
		add("OtherPrefixes", fmt.Sprintf("%#v", s.OtherPrefixes))
	}
	if s.Hash != 0 {
		add("Hash", goHash(s.Hash))
	}
	if s.Encoding != 0 {
		add("Encoding", s.Encoding.GoString())
	}
	text("TimestampHeader", s.TimestampHeader)
	if s.Tolerance != 0 {
		add("Tolerance", goDuration(s.Tolerance))
	}
	if s.UnixTime {
		add("UnixTime", "true")
	}
	text("Member", s.Member)
	return "signature.HMAC{" + strings.Join(fields, ", ") + "}"
}

// GoString is the Go expression for e.
func (e Encoding) GoString() string {
	var names []string
	for _, sp := range spellings {
		if e&sp.encoding != 0 {
			names = append(names, "signature."+sp.goName)
		}
	}
	if len(names) == 0 {
		return "0"
	}
	return strings.Join(names, " | ")
}

func goHash(h crypto.Hash) string {
	switch h {
	case crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA512_224, crypto.SHA512_256:
		return "crypto." + strings.NewReplacer("-", "", "/", "_").Replace(h.String())
	}
	return fmt.Sprintf("crypto.Hash(%d)", uint(h))
}

func goDuration(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%d * time.Second", d/time.Second)
	}
	return fmt.Sprintf("%d", int64(d))
}

// The bounds of a search.
const (
	maxSearched     = 128       // headers
	maxValue        = 8 << 10   // bytes of a header's value
	maxClaims       = 32        // texts of a MAC's length in them
	maxTimes        = 8         // timestamps
	maxIDs          = 4         // headers with an id
	maxMembers      = 64        // of the body
	maxFixedPrefix  = 24        // bytes before a MAC that may be the same each time; too few for another MAC
	detectionBudget = 256 << 20 // bytes that one Detect puts through a hash
)

// detectHashes are the hash functions that are tried, the likeliest first.
var detectHashes = []crypto.Hash{crypto.SHA256, crypto.SHA512, crypto.SHA1}

// Detect finds out how a delivery is signed: the tool for the day on which a
// vendor's page does not say it, or says it wrong. It needs one delivery as it
// was received and the secret.
//
// It looks in every header for what has the length of an HMAC with SHA-1,
// SHA-256 or SHA-512, in any [Encoding], after any prefix, and tries as the
// signed bytes the body, each member of the JSON body, and a timestamp with
// either of them, in the forms that are in use; the timestamp may stand in a
// header of its own or beside the MAC. The secret is tried as it is, decoded,
// and without "whsec_" ([SecretForm]).
//
// What can be said as an [HMAC] comes first, SHA-1 last; there is nothing in
// the result where nothing matched, and nothing is tried with a blank secret.
// A scheme that signs the URL, or with a public key, is not found.
//
// The work is bounded: 128 headers, 32 texts that may be a MAC, 8 timestamps, 4
// ids, 64 members, and 256 MiB through a hash, which is about a second. It is
// for tools all the same, not for what strangers send: it answers which guess
// was right, and takes its time.
func Detect(h http.Header, body, secret []byte) []Detection {
	s := newSearch(h)
	s.over(body)
	return s.run(secret, detectionBudget)
}

// LikelyHeaders are the names of the headers that hold what may be a MAC, the
// likeliest first.
func LikelyHeaders(h http.Header) []string {
	var names []string
	for _, c := range newSearch(h).claims {
		if !slices.Contains(names, c.header) {
			names = append(names, c.header)
		}
	}
	return names
}

// search is what a delivery offers, before any secret is tried on it.
type search struct {
	header http.Header
	names  []string // of the headers that are looked at
	claims []claim
	body   []byte
	texts  []signedText
}

// claim is a text that may be a MAC.
type claim struct {
	candidate
	size  int    // of the MAC
	label string // the fixed part of what stands before it, for the description
	extra string // what else the header holds, if that is no fixed prefix
}

// signedText is what a MAC may cover.
type signedText struct {
	parts  [][]byte
	words  string
	scheme HMAC   // the fields that say it
	beyond string // or why they do not
}

// stamp is a text that may be a timestamp.
type stamp struct {
	text, words string
	header      string // that holds it and nothing else
}

func newSearch(h http.Header) *search {
	s := &search{header: canonical(h)}
	s.names = slices.SortedFunc(maps.Keys(s.header), func(a, b string) int {
		return cmp.Or(cmp.Compare(unlikely(a), unlikely(b)), cmp.Compare(a, b))
	})
	s.names = s.names[:min(len(s.names), maxSearched)]
	for _, name := range s.names {
		for _, value := range s.header[name] {
			s.claim(name, value)
		}
	}
	return s
}

// canonical spells the names as net/http does; two spellings of one name are a
// header that is there twice.
func canonical(h http.Header) http.Header {
	c := make(http.Header, len(h))
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		c[name] = append(c[name], values...)
	}
	return c
}

// unlikely sorts the headers: 0 for a name that speaks of a signature.
func unlikely(name string) int {
	for _, word := range []string{"signature", "hmac", "-sig", "auth", "digest", "hash"} {
		if containsFold(name, word) {
			return 0
		}
	}
	return 1
}

// claim notes what in the value has the length and the letters of a MAC.
func (s *search) claim(name, value string) {
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
		s.claimRun(name, value, start, i)
	}
}

// claimRun looks at the end of a run of letters; before it, only the name of an
// algorithm may be run together with the MAC, as in sha256-….
func (s *search) claimRun(name, value string, start, end int) {
	for _, hash := range detectHashes {
		for i := range spellings {
			sp := &spellings[i]
			at := end - sp.encodedLen(hash.Size())
			c := claim{size: hash.Size()}
			if at < start || at > start && !isAlgorithm(value[start:at]) || !sp.decode(value[at:end], &c.mac, c.size) {
				continue
			}
			if len(s.claims) == maxClaims {
				return
			}
			c.header, c.prefix, c.encoding = name, value[:at], sp.encoding
			switch {
			case len(s.header[name]) > 1:
				c.extra = "the header is there twice"
			case end < len(value) || !isFixed(c.prefix):
				c.extra = "the header holds more than the signature"
			}
			c.label = label(c.prefix)
			s.claims = append(s.claims, c)
			return
		}
	}
}

func isMACLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

// isAlgorithm knows what vendors put before a MAC with a hyphen or underscore.
func isAlgorithm(s string) bool {
	last := s[len(s)-1]
	if last != '-' && last != '_' {
		return false
	}
	s = strings.ToLower(s)
	return strings.HasPrefix(s, "sha") || strings.HasPrefix(s, "hmac") || len(s) == 3 && s[0] == 'v'
}

// isFixed says whether a prefix can be the same for each delivery, and is none
// that should not be shown.
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

// over collects what may have been signed, the likeliest first, since the
// budget may end the search.
func (s *search) over(body []byte) {
	s.body = body
	if len(s.claims) == 0 {
		return
	}
	add := func(t signedText) { s.texts = append(s.texts, t) }
	all := signedText{parts: [][]byte{body}, words: "the body"}
	members := members(body)
	stamps := s.stamps()

	add(all)
	for _, at := range stamps {
		add(all.after(at))
	}
	for _, m := range members {
		add(m)
	}
	for _, id := range s.ids() {
		for _, at := range stamps {
			add(all.with(id.words+` + "." + `+at.words+` + "." + the body`, "an id is signed as well", id.text, ".", at.text, "."))
		}
	}
	for _, at := range stamps {
		const form = "HMAC signs a timestamp only with a full stop before the body"
		add(all.with(at.words+` + ":" + the body`, form, at.text, ":"))
		add(all.with(at.words+` + the body`, form, at.text))
		add(all.with(`"v0:" + `+at.words+` + ":" + the body`, form, "v0:", at.text, ":"))
		add(all.with(at.words+` + "\n" + the body`, form, at.text, "\n"))
		add(signedText{parts: [][]byte{body, []byte("." + at.text)}, words: `the body + "." + ` + at.words, beyond: form})
		add(signedText{parts: [][]byte{body, []byte(at.text)}, words: "the body + " + at.words, beyond: form})
	}
	for _, at := range stamps {
		for _, m := range members {
			add(m.after(at))
		}
	}
}

// with is the text behind others.
func (t signedText) with(words, beyond string, before ...string) signedText {
	return signedText{parts: append([][]byte{[]byte(strings.Join(before, ""))}, t.parts...), words: words, beyond: beyond}
}

// after is the text behind a timestamp and a full stop.
func (t signedText) after(at stamp) signedText {
	u := t.with(at.words+` + "." + `+t.words, "", at.text, ".")
	u.scheme = t.scheme
	u.scheme.TimestampHeader = at.header
	u.scheme.UnixTime = isDigits(at.text)
	if at.header == "" {
		u.beyond = "the timestamp has no header of its own"
	}
	return u
}

// members are the values of the body's members, as far as it is a JSON object.
func members(body []byte) []signedText {
	var texts []signedText
	o := jsonscan.Over(body)
	for o.Next() {
		if len(texts) < maxMembers {
			name := string(o.Name())
			texts = append(texts, signedText{
				parts:  [][]byte{o.Value()},
				words:  fmt.Sprintf("the member %q", name),
				scheme: HMAC{Member: name},
			})
		}
	}
	return texts
}

// stamps are the timestamps: headers that hold nothing else, and what stands
// beside a MAC.
func (s *search) stamps() []stamp {
	var found []stamp
	add := func(at stamp) {
		same := func(other stamp) bool { return other.text == at.text }
		if len(found) < maxTimes && !slices.ContainsFunc(found, same) {
			found = append(found, at)
		}
	}
	for _, name := range s.names {
		values := s.header[name]
		if len(values) == 1 && (isTime(values[0]) || isNamedTime(name, values[0])) {
			add(stamp{values[0], name, name})
		}
	}
	for _, c := range s.claims {
		for _, value := range s.header[c.header] {
			for _, field := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ,;=\"", r) }) {
				if isTime(field) {
					add(stamp{field, "the time inside " + c.header, ""})
				}
			}
		}
	}
	return found
}

// isTime leaves out what would be a time long before there were webhooks, such
// as a Content-Length.
func isTime(s string) bool {
	t, ok := parseTimestamp(s)
	return ok && t.Year() >= 2001
}

// isNamedTime is for the forms of time that HMAC does not read, as in Date.
func isNamedTime(name, value string) bool {
	return 0 < len(value) && len(value) <= maxTimestamp && (containsFold(name, "time") || containsFold(name, "date"))
}

// ids are the headers that hold the delivery's id, as far as names tell.
func (s *search) ids() []stamp {
	var found []stamp
	for _, name := range s.names {
		values := s.header[name]
		if len(found) < maxIDs && len(values) == 1 && len(values[0]) <= 128 && (strings.HasSuffix(name, "-Id") || name == "Id") {
			found = append(found, stamp{values[0], name, name})
		}
	}
	return found
}

// run tries a secret in all of its forms, and puts at most budget bytes through
// a hash.
func (s *search) run(secret []byte, budget int) []Detection {
	var found []Detection
	keys := keys(secret)
	for _, t := range s.texts {
		for i := range keys {
			for _, f := range detectHashes {
				if !s.claimed(f) {
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

// claimed says whether any text has the length of such a MAC.
func (s *search) claimed(f crypto.Hash) bool {
	return slices.ContainsFunc(s.claims, func(c claim) bool { return c.size == f.Size() })
}

// cost is in bytes hashed; a MAC of nothing costs as much as some hundred.
func (t signedText) cost() int {
	n := 256
	for _, p := range t.parts {
		n += len(p)
	}
	return n
}

func sorted(found []Detection) []Detection {
	beyond := func(d Detection) int {
		if d.Expressible() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b Detection) int {
		return cmp.Or(
			cmp.Compare(beyond(a), beyond(b)),
			cmp.Compare(slices.Index(detectHashes, a.Scheme.hash()), slices.Index(detectHashes, b.Scheme.hash())),
			cmp.Compare(a.Words, b.Words))
	})
	return slices.CompactFunc(found, func(a, b Detection) bool { return a.String() == b.String() })
}

func (s *search) matches(sum []byte, f crypto.Hash, k *key, t signedText) []Detection {
	var found []Detection
	for i := range s.claims {
		if c := &s.claims[i]; c.size == len(sum) && hmac.Equal(c.mac[:c.size], sum) {
			found = append(found, s.detection(c, f, k, t))
		}
	}
	return found
}

// detection says a match as an HMAC, if that verifies the delivery, and else in
// words.
func (s *search) detection(c *claim, f crypto.Hash, k *key, t signedText) Detection {
	d := Detection{Secret: k.form, Beyond: c.extra}
	shown := c.label
	switch {
	case k.in(c.prefix):
		d.Beyond, shown = "the secret itself stands before the signature", ""
	case d.Beyond == "":
		d.Beyond = t.beyond
	case t.beyond != "":
		d.Beyond += ", and " + t.beyond
	}
	scheme := t.scheme
	scheme.Header, scheme.Prefix = c.header, c.prefix
	if f != crypto.SHA256 {
		scheme.Hash = f
	}
	if e := c.spellings(c.size); e != Hex {
		scheme.Encoding = e
	}
	if d.Beyond == "" {
		if _, err := scheme.New(k.bytes).Pin(s.header, s.body); err != nil {
			d.Beyond = err.Error()
		}
	}
	if d.Beyond == "" {
		d.Scheme, d.Words = scheme, scheme.String()
		return d
	}
	d.Words = "header " + c.header
	if shown != "" {
		d.Words += fmt.Sprintf(", after %q", shown)
	}
	d.Words += fmt.Sprintf(", HMAC-%v in %v of %s", f, scheme.encoding(), t.words)
	return d
}

// key is a secret in one of its forms.
type key struct {
	form  SecretForm
	bytes []byte
	given []byte // the secret itself, trimmed
	macs  map[crypto.Hash]hash.Hash
}

func (k *key) sum(f crypto.Hash, t signedText) []byte {
	mac := k.macs[f]
	if mac == nil {
		mac = hmac.New(f.New, k.bytes)
		k.macs[f] = mac
	}
	mac.Reset()
	for _, p := range t.parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// in says whether the secret stands in a text that would be shown. A very short
// one stands in many.
func (k *key) in(text string) bool {
	return len(k.given) >= 4 && strings.Contains(text, string(k.given)) || len(k.bytes) >= 4 && strings.Contains(text, string(k.bytes))
}

// keys are the forms of a secret, none twice and none blank.
func keys(secret []byte) []key {
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

// decodeBase64 reads any alphabet, with and without padding; nil is not base64.
func decodeBase64(text []byte) []byte {
	s := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(string(text), "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
