package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

var silent = slog.New(slog.DiscardHandler)

// patience is a safety net: no test waits that long unless it fails.
const patience = 60 * time.Second

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it did not come about that %s", what)
		}
	}
}

// What decides whether an acknowledged delivery survives a loss of power cannot
// be seen from outside, short of one.
func TestEngineSyncsEachDelivery(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
	}()
	if cfg := e.server.JetStreamConfig(); cfg == nil || !cfg.SyncAlways {
		t.Errorf("the engine was configured with %+v", cfg)
	}
}

func TestEngineThatHasDisabledItselfStartsAgain(t *testing.T) {
	e, err := Open(t.TempDir(), &Options{Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Healthy(); err != nil {
		t.Errorf("a healthy engine says %v", err)
	}
	before := e.conn.ConnectedServerId()
	e.server.ShutdownJetStream() // as it does itself when it cannot go on
	if err := e.Healthy(); err == nil {
		t.Error("an engine that stores nothing says that it is healthy")
	}
	eventually(t, "it has started again", func() bool { return e.Healthy() == nil && e.conn.ConnectedServerId() != before })
}

// handler runs a function in the place of Kombo's callbacks.
type handler func(*event.Delivery)

func (handler) Name() string { return "kombo" }
func (h handler) Dispatch(_ context.Context, d *event.Delivery) error {
	h(d)
	return nil
}

// While the disk is full nothing is stored and nothing runs, and the engine and
// what uses it go on when there is room, without a restart.
func TestFullDisk(t *testing.T) {
	var free atomic.Uint64
	diskSpace = func(string) (uint64, uint64) { return free.Load(), 1 << 30 }
	defer func() { diskSpace = statDisk }()
	const room, none = 1 << 29, 1 << 10
	full := func(e *Engine) {
		t.Helper()
		free.Store(none)
		eventually(t, "the engine has stopped", func() bool { err := e.Healthy(); return err != nil && strings.Contains(err.Error(), "the disk") })
	}
	dir := t.TempDir()
	free.Store(none)
	e, err := Open(dir, &Options{Logger: silent})
	if err != nil {
		t.Fatalf("on a full disk Open returned %v", err)
	}
	defer e.Close()
	if err := e.Healthy(); err == nil {
		t.Error("on a full disk the engine says that it is healthy")
	}
	i, err := jetstream.NewInbox(t.Context(), e.Conn(), &jetstream.Options{MaxBytes: 64 << 20, Logger: silent})
	if err != nil {
		t.Fatalf("on a full disk NewInbox returned %v", err)
	}
	var runs atomic.Int64
	begun, end := make(chan bool, 100), make(chan bool)
	w, err := jetstream.NewWorker(t.Context(), i, &jetstream.WorkerOptions{Concurrency: 1, AckWait: time.Second, Logger: silent}, handler(func(*event.Delivery) {
		runs.Add(1)
		begun <- true
		<-end
	}))
	if err != nil {
		t.Fatalf("on a full disk NewWorker returned %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(context.Background()) }()

	put := func(id string, timeout time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		return i.Put(ctx, &event.Delivery{Handler: "kombo", ID: id, Body: []byte(id)})
	}
	deliveries := int64(3)
	rejectedAtOnce := func() {
		t.Helper()
		eventually(t, "deliveries are rejected", func() bool { // the engine stops a moment after it has said so
			err := put("last", patience)
			if err == nil {
				deliveries++
			}
			return err != nil && !errors.Is(err, event.ErrDuplicate)
		})
		began := time.Now()
		for k := range 5 {
			if err := put(fmt.Sprint("rejected-", k), patience); err == nil {
				t.Error("a delivery was stored on a full disk")
			}
		}
		if took := time.Since(began); took > patience/6 {
			t.Errorf("five deliveries were rejected after %v", took)
		}
	}
	rejectedAtOnce()
	free.Store(room)
	eventually(t, "deliveries are stored", func() bool { return put("first", patience) == nil })
	<-begun
	for _, id := range []string{"second", "third"} {
		if err := put(id, patience); err != nil {
			t.Fatal(err)
		}
	}

	// It fills up while a callback runs: when that has completed, no other
	// begins before there is room again.
	full(e)
	rejectedAtOnce()
	close(end)
	time.Sleep(3 * time.Second) // in which others would begin
	if got := runs.Load(); got != 1 {
		t.Errorf("%d callbacks ran while the disk was full, want the one that had begun", got)
	}
	free.Store(room)
	eventually(t, "the others have run", func() bool { return runs.Load() >= deliveries })
	eventually(t, "all are completed", func() bool {
		stats, err := i.Stats(t.Context())
		return err == nil && stats.Waiting+stats.Running+stats.Retrying == 0
	})
	if err := put("first", patience); !errors.Is(err, event.ErrDuplicate) {
		t.Errorf("Put of what was stored before returned %v", err)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	// The one that was running when the disk was full may run again if its
	// heartbeats were late: at least once is the promise.
	if got := runs.Load(); got > deliveries+1 {
		t.Errorf("%d callbacks ran for %d deliveries", got, deliveries)
	}
}

// A server may carry messages that its files cannot hold. A vendor that is told
// to send them again would do so in vain.
func TestServerWithALargerPayloadThanItsFilesHold(t *testing.T) {
	s, err := server.NewServer(serverOptions(t.TempDir(), &Options{MaxBody: 40 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer stop(s)
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.MaxReconnects(-1), nats.PingInterval(2*time.Second), nats.FlusherTimeout(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	i, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{MaxBytes: 256 << 20, Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string, size int) error {
		return i.Put(t.Context(), &event.Delivery{Handler: "kombo", ID: id, Body: make([]byte, size)})
	}
	if err := put("a", 31<<20); err != nil {
		t.Error(err)
	}
	if err := put("b", 32<<20); !errors.Is(err, event.ErrTooLarge) {
		t.Errorf("a body of 32 MiB: %v, want ErrTooLarge", err)
	}
}
