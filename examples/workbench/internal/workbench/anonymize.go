package workbench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"io"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/vendors"
)

var errNotJSON = errors.New("the body is not JSON, so nothing is known of its parts")

// anonymize returns a body with made-up values of the same form in the place of
// all that could be somebody's: every text and number, but for the event type,
// the known values of enums, times that are not of a birth, and true, false and
// null. Equal values stay equal. All other bytes stay as they are. v may be nil.
// The same random numbers make the same fixture.
func anonymize(v *vendors.Vendor, body []byte, random *rand.Rand) ([]byte, error) {
	if !json.Valid(body) {
		return nil, errNotJSON
	}
	a := &anonymizer{made: make(map[string]string), random: random}
	if v != nil {
		a.keep, a.typ = kept(v), v.Provider.Envelope.Type
	}
	return a.rewrite(body)
}

// kept are texts that say nothing of a person: enums and event types.
func kept(v *vendors.Vendor) map[string]bool {
	keep := make(map[string]bool)
	for _, enum := range v.Provider.Enums {
		keep[fmt.Sprint(enum)] = true
	}
	for _, typ := range v.Provider.Types {
		keep[typ] = true
	}
	for alias := range v.Provider.Aliases {
		keep[alias] = true
	}
	return keep
}

type anonymizer struct {
	keep   map[string]bool
	typ    []string // the members that have the event type
	made   map[string]string
	random *rand.Rand
}

// level is an object or an array that is being read.
type level struct {
	object bool
	name   string // of the member whose value comes next
	inName bool   // a name comes next
}

// rewrite copies body and replaces its values on the way. It does not recurse:
// bodies may be nested deeply.
func (a *anonymizer) rewrite(body []byte) ([]byte, error) {
	var out bytes.Buffer
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	stack := []level{{}}
	for done := 0; ; {
		token, err := d.Token()
		if err == io.EOF {
			out.Write(body[done:])
			return out.Bytes(), nil
		} else if err != nil {
			return nil, errNotJSON
		}
		end := int(d.InputOffset())
		top := &stack[len(stack)-1]
		before, text := split(body[done:end])
		out.Write(before)
		done = end
		switch t := token.(type) {
		case json.Delim:
			if t == '}' || t == ']' {
				stack = stack[:len(stack)-1]
				stack[len(stack)-1].inName = stack[len(stack)-1].object
			} else {
				stack = append(stack, level{object: t == '{', inName: t == '{', name: top.name})
			}
			out.Write(text)
			continue
		case string:
			if top.object && top.inName {
				top.name, top.inName = t, false
				out.Write(a.memberName(t, text))
				continue
			}
			out.Write(a.text(top.name, t, text, len(stack) == 2))
		case json.Number:
			digits, exponent := t.String(), ""
			if i := strings.IndexAny(digits, "eE"); i >= 0 {
				digits, exponent = digits[:i], digits[i:]
			}
			out.WriteString(a.shaped(digits) + exponent)
		default:
			out.Write(text)
		}
		top.inName = top.object
	}
}

// split tells a token from the white space and the punctuation before it.
func split(text []byte) (before, token []byte) {
	n := len(text) - len(bytes.TrimLeft(text, " \t\r\n,:"))
	return text[:n], text[n:]
}

// memberName keeps names that look like a vendor's, and not like a person's
// question or address.
func (a *anonymizer) memberName(name string, raw []byte) []byte {
	plain := len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.:$", r)
	})
	if plain {
		return raw
	}
	return encode(a.shaped(name))
}

func (a *anonymizer) text(member, value string, raw []byte, top bool) []byte {
	switch {
	case value == "", a.keep[value], top && slices.Contains(a.typ, member), isTime(value) && !isBirth(member):
		return raw
	}
	return encode(a.once(value, func() string {
		switch name := strings.ToLower(member); {
		case isTime(value):
			return "1990-01-01" + a.shaped(value[len("1990-01-01"):])
		case strings.Contains(value, "@") && !strings.ContainsAny(value, " \n"):
			local, _, _ := strings.Cut(value, "@")
			return a.shaped(local) + "@example.com"
		case isURL(value):
			u, _ := url.Parse(value)
			return "https://example.com" + a.shaped(u.EscapedPath())
		case strings.Contains(name, "name"):
			return madeUpName(value, len(a.made))
		}
		return a.shaped(value)
	}))
}

// once makes equal values equal.
func (a *anonymizer) once(value string, make func() string) string {
	if _, ok := a.made[value]; !ok {
		a.made[value] = make()
	}
	return a.made[value]
}

