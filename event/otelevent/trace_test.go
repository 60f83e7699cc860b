package otelevent_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/otelevent"
)

const (
	vendorTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	vendorSpan  = "00f067aa0ba902b7"
	traceparent = "00-" + vendorTrace + "-" + vendorSpan + "-01"
)

// The ways in which a request comes with a trace, and who the parent of its
// first span is then.
var arrivals = []struct {
	name           string
	server, vendor bool
}{
	{"a span in the request's context", true, false},
	{"a header of the vendor's", false, true},
	{"both", true, true},
	{"neither", false, false},
}

// arrive sends a delivery as one of arrivals does, and returns the context of
// the span that is to be the parent.
func arrive(t *testing.T, c *collector, h *event.Handler, server, vendor bool) trace.SpanContext {
	t.Helper()
	ctx, parent := t.Context(), trace.SpanContext{}
	header := func(*event.Request) {}
	if vendor {
		header = func(r *event.Request) {
			if err := h.Sign(ctx, r); err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Traceparent", traceparent)
		}
		parent = parse(t, vendorTrace, vendorSpan)
	}
	if server {
		var span trace.Span
		ctx, span = c.tracing.Tracer("server").Start(ctx, "POST /hooks", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		parent = span.SpanContext()
	}
	if resp := send(ctx, t, h, "hired", header); resp.Status != http.StatusOK {
		t.Fatal(resp.Err)
	}
	return parent
}

func parse(t *testing.T, traceID, spanID string) trace.SpanContext {
	t.Helper()
	tid, err1 := trace.TraceIDFromHex(traceID)
	sid, err2 := trace.SpanIDFromHex(spanID)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: tid, SpanID: sid})
}

// checkChild checks that a span continues the trace of another; an invalid
// parent is none.
func checkChild(t *testing.T, s sdktrace.ReadOnlySpan, parent trace.SpanContext) {
	t.Helper()
	if s.Parent().SpanID() != parent.SpanID() || parent.IsValid() && s.SpanContext().TraceID() != parent.TraceID() {
		t.Errorf("%s has the parent %v in trace %v, want %v in %v",
			s.Name(), s.Parent().SpanID(), s.SpanContext().TraceID(), parent.SpanID(), parent.TraceID())
	}
}

func checkLink(t *testing.T, s sdktrace.ReadOnlySpan, to trace.SpanContext) {
	t.Helper()
	switch links := s.Links(); {
	case !to.IsValid() && len(links) == 0:
	case len(links) != 1 || links[0].SpanContext.SpanID() != to.SpanID() || links[0].SpanContext.TraceID() != to.TraceID():
		t.Errorf("%s links to %+v, want %v", s.Name(), links, to.SpanID())
	}
}

func TestTraceGoesFromRequestToWorker(t *testing.T) {
	for _, tt := range arrivals {
		t.Run(tt.name, func(t *testing.T) {
			var m memory
			before := collect(otelevent.Options{})
			parent := arrive(t, before, before.handler(t, acme, event.Options{Inbox: &m}), tt.server, tt.vendor)
			stored := before.span(t, "store acme")
			checkChild(t, stored, parent)
			checkLink(t, stored, trace.SpanContext{})
			if got := stored.SpanKind(); got != trace.SpanKindProducer {
				t.Errorf("the span that stores is a %v", got)
			}

			// Nothing but the stored bytes is left.
			after := collect(otelevent.Options{})
			worker := after.handler(t, acme, event.Options{})
			var inside trace.SpanContext
			event.On(worker, "hired", func(ctx context.Context, _ *hire) error {
				inside = trace.SpanContextFromContext(ctx)
				return nil
			})
			if err := m.work(t.Context(), t, worker); err != nil {
				t.Fatal(err)
			}
			processed := after.span(t, "process acme")
			checkChild(t, processed, stored.SpanContext())
			checkLink(t, processed, stored.SpanContext())
			if got := processed.SpanKind(); got != trace.SpanKindConsumer {
				t.Errorf("the span of the callback is a %v", got)
			}
			if !inside.Equal(processed.SpanContext()) {
				t.Errorf("the callback's context has the span %v, want %v", inside.SpanID(), processed.SpanContext().SpanID())
			}
		})
	}
}

