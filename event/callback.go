package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
)

// callback is a typed callback with its type taken off, the only place that
// knows it being the two closures.
type callback struct {
	typ    string
	decode func(*Delivery) (any, error)
	call   func(context.Context, any) (any, error)
	reply  bool // its result is the answer
}

// On registers fn for events of a type: the payload is decoded into a new T.
// It may be called at any time, also while requests are served; a delivery
// meets the callbacks that are there when it has been verified. A second
// callback for one type, a nil fn and a blank type panic.
//
// fn runs in the request's goroutine (or the worker's), with a context that
// ends when the sender hangs up and from which [FromContext] gets the delivery.
// It may be called more than once for one event, and not in the order in which
// events occurred: compare [Delivery].OccurredAt before overwriting anything.
// What it returns decides the answer; see [Permanent], [Ignore] and [RetryAfter].
func On[T any](h *Handler, typ string, fn func(context.Context, *T) error) {
	if fn == nil {
		panic(fmt.Sprintf("event: nil callback for %s %q", h.name, typ))
	}
	h.register(&callback{
		typ:    typ,
		decode: decoder[T](h.validation),
		call:   func(ctx context.Context, v any) (any, error) { return nil, fn(ctx, v.(*T)) },
	})
}

// OnReply registers fn for events of a type whose vendor waits for an answer:
// what fn returns is sent as JSON, and a nil pointer is nothing to add. A
// question is answered each time that it is asked, so the Store is not used. If
// R has a method Validate() error, an answer that it refuses is not sent: that
// is an error as if fn had returned it. OnReply panics as On does, and where a
// Sink would answer in its place.
func OnReply[T, R any](h *Handler, typ string, fn func(context.Context, *T) (R, error)) {
	switch {
	case fn == nil:
		panic(fmt.Sprintf("event: nil callback for %s %q", h.name, typ))
	case h.sink != nil:
		panic(fmt.Sprintf("event: %s %q is answered at once and cannot go through a Sink", h.name, typ))
	}
	h.register(&callback{
		typ:    typ,
		decode: decoder[T](h.validation),
		call:   func(ctx context.Context, v any) (any, error) { return fn(ctx, v.(*T)) },
		reply:  true,
	})
}

// OnOther registers fn for verified deliveries of a type that has no callback.
// Without it they are acknowledged: a vendor may send new types at any time.
// It panics as On does.
func (h *Handler) OnOther(fn func(context.Context, *Delivery) error) {
	if fn == nil || !h.other.CompareAndSwap(nil, &fn) {
		panic(fmt.Sprintf("event: nil or second OnOther of %s", h.name))
	}
}

// OnInvalid registers fn for verified deliveries that cannot be read: the body
// has no envelope, or the payload does not decode into the callback's type or
// lacks an id. The error says what is wrong, without the payload. If fn
// returns nil, the delivery is acknowledged; put it somewhere first. Without
// OnInvalid the vendor is asked to send it again, as a deploy may mend it: mind
// that a vendor may switch off an endpoint that keeps failing. It panics as On
// does.
func (h *Handler) OnInvalid(fn func(context.Context, *Delivery, error) error) {
	if fn == nil || !h.invalid.CompareAndSwap(nil, &fn) {
		panic(fmt.Sprintf("event: nil or second OnInvalid of %s", h.name))
	}
}

// Types lists the types that have a callback, sorted.
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
	if !isName([]byte(cb.typ)) {
		panic(fmt.Sprintf("event: %q cannot be an event type of %s", cb.typ, h.name))
	}
	name := h.typeName(cb.typ)
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

// lookup finds the callback for a type, or nil.
func (h *Handler) lookup(typ []byte) *callback {
	callbacks := *h.callbacks.Load()
	if cb := callbacks[string(typ)]; cb != nil || h.provider.TypeName == nil {
		return cb
	}
	return callbacks[h.provider.TypeName(string(typ))]
}

func (h *Handler) typeName(typ string) string {
	if h.provider.TypeName == nil {
		return typ
	}
	return h.provider.TypeName(typ)
}

// run runs the callback of a delivery: decode, then claim, call, commit or release.
func (h *Handler) run(s *scope, cb *callback) outcome {
	d := &s.delivery
	if cb == nil {
		return h.runOther(s)
	}
	v, err := protect(func() (any, error) { return cb.decode(d) })
	if err != nil {
		return h.setAside(s, fail(Undecodable, OpDecode, err))
	}
	return h.call(s, cb, v)
}

// call runs a callback with its payload.
func (h *Handler) call(s *scope, cb *callback, v any) outcome {
	if cb.reply {
		return encode(protect(func() (any, error) { return cb.call(s, v) }))
	}
	return h.once(s, func() (any, error) { return cb.call(s, v) })
}

// runOther runs OnOther. At a synchronous vendor that acknowledges nothing.
func (h *Handler) runOther(s *scope) outcome {
	o := outcome{kind: Unhandled}
	if other := h.other.Load(); other != nil {
		o = h.once(s, func() (any, error) { return nil, (*other)(s, &s.delivery) })
	}
	if h.provider.Synchronous != nil && o.err == nil {
		return fail(Unhandled, OpCallback, errNoCallback)
	}
	return o
}

// setAside offers what cannot be read to OnInvalid. At a synchronous vendor
// that acknowledges nothing.
func (h *Handler) setAside(s *scope, o outcome) outcome {
	o.typ, o.id = s.delivery.Type, s.delivery.ID
	invalid := h.invalid.Load()
	if invalid == nil {
		return o
	}
	_, err := protect(func() (any, error) { return nil, (*invalid)(s, &s.delivery, o.wrapped(h)) })
	switch {
	case err != nil:
		return judge(err)
	case h.provider.Synchronous == nil:
		o.kind = SetAside
	}
	return o
}

// protect calls fn and makes a panic an error. A runtime.Goexit passes.
func protect(fn func() (any, error)) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return fn()
}

// judge is the outcome of what a callback returned.
func judge(err error) outcome {
	o := outcome{kind: Handled, op: OpCallback, err: err}
	if err == nil {
		return o
	}
	v, ok := errors.AsType[*verdict](err)
	_, panicked := errors.AsType[*PanicError](err)
	_, refused := errors.AsType[*Refusal](err)
	switch {
	case panicked:
		o.kind = Panicked
	case refused && !ok:
		o.kind = Refused
	case !ok:
		o.kind = Failed
	case v.disposition == Done:
		o.kind = Ignored
	case v.disposition == Drop:
		o.kind = Dropped
	default:
		o.kind, o.after = Unavailable, v.after
	}
	return o
}

// encode is the outcome of a callback whose result is the answer. A nil result
// leaves that empty: "nothing to add" and not an error.
func encode(v any, err error) outcome {
	o := judge(err)
	if err != nil {
		return o
	}
	if rv := reflect.ValueOf(v); !rv.IsValid() || rv.Kind() == reflect.Pointer && rv.IsNil() {
		return o
	}
	if checked, ok := v.(interface{ Validate() error }); ok {
		if err := checked.Validate(); err != nil {
			return judge(fmt.Errorf("the answer is not sent: %w", err))
		}
	}
	if o.reply, err = json.Marshal(v); err != nil {
		return fail(Failed, OpCallback, fmt.Errorf("the answer cannot be encoded: %w", err))
	}
	return o
}
