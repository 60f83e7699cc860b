// Package sqlstore is an [event.Store] in a table of Postgres, MySQL, MariaDB
// or SQLite: handlers in several processes that share the table run each
// callback once, whichever of them a delivery, or its repetition, comes to. It
// needs no driver of its own; open the database with yours.
//
//	if _, err := db.ExecContext(ctx, sqlstore.Schema(sqlstore.Postgres)); err != nil { … }
//	store, err := sqlstore.New(db, sqlstore.Postgres, nil)
//	…
//	k, err := kombo.NewHandler(secret, &event.Options{Store: store})
//
// A service with migrations makes the table in one of those: two processes that
// create it at once can make Postgres fail one.
//
// # What holds
//
// A callback completes once, and may still run twice: its process can die after
// the work and before the store knows. Callbacks must be idempotent, or do their
// work in a transaction of the same database and commit the claim with it:
// [Store.CommitTx]. Then the effect happens once, whatever dies in between.
//
// The processes must give the handler the same name, since it is part of a
// delivery's key. A delivery that another process has gets 503, and the
// vendor sends it again; when that process has died, it is claimed again after
// one lease, a minute. A completed delivery is known for [Options].Window.
//
// What does not hold: a delivery whose callback failed is not kept. The vendor
// has to send it again, and vendors give up after a while. A durable inbox
// (event/riverqueue, event/jetstream) keeps deliveries and retries for a day.
//
// The table's rows are a hash, a random token and two numbers: no candidate's
// data.
package sqlstore
