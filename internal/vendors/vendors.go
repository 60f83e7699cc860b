// Package vendors has all providers of this module, for the tools among the
// examples and for tests that go over them all: their fixtures, and handlers
// that take every event.
package vendors

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/drift"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
	"github.com/atshooks/atshooks/signature"
)

// Vendor is one provider. It must not be changed.
type Vendor struct {
	eventtest.Vendor
	newHandler func(secret string, opts *event.Options) (any, error) // returns the provider package's *Handler
	callbacks  map[string]Callback                                   // by event type
}

// Callback is how a provider package's Handler registers one event.
type Callback struct {
	Method   string       // such as OnDataChanged
	Payload  reflect.Type // what a callback gets a pointer to
	Responds bool         // whether the callback returns a response
}

// All are the providers of this module, sorted by name.
var All = []*Vendor{
	of(comeettest.Vendor, comeet.New),
	of(hires100test.Vendor, hires100.New),
	of(keldairtest.Vendor, keldair.New),
	of(kittest.Vendor, kit.New),
	of(kombotest.Vendor, kombo.New),
}

func of[H any](v eventtest.Vendor, newHandler func(event.Provider, string, *event.Options) (H, error)) *Vendor {
	vendor := &Vendor{Vendor: v, newHandler: func(secret string, opts *event.Options) (any, error) {
		return newHandler(v.Provider, secret, opts)
	}}
	h, err := vendor.newHandler("any", nil)
	if err != nil {
		panic(err) // this module's own providers are valid
	}
	_, vendor.callbacks = takeAll(h)
	return vendor
}

// Lookup returns the provider with that name, or nil.
func Lookup(name string) *Vendor {
	i := slices.IndexFunc(All, func(v *Vendor) bool { return v.Name() == name })
	if i < 0 {
		return nil
	}
	return All[i]
}

// Names lists the providers.
func Names() []string {
	names := make([]string, len(All))
	for i, v := range All {
		names[i] = v.Name()
	}
	return names
}

// Name returns the provider's name.
func (v *Vendor) Name() string { return v.Provider.Name }

// Callback returns how an event is registered, and whether its type is known.
func (v *Vendor) Callback(typ string) (Callback, bool) {
	if name, ok := v.Provider.Aliases[typ]; ok {
		typ = name
	} else if v.Provider.TypeName != nil && v.callbacks[typ].Payload == nil {
		typ = v.Provider.TypeName(typ)
	}
	c, ok := v.callbacks[typ]
	return c, ok
}

// TypeInURL reports whether the URL tells the event type.
func (v *Vendor) TypeInURL() bool { return len(v.Provider.Envelope.Type) == 0 }

// Handler returns a handler with a callback for each event, which does nothing.
// opts.Wrap sees the payloads.
func (v *Vendor) Handler(secret string, opts *event.Options) (*event.Handler, error) {
	h, err := v.newHandler(secret, opts)
	if err != nil {
		return nil, err
	}
	base, _ := takeAll(h)
	return base, nil
}

// takeAll calls each method of a provider's handler that registers a callback,
// and returns what they are, by event type. The methods are the only place that
// tells payload types.
func takeAll(handler any) (*event.Handler, map[string]Callback) {
	v := reflect.ValueOf(handler)
	base := v.Elem().FieldByName("Handler").Interface().(*event.Handler)
	callbacks := make(map[string]Callback)
	for m, method := range v.Methods() {
		if !strings.HasPrefix(m.Name, "On") || m.Name == "OnOther" || m.Name == "OnInvalid" {
			continue
		}
		callback := method.Type().In(0)
		before := base.Types()
		method.Call([]reflect.Value{reflect.MakeFunc(callback, func([]reflect.Value) []reflect.Value {
			results := make([]reflect.Value, callback.NumOut())
			for i := range results {
				results[i] = reflect.Zero(callback.Out(i))
			}
			return results
		})})
		for _, typ := range base.Types() {
			if !slices.Contains(before, typ) {
				callbacks[typ] = Callback{m.Name, callback.In(1).Elem(), callback.NumOut() > 1}
			}
		}
	}
	return base, callbacks
}

