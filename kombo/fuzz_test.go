package kombo_test

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	for i, p := range payloads {
		f.Add(i, kombotest.Vendor.Payload(kombotest.Vendor.Body(p.typ)))
		f.Add(i, []byte(`{"end_user":{},"end_user":{"origin_id":null},"sync_duration_seconds":1e-7,"job":{"location":{}},"sync_started_at":"<&>","updated_at":[ 1 ],"remote_data":[ 1 , "<" ]}`))
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
		// Encoding brings raw members into one form: compare what they say.
		asJSON := func(b []byte) any {
			if len(b) == 0 {
				return nil
			}
			return []any{decodeAny(t, b)}
		}
		raw := cmp.Transformer("JSON", func(b json.RawMessage) any { return asJSON(b) })
		times := cmp.Transformer("Time", func(at event.Time) any { return asJSON([]byte(at.Raw)) })
		if diff := cmp.Diff(first, second, raw, times); diff != "" {
			t.Errorf("%s: encoded and decoded again (-want +got):\n%s", p.typ, diff)
		}
		_ = first.(slog.LogValuer).LogValue()
	})
}
