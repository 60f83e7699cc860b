package event

import (
	"encoding/json"
	"errors"
	"reflect"
	"unicode/utf8"

	"github.com/atshooks/atshooks/internal/jsonfit"
)

// ID is an identifier that a provider sends as a JSON string or a JSON number. It
// keeps the text: 42 and "42" are both ID("42"). null and an absent member are "".
// An ID encodes as a string, and "" as null.
type ID string

// errOtherKind does not quote what it rejects: it may be personal data.
var errOtherKind = errors.New("event: neither a JSON string nor a JSON number")

// UnmarshalJSON accepts a string, a number and null.
func (id *ID) UnmarshalJSON(b []byte) error {
	switch jsonfit.Kind(b) {
	case "null":
		return nil
	case "string":
		*id = ID(unquote(b))
		return nil
	case "number":
		*id = ID(b)
		return nil
	}
	return errOtherKind
}

// unquote returns the text of a JSON string that a decoder has found to be one.
// Most have no escapes.
func unquote(b []byte) (s string) {
	for _, c := range b[1 : len(b)-1] {
		if c == '\\' || c >= utf8.RuneSelf {
			_ = json.Unmarshal(b, &s)
			return s
		}
	}
	return string(b[1 : len(b)-1])
}

// MarshalJSON writes a string, or null for "".
func (id ID) MarshalJSON() ([]byte, error) {
	if id == "" {
		return null, nil
	}
	return json.Marshal(string(id))
}

// How errors name what an ID and a Time decode from.
func init() {
	jsonfit.Describe(reflect.TypeFor[ID](), "a string or a number")
	jsonfit.Describe(reflect.TypeFor[Time](), "a time")
}
