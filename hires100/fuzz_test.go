package hires100_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
)

// No payload panics, and what decodes encodes to something that decodes to the
// same value.
func FuzzPayloads(f *testing.F) {
	for _, typ := range hires100test.Vendor.Types() {
		body := hires100test.Vendor.Body(typ)
		f.Add(body)
		f.Add(hires100test.Vendor.Payload(body))
	}
	for _, body := range []string{
		`null`, `{}`, `[]`, `7`, `{"id":9,"candidate_id":5,"status":"hired","candidate":{"id":5}}`,
		`{"event":"candidate.hired","object":{"id":5,"email":"m@example.com"},"entity":{"start_time":1}}`,
		`{"application":{"id":true,"ai_score":"x","candidate":{"job":{"id":1}}},"ai_score":0.5}`,
		`{"resource":{"score":1},"ai_score":null,"":1,"Candidate":{},"candidate":{"tags":[null],"profile":{"a":[]}}}`,
	} {
		f.Add([]byte(body))
	}
	types := []reflect.Type{
		reflect.TypeFor[hires100.Event](), reflect.TypeFor[hires100.Candidate](), reflect.TypeFor[hires100.Application](),
		reflect.TypeFor[hires100.Interview](), reflect.TypeFor[hires100.Score](), reflect.TypeFor[hires100.Job](), reflect.TypeFor[hires100.User](),
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, typ := range types {
			first := reflect.New(typ)
			if json.Unmarshal(payload, first.Interface()) != nil {
				continue
			}
			encoded, err := json.Marshal(first.Interface())
			if err != nil {
				t.Fatalf("%s does not encode again: %v", typ, err)
			}
			second := reflect.New(typ)
			if err := json.Unmarshal(encoded, second.Interface()); err != nil {
				t.Fatalf("%s does not decode again: %v", typ, err)
			}
			if diff := cmp.Diff(normal(t, first), normal(t, second)); diff != "" {
				t.Errorf("%s decoded again (-first +second):\n%s", typ, diff)
			}
		}
	})
}

// normal encodes a value: the raw members in it may differ in white space and
// in how a character is escaped.
func normal(t *testing.T, v reflect.Value) any {
	encoded, err := json.Marshal(v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}
