package otelevent

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/atshooks/atshooks/event"
)

// In the words of the semantic conventions, this library is the messaging
// system, and these are its operations.
const system, opStore, opProcess = "atshooks", "store", "process"

// w3c reads and writes the headers that the stored form of a delivery keeps.
var w3c propagation.TraceContext

// start starts a span of an operation on d. The parent is the span in ctx, or
// else the one whose context came with d: of what sent it, or stored it. The
// span of a consumer links to the latter in any case.
func (t *telemetry) start(ctx context.Context, d *event.Delivery, kind trace.SpanKind, op string, typ attribute.KeyValue) (context.Context, trace.Span) {
	came := trace.SpanContextFromContext(w3c.Extract(context.Background(), propagation.HeaderCarrier(d.Header)))
	var links []trace.Link
	if came.IsValid() && kind == trace.SpanKindConsumer {
		links = []trace.Link{{SpanContext: came}}
	}
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, came)
	}
	attrs := []attribute.KeyValue{
		semconv.MessagingSystemKey.String(system),
		semconv.MessagingDestinationName(d.Handler),
		semconv.MessagingOperationName(op),
		typ,
		handlerKey.String(d.Handler),
		providerKey.String(d.Provider),
	}
	attrs = with(attrs, typeKey, d.Type)
	attrs = with(attrs, semconv.MessagingMessageIDKey, d.ID)
	if t.tenants.max > 0 {
		attrs = with(attrs, tenantKey, d.Tenant)
	}
	return t.tracer.Start(ctx, op+" "+d.Handler, trace.WithSpanKind(kind), trace.WithLinks(links...), trace.WithAttributes(attrs...))
}

// wrap puts a span around a callback.
func (t *telemetry) wrap(cb event.Callback) event.Callback {
	return func(ctx context.Context, payload any) (response any, err error) {
		d, ok := event.FromContext(ctx)
		if !ok {
			return cb(ctx, payload)
		}
		ctx, span := t.start(ctx, d, trace.SpanKindConsumer, opProcess, semconv.MessagingOperationTypeProcess)
		span.SetAttributes(attemptKey.Int(d.Attempt))
		kind := event.KindPanicked // unless cb returns
		defer func() { t.end(span, kind, err) }()
		response, err = cb(ctx, payload)
		kind = kindOf(err)
		return response, err
	}
}

// kindOf is what the handler makes of a callback's error. Some handlers take a
// Rejection for a failure, which is not known here.
func kindOf(err error) event.Kind {
	verdict, after := event.VerdictOf(err)
	_, rejected := errors.AsType[*event.Rejection](err)
	switch {
	case err == nil:
		return event.KindHandled
	case verdict == event.VerdictDone:
		return event.KindIgnored
	case verdict == event.VerdictDrop:
		return event.KindPermanent
	case after > 0:
		return event.KindUnavailable
	case rejected:
		return event.KindRejected
	}
	return event.KindFailed
}

// storingInbox puts a span around storing a delivery, and stores its context with it.
type storingInbox struct {
	next event.Inbox
	t    *telemetry
}

func (i *storingInbox) Put(ctx context.Context, d *event.Delivery) error {
	ctx, span := i.t.start(ctx, d, trace.SpanKindProducer, opStore, semconv.MessagingOperationTypeSend)
	c := *d // the header is the request's
	if c.Header = d.Header.Clone(); c.Header == nil {
		c.Header = make(http.Header)
	}
	w3c.Inject(ctx, propagation.HeaderCarrier(c.Header))
	err := i.next.Put(ctx, &c)
	kind := event.KindUnavailable
	switch {
	case err == nil:
		kind = event.KindStored
	case errors.Is(err, event.ErrDuplicate):
		kind = event.KindDuplicate
	case errors.Is(err, event.ErrTooLarge):
		kind = event.KindTooLarge
	}
	i.t.end(span, kind, err)
	return err
}

// end ends a span. A deferred span.End would record the value of a panic; one
// that is called by a deferred function does not.
func (t *telemetry) end(span trace.Span, kind event.Kind, err error) {
	span.SetAttributes(kindKey.String(string(kind)))
	if kind == event.KindPanicked || failed(kind, err) {
		text := ""
		if t.errorTexts && err != nil {
			text = err.Error()
		}
		span.SetStatus(codes.Error, text)
		span.SetAttributes(with([]attribute.KeyValue{semconv.ErrorTypeKey.String(string(kind))}, semconv.ExceptionTypeKey, typeOf(err))...)
	}
	span.End()
}

// failed reports whether an error means that something did not work. A
// rejection is a decision of the callback's.
func failed(kind event.Kind, err error) bool {
	return err != nil && kind != event.KindIgnored && kind != event.KindRejected && kind != event.KindDuplicate
}

// typeOf names the Go type of an error, less what only adds a text or a verdict
// to it; "" means that err is nil.
func typeOf(err error) string {
	if err == nil {
		return ""
	}
	name := fmt.Sprintf("%T", err)
	if cause := errors.Unwrap(err); cause != nil && (name == "*fmt.wrapError" || name == "*event.verdictError") {
		return typeOf(cause)
	}
	return name
}
