package schematest_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/internal/schematest"
)

const everyForm = `{"type": "object", "properties": {
	"id":    {"type": ["string", "number"]},
	"name":  {"type": "string", "nullable": true},
	"state": {"type": "string", "enum": ["A", "B"]},
	"at":    {"type": "string", "format": "date-time"},
	"count": {"type": "integer"},
	"flag":  {"type": "boolean"},
	"site":  {"type": "object", "properties": {"url": {"type": "string", "format": "uri"}}},
	"tags":  {"type": "array", "items": {"type": "object", "properties": {"label": {"type": "string"}}}},
	"entry": {"anyOf": [{"type": "string"}, {"type": "array"}]},
	"rest":  {"type": "object"},
	"any":   {}
}}`

func parse(t *testing.T, schema string) *schematest.Schema {
	t.Helper()
	s := new(schematest.Schema)
	if err := json.Unmarshal([]byte(schema), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// everything loses nothing.
type everything struct {
	ID    json.RawMessage `json:"id"`
	Name  *string         `json:"name"`
	State string          `json:"state,omitempty"`
	inner
	Tags  []tag                      `json:"tags,omitzero"`
	Entry json.RawMessage            `json:"entry"`
	Rest  map[string]json.RawMessage `json:"rest"`
	Any   json.RawMessage            `json:"any"`
	None  string                     `json:"-"`
}

type inner struct {
	At    string  `json:"at"`
	Count float64 `json:"count"`
	Flag  bool    `json:"flag"`
	Site  site    `json:"site,omitzero"`
}

type tag struct {
	Label string `json:"label"`
}

type site struct {
	URL string `json:"url,omitzero" validate:"omitempty,url"`
}

func TestATypeThatHasEverythingLosesNothing(t *testing.T) {
	if lost := schematest.Lost(parse(t, everyForm), everything{}); lost != nil {
		t.Errorf("lost:\n%s", strings.Join(lost, "\n"))
	}
}

// Types that lose something.
type (
	seconds string            // of a time
	closed  string            // knows two values
	unset   string            // writes something for null
	last    []json.RawMessage // keeps one element
	broken  struct{}          // does not encode
)

func (s *seconds) UnmarshalJSON(b []byte) error {
	err := json.Unmarshal(b, (*string)(s))
	before, _, _ := strings.Cut(string(*s), ".")
	*s = seconds(before)
	return err
}

func (c *closed) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, (*string)(c)); err != nil || len(*c) > 1 {
		return errors.New("unknown")
	}
	return nil
}

func (unset) MarshalJSON() ([]byte, error) { return []byte(`"unset"`), nil }

func (l *last) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, (*[]json.RawMessage)(l)); err != nil || len(*l) == 0 {
		return err
	}
	*l = (*l)[len(*l)-1:]
	return nil
}

func (*broken) UnmarshalJSON([]byte) error  { return nil }
func (broken) MarshalJSON() ([]byte, error) { return nil, errors.New("broken") }

