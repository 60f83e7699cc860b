package diagnose

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deeply nested a body is that is indented: further down, lines
// have more spaces than text.
const maxDepth = 32

// variants are other texts for the same body: what the sender may have signed if
// something on the way has trimmed the body, or decoded and encoded it. The
// words complete "the body".
func variants(body []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
		unix := bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
		isJSON := json.Valid(trimmed)
		if raw, err := base64.StdEncoding.AppendDecode(nil, trimmed); err == nil && !isJSON && !yield("decoded from base64, in which API Gateway and others pass bodies on", raw) ||
			!yield("without the white space at its ends", trimmed) ||
			!yield("with a newline at its end", withNewline(trimmed)) ||
			!yield("with line feeds for its line breaks", unix) ||
			!yield("with a carriage return in each of its line breaks", bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))) ||
			!isJSON {
			return
		}
		for _, l := range layouts(trimmed) {
			for _, e := range escapes {
				text := e.apply(l.text)
				if e.words != "" && bytes.Equal(text, l.text) {
					continue // there is nothing to escape
				}
				if !yield(l.words+e.words, text) || !yield(l.words+e.words+" and with a newline at its end", withNewline(text)) {
					return
				}
			}
		}
	}
}

func withNewline(b []byte) []byte { return append(slices.Clip(b), '\n') }

type layout struct {
	words string
	text  []byte
}

// layouts are the usual ways to set the white space of valid JSON, and to sort
// its members. No character in them is escaped that need not be.
func layouts(body []byte) []layout {
	if plain := unescape.Replace(string(body)); json.Valid([]byte(plain)) {
		body = []byte(plain)
	}
	var compact, indented bytes.Buffer
	_ = json.Compact(&compact, body) // valid, like all that follows
	spaced, depth := spaced(compact.Bytes())
	all := []layout{{"written compactly", compact.Bytes()}, {"with a space after each colon and comma", spaced}}
	if depth <= maxDepth {
		_ = json.Indent(&indented, compact.Bytes(), "", "  ")
		all = append(all, layout{"indented by two spaces", indented.Bytes()})
	}
	return append(all, layout{"with its members sorted", sortedMembers(body)})
}

// unescape undoes the escapes below. It is wrong after a backslash that is
// escaped itself.
var unescape = strings.NewReplacer(`\/`, `/`, `\u003c`, `<`, `\u003C`, `<`, `\u003e`, `>`, `\u003E`, `>`, `\u0026`, `&`)

// spaced is compact JSON as Python writes it; depth is how deeply it is nested.
func spaced(compact []byte) (out []byte, depth int) {
	open, inString := 0, false
	for i := 0; i < len(compact); i++ {
		c := compact[i]
		out = append(out, c)
		switch {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++
			out = append(out, compact[i])
		case inString:
		case c == ':' || c == ',':
			out = append(out, ' ')
		case c == '{' || c == '[':
			open++
			depth = max(depth, open)
		case c == '}' || c == ']':
			open--
		}
	}
	return out, depth
}

// sortedMembers is what encoding/json makes of a map.
func sortedMembers(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // or large numbers would be rounded
	var v any
	_ = d.Decode(&v)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return bytes.TrimSpace(b.Bytes())
}

// escapes are the characters that encoders escape without need.
var escapes = []struct {
	words string
	apply func([]byte) []byte
}{
	{"", func(b []byte) []byte { return b }},
	{" with <, > and & escaped", escapeHTML},        // Go, Rails
	{" with all but ASCII escaped", escapeNonASCII}, // Python
	{" with / escaped", escapeSlash},                // PHP
	{" with / and all but ASCII escaped", func(b []byte) []byte { return escapeNonASCII(escapeSlash(b)) }}, // PHP
}

func escapeHTML(b []byte) []byte {
	var out bytes.Buffer
	json.HTMLEscape(&out, b)
	return out.Bytes()
}

func escapeSlash(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`/`), []byte(`\/`)) }

func escapeNonASCII(b []byte) []byte {
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
