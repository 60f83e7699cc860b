package kit_test

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"

	"github.com/atshooks/atshooks/kit/kittest"
)

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	for i, p := range payloads {
		f.Add(i, kittest.Vendor.Payload(kittest.Vendor.Body(p.typ)))
		f.Add(i, []byte(`{"id":1,"candidate":{"id":"x"},"application":{"submitted_at":1736951400},"submitted_at":[ 1 ],"rejected":null}`))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		p := payloads[uint(i)%uint(len(payloads))]
		first := reflect.New(reflect.TypeOf(p.payload)).Interface()
		if json.Unmarshal(data, first) != nil {
			return
		}
		body, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("%s: decoded, but does not encode: %v", p.typ, err)
		}
		second := reflect.New(reflect.TypeOf(p.payload)).Interface()
		if err := json.Unmarshal(body, second); err != nil {
			t.Fatalf("%s: its own encoding does not decode: %v", p.typ, err)
		}
		if again, err := json.Marshal(second); string(again) != string(body) {
			t.Errorf("%s: encoded and decoded again, %s becomes %s (%v)", p.typ, body, again, err)
		}
		_ = first.(slog.LogValuer).LogValue()
	})
}
