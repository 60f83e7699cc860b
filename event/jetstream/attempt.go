package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/nats-io/nats.go/jetstream"
)

// attempt is one try to run a delivery.
type attempt struct {
	r      *runner
	msg    jetstream.Msg
	number int // of this try; the first is 1

	sequence uint64    // of the delivery in the stream
	key      string    // of the delivery
	stored   time.Time // the delivery
	delivery *event.Delivery
	took     time.Duration // by the callback; 0 if it was not called
}

// newAttempt makes the attempt to run what was fetched.
func newAttempt(r *runner, msg jetstream.Msg) (*attempt, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, err
	}
	a := &attempt{
		r: r, msg: msg, number: int(meta.NumDelivered),
		sequence: meta.Sequence.Stream, stored: meta.Timestamp, key: msg.Headers().Get(jetstream.MsgIDHeader),
	}
	if !a.isPointer() {
		d := new(event.Delivery)
		if d.UnmarshalBinary(msg.Data()) == nil { // handle tells what is wrong otherwise
			a.delivery = d
		}
	}
	return a, nil
}

func (a *attempt) isPointer() bool { return strings.HasSuffix(a.msg.Subject(), "."+again) }

// tenant is the delivery's, as far as it is known before it begins.
func (a *attempt) tenant() string {
	if a.isPointer() || a.delivery == nil {
		return ""
	}
	return a.delivery.Tenant
}

func (a *attempt) size() int { return 2 * len(a.msg.Data()) } // with the delivery

var (
	errUnfinished = errors.New("no attempt came to an end, so the next one was not begun: the process may have died of this delivery each time")
	errGoexit     = errors.New("the callback ended its goroutine with runtime.Goexit")
)

// handle runs the delivery and settles it: completed, to be tried again, or
// given up.
func (a *attempt) handle() {
	if err := a.load(); err != nil {
		a.reject(err)
		return
	}
	switch {
	case a.delivery.Handler != a.r.name:
		a.postpone("this worker does not have its handler")
	case a.number > 2*a.r.w.opts.Retry.Attempts:
		a.giveUp(inbox.ReasonUnfinished, errUnfinished)
	default:
		a.settle(a.run())
	}
}

// load reads the delivery, where that is not done yet: the message itself, or
// what it points to.
func (a *attempt) load() error {
	if a.delivery != nil {
		return nil
	}
	data := a.msg.Data()
	if a.isPointer() {
		var p pointer
		if err := decode(data, &p); err != nil {
			return err
		}
		a.sequence, a.key, a.stored = p.Sequence, p.Key, p.StoredAt
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		s, err := a.r.w.inbox.open(ctx)
		if err != nil {
			return err
		}
		if data, err = a.r.w.inbox.load(ctx, s, p.Sequence, p.Key); err != nil {
			return err
		}
	}
	d := new(event.Delivery)
	if err := d.UnmarshalBinary(data); errors.Is(err, event.ErrNewerVersion) {
		return err
	} else if err != nil {
		return errStored
	}
	a.delivery = d
	return nil
}

// reject settles what could not be loaded.
func (a *attempt) reject(err error) {
	switch {
	case errors.Is(err, event.ErrNewerVersion):
		a.postpone("it was stored by a newer release")
	case errors.Is(err, inbox.ErrGone):
		a.giveUp(inbox.ReasonGone, err)
	case errors.Is(err, errStored):
		a.giveUp(inbox.ReasonUnreadable, err)
	default: // the engine, which will be back
		a.retry(a.r.w.opts.Retry.Delay(a.number, 0), slog.LevelWarn, "the engine did not return it")
	}
}

// run calls the handler, in a goroutine of its own: a callback may ignore the
// end of its context, or end its goroutine as a test's FailNow does.
func (a *attempt) run() error {
	opts := &a.r.w.opts
	ctx, cancel := context.WithTimeout(a.r.w.callbacks, opts.Timeout)
	defer cancel()
	a.delivery.Attempt = a.number
	returned := make(chan error, 1)
	began := time.Now()
	defer func() { a.took = max(time.Since(began), 1) }()
	a.r.activity.running.Add(1)
	defer a.r.activity.running.Add(-1)
	go func() {
		err := errGoexit
		defer func() {
			if v := recover(); v != nil {
				err = &event.PanicError{Value: v, Stack: debug.Stack()}
			}
			returned <- err
		}()
		err = a.r.handler.Dispatch(ctx, a.delivery)
	}()
	select {
	case err := <-returned:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-returned:
		return err
	case <-time.After(opts.grace()):
	}
	a.abandon(returned)
	return fmt.Errorf("the callback did not return, although its context had ended: %w", ctx.Err())
}

// abandon stops waiting for a callback, and counts it until it returns.
func (a *attempt) abandon(returned <-chan error) {
	n := a.r.w.inbox.abandoned.Add(1)
	a.log(slog.LevelError, "a webhook callback runs on although its context has ended: the worker no longer waits for it, and the attempt counts as failed",
		slog.Duration("timeout", a.r.w.opts.Timeout), slog.Int64("abandoned", n))
	go func() {
		failed := <-returned != nil
		a.r.w.inbox.abandoned.Add(-1)
		a.log(slog.LevelWarn, "a webhook callback that the worker no longer waited for has returned", slog.Bool("failed", failed))
	}()
}

