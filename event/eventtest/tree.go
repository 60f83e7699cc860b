package eventtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/internal/jsonscan"
)

// parse decodes JSON into maps, slices, strings, bools, nil and [json.Number].
func parse(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}

// mustParse is for what was parsed before.
func mustParse(data []byte) any {
	v, err := parse(data)
	if err != nil {
		panic("eventtest: " + err.Error())
	}
	return v
}

// write encodes what parse returned. No name gets an escape that it can do
// without: an escaped name is one of the things that receivers refuse.
func write(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("eventtest: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}

// indented encodes what parse returned, one member a line.
func indented(v any) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, write(v), "", "  "); err != nil {
		panic("eventtest: " + err.Error())
	}
	return b.Bytes()
}

// isObject says whether data is a JSON object.
func isObject(data []byte) bool {
	v, err := parse(data)
	_, ok := v.(map[string]any)
	return err == nil && ok
}

// path is the way to a value inside a JSON value: names and indices.
type path []any

func (p path) String() string {
	if len(p) == 0 {
		return "the whole payload"
	}
	var b strings.Builder
	for i, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		}
	}
	return b.String()
}

// name is the member's that p ends in, or of the list that it is in.
func (p path) name() string {
	for _, step := range slices.Backward(p) {
		if name, ok := step.(string); ok {
			return name
		}
	}
	return ""
}

// paths lists the way to each value inside v, at any depth.
func paths(v any) []path {
	var all []path
	var walk func(v any, at path)
	walk = func(v any, at path) {
		if len(at) > 0 {
			all = append(all, slices.Clone(at))
		}
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name], append(at, name))
			}
		case []any:
			for i := range v {
				walk(v[i], append(at, i))
			}
		}
	}
	walk(v, nil)
	return all
}

// at is the value that p leads to.
func at(v any, p path) (any, bool) {
	for _, step := range p {
		switch container := v.(type) {
		case map[string]any:
			name, _ := step.(string)
			inner, ok := container[name]
			if !ok {
				return nil, false
			}
			v = inner
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(container) {
				return nil, false
			}
			v = container[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// with is data with another value where p leads.
func with(data []byte, p path, value any) []byte {
	return write(edit(mustParse(data), p, func(any) (any, bool) { return value, true }))
}

// without is data with nothing where p leads.
func without(data []byte, p path) []byte {
	return write(edit(mustParse(data), p, func(any) (any, bool) { return nil, false }))
}

// edit replaces, or removes, what p leads to.
func edit(v any, p path, change func(old any) (replacement any, keep bool)) any {
	if len(p) == 0 {
		v, _ = change(v)
		return v
	}
	inner, ok := at(v, p[:1])
	if !ok {
		return v
	}
	keep := true
	if len(p) == 1 {
		inner, keep = change(inner)
	} else {
		inner = edit(inner, p[1:], change)
	}
	switch container := v.(type) {
	case map[string]any:
		if keep {
			container[p[0].(string)] = inner
		} else {
			delete(container, p[0].(string))
		}
	case []any:
		if !keep {
			return slices.Delete(container, p[0].(int), p[0].(int)+1)
		}
		container[p[0].(int)] = inner
	}
	return v
}

// member is one member of an object, exactly as it stands there. name is
// without quotes, and raw: it may hold an escape.
type member struct{ name, value string }

// split takes an object apart without decoding it.
func split(object []byte) []member {
	var all []member
	o := jsonscan.Over(object)
	for o.Next() {
		all = append(all, member{string(o.Name()), string(o.Value())})
	}
	return all
}

// join puts an object together.
func join(members []member) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%s":%s`, m.name, m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// adding is object with one member more, at its end.
func adding(object []byte, name, value string) []byte {
	return join(append(split(object), member{name, value}))
}

// dropping is object without the members of these names.
func dropping(object []byte, names ...string) []byte {
	return join(slices.DeleteFunc(split(object), func(m member) bool { return slices.Contains(names, m.name) }))
}

// renaming is object with another name for one member.
func renaming(object []byte, name, to string) []byte {
	members := split(object)
	for i := range members {
		if members[i].name == name {
			members[i].name = to
		}
	}
	return join(members)
}

// escapedName spells a name with an escape in it: the same to a JSON decoder.
func escapedName(name string) string { return fmt.Sprintf(`\u%04x%s`, name[0], name[1:]) }

// otherCase is name with its first letter in the other case: the same to
// decoders that fold case, encoding/json among them.
func otherCase(name string) string {
	if upper := strings.ToUpper(name[:1]); upper != name[:1] {
		return upper + name[1:]
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// quote is s as a JSON string.
func quote(s string) string { return string(write(s)) }