// shaped replaces letters by letters and digits by digits, at random.
func (a *anonymizer) shaped(value string) string {
	return a.once(value, func() string {
		var b strings.Builder
		hex := isHex(value)
		for i, r := range value {
			switch {
			case '0' <= r && r <= '9' && (i == 0 || value[i-1] == '-'):
				b.WriteByte("123456789"[a.random.IntN(9)]) // no number begins with 0
				if r == '0' && len(value) == 1 {
					return "0"
				}
			case unicode.IsDigit(r):
				b.WriteByte(byte('0' + a.random.IntN(10)))
			case hex:
				b.WriteByte("abcdef"[a.random.IntN(6)])
			case unicode.IsUpper(r):
				b.WriteByte(byte('A' + a.random.IntN(26)))
			case unicode.IsLetter(r):
				b.WriteByte(byte('a' + a.random.IntN(26)))
			case r == utf8.RuneError || r > unicode.MaxASCII:
				b.WriteByte('x')
			default:
				b.WriteRune(r)
			}
		}
		return b.String()
	})
}

// isHex reports whether text may be a hash or a UUID, which have to stay one.
func isHex(text string) bool {
	return len(text) >= 8 && strings.ContainsAny(text, "0123456789") && strings.Trim(text, "0123456789abcdef") == ""
}

func isBirth(member string) bool {
	member = strings.ToLower(member)
	return strings.Contains(member, "birth") || strings.Contains(member, "dob")
}

// isTime reports whether a text is a day, or begins with one and goes on with a
// time.
func isTime(text string) bool {
	var t event.Time
	return t.UnmarshalJSON(encode(text)) == nil && !t.IsZero() && len(text) >= len("2006-01-02") && text[4] == '-'
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// The people in fixtures. None of them exists.
var (
	firstNames = []string{"Quinn", "Remy", "Skyler", "Blake", "Marlow", "Ellis", "Halley", "Lux"}
	lastNames  = []string{"Example", "Fixture", "Specimen", "Template", "Stand-In", "Dummy", "Placebo", "Nobody"}
)

// madeUpName has as many words as value, two at most.
func madeUpName(value string, n int) string {
	first, last := firstNames[n%len(firstNames)], lastNames[n/len(firstNames)%len(lastNames)]
	if len(strings.Fields(value)) < 2 {
		return first
	}
	return first + " " + last
}

func encode(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes
	return bytes.TrimSpace(b.Bytes())
}

// fixtureName is the file in which a delivery of a type is saved.
func fixtureName(typ string) string {
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, strings.TrimLeft(typ, ".")) + ".json"
}

// fixtureTest is a test that sends the fixture to a handler.
func fixtureTest(v *vendors.Vendor, d *delivery) string {
	pkg := v.Name()
	callback, known := v.Callback(d.Type)
	payload := "event.Delivery"
	if known {
		payload = pkg + "." + callback.Payload.Name()
	}
	register := fmt.Sprintf("h.%s(", callback.Method)
	switch {
	case !known:
		register = "h.OnOther("
	case callback.Responds:
		register = fmt.Sprintf("event.On(h, %q, ", d.Type)
	}
	register += fmt.Sprintf("func(context.Context, *%s) error { ran++; return nil })", payload)
	imports := ""
	if strings.Contains(register, "event.") {
		imports = "\t\"github.com/atshooks/atshooks/event\"\n"
	}
	path := "/"
	if v.TypeInURL() {
		path += d.Type
	}
	source := fmt.Sprintf(`package hooks_test

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"

%s	"github.com/atshooks/atshooks/%[2]s"
	"github.com/atshooks/atshooks/%[2]s/%[2]stest"
	"github.com/atshooks/atshooks/event/eventtest"
)

func TestSavedDelivery(t *testing.T) {
	body, err := os.ReadFile(%[3]q)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "a secret for tests"
	h, err := %[2]s.NewHandler(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	%[4]s

	w := httptest.NewRecorder()
	h.ServeHTTP(w, %[2]stest.Vendor.Signed(t, secret, %[5]q, body, eventtest.To(%[6]q)))
	if w.Code != 200 || ran != 1 {
		t.Errorf("responded %%d, the callback ran %%d times", w.Code, ran)
	}
}
`, imports, pkg, "testdata/"+fixtureName(d.Type), register, d.Type, path)
	if formatted, err := format.Source([]byte(source)); err == nil {
		return string(formatted) // with its imports sorted
	}
	return source
}