// A worker that traces its own work keeps its trace, and a link tells whose
// delivery it ran.
func TestWorkerWithASpanOfItsOwn(t *testing.T) {
	var m memory
	c := collect(otelevent.Options{})
	h := c.handler(t, acme, event.Options{Inbox: &m})
	event.On(h, "hired", func(context.Context, *hire) error { return nil })
	arrive(t, c, h, false, false)
	ctx, job := c.tracing.Tracer("engine").Start(t.Context(), "job")
	if err := m.work(ctx, t, h); err != nil {
		t.Fatal(err)
	}
	processed := c.span(t, "process acme")
	checkChild(t, processed, job.SpanContext())
	checkLink(t, processed, c.span(t, "store acme").SpanContext())
}

func TestCallbackInTheRequestContinuesItsTrace(t *testing.T) {
	for _, tt := range arrivals {
		t.Run(tt.name, func(t *testing.T) {
			c := collect(otelevent.Options{})
			h := c.handler(t, acme, event.Options{})
			event.On(h, "hired", func(context.Context, *hire) error { return nil })
			parent := arrive(t, c, h, tt.server, tt.vendor)
			checkChild(t, c.span(t, "process acme"), parent)
			var vendor trace.SpanContext
			if tt.vendor {
				vendor = parse(t, vendorTrace, vendorSpan)
			}
			checkLink(t, c.span(t, "process acme"), vendor)
		})
	}
}