func TestLossesAreFound(t *testing.T) {
	for _, test := range []struct {
		name, member string // in an object of this one member
		payload      any
		want         []string
	}{
		{"a member that is not modelled", `"name": {"type": "string"}`, struct{}{}, []string{
			`with complete: name was "text of name" and came back as null`,
			`with name "<a & b> \"ü\" \\ \n": name was "\u003ca \u0026 b\u003e \"ü\" \\ \n" and came back as null`,
		}},
		{"a member of a part that is not modelled", `"site": {"type": "object", "properties": {"url": {"type": "string", "format": "uri"}}}`,
			struct {
				Site struct{} `json:"site"`
			}{}, []string{`with complete: site.url was "https://example.com/?of=site.url" and came back as null`}},
		{"a time that loses its fraction", `"at": {"type": "string", "format": "date-time"}`, struct {
			At seconds `json:"at"`
		}{}, []string{`with complete: at was "2026-11-21T10:20:30.400Z" and came back as "2026-11-21T10:20:30"`}},
		{"a value that came later", `"state": {"type": "string", "enum": ["A"]}`, struct {
			State closed `json:"state"`
		}{}, []string{`with state "A value that came later": does not decode`}},
		{"another kind", `"id": {"type": ["string", "integer"]}`, struct {
			ID string `json:"id"`
		}{}, []string{`with id 1800: does not decode`}},
		{"null and absent", `"name": {"type": "string", "format": "email"}`, struct {
			Name unset `json:"name"`
		}{}, []string{
			`with complete: name was "someone@example.com" and came back as "unset"`,
			`with name absent: name was null and came back as "unset"`,
		}},
		{"an element of a list", `"tags": {"type": "array", "items": {"type": "boolean"}}`, struct {
			Tags last `json:"tags"`
		}{}, []string{`with complete: tags was [true,true] and came back as [true]`, `with tags with an element: tags[] false: tags was [false,false] and came back as [false]`,
			`with tags with an element: tags[] null: tags was [null,null] and came back as [null]`}},
		{"a member of an element", `"tags": {"type": "array", "items": {"type": "object", "properties": {"flag": {"type": "boolean"}}}}`, struct {
			Tags []struct{} `json:"tags"`
		}{}, []string{`with complete: tags[0].flag was true and came back as null`, `with complete: tags[1].flag was true and came back as null`}},
		{"digits", `"n": {"type": "number"}`, struct {
			N any `json:"n"`
		}{}, []string{`with n 9007199254740993: n was 9007199254740993 and came back as 9007199254740992`}},
		{"what does not encode", `"flag": {"type": "boolean"}`, struct {
			Flag broken `json:"flag"`
		}{}, []string{`with complete: does not encode`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := schematest.Lost(parse(t, `{"type": "object", "properties": {`+test.member+`}}`), test.payload)
			for i, loss := range got { // the errors are encoding/json's
				for _, what := range []string{"does not decode", "does not encode"} {
					if before, _, ok := strings.Cut(loss, what); ok {
						got[i] = before + what
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMembers(t *testing.T) {
	want := map[string]string{
		"any": "", "at": "", "count": "", "entry": "", "flag": "", "id": "", "name": "", "rest": "", "site": "",
		"site.url": "uri", "state": "", "tags": "", "tags[].label": "",
	}
	if diff := cmp.Diff(want, parse(t, everyForm).Members()); diff != "" {
		t.Errorf("of the schema (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, schematest.MembersOf(reflect.TypeFor[everything]())); diff != "" {
		t.Errorf("of the type (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"email": "email"}, schematest.MembersOf(reflect.TypeFor[itself]())); diff != "" {
		t.Errorf("of a type that decodes itself (-want +got):\n%s", diff)
	}
	value := map[string]any{"site": map[string]any{"url": nil}, "tags": []any{map[string]any{"label": ""}, map[string]any{"label": "", "n": []any{map[string]any{}}}}}
	if diff := cmp.Diff([]string{"site", "site.url", "tags", "tags[].label", "tags[].n"}, schematest.MembersIn(value)); diff != "" {
		t.Errorf("of a value (-want +got):\n%s", diff)
	}
}

// itself decodes itself.
type itself struct {
	Email string `json:"email" validate:"omitempty,email"`
	Rest  map[string]any
}

func (*itself) UnmarshalJSON([]byte) error { return nil }

// kind is an enum with a constant in this file.
type kind string

const kindA kind = "A"

const (
	untyped = "text"
	number  = 7
)

func TestEnums(t *testing.T) {
	_, _, _ = kindA, untyped, number
	values := map[string][]string{"kind": {"Z"}}
	s := parse(t, `{"properties": {"k": {"enum": ["A"]}, "list": {"items": {"enum": ["B", "C"]}}, "other": {"enum": ["D"]}}}`)
	s.Enums(reflect.TypeFor[struct {
		K    kind   `json:"k"`
		List []kind `json:"list"`
	}](), values)
	if diff := cmp.Diff(map[string][]string{"kind": {"Z", "A", "B", "C"}}, values); diff != "" {
		t.Errorf("of the schema (-want +got):\n%s", diff)
	}
	constants, err := schematest.Constants("schematest_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"kind": {"A"}, "": {everyForm, "text"}}, constants); diff != "" {
		t.Errorf("of the file (-want +got):\n%s", diff)
	}
	if _, err := schematest.Constants("no-such-file.go"); err == nil {
		t.Error("no error for a file that does not exist")
	}
}
