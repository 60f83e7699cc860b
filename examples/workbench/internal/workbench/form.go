package workbench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonfit"
	"github.com/atshooks/atshooks/internal/vendors"
)

// maxFields bounds the inputs of a form, and the lines of a payload that is
// shown.
const maxFields = 500

// field is one line of a payload: an input of the form, or what holds further
// ones.
type field struct {
	Path    string // of member names and indices, such as candidate.emails[0]
	Name    string // its last part
	Type    string // in Go
	Kind    string // text, number, bool, json, object or list
	Value   string
	Options []string // values that an enum is known to have
	Depth   int
	InList  bool     // an element, which can be removed
	Drift   []string // what is odd about it
}

// fieldsOf lists the members of a payload, as its Go type sees them. payload is
// a pointer to a struct.
func fieldsOf(v *vendors.Vendor, payload any) []field {
	w := &fieldWalk{enums: make(map[reflect.Type][]string)}
	for _, enum := range v.Provider.Enums {
		t := reflect.TypeOf(enum)
		w.enums[t] = append(w.enums[t], fmt.Sprint(enum))
	}
	w.members(reflect.ValueOf(payload).Elem(), "", 0)
	return w.fields
}

type fieldWalk struct {
	enums  map[reflect.Type][]string
	fields []field
}

// members walks the fields of a struct.
func (w *fieldWalk) members(v reflect.Value, path string, depth int) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		name := jsonfit.Name(f)
		if name == "" || name == "-" || !f.IsExported() || f.Anonymous && f.Tag.Get("json") == "" {
			continue
		}
		w.value(v.FieldByIndex(f.Index), join(path, name), name, depth, false)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (w *fieldWalk) value(v reflect.Value, path, name string, depth int, inList bool) {
	if len(w.fields) >= maxFields {
		return
	}
	f := field{Path: path, Name: name, Type: typeName(v.Type()), Depth: depth, InList: inList, Kind: kindOf(v.Type())}
	switch f.Kind {
	case "object", "list":
	case "json":
		f.Value = jsonText(v)
	default:
		f.Value = textOf(v)
		f.Options = w.enums[v.Type()]
	}
	w.fields = append(w.fields, f)
	switch f.Kind {
	case "object":
		w.members(v, path, depth+1)
	case "list":
		for i := range v.Len() {
			index := "[" + strconv.Itoa(i) + "]"
			w.value(v.Index(i), path+index, name+index, depth+1, true)
		}
	}
}

var timeType = reflect.TypeFor[event.Time]()

// kindOf is how a value of a type is edited.
func kindOf(t reflect.Type) string {
	decodesItself := reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
	switch {
	case t == timeType, t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "bool"
	case t.Kind() == reflect.Struct && !decodesItself:
		return "object"
	case t.Kind() == reflect.Slice && !decodesItself && t.Elem().Kind() != reflect.Uint8:
		return "list"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 && !decodesItself:
		return "number"
	}
	return "json"
}

func textOf(v reflect.Value) string {
	if t, ok := reflect.TypeAssert[event.Time](v); ok {
		return t.Text()
	}
	return fmt.Sprint(v.Interface())
}

func jsonText(v reflect.Value) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v.Interface()) != nil {
		return "null"
	}
	return strings.TrimSpace(b.String())
}

func typeName(t reflect.Type) string {
	return strings.ReplaceAll(t.String(), "interface {}", "any")
}

// edit sets the value at a path of a payload, which is a pointer to a struct.
func edit(payload any, path, text string) error {
	v, err := at(reflect.ValueOf(payload).Elem(), path)
	if err != nil {
		return err
	}
	raw := text
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
		return nil
	case v.Type() == timeType:
		if raw = string(encode(text)); text == "" {
			raw = "null"
		}
	case text == "":
		v.SetZero()
		return nil
	}
	fresh := reflect.New(v.Type())
	if err := json.Unmarshal([]byte(raw), fresh.Interface()); err != nil {
		return fmt.Errorf("%s: %q does not fit %s", path, short(text), typeName(v.Type()))
	}
	v.Set(fresh.Elem())
	return nil
}

// grow appends an empty element to the list at path.
func grow(payload any, path string) error {
	v, err := at(reflect.ValueOf(payload).Elem(), path)
	if err != nil {
		return err
	}
	if v.Kind() != reflect.Slice || v.Len() >= maxFields {
		return fmt.Errorf("%s is not a list, or is full", path)
	}
	v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	return nil
}

// shrink removes the element at path from its list.
func shrink(payload any, path string) error {
	cut := strings.LastIndexByte(path, '[')
	if cut < 0 || !strings.HasSuffix(path, "]") {
		return fmt.Errorf("%s is not an element of a list", path)
	}
	i, err := strconv.Atoi(path[cut+1 : len(path)-1])
	if err != nil {
		return fmt.Errorf("%s is not an element of a list", path)
	}
	v, err := at(reflect.ValueOf(payload).Elem(), path[:cut])
	if err != nil {
		return err
	}
	if v.Kind() != reflect.Slice || i < 0 || i >= v.Len() {
		return fmt.Errorf("%s is not an element of a list", path)
	}
	v.Set(reflect.AppendSlice(v.Slice3(0, i, i), v.Slice(i+1, v.Len())))
	return nil
}

// at follows a path through structs and lists.
func at(v reflect.Value, path string) (reflect.Value, error) {
	missing := fmt.Errorf("the payload has no %s", short(path))
	for part := range strings.SplitSeq(strings.ReplaceAll(path, "[", ".["), ".") {
		index, isIndex := strings.CutPrefix(part, "[")
		switch {
		case isIndex && v.Kind() == reflect.Slice:
			i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			if err != nil || i < 0 || i >= v.Len() {
				return v, missing
			}
			v = v.Index(i)
		case !isIndex && v.Kind() == reflect.Struct:
			f, ok := jsonfit.Field(v.Type(), part)
			if !ok || !f.IsExported() {
				return v, missing
			}
			v = v.FieldByIndex(f.Index)
		default:
			return v, missing
		}
	}
	return v, nil
}

// markDrift puts findings of package drift to the fields that they are about,
// and returns the others as lines of their own.
func markDrift(fields []field, drift []string) []field {
	for _, finding := range drift {
		rest, ok := strings.CutPrefix(finding, "member ")
		path, what, found := strings.Cut(rest, ": ")
		if !ok || !found {
			fields = append(fields, field{Kind: "drift", Drift: []string{finding}})
			continue
		}
		i := slices.IndexFunc(fields, func(f field) bool { return f.Path == path })
		if i < 0 {
			fields = append(fields, field{Path: path, Name: path, Kind: "drift", Drift: []string{what}})
			continue
		}
		fields[i].Drift = append(fields[i].Drift, what)
	}
	return fields
}
