package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func members(b []byte) (names, values []string, err error) {
	o := Over(b)
	for o.Next() {
		names = append(names, string(o.Name()))
		values = append(values, string(o.Value()))
	}
	if o.Next() {
		panic("Next after the end")
	}
	return names, values, o.Err()
}

func TestObjectYieldsMembersAsTheyStand(t *testing.T) {
	in := " {\"a\" : 1 ,\n\"b\":{\"x\":[\"}\\\"]\",{}]}\t,\"c\":\"\\u00e9\\n\", \"d\":-0.5e+3,\"\":null,\"é\":[ ],\"t\":true,\"f\":false}\r\n"
	names, values, err := members([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(names, "|"), "a|b|c|d||é|t|f"; got != want {
		t.Errorf("names %q, want %q", got, want)
	}
	if got, want := strings.Join(values, "|"), `1|{"x":["}\"]",{}]}|"\u00e9\n"|-0.5e+3|null|[ ]|true|false`; got != want {
		t.Errorf("values %q, want %q", got, want)
	}
	if _, _, err := members([]byte(" { } ")); err != nil {
		t.Errorf("empty object: %v", err)
	}
}

func TestObjectRejects(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"nothing", "", ErrNotObject},
		{"an array", "[]", ErrNotObject},
		{"a vertical tab", "{\v}", ErrSyntax},
		{"a string", `"a"`, ErrNotObject},
		{"a byte order mark", "\ufeff{}", ErrNotObject},
		{"an open brace", "{", ErrSyntax},
		{"a comma first", `{,"a":1}`, ErrSyntax},
		{"a comma last", `{"a":1,}`, ErrSyntax},
		{"no comma", `{"a":1 "b":2}`, ErrSyntax},
		{"no colon", `{"a" 1}`, ErrSyntax},
		{"no value", `{"a":}`, ErrSyntax},
		{"a second object", `{}{}`, ErrSyntax},
		{"text after it", `{"a":1}x`, ErrSyntax},
		{"an escaped name", `{"\u0061":1}`, ErrEscapedName},
		{"an escaped quote in a name", `{"a\"":1}`, ErrEscapedName},
		{"an open name", `{"a`, ErrSyntax},
		{"a newline in a name", "{\"a\n\":1}", ErrSyntax},
		{"a name without quotes", `{a:1}`, ErrSyntax},
		{"a newline in a string", "{\"a\":\"\n\"}", ErrSyntax},
		{"an unknown escape", `{"a":"\x"}`, ErrSyntax},
		{"a short escape", `{"a":"\u12"}`, ErrSyntax},
		{"an open escape", `{"a":"\`, ErrSyntax},
		{"an open string", `{"a":"`, ErrSyntax},
		{"a leading zero", `{"a":01}`, ErrSyntax},
		{"a lone minus", `{"a":-}`, ErrSyntax},
		{"a lone point", `{"a":1.}`, ErrSyntax},
		{"a lone exponent", `{"a":1e}`, ErrSyntax},
		{"a plus", `{"a":+1}`, ErrSyntax},
		{"NaN", `{"a":NaN}`, ErrSyntax},
		{"a longer literal", `{"a":truely}`, ErrSyntax},
		{"a cut literal", `{"a":tru`, ErrSyntax},
		{"an open object", `{"a":{"b":1}`, ErrSyntax},
		{"an open array", `{"a":[`, ErrSyntax},
		{"an open string after an escaped quote", `{"a":["\\\"]}`, ErrSyntax},
		{"an open string in an array", `{"a":["`, ErrSyntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := members([]byte(tt.in)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		err            error
	}{
		{"the one member", `{"a":1,"data":{"data":2},"z":0}`, `{"data":2}`, nil},
		{"twice", `{"data":1,"data":1}`, "", ErrTwice},
		{"only nested", `{"a":{"data":1}}`, "", ErrMissing},
		{"another case", `{"DATA":1,"Data":2}`, "", ErrMissing},
		{"broken after it", `{"data":1,`, "", ErrSyntax},
		{"escaped after it", `{"data":1,"d\u0061ta":2}`, "", ErrEscapedName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Find([]byte(tt.in), "data")
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestDepthCostsNothing(t *testing.T) {
	deep := []byte(`{"a":` + strings.Repeat("[", 10<<20))
	if _, _, err := members(deep); !errors.Is(err, ErrSyntax) {
		t.Errorf("10 Mi of [: %v", err)
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = Find(deep[:4096], "a") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkObject scans bodies of the sizes that vendors send.
func BenchmarkObject(b *testing.B) {
	const member = `"first_name":"Ada","tags":["a","b \"c\""],"n":12.5,"ok":true,"note":"a text of some length, as people write it"`
	for name, n := range map[string]int{"S": 5, "M": 35, "L": 9000} {
		body := []byte(`{"id":"1","type":"x","data":{` + strings.Repeat(member+",", n) + `"z":0}}`)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := Find(body, "data"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzObject compares with encoding/json. What is an object for encoding/json is
// one for the scanner, with the same members in the same order, unless a name
// contains an escape. What only the scanner accepts is malformed inside nested
// values and nowhere else.
func FuzzObject(f *testing.F) {
	for _, s := range []string{
		`{"a":"\"\\\/\b\f\n\r\t\u00E9"}`,
		`{"id":"x","type":"y","data":{"a":[1,2,{"b":"}"}]}}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `{"a":[}`, ` { } `,
		`{"a":-1.5e-3,"b":true,"c":null}`, "{\"\xff\":1}", `{"a":"\"","b":"\\"}`, `[`, ``, `{"\u0061":1}`, "\t{\"a\"\r:\n0e+1}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		names, values, err := members(in)
		object := json.Valid(in) && bytes.HasPrefix(bytes.TrimLeft(in, " \t\r\n"), []byte("{"))
		switch {
		case object && errors.Is(err, ErrEscapedName):
			if !bytes.Contains(in, []byte(`\`)) {
				t.Fatalf("%q has no escape", in)
			}
		case object && err != nil:
			t.Fatalf("%q: %v, but encoding/json accepts it", in, err)
		case object:
			compare(t, in, names, values)
			compareFind(t, in, names, values)
		case err == nil && !json.Valid(flat(names, values)):
			t.Fatalf("accepted %q, but its members %q are not JSON", in, flat(names, values))
		}
	})
}

// flat is an object of those members whose nested values are empty.
func flat(names, values []string) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range values {
		if v[0] == '{' || v[0] == '[' {
			v = "{}"
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + names[i] + `":` + v)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// compare reads in with encoding/json's tokens.
func compare(t *testing.T, in []byte, names, values []string) {
	d := json.NewDecoder(bytes.NewReader(in))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; d.More(); n++ {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if n >= len(names) || name != toUTF8(names[n]) || string(v) != values[n] {
			t.Fatalf("member %d of %q: encoding/json has %q %q", n, in, name, v)
		}
	}
	if n != len(names) {
		t.Fatalf("%q: %d members, encoding/json has %d", in, len(names), n)
	}
}

// compareFind looks for every member that the walk has met.
func compareFind(t *testing.T, in []byte, names, values []string) {
	times := map[string]int{}
	for _, name := range names {
		times[name]++
	}
	for i, name := range names {
		got, err := Find(in, name)
		if times[name] > 1 {
			if got != nil || !errors.Is(err, ErrTwice) {
				t.Fatalf("%q in %q: %q, %v", name, in, got, err)
			}
		} else if err != nil || string(got) != values[i] {
			t.Fatalf("%q in %q: %q, %v; want %q", name, in, got, err, values[i])
		}
	}
}

// toUTF8 replaces each byte that is not UTF-8, as encoding/json does.
func toUTF8(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
