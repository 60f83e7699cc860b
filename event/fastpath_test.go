package event_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
)

// TestWhereThePayloadStands: a payload that is the last member is not scanned
// before it is decoded. What a delivery is must not depend on that: it is the
// same for the same members in any order.
func TestWhereThePayloadStands(t *testing.T) {
	const data = `{"id":"c-1","email":"ada@example.com"}`
	for _, tt := range []struct {
		name string
		body string
		want event.Kind
	}{
		{"last", `{"id":"ev-1","type":"hired","at":"2026-11-21","data":` + data + `}`, event.KindHandled},
		{"last, with white space", "{\"id\":\"ev-1\",\"type\":\"hired\",\"at\":\"2026-11-21\",\"data\":" + data + " \r\n} \t", event.KindHandled},
		{"first", `{"data":` + data + `,"id":"ev-1","type":"hired","at":"2026-11-21"}`, event.KindHandled},
		{"before the time", `{"id":"ev-1","type":"hired","data":` + data + `,"at":"2026-11-21"}`, event.KindHandled},
		{"before what nobody wants", `{"id":"ev-1","type":"hired","at":"2026-11-21","data":` + data + `,"rest":{"data":{}}}`, event.KindHandled},
		{"twice", `{"id":"ev-1","type":"hired","data":` + data + `,"data":` + data + `}`, event.KindUnreadable},
		{"before a second type", `{"id":"ev-1","type":"hired","data":` + data + `,"type":"fired"}`, event.KindUnreadable},
		{"before a name with an escape", `{"id":"ev-1","type":"hired","data":` + data + `,"t\u0079pe":"fired"}`, event.KindUnreadable},
		{"before too many braces", `{"id":"ev-1","type":"hired","data":` + data + `}}`, event.KindUnreadable},
		{"before too few braces", `{"id":"ev-1","type":"hired","data":` + data, event.KindUnreadable},
		{"before a missing comma", `{"id":"ev-1","type":"hired","data":` + data + ` "at":"2026-11-21"}`, event.KindUnreadable},
		{"last, of another kind", `{"id":"ev-1","type":"hired","data":{"id":1}}`, event.KindUndecodable},
		{"last, without its id", `{"id":"ev-1","type":"hired","data":{}}`, event.KindUndecodable},
		{"last, and broken", `{"id":"ev-1","type":"hired","data":{"id":"c-1",}}`, event.KindUndecodable},
		{"last, and of no known type", `{"id":"ev-1","type":"other","data":` + data + `}`, event.KindUnhandled},
		{"last, and of no type at all", `{"id":"ev-1","data":` + data + `}`, event.KindUnreadable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, acme, event.Options{})
			var got *event.Delivery
			event.On(b.Handler, "hired", func(ctx context.Context, v *hire) error {
				got, _ = event.FromContext(ctx)
				return nil
			})
			for range 2 { // the second time, the handler knows the vendor
				got = nil
				send(b, signed(t, acme, secret, tt.body))
				if kind := b.last().Kind; kind != tt.want {
					t.Fatalf("%s, want %s", kind, tt.want)
				}
				if tt.want != event.KindHandled {
					continue
				}
				if diff := cmp.Diff([]string{"ev-1", "hired", "2026-11-21", data}, []string{got.ID, got.Type, got.OccurredAt.Format("2006-01-02"), string(got.Payload)}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}