// Success lists the statuses with which a right receiver takes a delivery.
func (v *Vendor) Success() []int {
	misses := v.NearMisses()
	i := slices.IndexFunc(misses, func(m eventtest.NearMiss) bool { return m.Name == "the same again" })
	if i < 0 {
		return []int{http.StatusOK}
	}
	return misses[i].Statuses // of a delivery that is good
}

// Judgement is what a handler of this module makes of a delivery.
type Judgement struct {
	Kind     event.Kind
	Response event.Response
	Err      error           // why it was not verified, or not handled
	Delivery *event.Delivery // as its callback would see it, verified or not; nil if it cannot be read
	Verified bool
	Payload  any      // of the payload's Go type; nil if there is none, or it does not decode
	Decoding error    // why not
	Drift    []string // see [drift.Find]
}

// Judge has a delivery handled as it would have been at the given time. Even if
// it is not verified, its payload is decoded, for people to look at. Without a
// secret, that is all. endpoint is the event type where the URL tells it.
func (v *Vendor) Judge(secret, endpoint string, header http.Header, body []byte, at time.Time) (j Judgement) {
	opts := &event.Options{
		Logger:  slog.New(slog.DiscardHandler),
		MaxBody: int64(len(body)) + 1,
		Observe: func(_ context.Context, r event.Result) {
			if r.Stage == event.StageRequest {
				j.Kind = r.Kind
			}
		},
		Wrap: func(next event.Callback) event.Callback {
			return func(ctx context.Context, payload any) (any, error) {
				if _, raw := payload.(*event.Delivery); !raw {
					j.Payload = payload
				}
				if d, ok := event.FromContext(ctx); ok {
					j.Delivery = d
				}
				return next(ctx, payload)
			}
		},
	}
	if v.Provider.Scheme.TimestampHeader != "" { // the handler's clock is later than at
		opts.Tolerance = signature.DefaultTolerance + v.Provider.Scheme.Tolerance + time.Since(at).Abs()
	}
	j.Err = errors.New("there is no secret to verify it with")
	if secret != "" {
		v.verify(&j, opts, secret, endpoint, header, body, at)
	}
	if !j.Verified {
		h, err := v.Handler("any", opts)
		if err != nil {
			j.Decoding = err
			return j
		}
		h.OnOther(func(context.Context, *event.Delivery) error { return nil })
		j.Decoding = h.Dispatch(context.Background(), &event.Delivery{
			Handler: h.Name(), Provider: v.Name(), Type: endpoint, Header: header, Body: body, ReceivedAt: at,
		})
	}
	if j.Delivery != nil {
		j.Drift = drift.Find(v.Provider, j.Delivery, j.Payload)
	}
	return j
}

func (v *Vendor) verify(j *Judgement, opts *event.Options, secret, endpoint string, header http.Header, body []byte, at time.Time) {
	h, err := v.Handler(secret, opts)
	if err != nil {
		j.Err = err
		return
	}
	r := event.Request{Header: header, Body: body, Endpoint: endpoint}
	if v.Provider.Verify == nil { // exactly, by the time of the delivery
		if _, err := v.Provider.Scheme.New([]byte(secret)).Verify(header, body, at, 0); err != nil {
			j.Kind, j.Err = event.KindUnverified, err
			j.Response = event.Response{Status: http.StatusUnauthorized, Body: []byte(http.StatusText(http.StatusUnauthorized))}
			return
		}
	}
	j.Response = h.Handle(context.Background(), &r)
	j.Err = j.Response.Err
	j.Verified = j.Kind != event.KindUnverified
	if j.Verified && j.Delivery == nil { // no callback ran
		j.Delivery, _ = h.Verify(context.Background(), &r)
		j.Decoding = j.Err
	}
}
