package eventtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// memoryEngine is an inbox in memory with its workers, right unless a fault is
// set: what the suite for inboxes has to tell apart.
type memoryEngine struct {
	fault  string
	logger *slog.Logger

	mu      sync.Mutex
	entries []*entry
}

// entry is one stored delivery.
type entry struct {
	handler, key string
	form         []byte
	err          string
	state        string // waiting, running, done or dead
	attempts     int
	due          time.Time // when it may run, or when its worker is believed dead
	run          int       // tells one run from another
}

const (
	memoryAttempts = 3
	memoryLease    = time.Second
	memoryMaxBody  = 10_000
)

func newMemoryEngine(fault string) func(testing.TB, *slog.Logger) InboxSetup {
	return func(t testing.TB, logger *slog.Logger) InboxSetup {
		e := &memoryEngine{fault: fault, logger: logger}
		return InboxSetup{
			Open: func() event.Inbox { return e }, NewWorker: e.newWorker, Attempts: memoryAttempts,
			MaxBody: memoryMaxBody, Lease: memoryLease,
			Insert: func(handler, key string, form []byte) { _ = e.insert(handler, key, form) },
			Kill:   func(w InboxWorker) { w.(*worker).kill() },
		}
	}
}

func (e *memoryEngine) is(fault string) bool { return e.fault == fault }

func (e *memoryEngine) Put(_ context.Context, d *event.Delivery) error {
	form, err := d.MarshalBinary()
	switch {
	case err != nil:
		return err
	case len(d.Body) > memoryMaxBody && e.is("wrong error for what is too large"):
		return errors.New("no room")
	case len(d.Body) > memoryMaxBody && !e.is("no limit"):
		return event.ErrTooLarge
	case e.is("cuts bodies"):
		form = form[:min(len(form), memoryMaxBody/2)]
	case e.is("logs bodies"):
		e.logger.Info("stored", "form", string(form))
	}
	key := d.Key()
	if e.is("tells deliveries apart by id alone") {
		key = testKey(d.ID)
	}
	return e.insert(d.Handler, key, form)
}

func (e *memoryEngine) find(key string) *entry {
	i := slices.IndexFunc(e.entries, func(en *entry) bool { return en.key == key })
	if i < 0 {
		return nil
	}
	return e.entries[i]
}

func (e *memoryEngine) insert(handler, key string, form []byte) error {
	e.mu.Lock()
	old := e.find(key)
	if e.is("looks before it stores") {
		e.mu.Unlock()
		time.Sleep(time.Millisecond)
		e.mu.Lock()
	}
	defer e.mu.Unlock()
	switch {
	case old != nil && e.is("no error for duplicates"):
		return nil
	case old != nil && (!e.is("forgets dead letters") || old.state != "dead") && !e.is("stores duplicates"):
		return event.ErrDuplicate
	}
	e.entries = append(e.entries, &entry{handler: handler, key: key, form: form, state: "waiting"})
	return nil
}

func (e *memoryEngine) DeadLetters(_ context.Context, after string, limit int) ([]*inbox.DeadLetter, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []*inbox.DeadLetter
	for i, en := range e.entries {
		ref := fmt.Sprintf("%04d", i)
		if en.state != "dead" || ref <= after {
			continue
		}
		if len(list) == limit && !e.is("ignores the limit") {
			break
		}
		l := &inbox.DeadLetter{Ref: ref, Handler: en.handler, Key: en.key, Attempts: en.attempts, Reason: inbox.ReasonExhausted, Error: en.err}
		var d event.Delivery
		if d.UnmarshalBinary(en.form) == nil {
			l.ID, l.Type = d.ID, d.Type
		}
		if e.is("dead letters without attempts") {
			l.Attempts = 0
		}
		list = append(list, l)
	}
	return list, nil
}

