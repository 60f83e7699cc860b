package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/atshooks/atshooks/event/inbox"
)

const (
	defaultStream   = "ATSHOOKS"
	defaultMaxAge   = 14 * 24 * time.Hour
	defaultMaxBytes = 2 << 30
	defaultWarnAt   = 0.8
	defaultMaxPuts  = 256
	minimumWindow   = 72 * time.Hour
)

// Options are the settings of an inbox, and of the stream that deliveries are
// stored in. Nil and the zero value suit a service with one stream.
//
// A stream that does not exist is made. An existing one is changed only where an
// option is set, and rejected if it could lose deliveries or run them twice.
type Options struct {
	// Stream is the stream's name, of up to 64 ASCII letters, digits, dashes and
	// underscores; "" is ATSHOOKS. The names of its subjects begin with it. Dead
	// letters are in a second stream, whose name ends with _DEAD.
	Stream string
	// MaxAge is how long deliveries are kept, whatever became of them. It is the
	// erasure period of the personal data in them, and must not be less than
	// Duplicates. 0 is 14 days, or what an existing stream has.
	MaxAge time.Duration
	// Duplicates is for how long a delivery that is sent again is recognized. It
	// should outlast the vendors' retries (24 hours at KeldairHR, 14 hours 36
	// minutes at 100Hires), and costs about 300 bytes of the engine's memory per
	// delivery. 0 is 72 hours, or what an existing stream has; less than 72
	// hours is an error.
	Duplicates time.Duration
	// KeepBodies is how long completed deliveries are kept, for
	// [Inbox.RerunSince]; a worker then erases them. It must not be less than
	// Duplicates, because the engine recognizes duplicates by what is stored. 0
	// is the same as Duplicates.
	KeepBodies time.Duration
	// MaxBytes is how large the stream may grow on disk; dead letters may take
	// an eighth of that on top. A full stream stores nothing more, and vendors
	// get 503, until deliveries are erased. It should have room for what arrives
	// in KeepBodies, and for what waits: 2 GiB are 3.4 deliveries of 2.4 kB per
	// second for 72 hours. 0 is 2 GiB, or what an existing stream has.
	MaxBytes int64
	// Replicas is how many servers of a cluster keep each delivery; 0 is 3 in a
	// cluster and 1 elsewhere, or what an existing stream has.
	Replicas int
	// MaxPuts is how many deliveries may be on their way into the engine at
	// once; 0 is 256. Put rejects any more with [inbox.ErrBusy], and also any
	// that would make them larger than 64 MiB together, so that a flood costs a
	// bounded amount of memory.
	MaxPuts int
	// WarnAt is the part of MaxBytes that must be used for a warning to be
	// logged, at most once a minute; 0 is 0.8, and 1 is never.
	WarnAt float64
	// Logger gets warnings and errors, which hold no candidate's data; nil is
	// [slog.Default].
	Logger *slog.Logger
}

var streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// check fills in the defaults of this process and rejects what could not work.
// What is left zero is the stream's to say.
func (o Options) check() (Options, error) {
	switch {
	case o.Stream != "" && !streamName.MatchString(o.Stream):
		return o, errors.New("the option Stream is not a name of up to 64 ASCII letters, digits, dashes and underscores")
	case o.MaxAge < 0 || o.Duplicates < 0 || o.KeepBodies < 0 || o.MaxBytes < 0 || o.Replicas < 0 || o.MaxPuts < 0:
		return o, errors.New("one of the options MaxAge, Duplicates, KeepBodies, MaxBytes, Replicas and MaxPuts has a negative value")
	case o.Duplicates != 0 && o.Duplicates < minimumWindow:
		return o, fmt.Errorf("the option Duplicates is %v, and vendors' retries need at least %v", o.Duplicates, minimumWindow)
	case o.WarnAt < 0 || o.WarnAt > 1:
		return o, errors.New("the option WarnAt is not between 0 and 1")
	}
	if o.Stream == "" {
		o.Stream = defaultStream
	}
	if o.MaxPuts == 0 {
		o.MaxPuts = defaultMaxPuts
	}
	if o.WarnAt == 0 {
		o.WarnAt = defaultWarnAt
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

// WorkerOptions are a worker's settings. Nil and the zero value are good.
type WorkerOptions struct {
	// Concurrency is how many callbacks of each handler may run at a time in
	// this worker; 0 is 8.
	Concurrency int
	// TenantConcurrency is how many of them may be one tenant's, so that a flood
	// of slow deliveries of one customer does not hold up the others. 0 is as
	// many as Concurrency.
	TenantConcurrency int
	// Retry says when a failed callback runs again; zero is the default
	// schedule.
	Retry inbox.Schedule
	// Timeout is when the context of a callback ends. If the callback does not
	// return within as long again, five seconds at most, the worker stops
	// waiting for it: the attempt counts as failed, and the callback goes on in
	// its goroutine, which nothing can end. 0 is one minute, and 24 hours is the
	// most.
	Timeout time.Duration
	// AckWait is how long after a worker's death its deliveries run elsewhere. A
	// worker that lives renews its hold on them three times in that time. 0 is
	// 30 seconds.
	AckWait time.Duration
	// MaxPending is how many deliveries of one handler may be running or
	// waiting for a retry, in all workers together. At that number no fresh ones
	// are fetched, which is logged. It must be high, so that failing deliveries
	// do not hold up the others. 0 is 100,000.
	MaxPending int
	// OnDeadLetter is called when a delivery has become a dead letter, for an
	// alarm; nil calls nothing. A line is logged at level Error in any case.
	OnDeadLetter func(context.Context, *inbox.DeadLetter)
	// Logger gets what goes wrong; nil is the inbox's. It gets no candidate's
	// data, nor the text of a callback's error, which may hold some: that is in
	// the dead letter, and the handler logs it.
	Logger *slog.Logger
}

const longestTimeout = 24 * time.Hour

// grace is how long a callback is waited for after the end of its context.
func (o *WorkerOptions) grace() time.Duration { return min(o.Timeout, 5*time.Second) }

// check fills in the defaults and rejects what could not work.
func (o WorkerOptions) check() (WorkerOptions, error) {
	switch {
	case o.Concurrency < 0 || o.TenantConcurrency < 0 || o.AckWait < 0 || o.MaxPending < 0:
		return o, errors.New("one of the options Concurrency, TenantConcurrency, AckWait and MaxPending has a negative value")
	case o.Timeout < 0 || o.Timeout > longestTimeout:
		return o, fmt.Errorf("the option Timeout is not between 0 and %v", longestTimeout)
	}
	var err error
	if o.Retry, err = o.Retry.WithDefaults(); err != nil {
		return o, err
	}
	if o.Concurrency == 0 {
		o.Concurrency = 8
	}
	if o.TenantConcurrency == 0 {
		o.TenantConcurrency = o.Concurrency
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.AckWait == 0 {
		o.AckWait = 30 * time.Second
	}
	if o.MaxPending == 0 {
		o.MaxPending = 100_000
	}
	return o, nil
}
