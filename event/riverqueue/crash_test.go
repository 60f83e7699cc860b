package riverqueue

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/testdb"
)

// These tests start this program again as a process that kills itself with
// SIGKILL between two statements, and look at what that leaves behind.

// What the child process is to do.
const (
	childTask   = "ATSHOOKS_CHILD"        // "put" or "work"
	childPoint  = "ATSHOOKS_CHILD_POINT"  // where to die
	childSchema = "ATSHOOKS_CHILD_SCHEMA" // River's tables
	childURL    = "ATSHOOKS_CHILD_URL"
)

// beChild does what the environment says, and does not return then.
func beChild() {
	task := os.Getenv(childTask)
	if task == "" {
		return
	}
	time.AfterFunc(2*deadline, func() { os.Exit(3) })
	if err := child(task); err != nil {
		log.Fatal(err)
	}
	os.Exit(0) // it was to die on the way
}

// dieAt kills this process if it is at the point where it is to die.
func dieAt(point string) {
	if os.Getenv(childPoint) == point {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func child(task string) error {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Getenv(childURL))
	if err != nil {
		return err
	}
	config.MaxConns = 8
	config.ConnConfig.Tracer = mortal{}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	i, err := NewInbox(ctx, pool, &Options{Schema: os.Getenv(childSchema), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if task == "put" {
		armed.Store(true)
		return i.Put(ctx, delivery("acme", "x"))
	}
	w, err := NewWorker(ctx, i, nil, dispatcher{"acme", func(ctx context.Context, d *event.Delivery) error {
		err := effect(ctx, i, dieAt)
		armed.Store(true)
		dieAt("returned")
		return err
	}})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// armed says that mortal counts.
var armed atomic.Bool

// mortal dies before or after statements that begin in a certain way.
type mortal struct{}

type statementKey struct{}

func (mortal) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	name := statement(q.SQL)
	if armed.Load() {
		dieAt("before " + name)
	}
	return context.WithValue(ctx, statementKey{}, name)
}

func (mortal) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if armed.Load() {
		dieAt("after " + ctx.Value(statementKey{}).(string))
	}
}

// statement is the name that River gives to a statement, or its first word.
func statement(sql string) string {
	if name, ok := strings.CutPrefix(sql, "-- name: "); ok {
		return strings.Fields(name)[0]
	}
	return strings.Fields(sql)[0]
}

// effect is a callback's work: a row that must be there once in the end.
func effect(ctx context.Context, i *Inbox, at func(point string)) error {
	at("begun")
	tx, err := i.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	at("transaction")
	if _, err := tx.Exec(ctx, "INSERT INTO "+pgx.Identifier{i.opts.Schema, "effects"}.Sanitize()+" VALUES ('hired')"); err != nil {
		return err
	}
	at("effect")
	if err := Complete(ctx, tx); err != nil {
		return err
	}
	at("complete")
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	at("commit")
	return nil
}

func makeEffects(t *testing.T, i *Inbox) {
	t.Helper()
	mustExec(t, i.pool, "CREATE TABLE "+i.opts.Schema+".effects (what text)")
}

func effects(t *testing.T, i *Inbox) (n int) {
	t.Helper()
	scan(t, i.pool, "SELECT count(*) FROM "+i.opts.Schema+".effects", nil, &n)
	return n
}

// runChild starts a process that dies at a point, and waits for that.
func runChild(t *testing.T, i *Inbox, task, point string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childTask+"="+task, childPoint+"="+point, childSchema+"="+i.opts.Schema, childURL+"="+testdb.Postgres(t))
	out, err := cmd.CombinedOutput()
	exit, _ := errors.AsType[*exec.ExitError](err)
	if exit == nil {
		t.Fatalf("the child process did not die %s: %v\n%s", point, err, out)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the child process did not die %s: %v\n%s", point, err, out)
	}
}

// TestKilledWhilePutting: what the vendor then sends again is stored once.
func TestKilledWhilePutting(t *testing.T) {
	for _, point := range []string{
		"before begin", "after begin", "before JobInsertFastMany", "after JobInsertFastMany",
		"before PGNotifyMany", "after PGNotifyMany", "before commit", "after commit",
	} {
		t.Run(point, func(t *testing.T) {
			i := newInboxFor(t, nil)
			runChild(t, i, "put", point)
			if err := i.Put(t.Context(), delivery("acme", "x")); (point == "after commit") != errors.Is(err, event.ErrDuplicate) {
				t.Errorf("Put again: %v", err)
			}
			var calls atomic.Int64
			startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { calls.Add(1); return nil }})
			eventually(t, "the delivery is completed", func() bool { return states(t, i)["completed"] == 1 })
			if calls.Load() != 1 {
				t.Errorf("ran %d times", calls.Load())
			}
		})
	}
}

