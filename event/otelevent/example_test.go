package otelevent_test

import (
	"context"
	"fmt"
	"log"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/otelevent"
)

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

// The first argument is the method Stats of a durable inbox.
func ExampleObserveInbox() {
	stats := func(context.Context) (*inbox.Stats, error) {
		return &inbox.Stats{Handlers: map[string]inbox.Counts{"kombo": {Waiting: 2}}}, nil
	}
	registered, err := otelevent.ObserveInbox(stats, nil, attribute.String("inbox", "eu"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := registered.Unregister(); err != nil {
			log.Print(err)
		}
	}()
}
