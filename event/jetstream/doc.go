// Package jetstream stores verified deliveries on NATS JetStream and runs their
// callbacks from there, with retries, so that a webhook is acknowledged only when
// it survives a crash. An [Inbox] stores deliveries and a [Worker] runs them, in
// one process or in several. The engine is a server, a cluster, or package
// [github.com/atshooks/atshooks/event/jetstream/embedded], which runs it inside
// the process; only the connection differs.
//
//	conn, err := jetstream.Connect("nats://127.0.0.1:4222")
//	…
//	inbox, err := jetstream.NewInbox(ctx, conn, nil)
//	…
//	k, err := kombo.NewHandler(secret, &event.Options{Inbox: inbox})
//	…
//	w, err := jetstream.NewWorker(ctx, inbox, nil, k)
//	…
//	go w.Run(ctx)
//
// # What holds
//
// A delivery that was acknowledged is stored in a file. It is stored once: if the
// vendor sends it again within [Options].Duplicates, it is acknowledged and not
// stored. Its callback runs at least once. It runs again if it fails, and if the
// process dies, or loses the engine, between the callback's success and the
// engine's record of it: callbacks must be idempotent, on [event.Delivery.Key].
// Exactly once needs a database: see package
// github.com/atshooks/atshooks/event/riverqueue. Retries change the order: compare
// OccurredAt before overwriting anything.
//
// Every verified delivery is stored, even if its type has no callback. It then
// counts as completed, and [Inbox.RerunSince] gives it to a callback that is
// added later. Deliveries of a handler that no worker has wait for one, until
// they are as old as [Options].MaxAge.
//
// All of this is as good as the engine's disk. Package embedded syncs each
// delivery to it before the response. A server does so only if its configuration
// says sync_interval: always. By default it syncs every two minutes, and a
// machine that loses its power loses what arrived since. Clients cannot see that
// setting.
//
// # When the engine fails
//
// While the engine is known to be down, Put fails at once and vendors get 503.
// [Connect] notices within seconds that a server has vanished without a word.
// When the disk is full, the worker runs no callback whose completion could not
// be recorded, and goes on by itself when there is room. At start, and whenever
// the engine comes back, what should be stored is compared with what is: a loss
// is logged at level Error, and counted in [inbox.Stats].Damaged. If the engine
// has lost its record of what was completed, all stored deliveries run again;
// that is logged before it happens.
//
// # Retries
//
// [event.VerdictOf] says what a callback's error asks for. After an
// error or a panic the callback runs again as WorkerOptions.Retry says, an
// [inbox.Schedule]: by default 23 attempts over at least 24 hours.
// With [event.RetryAfter], a callback asks for another time. A delivery whose
// error is [event.Permanent], or whose attempts are used up, becomes an
// [inbox.DeadLetter] with a reason. [Inbox.DeadLetters] lists dead letters,
// [Inbox.Rerun] runs one again, and [Inbox.Discard] drops one. If the vendor
// sends such a delivery again, it is a duplicate and does not run.
//
// A delivery that this release cannot read because a newer one stored it
// ([event.ErrNewerVersion]) is kept for a worker that can, until it is as old as
// MaxAge.
//
// # Personal data
//
// Deliveries hold candidates' personal data. Completed ones are erased after
// [Options].KeepBodies, and all of them after MaxAge, which is the erasure period.
// A dead letter keeps the text of the callback's last error. Log lines and errors
// of this package hold nothing of a body. Nothing is verified again after it was
// stored: give the right to publish to the stream to the service alone, since it
// is enough to forge deliveries.
package jetstream