// TestKilledWhileCompleting: whatever the process dies between, the callback's
// effect and the completion are both there or both not, and in the end the
// effect is there once.
func TestKilledWhileCompleting(t *testing.T) {
	committed := false
	for _, point := range []string{
		"begun", "transaction", "effect", "complete", // not committed
		"commit", "returned", "before JobSetStateIfRunningMany", "after JobSetStateIfRunningMany",
	} {
		committed = committed || point == "commit"
		t.Run(point, func(t *testing.T) {
			i := newInboxFor(t, nil)
			makeEffects(t, i)
			if err := i.Put(t.Context(), delivery("acme", "x")); err != nil {
				t.Fatal(err)
			}
			runChild(t, i, "work", point)
			found, n := states(t, i), effects(t, i)
			if committed && (found["completed"] != 1 || n != 1) || !committed && (found["running"] != 1 || n != 0) {
				t.Errorf("the child process has left %v and %d effects", found, n)
			}
			rescue(t, i)
			startWorker(t, i, nil, dispatcher{"acme", func(ctx context.Context, _ *event.Delivery) error {
				return effect(ctx, i, func(string) {})
			}})
			eventually(t, "the delivery is completed", func() bool { return states(t, i)["completed"] == 1 })
			if n := effects(t, i); n != 1 {
				t.Errorf("%d effects, want 1", n)
			}
		})
	}
}

// rescue does what River does with jobs whose process has died, without
// waiting for that to be certain.
func rescue(t *testing.T, i *Inbox) {
	t.Helper()
	mustExec(t, i.pool, i.sql(`UPDATE {job} SET state = 'available' WHERE state = 'running'`))
}

// TestServerCrash: what was acknowledged before Postgres was killed is there
// after that, and inbox and worker go on by themselves.
func TestServerCrash(t *testing.T) {
	server, err := testdb.StartPostgres()
	if errors.Is(err, testdb.ErrNotInstalled) {
		t.Skip("needs a Postgres of its own to kill: install it (apt-get install postgresql)")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	pool := openPool(t, server.URL)
	if err := Migrate(t.Context(), pool, ""); err != nil {
		t.Fatal(err)
	}
	i, err := NewInbox(t.Context(), pool, &Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var completed atomic.Int64
	startWorker(t, i, nil, dispatcher{"acme", func(context.Context, *event.Delivery) error { completed.Add(1); return nil }})
	sending, stop := context.WithCancel(t.Context())
	defer stop()
	var acknowledged sync.Map
	var n, failed atomic.Int64
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for sending.Err() == nil {
				d := delivery("acme", fmt.Sprint(n.Add(1)))
				for sending.Err() == nil {
					ctx, cancel := context.WithTimeout(sending, 5*time.Second)
					err := i.Put(ctx, d)
					cancel()
					if err == nil || errors.Is(err, event.ErrDuplicate) {
						acknowledged.Store(d.Key(), true)
						break
					}
					failed.Add(1)
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	for range 2 {
		eventually(t, "callbacks complete", func() bool { return completed.Load() > 50 })
		if err := server.Crash(); err != nil {
			t.Fatal(err)
		}
		completed.Store(0)
	}
	eventually(t, "callbacks complete again", func() bool { return completed.Load() > 50 })
	stop()
	senders.Wait()
	stored := make(map[string]bool)
	if err := i.each(context.Background(), `SELECT args->>'key' FROM {job} WHERE kind = $1`, []any{kind}, func(rows pgx.Rows) error {
		var key string
		err := rows.Scan(&key)
		stored[key] = true
		return err
	}); err != nil {
		t.Fatal(err)
	}
	count := 0
	acknowledged.Range(func(key, _ any) bool {
		if count++; !stored[key.(string)] {
			t.Errorf("a delivery that was acknowledged is not there")
		}
		return true
	})
	if count < 100 || failed.Load() == 0 {
		t.Errorf("%d were acknowledged, %d were not at first: that tests nothing", count, failed.Load())
	}
}
