package jsonscan_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/internal/jsonscan"
)

// walk returns the names and values that o yields, and whether the last value
// was not scanned.
func walk(o jsonscan.Object) (pairs []string, unscanned bool, err error) {
	for o.Next() {
		pairs = append(pairs, string(o.Name()), string(o.Value()))
	}
	return pairs, o.Unscanned(), o.Err()
}

func TestOverTo(t *testing.T) {
	for _, tt := range []struct {
		name, in  string
		want      []string
		unscanned bool
	}{
		{"the last member is everything that is left", `{"a":1,"data":{"x":[1]} } `, []string{"a", "1", "data", `{"x":[1]}`}, true},
		{"and so is one that others follow", `{"data":{},"b":2}`, []string{"data", `{},"b":2`}, true},
		{"even if that is not JSON", `{"data":{}}}`, []string{"data", `{}}`}, true},
		{"without it, it is Over", `{"a":{"data":{}}}`, []string{"a", `{"data":{}}`}, false},
		{"and if it is not an object", `{"data":[1],"b":2}`, []string{"data", "[1]", "b", "2"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, unscanned, err := walk(jsonscan.OverTo([]byte(tt.in), "data"))
			if err != nil || unscanned != tt.unscanned {
				t.Errorf("unscanned %v, %v", unscanned, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, in := range []string{``, `{`, `{"data":{`, `{"data":{}`, `{"data":{}]`, `{"data":}`, `{"data"{}}`, `{"d\u0061ta":{}}`} {
		if got, unscanned, err := walk(jsonscan.OverTo([]byte(in), "data")); err == nil && (!unscanned || json.Valid([]byte(got[len(got)-1]))) {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// FuzzOverTo: if a value that was not scanned is JSON, Over finds the same
// members.
func FuzzOverTo(f *testing.F) {
	for _, in := range []string{
		`{"id":"x","data":{"a":[1,2,{"b":"}"}]}}`, `{"data":{},"data":{}}`, `{"data":{},"b":"}"}`, `{"data":{"a":1}}}`, `{"data":{} , "x":{}}`,
		`{"a":"\"","data":{"b":"\\"} } `, `{"data":{}`, `{"a":{"data":{}},"data":[{}]}`, `{"data":{"a":"b"}"c"}`,
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, unscanned, err := walk(jsonscan.OverTo(in, "data"))
		if err != nil || unscanned && !json.Valid([]byte(got[len(got)-1])) {
			return
		}
		want, _, err := walk(jsonscan.Over(in))
		if err != nil {
			t.Fatalf("%q: taken as %q, but Over fails: %v", in, got, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-Over +OverTo):\n%s", in, diff)
		}
	})
}

// TestFindLast: where it finds a value that is one JSON value, Find finds the same.
func TestFindLast(t *testing.T) {
	for _, tt := range []struct {
		object, want string
		same         bool
	}{
		{`{"id":1,"data":{"a":1} }`, `{"a":1}`, true},
		{` {"data":{} } `, `{}`, true},
		{`{"data":{"a":1},"id":1}`, `{"a":1},"id":1`, false},
		{`{"data":{"a":1}}}`, `{"a":1}}`, false},
		{`{"data":1,"data":{"a":1}}`, ``, false},
		{`{"data":[1]}`, ``, false},
		{`{"id":1}`, ``, false},
		{`{"da\u0074a":{}}`, ``, false},
		{`{"id":1 "data":{}}`, ``, false},
	} {
		got := jsonscan.FindLast([]byte(tt.object), "data")
		if string(got) != tt.want {
			t.Errorf("%s: %s, want %s", tt.object, got, tt.want)
		}
		if found, err := jsonscan.Find([]byte(tt.object), "data"); tt.same != (got != nil && err == nil && string(found) == string(got)) {
			t.Errorf("%s: %s, Find found %s, %v", tt.object, got, found, err)
		}
	}
}
