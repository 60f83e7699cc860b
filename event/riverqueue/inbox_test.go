package riverqueue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/internal/testdb"
)

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newLog() (*slog.Logger, *lines) {
	l := new(lines)
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})), l
}

func TestMigrateAtOnce(t *testing.T) {
	pool, schema := newPool(t), "test_at_once"
	t.Cleanup(func() { mustExec(t, pool, "DROP SCHEMA "+schema+" CASCADE") })
	if _, err := NewInbox(t.Context(), pool, &Options{Schema: schema}); err == nil || !strings.Contains(err.Error(), "riverqueue.Migrate") {
		t.Errorf("NewInbox without tables: %v", err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := Migrate(t.Context(), pool, schema); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := NewInbox(t.Context(), pool, &Options{Schema: schema}); err != nil {
		t.Error(err)
	}
	if err := Migrate(t.Context(), pool, `a"b`); err == nil {
		t.Error("a schema with a quote in its name was taken")
	}
}

// TestDurability: a connection that confirms before it is on the disk is
// rejected.
func TestDurability(t *testing.T) {
	pool := newPool(t)
	schema := newSchema(t, pool)
	at, err := url.Parse(testdb.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	q := at.Query()
	q.Set("synchronous_commit", "off")
	at.RawQuery = q.Encode()
	if _, err := NewInbox(t.Context(), openPool(t, at.String()), &Options{Schema: schema}); err == nil || !strings.Contains(err.Error(), "synchronous_commit=on") {
		t.Errorf("NewInbox: %v", err)
	}
	for fsync, want := range map[string]int{"off": 1, "on": 0} {
		logger, log := newLog()
		if err := checkSettings(t.Context(), logger, "on", fsync); err != nil || strings.Count(log.String(), "does not call fsync") != want {
			t.Errorf("fsync %s: %v, %s", fsync, err, log)
		}
	}
}

func TestSmallPool(t *testing.T) {
	config, err := pgxpool.ParseConfig(testdb.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := NewInbox(t.Context(), pool, nil); err == nil || !strings.Contains(err.Error(), "fewer than 3 connections") {
		t.Errorf("NewInbox: %v", err)
	}
}

// TestBusy: of more Puts than MaxPuts the others fail at once, and those wait
// for no longer than their contexts.
func TestBusy(t *testing.T) {
	i := newInboxFor(t, &Options{MaxPuts: 8})
	tx, err := i.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), i.sql(`LOCK TABLE {job}`)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 8)
	for n := range 8 {
		go func() { ended <- i.Put(ctx, delivery("acme", fmt.Sprint(n))) }()
	}
	eventually(t, "eight are waiting", func() bool { return len(i.waiting) == 8 })
	if err := i.Put(ctx, delivery("acme", "one more")); !errors.Is(err, inbox.ErrBusy) {
		t.Errorf("one more: %v, want inbox.ErrBusy", err)
	}
	cancel()
	for range 8 {
		if err := get(t, "Put", ended); !errors.Is(err, context.Canceled) {
			t.Errorf("Put: %v", err)
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.Put(t.Context(), delivery("acme", "after that")); err != nil {
		t.Error(err)
	}
}

// TestNoConnection: Put waits for the others no longer than its context.
func TestNoConnection(t *testing.T) {
	i := newInboxFor(t, nil)
	for range cap(i.storing) {
		i.storing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Put(ctx, delivery("acme", "x")) }()
	eventually(t, "it is waiting", func() bool { return len(i.waiting) == 1 })
	cancel()
	if err := get(t, "Put", ended); !errors.Is(err, context.Canceled) || !errors.Is(err, inbox.ErrBusy) {
		t.Errorf("Put: %v", err)
	}
	if len(i.waiting) != 0 {
		t.Error("it still counts")
	}
}

// TestDatabaseGone: nothing is acknowledged, and Stats knows why.
func TestDatabaseGone(t *testing.T) {
	i := newInboxFor(t, nil)
	mustExec(t, i.pool, i.sql(`ALTER TABLE {job} RENAME TO away`))
	if err := i.Put(t.Context(), delivery("acme", "x")); err == nil || errors.Is(err, event.ErrDuplicate) || errors.Is(err, event.ErrTooLarge) {
		t.Errorf("Put: %v", err)
	}
	if _, err := i.Stats(t.Context()); err == nil {
		t.Error("Stats has no error")
	}
	mustExec(t, i.pool, "ALTER TABLE "+i.opts.Schema+".away RENAME TO river_job")
	s, err := i.Stats(t.Context())
	if err != nil || s.LastError == nil || time.Since(s.LastErrorAt) > time.Hour {
		t.Errorf("Stats: %+v, %v", s, err)
	}
}

// TestNewerVersion: what a newer release has stored waits for it, and is no
// dead letter.
func TestNewerVersion(t *testing.T) {
	i := newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	newer := `{"v":99}` + "\n"
	mustExec(t, i.pool, i.sql(`UPDATE {job} SET args = jsonb_set(args, '{delivery}', to_jsonb(encode($1, 'base64')))`), []byte(newer))
	startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { t.Error("it ran"); return nil }})
	eventually(t, "it is put off", func() bool { return states(t, i)["scheduled"] == 1 })
	if s, err := i.Stats(t.Context()); err != nil || s.Retrying != 1 || s.Waiting != 0 {
		t.Errorf("Stats: %+v, %v", s, err)
	}
	var attempt int
	if scan(t, i.pool, i.sql(`SELECT attempt FROM {job}`), nil, &attempt); attempt != 0 {
		t.Errorf("it counts as attempt %d", attempt)
	}
	mustExec(t, i.pool, i.sql(`UPDATE {job} SET state = 'available', scheduled_at = now(), created_at = now() - interval '15 days'`))
	eventually(t, "it is given up when it is too old", func() bool { return states(t, i)["cancelled"] == 1 })
}

// TestUnreadable: what is stored and is no delivery becomes a dead letter that
// can be seen and discarded.
func TestUnreadable(t *testing.T) {
	for name, damage := range map[string]struct {
		sql    string
		reason inbox.Reason
	}{
		"no delivery": {`UPDATE {job} SET args = jsonb_set(args, '{delivery}', '"bm9uc2Vuc2U="')`, inbox.ReasonUnreadable},
		"no body":     {`UPDATE {job} SET args = args - 'delivery'`, inbox.ReasonGone},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInboxFor(t, nil)
			if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
				t.Fatal(err)
			}
			mustExec(t, i.pool, i.sql(damage.sql))
			startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { t.Error("it ran"); return nil }})
			eventually(t, "it is given up", func() bool { return states(t, i)["cancelled"] == 1 })
			page, err := i.DeadLetters(t.Context(), "", 10)
			if err != nil || len(page) != 1 || page[0].Reason != damage.reason || page[0].Handler != "acme" || len(page[0].Key) != 64 {
				t.Fatalf("%+v, %v", page, err)
			}
			if _, d, err := i.DeadLetter(t.Context(), page[0].Ref); d != nil || err != nil {
				t.Errorf("read: %v, %v", d, err)
			}
			if err := i.Discard(t.Context(), page[0].Ref); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCancelled: a delivery that was cancelled in River's UI, for example, is a
// dead letter, and can be rerun.
func TestCancelled(t *testing.T) {
	i := newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	var id int64
	scan(t, i.pool, i.sql(`SELECT id FROM {job}`), nil, &id)
	if _, err := i.client.JobCancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	page, err := i.DeadLetters(t.Context(), "", 10)
	if err != nil || len(page) != 1 || page[0].Reason != inbox.ReasonCancelled || page[0].Error != "" {
		t.Fatalf("%+v, %v", page, err)
	}
	if err := i.Rerun(t.Context(), page[0].Ref); err != nil {
		t.Fatal(err)
	}
	startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { return nil }})
	eventually(t, "it is completed", func() bool { return states(t, i)["completed"] == 1 })
}

