package event

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/signature"
)

const (
	// rejectionsEvery is the least time between two log lines about requests
	// that anyone can send, in floods if they like.
	rejectionsEvery = 10 * time.Second
	// diagnosesEvery is the least time between two diagnoses.
	diagnosesEvery = time.Second
	// maxUnknownTypes bounds the event types that are remembered as logged.
	maxUnknownTypes = 256
	// maxLogged is how much of a name that a stranger chose is logged, in bytes.
	maxLogged = 64
)

// reporter tells the service what happened.
type reporter struct {
	observe  func(context.Context, Result)
	logger   *slog.Logger
	diagnose func(signature.HMAC, http.Header, []byte, time.Time, time.Duration, ...[]byte) string

	spellingLogged atomic.Bool
	rejections     limiter
	diagnoses      limiter
	diagnosing     sync.Mutex // one at a time

	unknownTypes onceSet
}

// onceSet remembers what was said once.
type onceSet struct {
	mu   sync.Mutex
	seen map[string]bool
}

// isNew reports whether a text was not seen before. A signed sender chose it,
// and may choose many: beyond most texts, none is new.
func (s *onceSet) isNew(text string, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[text] || len(s.seen) >= most {
		return false
	}
	if s.seen == nil {
		s.seen = make(map[string]bool)
	}
	s.seen[text] = true
	return true
}

func newReporter(p *Provider, opts *Options) *reporter {
	r := &reporter{observe: opts.Observe, logger: opts.Logger, diagnose: opts.Diagnose}
	if p.Verify != nil {
		r.diagnose = nil // it knows schemes only
	}
	// Where one spelling only is possible there is nothing to find out.
	r.spellingLogged.Store(p.Verify != nil || p.Scheme.IsExact())
	return r
}

// limiter lets something happen once in a while, and counts what it held back.
type limiter struct {
	next    atomic.Int64 // in Unix nanoseconds
	omitted atomic.Int64
}

func (l *limiter) allow(every time.Duration) bool {
	now, next := time.Now(), l.next.Load()
	if now.UnixNano() >= next && l.next.CompareAndSwap(next, now.Add(every).UnixNano()) {
		return true
	}
	l.omitted.Add(1)
	return false
}

func (r *reporter) log() *slog.Logger {
	if r.logger != nil {
		return r.logger
	}
	return slog.Default()
}

// observeRequest reports what became of a request.
func (h *Handler) observeRequest(ctx context.Context, r *Request, o *outcome, status int, began time.Time) {
	diagnosis := h.diagnosis(ctx, r, o)
	if o.err != nil || o.warning != nil {
		h.logOutcome(ctx, r.Tenant, o, diagnosis)
	}
	if h.report.observe == nil {
		return
	}
	res := h.result(r.Tenant, o, began)
	res.Stage, res.Status, res.Attempt, res.BodySize, res.Diagnosis = StageRequest, status, 1, len(r.Body), diagnosis
	h.report.observe(ctx, res)
}

// observeDispatch reports what became of a delivery in a worker.
func (h *Handler) observeDispatch(ctx context.Context, d *Delivery, o *outcome, began time.Time) {
	if o.err != nil || o.warning != nil {
		h.logOutcome(ctx, d.Tenant, o, "")
	}
	if h.report.observe == nil {
		return
	}
	res := h.result(d.Tenant, o, began)
	res.Stage, res.Attempt, res.BodySize, res.Age = StageWorker, d.Attempt, len(d.Body), began.Sub(d.ReceivedAt)
	h.report.observe(ctx, res)
}

func (h *Handler) result(tenant string, o *outcome, began time.Time) Result {
	return Result{
		Handler:     h.name,
		Provider:    h.provider.Name,
		Tenant:      tenant,
		ID:          o.id,
		Type:        o.typ,
		KnownType:   h.knownType(o.typ),
		Kind:        o.kind,
		Delivery:    o.delivery,
		Duration:    time.Since(began),
		Phases:      o.phases,
		PayloadSize: o.payload,
		Err:         o.wrapped(h),
		Warning:     o.warning,
	}
}

