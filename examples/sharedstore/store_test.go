package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
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
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
)

// The tests run on SQLite, and on Postgres too if this variable says where one
// is, as a URL or as keywords. They work in a schema of their own there.
const postgresVariable = "SHAREDSTORE_POSTGRES"

// shared is a database that a test opens several times, as processes do.
type shared struct {
	File             string // of SQLite; or:
	Postgres, Schema string
}

// testClock is a database's clock that stands still until a test moves it. It
// is a row, so that all who share the database have the same.
const testClock Clock = `(SELECT ms FROM test_clock)`

// onEachDatabase runs a test on each, with the tables in it.
func onEachDatabase(t *testing.T, test func(*testing.T, shared)) {
	run := func(name string, s shared, before, after string) {
		t.Run(name, func(t *testing.T) {
			if before != "" {
				admin := shared{Postgres: s.Postgres}.open(t)
				mustExec(t, admin, before)
				t.Cleanup(func() { mustExec(t, admin, after) })
			}
			db := s.open(t)
			if err := NewStore(db, testClock, 0).Create(t.Context()); err != nil {
				t.Fatal(err)
			}
			mustExec(t, db, `CREATE TABLE test_clock (ms BIGINT NOT NULL)`)
			mustExec(t, db, `INSERT INTO test_clock VALUES (1000000)`)
			test(t, s)
		})
	}
	run("SQLite", shared{File: filepath.Join(t.TempDir(), "claims.db")}, "", "")
	if at := os.Getenv(postgresVariable); at != "" {
		schema := "sharedstore_test_" + strings.ToLower(rand.Text())
		run("Postgres", shared{Postgres: at, Schema: schema}, "CREATE SCHEMA "+schema, "DROP SCHEMA "+schema+" CASCADE")
	}
}

func (s shared) connect() (*sql.DB, error) {
	if s.Postgres == "" {
		return openSQLite(s.File)
	}
	config, err := pgx.ParseConfig(s.Postgres)
	if err != nil {
		return nil, err
	}
	if s.Schema != "" {
		config.RuntimeParams["search_path"] = s.Schema
	}
	return stdlib.OpenDB(*config), nil
}

// open returns a handle of its own.
func (s shared) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// store returns a store with a handle of its own.
func (s shared) store(t *testing.T) *Store {
	t.Helper()
	return NewStore(s.open(t), testClock, time.Hour)
}

