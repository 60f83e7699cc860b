// Package jsonfit compares JSON values with the Go types that they decode into:
// what fits, what does not, and how to say so without quoting a value.
package jsonfit

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// described are types whose JSON form is not that of their kind, in words.
var described = map[reflect.Type]string{reflect.TypeFor[time.Time](): "a time"}

// Describe sets the words for the JSON form of a type that decodes itself. It
// is for package initialization.
func Describe(t reflect.Type, words string) { described[t] = words }

// Misfit says that a member has another JSON kind than its field can hold.
func Misfit(path, got string, want reflect.Type) string {
	text := fmt.Sprintf("got %s, want %s", article(got), wanted(want))
	if path == "" {
		return text
	}
	return "member " + path + ": " + text
}

func article(kind string) string {
	switch kind {
	case "null", "true", "false":
		return kind
	case "bool":
		return "true or false"
	case "array", "object":
		return "an " + kind
	}
	return "a " + kind
}

// wanted is the JSON kind that a type decodes from, in words.
func wanted(t reflect.Type) string {
	if words, ok := described[t]; ok {
		return words
	}
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of " + t.Kind().String() + "'s range"
	}
	return "what fits " + t.String()
}

// Field returns the field of a struct that a member decodes into.
func Field(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if Name(f) == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// Name is the member name of a field.
func Name(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}

// Kind is the kind of a JSON value, in the words of package encoding/json.
func Kind(value []byte) string {
	if len(value) == 0 {
		return "nothing"
	}
	switch c := value[0]; {
	case c == '"':
		return "string"
	case c == '{':
		return "object"
	case c == '[':
		return "array"
	case c == 'n':
		return "null"
	case c == 't' || c == 'f':
		return "bool"
	}
	return "number"
}

// Prune returns a JSON value without what a t cannot hold, and what that was, by
// path: member names of t's own and positions in arrays, never names or values
// that came with the payload. It runs only after a payload did not decode.
func Prune(value []byte, t reflect.Type) (fitting []byte, misfits []string) {
	p := pruner{}
	if fitting = p.prune(value, t, ""); fitting == nil {
		fitting = json.RawMessage("null")
	}
	return fitting, p.misfits
}

type pruner struct{ misfits []string }

// prune returns nil for a value of which nothing fits.
func (p *pruner) prune(value []byte, t reflect.Type, path string) []byte {
	if json.Unmarshal(value, reflect.New(t).Interface()) == nil {
		return value
	}
	if !reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		switch kind := Kind(value); {
		case kind == "object" && t.Kind() == reflect.Struct:
			return p.members(value, t, path)
		case kind == "array" && t.Kind() == reflect.Slice:
			return p.elements(value, t.Elem(), path)
		case t.Kind() == reflect.Pointer:
			return p.prune(value, t.Elem(), path)
		}
	}
	p.misfits = append(p.misfits, Misfit(path, Kind(value), t))
	return nil
}

func (p *pruner) members(object []byte, t reflect.Type, path string) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return nil
	}
	if path != "" {
		path += "."
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if f, ok := Field(t, name); ok {
			if members[name] = p.prune(members[name], f.Type, path+name); members[name] == nil {
				delete(members, name)
			}
		}
	}
	return p.encode(members)
}

func (p *pruner) elements(array []byte, t reflect.Type, path string) []byte {
	var elements []json.RawMessage
	if json.Unmarshal(array, &elements) != nil {
		return nil
	}
	for i := range elements {
		elements[i] = p.prune(elements[i], t, path+"["+strconv.Itoa(i)+"]")
	}
	return p.encode(elements)
}

func (p *pruner) encode(v any) []byte {
	b, _ := json.Marshal(v) // raw values that decoded
	return b
}
