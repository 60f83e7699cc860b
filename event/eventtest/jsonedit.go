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

// object is data as an object, nil if it is none.
func object(data []byte) map[string]any {
	v, _ := parse(data)
	o, _ := v.(map[string]any)
	return o
}

// write encodes what parse returned, without escapes that JSON can do without.
func write(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("eventtest: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}

// quote is s as a JSON string.
func quote(s string) string { return string(write(s)) }

// path is the way to a value inside a JSON value: names and indices.
type path []any

func (p path) String() string {
	if len(p) == 0 {
		return "the whole payload"
	}
	var b strings.Builder
	for i, step := range p {
		if name, ok := step.(string); ok && i > 0 {
			b.WriteString("." + name)
		} else if ok {
			b.WriteString(name)
		} else {
			fmt.Fprintf(&b, "[%d]", step)
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

// place is where a value stands inside a JSON value.
type place struct {
	path
	value any
	with  func(v any) []byte // the whole with another value here
	// without is the whole without this member; nil for an element of a list.
	without func() []byte
}

// places lists the places of all values inside data, at any depth.
func places(data []byte) []place {
	root, err := parse(data)
	if err != nil {
		return nil
	}
	var all []place
	var walk func(p path, v any)
	walk = func(p path, v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				old := v[name]
				all = append(all, place{
					append(slices.Clone(p), name), old,
					func(changed any) []byte {
						v[name] = changed
						defer func() { v[name] = old }()
						return write(root)
					},
					func() []byte {
						delete(v, name)
						defer func() { v[name] = old }()
						return write(root)
					},
				})
				walk(append(slices.Clone(p), name), old)
			}
		case []any:
			for i, old := range v {
				all = append(all, place{path: append(slices.Clone(p), i), value: old, with: func(changed any) []byte {
					v[i] = changed
					defer func() { v[i] = old }()
					return write(root)
				}})
				walk(append(slices.Clone(p), i), old)
			}
		}
	}
	walk(nil, root)
	return all
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
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = `"` + m.name + `":` + m.value
	}
	return []byte("{" + strings.Join(parts, ",") + "}")
}

// adding is object with one member more, at its end.
func adding(object []byte, name, value string) []byte {
	return join(append(split(object), member{name, value}))
}

// replacing is object with another value for one member.
func replacing(object []byte, name string, value []byte) []byte {
	members := split(object)
	for i := range members {
		if members[i].name == name {
			members[i].value = string(value)
		}
	}
	return join(members)
}
