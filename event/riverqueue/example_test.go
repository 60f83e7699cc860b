package riverqueue_test

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/riverqueue"
	"github.com/atshooks/atshooks/kombo"
)

// Deliveries are stored in Postgres before they are acknowledged, and a worker
// in the same process runs their callbacks.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	if err := riverqueue.Migrate(ctx, pool, ""); err != nil {
		panic(err)
	}
	inbox, err := riverqueue.NewInbox(ctx, pool, nil)
	if err != nil {
		panic(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Inbox: inbox})
	if err != nil {
		panic(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		// Once it has returned nil, it does not run again for this event.
		return nil
	})
	worker, err := riverqueue.NewWorker(ctx, inbox, nil, k)
	if err != nil {
		panic(err)
	}
	go worker.Run(ctx)
	http.Handle("POST /hooks/kombo", k)
}

// What the callback writes, and the record that it has run, are committed
// together.
func ExampleComplete() {
	var pool *pgxpool.Pool // the inbox's, or another one of the same database
	var k *kombo.Handler
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		tx, err := pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		if _, err := tx.Exec(ctx, `INSERT INTO syncs (integration) VALUES ($1)`, string(e.IntegrationID)); err != nil {
			return err
		}
		if err := riverqueue.Complete(ctx, tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

// A service that runs River already lets its own client run the callbacks.
func ExampleNewWorker_ownClient() {
	ctx := context.Background()
	var pool *pgxpool.Pool
	config := &river.Config{
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 100}},
		Workers:                     river.NewWorkers(), // with the service's own workers
		CompletedJobRetentionPeriod: 14 * 24 * time.Hour,
		CancelledJobRetentionPeriod: 14 * 24 * time.Hour,
		DiscardedJobRetentionPeriod: 14 * 24 * time.Hour,
	}
	inbox, err := riverqueue.NewInbox(ctx, pool, &riverqueue.Options{Config: config})
	if err != nil {
		panic(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Inbox: inbox})
	if err != nil {
		panic(err)
	}
	if _, err := riverqueue.NewWorker(ctx, inbox, nil, k); err != nil {
		panic(err)
	}
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	if err != nil {
		panic(err)
	}
	if err := client.Start(ctx); err != nil {
		panic(err)
	}
}
