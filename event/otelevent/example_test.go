package otelevent_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/otelevent"
	"github.com/atshooks/atshooks/kombo"
)

// durable is what the inboxes of event/riverqueue and event/jetstream have.
type durable interface {
	event.Inbox
	Stats(ctx context.Context) (*inbox.Stats, error)
}

// A handler and its inbox report to the global providers.
func Example() {
	var in durable // a *riverqueue.Inbox, or a *jetstream.Inbox
	opts := otelevent.Instrument(&event.Options{Inbox: in}, nil)
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), opts)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := otelevent.ObserveInbox(in.Stats, nil); err != nil {
		log.Fatal(err)
	}
	http.Handle("POST /hooks/kombo", k) // behind otelhttp.NewHandler, where that is used
}

// A service exports the spans to a collector in place of this recorder, and has
// the global providers in place of the second argument.
func ExampleInstrument() {
	spans := tracetest.NewSpanRecorder()
	tracing := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	opts := otelevent.Instrument(&event.Options{Name: "acme-eu"}, &otelevent.Options{TracerProvider: tracing})
	h, err := event.NewHandler(acme, secret, opts)
	if err != nil {
		log.Fatal(err)
	}
	event.On(h, "hired", func(context.Context, *hire) error { return nil })

	ctx := context.Background()
	r := event.Request{Body: []byte(`{"type":"hired","id":"ev-1","data":{}}`)}
	if err := h.Sign(ctx, &r); err != nil {
		log.Fatal(err)
	}
	h.Handle(ctx, &r)
	for _, s := range spans.Ended() {
		fmt.Println(s.SpanKind(), s.Name())
	}
	// Output: consumer process acme-eu
}

// A service of many customers tells the first ones apart, and has decided that
// the texts of its own errors may leave it.
func ExampleOptions() {
	spans, metrics := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader() // a service has exporters
	opts := otelevent.Instrument(&event.Options{Logger: slog.New(slog.DiscardHandler)}, &otelevent.Options{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics)),
		MaxTenants:     1,
		ErrorTexts:     true,
	})
	h, err := event.NewHandler(acme, secret, opts)
	if err != nil {
		log.Fatal(err)
	}
	event.On(h, "hired", func(context.Context, *hire) error { return errors.New("the payroll system is closed") })

	ctx := context.Background()
	for _, tenant := range []string{"globex", "initech", "globex"} {
		r := event.Request{Tenant: tenant, Body: []byte(`{"type":"hired","id":"ev-1","data":{}}`)}
		if err := h.Sign(ctx, &r); err != nil {
			log.Fatal(err)
		}
		h.Handle(ctx, &r)
	}
	fmt.Println(spans.Ended()[0].Status().Description)
	var all metricdata.ResourceMetrics
	if err := metrics.Collect(ctx, &all); err != nil {
		log.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if m.Name != "atshooks.deliveries" {
			continue
		}
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			tenant, _ := p.Attributes.Value("atshooks.tenant")
			kind, _ := p.Attributes.Value("atshooks.kind")
			fmt.Println(tenant.AsString(), kind.AsString(), p.Value)
		}
	}
	// Unordered output:
	// the payroll system is closed
	// globex failed 2
	// _OTHER failed 1
}

// Attributes tell the inboxes of one program apart.
func ExampleObserveInbox() {
	var europe, america durable
	for region, in := range map[string]durable{"eu": europe, "us": america} {
		if _, err := otelevent.ObserveInbox(in.Stats, nil, attribute.String("region", region)); err != nil {
			log.Fatal(err)
		}
	}
}
