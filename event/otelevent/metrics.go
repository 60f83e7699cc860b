package otelevent

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// instruments are what deliveries are measured with. Requests are not measured
// as such: otelhttp does that, under the names of the semantic conventions.
type instruments struct {
	deliveries metric.Int64Counter
	duration   metric.Float64Histogram
	phase      metric.Float64Histogram
	process    messagingconv.ProcessDuration
	age        metric.Float64Histogram
	bodySize   metric.Int64Histogram
}

// Bucket boundaries. Those of durations are what the semantic conventions
// recommend; phases can be much shorter.
var (
	durations = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
	phases    = []float64{1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5}
	ages      = []float64{.1, 1, 10, 60, 300, 1800, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 48 * 3600}
	sizes     = []float64{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
)

func newInstruments(m metric.Meter) (i instruments, err error) {
	var errs [6]error
	seconds := func(name, description string, buckets []float64) (metric.Float64Histogram, error) {
		return m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(buckets...))
	}
	i.duration, errs[0] = seconds("atshooks.delivery.duration", "Time from the request's arrival to its response, or of a run in a worker.", durations)
	i.phase, errs[1] = seconds("atshooks.delivery.phase.duration", "Time to read the body, to verify the signature, and of the calls of store or inbox.", phases)
	i.age, errs[2] = seconds("atshooks.delivery.age", "Time from the delivery's receipt to a run in a worker.", ages)
	i.process, errs[3] = messagingconv.NewProcessDuration(m, metric.WithExplicitBucketBoundaries(durations...))
	i.deliveries, errs[4] = m.Int64Counter("atshooks.deliveries",
		metric.WithUnit("{delivery}"), metric.WithDescription("Requests that were responded to, and runs in a worker."))
	i.bodySize, errs[5] = m.Int64Histogram("atshooks.delivery.body.size",
		metric.WithUnit("By"), metric.WithDescription("Size of the bodies that were read."), metric.WithExplicitBucketBoundaries(sizes...))
	return i, errors.Join(errs[:]...)
}

// observe records what became of a delivery.
func (t *telemetry) observe(ctx context.Context, r *event.Result) {
	attrs := t.attributes(r)
	if r.Stage == event.StageRequest {
		trace.SpanFromContext(ctx).SetAttributes(attrs...)
	}
	same := metric.WithAttributeSet(attribute.NewSet(attrs...))
	t.deliveries.Add(ctx, 1, same)
	t.duration.Record(ctx, r.Duration.Seconds(), same)
	if r.BodySize > 0 {
		t.bodySize.Record(ctx, int64(r.BodySize), same)
	}
	if r.Stage == event.StageWorker {
		t.age.Record(ctx, max(r.Age, 0).Seconds(), same) // clocks differ
	}
	for phase, took := range map[string]time.Duration{"read": r.Phases.Read, "verify": r.Phases.Verify, "storage": r.Phases.Storage} {
		if took > 0 {
			t.phase.Record(ctx, took.Seconds(), same, metric.WithAttributes(phaseKey.String(phase)))
		}
	}
	if r.Phases.Callback > 0 {
		t.process.Record(ctx, r.Phases.Callback.Seconds(), opProcess, system, append(attrs, t.process.AttrDestinationName(r.Handler))...)
	}
}

// attributes are the labels of all metrics of a delivery. Each has a bounded
// number of values, whatever is sent.
func (t *telemetry) attributes(r *event.Result) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		handlerKey.String(r.Handler),
		providerKey.String(r.Provider),
		kindKey.String(string(r.Kind)),
		stageKey.String(string(r.Stage)),
	}
	if r.Type != "" {
		attrs = append(attrs, typeKey.String(cmp.Or(r.KnownType, "_OTHER"))) // as in the semantic conventions
	}
	attrs = with(attrs, tenantKey, t.tenants.label(r.Tenant, r.Delivery != nil))
	if r.Status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(r.Status))
	}
	if failed(r.Kind, r.Err) {
		attrs = append(attrs, semconv.ErrorTypeKey.String(string(r.Kind)))
	}
	return attrs
}

// tenants bounds how many tenants metrics tell apart.
type tenants struct {
	max  int
	mu   sync.Mutex
	seen map[string]bool
}

// label returns the value of a tenant's attribute; "" is none. What was not
// verified, anyone may have sent, so it takes no tenant's place.
func (t *tenants) label(name string, verified bool) string {
	if t.max == 0 || name == "" {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.seen[name]:
		return name
	case !verified || len(t.seen) >= t.max:
		return "_OTHER"
	case t.seen == nil:
		t.seen = make(map[string]bool)
	}
	t.seen[name] = true
	return name
}

// ObserveInbox reports what an inbox holds whenever metrics are collected. stats is
// the method Stats of a durable inbox. It is called once per collection, and may be
// called concurrently. Its errors go to OpenTelemetry's error handler, and nothing
// is reported then. o may be nil. attrs are added to all metrics, and tell the
// inboxes of a program apart. Unregister of the result ends the reports.
//
// All processes that share an inbox report the same numbers, except for
// atshooks.inbox.abandoned. Take their maximum, not their sum.
func ObserveInbox(stats func(context.Context) (*inbox.Stats, error), o *Options, attrs ...attribute.KeyValue) (metric.Registration, error) {
	m := cmp.Or(o, &Options{}).meter()
	var all []metric.Observable
	var errs []error
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		g, err := m.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		all, errs = append(all, g), append(errs, err)
		return g
	}
	deliveries := gauge("atshooks.inbox.deliveries", "{delivery}", "Deliveries that are not completed.")
	oldest := gauge("atshooks.inbox.oldest.age", "s", "Time since the oldest delivery that is neither completed nor dead was stored; 0 if there is none.")
	usage := gauge("atshooks.inbox.usage", "By", "Space that deliveries take in the engine.")
	limit := gauge("atshooks.inbox.limit", "By", "Space that they may take.")
	abandoned := gauge("atshooks.inbox.abandoned", "{callback}", "Callbacks in this process that did not return in time, and still run.")
	damaged := gauge("atshooks.inbox.damaged", "{delivery}", "Deliveries that the engine has lost.")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m.RegisterCallback(func(ctx context.Context, to metric.Observer) error {
		s, err := stats(ctx)
		if err != nil {
			return err
		}
		observe := func(g metric.Int64ObservableGauge, n int64, more ...attribute.KeyValue) {
			to.ObserveInt64(g, n, metric.WithAttributes(attrs...), metric.WithAttributes(more...))
		}
		observe(usage, s.Bytes)
		if s.MaxBytes > 0 {
			observe(limit, s.MaxBytes)
		}
		observe(abandoned, s.Abandoned)
		observe(damaged, s.Damaged)
		for name, c := range s.Handlers {
			handler := handlerKey.String(name)
			for state, n := range map[string]int64{"waiting": c.Waiting, "running": c.Running, "retrying": c.Retrying, "dead": c.Dead} {
				observe(deliveries, n, handler, stateKey.String(state))
			}
			if c.Oldest.IsZero() {
				c.Oldest = time.Now()
			}
			observe(oldest, int64(max(time.Since(c.Oldest), 0).Seconds()), handler)
		}
		return nil
	}, all...)
}
