package riverqueue

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/internal/testdb"
)

func TestMain(m *testing.M) {
	beChild() // where this process is one that a test kills
	testdb.Main(m)
}

// newPool opens a pool on the server of the tests.
func newPool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return openPool(t, testdb.Postgres(t))
}

func openPool(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 12
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// newSchema makes River's tables in a schema that ends with the test.
func newSchema(t testing.TB, pool *pgxpool.Pool) string {
	t.Helper()
	schema := "test_" + strings.ToLower(rand.Text()[:16])
	if err := Migrate(t.Context(), pool, schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustExec(t, pool, "DROP SCHEMA "+schema+" CASCADE") })
	return schema
}

// newInboxFor opens an inbox in a schema of the test's own. opts may be nil.
func newInboxFor(t testing.TB, opts *Options) *Inbox {
	t.Helper()
	if opts == nil {
		opts = &Options{}
	}
	pool := newPool(t)
	o := *opts
	o.Schema = newSchema(t, pool)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	i, err := NewInbox(t.Context(), pool, &o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// quick is a schedule for tests.
var quick = inbox.Schedule{First: time.Millisecond, Max: 10 * time.Millisecond, Attempts: 3}

// startWorker runs a worker until the test ends, or stop is called.
func startWorker(t testing.TB, i *Inbox, opts *WorkerOptions, handlers ...event.Dispatcher) (stop func()) {
	t.Helper()
	o := WorkerOptions{Retry: quick}
	if opts != nil {
		o = *opts
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w, err := NewWorker(t.Context(), i, &o, handlers...)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(context.Background()) }()
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := w.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func mustExec(t testing.TB, pool *pgxpool.Pool, query string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// scan reads one row.
func scan(t testing.TB, pool *pgxpool.Pool, query string, args []any, into ...any) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), query, args...).Scan(into...); err != nil {
		t.Fatal(err)
	}
}

// deadline is generous: the machine may be busy with other tests.
const deadline = 30 * time.Second

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", deadline, what)
		}
	}
}

// states counts the jobs of an inbox by their states.
func states(t testing.TB, i *Inbox) map[string]int {
	t.Helper()
	found := make(map[string]int)
	rows, err := i.pool.Query(context.Background(), i.sql(`SELECT state::text, count(*) FROM {job} WHERE kind = $1 GROUP BY 1`), kind)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			t.Fatal(err)
		}
		found[state] = n
	}
	return found
}

// dispatcher is a handler of deliveries that its function gets as they are.
type dispatcher struct {
	name string
	fn   func(context.Context, *event.Delivery) error
}

func (d dispatcher) Name() string { return d.name }
func (d dispatcher) Dispatch(ctx context.Context, delivery *event.Delivery) error {
	return d.fn(ctx, delivery)
}

// delivery makes one that a handler might have verified.
func delivery(handler, body string) *event.Delivery {
	return &event.Delivery{Handler: handler, Provider: "acme", Type: "hired", ID: fmt.Sprint(len(body)), Body: []byte(body), ReceivedAt: time.Now().UTC()}
}
