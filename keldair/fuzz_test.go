package keldair_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	for i, p := range payloads {
		f.Add(i, keldairtest.Vendor.Payload(keldairtest.Vendor.Body(p.typ)))
		f.Add(i, []byte(`{"object":{"id":1,"larstName":"x","phoneNumber":[ 1 , "<" ],"fields":null,"hiredDate":1736951400,"\u0069d":2,"firstName":7}}`))
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
		again, err := json.Marshal(second)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(value(t, body), value(t, again)); diff != "" {
			t.Errorf("%s: encoded and decoded again (-want +got):\n%s", p.typ, diff)
		}
		_ = first.(slog.LogValuer).LogValue()
	})
}

// value is what JSON says: one value may be written in several ways.
func value(t *testing.T, b []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
