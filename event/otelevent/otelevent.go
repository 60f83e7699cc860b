// Package otelevent reports webhook deliveries to OpenTelemetry: metrics of every
// delivery, and a span around each callback, which continues the trace of the
// request even if the callback runs much later in a worker.
//
//	opts := otelevent.Instrument(&event.Options{Inbox: inbox}, nil)
//	k, err := kombo.NewHandler(secret, opts)
//	…
//	mux.Handle("POST /hooks/kombo", otelhttp.NewHandler(k, "POST /hooks/kombo"))
//
// The span of the request itself comes from otelhttp, or from whatever else traces
// the service's requests. It gets attributes that say what became of the delivery.
//
// # Traces
//
// "store NAME" is the span of putting a delivery into the inbox of the handler
// NAME, and "process NAME" is that of one attempt of a callback. They follow the
// semantic conventions for messaging, where a handler is the destination. A span
// is a child of the span in the context. If there is none, its parent is the span
// that the W3C header Traceparent names. In a request that is the vendor's or a
// proxy's; in a worker it is the span that stored the delivery, so that request
// and callback are one trace. Spans of callbacks also link to the span that the
// header names.
//
// # Personal data
//
// Spans and metrics hold names, kinds, sizes and times, and spans hold the
// delivery's id. Nothing else of a delivery is in them. Of an error, only its kind
// and the Go type of its cause are recorded, unless [Options].ErrorTexts is set.
// The value of a panic is never recorded.
package otelevent

import (
	"cmp"
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/atshooks/atshooks/event"
)

const scope = "github.com/atshooks/atshooks/event/otelevent"

// The attributes that the semantic conventions do not name.
const (
	handlerKey  = attribute.Key("atshooks.handler")
	providerKey = attribute.Key("atshooks.provider")
	typeKey     = attribute.Key("atshooks.event.type")
	tenantKey   = attribute.Key("atshooks.tenant")
	kindKey     = attribute.Key("atshooks.kind")
	stageKey    = attribute.Key("atshooks.stage")
	phaseKey    = attribute.Key("atshooks.phase")
	attemptKey  = attribute.Key("atshooks.attempt")
	stateKey    = attribute.Key("atshooks.inbox.state")
)

// Options are the settings of [Instrument] and [ObserveInbox]. Nil and the
// zero value use the global providers.
type Options struct {
	// TracerProvider makes the spans. Nil is [otel.GetTracerProvider].
	TracerProvider trace.TracerProvider
	// MeterProvider makes the metrics. Nil is [otel.GetMeterProvider].
	MeterProvider metric.MeterProvider
	// MaxTenants is how many tenants metrics tell apart: the first ones that
	// have a verified delivery. All others are "_OTHER". Spans name every
	// tenant. With 0, tenants are in neither metrics nor spans.
	MaxTenants int
	// ErrorTexts records the texts of errors that callbacks and inboxes return,
	// in the status of their spans. They may hold personal data; those of a
	// database often do.
	ErrorTexts bool
}

// Instrument returns a copy of opts with traces and metrics added. Wrap and Observe
// of opts still run: Wrap inside the callback's span, and Observe after the metrics
// were recorded. opts and o may be nil. The result may be used for any number of
// handlers.
//
// The result has an Inbox around that of opts: give workers the one of opts.
func Instrument(opts *event.Options, o *Options) *event.Options {
	var out event.Options
	if opts != nil {
		out = *opts
	}
	o = cmp.Or(o, &Options{})
	in, err := newInstruments(o.meter())
	if err != nil { // a service serves without telemetry, too
		otel.Handle(err)
	}
	t := &telemetry{
		instruments: in,
		tracer:      cmp.Or(o.TracerProvider, otel.GetTracerProvider()).Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		tenants:     tenants{max: o.MaxTenants},
		errorTexts:  o.ErrorTexts,
	}
	wrap, observe := out.Wrap, out.Observe
	out.Wrap = func(cb event.Callback) event.Callback {
		if wrap != nil {
			cb = wrap(cb)
		}
		return t.wrap(cb)
	}
	out.Observe = func(ctx context.Context, r event.Result) {
		t.observe(ctx, &r)
		if observe != nil {
			observe(ctx, r)
		}
	}
	if out.Inbox != nil {
		out.Inbox = &storingInbox{out.Inbox, t}
	}
	return &out
}

// telemetry is what the handlers of one call of Instrument share.
type telemetry struct {
	instruments
	tracer     trace.Tracer
	tenants    tenants
	errorTexts bool
}

func (o *Options) meter() metric.Meter {
	return cmp.Or(o.MeterProvider, otel.GetMeterProvider()).Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
}

// with adds an attribute, unless it has no value.
func with(attrs []attribute.KeyValue, key attribute.Key, value string) []attribute.KeyValue {
	if value == "" {
		return attrs
	}
	return append(attrs, key.String(value))
}