// settle does what the callback's error asks for.
func (a *attempt) settle(err error) {
	if p, ok := errors.AsType[*event.PanicError](err); ok {
		a.log(slog.LevelError, "a webhook callback panicked", slog.String("stack", string(p.Stack)))
	}
	switch verdict, after := event.VerdictOf(err); {
	case verdict == event.VerdictDone:
		a.complete()
	case verdict == event.VerdictDrop:
		a.giveUp(inbox.ReasonPermanent, err)
	case a.number >= a.r.w.opts.Retry.Attempts:
		a.giveUp(inbox.ReasonExhausted, err)
	default:
		delay := a.r.w.opts.Retry.Delay(a.number, after)
		if a.tooLate(delay) {
			a.giveUp(inbox.ReasonExpiring, err)
			return
		}
		a.retry(delay, slog.LevelInfo, "the callback failed")
	}
}

// keptToRerun is the part of a delivery's life in which it is not retried any
// more, so that a dead letter can still be rerun when someone sees it.
const keptToRerun = 8

// tooLate says that the delivery would be erased, or almost, after the delay.
func (a *attempt) tooLate(delay time.Duration) bool {
	s := a.r.w.inbox.streams.Load()
	return time.Since(a.stored)+delay > s.maxAge-s.maxAge/keptToRerun
}

// complete tells the engine that the delivery need not run again.
func (a *attempt) complete() {
	// An engine that was killed may be up again and not know the delivery: then
	// it never confirms.
	a.record("completed", 3, a.msg.DoubleAck)
}

// recordPause is the time between two tries.
const recordPause = time.Second

// record makes the engine record an outcome, and waits until it has confirmed:
// a worker that went on without that would have to do all of it again. It stops
// trying, and returns false, when the worker is stopped or its consumer is gone,
// or, unless tries is 0, after as many tries if the engine is up.
func (a *attempt) record(outcome string, tries int, fn func(context.Context) error) bool {
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		err := fn(ctx)
		cancel()
		if err == nil {
			return true
		}
		if a.r.unsaved.due() {
			a.log(slog.LevelError, "the outcome of a webhook delivery cannot be recorded: the worker tries again until it can",
				slog.String("outcome", outcome), slog.String("error", err.Error()))
		}
		a.r.w.inbox.note(fmt.Errorf("jetstream: recording the outcome of a delivery: %w", err))
		if try == tries && a.r.isUp() || a.r.isGone(err) || !a.pause() {
			a.log(slog.LevelWarn, "the outcome of a webhook delivery was not recorded: the delivery may run again",
				slog.String("outcome", outcome), slog.String("error", err.Error()))
			return false
		}
	}
}

// pause waits before another try; it returns false if the worker is stopped.
func (a *attempt) pause() bool {
	select {
	case <-time.After(recordPause):
		return true
	case <-a.r.w.callbacks.Done():
		return false
	}
}

// postpone leaves a delivery to a worker that can run it, in another process
// or in the next release. It has no limit but the delivery's age.
func (a *attempt) postpone(why string) {
	delay := a.r.w.opts.Retry.Delay(a.number, 0)
	level := slog.LevelWarn
	if a.tooLate(delay) {
		level = slog.LevelError
	}
	a.retry(delay, level, why)
}

func (a *attempt) retry(delay time.Duration, level slog.Level, why string) {
	err := a.msg.NakWithDelay(delay)
	attrs := []slog.Attr{slog.String("why", why), slog.Duration("after", delay)}
	if err != nil { // then it comes back after AckWait
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	a.log(level, "a webhook delivery will be tried again", attrs...)
}

// giveUp makes a dead letter of the delivery.
func (a *attempt) giveUp(reason inbox.Reason, cause error) {
	l := &deadLetter{
		Version: storedVersion, Handler: a.r.name, Key: a.key, Reason: reason, Error: errorText(cause), Attempts: a.number,
		Sequence: a.sequence, StoredAt: a.stored.UTC(), FailedAt: time.Now().UTC(),
	}
	if d := a.delivery; d != nil {
		l.Provider, l.Tenant, l.Type, l.ID = d.Provider, d.Tenant, d.Type, d.ID
	}
	inbox := a.r.w.inbox
	if !a.record("dead letter", 0, func(ctx context.Context) error { return inbox.putDeadLetter(ctx, l) }) {
		return
	}
	a.log(slog.LevelError, "a webhook delivery was given up: see Inbox.DeadLetters", slog.String("reason", string(reason)))
	a.complete()
	if a.r.w.opts.OnDeadLetter != nil {
		a.r.w.opts.OnDeadLetter(a.r.w.callbacks, l.export(inbox.streams.Load()))
	}
}

func (a *attempt) log(level slog.Level, msg string, more ...slog.Attr) {
	attrs := append([]slog.Attr{
		slog.String("handler", a.r.name),
		slog.Uint64("sequence", a.sequence),
		slog.Int("attempt", a.number),
	}, more...)
	if d := a.delivery; d != nil {
		for _, at := range []slog.Attr{slog.String("tenant", d.Tenant), slog.String("type", d.Type), slog.String("id", d.ID)} {
			if at.Value.String() != "" {
				attrs = append(attrs, at)
			}
		}
	}
	a.r.w.log.LogAttrs(context.Background(), level, msg, attrs...)
}