// TestDiscard: the body goes, and the error with it, as it may name somebody.
func TestDiscard(t *testing.T) {
	i := newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { return event.Permanent(errors.New("no")) }})
	eventually(t, "it is given up", func() bool { return states(t, i)["cancelled"] == 1 })
	page, err := i.DeadLetters(t.Context(), "", 10)
	if err != nil || len(page) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if err := i.Discard(t.Context(), page[0].Ref); err != nil {
		t.Fatal(err)
	}
	var left bool
	if scan(t, i.pool, i.sql(`SELECT args ? 'delivery' OR errors IS NOT NULL FROM {job}`), nil, &left); left {
		t.Error("its body or its error is still there")
	}
}

// TestFlood: one tenant's single delivery does not wait for all of another's.
func TestFlood(t *testing.T) {
	i := newInboxFor(t, nil)
	const flood = normalRate + 60
	for n := range flood + 1 {
		d := delivery("acme", fmt.Sprint(n))
		d.Tenant = "loud"
		if n == flood {
			d.Tenant = "quiet"
		}
		if err := i.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	var ran, quiet atomic.Int64
	startWorker(t, i, &WorkerOptions{Concurrency: 1}, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		n := ran.Add(1)
		if d.Tenant == "quiet" {
			quiet.Store(n)
		}
		return nil
	}})
	eventually(t, "all have run", func() bool { return ran.Load() == flood+1 })
	if n := quiet.Load(); n != normalRate+1 {
		t.Errorf("the quiet tenant's delivery ran as number %d of %d, want %d", n, flood+1, normalRate+1)
	}
}

