// Package jetstream stores verified deliveries on NATS JetStream, so that a
// webhook is acknowledged only when it survives a crash, and runs their
// callbacks later, with retries. An [Inbox] stores and a [Worker] runs, in one
// process or in several. The engine is a server, a cluster, or package
// [github.com/atshooks/atshooks/event/jetstream/embedded], which keeps it
// inside the process: only the connection differs.
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
// A delivery that was acknowledged is stored, in a file. It is stored once: what
// the vendor sends again within [Options].Duplicates is acknowledged and not
// stored. Its callback runs at least once. It runs again if it fails, and if the
// process dies, or loses the engine, between the callback's success and the
// engine's record of it: callbacks must be idempotent, on [event.Delivery.Key].
// Exactly once is not to be had here; package
// github.com/atshooks/atshooks/event/riverqueue offers it. Retries change the
// order: compare OccurredAt before overwriting anything.
//
// Every verified delivery is stored, also one without a callback: it counts as
// completed, and [Inbox.RerunSince] gives it to a callback that comes later. A
// delivery of a handler that no worker has waits until one does, or until
// [Options].MaxAge.
//
// All of this is as good as the engine's disk. Package embedded syncs each
// delivery to it before the response. A server does so only if its configuration
// says sync_interval: always; stock servers sync every two minutes, and lose
// what came since if the machine loses its power. A client cannot see that
// setting.
//
// # When the engine fails
//
// While it is known to be down, Put fails at once and vendors get 503; [Connect]
// notices a peer that vanished without a word within seconds. When the disk is
// full, the worker runs no callback whose completion could not be recorded, and
// goes on by itself when there is room. At start, and whenever the engine comes
// back, what should be stored is compared with what is: a loss is logged at
// level Error, and is in [inbox.Stats].Damaged. A consumer whose state was lost,
// after which everything runs again, is logged before that happens.
//
// # Retries
//
// What [event.VerdictOf] says about a callback's error decides. After an error
// or a panic the callback runs again as WorkerOptions.Retry says, which is an
// [inbox.Schedule]: by default 23 attempts over at least 24 hours.
// [event.RetryAfter] is waited for. A delivery whose error is [event.Permanent],
// or whose attempts are used up, becomes an [inbox.DeadLetter] with its reason.
// [Inbox.DeadLetters] lists them, [Inbox.Rerun] runs one again, and
// [Inbox.Discard] drops one. When the vendor sends such a delivery again, it is
// a duplicate and does not run.
//
// Deliveries that this release cannot read, because a newer one stored them
// ([event.ErrNewerVersion]), are kept and retried until a worker can read them,
// with no limit but MaxAge.
//
// # Personal data
//
// Deliveries hold candidates' personal data. Completed ones are erased after
// [Options].KeepBodies, and all of them after MaxAge: that is the erasure
// period. A dead letter keeps the text of the callback's last error. Neither log
// lines nor errors of this package hold any of a body. Whoever may publish to
// the stream can forge deliveries, as nothing is verified again: keep that right
// to the service.
package jetstream
