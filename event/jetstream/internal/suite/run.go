package suite

import (
	"log/slog"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

// Run runs the tests of any inbox, and then those of this one, on one engine,
// each in a stream of its own.
func Run(t *testing.T, open Open) {
	nc, shut, err := open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shut(); err != nil {
			t.Error(err)
		}
	})
	// One stream stays: when the last one goes, nats-server 2.15 removes its
	// folder of streams, and a stream that is made at that moment fails.
	newBench(t, nc, jetstream.Options{MaxBytes: 4 * nc.MaxPayload()})
	t.Run("an inbox", func(t *testing.T) {
		eventtest.Inbox(t, func(t testing.TB, logger *slog.Logger) eventtest.InboxSetup { return setup(t, nc, logger) })
	})
	for _, test := range []struct {
		name string
		run  func(*testing.T, *nats.Conn)
	}{
		{"a full stream is answered 503 after a warning", full},
		{"a stream that is gone is answered 503", gone},
		{"a body that the engine cannot carry is answered 413", tooLarge},
		{"a stream that could lose deliveries is rejected", unsafeStreams},
		{"settings that could not work are rejected", unsafeSettings},
		{"what the options set changes a stream, and nothing else does", changedStream},
		{"a stream made by one process is taken by another", sameStream},

		{"dead letters are listed in pages", deadLetters},
		{"a callback that failed for good does not run again for want of room", deadLettersFull},
		{"what no attempt survives is given up without a run", unsurvivable},
		{"a dead letter is rerun once", rerunOnce},
		{"a dead letter whose delivery is gone cannot be rerun", rerunGone},
		{"the largest delivery can be rerun", rerunLargest},
		{"what is stored can be run again", rerunSince},
		{"a callback that never returns does not hold up others", neverReturns},
		{"too many that wait for a retry are reported", maxPending},
		{"a tenant's flood does not hold up others", tenants},
		{"failing deliveries do not hold up others", failingAhead},
		{"the inbox counts what it has", stats},
		{"a worker that is shut down before it runs does not run", shutdownUnrun},
		{"another worker goes on where one stopped", restarted},
		{"a worker says when its consumer was deleted", consumerDeleted},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, nc)
		})
	}
}

// setup makes an inbox for a test of any inbox.
func setup(t testing.TB, nc *nats.Conn, logger *slog.Logger) eventtest.InboxSetup {
	b := newBench(t, nc, jetstream.Options{})
	opts := b.options
	opts.Logger = logger
	const lease = time.Second
	conns := make(map[any]*nats.Conn) // of inboxes and workers
	return eventtest.InboxSetup{
		Open: func() event.Inbox {
			own, err := nc.Opts.Connect()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(own.Close)
			i, err := jetstream.NewInbox(t.Context(), own, &opts)
			if err != nil {
				t.Fatal(err)
			}
			conns[i] = own
			return i
		},
		NewWorker: func(i event.Inbox, concurrency int, handlers ...event.Dispatcher) eventtest.InboxWorker {
			w, err := jetstream.NewWorker(t.Context(), i.(*jetstream.Inbox), &jetstream.WorkerOptions{Concurrency: concurrency, Retry: quick, AckWait: lease}, handlers...)
			if err != nil {
				t.Fatal(err)
			}
			conns[w] = conns[i]
			return w
		},
		Kill:     func(w eventtest.InboxWorker) { conns[w].Close() },
		Attempts: quick.Attempts,
		Lease:    lease,
		MaxBody:  int(nc.MaxPayload()) * 3 / 4,
		Insert: func(handler, key string, stored []byte) {
			if _, err := b.js.Publish(t.Context(), b.options.Stream+"."+handler+".in", stored, natsjs.WithMsgID(key)); err != nil {
				t.Fatal(err)
			}
		},
	}
}
