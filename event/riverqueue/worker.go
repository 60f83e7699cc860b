package riverqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// Worker runs the callbacks of stored deliveries. Several workers, in one
// process or in many, share the deliveries of an inbox. It is safe for
// concurrent use.
type Worker struct {
	inbox  *Inbox
	client *river.Client[pgx.Tx] // nil where the service's own client runs the callbacks

	started atomic.Bool     // Run or Shutdown was called
	halted  context.Context // ends when no more is to be fetched
	halt    context.CancelFunc
	done    chan struct{} // closed when Run has returned
}

// With River's own cooldown of 100 ms, 8 callbacks at a time make no more than
// 80 a second.
const (
	fetchCooldown = 5 * time.Millisecond
	fetchPoll     = time.Second // where a notification was lost
)

// NewWorker makes a worker that runs the deliveries of these handlers, and leaves
// those of others to other workers. opts may be nil.
//
// If the inbox has [Options].Config, NewWorker adds what is needed to that
// configuration: a worker, a queue for each handler, and a periodic job if
// [Options].KeepBodies is set. The callbacks are then run by the client that the
// service makes of the configuration after that, and not by [Worker.Run].
func NewWorker(ctx context.Context, i *Inbox, opts *WorkerOptions, handlers ...event.Dispatcher) (*Worker, error) {
	w, err := newWorker(ctx, i, opts, handlers)
	if err != nil {
		return nil, fmt.Errorf("riverqueue: worker: %w", err)
	}
	return w, nil
}

func newWorker(ctx context.Context, i *Inbox, opts *WorkerOptions, handlers []event.Dispatcher) (*Worker, error) {
	if opts == nil {
		opts = &WorkerOptions{}
	}
	o, err := opts.check()
	if err != nil {
		return nil, err
	}
	r := &runner{inbox: i, opts: o, handlers: make(map[string]event.Dispatcher, len(handlers))}
	for _, h := range handlers {
		if h == nil {
			return nil, errors.New("a handler is nil")
		}
		queue := i.queue(h.Name())
		if r.handlers[queue] != nil {
			return nil, fmt.Errorf("two handlers are named %q: set event.Options.Name of one", h.Name())
		}
		r.handlers[queue] = h
	}
	if len(handlers) == 0 {
		return nil, errors.New("no handlers were given")
	}
	w := &Worker{inbox: i, done: make(chan struct{})}
	w.halted, w.halt = context.WithCancel(context.Background())
	if i.opts.Config != nil {
		return w, r.addTo(i.opts.Config)
	}
	w.client, err = r.newClient(ctx)
	return w, err
}

// newClient makes a client of the worker's own.
func (r *runner) newClient(ctx context.Context) (*river.Client[pgx.Tx], error) {
	if err := r.inbox.checkAlone(ctx); err != nil {
		return nil, err
	}
	i := r.inbox
	c := &river.Config{
		Schema:                      i.opts.Schema,
		CompletedJobRetentionPeriod: i.opts.MaxAge,
		CancelledJobRetentionPeriod: i.opts.MaxAge,
		DiscardedJobRetentionPeriod: i.opts.MaxAge,
		// What runs longer than this has died with its process.
		JobTimeout:           r.longest(),
		RescueStuckJobsAfter: r.longest() + margin,
		Logger:               riverLogger(r.opts.Logger),
	}
	if err := r.addTo(c); err != nil {
		return nil, err
	}
	return river.NewClient(riverpgxv5.New(i.pool), c)
}

// checkAlone rejects tables that another client works on: each would give up
// the other's interrupted jobs when it is the leader, since it does not know
// their kinds.
func (i *Inbox) checkAlone(ctx context.Context) error {
	var other string
	err := i.pool.QueryRow(ctx, i.sql(`SELECT name FROM {queue} WHERE NOT starts_with(name, $1) LIMIT 1`), i.opts.Queue+"-").Scan(&other)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("a River client with a queue %q uses the schema %s: set Options.Config to that client's configuration, or Options.Schema to another schema", other, i.opts.Schema)
}

// addTo lets the client that is made of c run the callbacks.
func (r *runner) addTo(c *river.Config) error {
	if c.Workers == nil {
		c.Workers = river.NewWorkers()
	}
	if c.Queues == nil {
		c.Queues = make(map[string]river.QueueConfig)
	}
	if err := river.AddWorkerSafely(c.Workers, r); err != nil {
		return err
	}
	var some string
	for queue := range r.handlers {
		c.Queues[queue] = river.QueueConfig{MaxWorkers: r.opts.Concurrency, FetchCooldown: fetchCooldown, FetchPollInterval: fetchPoll}
		some = max(some, queue)
	}
	if r.inbox.opts.KeepBodies == 0 {
		return nil
	}
	if c.LeaderElectionDisabled {
		r.opts.Logger.Warn("a River client with LeaderElectionDisabled does not drop the bodies of webhook deliveries: if all clients have it, call Inbox.Prune every few minutes")
		return nil
	}
	c.PeriodicJobs = append(c.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(pruneEvery), func() (river.JobArgs, *river.InsertOpts) {
		return pruning{}, &river.InsertOpts{Queue: some, MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true}))
	return river.AddWorkerSafely(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[pruning]) error {
		_, err := r.inbox.Prune(ctx)
		return err
	}))
}

