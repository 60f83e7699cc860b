// Package jsonscan walks over the members of one JSON object without decoding
// it, in one pass, without recursion or allocation, so that it may read bytes
// that have not been verified yet.
//
// It is strict about the object itself: punctuation, names, strings, numbers and
// literals must be as in RFC 8259. It rejects a name that contains an escape, so
// that no other parser can find a member under a name that this one did not see.
// Of nested arrays and objects it only finds the end, by counting brackets and
// skipping strings; whether they are well formed is for their decoder to find
// out.
package jsonscan

import (
	"bytes"
	"errors"
	"slices"
)

// The errors do not quote the input, which may be personal data.
var (
	ErrNotObject   = errors.New("not a JSON object")
	ErrSyntax      = errors.New("malformed JSON")
	ErrEscapedName = errors.New("a member's name contains an escape")
	ErrMissing     = errors.New("no such member")
	ErrTwice       = errors.New("appears twice")
)

// Find returns the value of the one member of that name, exactly as it stands
// in the object. It scans the whole object, since the name may appear again.
func Find(object []byte, name string) ([]byte, error) {
	var found []byte
	o := Over(object)
	for o.Next() {
		if string(o.Name()) != name {
			continue
		}
		if found != nil {
			return nil, ErrTwice
		}
		found = o.Value()
	}
	if o.Err() != nil {
		return nil, o.Err()
	}
	if found == nil {
		return nil, ErrMissing
	}
	return found, nil
}

// FindLast returns what Find would return if the member of that name is the last
// one, and an object; see [OverTo]. It returns nil if it cannot be.
func FindLast(object []byte, name string) []byte {
	o := OverTo(object, name)
	for o.Next() {
		if o.Unscanned() {
			return o.Value()
		}
		if string(o.Name()) == name {
			return nil
		}
	}
	return nil
}

// Object is a walk over the members of an object, made by [Over]. It is for use
// by one goroutine.
type Object struct {
	b     []byte
	i     int
	name  []byte
	value []byte
	state state
	err   error

	last      string // of OverTo; otherwise empty
	unscanned bool
}

type state uint8

const (
	before state = iota // the opening brace
	inside              // a member was read
	after               // the closing brace, or an error
)

// Over starts a walk over the object that b holds; only white space may surround
// it.
func Over(b []byte) Object { return Object{b: b} }

// OverTo is like Over, but assumes that the member of that name is the last one.
// If its value begins as an object, the value is not scanned: everything up to
// the last brace is taken for it, the walk ends, and [Object.Unscanned] returns
// true. If that value then decodes as one JSON value, the assumption was right,
// because no further member could be a part of it, and Over would have found the
// same. If it does not decode, walk again with Over.
func OverTo(b []byte, last string) Object { return Object{b: b, last: last} }

// Name returns the current member's name, without its quotes.
func (o *Object) Name() []byte { return o.name }

// Value returns the current member's value exactly as it stands in the input. It
// shares the input's memory; appending to it copies.
func (o *Object) Value() []byte { return o.value }

// Unscanned reports whether the current value is everything that was left, as
// described at [OverTo].
func (o *Object) Unscanned() bool { return o.unscanned }

// Err returns the error that ended the walk, if any.
func (o *Object) Err() error { return o.err }

// Next moves to the next member. It returns false at the end and on an error.
func (o *Object) Next() bool {
	if !o.toName() {
		return false
	}
	start := o.i + 1
	if !o.skipName() {
		return false
	}
	o.name = o.b[start : o.i-1]
	o.space()
	if o.at() != ':' {
		return o.fail(ErrSyntax)
	}
	o.i++
	o.space()
	start = o.i
	if o.at() == '{' && o.last != "" && string(o.name) == o.last && o.takeRest() {
		return true
	}
	if !o.skipValue() {
		return o.fail(ErrSyntax)
	}
	o.value = o.b[start:o.i:o.i]
	return true
}

// takeRest takes everything up to the last brace as the value.
func (o *Object) takeRest() bool {
	rest, closed := bytes.CutSuffix(trimSpace(o.b[o.i:]), []byte{'}'})
	rest = trimSpace(rest)
	if !closed || len(rest) == 0 {
		return false
	}
	o.state, o.value, o.unscanned = after, slices.Clip(rest), true
	return true
}

