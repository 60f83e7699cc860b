package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"time"
)

const (
	defaultStream     = "ATSHOOKS"
	defaultMaxAge     = 14 * 24 * time.Hour
	defaultMaxBytes   = 2 << 30
	defaultWarnAt     = 0.8
	minimumDuplicates = 72 * time.Hour
)

// Overhead is how much smaller than the largest message of the engine the
// largest body may be, in bytes: room for what is stored beside it. A delivery
// whose headers need more is refused if its body is so large, too.
const Overhead = 16 << 10

// Options are the settings of the stream that deliveries are stored in. Nil and
// the zero value are good for a service with one stream.
//
// A stream that does not exist is made. One that exists is changed only in what
// is set here, and refused if it could lose deliveries or run them twice.
type Options struct {
	// Stream is the stream's name, of ASCII letters, digits, dash and
	// underscore; "" is ATSHOOKS. Its subjects begin with that name, and its
	// dead letters are in a second stream, with _DEAD at its end.
	Stream string
	// MaxAge is how long deliveries are kept, completed or not: the erasure
	// period of the personal data in them. It must not be less than
	// Duplicates. 0 is 14 days, or what an existing stream has.
	MaxAge time.Duration
	// Duplicates is how long a delivery that is sent again is known. It should
	// outlast the vendors' retries (24 hours at KeldairHR, 14 hours 36 minutes
	// at 100Hires), and costs about 300 bytes of the engine's memory a
	// delivery. 0 is 72 hours, or what an existing stream has; less than 72
	// hours is an error.
	Duplicates time.Duration
	// MaxBytes is how large the stream may grow on disk. A full one stores
	// nothing more, and vendors are answered 503, until deliveries reach
	// MaxAge: it should hold what arrives in that time. 0 is 2 GiB, or what an
	// existing stream has.
	MaxBytes int64
	// Replicas is how many servers of a cluster keep each delivery; 0 is 3 in a
	// cluster and 1 elsewhere, or what an existing stream has.
	Replicas int
	// WarnAt is the share of MaxBytes from which on a warning is logged, once a
	// minute at most; 0 is 0.8, and 1 is never.
	WarnAt float64
	// Logger gets warnings and errors; nil is [slog.Default]. No candidate data
	// is in them.
	Logger *slog.Logger
}

var streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// check refuses settings that could not work.
func (o *Options) check() error {
	switch {
	case o.Stream != "" && !streamName.MatchString(o.Stream):
		return errors.New("the option Stream is not a name of up to 64 ASCII letters, digits, dashes and underscores")
	case o.MaxAge < 0 || o.Duplicates < 0 || o.MaxBytes < 0 || o.Replicas < 0:
		return errors.New("a negative setting")
	case o.Duplicates != 0 && o.Duplicates < minimumDuplicates:
		return fmt.Errorf("the option Duplicates is %v: vendors' retries need at least %v", o.Duplicates, minimumDuplicates)
	case o.WarnAt < 0 || o.WarnAt > 1:
		return errors.New("WarnAt is not between 0 and 1")
	}
	return nil
}

func logger(l *slog.Logger) *slog.Logger {
	if l != nil {
		return l
	}
	return slog.Default()
}

// WorkerOptions are a worker's settings. Nil and the zero value are good.
type WorkerOptions struct {
	// Concurrency is how many callbacks of each handler may run at a time in
	// this worker; 0 is 8.
	Concurrency int
	// Retry says when a failed callback runs again; zero is the default
	// schedule.
	Retry Schedule
	// AckWait is how long after a worker has died its deliveries run elsewhere.
	// While a callback runs, its worker says so three times in that time. 0 is
	// 30 seconds.
	AckWait time.Duration
	// Timeout ends the context of a callback that runs longer. The callback
	// must heed it: until it returns, its delivery is not run elsewhere. 0 is
	// 10 minutes, and less is no limit.
	Timeout time.Duration
	// MaxPending is how many deliveries of one handler may be running or
	// waiting for a retry, in all workers, before no fresh ones are fetched. It
	// must be high, so that failing deliveries do not hold up the others. 0 is
	// 100,000.
	MaxPending int
	// OnDeadLetter is called when a delivery has become a dead letter: for an
	// alarm. Nil is nobody; it is logged at level Error in any case.
	OnDeadLetter func(context.Context, *DeadLetter)
	// Logger gets what goes wrong; nil is [slog.Default]. No candidate data is
	// in it, and not the text of a callback's error, which may hold any: that is
	// in the dead letter, and the handler logs it.
	Logger *slog.Logger
}