// Run runs callbacks until [Worker.Shutdown] is called, and then returns nil. The
// callbacks' contexts are derived from ctx: when ctx ends, Run waits until the
// callbacks have returned, and returns ctx's error. Any other error means that it
// cannot begin. While the database is down, Run waits.
//
// Run may be called once, and not if the inbox has [Options].Config.
func (w *Worker) Run(ctx context.Context) error {
	switch {
	case w.client == nil:
		return errors.New("riverqueue: worker: the service's own River client runs the callbacks: start that client, and do not call Run")
	case w.started.CompareAndSwap(false, true):
		return w.run(ctx)
	case w.halted.Err() != nil:
		return nil
	}
	return errors.New("riverqueue: worker: Run was called before")
}

func (w *Worker) run(ctx context.Context) error {
	defer close(w.done)
	if err := w.client.Start(ctx); err != nil {
		return fmt.Errorf("riverqueue: worker: %w", err)
	}
	w.inbox.reportUnserved(ctx)
	select {
	case <-ctx.Done(): // it stops by itself
	case <-w.halted.Done():
		go func() { _ = w.client.Stop(context.Background()) }()
	}
	<-w.client.Stopped()
	return ctx.Err()
}

// Shutdown stops fetching deliveries, waits until the running callbacks and Run
// have returned, and returns nil. If ctx ends before that, it ends the callbacks'
// contexts and returns ctx's error; what does not complete then runs again in
// another worker, or in the next one. If Run was not called yet, it will return
// at once.
//
// A worker whose callbacks the service's own River client runs has nothing to
// stop: Shutdown returns nil, and that client is stopped by the service.
func (w *Worker) Shutdown(ctx context.Context) error {
	if w.client == nil {
		return nil
	}
	w.halt()
	if w.started.CompareAndSwap(false, true) {
		close(w.done)
	}
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		go func() { _ = w.client.StopAndCancel(context.Background()) }()
		return ctx.Err()
	}
}

// runner is what River calls to run a job.
type runner struct {
	river.WorkerDefaults[job]

	inbox    *Inbox
	opts     WorkerOptions
	handlers map[string]event.Dispatcher // by their queues
}

// longest is the time in which Work returns, whatever the callback does.
func (r *runner) longest() time.Duration { return r.opts.Timeout + r.opts.grace + margin }

// margin is more than what it takes to return.
const margin = 5 * time.Second

// Timeout implements [river.Worker]. A job that has run for so long is taken
// for one whose process died.
func (r *runner) Timeout(*river.Job[job]) time.Duration { return r.longest() }

// NextRetry implements [river.Worker]. For a time that has passed, River would
// take a schedule of its own, which goes on for weeks.
func (r *runner) NextRetry(j *river.Job[job]) time.Time {
	now, at := time.Now(), j.Args.retryAt
	switch {
	case at.IsZero(): // its process died
		return now.Add(r.opts.Retry.Delay(j.Attempt, 0))
	case at.Before(now): // the machine is busy
		return now
	}
	return at
}

// Work implements [river.Worker]: it makes one attempt to run a delivery.
func (r *runner) Work(ctx context.Context, j *river.Job[job]) error {
	a := &attempt{runner: r, job: j}
	handler := r.handlers[j.Queue]
	switch err := a.load(); {
	case handler == nil:
		return a.postpone(ctx, "this worker does not have its handler")
	case errors.Is(err, event.ErrNewerVersion):
		return a.postpone(ctx, "it was stored by a newer release")
	case errors.Is(err, inbox.ErrGone):
		return a.giveUp(ctx, inbox.ReasonGone, err)
	case err != nil:
		return a.giveUp(ctx, inbox.ReasonUnreadable, err)
	case j.Attempt > 2*r.opts.Retry.Attempts:
		return a.giveUp(ctx, inbox.ReasonUnfinished, errUnfinished)
	}
	return a.settle(ctx, a.run(ctx, handler))
}

// unserved finds queues with deliveries that no worker has taken from lately.
const unserved = `SELECT queue, count(*) FROM {job} j
WHERE kind = $1 AND state IN ('available', 'retryable', 'scheduled') AND starts_with(queue, $2)
AND NOT EXISTS (SELECT FROM {queue} q WHERE q.name = j.queue AND q.updated_at > now() - interval '30 minutes')
GROUP BY queue`

// reportUnserved says which handlers have deliveries that no worker runs: a
// renamed handler, or one that was forgotten.
func (i *Inbox) reportUnserved(ctx context.Context) {
	_ = i.each(ctx, unserved, []any{kind, i.opts.Queue + "-"}, func(rows pgx.Rows) error {
		var queue string
		var n int64
		if err := rows.Scan(&queue, &n); err != nil {
			return err
		}
		i.opts.Logger.WarnContext(ctx, "webhook deliveries wait for a handler that no worker has: give it to a worker",
			slog.String("handler", i.handler(queue)), slog.Int64("waiting", n))
		return nil
	})
}
