package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
)

// Worker runs the callbacks of stored deliveries. Several workers, in one
// process or in many, share the deliveries of a stream. It is safe for
// concurrent use.
type Worker struct {
	inbox   *Inbox
	opts    WorkerOptions
	log     *slog.Logger
	runners []*runner

	started   atomic.Bool     // Run or Shutdown was called
	halted    context.Context // ends when no more is to be fetched
	halt      context.CancelFunc
	abandoned context.Context // ends when the callbacks are to end
	abandon   context.CancelFunc
	callbacks context.Context // theirs; Run's, until they are abandoned
	done      chan struct{}   // closed when Run has returned
}

// callTimeout is how long the engine may take for what is asked of it.
const callTimeout = 5 * time.Second

// NewWorker makes a worker that runs the deliveries of these handlers, and leaves
// those of others to other workers. opts may be nil.
//
// The engine has a consumer for each handler, which NewWorker makes; if the
// engine is down, Run does. The consumer knows which deliveries were completed:
// if someone deletes it, the next worker runs all that are stored.
func NewWorker(ctx context.Context, i *Inbox, opts *WorkerOptions, handlers ...event.Dispatcher) (*Worker, error) {
	w, err := newWorker(ctx, i, opts, handlers)
	if err != nil {
		return nil, fmt.Errorf("jetstream: worker: %w", err)
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
	if len(handlers) == 0 {
		return nil, errors.New("no handlers were given")
	}
	w := &Worker{inbox: i, opts: o, log: o.Logger, done: make(chan struct{})}
	if w.log == nil {
		w.log = i.log
	}
	w.halted, w.halt = context.WithCancel(context.Background())
	w.abandoned, w.abandon = context.WithCancel(context.Background())
	names := make(map[string]bool)
	for _, h := range handlers {
		if h == nil {
			return nil, errors.New("a handler is nil")
		}
		name := h.Name()
		if names[name] {
			return nil, fmt.Errorf("two handlers are named %q: set event.Options.Name of one", name)
		}
		names[name] = true
		w.runners = append(w.runners, newRunner(w, name, h))
	}
	return w, w.begin(ctx)
}

// begin makes the consumers, if the engine is there.
func (w *Worker) begin(ctx context.Context) error {
	if w.inbox.streams.Load() == nil {
		return nil // Run will
	}
	for _, r := range w.runners {
		if _, err := r.open(ctx); err != nil && !isOutage(err) {
			return fmt.Errorf("the handler %q: %w", r.name, err)
		}
	}
	return nil
}

// Run runs callbacks until [Worker.Shutdown] is called, and then returns nil. The
// callbacks' contexts are derived from ctx: when ctx ends, Run waits until the
// callbacks have returned, and returns ctx's error. Any other error means that it
// cannot go on: the connection was closed, or someone deleted a consumer or the
// stream. While the engine is down, Run waits.
//
// Run may be called once.
func (w *Worker) Run(ctx context.Context) error {
	if w.started.CompareAndSwap(false, true) {
		return w.run(ctx)
	}
	if w.halted.Err() != nil {
		return nil
	}
	return errors.New("jetstream: worker: Run was called before")
}

func (w *Worker) run(ctx context.Context) error {
	defer close(w.done)
	defer w.halt()
	defer context.AfterFunc(ctx, w.halt)()
	callbacks, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(w.abandoned, end)()
	w.callbacks = callbacks

	errs := make([]error, len(w.runners))
	var all sync.WaitGroup
	for k, r := range w.runners {
		all.Go(func() {
			if errs[k] = r.run(); errs[k] != nil {
				w.halt() // the others end too: one that is missing would go unnoticed
			}
		})
	}
	all.Go(w.watch)
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("jetstream: worker: %w", err)
	}
	return ctx.Err()
}

// Shutdown stops fetching deliveries, waits until the running callbacks and Run
// have returned, and returns nil. If ctx ends before that, it ends the callbacks'
// contexts and returns ctx's error; what does not complete then runs again in
// another worker, or in the next one. If Run was not called yet, it will return
// at once.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.halt()
	if w.started.CompareAndSwap(false, true) {
		close(w.done)
	}
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		w.abandon()
		return ctx.Err()
	}
}

// watchEvery is how often a worker looks whether its handlers get on.
const watchEvery = 5 * time.Second

// watch looks after the stream while nothing is being stored in this process,
// and once more at the end, so that the mark knows of all that was stored.
func (w *Worker) watch() {
	w.reportUnserved()
	w.verify()
	w.prune()
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			w.reportPending()
			if w.inbox.lookDue(0) {
				w.inbox.lookNow()
				w.prune()
			}
		case <-w.halted.Done():
			w.inbox.lookNow()
			return
		}
	}
}

// verify reads all that is stored, which may take a while.
func (w *Worker) verify() {
	s, err := w.inbox.open(w.halted)
	if err == nil {
		err = w.inbox.verify(w.halted, s)
	}
	if err != nil && w.halted.Err() == nil {
		w.inbox.note(fmt.Errorf("jetstream: %w", err))
	}
}

func (w *Worker) prune() {
	ctx, cancel := context.WithTimeout(w.halted, callTimeout)
	defer cancel()
	s, err := w.inbox.open(ctx)
	if err == nil {
		err = w.inbox.prune(ctx, s)
	}
	if err != nil {
		w.inbox.note(fmt.Errorf("jetstream: %w", err))
	}
}

// reportPending says which handlers get no fresh deliveries, because too many
// are running or waiting for a retry.
func (w *Worker) reportPending() {
	ctx, cancel := context.WithTimeout(w.halted, callTimeout)
	defer cancel()
	for _, r := range w.runners {
		n, limit := r.pending(ctx)
		if limit == 0 || n < limit {
			continue
		}
		w.inbox.note(fmt.Errorf("jetstream: no fresh deliveries are fetched for the handler %q, because %d are running or waiting for a retry (WorkerOptions.MaxPending)", r.name, n))
		if r.warnings.due() {
			w.log.LogAttrs(ctx, slog.LevelError, "no fresh webhook deliveries are fetched, because too many are running or waiting for a retry: correct the callbacks that fail, or raise WorkerOptions.MaxPending",
				slog.String("handler", r.name), slog.Int("unfinished", n), slog.Int("max_pending", limit))
		}
	}
}

// reportUnserved says which handlers have deliveries that no worker ever ran: a
// renamed handler, or one that was forgotten.
func (w *Worker) reportUnserved() {
	ctx, cancel := context.WithTimeout(w.halted, callTimeout)
	defer cancel()
	s, err := w.inbox.open(ctx)
	if err != nil {
		return // the engine is down, which shows elsewhere
	}
	unserved, err := w.inbox.unserved(ctx, s)
	if err != nil {
		return
	}
	for name, n := range unserved {
		w.log.LogAttrs(ctx, slog.LevelWarn, "webhook deliveries wait for a handler that no worker has: give it to a worker, or they are erased in the end",
			slog.String("handler", name), slog.Uint64("waiting", n), slog.Duration("erased_after", s.maxAge))
	}
}

// limiter lets a log line through at most once a minute.
type limiter struct{ next atomic.Int64 } // Unix nanoseconds

func (l *limiter) due() bool {
	now, next := time.Now().UnixNano(), l.next.Load()
	return now >= next && l.next.CompareAndSwap(next, now+int64(time.Minute))
}