// Schedule says when a failed callback runs again: after First, and then
// after twice as long each time, up to Max. Each delay is lengthened by up to
// a fifth, at random, so that deliveries that failed together do not come back
// together. With the defaults the delays are 5 s, 10 s, 20 s and so on to 85
// minutes, then 2 hours: 24 hours 50 minutes at least, and 29 hours 48 minutes
// at most, from the first attempt to the last.
//
// [event.RetryAfter] is waited for exactly in the first third of the attempts.
// After that a shorter time is lengthened to the schedule's, so that the
// attempts are not used up within minutes.
type Schedule struct {
	First    time.Duration // the first delay; 0 is 5 seconds
	Max      time.Duration // the longest delay; 0 is 2 hours
	Attempts int           // how often a callback runs, the first time included; 0 is 23
}

// withDefaults fills in what is zero.
func (s Schedule) withDefaults() Schedule {
	if s.First == 0 {
		s.First = 5 * time.Second
	}
	if s.Max == 0 {
		s.Max = max(2*time.Hour, s.First)
	}
	if s.Attempts == 0 {
		s.Attempts = 23
	}
	return s
}

// delay is the least time between an attempt and the next; the first is 1.
func (s Schedule) delay(attempt int) time.Duration {
	d := s.First
	for i := 1; i < attempt && d < s.Max; i++ {
		d *= 2
	}
	return min(d, s.Max)
}

// Span is the least time from the first attempt to the last.
func (s Schedule) Span() time.Duration {
	s = s.withDefaults()
	var span time.Duration
	for attempt := 1; attempt < s.Attempts; attempt++ {
		span += s.delay(attempt)
	}
	return span
}

// mostAttempts is more than any schedule needs.
const mostAttempts = 10_000

// jitter is the part of a delay by which it may be longer.
const jitter = 5

// next is the delay after a failed attempt. asked is what the callback asked
// for, or zero.
func (s Schedule) next(attempt int, asked time.Duration) time.Duration {
	d := s.delay(attempt)
	if asked > 0 && (attempt <= s.Attempts/3 || asked > d) {
		return asked
	}
	return d + rand.N(d/jitter+1)
}

// check fills in the defaults and refuses what could not work with deliveries
// that are kept for maxAge.
func (o WorkerOptions) check(maxAge time.Duration) (WorkerOptions, error) {
	switch {
	case o.Concurrency < 0 || o.AckWait < 0 || o.MaxPending < 0:
		return o, errors.New("a negative setting")
	case o.Retry.First < 0 || o.Retry.Max < 0 || o.Retry.Attempts < 0:
		return o, errors.New("the schedule Retry has a negative setting")
	case o.Retry.Attempts > mostAttempts:
		return o, fmt.Errorf("Retry.Attempts is more than %d", mostAttempts)
	}
	o.Retry = o.Retry.withDefaults()
	if o.Retry.Max < o.Retry.First {
		return o, errors.New("Retry.Max is less than Retry.First")
	}
	if span := o.Retry.Span(); span+span/jitter > maxAge/2 {
		return o, fmt.Errorf("the schedule Retry takes up to %v, which is more than half of the %v that deliveries are kept: too little would be left to replay dead letters", span+span/jitter, maxAge)
	}
	if o.Concurrency == 0 {
		o.Concurrency = 8
	}
	if o.AckWait == 0 {
		o.AckWait = 30 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Minute
	}
	if o.MaxPending == 0 {
		o.MaxPending = 100_000
	}
	return o, nil
}
