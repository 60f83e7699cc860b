// Package schematest holds payload types against JSON Schemas: it makes payloads
// of a schema and finds what a type loses of them, and lists the members and the
// values of enums of both. [Payloads] does so for all payloads of a provider.
package schematest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Schema is the part of JSON Schema that tables of vendors' members need, with
// OpenAPI's nullable. Without type, properties and anyOf, it is any JSON value.
// Which members are required does not matter here: each may be missing.
type Schema struct {
	Ref        string             `json:"$ref"` // of another schema, which takes its place
	Type       Types              `json:"type"`
	Format     string             `json:"format"` // of a string: date-time, date, email or uri
	Enum       []string           `json:"enum"`   // of a string
	Properties map[string]*Schema `json:"properties"`
	Items      *Schema            `json:"items"`
	AnyOf      []*Schema          `json:"anyOf"`
	Nullable   bool               `json:"nullable"`
}

// Types are the JSON kinds that a value may have. In a schema they are a list,
// or one alone.
type Types []string

// UnmarshalJSON accepts a list of strings, and a string.
func (t *Types) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*t = make(Types, 1)
		return json.Unmarshal(b, &(*t)[0])
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// Lost decodes payloads of the schema into new values of payload's type, encodes
// these again, and returns what is lost on the way, each loss once. The first
// payload has all members; each further one differs from it in one place: a member
// is absent, null, or another of the values that it may have; a list is empty; an
// object has no members, or all of them are null. What is null or empty may come
// back absent, null or empty, and a number as its text.
func Lost(s *Schema, payload any) []string {
	var lost []string
	reported := map[string]bool{}
	for _, v := range s.variants("") {
		if v.value == nil {
			continue // there is no payload
		}
		for _, loss := range lostOf(encode(v.value), reflect.New(reflect.TypeOf(payload)).Interface()) {
			if !reported[loss] {
				reported[loss] = true
				lost = append(lost, fmt.Sprintf("with %s: %s", v.what, loss))
			}
		}
	}
	return lost
}

// lostOf is what of sent is lost in p, a pointer to a new value.
func lostOf(sent []byte, p any) []string {
	if err := json.Unmarshal(sent, p); err != nil {
		return []string{fmt.Sprintf("does not decode: %v", err)}
	}
	back, err := json.Marshal(p)
	if err != nil {
		return []string{fmt.Sprintf("does not encode: %v", err)}
	}
	return compare("", decode(sent), decode(back))
}

// variant is one value of a schema, and what is special about it.
type variant struct {
	what  string
	value any
}

// variants are values of the schema, the first one with every member.
func (s *Schema) variants(path string) []variant {
	var all []variant
	add := func(what string, value any) {
		all = append(all, variant{strings.TrimSpace(path + " " + what), value})
	}
	for _, other := range s.AnyOf {
		all = append(all, other.variants(path)...)
	}
	types := s.Type
	if len(types) == 0 && len(s.AnyOf) == 0 {
		types = Types{"object", "array", "string", "number", "boolean"}
	}
	for _, t := range types {
		switch t {
		case "object":
			all = append(all, s.objects(path)...)
		case "array":
			items := s.Items
			if items == nil {
				items = &Schema{Type: Types{"string", "number"}}
			}
			for _, v := range items.variants(path + "[]") {
				add("with an element: "+v.what, []any{v.value, v.value})
			}
			add("empty", []any{})
		case "string":
			for _, text := range s.texts(path) {
				add(fmt.Sprintf("%q", text), text)
			}
		case "integer":
			add("1800", json.Number("1800"))
		case "number":
			for _, n := range []json.Number{"14.509", "1800", "9007199254740993"} {
				add(n.String(), n)
			}
		case "boolean":
			add("true", true)
			add("false", false)
		}
	}
	add("null", nil)
	return all
}

// objects are the variants of an object. One whose members are not known gets
// some.
func (s *Schema) objects(path string) []variant {
	properties := s.Properties
	if properties == nil {
		properties = map[string]*Schema{
			"Any name":     {Type: Types{"string"}},
			"another":      {Type: Types{"number"}},
			"a third <ü>.": {Type: Types{"array"}},
		}
	}
	names := slices.Sorted(maps.Keys(properties))
	variants := map[string][]variant{}
	full, nulls := map[string]any{}, map[string]any{}
	for _, name := range names {
		variants[name] = properties[name].variants(under(path, name))
		full[name], nulls[name] = variants[name][0].value, nil
	}
	all := []variant{{strings.TrimSpace(path + " complete"), full}}
	for _, name := range names {
		object := maps.Clone(full)
		delete(object, name)
		all = append(all, variant{under(path, name) + " absent", object})
		for _, v := range variants[name][1:] {
			object := maps.Clone(full)
			object[name] = v.value
			all = append(all, variant{v.what, object})
		}
	}
	return append(all,
		variant{strings.TrimSpace(path + " without members"), map[string]any{}},
		variant{strings.TrimSpace(path + " with all members null"), nulls})
}

