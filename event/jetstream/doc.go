// Package jetstream hands verified deliveries over to NATS JetStream, so that
// a webhook is answered 200 only when it survives a crash, and runs their
// callbacks later, with retries. A [Sink] stores and a [Worker] runs, in one
// process or in several. The engine is a server, a cluster, or package
// [github.com/atshooks/atshooks/event/jetstream/embedded], which keeps it
// inside the process: between them only the connection changes.
//
//	sink, err := jetstream.NewSink(ctx, conn, nil)
//	…
//	k, err := kombo.NewHandler(secret, &event.Options{Inbox: sink})
//	…
//	w, err := jetstream.NewWorker(ctx, sink, event.NewDispatchers(k.Handler), nil)
//	…
//	go w.Run(ctx)
//
// # What holds
//
// A delivery that was answered 200 is stored, in a file. It is stored once: what
// the vendor sends again within [Options].Duplicates is acknowledged and not
// stored. Its callback runs at least once. It runs again if it fails, and if the
// process dies, or loses the engine, between the callback's success and the
// engine's record of it: callbacks must be idempotent, on
// [event.Delivery.Key]. Retries reorder: compare OccurredAt before overwriting.
//
// Every verified delivery is stored, also one that no callback wants yet: it
// counts as completed, and [Sink.Rerun] gives it to a callback that comes
// later. A delivery of a handler that no worker has waits until one does, or
// until [Options].MaxAge.
//
// Everything above is as good as the engine's disk. Package embedded syncs each
// delivery to it before the answer. A server does so only if its configuration
// says sync_interval: always; stock servers sync every two minutes, and lose
// what came since if the machine loses its power. A client cannot see that
// setting. See the README beside this package.
//
// # Retries
//
// What [event.VerdictOf] says about a Dispatcher's error decides. An error, and a
// panic, are tried again on the [Schedule]: 23 attempts over at least 24 hours
// by default. [event.RetryAfter] is waited for. What is [event.Permanent], and
// what has used up its attempts, becomes a [DeadLetter] with its reason: a
// pointer to the stored delivery, not a copy. [Sink.DeadLetters] lists them and
// [Sink.Replay] runs one again. When the vendor sends such a delivery again, it
// is a duplicate and does not run: replaying is the way.
//
// What this release cannot know is neither run nor set aside: a delivery that
// a newer release has stored ([event.ErrNewerVersion]) is tried again until a
// worker can read it, with no limit but MaxAge.
//
// # Personal data
//
// Deliveries hold candidates' personal data. Each is erased when it has been
// stored for [Options].MaxAge, completed or not: that is the erasure period. A
// dead letter keeps the text of the callback's last error, and is erased at
// the latest MaxAge after that error. Neither log lines nor errors of this
// package hold any of a body. Who may publish to the stream can forge
// deliveries, as nothing is verified again: give nobody else the rights.
package jetstream
