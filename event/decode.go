package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/internal/jsondecode"
	"github.com/atshooks/atshooks/internal/jsonfit"
)

// null is decoded where there is no payload and none is needed.
var null = []byte("null")

var errNoPayload = errors.New("it is absent or null")

// decoder returns the function that makes a payload a *T. Every decode is into
// a new T, and a T is only returned whole.
func decoder[T any](h *Handler, typ string) func([]byte) (v any, warning, err error) {
	t := reflect.TypeFor[T]()
	optional := slices.Contains(h.provider.OptionalPayload, typ)
	validate := h.validate
	if validate == nil {
		validate = requiredCheck(t)
	}
	return func(payload []byte) (v any, warning, err error) {
		switch {
		case payload != nil && string(payload) != "null":
		case optional:
			payload = null
		default:
			return nil, nil, errNoPayload
		}
		_, err = recovering("Options.Validate", func() (any, error) {
			p := new(T)
			v = p
			if err := jsondecode.Unmarshal(payload, p); err != nil && h.provider.Lenient {
				*p = *new(T)
				warning, err = decodeLeniently(payload, p, t)
				if err != nil {
					return nil, err
				}
			} else if err != nil {
				return nil, decodeError(payload, t)
			}
			return nil, validate(p)
		})
		return v, warning, err
	}
}

// decodeLeniently decodes what fits into dst, a pointer to a t, and returns a
// warning that names what does not.
func decodeLeniently(payload []byte, dst any, t reflect.Type) (warning, err error) {
	if !json.Valid(payload) { // pruning could make JSON of it
		return nil, decodeError(payload, t)
	}
	fitting, misfits := jsonfit.Prune(payload, t)
	if len(misfits) == 0 || string(fitting) == "null" || jsondecode.Unmarshal(fitting, dst) != nil {
		return nil, decodeError(payload, t)
	}
	return fmt.Errorf("members that do not fit were left out: %s", strings.Join(misfits, "; ")), nil
}

// decodeError says where a payload does not fit, and what was wanted there.
// The decoder's own errors quote their input, and differ from one release of
// Go to the next.
func decodeError(payload []byte, t reflect.Type) error {
	if !json.Valid(payload) {
		return errors.New("malformed JSON")
	}
	if _, misfits := jsonfit.Prune(payload, t); len(misfits) > 0 {
		return errors.New(misfits[0])
	}
	return fmt.Errorf("a member of %v does not decode", t)
}

// requiredCheck returns what is checked of a decoded *T by default: that the
// members tagged validate:"required" are not zero.
func requiredCheck(t reflect.Type) func(v any) error {
	var required []requiredField
	if t.Kind() == reflect.Struct {
		required = requiredFields(t, nil, "")
	}
	return func(v any) error {
		for i := range required {
			if reflect.ValueOf(v).Elem().FieldByIndex(required[i].index).IsZero() {
				return fmt.Errorf("member %s is missing or empty", required[i].name)
			}
		}
		return nil
	}
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
		at := append(slices.Clip(index), i)
		name := path + jsonfit.Name(f)
		if f.Anonymous {
			name = strings.TrimSuffix(path, ".")
		}
		for rule := range strings.SplitSeq(f.Tag.Get("validate"), ",") {
			if rule == "required" {
				fields = append(fields, requiredField{at, name})
			}
		}
		if f.Type.Kind() == reflect.Struct && f.Tag.Get("validate") != "-" {
			if name != "" {
				name += "."
			}
			fields = append(fields, requiredFields(f.Type, at, name)...)
		}
	}
	return fields
}
