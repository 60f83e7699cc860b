package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// runner fetches and runs the deliveries of one handler.
type runner struct {
	w        *Worker
	name     string
	handler  event.Dispatcher
	activity *activity
	warnings limiter // about deliveries that are not fetched
	unsaved  limiter // about outcomes that cannot be recorded

	mu       sync.Mutex
	consumer jetstream.Consumer // nil until the engine has been there
	queue    *queue
	held     map[*attempt]struct{} // what was fetched and is not settled
	average  time.Duration         // of the last callbacks
	halted   bool                  // nothing begins any more
	freed    chan struct{}         // something has ended
	attempts sync.WaitGroup
}

func newRunner(w *Worker, name string, h event.Dispatcher) *runner {
	return &runner{
		w: w, name: name, handler: h, activity: w.inbox.activity(token(name)),
		queue: newQueue(w.opts.TenantConcurrency), held: make(map[*attempt]struct{}), freed: make(chan struct{}, 1),
	}
}

// fits rejects a schedule that leaves too little of the time that deliveries
// are kept to rerun dead letters.
func fits(retry inbox.Schedule, maxAge time.Duration) error {
	if span := retry.Longest(); span > maxAge/2 {
		return fmt.Errorf("the attempts of the option Retry take up to %v, more than half of the %v that deliveries are kept, which leaves too little time to rerun dead letters: shorten Retry, or raise Options.MaxAge", span, maxAge)
	}
	return nil
}

// open returns the consumer of the handler's deliveries, and makes it if it does
// not exist. Each handler has its own, so that one whose callbacks fail does not
// hold up the others.
func (r *runner) open(ctx context.Context) (jetstream.Consumer, error) {
	if c := r.opened(); c != nil {
		return c, nil
	}
	s, err := r.w.inbox.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := fits(r.w.opts.Retry, s.maxAge); err != nil {
		return nil, err
	}
	c, err := s.deliveries.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       token(r.name),
		Description:   "callbacks of the webhook handler " + token(r.name),
		FilterSubject: r.w.inbox.names.filter(r.name),
		DeliverPolicy: jetstream.DeliverAllPolicy, // also what came before any worker did
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       r.w.opts.AckWait,
		MaxDeliver:    -1, // at a limit the engine would only stop: no dead letter
		MaxAckPending: r.w.opts.MaxPending,
	})
	if err != nil {
		if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.ErrorCode == jetstream.JSErrCodeConsumerCreate {
			err = fmt.Errorf("the engine cannot make its record of what was completed: if its files are damaged, stop it, remove the folder obs/%s of the stream, and start it; all deliveries that are stored run again then: %w", token(r.name), err)
		}
		return nil, err
	}
	r.mu.Lock()
	r.consumer = c
	r.mu.Unlock()
	return c, nil
}

func (r *runner) opened() jetstream.Consumer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.consumer
}

// run runs deliveries until the worker is halted.
func (r *runner) run() error {
	stop := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() { r.heartbeat(stop) })
	err := r.fetchAll()
	r.giveBack()
	r.attempts.Wait()
	close(stop)
	beats.Wait()
	return err
}

// How deliveries are fetched.
const (
	pullExpiry    = 30 * time.Second
	pullHeartbeat = 2 * time.Second // without two of them the engine is asked again
	pullPause     = time.Second     // after an error
)

func (r *runner) fetchAll() error {
	for r.w.halted.Err() == nil {
		n := r.room()
		if n == 0 {
			select {
			case <-r.freed:
			case <-r.w.halted.Done():
			}
			continue
		}
		err := r.fetch(n)
		switch {
		case err == nil || r.w.halted.Err() != nil:
			continue
		case r.isFatal(err):
			return fmt.Errorf("the handler %q: %w", r.name, err)
		}
		r.warn(err)
		select {
		case <-time.After(pullPause):
		case <-r.w.halted.Done():
		}
	}
	return nil
}

// fetch asks for n deliveries, and returns when they have come.
func (r *runner) fetch(n int) error {
	ctx, cancel := context.WithTimeout(r.w.halted, callTimeout)
	c, err := r.open(ctx)
	cancel()
	if err != nil {
		return err
	}
	iter, err := c.Messages(jetstream.PullMaxMessages(n), jetstream.StopAfter(n), jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat))
	if err != nil {
		return err
	}
	defer iter.Stop()
	// Drain gives back what is on its way, so that none of it has to wait
	// until the engine believes it lost.
	defer context.AfterFunc(r.w.halted, iter.Drain)()
	for {
		msg, err := iter.Next()
		switch {
		case err == nil:
			r.add(msg)
		case errors.Is(err, jetstream.ErrMsgIteratorClosed) && !errors.Is(err, jetstream.ErrConnectionClosed):
			return nil // n have come, or the worker is halted
		default:
			return err
		}
	}
}