// letter is the entry of a dead letter.
func (e *memoryEngine) letter(ref string) (*entry, error) {
	i, err := strconv.Atoi(ref)
	if err != nil || e.entries[i].state != "dead" {
		return nil, inbox.ErrGone
	}
	return e.entries[i], nil
}

func (e *memoryEngine) DeadLetter(_ context.Context, ref string) (*inbox.DeadLetter, *event.Delivery, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	en, err := e.letter(ref)
	if err != nil {
		return nil, nil, err
	}
	d := new(event.Delivery)
	if err := d.UnmarshalBinary(en.form); err != nil {
		return nil, nil, err
	}
	if e.is("dead letters without bodies") {
		d.Body = nil
	}
	return &inbox.DeadLetter{Ref: ref}, d, nil
}

func (e *memoryEngine) Rerun(_ context.Context, ref string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	en, err := e.letter(ref)
	if err != nil && e.is("no error for what is gone") {
		return nil
	}
	if err == nil && !e.is("reruns nothing") {
		en.state = "waiting"
		if !e.is("goes on counting at a rerun") {
			en.attempts = 0
		}
	}
	return err
}

func (e *memoryEngine) Discard(_ context.Context, ref string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	en, err := e.letter(ref)
	switch {
	case err != nil || e.is("discards nothing"):
	case e.is("forgets what is discarded"):
		en.state, en.key = "done", ""
	default:
		en.state = "done"
	}
	return err
}

func (e *memoryEngine) Stats(context.Context) (*inbox.Stats, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var c inbox.Counts
	for _, en := range e.entries {
		switch {
		case en.state == "dead":
			c.Dead++
		case en.state == "running":
			c.Running++
		case en.state == "waiting" && (en.attempts == 0 || e.is("counts no retries")):
			c.Waiting++
		case en.state == "waiting":
			c.Retrying++
		}
	}
	c.Oldest = time.Now()
	if e.is("counts no dead letters") {
		c.Dead = 0
	}
	return &inbox.Stats{Counts: c, Handlers: map[string]inbox.Counts{testProvider.Name: c}}, nil
}

// worker is one of memoryEngine's.
type worker struct {
	*memoryEngine
	concurrency int
	handlers    []event.Dispatcher
	killed      context.Context
	kill        context.CancelFunc
	halted      context.Context
	halt        context.CancelFunc
	callbacks   context.Context
	abandon     context.CancelFunc
	down        chan bool
}

func (e *memoryEngine) newWorker(_ event.Inbox, concurrency int, handlers ...event.Dispatcher) InboxWorker {
	w := &worker{memoryEngine: e, concurrency: concurrency, handlers: handlers, down: make(chan bool)}
	w.killed, w.kill = context.WithCancel(context.Background())
	w.halted, w.halt = context.WithCancel(w.killed)
	w.callbacks, w.abandon = context.WithCancel(context.Background())
	switch e.fault {
	case "runs more at once":
		w.concurrency++
	case "runs fewer at once":
		w.concurrency = 1
	}
	return w
}

func (w *worker) Run(context.Context) error {
	defer close(w.down)
	var all sync.WaitGroup
	for range w.concurrency {
		all.Go(w.loop)
	}
	all.Wait()
	return nil
}

func (w *worker) Shutdown(ctx context.Context) error {
	w.halt()
	if w.is("drops its callbacks") {
		w.abandon()
		return nil
	}
	select {
	case <-w.down:
		return nil
	case <-w.killed.Done():
		return nil
	case <-ctx.Done():
	}
	if !w.is("never ends contexts") {
		w.abandon()
	}
	return ctx.Err()
}

func (w *worker) loop() {
	for w.halted.Err() == nil {
		if en, run := w.take(); en != nil {
			ended := make(chan bool)
			go func() { // which the callback may end
				defer close(ended)
				w.try(en, run)
			}()
			<-ended
			w.mu.Lock()
			died := w.is("dies of a callback that ends its goroutine") && en.state == "running"
			w.mu.Unlock()
			if died {
				return
			}
			continue
		}
		time.Sleep(time.Millisecond)
	}
}

