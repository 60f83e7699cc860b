package riverqueue_test

import (
	"context"
	"database/sql"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/riverqueue"
	"github.com/atshooks/atshooks/kombo"
)

// Deliveries are stored in Postgres before they are acknowledged, and a worker
// in the same process runs their callbacks.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	if err := riverqueue.Migrate(ctx, pool, ""); err != nil {
		log.Fatal(err)
	}
	in, err := riverqueue.NewInbox(ctx, pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Inbox: in})
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		return refetch(ctx, d.Key(), e.IntegrationID) // may be called again with the same key
	})
	worker, err := riverqueue.NewWorker(ctx, in, nil, k)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(worker.Run(ctx)) }()
	http.Handle("POST /hooks/kombo", k)
}

// refetch stands for a service's work.
func refetch(context.Context, string, event.ID) error { return nil }

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

// A service that works with database/sql does the same.
func ExampleCompleteSQL() {
	var db *sql.DB // of the inbox's database: stdlib.OpenDBFromPool makes one of its pool
	var k *kombo.Handler
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, `INSERT INTO syncs (integration) VALUES ($1)`, string(e.IntegrationID)); err != nil {
			return err
		}
		if err := riverqueue.CompleteSQL(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
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
	in, err := riverqueue.NewInbox(ctx, pool, &riverqueue.Options{Config: config})
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Inbox: in})
	if err != nil {
		log.Fatal(err)
	}
	// This adds a worker, and a queue for the handler, to config.
	if _, err := riverqueue.NewWorker(ctx, in, nil, k); err != nil {
		log.Fatal(err)
	}
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Start(ctx); err != nil {
		log.Fatal(err)
	}
}

// After a mistake in a callback was corrected, all dead letters run again.
func ExampleInbox_Rerun() {
	ctx := context.Background()
	var in *riverqueue.Inbox
	began, after := time.Now(), ""
	for {
		page, err := in.DeadLetters(ctx, after, 100)
		if err != nil {
			log.Fatal(err)
		}
		if len(page) == 0 {
			return
		}
		for _, l := range page {
			after = l.Ref
			if l.FailedAt.After(began) {
				continue // it was rerun, and failed again
			}
			if err := in.Rerun(ctx, l.Ref); err != nil && !errors.Is(err, inbox.ErrGone) {
				log.Fatal(err)
			}
		}
	}
}

// A callback that is new, or did the wrong thing without an error, gets the
// deliveries of the last week.
func ExampleInbox_RerunSince() {
	var in *riverqueue.Inbox
	n, err := in.RerunSince(context.Background(), time.Now().AddDate(0, 0, -7), func(d *event.Delivery) bool {
		return d.Handler == "kombo" && d.Type == kombo.TypeDataChanged
	})
	log.Printf("%d deliveries run again", n)
	if err != nil {
		log.Fatal(err)
	}
}

// A service whose River clients all have LeaderElectionDisabled drops the bodies
// of completed deliveries itself.
func ExampleInbox_Prune() {
	var in *riverqueue.Inbox
	go func() {
		for range time.Tick(5 * time.Minute) {
			if _, err := in.Prune(context.Background()); err != nil {
				log.Print(err)
			}
		}
	}()
}
