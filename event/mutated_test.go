package event_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/vendors"
)

// opening is one event of a vendor, for the tests of what a body is taken for.
type opening struct {
	*vendors.Vendor
	typ string
}

// openings are all events: their payloads are small and large, strict and
// lenient, a member of the body and the body itself.
var openings = func() (all []opening) {
	for _, v := range vendors.All {
		for _, typ := range v.Types() {
			all = append(all, opening{v, typ})
		}
	}
	return all
}()

// open returns everything that can be seen of a body's way through a handler.
// A new handler tries to decode the payload at once. One that has met a payload
// that was not the last member scans the whole body first.
func (o opening) open(t testing.TB, body []byte, scanFirst bool) []string {
	var seen []string
	h, err := o.Handler(secret, &event.Options{
		Logger: slog.New(slog.DiscardHandler),
		Observe: func(_ context.Context, r event.Result) {
			seen = append(seen, fmt.Sprint(r.Kind, r.Status, r.ID, r.Type, r.PayloadSize, r.Err, r.Warning))
		},
		Wrap: func(next event.Callback) event.Callback {
			return func(ctx context.Context, payload any) (any, error) {
				d, _ := event.FromContext(ctx)
				b, err := json.Marshal(payload)
				seen = append(seen, fmt.Sprint(string(b), err, d.ID, d.Type, d.OccurredAt, string(d.Payload), d.Key()))
				return next(ctx, payload)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func(body []byte) {
		seen = nil
		req := &event.Request{Body: bytes.Clone(body), Endpoint: o.typ}
		if h.Sign(t.Context(), req) != nil {
			return // nothing to sign
		}
		resp := h.Handle(t.Context(), req)
		seen = append(seen, fmt.Sprint(resp.Status, string(resp.Body)))
	}
	if e := o.Provider.Envelope; scanFirst && len(e.Payload) > 0 {
		send(fmt.Appendf(nil, `{%q:%q,%q:{},"after":1}`, e.Type[0], o.typ, e.Payload[0]))
	}
	send(body)
	return seen
}

// agree checks that it does not matter which way a body is read.
func (o opening) agree(t testing.TB, body []byte) {
	t.Helper()
	if diff := cmp.Diff(o.open(t, body, true), o.open(t, body, false)); diff != "" {
		t.Errorf("%s %s: it matters how the body is read (-scanned first +decoded at once):\n%s\n%q", o.Provider.Name, o.typ, diff, body)
	}
}

// TestMutatedBodiesAreReadAlike: however a body is damaged, the short way to its
// payload finds what the long one does.
func TestMutatedBodiesAreReadAlike(t *testing.T) {
	const each = 100
	for i, o := range openings {
		t.Run(o.Provider.Name+" "+o.typ, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2026, uint64(i)))
			fixture := o.Body(o.typ)
			o.agree(t, fixture)
			for range each {
				body := fixture
				for range 1 + r.IntN(3) {
					body = mutated(r, body)
				}
				if o.agree(t, body); t.Failed() {
					return
				}
			}
		})
	}
}

// mutated is a body with one thing changed: a byte, a piece that is removed,
// repeated or moved, or something of JSON's own put between.
func mutated(r *rand.Rand, body []byte) []byte {
	if len(body) < 2 {
		return []byte("{}")
	}
	from := r.IntN(len(body) - 1)
	to := from + 1 + r.IntN(min(len(body)-from-1, 40))
	pieces := []string{"{", "}", "[", "]", ",", ":", `"`, `\`, " ", "null", `,"data":{}`, `,"id":1`, `"type":"x",`, `"d\u0061ta":`, "\x00", "\xff", "{}", "1e9", `,"Data":1`}
	switch r.IntN(6) {
	case 0:
		body = bytes.Clone(body)
		body[from] ^= 1 << r.IntN(8)
		return body
	case 1:
		return slices.Concat(body[:from], body[to:])
	case 2:
		return slices.Concat(body[:to], body[from:])
	case 3:
		return slices.Concat(body[:from], body[to:], body[from:to])
	case 4:
		return body[:to]
	}
	return slices.Concat(body[:from], []byte(pieces[r.IntN(len(pieces))]), body[from:])
}

// FuzzOpen is TestMutatedBodiesAreReadAlike for bodies that nobody thought of.
func FuzzOpen(f *testing.F) {
	for i, o := range openings {
		f.Add(i, o.Body(o.typ))
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		openings[uint(which)%uint(len(openings))].agree(t, body)
	})
}
