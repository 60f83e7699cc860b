package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/atshooks/atshooks/internal/jsonscan"
)

// maxName bounds the types and ids that are taken from a body, in bytes: they
// become map keys, log attributes and metric labels.
const maxName = 256

// maxWanted bounds the names of an envelope: the bits of a word tell which were seen.
const maxWanted = 64

// What can be wrong with an envelope. The texts name members, never values.
var (
	errNoType     = errors.New("no member has the event type as plain text")
	errOtherCase  = errors.New("its name appears in another case, which other parsers would take for the same")
	errNoEndpoint = errors.New("the last segment of the URL's path must be the event type; for a URL of your own, mount Handler.Endpoint")
)

// slot is the use of a wanted member.
type slot uint8

const (
	slotType slot = iota
	slotID
	slotOccurredAt
	slotPayload
	slots
)

// fits reports whether a value can have the slot's use, so that a member of
// another kind does not stand in the way of an alternative.
func (s slot) fits(value []byte) bool {
	switch s {
	case slotType:
		return value[0] == '"'
	case slotPayload:
		return string(value) != "null"
	}
	return value[0] == '"' || value[0] == '-' || '0' <= value[0] && value[0] <= '9'
}

// wanted is one member name that the envelope looks for.
type wanted struct {
	name string
	slot slot
}

// envelope is an [Envelope] made ready: its names in one list, the preferred
// ones of each slot first.
type envelope struct {
	Envelope
	wanted []wanted
	signed string // the member that is signed, if it is not the whole body
}

func newEnvelope(p *Provider) envelope {
	e := p.Envelope
	c := envelope{Envelope: e, signed: p.Scheme.Member}
	for s, names := range [slots][]string{e.Type, e.ID, e.OccurredAt, e.Payload} {
		for _, n := range names {
			c.wanted = append(c.wanted, wanted{n, slot(s)})
		}
	}
	return c
}

// members are the raw values that one scan found, nil where there was none.
// They share the body's memory.
type members [slots][]byte

// read scans the body once. No wanted name may appear twice, so that no other
// parser can have read another value under it.
func (e *envelope) read(body []byte) (members, error) {
	o := jsonscan.Over(body)
	m, err := e.collect(&o)
	if err != nil {
		return members{}, err
	}
	if len(e.Payload) == 0 {
		m[slotPayload] = body
	}
	return m, nil
}

// readToPayload reads a body up to its payload, and takes what is left for
// that. It is false for bodies of any other form. If the payload decodes, read
// would have found the same; if not, nothing is known. See [jsonscan.OverTo].
func (e *envelope) readToPayload(body []byte, m *members) bool {
	if len(e.Payload) == 0 {
		return false
	}
	o := jsonscan.OverTo(body, e.Payload[0])
	var err error
	*m, err = e.collect(&o)
	return err == nil && o.Unscanned()
}

// collect picks the wanted members.
func (e *envelope) collect(o *jsonscan.Object) (members, error) {
	var m members
	var rank [slots]int
	var seen uint64
	for o.Next() {
		for i := range e.wanted {
			w := &e.wanted[i]
			if string(o.Name()) != w.name {
				// Where the body is the payload, its decoder may ignore case.
				// Where one member is signed, the sender may have added another.
				if (len(e.Payload) == 0 || w.name == e.signed) && bytes.EqualFold(o.Name(), []byte(w.name)) {
					return members{}, fmt.Errorf("member %q: %w", w.name, errOtherCase)
				}
				continue
			}
			if seen&(1<<i) != 0 {
				return members{}, fmt.Errorf("member %q: %w", w.name, jsonscan.ErrTwice)
			}
			seen |= 1 << i
			if w.slot.fits(o.Value()) && (m[w.slot] == nil || i < rank[w.slot]) {
				m[w.slot], rank[w.slot] = o.Value(), i
			}
		}
	}
	return m, o.Err()
}

// plainText is the text of a JSON string that is fit to be a name: valid
// UTF-8 without control characters, neither empty nor endless. It shares raw's
// memory where the string has no escapes, and is nil if raw is anything else.
func plainText(raw []byte) []byte {
	if len(raw) < 3 || raw[0] != '"' {
		return nil
	}
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var s string
		// A lone surrogate becomes U+FFFD: two ids could then be one.
		if len(text) > 6*maxName || json.Unmarshal(raw, &s) != nil || strings.ContainsRune(s, utf8.RuneError) {
			return nil
		}
		text = []byte(s)
	}
	if !isName(text) {
		return nil
	}
	return text
}

// plainID is plainText, or the digits of a JSON number as they stand.
func plainID(raw []byte) []byte {
	if len(raw) > 0 && len(raw) <= maxName && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9') {
		return raw
	}
	return plainText(raw)
}

// isName reports whether text is fit to be a map key, a log attribute and a
// metric's label.
func isName[T string | []byte](text T) bool {
	if len(text) == 0 || len(text) > maxName {
		return false
	}
	ascii := true
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c == 0x7f {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(string(text)) && strings.IndexFunc(string(text), unicode.IsControl) < 0
}
