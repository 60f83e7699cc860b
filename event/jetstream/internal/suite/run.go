package suite

import (
	"testing"

	"github.com/nats-io/nats.go"
)

// Run runs the suite on one engine, each test in a stream of its own.
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
	for _, test := range []struct {
		name string
		run  func(*testing.T, *nats.Conn)
	}{
		{"a delivery is stored once", storedOnce},
		{"of many senders of one delivery one stores it", storedOnceAmongMany},
		{"a handler stores every verified delivery", everyVerifiedDelivery},
		{"a full stream is answered 503 after a warning", full},
		{"a stream that is gone is answered 503", gone},
		{"a body that the engine cannot carry is answered 413", tooLarge},
		{"a stream that could lose deliveries is refused", unsafeStreams},
		{"settings that could not work are refused", unsafeSettings},
		{"what the options set changes a stream, and nothing else does", changedStream},
		{"a stream made by one process is taken by another", sameStream},

		{"a callback that fails twice runs a third time", failsTwice},
		{"a callback's RetryAfter is waited for", retryAfter},
		{"a poisonous delivery becomes a dead letter that can be replayed", poison},
		{"a permanent error is a dead letter at once", permanent},
		{"a panic is an error like any other", panics},
		{"a callback that ends its goroutine is tried again", goexit},
		{"what no attempt survives is given up without a run", unsurvivable},
		{"a dead letter is replayed once", replayedOnce},
		{"a dead letter whose delivery is gone cannot be replayed", replayGone},
		{"the largest delivery can be replayed", replayLargest},
		{"what is stored can be run again", rerun},
		{"a worker that is shut down lets its callbacks end", shutdown},
		{"a shutdown that takes too long ends the callbacks' contexts", shutdownTooLong},
		{"a worker that is shut down before it runs does not run", shutdownUnrun},
		{"another worker goes on where one stopped", restarted},
		{"two workers run each delivery once", twoWorkers},
		{"no more callbacks run at once than may", concurrency},
		{"a slow callback is not run elsewhere", slow},
		{"failing deliveries do not hold up the others", failingAhead},
		{"a delivery of a newer release waits for it", newerRelease},
		{"deliveries of a handler without a worker wait for one", unserved},
		{"a worker says when its consumer was deleted", consumerDeleted},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, nc)
		})
	}
}
