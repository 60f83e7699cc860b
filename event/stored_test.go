package event_test

import (
	"bytes"
	"context"
	"encoding"
	"errors"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/atshooks/atshooks/event"
)

var update = flag.Bool("update", false, "rewrite the golden file")

var (
	_ encoding.BinaryMarshaler   = (*event.Delivery)(nil)
	_ encoding.BinaryUnmarshaler = (*event.Delivery)(nil)
)

// stored is a delivery with a value in each member, and headers that must not
// be stored.
func stored(t *testing.T) *event.Delivery {
	t.Helper()
	p := stamped
	p.Envelope.ID, p.Envelope.OccurredAt, p.Envelope.IDHeader = []string{"id"}, []string{"at"}, "X-Event-Id"
	b := newBench(t, p, event.Options{Name: "stamped-eu", PreviousSecrets: []string{previous}})
	body := "{\"event\":\"hired\",\"id\":\"ev-1\",\"at\":\"2026-11-21T09:30:00Z\",\"data\":{\"email\":\"ada@example.com\"}}\n"
	r := signed(t, p, previous, body)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Event": "hired", "X-Event-Id": "7", "Traceparent": "00-1-2-00",
		"Cookie": "session=1", "Authorization": "Bearer 1", "X-Forwarded-For": "192.0.2.1",
	} {
		r.Header.Set(name, value)
	}
	d, err := b.Verify(t.Context(), &event.Request{Header: r.Header, Body: []byte(body), Tenant: "t1"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestStoredForm(t *testing.T) {
	d := stored(t)
	data, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	line, body, _ := bytes.Cut(data, []byte("\n"))
	if !bytes.Equal(body, d.Body) {
		t.Errorf("the body is %q", body)
	}
	for _, s := range []string{"ession", "Bearer", "Forwarded", "X-Signature", "ada@"} {
		if bytes.Contains(line, []byte(s)) {
			t.Errorf("the metadata hold %q: %s", s, line)
		}
	}
	var got event.Delivery
	if err := got.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	want := *d
	want.Payload = nil
	want.Attempt = 0 // a worker counts anew
	want.Header = http.Header{}
	for _, name := range []string{"Content-Type", "Traceparent", "X-Event", "X-Event-Id", "X-Timestamp"} {
		want.Header[name] = d.Header[name]
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(event.Delivery{})); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
	if got.Key() != d.Key() {
		t.Error("the key is another one")
	}
	again, err := got.MarshalBinary()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("stored again: %v\n%s\n%s", err, data, again)
	}
	got.Body[0] = 'x'
	if data[len(line)+1] == 'x' {
		t.Error("the body shares the stored form's memory")
	}
}

// TestGoldenStoredForm: what was stored once is read for ever. The file is
// never to be changed; a new version gets a new file.
func TestGoldenStoredForm(t *testing.T) {
	const golden = "testdata/stored-v1.golden"
	if *update {
		d := stored(t)
		d.ReceivedAt = time.Date(2026, 11, 21, 9, 31, 2, 345678901, time.UTC)
		d.Header.Set("X-Timestamp", "2026-11-21T09:31:00Z")
		data, err := d.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var d event.Delivery
	if err := d.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	want := event.Delivery{
		Handler: "stamped-eu", Provider: "stamped", Tenant: "t1", ID: "ev-1", Type: "hired", SecretIndex: 1,
		OccurredAt: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), ReceivedAt: time.Date(2026, 11, 21, 9, 31, 2, 345678901, time.UTC),
		Header: http.Header{"Content-Type": {"application/json"}, "Traceparent": {"00-1-2-00"}, "X-Event": {"hired"}, "X-Event-Id": {"7"}, "X-Timestamp": {"2026-11-21T09:31:00Z"}},
		Body:   []byte("{\"event\":\"hired\",\"id\":\"ev-1\",\"at\":\"2026-11-21T09:30:00Z\",\"data\":{\"email\":\"ada@example.com\"}}\n"),
	}
	if diff := cmp.Diff(want, d, cmpopts.IgnoreUnexported(event.Delivery{})); diff != "" {
		t.Errorf("golden file (-want +got):\n%s", diff)
	}
	if want := stored(t).Key(); d.Key() != want {
		t.Errorf("a key made now is %s, the stored one %s: everything stored would be new again", want, d.Key())
	}
	data2, err := d.MarshalBinary()
	if err != nil || !bytes.Equal(data, data2) {
		t.Errorf("written now:\n%s\nstored:\n%s\n%v", data2, data, err)
	}
}

func TestStoredFormRejects(t *testing.T) {
	key := strings.Repeat("0", 64)
	for name, tt := range map[string]struct {
		data string
		want error
	}{
		"nothing":         {"", nil},
		"no newline":      {`{"v":1,"key":"` + key + `"}`, nil},
		"no JSON":         {"ada@example.com\n", nil},
		"no version":      {`{"key":"` + key + `"}` + "\n", nil},
		"no key":          {`{"v":1}` + "\n", nil},
		"a short key":     {`{"v":1,"key":"00"}` + "\n", nil},
		"a strange key":   {`{"v":1,"key":"` + strings.Repeat("x", 64) + `"}` + "\n", nil},
		"a newer version": {`{"v":2,"key":{}}` + "\n", nil},
		"the next one":    {`{"v":2,"key":"` + key + `","more":1}` + "\n", event.ErrNewerVersion},
	} {
		d := event.Delivery{ID: "untouched"}
		err := d.UnmarshalBinary([]byte(tt.data))
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || d.ID != "untouched" {
			t.Errorf("%s: %v, %+v", name, err, d)
		}
		if err != nil && strings.Contains(err.Error(), "ada@") {
			t.Errorf("%s: the error quotes what it read: %v", name, err)
		}
	}
}

// TestDispatchOfAStoredDelivery: what a worker gets back runs as it would have.
func TestDispatchOfAStoredDelivery(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	d := verify(t, acme, event.Options{}, "t", "", hireBody)
	data, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var back event.Delivery
	if err := back.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	var got event.Delivery
	event.On(b.Handler, "hired", func(ctx context.Context, e *hire) error {
		from, _ := event.FromContext(ctx)
		got = *from
		if e.ID != "c-1" {
			t.Errorf("payload %+v", e)
		}
		return nil
	})
	if err := b.Dispatch(t.Context(), &back); err != nil {
		t.Fatal(err)
	}
	if got.Key() != d.Key() || string(got.Payload) != string(d.Payload) || got.Tenant != "t" {
		t.Errorf("dispatched %+v", got)
	}
}

func FuzzStoredForm(f *testing.F) {
	golden, err := os.ReadFile("testdata/stored-v1.golden")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte(`{"v":1,"key":"` + strings.Repeat("0", 64) + `","header":{"a":null}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d event.Delivery
		if err := d.UnmarshalBinary(data); err != nil {
			return
		}
		again, err := d.MarshalBinary()
		if err != nil {
			t.Fatalf("%q decodes but does not encode: %v", data, err)
		}
		var e event.Delivery
		if err := e.UnmarshalBinary(again); err != nil {
			t.Fatalf("%q does not decode again: %v", again, err)
		}
		if e.Key() != d.Key() || !bytes.Equal(e.Body, d.Body) || e.Type != d.Type || e.ID != d.ID || !e.ReceivedAt.Equal(d.ReceivedAt) {
			t.Fatalf("%+v became %+v", d, e)
		}
	})
}