// take picks what is due.
func (w *worker) take() (*entry, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for _, en := range w.entries {
		if w.is("takes nothing") {
			break
		}
		mine := slices.ContainsFunc(w.handlers, func(h event.Dispatcher) bool { return h.Name() == en.handler })
		lapsed := en.state == "running" && now.After(en.due) && !w.is("never takes over")
		if w.is("runs what others run") && en.state == "running" {
			lapsed = en.attempts < 2
		}
		if (mine || w.is("runs any handler's")) && (en.state == "waiting" && !now.Before(en.due) || lapsed) {
			en.state, en.due = "running", now.Add(memoryLease)
			en.run++
			return en, en.run
		}
		if w.is("waits for what fails") && en.state == "waiting" && mine {
			return nil, 0
		}
	}
	return nil, 0
}

// try runs a delivery once and records what came of it.
func (w *worker) try(en *entry, run int) {
	var d event.Delivery
	err := d.UnmarshalBinary(en.form)
	if err != nil {
		w.record(en, run, func() {
			switch {
			case errors.Is(err, event.ErrNewerVersion) && !w.is("gives up newer versions"):
				en.state, en.due = "waiting", time.Now().Add(time.Millisecond)
			case w.is("drops what is no delivery"):
				en.state = "done"
			default:
				en.state = "dead"
			}
		})
		return
	}
	ctx, cancel := context.WithCancel(w.callbacks)
	defer cancel()
	stop := w.heartbeat(en, run)
	if w.is("acknowledges first") {
		w.record(en, run, func() { en.state = "done" })
	}
	finished := false
	defer func() {
		stop()
		p := recover()
		if p != nil && w.is("logs panics") {
			w.logger.Error("panic", "value", p)
		}
		if !finished && !w.is("dies of a callback that ends its goroutine") {
			w.failed(en, run, errors.New("it panicked, or ended its goroutine"))
		}
	}()
	w.mu.Lock()
	en.attempts++
	d.Attempt = en.attempts
	w.mu.Unlock()
	if w.is("no Delivery.Attempt") {
		d.Attempt = 1
	}
	h := w.handlers[max(0, slices.IndexFunc(w.handlers, func(h event.Dispatcher) bool { return h.Name() == en.handler }))]
	err = h.Dispatch(ctx, &d)
	finished = true
	if err == nil || w.is("ignores errors") {
		w.record(en, run, func() { en.state = "done" })
		return
	}
	w.failed(en, run, err)
}

func (w *worker) failed(en *entry, run int, err error) {
	verdict, after := event.VerdictOf(err)
	if w.is("ignores RetryAfter") {
		after = 0
	}
	w.record(en, run, func() {
		en.err = err.Error()
		switch {
		case verdict == event.VerdictDone && !w.is("retries what is ignored"):
			en.state = "done"
		case verdict == event.VerdictDrop && !w.is("retries permanent errors"), en.attempts >= memoryAttempts && after == 0 && !w.is("never gives up"):
			en.state = "dead"
		default:
			en.state, en.due = "waiting", time.Now().Add(max(after, time.Millisecond))
		}
	})
}

// record notes what came of a run, unless its worker is dead or another has
// taken over.
func (w *worker) record(en *entry, run int, note func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.killed.Err() == nil && en.run == run && en.state == "running" {
		note()
	}
}

// heartbeat keeps others from taking over.
func (w *worker) heartbeat(en *entry, run int) (stop func()) {
	ctx, cancel := context.WithCancel(w.killed)
	if w.is("no heartbeat") {
		return cancel
	}
	go func() {
		for ctx.Err() == nil {
			w.record(en, run, func() { en.due = time.Now().Add(memoryLease) })
			select {
			case <-time.After(memoryLease / 4):
			case <-ctx.Done():
			}
		}
	}()
	return cancel
}
