// Package riverqueue takes verified deliveries over durably in Postgres, as
// jobs of River (github.com/riverqueue/river), so that a webhook is
// acknowledged only when it survives a crash, and runs their callbacks later,
// with retries. An [Inbox] stores and a [Worker] runs, in one process or in
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
// what the vendor sends again within [Options].MaxAge is acknowledged and not
// stored, also if it is a dead letter. Every verified delivery is stored, also
// one that no callback wants yet; it counts as completed, and
// [Inbox.RerunSince] gives it to a callback that comes later. A delivery of a
// handler that no worker has waits until one does.
//
// Callbacks run at least once. One runs again if it fails, and if its process
// dies before River has recorded its success, which it does some twenty times a
// second: callbacks must be idempotent, on [event.Delivery.Key]. A callback that
// does its work in a transaction of the same database can have it happen exactly
// once, with [Complete]. Retries reorder: compare OccurredAt before overwriting.
//
// # What does not hold
//
// River does not notice that a process died. What was running in it runs again
// when [WorkerOptions].Timeout has passed, and up to a minute more. A process
// that stood still for longer than that may run a callback at the same time as
// its successor; only what [Complete] guards is safe from that.
//
// A callback that ignores the end of its context cannot be ended. The worker
// stops waiting for it, logs that, counts it in [Stats].Abandoned, and tries the
// delivery again on schedule, beside the first one.
//
// One tenant's flood waits behind the deliveries of other tenants, but a tenant
// whose callbacks are slow can occupy all of a handler's callbacks at a time:
// limits for each tenant are not in the open River.
//
// # Beside a River client of your own
//
// By default River's tables are in a schema of their own, with a client that
// the worker makes. A service's River jobs, in another schema, are not touched.
//
// With [Options].Config the deliveries are in the service's tables and run in
// the service's client. Then that client decides how long keys are known (its
// retention periods), and after how long an interrupted delivery runs again
// (its RescueStuckJobsAfter, an hour by default). Mind that one client of all
// that work in a schema is the leader, and cleans up after all of them: it
// deletes what is older than its own retention periods, and discards the
// interrupted jobs of kinds that it does not know. Give the same configuration
// and a [Worker] to all of them, or set LeaderElectionDisabled in the others.
//
// # Retries
//
// What [event.VerdictOf] says about a Dispatcher's error decides. After an error
// or a panic the callback runs again as WorkerOptions.Retry says, which is an
// [inbox.Schedule]: by default 23 attempts over at least 24 hours.
// [event.RetryAfter] is waited for, and counts as an attempt; times are kept to
// about a second. A delivery whose error is [event.Permanent], or whose attempts
// are used up, is given up: its River job is cancelled, and it becomes an
// [inbox.DeadLetter] with its reason. [Inbox.DeadLetters] lists them, [Inbox.Rerun]
// runs one again and [Inbox.Discard] forgets one. When the vendor sends such a
// delivery again, it is a duplicate and does not run: rerunning is the way.
//
// A delivery that a newer release has stored ([event.ErrNewerVersion]) is put
// off until a worker can read it, and given up when it is older than MaxAge.
//
// # Personal data
//
// Deliveries hold candidates' personal data, in the args of River's jobs. Each
// is erased [Options].MaxAge after it was completed or given up: with the time
// of its retries, that is the erasure period. [Options].KeepBodies erases the
// bodies of completed ones earlier. The text of a callback's errors is kept
// with its job. Neither log lines nor errors of this package hold any of a
// body; the log of a client of your own has the text of callbacks' errors at
// level Info. Whoever may write to the tables can forge deliveries, as nothing
// is verified again.
package riverqueue