// warn says that nothing is fetched.
func (r *runner) warn(err error) {
	r.w.inbox.note(fmt.Errorf("jetstream: %w", err))
	if r.warnings.due() {
		r.w.log.Warn("the engine hands out no webhook deliveries: the worker asks again until it does", slog.String("handler", r.name), slog.String("error", err.Error()))
	}
}

// isFatal reports whether the worker cannot go on after an error, as it can when
// the engine is down.
func (r *runner) isFatal(err error) bool {
	if r.opened() == nil {
		return !isOutage(err) || errors.Is(err, nats.ErrConnectionClosed)
	}
	return errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrBadRequest) || r.isGone(err)
}

// isGone reports, after an error, whether the connection was closed, or someone
// deleted the consumer or the stream.
func (r *runner) isGone(err error) bool {
	if errors.Is(err, jetstream.ErrConnectionClosed) || errors.Is(err, nats.ErrConnectionClosed) {
		return true
	}
	err = r.probe()
	return errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound)
}

// isUp reports whether the engine answers.
func (r *runner) isUp() bool { return r.probe() == nil }

func (r *runner) probe() error {
	c := r.opened()
	if c == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_, err := c.Info(ctx)
	return err
}

// pending is how many deliveries are running or waiting for a retry, in all
// workers, and how many may; zeros if the engine does not say.
func (r *runner) pending(ctx context.Context) (n, limit int) {
	c := r.opened()
	if c == nil {
		return 0, 0
	}
	info, err := c.Info(ctx)
	if err != nil {
		return 0, 0
	}
	return info.NumAckPending, info.Config.MaxAckPending
}

// Asking the engine for one delivery at a time would not keep pace with many
// senders, but what is fetched ahead waits here even if another worker is idle.
// So the worker fetches ahead what its callbacks take about aheadTime for.
// Deliveries that wait for others of their tenant are kept here as well, so that
// those of other tenants are reached.
const (
	aheadTime      = 250 * time.Millisecond
	mostAhead      = 64
	mostQueued     = 10_000
	mostQueueBytes = 32 << 20
)

// room is how many deliveries to ask for now.
func (r *runner) room() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	ahead := 0
	if r.average > 0 {
		ahead = int(min(time.Duration(r.w.opts.Concurrency)*aheadTime/r.average, mostAhead))
	}
	runnable := r.queue.runnable()
	if runnable > ahead/2 || r.queue.bytes > mostQueueBytes {
		return 0
	}
	n := r.w.opts.Concurrency + ahead - r.queue.running - runnable
	return max(min(n, mostQueued-r.queue.size), 0)
}

// add takes a delivery that was fetched.
func (r *runner) add(msg jetstream.Msg) {
	a, err := newAttempt(r, msg)
	if err != nil {
		r.w.log.Error("a webhook delivery came without its metadata: the engine will hand it out again", slog.String("handler", r.name))
		return // it comes back
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[a] = struct{}{}
	r.queue.push(a)
	r.activity.queued.Add(1)
	r.start()
}

// start begins what may run. r.mu is locked.
func (r *runner) start() {
	for !r.halted && r.w.halted.Err() == nil && r.queue.running < r.w.opts.Concurrency {
		a := r.queue.next()
		if a == nil {
			return
		}
		r.activity.queued.Add(-1)
		r.attempts.Go(func() {
			defer r.end(a)
			a.handle()
		})
	}
}

// end makes room after an attempt.
func (r *runner) end(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, a)
	if a.took > 0 {
		if r.average == 0 {
			r.average = a.took
		}
		r.average = max(r.average+(a.took-r.average)/8, time.Microsecond)
	}
	r.queue.done(a)
	r.start()
	select {
	case r.freed <- struct{}{}:
	default:
	}
}

// giveBack leaves to other workers what was fetched and has not begun.
func (r *runner) giveBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halted = true
	for _, a := range r.queue.clear() {
		delete(r.held, a)
		r.activity.queued.Add(-1)
		_ = a.msg.Nak() // if it is lost, the delivery comes back after AckWait
	}
}

// heartbeat tells the engine what is held here, so that it does not run
// elsewhere.
func (r *runner) heartbeat(stop <-chan struct{}) {
	t := time.NewTicker(max(r.w.opts.AckWait/3, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		r.mu.Lock()
		held := make([]*attempt, 0, len(r.held))
		for a := range r.held {
			held = append(held, a)
		}
		r.mu.Unlock()
		for _, a := range held {
			_ = a.msg.InProgress() // if it is lost, the next one may not be
		}
	}
}
