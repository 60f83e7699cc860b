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

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// opening is one event of a vendor, for the tests of what a body is taken for.
type opening struct {
	eventtest.Vendor
	typ string
	on  func(h *event.Handler, fn func(ctx context.Context, payload any) error)
}

func openingOf[T any](v eventtest.Vendor, typ string) opening {
	return opening{v, typ, func(h *event.Handler, fn func(context.Context, any) error) {
		event.On(h, typ, func(ctx context.Context, payload *T) error { return fn(ctx, payload) })
	}}
}

// openings have a payload of each kind: small and large, strict and lenient, a
// member of the body and the body itself.
var openings = []opening{
	openingOf[kombo.DataChanged](kombotest.Vendor, kombo.TypeDataChanged),
	openingOf[kombo.AssessmentOrder](kombotest.Vendor, kombo.TypeAssessmentOrderReceived),
	openingOf[kit.Application](kittest.Vendor, kit.TypeApplicationSubmitted),
	openingOf[kit.Ping](kittest.Vendor, kit.TypeTestPing),
	openingOf[keldair.NewHireFile](keldairtest.Vendor, keldair.TypeNewHireFileCompleted),
	openingOf[hires100.Event](hires100test.Vendor, hires100.TypeCandidateHired),
	openingOf[comeet.Candidate](comeettest.Vendor, comeet.TypeCreateEmployee),
}

// open returns everything that can be seen of a body's way through a handler.
// A new handler tries to decode the payload at once. One that has met a payload
// that was not the last member scans the whole body first.
func (o opening) open(t testing.TB, body []byte, scanFirst bool) []string {
	var seen []string
	h, err := event.NewHandler(o.Provider, secret, &event.Options{
		Logger: slog.New(slog.DiscardHandler),
		Observe: func(_ context.Context, r event.Result) {
			seen = append(seen, fmt.Sprint(r.Kind, r.Status, r.ID, r.Type, r.PayloadSize, r.Err, r.Warning))
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
	if scanFirst {
		send([]byte(`{"data":{},"payload":{},"after":1}`))
	}
	o.on(h, func(ctx context.Context, payload any) error {
		d, _ := event.FromContext(ctx)
		b, err := json.Marshal(payload)
		seen = append(seen, fmt.Sprint(string(b), err, d.ID, d.Type, d.OccurredAt, string(d.Payload), d.Key()))
		return nil
	})
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
	const each = 300
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
