package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-playground/validator/v10"
)

// Stamper is a payload that wants to know its delivery before its callback
// runs: when it was received, say, if something in it expires soon after.
type Stamper interface {
	Stamp(d *Delivery)
}

// null is decoded where there is no payload: absent and null are alike.
var null = []byte("null")

// decoder returns the function that makes a payload a *T. Every decode is into
// a new T, and a T is only returned whole.
func decoder[T any](mode Validation) func(*Delivery) (any, error) {
	check := checker(reflect.TypeFor[T](), mode)
	return func(d *Delivery) (any, error) {
		payload := d.Payload
		if payload == nil {
			payload = null
		}
		v := new(T)
		if err := json.Unmarshal(payload, v); err != nil {
			return nil, decodeError(err, reflect.TypeFor[T]())
		}
		if check != nil {
			if err := check(v); err != nil {
				return nil, err
			}
		}
		if s, ok := any(v).(Stamper); ok {
			s.Stamp(d)
		}
		return v, nil
	}
}

// decodeError says where a payload does not fit, and what was wanted there.
// The decoder's own errors quote their input, so they are not wrapped.
func decodeError(err error, t reflect.Type) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if path := knownPath(t, e.Field); path != "" {
			return fmt.Errorf("member %s: a JSON value that does not fit %v", path, e.Type)
		}
		return fmt.Errorf("a JSON value that does not fit %v", e.Type)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("malformed JSON at byte %d of the payload", e.Offset)
	}
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		return fmt.Errorf("a time that is not RFC 3339, in %v", t)
	}
	return fmt.Errorf("a member of %v does not decode", t)
}

// knownPath keeps of a decoder's path what stands in t's own tags: names that
// came with the payload, a map's say, are data.
func knownPath(t reflect.Type, path string) string {
	var known []string
	for name := range strings.SplitSeq(path, ".") {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			break
		}
		f, ok := fieldByName(t, name)
		if !ok {
			break
		}
		known = append(known, name)
		t = f.Type
	}
	return strings.Join(known, ".")
}

func fieldByName(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if jsonName(f) == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// jsonName is the member name of a field.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}

// checker returns what is checked of a decoded *T, or nil for nothing.
func checker(t reflect.Type, mode Validation) func(v any) error {
	if t.Kind() != reflect.Struct || mode == ValidateNone {
		return nil
	}
	if mode == ValidateAll {
		validate(reflect.New(t).Interface()) // a tag with a mistake in it panics here, and not at the first delivery
		return validate
	}
	required := requiredFields(t, nil, "")
	if len(required) == 0 {
		return nil
	}
	return func(v any) error { return checkRequired(v, required) }
}

// requiredField is a field that a callback cannot do without.
type requiredField struct {
	index []int
	name  string
}

// requiredFields collects the fields of t that are tagged validate:"required",
// also in the structs that it holds by value.
func requiredFields(t reflect.Type, index []int, path string) []requiredField {
	var fields []requiredField
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		at := append(index[:len(index):len(index)], i)
		name := path + jsonName(f)
		for rule := range strings.SplitSeq(f.Tag.Get("validate"), ",") {
			if rule == "required" {
				fields = append(fields, requiredField{at, name})
			}
		}
		if f.Type.Kind() == reflect.Struct {
			fields = append(fields, requiredFields(f.Type, at, name+".")...)
		}
	}
	return fields
}

func checkRequired(v any, required []requiredField) error {
	rv := reflect.ValueOf(v).Elem()
	for i := range required {
		if rv.FieldByIndex(required[i].index).IsZero() {
			return fmt.Errorf("member %s is missing or empty", required[i].name)
		}
	}
	return nil
}

// validation is made at its first use: few programs ask for it.
var validation = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(jsonName)
	return v
})

// validate runs every tag. The validator's error holds the values that it
// refuses, so only fields and rules are kept.
func validate(v any) error {
	err := validation().Struct(v)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return errors.New("the payload cannot be validated")
	}
	var b strings.Builder
	for i, e := range broken {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "member %s breaks the rule %q", withoutKeys(e.Namespace()), e.Tag())
	}
	return errors.New(b.String())
}

// withoutKeys empties the brackets of a path: a map's key is data.
func withoutKeys(path string) string {
	var b strings.Builder
	inside := false
	for _, r := range path {
		if r == ']' {
			inside = false
		}
		if !inside {
			b.WriteRune(r)
		}
		if r == '[' {
			inside = true
		}
	}
	return b.String()
}
