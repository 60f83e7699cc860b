package eventtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/atshooks/atshooks/event"
)

// Leak is a personal value of a fixture that was found in a text.
type Leak struct {
	Type   string // the event type of the fixture
	Member string // the path of the member in its payload
	Value  string // its value, which is made up
}

// String says what was found and where it is from.
func (l Leak) String() string { return fmt.Sprintf("%q, from %s of %s", l.Value, l.Member, l.Type) }

// Leaks returns the personal values of the fixtures that text contains, each once.
// Send the fixtures to a service in a test, capture its log, and expect none.
//
// E-mail addresses, telephone numbers, texts of several words, and the values of
// members with "name" in their name are personal; ids, the provider's Enums, times,
// texts with fewer than three letters and URLs outside of example.com are not. A
// value is found as it is, in base64, and with the escapes of JSON, Go and URLs,
// unless a letter or digit adjoins it.
func (v Vendor) Leaks(text []byte) []Leak {
	plain := readable(string(text))
	var leaks []Leak
	for _, l := range v.personal() {
		seen := slices.ContainsFunc(leaks, func(other Leak) bool { return other.Value == l.Value })
		if !seen && hasWord(plain, l.Value) {
			leaks = append(leaks, l)
		}
	}
	return leaks
}

// personal lists the personal values of all fixtures.
func (v Vendor) personal() []Leak {
	var all []Leak
	for _, e := range v.Events {
		body, err := v.fixture(e.Type)
		if err != nil {
			continue
		}
		for _, at := range places(v.Payload(body)) {
			if text, ok := at.value.(string); ok && !v.isEnvelope(body, at.path) && v.isPersonal(at.name(), text) {
				all = append(all, Leak{e.Type, at.String(), text})
			}
		}
	}
	return all
}

// isPersonal is the rule of Leaks for one text.
func (v Vendor) isPersonal(member, text string) bool {
	letters, digits := 0, 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		} else if unicode.IsDigit(r) {
			digits++
		}
	}
	switch {
	case isID(member), v.isEnum(text), isTime(text), isVendorURL(text):
		return false
	case digits >= 7:
		return true
	}
	return letters >= 3 && (strings.ContainsAny(text, " @") || strings.Contains(text, "://") || strings.Contains(strings.ToLower(member), "name"))
}

// isID reports whether a member of that name identifies something.
func isID(name string) bool {
	for _, end := range []string{"Id", "ID", "Ids", "IDs", "_id", "_ids", "_uid", "_uids"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return slices.Contains([]string{"id", "ids", "uid", "uids", "uuid"}, name)
}

// isEnum reports whether v is a known value of an enum.
func (v Vendor) isEnum(value any) bool {
	return slices.ContainsFunc(v.Provider.Enums, func(known any) bool { return fmt.Sprint(known) == value })
}

// isTime reports whether text is a time or a day. Digits alone may be anything.
func isTime(text string) bool {
	var t event.Time
	_ = t.UnmarshalJSON([]byte(quote(text))) // never fails
	_, err := strconv.Atoi(text)
	return !t.IsZero() && err != nil
}

// isVendorURL reports whether text is a URL of a host that may exist.
func isVendorURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && strings.HasPrefix(u.Scheme, "http") && !strings.HasSuffix("."+u.Hostname(), ".example.com")
}

// hasWord reports whether word is in text with no letter or digit beside it.
func hasWord(text, word string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !isWordRune(before) && !isWordRune(after) {
			return true
		}
		from = start + 1
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

var (
	base64Text = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`)
	unicodeEsc = regexp.MustCompile(`\\+u[0-9a-fA-F]{4}`)
	percentEsc = regexp.MustCompile(`(?:%[0-9a-fA-F]{2})+`)
	slashEsc   = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, `/`, `\n`, "\n", `\t`, "\t", `\r`, "\r")
)

// readable is text followed by what is in it in base64, with and without
// escapes. What was escaped twice is read twice.
func readable(text string) string {
	for _, s := range base64Text.FindAllString(text, -1) {
		s = strings.NewReplacer("-", "+", "_", "/").Replace(s[:len(s)-len(s)%4])
		if b, err := base64.StdEncoding.DecodeString(s); err == nil && utf8.Valid(b) {
			text += "\n" + string(b)
		}
	}
	for range 2 {
		text += "\n" + unescaped(text)
	}
	return text + "\n" + strings.ReplaceAll(text, "+", " ") // as in forms
}

func unescaped(text string) string {
	text = unicodeEsc.ReplaceAllStringFunc(text, func(esc string) string {
		n, _ := strconv.ParseUint(esc[len(esc)-4:], 16, 16)
		return string(rune(n))
	})
	return percentEsc.ReplaceAllStringFunc(slashEsc.Replace(text), func(esc string) string {
		s, _ := url.PathUnescape(esc) // which percentEsc makes sure of
		return s
	})
}