// A trace that is not sampled stays so, and its context is stored all the same.
func TestSamplingIsTheRequests(t *testing.T) {
	var m memory
	c := collect(otelevent.Options{})
	h := c.handler(t, acme, event.Options{Inbox: &m})
	var inside trace.SpanContext
	event.On(h, "hired", func(ctx context.Context, _ *hire) error {
		inside = trace.SpanContextFromContext(ctx)
		return nil
	})
	send(t.Context(), t, h, "hired", func(r *event.Request) {
		if err := h.Sign(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Traceparent", strings.TrimSuffix(traceparent, "01")+"00")
	})
	if err := m.work(t.Context(), t, h); err != nil {
		t.Fatal(err)
	}
	if n := len(c.Ended()); n != 0 || inside.TraceID().String() != vendorTrace {
		t.Errorf("%d spans were recorded, want 0; the callback is in trace %v, want %s", n, inside.TraceID(), vendorTrace)
	}
}

func TestRequestIsNotChanged(t *testing.T) {
	var m memory
	c := collect(otelevent.Options{})
	h := c.handler(t, acme, event.Options{Inbox: &m})
	r := event.Request{Body: []byte(`{"type":"hired"}`)}
	if err := h.Sign(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Traceparent", traceparent)
	if resp := h.Handle(t.Context(), &r); resp.Err != nil || r.Header.Get("Traceparent") != traceparent {
		t.Errorf("the request has the Traceparent %q after %v", r.Header.Get("Traceparent"), resp.Err)
	}

	p := acme
	p.InsecureAllowUnsigned = true
	unsigned := event.Request{Body: r.Body} // without any header
	if resp := c.handler(t, p, event.Options{Inbox: &m}).Handle(t.Context(), &unsigned); resp.Err != nil || unsigned.Header != nil {
		t.Errorf("without headers: %v, and the request has %v", resp.Err, unsigned.Header)
	}
	if !strings.Contains(string(m.stored[1]), "Traceparent") {
		t.Error("without headers, no trace is stored")
	}
}

func TestSpanSaysWhatTheDeliveryIs(t *testing.T) {
	var m memory
	c := collect(otelevent.Options{MaxTenants: 1})
	h := c.handler(t, acme, event.Options{Name: "acme-eu", Inbox: &m, Secrets: func(context.Context, string) ([]string, error) { return []string{secret}, nil }})
	event.On(h, "hired", func(context.Context, *hire) error { return nil })
	send(t.Context(), t, h, "hired", from("one"))
	if err := m.work(t.Context(), t, h); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"store acme-eu":   "store send stored ",
		"process acme-eu": "process process handled 3",
	} {
		s := c.span(t, name)
		got := fmt.Sprintf("%s %s %s %s", text(s, "messaging.operation.name"), text(s, "messaging.operation.type"), text(s, "atshooks.kind"), text(s, "atshooks.attempt"))
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		for key, want := range map[attribute.Key]string{
			"messaging.system": "atshooks", "messaging.destination.name": "acme-eu", "messaging.message.id": "ev-1",
			"atshooks.handler": "acme-eu", "atshooks.provider": "acme", "atshooks.event.type": "hired", "atshooks.tenant": "one",
		} {
			if got := text(s, key); got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
	}
}

// What became of a delivery is on the span of the request, which is not ours.
func TestRequestsSpanIsToldTheKind(t *testing.T) {
	c := collect(otelevent.Options{})
	h := c.handler(t, acme, event.Options{})
	event.On(h, "hired", func(context.Context, *hire) error { return event.Ignore(nil) })
	arrive(t, c, h, true, false)
	server := c.span(t, "POST /hooks")
	if kind, typ := text(server, "atshooks.kind"), text(server, "atshooks.event.type"); kind != "ignored" || typ != "hired" {
		t.Errorf("the request's span has kind %q and type %q", kind, typ)
	}

	ctx, job := c.tracing.Tracer("engine").Start(t.Context(), "job") // of many deliveries
	d, err := h.Verify(ctx, signedRequest(t, h))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Dispatch(ctx, d); err != nil {
		t.Fatal(err)
	}
	job.End()
	if kind := text(c.span(t, "job"), "atshooks.kind"); kind != "" {
		t.Errorf("a worker's span has kind %q, want none", kind)
	}
}

func signedRequest(t *testing.T, h *event.Handler) *event.Request {
	t.Helper()
	r := &event.Request{Body: []byte(`{"type":"hired","data":{}}`)}
	if err := h.Sign(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// endings are what callbacks can end with, all with personal data in it.
var endings = map[string]struct {
	provider event.Provider
	end      func() error
	kind     string
	cause    string // the error's type; "" is no failure
}{
	"an error":      {acme, func() error { return errors.New(canary) }, "failed", "*errors.errorString"},
	"a wrapped one": {acme, func() error { return fmt.Errorf("%s: %w", canary, &fs.PathError{Path: canary, Err: fs.ErrNotExist}) }, "failed", "*fs.PathError"},
	"one of a type": {acme, func() error { return fmt.Errorf("%s: %w", canary, queryError{canary}) }, "failed", "otelevent_test.queryError"},
	"permanent":     {acme, func() error { return event.Permanent(queryError{canary}) }, "permanent", "otelevent_test.queryError"},
	"later":         {acme, func() error { return event.RetryAfter(time.Minute, queryError{canary}) }, "unavailable", "otelevent_test.queryError"},
	"ignored":       {acme, func() error { return event.Ignore(queryError{canary}) }, "ignored", ""},
	"a rejection": {synchronous, func() error {
		return &event.Rejection{Message: canary, Details: map[string]any{canary: canary}, Err: queryError{canary}}
	}, "rejected", ""},
	"a panic":             {acme, func() error { panic(canary) }, "panicked", "panic"},
	"a panic of an error": {acme, func() error { panic(queryError{canary}) }, "panicked", "panic"},
}

type queryError struct{ detail string }

func (e queryError) Error() string { return "duplicate key: " + e.detail }

// ErrorType is what the semantic conventions let an error say of itself.
func (e queryError) ErrorType() string { return e.detail }

func TestErrorsSetTheStatusWithoutTheirText(t *testing.T) {
	for name, tt := range endings {
		t.Run(name, func(t *testing.T) {
			c := collect(otelevent.Options{MaxTenants: 5})
			h := c.handler(t, tt.provider, event.Options{})
			event.On(h, "hired", func(context.Context, *hire) error { return tt.end() })
			arrive := func(r *event.Request) {
				if err := h.Sign(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				r.Header.Set("X-Candidate", canary)
			}
			ctx, server := c.tracing.Tracer("server").Start(t.Context(), "POST /hooks")
			send(ctx, t, h, "hired", arrive)
			server.End()
			s := c.span(t, "process "+tt.provider.Name)
			if got := text(s, "atshooks.kind"); got != tt.kind || text(c.span(t, "POST /hooks"), "atshooks.kind") != tt.kind {
				t.Errorf("kind %q, want %q", got, tt.kind)
			}
			wantStatus, wantType, wantCause := codes.Error, tt.kind, tt.cause
			switch tt.cause {
			case "":
				wantStatus, wantType = codes.Unset, ""
			case "panic":
				wantCause = ""
			}
			if s.Status().Code != wantStatus || s.Status().Description != "" || text(s, "error.type") != wantType || text(s, "exception.type") != wantCause {
				t.Errorf("status %+v, error.type %q, exception.type %q, want %v, %q, %q",
					s.Status(), text(s, "error.type"), text(s, "exception.type"), wantStatus, wantType, wantCause)
			}
			if all := c.everything(t); strings.Contains(all, canary) || !strings.Contains(all, "hired") {
				t.Errorf("personal data was reported, or nothing: %s", all)
			}
		})
	}
}

func TestErrorTexts(t *testing.T) {
	for name, tt := range endings {
		c := collect(otelevent.Options{ErrorTexts: true})
		h := c.handler(t, tt.provider, event.Options{})
		event.On(h, "hired", func(context.Context, *hire) error { return tt.end() })
		send(t.Context(), t, h, "hired")
		status := c.span(t, "process "+tt.provider.Name).Status()
		if want := tt.cause != "" && tt.cause != "panic"; strings.Contains(status.Description, canary) != want {
			t.Errorf("%s: the status is %+v", name, status)
		}
	}
}

func TestErrorsOfAnInbox(t *testing.T) {
	for _, tt := range []struct {
		err  error
		kind string
		code codes.Code
	}{
		{nil, "stored", codes.Unset},
		{fmt.Errorf("%s: %w", canary, event.ErrDuplicate), "duplicate", codes.Unset},
		{fmt.Errorf("%s: %w", canary, event.ErrTooLarge), "too_large", codes.Error},
		{queryError{canary}, "unavailable", codes.Error},
	} {
		c := collect(otelevent.Options{})
		h := c.handler(t, acme, event.Options{Inbox: &memory{err: tt.err}})
		resp := send(t.Context(), t, h, "hired")
		s := c.span(t, "store acme")
		if text(s, "atshooks.kind") != tt.kind || s.Status().Code != tt.code || s.Status().Description != "" {
			t.Errorf("%s: kind %q, status %+v", tt.kind, text(s, "atshooks.kind"), s.Status())
		}
		if failed, ok := errors.AsType[*event.Error](resp.Err); ok && string(failed.Kind) != tt.kind {
			t.Errorf("%s: the handler calls it %s", tt.kind, failed.Kind)
		}
		if all := c.everything(t); strings.Contains(all, canary) {
			t.Errorf("%s: personal data was reported: %s", tt.kind, all)
		}
	}
}

func TestUsersHooksStillRun(t *testing.T) {
	c := collect(otelevent.Options{})
	var wrapped trace.SpanContext
	var observed []event.Kind
	opts := &event.Options{
		Logger: slog.New(slog.DiscardHandler),
		Wrap: func(cb event.Callback) event.Callback {
			return func(ctx context.Context, payload any) (any, error) {
				wrapped = trace.SpanContextFromContext(ctx)
				_, err := cb(ctx, payload)
				return nil, errors.Join(err, errors.New("from Wrap"))
			}
		},
		Observe: func(_ context.Context, r event.Result) { observed = append(observed, r.Kind) },
	}
	h, err := event.NewHandler(acme, secret, otelevent.Instrument(opts, c.opts))
	if err != nil {
		t.Fatal(err)
	}
	called := false
	event.On(h, "hired", func(context.Context, *hire) error { called = true; return nil })
	send(t.Context(), t, h, "hired")
	s := c.span(t, "process acme")
	if !called || !wrapped.Equal(s.SpanContext()) || s.Status().Code != codes.Error {
		t.Errorf("called %t, Wrap ran in span %v of %v, whose status is %+v", called, wrapped.SpanID(), s.SpanContext().SpanID(), s.Status())
	}
	if len(observed) != 1 || observed[0] != event.KindFailed {
		t.Errorf("observed %v, want one failure", observed)
	}
	if opts.Inbox != nil {
		t.Error("the options have an inbox, which they did not have")
	}
}

// Without settings the global providers are used, also those that are set later.
func TestGlobalProviders(t *testing.T) {
	h, err := event.NewHandler(acme, secret, otelevent.Instrument(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	event.On(h, "hired", func(context.Context, *hire) error { return nil })
	c := collect(otelevent.Options{})
	otel.SetTracerProvider(c.opts.TracerProvider)
	otel.SetMeterProvider(c.opts.MeterProvider)
	send(t.Context(), t, h, "hired")
	c.span(t, "process acme")
	if points(c.metrics(t)["atshooks.deliveries"]) == nil {
		t.Error("nothing was counted")
	}
}

// A wrapped callback can be called without a handler, as tests may.
func TestCallbackWithoutADelivery(t *testing.T) {
	c := collect(otelevent.Options{})
	cb := otelevent.Instrument(nil, c.opts).Wrap(func(context.Context, any) (any, error) { return http.StatusOK, nil })
	if got, err := cb(t.Context(), nil); got != http.StatusOK || err != nil || len(c.Ended()) != 0 {
		t.Errorf("returned %v, %v with %d spans", got, err, len(c.Ended()))
	}
}
