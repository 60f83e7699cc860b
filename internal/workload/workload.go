// Package workload is what benchmarks and tests of allocations run on: signed
// deliveries of every vendor, the floor that no handler can be below, and the
// handler that people write by hand. All data in it is made up.
package workload

import (
	"context"
	"crypto/hmac"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsondecode"
	"github.com/atshooks/atshooks/internal/jsonscan"
)

// Secret signs all deliveries.
const Secret = "whsec_2b7e151628aed2a6abf7158809cf4f3c"

// tolerance is longer than any run.
const tolerance = 24 * time.Hour

// Size is about how large bodies are, and how many different ones there are.
type Size struct {
	Name   string
	Bytes  int
	Bodies int
	Batch  int // how many make a turn: about half a millisecond of work
}

// The sizes of the tables. Of S and M there are more bodies than a branch
// predictor learns, and 24 of L are more than fits into a cache.
var (
	S = Size{"S", 700, 256, 64}
	M = Size{"M", 4 << 10, 256, 16}
	L = Size{"L", 1<<20 - 1<<10, 24, 1}
)

// Sized returns a size of about n bytes.
func Sized(n int) Size {
	return Size{fmt.Sprint(n), n, max(8, min(256, 24<<20/n)), max(1, min(64, 64<<10/n))}
}

// Vendor is one event type of a vendor. [Of] makes it.
type Vendor struct {
	Provider event.Provider
	Type     string
	body     string  // a template, for expand
	small    *Vendor // takes its place for small bodies

	register  func(h *event.Handler, l *Load)
	unmarshal func(decode func([]byte, any) error, payload []byte) (any, error)
}

// Of returns a vendor's event type, whose callback gets a *T. See expand for
// what body may hold.
func Of[T any](p event.Provider, typ, body string) Vendor {
	p.Scheme.Tolerance = tolerance
	return Vendor{Provider: p, Type: typ, body: body,
		register: func(h *event.Handler, l *Load) {
			event.On(h, typ, func(_ context.Context, v *T) error {
				l.Callback(v)
				return nil
			})
		},
		unmarshal: func(decode func([]byte, any) error, payload []byte) (any, error) {
			v := new(T)
			return v, decode(payload, v)
		},
	}
}

// Load is many deliveries of one vendor and one size, with what is done to them.
type Load struct {
	Vendor
	Requests []Request
	Callback func(payload any) // of all handlers; it does nothing
}

// Request is one signed delivery.
type Request struct {
	Header  http.Header
	Body    []byte
	payload []byte // the part of Body that callbacks decode
	signed  []byte // the part of Body that is signed
	stamp   []byte // what is signed before it: a timestamp and its full stop
}

// New makes a load: the same bodies each time, signed as of now.
func (v Vendor) New(size Size) *Load {
	if v.small != nil && size.Bytes < 2<<10 {
		v = *v.small
	}
	l := &Load{Vendor: v, Callback: func(any) {}}
	r := rand.New(rand.NewPCG(uint64(size.Bytes), 7))
	for range size.Bodies {
		l.Requests = append(l.Requests, l.Signed(Secret, expand(v.body, r, size.Bytes)))
	}
	return l
}

// Signed returns a request with that body, signed with that secret. It finds
// beforehand what the floor need not look for; a body may lack that.
func (l *Load) Signed(secret string, body []byte) Request {
	p := &l.Provider
	q := Request{Body: body, payload: body, Header: http.Header{
		"Accept":         {"*/*"},
		"Content-Length": {fmt.Sprint(len(body))},
		"Content-Type":   {"application/json"},
		"User-Agent":     {"Hooks/1.0"},
	}}
	if p.Envelope.TypeHeader != "" {
		q.Header.Set(p.Envelope.TypeHeader, l.Type)
	}
	must(p.Scheme.New([]byte(secret)).Sign(q.Header, body, time.Now()))
	if p.Scheme.TimestampHeader != "" {
		q.stamp = []byte(q.Header.Get(p.Scheme.TimestampHeader) + ".")
	}
	q.signed, _ = p.Scheme.Signed(body)
	if len(p.Envelope.Payload) > 0 {
		q.payload, _ = jsonscan.Find(body, p.Envelope.Payload[0])
	}
	return q
}

// Unhandled returns the library's handler without a callback, which logs
// nowhere. If there are previous secrets, the current one is not [Secret].
func (l *Load) Unhandled(opts event.Options) *event.Handler {
	opts.Logger = slog.New(slog.DiscardHandler)
	secret := Secret
	switch {
	case opts.Secrets != nil:
		secret = ""
	case opts.PreviousSecrets != nil:
		secret = "current"
	}
	h, err := event.NewHandler(l.Provider, secret, &opts)
	must(err)
	return h
}

// Handler is Unhandled with [Load].Callback.
func (l *Load) Handler(opts event.Options) *event.Handler {
	h := l.Unhandled(opts)
	l.register(h, l)
	return h
}

// HMAC returns what only computes the MAC of the i-th request, with a hash that
// is reset.
func (l *Load) HMAC() func(i int) {
	mac := hmac.New(l.hash(), []byte(Secret))
	sum := make([]byte, 0, mac.Size())
	return func(i int) {
		q := &l.Requests[i%len(l.Requests)]
		mac.Reset()
		mac.Write(q.stamp)
		mac.Write(q.signed)
		mac.Sum(sum)
	}
}

// Decode returns what only decodes the payload of the i-th request into the
// type that callbacks get, with the best decoder of this Go's standard library.
func (l *Load) Decode() func(i int) {
	return func(i int) {
		_, err := l.unmarshal(jsondecode.Unmarshal, l.Requests[i%len(l.Requests)].payload)
		must(err)
	}
}

// Floor returns what no handler can be below: HMAC and Decode.
func (l *Load) Floor() func(i int) {
	mac, decode := l.HMAC(), l.Decode()
	return func(i int) { mac(i); decode(i) }
}

// Verify returns what verifies the i-th request, from its headers on.
func (l *Load) Verify() func(i int) {
	v, now := l.Provider.Scheme.New([]byte(Secret)), time.Now()
	return func(i int) {
		q := &l.Requests[i%len(l.Requests)]
		_, err := v.Verify(q.Header, q.Body, now, 0)
		must(err)
	}
}

// Serve returns what sends the i-th request to h, which must respond with that
// status. It allocates nothing.
func (l *Load) Serve(h http.Handler, status int) func(i int) {
	if ours, ok := h.(*event.Handler); ok && len(l.Provider.Envelope.Type) == 0 {
		h = ours.Endpoint(l.Type) // the URL tells the type
	}
	s := NewSender()
	return func(i int) { s.Send(h, &l.Requests[i%len(l.Requests)], status) }
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