// TestUnfinished: a delivery whose attempts never came to an end is not begun
// for ever.
func TestUnfinished(t *testing.T) {
	i := newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	mustExec(t, i.pool, i.sql(`UPDATE {job} SET attempt = $1`), 2*quick.Attempts)
	startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { t.Error("it ran"); return nil }})
	eventually(t, "it is given up", func() bool { return states(t, i)["cancelled"] == 1 })
	if page, err := i.DeadLetters(t.Context(), "", 10); err != nil || len(page) != 1 || page[0].Reason != inbox.ReasonUnfinished {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestRescue: what was running when its process died runs again, without that
// anybody does anything.
func TestRescue(t *testing.T) {
	i := newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	mustExec(t, i.pool, i.sql(`UPDATE {job} SET state = 'running', attempt = 1, attempted_at = now() - interval '1 minute 10 seconds'`))
	attempts := make(chan int, 1)
	startWorker(t, i, nil, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error { attempts <- d.Attempt; return nil }})
	select {
	case n := <-attempts:
		t.Errorf("attempt %d ran while the first one might", n)
	case <-time.After(300 * time.Millisecond):
	}
	i = newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	mustExec(t, i.pool, i.sql(`UPDATE {job} SET state = 'running', attempt = 1, attempted_at = now() - interval '1 minute 20 seconds'`))
	startWorker(t, i, nil, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error { attempts <- d.Attempt; return nil }})
	if n := get(t, "the next attempt", attempts); n != 2 {
		t.Errorf("attempt %d, want 2", n)
	}
}

// TestPrune: bodies go, keys stay.
func TestPrune(t *testing.T) {
	i := newInboxFor(t, &Options{KeepBodies: time.Hour})
	for _, body := range []string{"old", "new", "dead", "waiting"} {
		if err := i.Put(t.Context(), delivery("acme", body)); err != nil {
			t.Fatal(err)
		}
	}
	work := dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		switch string(d.Body) {
		case "dead":
			return event.Permanent(errors.New("no"))
		case "waiting":
			return event.RetryAfter(time.Hour, nil)
		}
		return nil
	}}
	stop := startWorker(t, i, nil, work)
	eventually(t, "all have run", func() bool {
		s := states(t, i)
		return s["completed"] == 2 && s["cancelled"] == 1 && s["retryable"] == 1
	})
	stop()
	for _, body := range []string{"old", "dead"} {
		mustExec(t, i.pool, i.sql(`UPDATE {job} SET finalized_at = now() - interval '61 minutes' WHERE args->>'key' = $1`), delivery("acme", body).Key())
	}
	left := func() (bodies int) {
		scan(t, i.pool, i.sql(`SELECT count(*) FROM {job} WHERE kind = $1 AND args ? 'delivery'`), []any{kind}, &bodies)
		return bodies
	}
	if n, err := i.Prune(t.Context()); n != 1 || err != nil || left() != 3 {
		t.Errorf("Prune: %d, %v; %d bodies are left", n, err, left())
	}
	for _, body := range []string{"old", "new", "dead", "waiting"} {
		if err := i.Put(t.Context(), delivery("acme", body)); !errors.Is(err, event.ErrDuplicate) {
			t.Errorf("Put of %s again: %v", body, err)
		}
	}
	if n, err := i.RerunSince(t.Context(), time.Time{}, nil); n != 2 || err != nil {
		t.Errorf("RerunSince: %d, %v; want 2", n, err)
	}

	// A worker does it by itself.
	i = newInboxFor(t, &Options{KeepBodies: -1})
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	stop = startWorker(t, i, nil, work)
	eventually(t, "the delivery is completed", func() bool { return states(t, i)["completed"] == 1 })
	stop()
	startWorker(t, i, nil, work)
	eventually(t, "its body is dropped", func() bool { return left() == 0 })
}

