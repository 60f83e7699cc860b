package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/nats-io/nats.go/jetstream"
)

// Worker runs the callbacks of stored deliveries. Several workers, in one
// process or in many, share the deliveries of a stream. It is safe for
// concurrent use.
type Worker struct {
	sink      *Sink
	handlers  event.Dispatchers
	opts      WorkerOptions
	log       *slog.Logger
	consumers map[string]jetstream.Consumer // by the handler's name

	started   atomic.Bool     // Run or Shutdown was called
	halted    context.Context // ends when no more is to be fetched
	halt      context.CancelFunc
	abandoned context.Context // ends when the callbacks are to end
	abandon   context.CancelFunc
	callbacks context.Context // theirs; Run's, until they are abandoned
	done      chan struct{}   // closed when Run has returned
}

// NewWorker makes a worker for the stream of s. It runs the deliveries of the
// handlers in ds, by their names, and leaves those of others to other workers:
// [event.NewDispatchers] names Handlers as they are named. The engine keeps a
// consumer for each, which it makes here. opts may be nil.
//
// A consumer is what knows which deliveries were completed. If one is deleted,
// the worker that makes it anew runs all deliveries that are stored.
func NewWorker(ctx context.Context, s *Sink, ds event.Dispatchers, opts *WorkerOptions) (*Worker, error) {
	w, err := newWorker(ctx, s, ds, opts)
	if err != nil {
		return nil, fmt.Errorf("jetstream: worker: %w", err)
	}
	return w, nil
}

func newWorker(ctx context.Context, s *Sink, ds event.Dispatchers, opts *WorkerOptions) (*Worker, error) {
	if opts == nil {
		opts = &WorkerOptions{}
	}
	o, err := opts.check(s.maxAge)
	if err != nil {
		return nil, err
	}
	if len(ds) == 0 {
		return nil, errors.New("no handlers")
	}
	w := &Worker{
		sink: s, handlers: maps.Clone(ds), opts: o, log: logger(o.Logger),
		consumers: make(map[string]jetstream.Consumer, len(ds)),
		done:      make(chan struct{}),
	}
	for name, d := range ds {
		if d == nil {
			return nil, fmt.Errorf("the handler %q is nil", name)
		}
		if w.consumers[name], err = w.consumer(ctx, name); err != nil {
			return nil, fmt.Errorf("the handler %q: %w", name, err)
		}
	}
	w.halted, w.halt = context.WithCancel(context.Background())
	w.abandoned, w.abandon = context.WithCancel(context.Background())
	return w, nil
}

// consumer makes the consumer of one handler's deliveries. One of its own, so
// that a handler whose callbacks fail does not hold up the others.
func (w *Worker) consumer(ctx context.Context, name string) (jetstream.Consumer, error) {
	return w.sink.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       token(name),
		Description:   "callbacks of the webhook handler " + token(name),
		FilterSubject: w.sink.names.filter(name),
		DeliverPolicy: jetstream.DeliverAllPolicy, // also what came before any worker did
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       w.opts.AckWait,
		MaxDeliver:    -1, // at a limit the engine would only stop: no dead letter
		MaxAckPending: w.opts.MaxPending,
	})
}

// Run runs callbacks until Shutdown is called, and returns nil then. Their
// contexts are made of ctx: when it ends, they end too, and Run returns when
// the callbacks have returned, with ctx's error. It returns any other error if
// it cannot go on: the connection was closed, or somebody deleted a consumer or
// the stream.
//
// It may be called once.
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
	w.reportUnserved(ctx)

	errs := make([]error, 0, len(w.consumers))
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, c := range w.consumers {
		all.Go(func() {
			if err := w.serve(name, c); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("the handler %q: %w", name, err))
				w.halt() // the others end too: one that lacks would go unnoticed
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

// Shutdown stops fetching deliveries, waits until the running callbacks have
// returned and Run too, and returns nil. If ctx ends before, it ends the
// contexts of the callbacks and returns ctx's error; what does not complete
// runs again in another worker, or in the next one. Without Run, it makes Run
// return at once.
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

// watch looks at how full the stream is, also when nothing is being stored in
// this process.
func (w *Worker) watch() {
	t := time.NewTicker(gaugeEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if w.sink.due(0) {
				w.sink.gauge(w.halted)
			}
		case <-w.halted.Done():
			return
		}
	}
}

// reportUnserved says which handlers have deliveries that nobody ever ran: a
// renamed handler, or one that was forgotten.
func (w *Worker) reportUnserved(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	backlogs, err := w.sink.Backlogs(ctx)
	if err != nil {
		return // the engine is down, which shows elsewhere
	}
	for name, b := range backlogs {
		if !b.Served && b.Waiting > 0 {
			w.log.LogAttrs(ctx, slog.LevelWarn, "webhook deliveries of a handler that no worker has: they wait until one does, or until they are erased",
				slog.String("handler", name), slog.Uint64("waiting", b.Waiting), slog.Duration("erased_after", w.sink.maxAge))
		}
	}
}

// How deliveries are fetched: one at a time, and only when it can run at once,
// so that none waits here while another worker is idle, or until the engine
// believes it lost.
const (
	pullExpiry    = 30 * time.Second
	pullHeartbeat = 2 * time.Second // without two of them the engine is asked again
	callTimeout   = 10 * time.Second
)

// serve fetches the deliveries of one handler until the worker is halted.
func (w *Worker) serve(name string, c jetstream.Consumer) error {
	iter, err := c.Messages(jetstream.PullMaxMessages(1), jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat))
	if err != nil {
		return err
	}
	defer iter.Stop()
	// Drain gives back what is on its way, so that none of it has to wait
	// until the engine believes it lost.
	defer context.AfterFunc(w.halted, iter.Drain)()

	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, w.opts.Concurrency)
	var silent time.Time // until when not to complain again
	for {
		select {
		case slots <- struct{}{}:
		case <-w.halted.Done():
			return nil
		}
		msg, err := iter.Next()
		switch {
		case err == nil:
			running.Go(func() {
				defer func() { <-slots }()
				w.handle(name, msg)
			})
			continue
		case errors.Is(err, jetstream.ErrMsgIteratorClosed) && w.halted.Err() != nil:
			return nil
		case errors.Is(err, jetstream.ErrMsgIteratorClosed), errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrBadRequest):
			return err
		}
		if err := w.stillThere(c); err != nil {
			return err
		}
		if now := time.Now(); now.After(silent) {
			silent = now.Add(gaugeEvery)
			w.log.Warn("the engine hands out no webhook deliveries", slog.String("handler", name), slog.String("error", err.Error()))
		}
		<-slots
	}
}

// stillThere tells an engine that does not answer, for which the worker waits,
// from a consumer that was deleted.
func (w *Worker) stillThere(c jetstream.Consumer) error {
	ctx, cancel := context.WithTimeout(w.halted, callTimeout)
	defer cancel()
	_, err := c.Info(ctx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	return nil
}
