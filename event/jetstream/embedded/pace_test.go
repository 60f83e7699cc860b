package embedded_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

// A worker keeps pace with senders that send as fast as they can: what it
// completes while they do is a quarter, at least, of what they store.
func TestWorkerKeepsPace(t *testing.T) {
	e := mustOpen(t, t.TempDir(), &embedded.Options{Logger: silent})
	i := newInbox(t, e.Conn())
	var ran atomic.Int64
	w, err := jetstream.NewWorker(t.Context(), i, &jetstream.WorkerOptions{Logger: silent}, dispatch(func(context.Context, *event.Delivery) error {
		ran.Add(1)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(context.Background()) }()
	const senders, deliveries = 64, 3000
	var next atomic.Int64
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for k := next.Add(1); k <= deliveries; k = next.Add(1) {
				if err := i.Put(t.Context(), &event.Delivery{Handler: "kombo", Body: fmt.Appendf(nil, "%d %s", k, strings.Repeat("x", 2000))}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := ran.Load(); got < deliveries/4 {
		t.Errorf("of %d deliveries %d had run when the last one was stored, want a quarter", deliveries, got)
	}
	eventually(t, "all have run", func() bool { return ran.Load() == deliveries })
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What is completed and older than KeepBodies is erased, and nothing that is
// still needed.
func TestCompletedDeliveriesAreErased(t *testing.T) {
	e := mustOpen(t, t.TempDir(), &embedded.Options{Logger: silent})
	js, err := natsjs.New(e.Conn())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		needed string // the id of the first that is still needed
		left   int
	}{
		{"nothing", "", 10},
		{"a dead letter", "dead", 25},
		{"one that is retried", "retried", 25},
		{"one that is rerun", "rerun", 40},
		{"one of a handler without a worker", "unserved", 40},
	} {
		t.Run(test.name, func(t *testing.T) {
			stream := "S" + strings.ReplaceAll(test.name, " ", "_")
			i, err := jetstream.NewInbox(t.Context(), e.Conn(), &jetstream.Options{Stream: stream, MaxBytes: 64 << 20, Logger: silent})
			if err != nil {
				t.Fatal(err)
			}
			put := func(id string) {
				t.Helper()
				d := &event.Delivery{Handler: "kombo", ID: id, Body: []byte(id)}
				if id == "unserved" {
					d.Handler = id
				}
				if err := i.Put(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			}
			var rerun atomic.Bool
			h := dispatch(func(_ context.Context, d *event.Delivery) error {
				switch {
				case d.ID == "dead", d.ID == "rerun" && !rerun.Load():
					return event.Permanent(fmt.Errorf("for good"))
				case d.ID == "retried", d.ID == "rerun":
					return event.RetryAfter(1<<40, nil)
				}
				return nil
			})
			start := func() (stop func()) {
				w, err := jetstream.NewWorker(t.Context(), i, &jetstream.WorkerOptions{Logger: silent}, h)
				if err != nil {
					t.Fatal(err)
				}
				go func() { _ = w.Run(context.Background()) }()
				return func() {
					if err := w.Shutdown(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			stop := start()
			for k := range 40 {
				if k == 15 && test.needed != "" {
					put(test.needed)
				} else {
					put(fmt.Sprint("event-", k))
				}
			}
			settled := func(waiting int64) {
				t.Helper()
				eventually(t, "all have run", func() bool {
					stats, err := i.Stats(t.Context())
					return err == nil && stats.Waiting == waiting && stats.Running == 0
				})
			}
			if test.needed == "unserved" {
				settled(1)
			} else {
				settled(0)
			}
			if test.needed == "rerun" {
				rerun.Store(true)
				dead, err := i.DeadLetters(t.Context(), "", 10)
				if err != nil || len(dead) != 1 {
					t.Fatalf("%d dead letters, %v", len(dead), err)
				}
				if err := i.Rerun(t.Context(), dead[0].Ref); err != nil {
					t.Fatal(err)
				}
				settled(0)
			}
			stop()

			// Thirty of them become 73 hours old.
			s, err := js.Stream(t.Context(), stream)
			if err != nil {
				t.Fatal(err)
			}
			mark := fmt.Sprintf(`{"v":1,"created":%q,"last":40,"points":[{"sequence":31,"time":%q}],"done":{}}`,
				s.CachedInfo().Created.Format(time.RFC3339Nano), time.Now().Add(-73*time.Hour).Format(time.RFC3339Nano))
			if _, err := js.Publish(t.Context(), stream+".dead.=mark.0", []byte(mark)); err != nil {
				t.Fatal(err)
			}
			stop = start()
			defer stop()
			left := func() int {
				info, err := s.Info(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return int(info.State.Msgs)
			}
			want := test.left
			if test.needed == "rerun" {
				want++ // the pointer
			}
			if want >= 40 {
				looked(t, js, stream)
			} else {
				eventually(t, fmt.Sprintf("%d deliveries are left", want), func() bool { return left() == want })
			}
			if got := left(); got != want {
				t.Errorf("%d deliveries are left, want %d", got, want)
			}
		})
	}
}

// looked waits until a worker has looked at the stream, and a moment more.
func looked(t *testing.T, js natsjs.JetStream, stream string) {
	t.Helper()
	dead, err := js.Stream(t.Context(), stream+"_DEAD")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the worker has looked at the stream", func() bool {
		m, err := dead.GetLastMsgForSubject(t.Context(), stream+".dead.=mark.0")
		return err == nil && bytes.Contains(m.Data, []byte(`"verified":"`))
	})
	time.Sleep(500 * time.Millisecond)
}
