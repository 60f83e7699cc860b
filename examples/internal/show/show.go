// Package show makes what strangers send fit to be looked at.
package show

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
)

// maxIndent is how deeply nested a body is indented: deep down, each line is
// indented by more than it holds.
const maxIndent = 64

// Printable escapes what would do something to a terminal or a page: control
// characters, invisible ones, and those that change the direction of text.
func Printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// Cut returns at most limit bytes of text, and whether that is less than all.
func Cut(text []byte, limit int) (string, bool) {
	if len(text) <= limit {
		return string(text), false
	}
	return strings.ToValidUTF8(string(text[:limit]), ""), true
}

// Indent returns JSON indented. It reports false for what is not JSON, or is
// nested too deeply to be indented.
func Indent(body []byte) ([]byte, bool) {
	if depth(body) > maxIndent || !json.Valid(body) {
		return nil, false
	}
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(body), "", "  ") != nil {
		return nil, false
	}
	return b.Bytes(), true
}

// depth is how deeply JSON is nested.
func depth(text []byte) int {
	now, deepest, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