func mustExec(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	// Not the test's context, which has ended in its cleanup.
	if _, err := db.ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// pass moves the database's clock.
func pass(t *testing.T, s *Store, d time.Duration) {
	t.Helper()
	mustExec(t, s.db, `UPDATE test_clock SET ms = ms + $1`, d.Milliseconds())
}

// key is as Delivery.Key makes them.
func key(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func claim(t *testing.T, s *Store, key string, want event.ClaimState) (token string) {
	t.Helper()
	c, err := s.Claim(t.Context(), key, time.Minute)
	if err != nil || c.State != want || (c.Token != "") != (want == event.Claimed) {
		t.Fatalf("claim: %+v, %v; want state %v", c, err, want)
	}
	return c.Token
}

func rows(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM webhook_claims`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestLeases: the life of a key that two receivers get in turn.
func TestLeases(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		ctx, a, b, k := t.Context(), s.store(t), s.store(t), key("k")
		dead := claim(t, a, k, event.Claimed)
		claim(t, a, k, event.InUse)
		claim(t, b, k, event.InUse)
		pass(t, a, time.Minute-time.Millisecond)
		claim(t, b, k, event.InUse)
		pass(t, a, time.Millisecond)
		heir := claim(t, b, k, event.Claimed)
		if heir == dead {
			t.Error("the heir has the token of the dead")
		}
		stale := func(when string) {
			t.Helper()
			for step, err := range map[string]error{
				"renew": a.Renew(ctx, k, dead, time.Hour), "commit": a.Commit(ctx, k, dead), "release": a.Release(ctx, k, dead),
				"renew without token": a.Renew(ctx, k, "", time.Hour), "commit without token": a.Commit(ctx, k, ""), "release without token": a.Release(ctx, k, ""),
				"renew of another key": a.Renew(ctx, key("other"), heir, time.Hour), "commit of another key": a.Commit(ctx, key("other"), heir), "release of another key": a.Release(ctx, key("other"), heir),
			} {
				if !errors.Is(err, event.ErrClaimLost) {
					t.Errorf("%s, %s: %v", when, step, err)
				}
			}
		}
		stale("after another has claimed it")
		claim(t, a, k, event.InUse)
		if err := b.Renew(ctx, k, heir, 2*time.Minute); err != nil {
			t.Error(err)
		}
		pass(t, a, 2*time.Minute-time.Millisecond)
		claim(t, a, k, event.InUse)
		if err := b.Commit(ctx, k, heir); err != nil {
			t.Error(err)
		}
		stale("after it was completed")
		for step, err := range map[string]error{"renew": b.Renew(ctx, k, heir, 2*time.Hour), "commit": b.Commit(ctx, k, heir), "release": b.Release(ctx, k, heir)} {
			if !errors.Is(err, event.ErrClaimLost) {
				t.Errorf("%s of what is completed: %v", step, err)
			}
		}
		pass(t, a, time.Hour-time.Millisecond)
		claim(t, a, k, event.Completed)
		claim(t, b, k, event.Completed)
		pass(t, a, time.Millisecond)
		again := claim(t, a, k, event.Claimed)
		if err := a.Release(ctx, k, again); err != nil {
			t.Error(err)
		}
		claim(t, b, k, event.Claimed)
	})
}

// TestLapsedClaimIsLost: also before another takes it.
func TestLapsedClaimIsLost(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		ctx, a, b := t.Context(), s.store(t), s.store(t)
		for name, step := range map[string]func(k, token string) error{
			"renew":   func(k, token string) error { return a.Renew(ctx, k, token, time.Hour) },
			"commit":  func(k, token string) error { return a.Commit(ctx, k, token) },
			"release": func(k, token string) error { return a.Release(ctx, k, token) },
		} {
			token := claim(t, a, key(name), event.Claimed)
			pass(t, a, time.Minute)
			if err := step(key(name), token); !errors.Is(err, event.ErrClaimLost) {
				t.Errorf("%s: %v", name, err)
			}
			if n := rows(t, a); n != 1 {
				t.Errorf("%s: %d rows, want the lapsed one", name, n)
			}
			heir := claim(t, b, key(name), event.Claimed)
			if err := b.Release(ctx, key(name), heir); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPurgeDeletesWhatNoLongerCounts(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		a := s.store(t)
		commit := func(k string) {
			t.Helper()
			if err := a.Commit(t.Context(), k, claim(t, a, k, event.Claimed)); err != nil {
				t.Fatal(err)
			}
		}
		commit(key("completed long ago"))
		claim(t, a, key("owner died"), event.Claimed)
		pass(t, a, 30*time.Minute)
		commit(key("completed"))
		pass(t, a, 30*time.Minute)
		token := claim(t, a, key("being handled"), event.Claimed)
		for i, want := range []int64{2, 0} {
			if n, err := s.store(t).Purge(t.Context()); n != want || err != nil {
				t.Errorf("purge %d: %d rows, %v; want %d", i, n, err, want)
			}
		}
		if n := rows(t, a); n != 2 {
			t.Errorf("%d rows are left, want 2", n)
		}
		claim(t, a, key("completed"), event.Completed)
		claim(t, a, key("completed long ago"), event.Claimed)
		if err := a.Renew(t.Context(), key("being handled"), token, time.Minute); err != nil {
			t.Error(err)
		}
	})
}

func TestWindowOutlastsRetriesByDefault(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		a, k := NewStore(s.open(t), testClock, 0), key("k")
		if err := a.Commit(t.Context(), k, claim(t, a, k, event.Claimed)); err != nil {
			t.Fatal(err)
		}
		pass(t, a, 72*time.Hour-time.Millisecond)
		claim(t, a, k, event.Completed)
		pass(t, a, time.Millisecond)
		claim(t, a, k, event.Claimed)
	})
}

// TestOneWins of many who claim at once, each over its own handle: a new key,
// one whose owner died, and none when it is completed.
func TestOneWins(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		stores := make([]*Store, 6)
		for i := range stores {
			stores[i] = s.store(t)
		}
		race := func(k string) (winners []string, states map[event.ClaimState]int) {
			var mu sync.Mutex
			var wg sync.WaitGroup
			start := make(chan struct{})
			states = make(map[event.ClaimState]int)
			for _, store := range stores {
				wg.Go(func() {
					<-start
					c, err := store.Claim(t.Context(), k, time.Minute)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					states[c.State]++
					if c.State == event.Claimed {
						winners = append(winners, c.Token)
					}
				})
			}
			close(start)
			wg.Wait()
			return winners, states
		}
		for i := range 15 {
			k := key(fmt.Sprint(i))
			for _, when := range []string{"new", "lapsed"} {
				winners, states := race(k)
				if len(winners) != 1 || states[event.InUse] != len(stores)-1 {
					t.Fatalf("%s: %d winners; states %v", when, len(winners), states)
				}
				if when == "new" {
					pass(t, stores[0], time.Minute)
				} else if err := stores[i%len(stores)].Commit(t.Context(), k, winners[0]); err != nil {
					t.Fatal(err)
				}
			}
			if _, states := race(k); states[event.Completed] != len(stores) {
				t.Fatalf("completed: states %v", states)
			}
		}
	})
}

// TestNothingPersonalIsStored: neither by a delivery nor under a key that is
// none.
func TestNothingPersonalIsStored(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		a := s.store(t)
		for _, k := range []string{"", "jane.roe@example.com", strings.ToUpper(key("k")), key("k")[1:], key("k") + "0", key("k")[1:] + "g"} {
			if c, err := a.Claim(t.Context(), k, time.Minute); err == nil || (k != "" && strings.Contains(err.Error(), k)) {
				t.Errorf("claiming %q: %+v, %v", k, c, err)
			}
		}
		if n := rows(t, a); n != 0 {
			t.Errorf("%d rows of keys that are none", n)
		}
		r := newTestReceiver(t, a, func(context.Context, *kombo.DataChanged) error { return nil })
		if got := r.deliver("jane.roe@example.com"); got != 200 {
			t.Fatalf("answered %d", got)
		}
		claim(t, a, key("k"), event.Claimed)
		found, err := a.db.QueryContext(t.Context(), `SELECT * FROM webhook_claims`)
		if err != nil {
			t.Fatal(err)
		}
		defer found.Close()
		if columns, err := found.Columns(); err != nil || strings.Join(columns, " ") != "delivery token expires" {
			t.Fatalf("columns %v, %v", columns, err)
		}
		row := regexp.MustCompile(`^[0-9a-f]{64} [A-Z2-7]{0,26} [0-9]+$`)
		n := 0
		for ; found.Next(); n++ {
			var delivery string
			var token sql.NullString
			var expires int64
			if err := found.Scan(&delivery, &token, &expires); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%s %s %d", delivery, token.String, expires); !row.MatchString(got) {
				t.Errorf("a row has %s", got)
			}
		}
		if err := found.Err(); err != nil || n != 2 {
			t.Errorf("%d rows, %v; want 2", n, err)
		}
	})
}

// TestClocksTellMilliseconds: the real ones. A Postgres on another machine may
// be some minutes off.
func TestClocksTellMilliseconds(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		clock := SQLite
		if s.Postgres != "" {
			clock = Postgres
		}
		db := s.open(t)
		var ms int64
		if err := db.QueryRowContext(t.Context(), "SELECT "+string(clock)).Scan(&ms); err != nil {
			t.Fatal(err)
		}
		if off := time.Since(time.UnixMilli(ms)).Abs(); off > 10*time.Minute {
			t.Errorf("the clock is off by %v", off)
		}
		a, k := NewStore(db, clock, time.Hour), key("k")
		token := claim(t, a, k, event.Claimed)
		claim(t, a, k, event.InUse)
		if err := a.Renew(t.Context(), k, token, time.Hour); err != nil {
			t.Error(err)
		}
		if err := a.Commit(t.Context(), k, token); err != nil {
			t.Error(err)
		}
		claim(t, a, k, event.Completed)
		if n, err := a.Purge(t.Context()); n != 0 || err != nil {
			t.Errorf("purge: %d rows, %v", n, err)
		}
	})
}

// TestDatabaseThatIsGoneIsNoLostClaim, and nothing is acknowledged meanwhile.
func TestDatabaseThatIsGoneIsNoLostClaim(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		ctx, a, k := t.Context(), s.store(t), key("k")
		token := claim(t, a, k, event.Claimed)
		calls := 0
		r := newTestReceiver(t, a, func(context.Context, *kombo.DataChanged) error { calls++; return nil })
		a.db.Close()
		_, claimed := a.Claim(ctx, key("other"), time.Minute)
		_, purged := a.Purge(ctx)
		for step, err := range map[string]error{
			"claim": claimed, "purge": purged,
			"renew": a.Renew(ctx, k, token, time.Minute), "commit": a.Commit(ctx, k, token), "release": a.Release(ctx, k, token),
		} {
			if err == nil || errors.Is(err, event.ErrClaimLost) {
				t.Errorf("%s: %v", step, err)
			}
		}
		if got := r.deliver("1"); got != 503 || r.last().Kind != event.Unavailable || calls != 0 {
			t.Errorf("answered %d, %s, after %d calls", got, r.last().Kind, calls)
		}
	})
}

// testReceiver is a receiver without a socket.
type testReceiver struct {
	*kombo.Handler
	mu      sync.Mutex
	results []event.Result
}

func newTestReceiver(t *testing.T, store event.Store, fn func(context.Context, *kombo.DataChanged) error) *testReceiver {
	t.Helper()
	r := new(testReceiver)
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

func (r *testReceiver) last() event.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results[len(r.results)-1]
}

// deliver returns the status of a delivery with that id.
func (r *testReceiver) deliver(id string) int {
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
	onEachDatabase(t, func(t *testing.T, s shared) {
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
			w := deliveries[e.IntegrationID]
			if !w.running.CompareAndSwap(false, true) {
				t.Errorf("delivery %s: two callbacks at once", e.IntegrationID)
				return nil
			}
			defer w.running.Store(false)
			select {
			case <-w.overlap:
			case <-ctx.Done():
				t.Errorf("delivery %s: nobody else was told to come again", e.IntegrationID)
			}
			if strings.HasPrefix(e.IntegrationID, "fails-") && w.failed.CompareAndSwap(false, true) {
				return errors.New("at first")
			}
			w.completed.Add(1)
			return nil
		}
		receivers := []*testReceiver{newTestReceiver(t, s.store(t), callback), newTestReceiver(t, s.store(t), callback)}
		// send repeats a delivery as Kombo would, and sooner.
		send := func(r *testReceiver, id string) {
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
					t.Errorf("a claim could not be settled: %v", result.Warning)
				}
			}
		}
		inFlight := kinds[event.InFlight]
		delete(kinds, event.InFlight)
		want := map[event.Kind]int{event.Handled: 9, event.Failed: 3, event.Duplicate: 3 * 9}
		if !maps.Equal(kinds, want) || inFlight == 0 {
			t.Errorf("%d in flight, and %v; want %v", inFlight, kinds, want)
		}
	})
}

// TestLivingOwnerKeepsItsClaim for longer than a lease, since the handler
// renews it.
func TestLivingOwnerKeepsItsClaim(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		synctest.Test(t, func(t *testing.T) {
			a, b := s.store(t), s.store(t)
			other := newTestReceiver(t, b, func(context.Context, *kombo.DataChanged) error {
				t.Error("the other runs the callback too")
				return nil
			})
			owner := newTestReceiver(t, a, func(context.Context, *kombo.DataChanged) error {
				for range 5 {
					// Both clocks, that of the handler's timer and the database's.
					time.Sleep(30 * time.Second)
					synctest.Wait()
					pass(t, b, 30*time.Second)
					if got := other.deliver("1"); got != 503 || other.last().Kind != event.InFlight {
						t.Errorf("answered %d, %s", got, other.last().Kind)
					}
				}
				return nil
			})
			if got := owner.deliver("1"); got != 200 || owner.last().Warning != nil {
				t.Errorf("the owner answered %d, %v", got, owner.last().Warning)
			}
			if got := other.deliver("1"); got != 200 || other.last().Kind != event.Duplicate {
				t.Errorf("afterwards: answered %d, %s", got, other.last().Kind)
			}
		})
	})
}

// dyingVariable makes this test a receiver that is killed during a callback.
const dyingVariable = "SHAREDSTORE_DYING"

func TestMain(m *testing.M) {
	if s := os.Getenv(dyingVariable); s != "" {
		if err := dying(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func dying(where string) error {
	var s shared
	if err := json.Unmarshal([]byte(where), &s); err != nil {
		return err
	}
	db, err := s.connect()
	if err != nil {
		return err
	}
	h, err := kombo.NewHandler(secret, &event.Options{Store: NewStore(db, testClock, time.Hour)})
	if err != nil {
		return err
	}
	h.OnDataChanged(func(context.Context, *kombo.DataChanged) error {
		fmt.Println("running")
		_, err := io.Copy(io.Discard, os.Stdin) // until killed, or the test is gone
		return err
	})
	(&testReceiver{Handler: h}).deliver("1")
	return errors.New("the callback ended")
}

// TestDeadOwnerHasAnHeir: a process is killed in its callback. The other gets
// the delivery when the lease has lapsed, and not before.
func TestDeadOwnerHasAnHeir(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shared) {
		where, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), dyingVariable+"="+string(where))
		cmd.Stderr = os.Stderr
		_, err1 := cmd.StdinPipe()
		stdout, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if line != "running\n" {
			t.Errorf("the process printed %q, %v", line, err)
		}
		calls := 0
		store := s.store(t)
		heir := newTestReceiver(t, store, func(context.Context, *kombo.DataChanged) error { calls++; return nil })
		expect := func(when string, status int, kind event.Kind) {
			t.Helper()
			if got := heir.deliver("1"); got != status || heir.last().Kind != kind {
				t.Errorf("%s: answered %d, %s; want %d, %s", when, got, heir.last().Kind, status, kind)
			}
		}
		expect("while the owner lives", 503, event.InFlight)
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it says that it was killed
		expect("when the owner is dead", 503, event.InFlight)
		pass(t, store, time.Minute-time.Millisecond)
		expect("before the lease lapses", 503, event.InFlight)
		pass(t, store, time.Millisecond)
		expect("after the lease", 200, event.Handled)
		expect("once more", 200, event.Duplicate)
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}
