package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/internal/jsonscan"
	"github.com/atshooks/atshooks/signature"
)

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

// cost is in bytes hashed; the MAC of nothing costs as much as that of some
// hundred bytes.
func (t signedText) cost() int {
	n := 256
	for _, p := range t.parts {
		n += len(p)
	}
	return n
}
