// Package riverqueue stores verified deliveries in Postgres, as jobs of River
// (github.com/riverqueue/river), and runs their callbacks from there, with
// retries, so that a webhook is acknowledged only when it survives a crash. An
// [Inbox] stores deliveries and a [Worker] runs them, in one process or in
// several.
//
//	if err := riverqueue.Migrate(ctx, pool, ""); err != nil { … }
//	inbox, err := riverqueue.NewInbox(ctx, pool, nil)
//	…
//	k, err := kombo.NewHandler(secret, &event.Options{Inbox: inbox})
//	…
//	w, err := riverqueue.NewWorker(ctx, inbox, nil, k)
//	…
//	go w.Run(ctx)
//
// # What holds
//
// A delivery that was acknowledged is committed in Postgres. It is stored once:
// if the vendor sends it again within [Options].MaxAge, it is acknowledged and
// not stored, even if it is a dead letter. Every verified delivery is stored,
// even if its type has no callback. It then counts as completed, and
// [Inbox.RerunSince] gives it to a callback that is added later. Deliveries of a
// handler that no worker has wait for one.
//
// Callbacks run at least once. One runs again if it fails, and if its process
// dies before River has recorded its success, which River does about twenty times
// a second: callbacks must be idempotent, on [event.Delivery.Key]. A callback that
// does its work in a transaction of the same database can make it happen exactly
// once, with [Complete]. Retries change the order: compare OccurredAt before
// overwriting anything.
//
// # What does not hold
//
// River does not notice that a process died. What was running in it runs again
// when [WorkerOptions].Timeout has passed, and up to a minute more. A process
// that stood still for longer than that may run a callback at the same time as
// the process that took its place; [Complete] lets only one of them take effect.
//
// A callback that ignores the end of its context cannot be ended. The worker
// stops waiting for it, logs that, counts it in [inbox.Stats].Abandoned, and
// tries the delivery again on schedule, while the first attempt still runs.
//
// One tenant's flood waits behind the deliveries of other tenants. But a tenant
// whose callbacks are slow can occupy all of a handler's callbacks at a time:
// the open version of River has no limits per tenant.
//
// # Beside a River client of your own
//
// By default River's tables are in a schema of their own, with a client that
// the worker makes. A service's River jobs, in another schema, are not touched.
//
// With [Options].Config the deliveries are in the service's tables and run in
// the service's client. That client then decides for how long deliveries are
// recognized when they are sent again (its retention periods), and when an
// interrupted delivery runs again (its RescueStuckJobsAfter, an hour by default).
//
// Of all clients that run jobs in a schema, one is the leader and cleans up after
// all of them. It deletes what is older than its own retention periods, and
// discards interrupted jobs of kinds that it does not know. So give the same
// configuration and a [Worker] to all of them, or set LeaderElectionDisabled in
// the others.
//
// # Retries
//
// [event.VerdictOf] says what a callback's error asks for. After an
// error or a panic the callback runs again as WorkerOptions.Retry says, an
// [inbox.Schedule]: by default 23 attempts over at least 24 hours.
// With [event.RetryAfter], a callback asks for another time. Times are kept to
// about a second. A delivery whose error is [event.Permanent], or whose attempts
// are used up, is given up: its River job is cancelled, and it is an
// [inbox.DeadLetter] with a reason. [Inbox.DeadLetters] lists dead letters,
// [Inbox.Rerun] runs one again, and [Inbox.Discard] drops one. If the vendor
// sends such a delivery again, it is a duplicate and does not run.
//
// A delivery that this release cannot read because a newer one stored it
// ([event.ErrNewerVersion]) is kept for a worker that can, and given up when it
// is older than MaxAge.
//
// # Personal data
//
// Deliveries hold candidates' personal data, in the args of River's jobs. Each
// is erased [Options].MaxAge after it was completed or given up; together with
// the time of its retries, that is the erasure period. [Options].KeepBodies
// erases the bodies of completed ones earlier. The text of a callback's errors is
// kept with its job. Log lines and errors of this package hold nothing of a body;
// a client of your own logs the text of callbacks' errors at level Info. Nothing
// is verified again after it was stored: give the right to write to the tables to
// the service alone, since it is enough to forge deliveries.
package riverqueue
