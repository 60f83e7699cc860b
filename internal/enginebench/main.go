// The program enginebench measures the durable engines side by side: how long
// storing takes, how many callbacks complete beside it, what is lost or runs
// twice when the process is killed, and what many stored deliveries cost.
//
//	cd internal/enginebench && go run .
//	cd internal/enginebench && go run . -engines river -n 100 -stored 0 -server
//
// Postgres is the server that ATSHOOKS_POSTGRES_URL names, or a private one.
// Everything is bounded, and on one machine: senders, receiver and engine share
// it, so that only the ratios travel.
package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
	"github.com/atshooks/atshooks/event/riverqueue"
	"github.com/atshooks/atshooks/internal/testdb"
)

func main() {
	var err error
	if name := os.Getenv(envEngine); name != "" {
		err = runChild(context.Background(), name)
	} else {
		err = run(context.Background(), os.Args[1:], os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

var engines = map[string]engine{
	"jetstream": {key: "jetstream", Name: "JetStream, embedded", Open: openJetStream},
	"river":     {key: "river", Name: "River, Postgres", Open: openRiver, Effects: riverEffects},
}

// chosen are the engines of these names, ready to be measured.
func chosen(names []string) (list []engine, stop func(), err error) {
	stop = func() {}
	for _, name := range names {
		e, ok := engines[name]
		if !ok {
			return nil, stop, fmt.Errorf("there is no engine %q", name)
		}
		if name == "river" && os.Getenv(envPostgres) == "" {
			server, err := testdb.StartPostgres()
			if err != nil {
				return nil, stop, err
			}
			stop, e.Crash = server.Stop, server.Crash
			if err := os.Setenv(envPostgres, server.URL); err != nil { // for this process and its children
				return nil, stop, err
			}
		}
		list = append(list, e)
	}
	return list, stop, nil
}

const envPostgres = "ATSHOOKS_POSTGRES_URL"

// What is taken for dead is soon given to another worker.
const lease = 2 * time.Second

func openJetStream(ctx context.Context, dir string) (*instance, error) {
	e, err := embedded.Open(dir, &embedded.Options{Logger: silent})
	if err != nil {
		return nil, err
	}
	i, err := jetstream.NewInbox(ctx, e.Conn(), &jetstream.Options{Logger: silent})
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return &instance{
		Inbox: i,
		NewWorker: func(ctx context.Context, handlers ...event.Dispatcher) (worker, error) {
			return jetstream.NewWorker(ctx, i, &jetstream.WorkerOptions{AckWait: lease, Concurrency: concurrency}, handlers...)
		},
		Stored: func(ctx context.Context) (int64, error) {
			js, err := natsjs.New(e.Conn())
			if err != nil {
				return 0, err
			}
			s, err := js.Stream(ctx, "ATSHOOKS")
			if err != nil {
				return 0, err
			}
			return int64(s.CachedInfo().State.Msgs), nil
		},
		Close: e.Close,
		Drop:  func(context.Context) error { return errors.Join(e.Close(), os.RemoveAll(dir)) },
	}, nil
}

// connections is how many a service of this kind might have.
const connections = 16

// openPool connects to Postgres. The schema belongs to a folder.
func openPool(ctx context.Context, dir string) (pool *pgxpool.Pool, schema string, err error) {
	config, err := pgxpool.ParseConfig(os.Getenv(envPostgres))
	if err != nil {
		return nil, "", err
	}
	config.MaxConns = connections
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	pool, err = pgxpool.NewWithConfig(ctx, config)
	return pool, fmt.Sprintf("enginebench_%x", h.Sum64()), err
}

func openRiver(ctx context.Context, dir string) (*instance, error) {
	pool, schema, err := openPool(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := riverqueue.Migrate(ctx, pool, schema); err != nil {
		return nil, err
	}
	effects := pgx.Identifier{schema, "effects"}.Sanitize()
	if _, err := pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS `+effects+` (id text)`); err != nil {
		return nil, err
	}
	i, err := riverqueue.NewInbox(ctx, pool, &riverqueue.Options{Schema: schema, Logger: silent})
	if err != nil {
		return nil, err
	}
	return &instance{
		Inbox: i,
		NewWorker: func(ctx context.Context, handlers ...event.Dispatcher) (worker, error) {
			return riverqueue.NewWorker(ctx, i, &riverqueue.WorkerOptions{Timeout: lease, Concurrency: concurrency, Logger: silent}, handlers...)
		},
		Complete: func(ctx context.Context, id string) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, `INSERT INTO `+effects+` VALUES ($1)`, id); err != nil {
					return err
				}
				return riverqueue.Complete(ctx, tx)
			})
		},
		Stored: func(ctx context.Context) (n int64, err error) {
			err = pool.QueryRow(ctx, `SELECT count(*) FROM `+pgx.Identifier{schema, "river_job"}.Sanitize()+` WHERE kind = 'atshooks_delivery'`).Scan(&n)
			return n, err
		},
		Close: func() error { pool.Close(); return nil },
		Drop: func(ctx context.Context) error {
			defer pool.Close()
			_, err := pool.Exec(ctx, `DROP SCHEMA `+pgx.Identifier{schema}.Sanitize()+` CASCADE`)
			return err
		},
	}, nil
}

// riverEffects counts the rows that callbacks have written.
func riverEffects(ctx context.Context, dir string) (ids, twice int, err error) {
	pool, schema, err := openPool(ctx, dir)
	if err != nil {
		return 0, 0, err
	}
	defer pool.Close()
	err = pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE n > 1) FROM (SELECT count(*) AS n FROM `+
		pgx.Identifier{schema, "effects"}.Sanitize()+` GROUP BY id) AS ids`).Scan(&ids, &twice)
	return ids, twice, err
}
