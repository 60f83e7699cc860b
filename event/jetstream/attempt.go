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
	"github.com/nats-io/nats.go/jetstream"
)

// attempt is one try to run a delivery.
type attempt struct {
	w        *Worker
	receiver string // the consumer's
	msg      jetstream.Msg
	number   int // of this try; the first is 1

	sequence uint64    // of the delivery in the stream
	key      string    // of the delivery
	stored   time.Time // the delivery
	delivery *event.Delivery
}

// handle runs one delivery and settles it: completed, to be tried again, or
// given up.
func (w *Worker) handle(name string, msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		w.log.Error("a webhook delivery came without its metadata", slog.String("handler", name))
		return // it comes back
	}
	a := &attempt{
		w: w, receiver: name, msg: msg, number: int(meta.NumDelivered),
		sequence: meta.Sequence.Stream, stored: meta.Timestamp, key: msg.Headers().Get(jetstream.MsgIDHeader),
	}
	if err := a.load(); err != nil {
		a.refuse(err)
		return
	}
	handler, ok := w.handlers[a.delivery.Receiver]
	switch {
	case !ok:
		a.postpone("no handler of that name")
	case a.number > 2*w.opts.Retry.Attempts:
		a.giveUp(ReasonUnfinished, errUnfinished)
	default:
		a.settle(a.run(handler))
	}
}

var (
	errUnfinished = errors.New("no attempt came to an end, this one was not begun: the process may have died of it each time")
	errGoexit     = errors.New("the callback ended its goroutine")
)

// load reads the delivery: the message itself, or what it points to.
func (a *attempt) load() error {
	data := a.msg.Data()
	if strings.HasSuffix(a.msg.Subject(), "."+again) {
		var p pointer
		if err := decode(data, &p); err != nil {
			return err
		}
		a.sequence, a.key, a.stored = p.Sequence, p.Key, p.StoredAt
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		var err error
		if data, err = a.w.sink.load(ctx, p.Sequence, p.Key); err != nil {
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

// refuse settles what could not be loaded.
func (a *attempt) refuse(err error) {
	switch {
	case errors.Is(err, event.ErrNewerVersion):
		a.postpone("stored by a newer release")
	case errors.Is(err, ErrGone):
		a.giveUp(ReasonGone, err)
	case errors.Is(err, errStored):
		a.giveUp(ReasonUnreadable, err)
	default: // the engine, which will be back
		a.retry(a.w.opts.Retry.next(a.number, 0), slog.LevelWarn, "the engine did not hand it out")
	}
}

// run calls the handler, and tells the engine that it does so while it does.
// The handler has a goroutine of its own, so that a runtime.Goexit, which a
// test's FailNow is, ends no more than that.
func (a *attempt) run(handler event.Dispatcher) error {
	ctx, cancel := a.w.callbacks, context.CancelFunc(func() {})
	if a.w.opts.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, a.w.opts.Timeout)
	}
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := errGoexit
		defer func() {
			if v := recover(); v != nil {
				err = &event.PanicError{Value: v, Stack: debug.Stack()}
			}
			done <- err
		}()
		err = handler.Dispatch(ctx, a.delivery)
	}()
	beat := time.NewTicker(max(a.w.opts.AckWait/3, time.Millisecond))
	defer beat.Stop()
	ended := ctx.Done()
	for {
		select {
		case err := <-done:
			return err
		case <-beat.C:
			_ = a.msg.InProgress() // if it is lost, the next one may not be
		case <-ended:
			ended = nil
			a.log(slog.LevelWarn, "a webhook callback runs on although its context has ended", slog.String("why", ctx.Err().Error()))
		}
	}
}

// settle does what the handler's answer asks for.
func (a *attempt) settle(err error) {
	if p, ok := errors.AsType[*event.PanicError](err); ok {
		a.log(slog.LevelError, "a webhook callback panicked", slog.String("stack", string(p.Stack)))
	}
	switch disposition, after := event.Outcome(err); {
	case disposition == event.Done:
		a.complete()
	case disposition == event.Drop:
		a.giveUp(ReasonPermanent, err)
	case a.number >= a.w.opts.Retry.Attempts:
		a.giveUp(ReasonExhausted, err)
	default:
		delay := a.w.opts.Retry.next(a.number, after)
		if a.tooLate(delay) {
			a.giveUp(ReasonExpiring, err)
			return
		}
		a.retry(delay, slog.LevelInfo, "the callback failed")
	}
}

// keptToReplay is the part of a delivery's life in which it is not retried any
// more, so that a dead letter can still be replayed when somebody sees it.
const keptToReplay = 8

// tooLate says that the delivery would be erased, or almost, after the delay.
func (a *attempt) tooLate(delay time.Duration) bool {
	maxAge := a.w.sink.maxAge
	return time.Since(a.stored)+delay > maxAge-maxAge/keptToReplay
}

// complete acknowledges, and waits until the engine has taken note: what it
// does not know to be completed runs again.
func (a *attempt) complete() {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := a.msg.DoubleAck(ctx); err != nil {
		a.log(slog.LevelWarn, "a webhook delivery was completed, but the engine did not confirm it: it may run again", slog.String("error", err.Error()))
	}
}

// postpone leaves a delivery to a worker that can run it, in another process
// or in the next release. It has no limit but the delivery's age.
func (a *attempt) postpone(why string) {
	delay := a.w.opts.Retry.next(min(a.number, mostAttempts), 0)
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

// giveUp makes a dead letter of the delivery. If that cannot be stored, the
// delivery is tried again: it must not vanish.
func (a *attempt) giveUp(reason Reason, cause error) {
	l := &DeadLetter{
		Receiver: a.receiver, Key: a.key, Reason: reason, Error: errorText(cause), Attempts: a.number,
		Sequence: a.sequence, StoredAt: a.stored.UTC(), FailedAt: time.Now().UTC(), Expires: a.stored.UTC().Add(a.w.sink.maxAge),
	}
	if d := a.delivery; d != nil {
		l.Provider, l.Tenant, l.Type, l.ID = d.Provider, d.Tenant, d.Type, d.ID
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := a.w.sink.bury(ctx, l); err != nil {
		a.retry(a.w.opts.Retry.next(min(a.number, mostAttempts), 0), slog.LevelError, fmt.Sprintf("its dead letter was not stored: %v", err))
		return
	}
	a.log(slog.LevelError, "a webhook delivery was given up: see Sink.DeadLetters", slog.String("reason", string(reason)))
	a.complete()
	if a.w.opts.OnDeadLetter != nil {
		a.w.opts.OnDeadLetter(a.w.callbacks, l)
	}
}

func (a *attempt) log(level slog.Level, msg string, more ...slog.Attr) {
	attrs := append([]slog.Attr{
		slog.String("handler", a.receiver),
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
	a.w.log.LogAttrs(context.Background(), level, msg, attrs...)
}