// texts are strings of the schema, different for each path. Times are among them
// that are not times, since vendors were seen to write anything.
func (s *Schema) texts(path string) []string {
	switch {
	case s.Enum != nil:
		return append(slices.Clone(s.Enum), "A value that came later")
	case s.Format == "date-time":
		return []string{"2026-11-21T10:20:30.400Z", "2026-11-21T10:20:30Z", "2026-11-21T10:20:30+0000", "soon"}
	case s.Format == "date":
		return []string{"2026-11-21", "soon"}
	case s.Format == "email":
		return []string{"someone@example.com"}
	case s.Format == "uri":
		return []string{"https://example.com/?of=" + path}
	}
	return []string{"text of " + path, "<a & b> \"ü\" \\ \n"}
}

// compare returns where back says less than sent, or anything else.
func compare(path string, sent, back any) []string {
	if empty(sent) && empty(back) {
		return nil
	}
	switch s := sent.(type) {
	case map[string]any:
		b, _ := back.(map[string]any)
		names := maps.Clone(s)
		maps.Copy(names, b)
		var lost []string
		for _, name := range slices.Sorted(maps.Keys(names)) {
			lost = append(lost, compare(under(path, name), s[name], b[name])...)
		}
		return lost
	case []any:
		b, _ := back.([]any)
		if len(s) != len(b) {
			break
		}
		var lost []string
		for i := range s {
			lost = append(lost, compare(fmt.Sprintf("%s[%d]", path, i), s[i], b[i])...)
		}
		return lost
	case json.Number:
		if back == s || back == s.String() {
			return nil
		}
	default:
		if sent == back {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s was %s and came back as %s", path, encode(sent), encode(back))}
}

// empty reports whether a value says no more than an absent member.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, m := range v {
			if !empty(m) {
				return false
			}
		}
	default:
		return false
	}
	return true
}

// Members are the schema's members by their paths: names with dots between them,
// and [] for the elements of a list. The value is the format that package validate
// can check, email or uri, and "" for any other.
func (s *Schema) Members() map[string]string {
	all := map[string]string{}
	s.members("", all)
	return all
}

func (s *Schema) members(path string, all map[string]string) {
	for name, p := range s.Properties {
		all[under(path, name)] = ""
		if p.Format == "email" || p.Format == "uri" {
			all[under(path, name)] = p.Format
		}
		p.members(under(path, name), all)
	}
	if s.Items != nil {
		s.Items.members(path+"[]", all)
	}
}

// MembersOf are the members that a Go type models, as [Schema.Members] has them.
// In a type with an UnmarshalJSON of its own, fields without a tag are none.
func MembersOf(t reflect.Type) map[string]string {
	all := map[string]string{}
	membersOf(t, "", all)
	return all
}

func membersOf(t reflect.Type, path string, all map[string]string) {
	decodesItself := reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
	switch {
	case t.Kind() == reflect.Slice && !decodesItself:
		membersOf(t.Elem(), path+"[]", all)
	case t.Kind() == reflect.Struct:
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous:
				membersOf(f.Type, path, all)
			case f.IsExported() && name != "-" && !(decodesItself && name == ""):
				all[under(path, name)] = format(f)
				membersOf(f.Type, under(path, name), all)
			}
		}
	}
}

// format is the format of a schema that a field's validate tag checks.
func format(f reflect.StructField) string {
	for rule := range strings.SplitSeq(f.Tag.Get("validate"), ",") {
		switch rule {
		case "email":
			return "email"
		case "url":
			return "uri"
		}
	}
	return ""
}

// MembersIn are the paths of the members of a JSON value, as [Schema.Members]
// has them, sorted.
func MembersIn(value any) []string {
	var all []string
	membersIn(value, "", &all)
	slices.Sort(all)
	return slices.Compact(all)
}

func membersIn(value any, path string, all *[]string) {
	switch v := value.(type) {
	case map[string]any:
		for name, m := range v {
			*all = append(*all, under(path, name))
			membersIn(m, under(path, name), all)
		}
	case []any:
		for _, e := range v {
			membersIn(e, path+"[]", all)
		}
	}
}

// Enums adds the values of the schema's enums to values, by the name of the Go
// type in t that they decode into.
func (s *Schema) Enums(t reflect.Type, values map[string][]string) {
	switch {
	case s.Enum != nil:
		values[t.Name()] = append(values[t.Name()], s.Enum...)
	case s.Items != nil && t.Kind() == reflect.Slice:
		s.Items.Enums(t.Elem(), values)
	case t.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if p := s.Properties[name]; p != nil {
				p.Enums(f.Type, values)
			}
		}
	}
}

// Constants are the values of a Go file's string constants by the name of their
// type, "" if they have none, in their order.
func Constants(file string) (map[string][]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	values := map[string][]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return false
		case *ast.GenDecl:
			return n.Tok == token.CONST
		case *ast.ValueSpec:
			name := ""
			if typ, ok := n.Type.(*ast.Ident); ok {
				name = typ.Name
			}
			for _, value := range n.Values {
				if lit, ok := value.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value) // the parser has accepted it
					values[name] = append(values[name], text)
				}
			}
		}
		return true
	})
	return values, nil
}

func under(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// decode reads JSON that package encoding/json has made.
func decode(b []byte) any {
	v, err := parse(b)
	if err != nil {
		panic("schematest: " + err.Error())
	}
	return v
}

func parse(b []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("schematest: " + err.Error())
	}
	return b
}
