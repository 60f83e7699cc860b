package signature

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// maxRewritten is how long a rewriting may be, in bytes.
const maxRewritten = 4 * maxReencoded

// rewritings are other spellings of a body: what a sender may have written, if
// something on the way decoded and encoded it again. The words continue "the
// body".
func rewritings(body []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
		unix := bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
		if !yield("without the white space at its ends", trimmed) ||
			!yield("with a newline at its end", append(trimmed[:len(trimmed):len(trimmed)], '\n')) ||
			!yield("with line feeds alone at the ends of its lines", unix) ||
			!yield("with a carriage return at the ends of its lines", bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))) ||
			!json.Valid(trimmed) {
			return
		}
		for _, l := range layouts(trimmed) {
			for _, e := range escapes {
				words, text := l.words, l.text
				if e.words != "" {
					if text = e.of(text); bytes.Equal(text, l.text) {
						continue // there is nothing to escape
					}
					words += " " + e.words
				}
				if !yield(words, text) || !yield(words+" and with a newline at its end", append(text[:len(text):len(text)], '\n')) {
					return
				}
			}
		}
	}
}

type layout struct {
	words string
	text  []byte
}

// layouts are the ways to set the white space of valid JSON, and to sort it.
func layouts(body []byte) []layout {
	var compact bytes.Buffer
	_ = json.Compact(&compact, body) // valid, as all that follows
	all := []layout{
		{"written compactly", compact.Bytes()},
		{"with a blank after each colon and comma", spaced(compact.Bytes())},
	}
	for _, indent := range []struct{ words, text string }{{"two blanks", "  "}, {"four blanks", "    "}, {"a tab", "\t"}} {
		if indentedLen(compact.Bytes(), len(indent.text)) > maxRewritten {
			continue
		}
		var b bytes.Buffer
		_ = json.Indent(&b, compact.Bytes(), "", indent.text)
		all = append(all, layout{"indented by " + indent.words, b.Bytes()})
	}
	if s, err := sortedMembers(body); err == nil {
		all = append(all,
			layout{"with its members sorted", s},
			layout{"with its members sorted and a blank after each colon and comma", spaced(s)})
	}
	return all
}

// indentedLen is how long the body becomes at most: deep down, every line begins
// with more blanks than it has text.
func indentedLen(compact []byte, indent int) int {
	n, depth := len(compact), 0
	for c := range outsideStrings(compact) {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ':', ',':
		default:
			continue
		}
		n += 1 + depth*indent
	}
	return n
}

// outsideStrings are the bytes of valid JSON that stand in no string, with
// their positions.
func outsideStrings(text []byte) iter.Seq2[byte, int] {
	return func(yield func(byte, int) bool) {
		inString := false
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '"':
				inString = !inString
			case inString && c == '\\':
				i++
			case !inString && !yield(c, i):
				return
			}
		}
	}
}

// sortedMembers is what encoding/json makes of a map.
func sortedMembers(body []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // or large numbers would be rounded
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// spaced is compact JSON as Python writes it.
func spaced(compact []byte) []byte {
	out := make([]byte, 0, len(compact)+len(compact)/8)
	from := 0
	for c, i := range outsideStrings(compact) {
		if c == ':' || c == ',' {
			out = append(append(out, compact[from:i+1]...), ' ')
			from = i + 1
		}
	}
	return append(out, compact[from:]...)
}

// escapes are the ways in which encoders write characters that need no escape.
var escapes = []struct {
	words string
	of    func([]byte) []byte
}{
	{"", nil},
	{"with <, > and & escaped", htmlEscaped},
	{"with <, > and & not escaped", htmlUnescaped},
	{"with / escaped", slashEscaped},
	{"with / not escaped", slashUnescaped},
	{"with all but ASCII escaped", asciiEscaped},
	{"with / and all but ASCII escaped", func(b []byte) []byte { return asciiEscaped(slashEscaped(b)) }},
}

// htmlEscaped is as Go and Rails write.
func htmlEscaped(b []byte) []byte {
	var out bytes.Buffer
	json.HTMLEscape(&out, b)
	return out.Bytes()
}

// htmlUnescaped guesses: after a backslash that is escaped itself it is wrong,
// and the MAC will say so. So does slashEscaped.
func htmlUnescaped(b []byte) []byte {
	for _, c := range []byte("<>&") {
		b = bytes.ReplaceAll(b, fmt.Appendf(nil, `\u%04x`, c), []byte{c})
		b = bytes.ReplaceAll(b, fmt.Appendf(nil, `\u%04X`, c), []byte{c})
	}
	return b
}

// slashEscaped is as PHP writes.
func slashEscaped(b []byte) []byte {
	return bytes.ReplaceAll(slashUnescaped(b), []byte(`/`), []byte(`\/`))
}

func slashUnescaped(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte(`\/`), []byte(`/`))
}

// asciiEscaped is as PHP and Python write.
func asciiEscaped(b []byte) []byte {
	const digits = "0123456789abcdef"
	var units [2]uint16
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r < utf8.RuneSelf {
			out = append(out, b[0])
		} else {
			for _, u := range utf16.AppendRune(units[:0], r) {
				out = append(out, '\\', 'u', digits[u>>12], digits[u>>8&15], digits[u>>4&15], digits[u&15])
			}
		}
		b = b[size:]
	}
	return out
}