// logOutcome logs what a service must know.
func (h *Handler) logOutcome(ctx context.Context, tenant string, o *outcome, diagnosis string) {
	switch o.kind {
	case KindBadMethod, KindTooLarge, KindUnverified, KindUnreadable:
		h.logRejection(ctx, tenant, o, diagnosis)
	case KindUnavailable:
		if o.delivery == nil { // the secrets: anyone can ask for a tenant's
			h.logRejection(ctx, tenant, o, diagnosis)
			return
		}
		h.logLine(ctx, slog.LevelError, "webhook delivery failed", tenant, o)
	case KindFailed, KindPanicked, KindUndecodable, KindNoEndpoint, KindPermanent, KindUnhandled:
		if o.err == nil {
			h.logLine(ctx, slog.LevelWarn, "webhook delivery has a warning", tenant, o)
			return
		}
		if ctx.Err() == context.Canceled && errors.Is(o.err, context.Canceled) {
			h.logLine(ctx, slog.LevelWarn, "webhook delivery was not finished: the sender hung up", tenant, o)
			return
		}
		h.logLine(ctx, slog.LevelError, "webhook delivery failed", tenant, o)
	case KindRejected:
		h.logLine(ctx, slog.LevelInfo, "webhook delivery was rejected by its callback", tenant, o)
	default:
		if o.warning != nil {
			h.logLine(ctx, slog.LevelWarn, "webhook delivery has a warning", tenant, o)
		}
	}
}

// logRejection logs one rejected request in a while, and how many it left out.
// A diagnosis is always logged, since there are few of them.
func (h *Handler) logRejection(ctx context.Context, tenant string, o *outcome, diagnosis string) {
	allowed := h.report.rejections.allow(rejectionsEvery)
	if diagnosis == "" && !allowed {
		return
	}
	var more []slog.Attr
	n := h.report.rejections.omitted.Swap(0)
	if !allowed {
		n-- // this one is not left out
	}
	if n > 0 {
		more = append(more, slog.Int64("rejections_not_logged", n))
	}
	if diagnosis != "" {
		more = append(more, slog.String("diagnosis", diagnosis))
	}
	level, msg := slog.LevelWarn, "webhook request was rejected"
	switch {
	case o.kind == KindUnavailable:
		level, msg = slog.LevelError, "webhook delivery failed"
	case o.kind == KindUnverified && h.provider.Verify == nil:
		more = append(more, slog.String("expected", h.provider.Scheme.String()))
		if !h.provider.Scheme.IsExact() {
			more = append(more, slog.String("hint", "go run github.com/atshooks/atshooks/examples/inspect finds the scheme of a captured delivery"))
		}
	}
	h.logLine(ctx, level, msg, tenant, o, more...)
}

func (h *Handler) logLine(ctx context.Context, level slog.Level, msg, tenant string, o *outcome, more ...slog.Attr) {
	l := h.report.log()
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := append([]slog.Attr{
		slog.String("handler", h.name),
		slog.String("kind", string(o.kind)),
	}, more...)
	for _, a := range []slog.Attr{slog.String("tenant", shortened(tenant)), slog.String("type", o.typ), slog.String("id", o.id)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if o.err != nil {
		attrs = append(attrs, slog.String("error", o.kind.cause()+errorText(o.err)))
	}
	if p, ok := errors.AsType[*PanicError](o.err); ok {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	if o.warning != nil {
		attrs = append(attrs, slog.String("warning", errorText(o.warning)))
	}
	l.LogAttrs(ctx, level, msg, attrs...)
}

// shortened cuts a name that a stranger may have chosen.
func shortened(name string) string {
	if len(name) <= maxLogged {
		return name
	}
	return strings.ToValidUTF8(name[:maxLogged], "") + "…"
}

// diagnosis finds out why a signature does not hold, now and then.
func (h *Handler) diagnosis(ctx context.Context, r *Request, o *outcome) string {
	if h.report.diagnose == nil || o.kind != KindUnverified || !h.report.diagnosing.TryLock() {
		return ""
	}
	defer h.report.diagnosing.Unlock()
	if !h.report.diagnoses.allow(diagnosesEvery) {
		return ""
	}
	return h.report.diagnose(h.provider.Scheme, r.Header, r.Body, time.Now(), h.tolerance, h.secrets.texts(ctx, r.Tenant)...)
}

// reportSpelling logs once, after the first good signature under a scheme that
// leaves several spellings open, which one the provider uses.
func (h *Handler) reportSpelling(k *key, r *Request) {
	if h.report.spellingLogged.Load() || !h.report.spellingLogged.CompareAndSwap(false, true) {
		return
	}
	if s, err := k.hmac.Narrow(r.Header, r.Body); err == nil {
		h.report.log().Info("signatures are written this way; set Scheme in the event.Provider to accept no other",
			slog.String("handler", h.name), slog.String("scheme", s.String()))
	}
}

// reportUnknownType logs once that an event type is neither known to the
// provider nor has a callback.
func (h *Handler) reportUnknownType(typ string) {
	if h.knows(typ) || !h.report.unknownTypes.isNew(typ, maxUnknownTypes) {
		return
	}
	h.report.log().Warn("webhook deliveries have an unknown event type without a callback; register one with event.On, or map the type with Aliases in the event.Provider",
		slog.String("handler", h.name), slog.String("type", typ))
}
