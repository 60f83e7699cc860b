package drivers

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/sqlstore"
	"github.com/atshooks/atshooks/internal/testdb"
	"github.com/atshooks/atshooks/kombo"
)

func TestMain(m *testing.M) {
	beChild() // where this process is one that a test kills
	testdb.Main(m)
}

// database is one that a test opens several times, as processes do.
type database struct {
	Dialect sqlstore.Dialect
	DSN     string // of the driver; for SQLite a file
	Schema  string // of Postgres
}

// runner is a test or a benchmark that has others inside.
type runner[T any] interface {
	testing.TB
	Run(name string, fn func(T)) bool
}

// onEachDatabase runs a test on each, with the table in it.
func onEachDatabase(t *testing.T, test func(*testing.T, database)) { eachDatabase(t, test) }

func eachDatabase[T runner[T]](t T, run func(T, database)) {
	for name, prepare := range map[string]func(testing.TB) database{"SQLite": newSQLite, "Postgres": newPostgres, "MariaDB": newMariaDB} {
		t.Run(name, func(t T) {
			d := prepare(t)
			d.create(t)
			run(t, d)
		})
	}
}

func newSQLite(t testing.TB) database {
	return database{Dialect: sqlstore.SQLite, DSN: filepath.Join(t.TempDir(), "claims.db")}
}

func newPostgres(t testing.TB) database {
	d := database{Dialect: sqlstore.Postgres, DSN: testdb.Postgres(t)}
	admin, schema := d.open(t), "test_"+strings.ToLower(rand.Text())
	mustExec(t, admin, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { mustExec(t, admin, "DROP SCHEMA "+schema+" CASCADE") })
	d.Schema = schema
	return d
}

func newMariaDB(t testing.TB) database {
	d := database{Dialect: sqlstore.MySQL, DSN: testdb.MySQL(t)}
	admin, name := d.open(t), "test_"+strings.ToLower(rand.Text())
	mustExec(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { mustExec(t, admin, "DROP DATABASE "+name) })
	config, err := mysql.ParseDSN(d.DSN)
	if err != nil {
		t.Fatal(err)
	}
	config.DBName = name
	d.DSN = config.FormatDSN()
	return d
}

