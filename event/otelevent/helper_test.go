package otelevent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/otelevent"
	"github.com/atshooks/atshooks/signature"
)

const (
	secret = "sk_test_2b7e151628aed2a6"
	canary = "canary-8f3a" // personal data
)

var acme = event.Provider{
	Name:     "acme",
	Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
	Types:    []string{"hired", "left"},
	TypeName: strings.ToLower,
	Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
}

// synchronous waits for the response.
var synchronous = event.Provider{
	Name:          "waiting",
	Scheme:        signature.HMAC{Header: "X-Acme-Signature"},
	Envelope:      event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
	MessageMember: "message", DefaultMessage: "It did not work.", Synchronous: true,
}

type hire struct {
	Email string `json:"email"`
}

// collector has what was reported to OpenTelemetry.
type collector struct {
	*tracetest.SpanRecorder
	tracing *sdktrace.TracerProvider
	reader  *sdkmetric.ManualReader
	opts    *otelevent.Options
}

func collect(opts otelevent.Options) *collector {
	c := &collector{SpanRecorder: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader(), opts: &opts}
	c.tracing = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(c.SpanRecorder))
	opts.TracerProvider = c.tracing
	opts.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(c.reader))
	return c
}

// handler makes an instrumented handler.
func (c *collector) handler(t *testing.T, p event.Provider, opts event.Options) *event.Handler {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	key := secret
	if opts.Secrets != nil {
		key = ""
	}
	h, err := event.NewHandler(p, key, otelevent.Instrument(&opts, c.opts))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// send sends a signed delivery; set may change it before or after it is signed.
func send(ctx context.Context, t *testing.T, h *event.Handler, typ string, set ...func(*event.Request)) event.Response {
	t.Helper()
	r := &event.Request{Body: fmt.Appendf(nil, `{"type":%q,"id":"ev-1","data":{"email":%q}}`, typ, canary)}
	for _, f := range set {
		f(r)
	}
	if r.Header == nil {
		if err := h.Sign(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	return h.Handle(ctx, r)
}

// from sends it as a tenant.
func from(tenant string) func(*event.Request) {
	return func(r *event.Request) { r.Tenant = tenant }
}

// span returns the one span of that name that has ended.
func (c *collector) span(t *testing.T, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	var found []sdktrace.ReadOnlySpan
	for _, s := range c.Ended() {
		if s.Name() == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans named %q, want 1", len(found), name)
	}
	return found[0]
}

// text is an attribute's value; "" if there is none.
func text(s sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, a := range s.Attributes() {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

// metrics collects the metrics, by name.
func (c *collector) metrics(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := c.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]metricdata.Metrics)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			byName[m.Name] = m
		}
	}
	return byName
}

// points are a metric's attributes and what was measured: a sum, or how often.
func points(m metricdata.Metrics) map[attribute.Set]int64 {
	all := make(map[attribute.Set]int64)
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			all[p.Attributes] = p.Value
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			all[p.Attributes] = p.Value
		}
	case metricdata.Histogram[int64]:
		for _, p := range data.DataPoints {
			all[p.Attributes] = int64(p.Count)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			all[p.Attributes] = int64(p.Count)
		}
	}
	return all
}

// lines are a metric's points as text, sorted.
func lines(m metricdata.Metrics) []string {
	var all []string
	for set, n := range points(m) {
		all = append(all, fmt.Sprint(set.Encoded(attribute.DefaultEncoder()), " ", n))
	}
	slices.Sort(all)
	return all
}

// everything is all that was reported, as text.
func (c *collector) everything(t *testing.T) string {
	t.Helper()
	spans, err := json.Marshal(tracetest.SpanStubsFromReadOnlySpans(c.Ended()))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %+v", spans, c.metrics(t))
}

// memory is an inbox whose deliveries survive their handlers.
type memory struct {
	stored [][]byte
	err    error
}

func (m *memory) Put(_ context.Context, d *event.Delivery) error {
	data, err := d.MarshalBinary()
	if err == nil {
		m.stored = append(m.stored, data)
	}
	return errors.Join(err, m.err)
}

// work runs what is stored.
func (m *memory) work(ctx context.Context, t *testing.T, h *event.Handler) error {
	t.Helper()
	var errs []error
	for _, data := range m.stored {
		var d event.Delivery
		if err := d.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		d.Attempt = 3
		errs = append(errs, h.Dispatch(ctx, &d))
	}
	return errors.Join(errs...)
}

// post sends a signed delivery through net/http.
func post(t *testing.T, h *event.Handler, body string) {
	t.Helper()
	signed := event.Request{Body: []byte(body)}
	if err := h.Sign(t.Context(), &signed); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/acme", strings.NewReader(body))
	r.Header = signed.Header
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Fatalf("answered %d", w.Code)
	}
}
