package riverqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/riverqueue/river"

	"github.com/atshooks/atshooks/event/inbox"
)

const (
	defaultSchema  = "atshooks"
	defaultQueue   = "webhooks"
	defaultMaxAge  = 14 * 24 * time.Hour
	minimumWindow  = 72 * time.Hour
	defaultMaxBody = 16 << 20
	largestBody    = 128 << 20 // a jsonb string has room for 256 MiB
	defaultMaxPuts = 64
)

// Options are the settings of an inbox. Nil and the zero value suit a service that
// has no River client of its own, or has one in another schema.
type Options struct {
	// Config is the configuration of the service's own River client, which then
	// runs the callbacks: the inbox stores in that client's tables, and
	// [NewWorker] adds a worker and queues to the configuration. Make the client
	// after that. Retention periods of less than 72 hours are an error, since
	// the inbox would not recognize deliveries that are sent again. Nil is a
	// client that the worker makes, in a schema of its own.
	Config *river.Config
	// Schema is the Postgres schema of River's tables; "" is atshooks. With
	// Config it must be "", since the schema is the client's.
	Schema string
	// Queue is how the names of River's queues begin. Each handler has a queue:
	// webhooks-kombo, for example. It is a name of up to 24 lower-case ASCII
	// letters, digits, dashes and underscores; "" is webhooks.
	Queue string
	// MaxAge is how long a delivery is kept after it was completed or given up.
	// For that long the inbox recognizes it when it is sent again, and a dead
	// letter can be rerun; then it is erased. 0 is 14 days; less than 72 hours
	// is an error, since vendors repeat deliveries for a day or longer. With
	// Config it must be 0: the client's retention periods take its place.
	MaxAge time.Duration
	// KeepBodies is how long the bodies of completed deliveries are kept, for
	// [Inbox.RerunSince]. Their keys stay until MaxAge, and so do the bodies of
	// dead letters. 0 is MaxAge; with a negative time a body is dropped within
	// minutes of its completion.
	KeepBodies time.Duration
	// MaxBody is the size of the largest body that is stored, in bytes. 0 is 16
	// MiB; more than 128 MiB is an error. A handler rejects bodies that are
	// larger than its own event.Options.MaxBody before that.
	MaxBody int64
	// MaxPuts is how many deliveries may be on their way into the database at
	// once; 0 is 64. Put rejects any more with [inbox.ErrBusy], so that a flood
	// costs a bounded amount of memory. Those that are accepted wait for at most
	// half of the pool's connections, so that the worker has the others.
	MaxPuts int
	// Logger gets warnings and errors, which hold no candidate's data; nil is
	// [slog.Default].
	Logger *slog.Logger
}

// queuePrefix leaves room for a handler's name in River's 64 bytes.
var (
	queuePrefix = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)
	schemaName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// check fills in the defaults and rejects what could not work.
func (o Options) check() (Options, error) {
	if o.Queue == "" {
		o.Queue = defaultQueue
	}
	switch {
	case !queuePrefix.MatchString(o.Queue) || len(o.Queue) > 24:
		return o, errors.New("the option Queue is not a name of up to 24 lower-case ASCII letters, digits, dashes and underscores")
	case o.Schema != "" && !schemaName.MatchString(o.Schema):
		return o, errors.New("the option Schema is not a name of ASCII letters, digits and underscores")
	case o.Config != nil && (o.Schema != "" || o.MaxAge != 0):
		return o, errors.New("the options Schema and MaxAge must be empty where Config is set: the schema and the retention periods are those of Config")
	case o.MaxAge != 0 && o.MaxAge < minimumWindow:
		return o, fmt.Errorf("the option MaxAge is %v, and vendors' retries need at least %v", o.MaxAge, minimumWindow)
	case o.MaxBody < 0 || o.MaxPuts < 0:
		return o, errors.New("the option MaxBody or MaxPuts has a negative value")
	case o.MaxBody > largestBody:
		return o, fmt.Errorf("the option MaxBody is more than the %d bytes that the database has room for", largestBody)
	}
	if o.Config != nil {
		o.Schema = o.Config.Schema
		if err := checkRetention(o.Config); err != nil {
			return o, err
		}
	} else if o.Schema == "" {
		o.Schema = defaultSchema
	}
	if o.MaxAge == 0 {
		o.MaxAge = defaultMaxAge
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.MaxPuts == 0 {
		o.MaxPuts = defaultMaxPuts
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

// checkRetention rejects a client that would delete finished jobs, and with
// them the keys of deliveries, before vendors have stopped repeating them.
func checkRetention(c *river.Config) error {
	effective := c.WithDefaults()
	var wrong []error
	for _, r := range []struct {
		name string
		kept time.Duration
	}{
		{"CompletedJobRetentionPeriod", effective.CompletedJobRetentionPeriod},
		{"CancelledJobRetentionPeriod", effective.CancelledJobRetentionPeriod},
		{"DiscardedJobRetentionPeriod", effective.DiscardedJobRetentionPeriod},
	} {
		if r.kept >= 0 && r.kept < minimumWindow {
			wrong = append(wrong, fmt.Errorf("%s of the River client is %v, and a delivery that is sent again after that would run again: set it to at least %v", r.name, r.kept, minimumWindow))
		}
	}
	return errors.Join(wrong...)
}

// WorkerOptions are a worker's settings. Nil and the zero value are good.
type WorkerOptions struct {
	// Concurrency is how many callbacks of each handler may run at a time in
	// this worker; 0 is 8.
	Concurrency int
	// Retry says when a failed callback runs again; zero is the default
	// schedule.
	Retry inbox.Schedule
	// Timeout is when the context of a callback ends. If the callback does not
	// return within another five seconds, the worker stops waiting for it: the
	// attempt counts as failed, and the callback goes on in its goroutine, which
	// nothing can end. If a process dies, what it was running waits for this
	// time, and up to a minute more, before it runs again: River does not notice
	// a death. 0 is one minute, and 24 hours is the most.
	Timeout time.Duration
	// OnDeadLetter is called when a delivery becomes a dead letter, for an
	// alarm; nil calls nothing. It is called again if the process dies at that
	// moment. A line is logged at level Error in any case.
	OnDeadLetter func(context.Context, *inbox.DeadLetter)
	// Logger gets what goes wrong, with River's own warnings; nil is
	// [slog.Default]. It gets no candidate's data, nor the text of a callback's
	// error, which may hold some: that is in the dead letter, and the handler
	// logs it.
	Logger *slog.Logger

	grace time.Duration // how long a callback is waited for after the end of its context; 0 is 5 seconds
}

const (
	longestTimeout = 24 * time.Hour
	defaultGrace   = 5 * time.Second
)

// check fills in the defaults and rejects what could not work.
func (o WorkerOptions) check() (WorkerOptions, error) {
	switch {
	case o.Concurrency < 0:
		return o, errors.New("the option Concurrency is negative")
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
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.grace == 0 {
		o.grace = defaultGrace
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}
