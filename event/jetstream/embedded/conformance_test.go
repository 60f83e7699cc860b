package embedded_test

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats.go"
)

// TestConformance runs what any inbox must do, each test in a stream of its own.
func TestConformance(t *testing.T) {
	nc := mustOpen(t, t.TempDir(), nil).Conn()
	eventtest.Inbox(t, func(t testing.TB, logger *slog.Logger) eventtest.InboxSetup {
		stream := "T-" + rand.Text()
		return eventtest.InboxSetup{
			Open: func() event.Inbox {
				i, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{Stream: stream, MaxBytes: 64 << 20, Logger: logger})
				if err != nil {
					t.Fatal(err)
				}
				return i
			},
			NewWorker: func(i event.Inbox, concurrency int, handlers ...event.Dispatcher) eventtest.InboxWorker {
				w, err := jetstream.NewWorker(t.Context(), i.(*jetstream.Inbox), &jetstream.WorkerOptions{
					Concurrency: concurrency, AckWait: 3 * time.Second, Logger: logger,
					Retry: inbox.Schedule{First: time.Millisecond, Max: 20 * time.Millisecond, Attempts: 4},
				}, handlers...)
				if err != nil {
					t.Fatal(err)
				}
				return w
			},
			Attempts: 4,
			MaxBody:  900_000,
			Lease:    3 * time.Second,
			Insert: func(handler, key string, stored []byte) {
				msg := &nats.Msg{Subject: stream + "." + handler + ".in", Data: stored, Header: nats.Header{nats.MsgIdHdr: {key}}}
				if err := nc.PublishMsg(msg); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
