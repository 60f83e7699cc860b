// Package workload is what benchmarks run on: signed deliveries of every
// vendor in three sizes, the floor that no receiver can be below, and the
// handler that people write by hand. All data in it is made up.
package workload

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonscan"
	"github.com/atshooks/atshooks/signature"
)

// Secret signs all deliveries.
const Secret = "whsec_2b7e151628aed2a6abf7158809cf4f3c"

// Size is about how large bodies are, and how many different ones there are.
type Size struct {
	Name   string
	Bytes  int
	Bodies int
	Batch  int // how many make a turn: about half a millisecond of work
}

// The sizes of the tables. Of S and M there are more bodies than a branch
// predictor learns by heart. It learns no megabyte, and 24 of those are more
// than fits into a cache.
var (
	S = Size{"S", 700, 256, 64}
	M = Size{"M", 4 << 10, 256, 16}
	L = Size{"L", 1<<20 - 1<<10, 24, 1}

	Sizes = []Size{S, M, L}
)

// Around is a size of about n bytes.
func Around(n int) Size {
	return Size{fmt.Sprint(n), n, max(8, min(256, 24<<20/n)), max(1, min(64, 64<<10/n))}
}

// Vendor is a vendor with an event of it for each size of body.
type Vendor struct {
	Name string
	kind func(size int) kind
}

// kind is one event of a vendor; [kindOf] makes it.
type kind struct {
	typ        string
	newHandler func(secret string, opts *event.Options) (*event.Handler, error)
	register   func(h *event.Handler, callback func(payload any))
	decode     func(payload []byte) (any, error)
	body       func(r *rand.Rand, size int) []byte
	byHand     func(k *kind) http.Handler
	callback   func(payload any)
}

// Request is one signed delivery.
type Request struct {
	Header  http.Header
	Body    []byte
	Signed  []byte // the part of Body that is signed
	Payload []byte // the part of Body that callbacks decode
	stamp   []byte // what is signed before it: a timestamp and its full stop
}

// Load is many deliveries of one vendor and one size, with what is done to them.
type Load struct {
	Vendor   string
	Size     Size
	Provider event.Provider
	Requests []Request
	Now      time.Time // when they were signed

	kind     kind
	verifier *signature.Verifier
}

// New makes a load: the same bodies each time, signed as of now.
func (v Vendor) New(size Size) *Load {
	l := &Load{Vendor: v.Name, Size: size, Now: time.Now(), kind: v.kind(size.Bytes)}
	l.Provider = l.bare("only asked for its provider", event.Options{}).Provider()
	l.verifier = l.Provider.Scheme.New([]byte(Secret))
	r := rand.New(rand.NewPCG(uint64(size.Bytes), 7))
	for range size.Bodies {
		l.Requests = append(l.Requests, l.request(l.kind.body(r, size.Bytes)))
	}
	return l
}

// request signs a body, and finds beforehand what the floor need not look for.
func (l *Load) request(body []byte) Request {
	q := Request{Body: body, Payload: body, Header: http.Header{
		"Accept":          {"*/*"},
		"Accept-Encoding": {"gzip"},
		"Content-Length":  {fmt.Sprint(len(body))},
		"Content-Type":    {"application/json"},
		"User-Agent":      {"Hooks/1.0"},
	}}
	if l.Provider.Envelope.TypeHeader != "" {
		q.Header.Set(l.Provider.Envelope.TypeHeader, l.kind.typ)
	}
	if err := l.verifier.Sign(q.Header, body, l.Now); err != nil {
		panic(err)
	}
	var err error
	if q.Signed, err = l.Provider.Scheme.Signed(body); err != nil {
		panic(err)
	}
	if name := l.Provider.Scheme.TimestampHeader; name != "" {
		q.stamp = []byte(q.Header.Get(name) + ".")
	}
	if names := l.Provider.Envelope.Payload; len(names) > 0 {
		if q.Payload, err = jsonscan.Find(body, names[0]); err != nil {
			panic(err)
		}
	}
	return q
}

// tolerance is longer than any run.
const tolerance = 24 * time.Hour

// bare is the vendor's handler without a callback, which logs nowhere.
func (l *Load) bare(secret string, opts event.Options) *event.Handler {
	if opts.Tolerance == 0 {
		opts.Tolerance = tolerance
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	h, err := l.kind.newHandler(secret, &opts)
	if err != nil {
		panic(err)
	}
	return h
}

// Handler is the library's, with a callback that does nothing.
func (l *Load) Handler(opts event.Options) *event.Handler {
	return l.HandlerFor(opts, func(any) {})
}

// HandlerFor is the library's, with a callback.
func (l *Load) HandlerFor(opts event.Options, callback func(payload any)) *event.Handler {
	h := l.Unhandled(opts)
	l.kind.register(h, callback)
	return h
}

// Unhandled is the library's without a callback.
func (l *Load) Unhandled(opts event.Options) *event.Handler {
	if opts.Secrets != nil {
		return l.bare("", opts)
	}
	return l.bare(Secret, opts)
}

// Mount is what requests of this load are sent to: the handler, or its
// endpoint where the URL tells the type.
func (l *Load) Mount(h *event.Handler) http.Handler {
	if len(l.Provider.Envelope.Type) == 0 {
		return h.Endpoint(l.kind.typ)
	}
	return h
}

// ByHand is a handler as people write it for this vendor, with a callback that
// does nothing.
func (l *Load) ByHand() http.Handler { return l.ByHandFor(func(any) {}) }

// ByHandFor is a handler as people write it for this vendor.
func (l *Load) ByHandFor(callback func(payload any)) http.Handler {
	k := l.kind
	k.callback = callback
	return k.byHand(&k)
}

// HandlerOf is the library's with n secrets, the last of which is [Secret].
func (l *Load) HandlerOf(n int) *event.Handler {
	if n == 1 {
		return l.Handler(event.Options{})
	}
	var opts event.Options
	for i := range n - 2 {
		opts.PreviousSecrets = append(opts.PreviousSecrets, fmt.Sprintf("previous-%d", i))
	}
	opts.PreviousSecrets = append(opts.PreviousSecrets, Secret)
	h := l.bare("current", opts)
	l.kind.register(h, func(any) {})
	return h
}

// Signed is a request with that body, whatever it holds.
func (l *Load) Signed(body []byte) Request { return l.SignedWith(Secret, body) }

// SignedWith is a request with that body, signed with a secret.
func (l *Load) SignedWith(secret string, body []byte) Request {
	q := Request{Body: body, Header: l.Requests[0].Header.Clone()}
	if err := l.Provider.Scheme.New([]byte(secret)).Sign(q.Header, body, l.Now); err != nil {
		panic(err)
	}
	return q
}
