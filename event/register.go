package event

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Callback is a registered callback with its payload's type taken off: payload
// is the *T of [On], and response is what the callback of [OnRespond] returned.
// For OnOther and OnInvalid payload is the *Delivery.
type Callback func(ctx context.Context, payload any) (response any, err error)

// callback is one entry of the table of callbacks. The two closures are the
// only places that know its payload's type.
type callback struct {
	typ      string
	decode   func(payload []byte) (v any, warning, err error)
	call     Callback
	responds bool // what it returns is the response
}

// On registers fn for an event type: the payload is decoded into a new T. h is
// a *Handler or a provider's Handler. On may be called while requests are
// served. A second callback for a type, a nil fn and a blank type panic.
//
// fn runs in the request's goroutine, or the worker's, with a context that
// ends when the sender hangs up and that holds the delivery: see [FromContext].
// It may be called more than once for one event, and not in the order in which
// events occurred: compare [Delivery].OccurredAt before overwriting anything.
// Its error decides the response: see [Permanent], [Ignore] and [RetryAfter].
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

// OnRespond registers fn for an event type whose provider reads the response:
// what fn returns is sent as JSON, and nothing for a nil pointer. The provider
// may ask again, so the Store is not used. If R has a method Validate() error,
// its error counts as one of fn. OnRespond panics as On does, and if the handler
// has an Inbox, which would respond in its place.
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
// Without it they are acknowledged: a provider may send new types at any time.
// It panics as [On] does.
func (h *Handler) OnOther(fn func(context.Context, *Delivery) error) {
	if fn == nil || !h.other.CompareAndSwap(nil, &fn) {
		panic(fmt.Sprintf("event: nil or second OnOther of %s", h.name))
	}
}

// OnInvalid registers fn for verified deliveries that cannot be read: without an
// envelope, or with a payload that does not decode or lacks an id, as the error
// says. If fn returns nil, the delivery is acknowledged: store it first. Without
// OnInvalid the provider is asked to send it again, as a deploy may mend it; it
// may disable an endpoint that keeps failing. OnInvalid panics as [On] does.
func (h *Handler) OnInvalid(fn func(context.Context, *Delivery, error) error) {
	if fn == nil || !h.invalid.CompareAndSwap(nil, &fn) {
		panic(fmt.Sprintf("event: nil or second OnInvalid of %s", h.name))
	}
}

// Types returns the types that have a callback, sorted.
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
