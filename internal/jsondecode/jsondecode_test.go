package jsondecode

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type payload struct {
	ID       string `json:"id"`
	Amount   int    // without a tag
	Nested   struct{ Name string }
	List     []string       `json:"list"`
	Any      map[string]any `json:"any"`
	Untagged *int
}

// TestUnmarshalIsThatOfEncodingJSON: what a service decodes must not depend on
// the release of Go that it was built with.
func TestUnmarshalIsThatOfEncodingJSON(t *testing.T) {
	for _, text := range []string{
		`{"id":"a","Amount":1,"Nested":{"Name":"b"},"list":["c"],"any":{"d":1.5}}`,
		`{"id":"a","amount":1,"nested":{"name":"b"},"untagged":7}`,
		`{"ID":"a","AMOUNT":1,"LIST":["c"]}`,
		`{"id":"a","ID":"b"}`, `{"ID":"b","id":"a"}`, `{"id":"a","id":"b"}`,
		"{\"id\":\"a\xff\"}", `{"id":"\ud800"}`, "{\"\xff\":1}",
		`{"id":null,"Amount":null,"Nested":null,"list":null}`,
		`{"id":7}`, `{"Amount":"1"}`, `{"Amount":1.5}`, `{"Amount":1e400}`, `{"list":{}}`,
		`{"list":[]}`, `{"any":{}}`, `[]`, `null`, `7`, ``, `{`, `{}{}`, `{"id":"a",}`, ` {"id":"a"} `,
	} {
		var got, want payload
		err, wantErr := Unmarshal([]byte(text), &got), json.Unmarshal([]byte(text), &want)
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%q: %v, want %v", text, err, wantErr)
			continue
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Errorf("%q (-encoding/json +jsondecode):\n%s", text, diff)
		}
	}
}
