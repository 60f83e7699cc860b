// Package jsonfields decodes an object into a struct one member at a time, for
// payload types that keep the members that have no field, or do not fit it.
//
// Unlike encoding/json it matches names exactly, and it does not validate what
// was validated to get there: it is for the UnmarshalJSON methods of such types.
package jsonfields

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/atshooks/atshooks/internal/jsonscan"
)

// Extra has what a struct has no field for, by the members' names.
type Extra = map[string]json.RawMessage

// Unmarshal decodes an object into the struct that dst points to. Members that
// have no field, or do not fit it, go to extra, which must be a field of the
// struct. null changes nothing.
func Unmarshal(object []byte, dst any, extra *Extra) error {
	if string(object) == "null" {
		return nil
	}
	s := Of(dst)
	s.v.SetZero()
	return Each(object, func(name, value []byte) {
		switch {
		case s.Set(name, value):
			delete(*extra, string(name)) // of an earlier member with the same name
			return
		case *extra == nil:
			*extra = make(Extra)
		}
		(*extra)[string(name)] = bytes.Clone(value)
	})
}

// Marshal encodes the struct that src points to, and extra after its fields. The
// struct's own MarshalJSON is not called.
func Marshal(src any, extra Extra) ([]byte, error) {
	s := Of(src)
	object, err := json.Marshal(s.v.Convert(s.plain).Interface())
	if err != nil || len(extra) == 0 {
		return object, err
	}
	more, err := json.Marshal(extra)
	if err != nil || string(object) == "{}" {
		return more, err
	}
	object[len(object)-1] = ','
	return append(object, more[1:]...), nil
}

// Each calls f for the members of an object. Name and value share the object's
// memory. null has no members.
func Each(object []byte, f func(name, value []byte)) error {
	o := jsonscan.Over(object)
	for o.Next() {
		f(o.Name(), o.Value())
	}
	if o.Err() == nil {
		return nil
	}
	// An escape in a name, or not an object. What f has seen it sees again.
	var members Extra
	err := json.Unmarshal(object, &members)
	for name, value := range members {
		f([]byte(name), value)
	}
	return err
}

// Struct is a struct that members are decoded into.
type Struct struct {
	v reflect.Value
	*layout
}

// layout is what is known of a type.
type layout struct {
	fields map[string]field
	plain  reflect.Type // the same struct without methods
}

type field struct {
	index int
	kind  kind
}

// kind tells how a field is decoded.
type kind uint8

const (
	other kind = iota
	unmarshaler
	text
)

// Of returns the struct that dst points to. All its fields must be exported;
// those with a json tag have members.
func Of(dst any) Struct {
	v := reflect.ValueOf(dst).Elem()
	l, ok := layouts.Load(v.Type())
	if !ok {
		l, _ = layouts.LoadOrStore(v.Type(), newLayout(v.Type()))
	}
	return Struct{v, l.(*layout)}
}

var layouts sync.Map // *layout by reflect.Type

func newLayout(t reflect.Type) *layout {
	all := reflect.VisibleFields(t)
	fields := make(map[string]field, len(all))
	for i, f := range all {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = field{i, kindOf(f.Type)}
		}
	}
	return &layout{fields, reflect.StructOf(all)}
}

func kindOf(t reflect.Type) kind {
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return unmarshaler
	case t.Kind() == reflect.String && t != reflect.TypeFor[json.Number]():
		return text
	}
	return other
}

// Set decodes a member's value into its field, and reports whether there is one
// that it fits. A value that does not fit makes the field zero; null leaves it
// as it is.
func (s Struct) Set(name, value []byte) bool {
	f, ok := s.fields[string(name)]
	if !ok || string(value) == "null" {
		return ok
	}
	v := s.v.Field(f.index)
	if f.set(v, value) != nil {
		v.SetZero()
		return false
	}
	return true
}

func (f field) set(v reflect.Value, value []byte) error {
	switch f.kind {
	case unmarshaler:
		return v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(value)
	case text:
		if s, ok := plainText(value); ok {
			v.SetString(s)
			return nil
		}
	}
	return json.Unmarshal(value, v.Addr().Interface())
}

// plainText returns the text of a string whose characters stand for themselves.
func plainText(value []byte) (string, bool) {
	if value[0] != '"' {
		return "", false
	}
	text := value[1 : len(value)-1]
	for _, c := range text {
		if c == '\\' || c >= utf8.RuneSelf {
			return "", false
		}
	}
	return string(text), true
}

// Field returns a pointer to the field of a member, or nil if there is none.
func (s Struct) Field(name string) any {
	f, ok := s.fields[name]
	if !ok {
		return nil
	}
	return s.v.Field(f.index).Addr().Interface()
}

// IsZero reports whether the field of a member is zero, or there is none.
func (s Struct) IsZero(name string) bool {
	f, ok := s.fields[name]
	return !ok || s.v.Field(f.index).IsZero()
}
