package eventtest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/atshooks/atshooks/event"
)

// Leak is a piece of a fixture's personal data in a text where none should be.
type Leak struct {
	Type   string // of the event whose fixture has it
	Member string // the path to the member in its payload
	Value  string // what was found: the fixture's, and so nobody's
}

// String says what was found, and where it is from.
func (l Leak) String() string { return fmt.Sprintf("%q, from %s of %s", l.Value, l.Member, l.Type) }

// Leaks looks in a log, or any other text, for personal data of the vendor's
// fixtures, and returns what it finds, once each. It is for services that were
// sent the fixtures and must not have written down who is in them: capture the
// log of a test, and expect none.
//
// Personal data is each text in a fixture's payload, but
//
//   - ids: what is in a member whose name says so (id, uid, candidate_id,
//     externalOpeningId), and what the payload itself prints in a log: its
//     LogValue;
//   - enums: texts of which the payload's Go type makes a string type of its own;
//   - times and days, which any log is full of, and numbers;
//   - URLs at hosts of the vendor's, that is, not at example.com or example.org;
//   - texts that cannot be told from chance: one word alone and anything with
//     fewer than five letters, unless it has seven digits, or two letters and a
//     member whose name says that it is a name; and what is also a part of an
//     id, an enum or a type.
//
// Beside the whole text, the parts of a person's name are looked for: words
// that also are in an e-mail address of the same payload. Letters may be in
// either case; a text counts only where no letter or digit adjoins it; a phone
// number counts also as its digits alone. Texts are found through the escapes
// of JSON, Go and URLs, and inside base64, hexadecimal and lists of bytes, as
// which a []byte that was logged may come out. What is encrypted, compressed,
// hashed or cut is not found.
func (v Vendor) Leaks(log []byte) []Leak {
	text := strings.ToLower(readable(log))
	var leaks []Leak
	seen := map[string]bool{}
	for _, p := range v.personal() {
		key := strings.ToLower(p.Value)
		if !seen[key] && p.in(text) {
			seen[key] = true
			leaks = append(leaks, p)
		}
	}
	return leaks
}

// CheckLog fails t for each leak in a log; see [Vendor.Leaks].
func (v Vendor) CheckLog(t testing.TB, log []byte) {
	t.Helper()
	for _, l := range v.Leaks(log) {
		t.Errorf("the log has personal data: %s", l)
	}
}

// in says whether text, in lower case, has the value.
func (l Leak) in(text string) bool {
	value := strings.ToLower(l.Value)
	return hasWord(text, value) || isPhone(value) && hasWord(text, digits(value))
}

