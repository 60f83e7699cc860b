package event

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Callback is a registered callback as [Options].Wrap sees it. payload is the *T
// of [On] or [OnRespond], or the *Delivery of OnOther or OnInvalid; response is
// what a callback of [OnRespond] returned.
type Callback func(ctx context.Context, payload any) (response any, err error)

// callback is one entry of the table of callbacks. The two closures are the
// only places that know its payload's type.
type callback struct {
	typ      string
	decode   func(payload []byte) (v any, warning, err error)
	call     Callback
	responds bool // what it returns is the response
}

// On registers fn as the callback for an event type. Each payload is decoded into
// a new T. h is a *Handler, or a struct that embeds one, such as a provider's
// Handler. On may be called while requests are being served. It panics if fn is
// nil, or if typ is blank or has a callback already.
//
// fn runs in the goroutine of the request, or of the worker. Its context holds the
// delivery, which [FromContext] returns, and ends when the sender hangs up. fn may
// run more than once for one event, and not in the order in which events occurred:
// compare [Delivery].OccurredAt before overwriting anything. Its error decides the
// response: see [Permanent], [Ignore] and [RetryAfter].
func On[T any](h embedder, typ string, fn func(context.Context, *T) error) {
	b := h.base()
	if fn == nil {
		panic(fmt.Sprintf("event: nil callback for %s %q", b.name, typ))
	}
	b.register(&callback{
		typ:    typ,
		decode: decoder[T](b, typ),
		call:   b.wrapped(func(ctx context.Context, v any) (any, error) { return nil, fn(ctx, v.(*T)) }),
	})
}

// OnRespond registers fn as the callback for an event type whose provider reads
// the response. What fn returns is sent as JSON, unless it is a nil pointer. If R
// has a method Validate() error, its error counts as fn's. The provider may ask
// again, so the Store is not used. OnRespond panics where [On] does, and if the
// handler has an Inbox, which would respond before fn runs.
func OnRespond[T, R any](h embedder, typ string, fn func(context.Context, *T) (R, error)) {
	b := h.base()
	switch {
	case fn == nil:
		panic(fmt.Sprintf("event: nil callback for %s %q", b.name, typ))
	case b.inbox != nil:
		panic(fmt.Sprintf("event: the provider of %s waits for the response to %q, so it cannot go through an Inbox", b.name, typ))
	}
	b.register(&callback{
		typ:      typ,
		decode:   decoder[T](b, typ),
		call:     b.wrapped(func(ctx context.Context, v any) (any, error) { return fn(ctx, v.(*T)) }),
		responds: true,
	})
}

// OnOther registers fn for verified deliveries whose type has no callback.
// Without it they are acknowledged, since a provider may send new types at any
// time. OnOther panics if fn is nil, or if it is called a second time.
func (h *Handler) OnOther(fn func(context.Context, *Delivery) error) {
	cb := h.wrapped(func(ctx context.Context, d any) (any, error) { return nil, fn(ctx, d.(*Delivery)) })
	if fn == nil || !h.other.CompareAndSwap(nil, &cb) {
		panic(fmt.Sprintf("event: nil or second OnOther of %s", h.name))
	}
}

// OnInvalid registers fn for verified deliveries that cannot be read: the body is
// not a JSON object with a type, or the payload does not decode or lacks an id. The
// error says which. If fn returns nil, the delivery is acknowledged, so store it
// first. Without OnInvalid the response is 400 or 500, and a provider may disable
// an endpoint that keeps failing. OnInvalid panics if fn is nil, or if it is called
// a second time.
func (h *Handler) OnInvalid(fn func(context.Context, *Delivery, error) error) {
	cb := h.wrapped(func(ctx context.Context, d any) (any, error) {
		cause, _ := ctx.Value(causeKey{}).(error)
		return nil, fn(ctx, d.(*Delivery), cause)
	})
	if fn == nil || !h.invalid.CompareAndSwap(nil, &cb) {
		panic(fmt.Sprintf("event: nil or second OnInvalid of %s", h.name))
	}
}

// Types returns the event types that have a callback, sorted.
func (h *Handler) Types() []string {
	var types []string
	for _, cb := range *h.callbacks.Load() {
		types = append(types, cb.typ)
	}
	slices.Sort(types)
	return types
}

// register adds cb in a new map, so that looking one up takes no lock.
func (h *Handler) register(cb *callback) {
	if !isName(cb.typ) {
		panic(fmt.Sprintf("event: %q cannot be an event type of %s", cb.typ, h.name))
	}
	name := h.provider.canonicalType(cb.typ)
	h.mu.Lock()
	defer h.mu.Unlock()
	old := *h.callbacks.Load()
	if old[name] != nil {
		panic(fmt.Sprintf("event: second callback for %s %q", h.name, cb.typ))
	}
	callbacks := maps.Clone(old)
	callbacks[name] = cb
	h.callbacks.Store(&callbacks)
}

// lookup returns the callback for a type, or nil.
func (h *Handler) lookup(typ string) *callback {
	callbacks := *h.callbacks.Load()
	if cb := callbacks[typ]; cb != nil || h.provider.namesTypesExactly() {
		return cb
	}
	return callbacks[h.provider.canonicalType(typ)]
}

// wrapped puts Options.Wrap around a callback.
func (h *Handler) wrapped(cb Callback) Callback {
	if h.wrap == nil {
		return cb
	}
	return h.wrap(cb)
}
