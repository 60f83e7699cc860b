// Package sqlstore is an [event.Store] in a table of Postgres, MySQL, MariaDB or
// SQLite. Handlers in several processes that share the table run each callback
// once, whichever of them receives a delivery or its repetition. The package has
// no driver: open the database with yours.
//
//	if _, err := db.ExecContext(ctx, sqlstore.Schema(sqlstore.Postgres)); err != nil { … }
//	store, err := sqlstore.New(db, sqlstore.Postgres, nil)
//	…
//	k, err := kombo.NewHandler(secret, &event.Options{Store: store})
//
// A service with migrations should make the table in one of them: if two processes
// create it at the same time, Postgres may return an error to one of them.
//
// # What holds
//
// A callback completes once. It may still run twice, since its process can die
// after the work and before the store knows of it. So callbacks must be
// idempotent, or do their work in a transaction of the same database and commit
// the claim with it: see [Store.CommitTx]. Then the effect happens once, whatever
// dies in between.
//
// The processes must give the handler the same name, which is part of a
// delivery's key. A delivery that another process is handling gets 503, and the
// vendor sends it again. If that process has died, the delivery can be claimed
// again after one lease, which is a minute. A completed delivery is recognized for
// [Options].Window.
//
// # What does not hold
//
// A delivery whose callback failed is not kept. The vendor has to send it again,
// and vendors give up after a while. A durable inbox, such as those of
// event/riverqueue and event/jetstream, keeps deliveries and retries them for a
// day.
//
// # Personal data
//
// A row of the table is a hash, a random token and two numbers. It holds no
// candidate's data.
package sqlstore