// hasWord says whether word is in text with no letter or digit beside it.
func hasWord(text, word string) bool {
	for rest := text; ; {
		i := strings.Index(rest, word)
		if i < 0 || word == "" {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(rest[:i])
		after, _ := utf8.DecodeRuneInString(rest[i+len(word):])
		if !isWordRune(before) && !isWordRune(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(rest[i:])
		rest = rest[i+size:]
	}
}

// isWordRune takes no byte of an escape for a letter: readable has undone them.
func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// personal lists the personal data of all fixtures.
func (v Vendor) personal() []Leak {
	var all []Leak
	known := v.impersonal()
	for _, e := range v.Events {
		if !v.has(e.Type) {
			continue
		}
		payload := v.Payload(v.Body(e.Type))
		root := mustParse(payload)
		for _, p := range paths(root) {
			text, ok := first(at(root, p)).(string)
			if ok && v.isPersonal(e, p, text) && !hasWord(known, strings.ToLower(text)) {
				all = append(all, Leak{e.Type, p.String(), text})
			}
		}
		all = append(all, nameParts(e.Type, root, known)...)
	}
	return all
}

// isPersonal is the rule of Leaks for one text.
func (v Vendor) isPersonal(e Event, p path, text string) bool {
	whole := v.payloadName(v.Body(e.Type)) == ""
	switch {
	case isID(p.name()), isEnum(typeAt(e.payload, p)), isTime(text), isVendorURL(text):
		return false
	case whole && len(p) == 1 && v.isEnvelope(p.name()):
		return false
	case strings.Contains(strings.ToLower(p.name()), "name"):
		return letters(text) > 1
	}
	return letters(text) > 4 && len(words(text)) > 1 || len(digits(text)) > 6
}

func letters(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// nameParts are words of a payload's texts that are in its addresses too.
func nameParts(typ string, root any, known string) []Leak {
	inAddresses := map[string]bool{}
	for _, p := range paths(root) {
		if text, ok := first(at(root, p)).(string); ok && address.FindString(text) == text {
			local, _, _ := strings.Cut(text, "@")
			for _, word := range words(local) {
				inAddresses[word] = true
			}
		}
	}
	var parts []Leak
	for _, p := range paths(root) {
		text, ok := first(at(root, p)).(string)
		if !ok || strings.Contains(text, "@") || strings.Contains(text, "://") {
			continue
		}
		for _, word := range words(text) {
			if len(word) > 2 && inAddresses[word] && !hasWord(known, word) {
				parts = append(parts, Leak{typ, p.String(), word})
			}
		}
	}
	return parts
}

// words are the words of a text, in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !isWordRune(r) })
}

// impersonal is all that a log may hold of the fixtures, in lower case: the
// types, the ids and enums, and what payloads print by themselves.
func (v Vendor) impersonal() string {
	var b strings.Builder
	fmt.Fprintln(&b, v.Provider().Name)
	for _, e := range v.Events {
		fmt.Fprintln(&b, e.Type)
		if !v.has(e.Type) {
			continue
		}
		body := v.Body(e.Type)
		envelope := mustParse(body)
		for _, name := range slices.Concat(v.Provider().Envelope.ID, v.Provider().Envelope.Type) {
			if id, ok := at(envelope, path{name}); ok {
				fmt.Fprintln(&b, id)
			}
		}
		payload := v.Payload(body)
		root := mustParse(payload)
		for _, p := range paths(root) {
			text, ok := first(at(root, p)).(string)
			if ok && (isID(p.name()) || isEnum(typeAt(e.payload, p)) || isVendorURL(text)) {
				fmt.Fprintln(&b, text)
			}
		}
		decoded := reflect.New(e.payload)
		if json.Unmarshal(payload, decoded.Interface()) == nil && e.payload.Implements(logValuer) {
			slog.New(slog.NewTextHandler(&b, nil)).Info("", "payload", decoded.Interface())
		}
	}
	return strings.ToLower(b.String())
}

// isEnum says whether a member's Go type is a string type of its own.
func isEnum(t reflect.Type) bool {
	return t != nil && t.Kind() == reflect.String && t != reflect.TypeFor[string]() &&
		t != reflect.TypeFor[event.ID]() && t != reflect.TypeFor[event.Date]()
}

// isTime says whether text is a time or a day. Digits alone may be anything.
func isTime(text string) bool {
	_, ok := event.Date(text).Time()
	return ok && digits(text) != text
}

// isVendorURL says whether text is a URL at a host that is not reserved for
// examples: one of the vendor's own.
func isVendorURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	host := "." + u.Hostname()
	return !strings.HasSuffix(host, ".example.com") && !strings.HasSuffix(host, ".example.org")
}

// isPhone says whether text is a phone number rather than anything else with
// digits in it.
func isPhone(text string) bool {
	return len(digits(text)) >= 7 && strings.Trim(text, "0123456789+-()./ ") == ""
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// What bytes may look like in a log.
var (
	base64Text = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`)
	hexText    = regexp.MustCompile(`(?i)(?:[0-9a-f]{2}){8,}`)
	byteList   = regexp.MustCompile(`(?:0x)?[0-9a-f]{1,3}(?:,? (?:0x)?[0-9a-f]{1,3}){7,}`)
	goList     = regexp.MustCompile(`0x[0-9a-f]{2}(?:, 0x[0-9a-f]{2}){7,}`)
	unicodeEsc = regexp.MustCompile(`\\+u[0-9a-fA-F]{4}`)
	percentEsc = regexp.MustCompile(`(?:%[0-9a-fA-F]{2})+`)
)

// readable is a log with, after it, what is in it in another form. Each form is
// looked for also inside what another one held: a body in base64 has escapes.
func readable(log []byte) string {
	pieces := []string{string(log)}
	for depth, from := 0, 0; depth < 3; depth++ {
		to := len(pieces)
		for _, piece := range pieces[from:to] {
			pieces = append(pieces, unescaped(piece)...)
			pieces = append(pieces, decodedBytes(piece)...)
		}
		from = to
	}
	return strings.Join(pieces, "\n")
}

// unescaped undoes escapes, where there are any.
func unescaped(text string) []string {
	plain := unicodeEsc.ReplaceAllStringFunc(text, func(esc string) string {
		n, _ := strconv.ParseUint(esc[len(esc)-4:], 16, 16)
		return string(rune(n))
	})
	plain = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, `/`, `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(plain)
	url := percentEsc.ReplaceAllStringFunc(strings.ReplaceAll(plain, "+", " "), func(esc string) string {
		if s, err := url.PathUnescape(esc); err == nil {
			return s
		}
		return esc
	})
	var all []string
	for _, s := range []string{plain, url} {
		if s != text {
			all = append(all, s)
		}
	}
	return all
}

// decodedBytes are the texts that are spelled out as bytes in text.
func decodedBytes(text string) []string {
	var all []string
	add := func(b []byte, err error) {
		if err == nil && utf8.Valid(b) && bytes.IndexFunc(b, unicode.IsLetter) >= 0 {
			all = append(all, string(b))
		}
	}
	for _, s := range base64Text.FindAllString(text, -1) {
		if len(s)%4 == 1 {
			s = s[:len(s)-1] // one letter alone is no byte
		}
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			add(encoding.DecodeString(s))
		}
	}
	for _, s := range hexText.FindAllString(text, -1) {
		add(hex.DecodeString(s))
	}
	for _, s := range goList.FindAllString(text, -1) {
		add(hex.DecodeString(strings.NewReplacer("0x", "", ", ", "").Replace(s)))
	}
	for _, s := range byteList.FindAllString(text, -1) {
		var b []byte
		for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' }) {
			n, err := strconv.ParseUint(word, 0, 8)
			if err != nil {
				b = nil
				break
			}
			b = append(b, byte(n))
		}
		add(b, nil)
	}
	return all
}