func TestRerunSince(t *testing.T) {
	i := newInboxFor(t, nil)
	var calls atomic.Int64
	put := func(n int) {
		for range n {
			if err := i.Put(t.Context(), delivery("acme", fmt.Sprint(calls.Add(1)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(3)
	mustExec(t, i.pool, i.sql(`UPDATE {job} SET created_at = now() - interval '2 hours'`))
	put(rerunPage + 5)
	calls.Store(0)
	startWorker(t, i, nil, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		if calls.Add(1); d.Attempt != 1 {
			t.Errorf("attempt %d", d.Attempt)
		}
		if string(d.Body) == "7" && calls.Load() <= rerunPage+8 {
			return event.Permanent(errors.New("no"))
		}
		return nil
	}})
	done := func(n int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d are done", n), func() bool { s := states(t, i); return s["completed"]+s["cancelled"] == n })
	}
	done(rerunPage + 8)
	n, err := i.RerunSince(t.Context(), time.Now().Add(-time.Hour), func(d *event.Delivery) bool { return string(d.Body) != "9" })
	if err != nil || n != rerunPage+4 {
		t.Errorf("RerunSince: %d, %v; want %d", n, err, rerunPage+4)
	}
	eventually(t, "those run again", func() bool { return calls.Load() == 2*rerunPage+12 })
	done(rerunPage + 8)
	if s := states(t, i); s["cancelled"] != 0 {
		t.Errorf("%v: the dead letter was not rerun", s)
	}
}

// TestUnserved: a renamed handler's deliveries do not wait unnoticed.
func TestUnserved(t *testing.T) {
	i := newInboxFor(t, nil)
	logger, log := newLog()
	i.opts.Logger = logger
	for _, name := range []string{"old-name", "acme"} {
		if err := i.Put(t.Context(), delivery(name, "x")); err != nil {
			t.Fatal(err)
		}
	}
	stop := startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { return nil }})
	eventually(t, "a warning", func() bool { return strings.Contains(log.String(), "no worker has") })
	stop()
	if got := log.String(); !strings.Contains(got, "handler=old-name") || strings.Contains(got, "handler=acme") {
		t.Error(got)
	}
}

// TestLogs: neither a body nor a callback's error reaches the log, also not
// through River.
func TestLogs(t *testing.T) {
	i := newInboxFor(t, nil)
	logger, log := newLog()
	if err := i.Put(t.Context(), delivery("acme", "a secret body")); err != nil {
		t.Fatal(err)
	}
	letters := make(chan *inbox.DeadLetter, 1)
	startWorker(t, i, &WorkerOptions{Retry: quick, Logger: logger, OnDeadLetter: func(_ context.Context, l *inbox.DeadLetter) { letters <- l }}, dispatcher{"acme", func(_ context.Context, d *event.Delivery) error {
		if d.Attempt == 2 {
			panic("a secret value")
		}
		return errors.New("a secret cause")
	}})
	l := get(t, "the dead letter", letters)
	if l.Error != "a secret cause" || l.Reason != inbox.ReasonExhausted || l.Attempts != 3 || l.Type != "hired" {
		t.Errorf("%+v", l)
	}
	slog.New(slog.NewTextHandler(log, nil)).Info("a dead letter", "letter", l)
	eventually(t, "it is given up", func() bool { return states(t, i)["cancelled"] == 1 })
	got := log.String()
	if strings.Contains(got, "secret") {
		t.Error(got)
	}
	for _, want := range []string{"will be tried again", "panicked", "was given up", "handler=acme", "id=13", "reason=exhausted", "letter.ref="} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestWorkersThatCouldNotWork(t *testing.T) {
	i := newInboxFor(t, nil)
	acme := dispatcher{name: "acme"}
	for want, handlers := range map[string][]event.Dispatcher{
		"no handlers":                   nil,
		"a handler is nil":              {nil},
		`two handlers are named "acme"`: {acme, acme},
	} {
		if _, err := NewWorker(t.Context(), i, nil, handlers...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	w, err := NewWorker(t.Context(), i, nil, acme)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.Run(t.Context()); err != nil {
		t.Errorf("Run after Shutdown: %v", err)
	}
}

// TestShutdownThatTakesTooLong ends the contexts of callbacks.
func TestShutdownThatTakesTooLong(t *testing.T) {
	i := newInboxFor(t, nil)
	if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
		t.Fatal(err)
	}
	running, interrupted, ended := make(chan bool, 1), make(chan bool, 1), make(chan error, 1)
	w, err := NewWorker(t.Context(), i, &WorkerOptions{Logger: i.opts.Logger}, dispatcher{"acme", func(ctx context.Context, _ *event.Delivery) error {
		running <- true
		<-ctx.Done()
		interrupted <- true
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- w.Run(context.Background()) }()
	get(t, "the callback", running)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	get(t, "the end of the callback's context", interrupted)
	if err := get(t, "Run", ended); err != nil {
		t.Errorf("Run: %v", err)
	}
	if s := states(t, i); s["available"] != 1 {
		t.Errorf("%v: it does not run again at once", s)
	}
}

// greet is a job of the service's own.
type greet struct {
	Name string `json:"name"`
}

func (greet) Kind() string { return "greet" }

// TestOwnClient: deliveries run beside the jobs of a service's own client, in
// its tables.
func TestOwnClient(t *testing.T) {
	pool := newPool(t)
	schema := newSchema(t, pool)
	names := make(chan string, 2)
	c := long()
	c.Schema, c.TestOnly, c.Logger = schema, true, slog.New(slog.DiscardHandler)
	c.Workers, c.Queues = river.NewWorkers(), map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}
	river.AddWorker(c.Workers, river.WorkFunc(func(_ context.Context, j *river.Job[greet]) error {
		names <- j.Args.Name
		return nil
	}))
	i, err := NewInbox(t.Context(), pool, &Options{Config: &c, KeepBodies: -1})
	if err != nil {
		t.Fatal(err)
	}
	makeEffects(t, i)
	w, err := NewWorker(t.Context(), i, &WorkerOptions{Retry: quick}, dispatcher{"acme", func(ctx context.Context, d *event.Delivery) error {
		names <- string(d.Body)
		return effect(ctx, i, func(string) {})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "own River client") {
		t.Errorf("Run: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for range 20 { // of two ways on, either might have been taken
		if err := w.Shutdown(ended); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	if _, err := NewWorker(t.Context(), i, nil, dispatcher{name: "acme"}); err == nil {
		t.Error("a second worker was added to one client")
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &c)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer client.Stop(context.Background())
	if _, err := client.Insert(t.Context(), greet{"a job"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := i.Put(t.Context(), delivery("acme", "a delivery")); err != nil {
		t.Fatal(err)
	}
	if a, b := get(t, "one", names), get(t, "the other", names); a+b != "a joba delivery" && a+b != "a deliverya job" {
		t.Errorf("%q and %q ran", a, b)
	}
	eventually(t, "the delivery is completed", func() bool { return states(t, i)["completed"] == 1 })
	if n := effects(t, i); n != 1 {
		t.Errorf("%d effects", n)
	}
	if s, err := i.Stats(t.Context()); err != nil || len(s.Handlers) != 0 {
		t.Errorf("Stats: %+v, %v", s, err)
	}

	// A worker with a client of its own would give up the service's jobs.
	alone, err := NewInbox(t.Context(), pool, &Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewWorker(t.Context(), alone, nil, dispatcher{name: "acme"}); err == nil || !strings.Contains(err.Error(), `a queue "default"`) {
		t.Errorf("NewWorker: %v", err)
	}
}
