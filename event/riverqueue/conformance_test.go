package riverqueue

import (
	"log/slog"
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/riverqueue/river"
)

// TestConformance runs what any inbox must do, on River.
func TestConformance(t *testing.T) {
	eventtest.Inbox(t, func(t testing.TB, logger *slog.Logger) eventtest.InboxSetup {
		i := newInboxFor(t, &Options{MaxBody: 1 << 20, Logger: logger})
		return eventtest.InboxSetup{
			Open: func() event.Inbox { return i },
			NewWorker: func(_ event.Inbox, n int, handlers ...event.Dispatcher) eventtest.InboxWorker {
				w, err := NewWorker(t.Context(), i, &WorkerOptions{Concurrency: n, Retry: quick, Logger: logger}, handlers...)
				if err != nil {
					t.Fatal(err)
				}
				return w
			},
			Attempts: 3,
			MaxBody:  1 << 20,
			Insert: func(handler, key string, stored []byte) {
				_, err := i.client.Insert(t.Context(), job{Key: key, Delivery: stored}, &river.InsertOpts{Queue: i.queue(handler), Priority: 1, MaxAttempts: mostAttempts})
				if err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