func (d database) connect() (*sql.DB, error) {
	switch d.Dialect {
	case sqlstore.SQLite:
		db, err := sql.Open("sqlite", "file:"+d.DSN+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
		if err == nil {
			db.SetMaxOpenConns(1)
		}
		return db, err
	case sqlstore.MySQL:
		return sql.Open("mysql", d.DSN)
	}
	config, err := pgx.ParseConfig(d.DSN)
	if err != nil {
		return nil, err
	}
	if d.Schema != "" {
		config.RuntimeParams["search_path"] = d.Schema
	}
	return stdlib.OpenDB(*config), nil
}

// open returns a handle of its own.
func (d database) open(t testing.TB) *sql.DB {
	t.Helper()
	db, err := d.connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// create makes the tables, twice, as two migrations might.
func (d database) create(t testing.TB) {
	t.Helper()
	db := d.open(t)
	for range 2 {
		for _, statement := range strings.SplitAfter(sqlstore.Schema(d.Dialect), ";\n") {
			if statement != "" {
				mustExec(t, db, statement)
			}
		}
	}
	mustExec(t, db, "CREATE TABLE effects (what VARCHAR(100))")
}

func newStore(t *testing.T, db *sql.DB, d sqlstore.Dialect) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.New(db, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pass lets time pass for all that is in the table.
func (d database) pass(t *testing.T, by time.Duration) {
	t.Helper()
	mustExec(t, d.open(t), fmt.Sprintf("UPDATE webhook_claims SET expires = expires - %d", by.Milliseconds()))
}

func mustExec(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	// Not the test's context, which has ended in its cleanup.
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *sql.DB, from string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPruneDeletesWhatNoLongerCounts(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		db := d.open(t)
		s, err := sqlstore.New(db, d.Dialect, &sqlstore.Options{Window: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		commit := func(k string) {
			t.Helper()
			if err := s.Commit(t.Context(), k, claim(t, s, k, nil)); err != nil {
				t.Fatal(err)
			}
		}
		commit(key("completed long ago"))
		claim(t, s, key("owner died"), nil)
		d.pass(t, 31*time.Minute)
		commit(key("completed"))
		d.pass(t, 31*time.Minute)
		token := claim(t, s, key("being handled"), nil)
		for i, want := range []int64{2, 0} {
			if n, err := s.Prune(t.Context()); n != want || err != nil {
				t.Errorf("Prune %d: %d rows, %v; want %d", i, n, err, want)
			}
		}
		if n := count(t, db, "webhook_claims"); n != 2 {
			t.Errorf("%d rows are left, want 2", n)
		}
		claim(t, s, key("completed"), event.ErrDuplicate)
		claim(t, s, key("completed long ago"), nil)
		if err := s.Renew(t.Context(), key("being handled"), token, time.Minute); err != nil {
			t.Error(err)
		}
	})
}

// TestNothingPersonalIsStored of a delivery.
func TestNothingPersonalIsStored(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := newStore(t, db, d.Dialect)
		r := newReceiver(t, s, func(context.Context, *kombo.DataChanged) error { return nil })
		if got := r.deliver("jane.roe@example.com"); got != 200 {
			t.Fatalf("answered %d", got)
		}
		claim(t, s, key("k"), nil)
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM webhook_claims`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if columns, err := rows.Columns(); err != nil || strings.Join(columns, " ") != "delivery token completed expires" {
			t.Fatalf("columns %v, %v", columns, err)
		}
		row := regexp.MustCompile(`^[0-9a-f]{64} [A-Z2-7]{26} [01] [0-9]{13}$`)
		n := 0
		for ; rows.Next(); n++ {
			var delivery, token string
			var completed, expires int64
			if err := rows.Scan(&delivery, &token, &completed, &expires); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%s %s %d %d", delivery, token, completed, expires); !row.MatchString(got) {
				t.Errorf("a row has %s", got)
			}
			// A Postgres on another machine may be some minutes off.
			if off := time.Since(time.UnixMilli(expires)).Abs(); off > 73*time.Hour {
				t.Errorf("it expires in %v", off)
			}
		}
		if err := rows.Err(); err != nil || n != 2 {
			t.Errorf("%d rows, %v; want 2", n, err)
		}
	})
}

// TestDatabaseThatIsGoneIsNoLostClaim, and nothing is acknowledged meanwhile.
func TestDatabaseThatIsGoneIsNoLostClaim(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		db := d.open(t)
		ctx, s, k := t.Context(), newStore(t, db, d.Dialect), key("k")
		token := claim(t, s, k, nil)
		calls := 0
		r := newReceiver(t, s, func(context.Context, *kombo.DataChanged) error { calls++; return nil })
		db.Close()
		_, claimed := s.Claim(ctx, key("other"), time.Minute)
		_, pruned := s.Prune(ctx)
		for step, err := range map[string]error{
			"Claim": claimed, "Prune": pruned,
			"Renew": s.Renew(ctx, k, token, time.Minute), "Commit": s.Commit(ctx, k, token), "Release": s.Release(ctx, k, token),
		} {
			if err == nil || errors.Is(err, event.ErrClaimLost) {
				t.Errorf("%s: %v", step, err)
			}
		}
		if got := r.deliver("1"); got != 503 || r.last().Kind != event.KindUnavailable || calls != 0 {
			t.Errorf("answered %d, %s, after %d calls", got, r.last().Kind, calls)
		}
	})
}

// effect is a callback's work: a row that must be there once in the end.
func effect(ctx context.Context, db *sql.DB, s *sqlstore.Store, at func(point string)) error {
	at("begun")
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	at("transaction")
	if _, err := tx.ExecContext(ctx, "INSERT INTO effects VALUES ('hired')"); err != nil {
		return err
	}
	at("effect")
	if err := s.CommitTx(ctx, tx); err != nil {
		return err
	}
	at("claim")
	if err := tx.Commit(); err != nil {
		return err
	}
	at("commit")
	return nil
}

func TestCommitTx(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := newStore(t, db, d.Dialect)
		fail := true
		r := newReceiver(t, s, func(ctx context.Context, _ *kombo.DataChanged) error {
			if fail {
				fail = false
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				defer tx.Rollback()
				return errors.Join(s.CommitTx(ctx, tx), errors.New("no"))
			}
			return effect(ctx, db, s, func(string) {})
		})
		for i, want := range []struct {
			status, effects int
			kind            event.Kind
		}{{500, 0, event.KindFailed}, {200, 1, event.KindHandled}, {200, 1, event.KindDuplicate}} {
			if got := r.deliver("1"); got != want.status || r.last().Kind != want.kind || r.last().Warning != nil || count(t, db, "effects") != want.effects {
				t.Errorf("delivery %d: answered %d, %s, %v, %d effects; want %+v", i, got, r.last().Kind, r.last().Warning, count(t, db, "effects"), want)
			}
		}
		if err := s.CommitTx(t.Context(), nil); err == nil || errors.Is(err, event.ErrClaimLost) {
			t.Errorf("outside of a callback: %v", err)
		}
	})
}

// TestCommitTxAfterTheLease: who stood still for longer than the lease has no
// effect any more.
func TestCommitTxAfterTheLease(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := newStore(t, db, d.Dialect)
		heirDB := d.open(t)
		heirStore := newStore(t, heirDB, d.Dialect)
		heir := newReceiver(t, heirStore, func(ctx context.Context, _ *kombo.DataChanged) error {
			return effect(ctx, heirDB, heirStore, func(string) {})
		})
		var lost error
		r := newReceiver(t, s, func(ctx context.Context, _ *kombo.DataChanged) error {
			d.pass(t, 2*time.Minute)
			if got := heir.deliver("1"); got != 200 {
				t.Errorf("the heir answered %d, %v", got, heir.last().Err)
			}
			lost = effect(ctx, db, s, func(string) {})
			return lost
		})
		if got := r.deliver("1"); got != 500 || !errors.Is(lost, event.ErrClaimLost) {
			t.Errorf("answered %d, %v", got, lost)
		}
		if n := count(t, db, "effects"); n != 1 {
			t.Errorf("%d effects", n)
		}
	})
}

// receiver is one without a socket.
type receiver struct {
	*kombo.Handler
	mu      sync.Mutex
	results []event.Result
}

const secret = "a secret for the tests only"

func newReceiver(t *testing.T, store event.Store, fn func(context.Context, *kombo.DataChanged) error) *receiver {
	t.Helper()
	r := new(receiver)
	h, err := kombo.NewHandler(secret, &event.Options{
		Store:  store,
		Logger: slog.New(slog.DiscardHandler),
		Observe: func(_ context.Context, result event.Result) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.results = append(r.results, result)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.OnDataChanged(fn)
	r.Handler = h
	return r
}

func (r *receiver) last() event.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results[len(r.results)-1]
}

// deliver returns the status of a delivery with that id.
func (r *receiver) deliver(id string) int {
	request := event.Request{
		Header: make(http.Header),
		Body:   fmt.Appendf(nil, `{"id":%q,"type":"data-changed","data":{"integration_id":%[1]q,"changed_models":[]}}`, id),
	}
	if err := r.Sign(context.Background(), &request); err != nil {
		return 0
	}
	return r.Handle(context.Background(), &request).Status
}

// TestCallbackCompletesOnce: every delivery comes to both receivers, twice to
// each and all at once, until it is acknowledged. One in three fails at first.
func TestCallbackCompletesOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		// work is what becomes of one delivery.
		type work struct {
			running, failed atomic.Bool
			completed       atomic.Int64
			overlap         chan struct{} // gets one when another was told to come again
		}
		deliveries := make(map[string]*work)
		for i := range 9 {
			id := fmt.Sprint("works-", i)
			if i%3 == 0 {
				id = fmt.Sprint("fails-", i)
			}
			deliveries[id] = &work{overlap: make(chan struct{}, 1)}
		}
		callback := func(_ context.Context, e *kombo.DataChanged) error {
			id := string(e.IntegrationID)
			w := deliveries[id]
			if !w.running.CompareAndSwap(false, true) {
				t.Errorf("delivery %s: two callbacks at once", id)
				return nil
			}
			defer w.running.Store(false)
			select {
			case <-w.overlap:
			case <-ctx.Done():
				t.Errorf("delivery %s: nobody else was told to come again", id)
			}
			if strings.HasPrefix(id, "fails-") && w.failed.CompareAndSwap(false, true) {
				return errors.New("at first")
			}
			w.completed.Add(1)
			return nil
		}
		var receivers []*receiver
		for range 2 {
			receivers = append(receivers, newReceiver(t, newStore(t, d.open(t), d.Dialect), callback))
		}
		// send repeats a delivery as Kombo would, and sooner.
		send := func(r *receiver, id string) {
			for {
				switch status := r.deliver(id); status {
				case http.StatusOK:
					return
				case http.StatusServiceUnavailable:
					select {
					case deliveries[id].overlap <- struct{}{}:
					default:
					}
				}
				select {
				case <-ctx.Done():
					t.Errorf("delivery %s is never acknowledged", id)
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}
		var wg sync.WaitGroup
		for id := range deliveries {
			for _, r := range receivers {
				wg.Go(func() { send(r, id) })
				wg.Go(func() { send(r, id) })
			}
		}
		wg.Wait()
		for id, w := range deliveries {
			if n := w.completed.Load(); n != 1 {
				t.Errorf("delivery %s completed %d times", id, n)
			}
		}
		kinds := make(map[event.Kind]int)
		for _, r := range receivers {
			for _, result := range r.results {
				kinds[result.Kind]++
				if result.Warning != nil {
					t.Errorf("a claim could not be closed: %v", result.Warning)
				}
			}
		}
		inFlight := kinds[event.KindInFlight]
		delete(kinds, event.KindInFlight)
		want := map[event.Kind]int{event.KindHandled: 9, event.KindFailed: 3, event.KindDuplicate: 3 * 9}
		if !maps.Equal(kinds, want) || inFlight == 0 {
			t.Errorf("%d in flight, and %v; want %v", inFlight, kinds, want)
		}
	})
}

// TestLivingOwnerKeepsItsClaim for longer than a lease, since the handler
// renews it.
func TestLivingOwnerKeepsItsClaim(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		synctest.Test(t, func(t *testing.T) {
			other := newReceiver(t, newStore(t, d.open(t), d.Dialect), func(context.Context, *kombo.DataChanged) error {
				t.Error("the other runs the callback too")
				return nil
			})
			owner := newReceiver(t, newStore(t, d.open(t), d.Dialect), func(context.Context, *kombo.DataChanged) error {
				for range 5 {
					// Both clocks, that of the handler's timer and the database's.
					time.Sleep(30 * time.Second)
					synctest.Wait()
					d.pass(t, 30*time.Second)
					if got := other.deliver("1"); got != 503 || other.last().Kind != event.KindInFlight {
						t.Errorf("answered %d, %s", got, other.last().Kind)
					}
				}
				return nil
			})
			if got := owner.deliver("1"); got != 200 || owner.last().Warning != nil {
				t.Errorf("the owner answered %d, %v", got, owner.last().Warning)
			}
			if got := other.deliver("1"); got != 200 || other.last().Kind != event.KindDuplicate {
				t.Errorf("afterwards: answered %d, %s", got, other.last().Kind)
			}
		})
	})
}

// What a process that a test kills is to do.
const (
	childDatabase = "ATSHOOKS_CHILD_DATABASE" // in JSON
	childPoint    = "ATSHOOKS_CHILD_POINT"    // where to die; "" is during the callback, by another's hand
)

// beChild does what the environment says, and does not return then.
func beChild() {
	where := os.Getenv(childDatabase)
	if where == "" {
		return
	}
	if err := child(where); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(1)
}

func child(where string) error {
	var d database
	if err := json.Unmarshal([]byte(where), &d); err != nil {
		return err
	}
	db, err := d.connect()
	if err != nil {
		return err
	}
	s, err := sqlstore.New(db, d.Dialect, nil)
	if err != nil {
		return err
	}
	h, err := kombo.NewHandler(secret, &event.Options{Store: s})
	if err != nil {
		return err
	}
	h.OnDataChanged(func(ctx context.Context, _ *kombo.DataChanged) error {
		if os.Getenv(childPoint) == "" {
			fmt.Println("running")
			_, err := io.Copy(io.Discard, os.Stdin) // until killed, or the test is gone
			return err
		}
		return effect(ctx, db, s, dieAt)
	})
	(&receiver{Handler: h}).deliver("1")
	dieAt("responded")
	return errors.New("it did not die")
}

// dieAt kills this process if it is at the point where it is to die.
func dieAt(point string) {
	if os.Getenv(childPoint) == point {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			panic(err)
		}
		select {}
	}
}

func startChild(t *testing.T, d database, point string) (*exec.Cmd, io.Reader) {
	t.Helper()
	where, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childDatabase+"="+string(where), childPoint+"="+point)
	cmd.Stderr = os.Stderr
	_, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	return cmd, stdout
}

// TestDeadOwnerHasAnHeir: a process is killed in its callback. The other gets
// the delivery when the lease has lapsed, and not before.
func TestDeadOwnerHasAnHeir(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		cmd, stdout := startChild(t, d, "")
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if line != "running\n" {
			t.Errorf("the process printed %q, %v", line, err)
		}
		calls := 0
		heir := newReceiver(t, newStore(t, d.open(t), d.Dialect), func(context.Context, *kombo.DataChanged) error { calls++; return nil })
		expect := func(when string, status int, kind event.Kind) {
			t.Helper()
			if got := heir.deliver("1"); got != status || heir.last().Kind != kind {
				t.Errorf("%s: answered %d, %s; want %d, %s", when, got, heir.last().Kind, status, kind)
			}
		}
		expect("while the owner lives", 503, event.KindInFlight)
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it says that it was killed
		expect("when the owner is dead", 503, event.KindInFlight)
		d.pass(t, 30*time.Second)
		expect("before the lease lapses", 503, event.KindInFlight)
		d.pass(t, 31*time.Second)
		expect("after the lease", 200, event.KindHandled)
		expect("once more", 200, event.KindDuplicate)
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

// TestKilledBetweenStatements: whatever the process dies between, the effect
// and the claim's completion are both there or both not, and in the end the
// effect is there once.
func TestKilledBetweenStatements(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := newStore(t, db, d.Dialect)
		heir := newReceiver(t, s, func(ctx context.Context, _ *kombo.DataChanged) error {
			return effect(ctx, db, s, func(string) {})
		})
		committed := 0
		for _, point := range []string{"begun", "transaction", "effect", "claim", "commit", "responded"} {
			if point == "commit" {
				committed = 1
			}
			mustExec(t, db, "DELETE FROM webhook_claims")
			mustExec(t, db, "DELETE FROM effects")
			cmd, _ := startChild(t, d, point)
			exit, _ := errors.AsType[*exec.ExitError](cmd.Wait())
			if exit == nil || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("%s: the process did not die of it: %v", point, exit)
			}
			// A server may notice the broken connection a little later.
			want := event.KindDuplicate
			if committed == 0 {
				want = event.KindInFlight
			}
			if heir.deliver("1"); heir.last().Kind != want || count(t, db, "effects") != committed {
				t.Errorf("%s: %s, %d effects", point, heir.last().Kind, count(t, db, "effects"))
			}
			d.pass(t, 61*time.Second)
			if got := heir.deliver("1"); got != 200 || count(t, db, "effects") != 1 {
				t.Errorf("%s: then answered %d, %v, %d effects", point, got, heir.last().Err, count(t, db, "effects"))
			}
		}
	})
}
