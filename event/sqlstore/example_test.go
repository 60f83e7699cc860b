package sqlstore_test

import (
	"context"
	"database/sql"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/sqlstore"
	"github.com/atshooks/atshooks/kombo"
)

// All processes of a service do this; each callback completes in one of them.
func Example() {
	ctx := context.Background()
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL")) // with the driver github.com/jackc/pgx/v5/stdlib
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, sqlstore.Schema(sqlstore.Postgres)); err != nil { // or in a migration
		log.Fatal(err)
	}
	store, err := sqlstore.New(db, sqlstore.Postgres, nil)
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Store: store})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("POST /hooks/kombo", k)
}

// What the callback writes, and the record that it has run, are committed
// together.
func ExampleStore_CommitTx() {
	var db *sql.DB // the store's
	var store *sqlstore.Store
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
		if err := store.CommitTx(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// A service that sends deliveries again by hand, days later, remembers completed
// ones for longer, and deletes what no longer counts every hour.
func ExampleStore_Prune() {
	ctx := context.Background()
	var db *sql.DB
	store, err := sqlstore.New(db, sqlstore.MySQL, &sqlstore.Options{Window: 14 * 24 * time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for range time.Tick(time.Hour) {
			n, err := store.Prune(ctx)
			if err != nil {
				log.Print(err)
				continue
			}
			log.Printf("deleted %d deliveries", n)
		}
	}()
}
