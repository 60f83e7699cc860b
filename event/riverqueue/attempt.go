package riverqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// attempt is one try to run a delivery.
type attempt struct {
	*runner
	job       *river.Job[job]
	delivery  *event.Delivery
	completed atomic.Bool // Complete was called, in a transaction that may have been committed
}

type attemptKey struct{}

var (
	errUnfinished   = errors.New("no attempt came to an end, so the next one was not begun: the process may have died of this delivery each time")
	errUnreadable   = errors.New("not the stored form of a delivery")
	errGoexit       = errors.New("the callback ended its goroutine with runtime.Goexit")
	errNotCommitted = errors.New("the callback returned nil, but the transaction in which it completed the delivery was not committed")
)

// load reads the delivery.
func (a *attempt) load() error {
	data := a.job.Args.Delivery
	if data == nil {
		return inbox.ErrGone // its body was dropped, and the job was retried with River's own tools
	}
	d := new(event.Delivery)
	if err := d.UnmarshalBinary(data); errors.Is(err, event.ErrNewerVersion) {
		return err
	} else if err != nil {
		return errUnreadable
	}
	a.job.Args.Delivery = nil // d has a copy
	d.Attempt = a.job.Attempt
	a.delivery = d
	return nil
}

// run calls the handler, in a goroutine of its own: a callback may ignore the
// end of its context, or end its goroutine as a test's FailNow does.
func (a *attempt) run(ctx context.Context, handler event.Dispatcher) error {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, attemptKey{}, a), a.opts.Timeout)
	defer cancel()
	returned := make(chan error, 1)
	go func() {
		err := errGoexit
		defer func() {
			if v := recover(); v != nil {
				err = &event.PanicError{Value: v, Stack: debug.Stack()}
			}
			returned <- err
		}()
		err = handler.Dispatch(ctx, a.delivery)
	}()
	select {
	case err := <-returned:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-returned:
		return err
	case <-time.After(a.opts.grace):
	}
	a.abandon(returned)
	return fmt.Errorf("the callback did not return, although its context had ended: %w", ctx.Err())
}

// abandon stops waiting for a callback, and counts it until it returns.
func (a *attempt) abandon(returned <-chan error) {
	n := a.inbox.abandoned.Add(1)
	a.log(slog.LevelError, "a webhook callback runs on although its context has ended: the worker no longer waits for it, and the attempt counts as failed",
		slog.Duration("timeout", a.opts.Timeout), slog.Int64("abandoned", n))
	go func() {
		failed := <-returned != nil
		a.inbox.abandoned.Add(-1)
		a.log(slog.LevelWarn, "a webhook callback that the worker no longer waited for has returned", slog.Bool("failed", failed))
	}()
}

// settle tells River what the callback's error asks for.
func (a *attempt) settle(ctx context.Context, err error) error {
	if p, ok := errors.AsType[*event.PanicError](err); ok {
		a.log(slog.LevelError, "a webhook callback panicked", slog.String("stack", string(p.Stack)))
	}
	if a.completed.Load() {
		committed, failed := a.committed(ctx)
		switch {
		case committed && err != nil:
			a.log(slog.LevelWarn, "a webhook callback failed after it had completed its delivery, which stays completed")
			return nil
		case committed:
			return nil
		case err == nil:
			err = errors.Join(errNotCommitted, failed)
		}
	}
	switch verdict, after := event.VerdictOf(err); {
	case verdict == event.VerdictDone:
		return nil
	case verdict == event.VerdictDrop:
		return a.giveUp(ctx, inbox.ReasonPermanent, err)
	case ctx.Err() != nil: // the worker is being stopped: this is for another, at once, and does not count
		return river.JobSnooze(0)
	case a.job.Attempt >= a.opts.Retry.Attempts:
		return a.giveUp(ctx, inbox.ReasonExhausted, err)
	default:
		delay := a.opts.Retry.Delay(a.job.Attempt, after)
		a.job.Args.retryAt = time.Now().Add(delay)
		a.log(slog.LevelInfo, "a webhook delivery will be tried again", slog.String("why", "the callback failed"), slog.Duration("after", delay))
		return errors.New(errorText(err))
	}
}

// postponement is how long a delivery waits for a worker that can run it.
const postponement = time.Minute

// postpone leaves a delivery to a worker that can run it, in another process or
// in the next release, until it is as old as a delivery may be. That does not
// count as an attempt.
func (a *attempt) postpone(ctx context.Context, why string) error {
	if time.Since(a.job.CreatedAt) > a.inbox.opts.MaxAge {
		return a.giveUp(ctx, inbox.ReasonExhausted, errors.New(why))
	}
	a.log(slog.LevelWarn, "a webhook delivery will be tried again", slog.String("why", why), slog.Duration("after", postponement))
	return river.JobSnooze(postponement)
}

// giveUp makes a dead letter of the delivery: River cancels the job, with the
// reason beside it.
func (a *attempt) giveUp(ctx context.Context, reason inbox.Reason, cause error) error {
	if err := river.MetadataSet(ctx, reasonKey, string(reason)); err != nil {
		return err
	}
	a.log(slog.LevelError, "a webhook delivery was given up: see Inbox.DeadLetters", slog.String("reason", string(reason)))
	if a.opts.OnDeadLetter != nil {
		a.opts.OnDeadLetter(ctx, a.deadLetter(reason, cause))
	}
	return river.JobCancel(errors.New(errorText(cause)))
}

// longestError is how much of a callback's error is stored, in bytes.
const longestError = 2 << 10

// errorText is an error's text as Postgres can store it: without NUL, which
// would fail all that River records with it.
func errorText(err error) string {
	text := err.Error()
	if len(text) > longestError {
		text = text[:longestError]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

func (a *attempt) log(level slog.Level, msg string, more ...slog.Attr) {
	attrs := append([]slog.Attr{
		slog.String("handler", a.inbox.handler(a.job.Queue)),
		slog.Int64("job", a.job.ID),
		slog.Int("attempt", a.job.Attempt),
	}, more...)
	if d := a.delivery; d != nil {
		attrs[0] = slog.String("handler", d.Handler)
		for _, at := range []slog.Attr{slog.String("tenant", d.Tenant), slog.String("type", d.Type), slog.String("id", d.ID)} {
			if at.Value.String() != "" {
				attrs = append(attrs, at)
			}
		}
	}
	a.opts.Logger.LogAttrs(context.Background(), level, msg, attrs...)
}