// trimSpace cuts white space off the end.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// toName moves to the next member's name, or consumes the end of the object.
func (o *Object) toName() bool {
	o.space()
	c := o.at()
	switch {
	case o.state == after:
		return false
	case o.state == before && c != '{':
		return o.fail(ErrNotObject)
	case o.state == inside && c == '}':
		return o.end()
	case o.state == inside && c != ',':
		return o.fail(ErrSyntax)
	}
	o.i++
	o.space()
	if o.state == before && o.at() == '}' {
		return o.end()
	}
	o.state = inside
	return true
}

// end consumes the closing brace, which only white space may follow. It returns
// false, since there is no further member.
func (o *Object) end() bool {
	o.i++
	o.space()
	if o.i != len(o.b) {
		return o.fail(ErrSyntax)
	}
	o.state, o.name, o.value = after, nil, nil
	return false
}

func (o *Object) fail(err error) bool {
	o.state, o.name, o.value, o.err = after, nil, nil, err
	return false
}

// at returns the byte at the cursor, or 0 at the end: no token starts with it.
func (o *Object) at() byte {
	if o.i < len(o.b) {
		return o.b[o.i]
	}
	return 0
}

func (o *Object) space() {
	for o.i < len(o.b) && isSpace(o.b[o.i]) {
		o.i++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// skipName consumes a string without escapes.
func (o *Object) skipName() bool {
	if o.at() != '"' {
		return o.fail(ErrSyntax)
	}
	for o.i++; o.i < len(o.b); o.i++ {
		switch c := o.b[o.i]; {
		case c == '"':
			o.i++
			return true
		case c == '\\':
			return o.fail(ErrEscapedName)
		case c < ' ':
			return o.fail(ErrSyntax)
		}
	}
	return o.fail(ErrSyntax)
}

func (o *Object) skipValue() bool {
	switch c := o.at(); c {
	case '{', '[':
		return o.skipNested()
	case '"':
		return o.skipString()
	case 't':
		return o.skipLiteral("true")
	case 'f':
		return o.skipLiteral("false")
	case 'n':
		return o.skipLiteral("null")
	default:
		return o.skipNumber()
	}
}

// structural and quoting are the bytes at which skipNested stops outside and
// inside strings: one look-up skips any other.
var (
	structural = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true}
	quoting    = [256]bool{'"': true, '\\': true}
)

// skipNested consumes an array or object by counting brackets outside strings.
func (o *Object) skipNested() bool {
	depth := 0
	b := o.b
	for i := o.i; i < len(b); i++ {
		if !structural[b[i]] {
			continue
		}
		switch b[i] {
		case '"':
			for i++; i < len(b); i++ {
				if !quoting[b[i]] {
					continue
				}
				if b[i] == '"' {
					break
				}
				i++
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				o.i = i + 1
				return true
			}
		}
	}
	return false
}

// skipString consumes a string and checks its escapes.
func (o *Object) skipString() bool {
	for o.i++; o.i < len(o.b); o.i++ {
		switch c := o.b[o.i]; {
		case c == '"':
			o.i++
			return true
		case c == '\\':
			if !o.skipEscape() {
				return false
			}
		case c < ' ':
			return false
		}
	}
	return false
}

// skipEscape consumes a backslash and its escape, except for the last byte.
func (o *Object) skipEscape() bool {
	o.i++
	switch o.at() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			o.i++
			if !isHex(o.at()) {
				return false
			}
		}
		return true
	}
	return false
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (o *Object) skipLiteral(word string) bool {
	if len(o.b)-o.i < len(word) || string(o.b[o.i:o.i+len(word)]) != word {
		return false
	}
	o.i += len(word)
	return true
}

func (o *Object) skipNumber() bool {
	if o.at() == '-' {
		o.i++
	}
	if o.at() == '0' {
		o.i++
	} else if !o.skipDigits() {
		return false
	}
	if o.at() == '.' {
		o.i++
		if !o.skipDigits() {
			return false
		}
	}
	if c := o.at(); c == 'e' || c == 'E' {
		o.i++
		if c := o.at(); c == '+' || c == '-' {
			o.i++
		}
		return o.skipDigits()
	}
	return true
}

// skipDigits consumes one or more digits.
func (o *Object) skipDigits() bool {
	start := o.i
	for isDigit(o.at()) {
		o.i++
	}
	return o.i > start
}
