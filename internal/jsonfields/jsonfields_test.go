package jsonfields_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/atshooks/atshooks/internal/jsonfields"
)

// person has a field of each kind.
type person struct {
	Name   string           `json:"name,omitzero"`
	State  state            `json:"state,omitzero"`
	Age    json.Number      `json:"age,omitzero"`
	Member bool             `json:"member,omitzero"`
	Tags   []string         `json:"tags,omitzero"`
	Other  map[string]any   `json:"other,omitzero"`
	Raw    json.RawMessage  `json:"raw,omitzero"`
	Even   even             `json:"even,omitzero"`
	Friend friend           `json:"friend,omitzero"`
	Untold string           `json:"-"`
	Extra  jsonfields.Extra `json:"-"`
}

type state string

type friend struct {
	Name string `json:"name"`
}

// even decodes itself.
type even int

func (e *even) UnmarshalJSON(b []byte) error {
	var n int
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	if *e = even(n); n%2 != 0 {
		return errors.New("odd")
	}
	return nil
}

func (p *person) UnmarshalJSON(b []byte) error { return jsonfields.Unmarshal(b, p, &p.Extra) }

func (p person) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&p, p.Extra) }

func extra(pairs ...string) jsonfields.Extra {
	e := jsonfields.Extra{}
	for i := 0; i < len(pairs); i += 2 {
		e[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return e
}

func TestUnmarshal(t *testing.T) {
	for _, tt := range []struct {
		name, object string
		want         person
	}{
		{"every field", `{"name":"A","state":"b","age":1.50,"member":true,"tags":["x"],"other":{"y":null},"raw":[ 1 ],"even":2,"friend":{"name":"B"}}`, person{
			Name: "A", State: "b", Age: "1.50", Member: true, Tags: []string{"x"}, Other: map[string]any{"y": nil},
			Raw: json.RawMessage(`[ 1 ]`), Even: 2, Friend: friend{"B"},
		}},
		{"null", `{"name":null,"state":null,"age":null,"member":null,"tags":null,"other":null,"raw":null,"even":null,"friend":null,"new":null}`, person{Extra: extra("new", `null`)}},
		{"other kinds", `{"name":1,"state":[],"age":"x","member":0,"tags":["x",1],"other":[],"even":3,"friend":"B"}`, person{
			Extra: extra("name", `1`, "state", `[]`, "age", `"x"`, "member", `0`, "tags", `["x",1]`, "other", `[]`, "even", `3`, "friend", `"B"`),
		}},
		{"names of no field", `{"Name":"A","NAME":"B","Untold":"C","-":"D","Extra":{},"":1}`, person{
			Extra: extra("Name", `"A"`, "NAME", `"B"`, "Untold", `"C"`, "-", `"D"`, "Extra", `{}`, "", `1`),
		}},
		{"texts", `{"name":"\u00e9 \ud83d\ude00 é \"\\\/","state":"é"}`, person{Name: `é 😀 é "\/`, State: "é"}},
		{"a text that is not UTF-8", "{\"name\":\"a\xff\"}", person{Name: "a\ufffd"}},
		{"names with escapes", `{"n\u0061me":"A","caf\u00e9":1,"member":true}`, person{Name: "A", Member: true, Extra: extra("café", `1`)}},
		{"a member that appears twice", `{"name":1,"name":"A","member":true,"member":"x","tags":["a","b"],"tags":["c"]}`, person{Name: "A", Tags: []string{"c"}, Extra: extra("member", `"x"`)}},
		{"nothing", ` { } `, person{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := person{Name: "old", Extra: extra("old", `1`)}
			if err := got.UnmarshalJSON([]byte(tt.object)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNullChangesNothing(t *testing.T) {
	p := person{Name: "A", Extra: extra("b", `1`)}
	if err := p.UnmarshalJSON([]byte(`null`)); err != nil || p.Name != "A" || len(p.Extra) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestWhatIsNotAnObjectDoesNotDecode(t *testing.T) {
	for _, b := range []string{``, `[]`, `"x"`, `7`, `{"a"`, `{"a":1}}`, `{"\u0061":1`} {
		if err := new(person).UnmarshalJSON([]byte(b)); err == nil {
			t.Errorf("%s decodes", b)
		}
	}
}

func TestMarshal(t *testing.T) {
	for want, p := range map[string]person{
		`{}`:                          {},
		`{"name":"A"}`:                {Name: "A", Untold: "B"},
		`{"a":1,"b":[2]}`:             {Extra: extra("b", `[ 2 ]`, "a", `1`)},
		`{"name":"A","even":2,"a":1}`: {Name: "A", Even: 2, Extra: extra("a", `1`)},
	} {
		if got, err := json.Marshal(p); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	if _, err := json.Marshal(person{Extra: extra("a", `x`)}); err == nil {
		t.Error("a member that is not JSON is encoded")
	}
	if _, err := json.Marshal(person{Raw: json.RawMessage(`x`)}); err == nil {
		t.Error("a field that is not JSON is encoded")
	}
}

// Where encoding/json can decode an object, this package decodes it to the same
// fields.
func TestDecodesAsPackageJSONDoes(t *testing.T) {
	type plain person
	values := []string{`null`, `"A"`, `"\u00e9"`, `1`, `2`, `1e3`, `true`, `["x"]`, `{"name":"B"}`, `{"name":null}`, `[]`, `{}`}
	names := []string{"name", "state", "age", "member", "tags", "other", "raw", "even", "friend", "new"}
	r := rand.New(rand.NewPCG(1, 2))
	same := 0
	for range 20_000 {
		var members []string
		for _, i := range r.Perm(len(names))[:r.IntN(4)] {
			members = append(members, fmt.Sprintf(" %q : %s", names[i], values[r.IntN(len(values))]))
		}
		object := "{" + strings.Join(members, ",") + "}"
		var want plain
		if json.Unmarshal([]byte(object), &want) != nil {
			continue
		}
		if string(want.Raw) == "null" {
			want.Raw = nil
		}
		same++
		var got person
		if err := got.UnmarshalJSON([]byte(object)); err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		got.Extra = nil
		if diff := cmp.Diff(person(want), got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", object, diff)
		}
	}
	if same < 1_000 {
		t.Errorf("only %d objects were compared", same)
	}
}

func TestFields(t *testing.T) {
	p := person{Name: "A"}
	s := jsonfields.Of(&p)
	if s.IsZero("name") || !s.IsZero("age") || !s.IsZero("unknown") {
		t.Error("IsZero is wrong")
	}
	if s.Field("name") != any(&p.Name) || s.Field("unknown") != nil || s.Field("-") != nil || s.Field("") != nil {
		t.Error("Field is wrong")
	}
	if s.Set([]byte("unknown"), []byte(`null`)) || !s.Set([]byte("name"), []byte(`null`)) || p.Name != "A" {
		t.Error("Set is wrong about null")
	}
}

// Types may be met by several goroutines at once.
func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p := reflect.New(reflect.TypeFor[person]()).Interface().(*person)
			if err := p.UnmarshalJSON([]byte(`{"name":"A","new":1}`)); err != nil || p.Name != "A" {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	wg.Wait()
}
