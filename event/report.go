package event

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/signature"
)

const (
	// refusalsEvery is the least time between two log lines about refusals: they
	// are whatever strangers send, in floods if they like.
	refusalsEvery = 10 * time.Second
	// diagnosesEvery is the least time between two diagnoses.
	diagnosesEvery = time.Second
)

// reporter tells the service what happened.
type reporter struct {
	observe  func(context.Context, Result)
	logger   *slog.Logger
	diagnose bool

	pinned    atomic.Bool
	refusals  seldom
	omitted   atomic.Int64
	diagnoses seldom
}

// seldom lets something happen once in a while.
type seldom struct{ next atomic.Int64 } // in Unix nanoseconds

func (s *seldom) now(t time.Time, every time.Duration) bool {
	next := s.next.Load()
	return t.UnixNano() >= next && s.next.CompareAndSwap(next, t.Add(every).UnixNano())
}

func (r *reporter) log() *slog.Logger {
	if r.logger != nil {
		return r.logger
	}
	return slog.Default()
}

// observe reports an outcome to the observer and, if it is bad, to the log.
func (h *Handler) observe(ctx context.Context, r *Request, o *outcome, status int, began time.Time) {
	diagnosis := h.diagnosis(ctx, r, o, began)
	switch o.kind {
	case Failed, Panicked, Unavailable, Undecodable, Misconnected, Dropped:
		h.logOutcome(ctx, slog.LevelError, "webhook delivery failed", r, o)
	case Refused:
		h.logOutcome(ctx, slog.LevelInfo, "webhook delivery refused by its callback", r, o)
	case BadMethod, TooLarge, Unverified, Unreadable:
		h.logRefusal(ctx, r, o, began, diagnosis)
	default:
		if o.kind == Unhandled && o.err != nil { // at a synchronous vendor
			h.logOutcome(ctx, slog.LevelError, "webhook delivery failed", r, o)
		} else if o.warning != nil {
			h.logOutcome(ctx, slog.LevelWarn, "webhook delivery", r, o)
		}
	}
	if h.report.observe == nil {
		return
	}
	h.report.observe(ctx, Result{
		Receiver:  h.name,
		Provider:  h.provider.Name,
		Tenant:    r.Tenant,
		ID:        o.id,
		Type:      o.typ,
		Kind:      o.kind,
		Status:    status,
		Duration:  time.Since(began),
		Body:      len(r.Body),
		Payload:   o.payload,
		Err:       o.wrapped(h),
		Diagnosis: diagnosis,
		Warning:   o.warning,
	})
}

func (h *Handler) logOutcome(ctx context.Context, level slog.Level, msg string, r *Request, o *outcome, more ...slog.Attr) {
	l := h.report.log()
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := append([]slog.Attr{
		slog.String("handler", h.name),
		slog.String("kind", string(o.kind)),
	}, more...)
	for _, a := range []slog.Attr{slog.String("tenant", r.Tenant), slog.String("type", o.typ), slog.String("id", o.id)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if o.err != nil {
		attrs = append(attrs, slog.String("op", string(o.op)), slog.String("error", o.err.Error()))
	}
	if p, ok := errors.AsType[*PanicError](o.err); ok {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	if o.warning != nil {
		attrs = append(attrs, slog.String("warning", o.warning.Error()))
	}
	l.LogAttrs(ctx, level, msg, attrs...)
}

// diagnosis finds out why a signature does not hold, now and then.
func (h *Handler) diagnosis(ctx context.Context, r *Request, o *outcome, now time.Time) signature.Diagnosis {
	if !h.report.diagnose || o.kind != Unverified || !h.report.diagnoses.now(now, diagnosesEvery) {
		return signature.Diagnosis{}
	}
	return signature.Diagnose(h.provider.Scheme, r.Header, r.Body, now, h.tolerance, h.keys.secrets(ctx, r.Tenant)...)
}

// logRefusal logs one refusal in a while, and how many it left out. A diagnosis
// is always logged: there are few of them.
func (h *Handler) logRefusal(ctx context.Context, r *Request, o *outcome, now time.Time, diagnosis signature.Diagnosis) {
	if !h.report.refusals.now(now, refusalsEvery) && diagnosis.Reason == "" {
		h.report.omitted.Add(1)
		return
	}
	more := []slog.Attr{}
	if n := h.report.omitted.Swap(0); n > 0 {
		more = append(more, slog.Int64("refusals_not_logged", n))
	}
	if diagnosis.Reason != "" {
		more = append(more, slog.String("diagnosis", diagnosis.String()))
	}
	if o.kind == Unverified {
		more = append(more, slog.String("expected", h.provider.Scheme.String()))
		if !h.provider.Scheme.Exact() {
			more = append(more, slog.String("hint", "go run github.com/atshooks/atshooks/examples/inspect finds the scheme of a captured delivery"))
		}
	}
	h.logOutcome(ctx, slog.LevelWarn, "webhook delivery refused", r, o, more...)
}

// pin says once, after the first good signature under a scheme that leaves
// several spellings open, which one the vendor uses.
func (h *Handler) pin(key *signature.Verifier, r *Request) {
	if h.provider.Scheme.Exact() || !h.report.pinned.CompareAndSwap(false, true) {
		return
	}
	if s, err := key.Pin(r.Header, r.Body); err == nil {
		h.report.log().Info("signatures are spelled this way; the configuration may say so",
			slog.String("handler", h.name), slog.String("scheme", s.String()))
	}
}
