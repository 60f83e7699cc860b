package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

// delivery verifies a body, so that it can be put without a handler.
func (b *bench) delivery(body []byte) *event.Delivery {
	b.Helper()
	h := b.handlerWith(event.Options{MaxBody: int64(len(body)) + 1})
	r := signed(b, body)
	d, err := h.Verify(b.Context(), &event.Request{Header: r.Header, Body: body})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func full(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{MaxBytes: 4 * nc.MaxPayload()})
	h := b.handler()
	size := int(nc.MaxPayload() / 10)
	var accepted []string
	warned := -1
	for i := range 100 {
		id := fmt.Sprint("event-", i)
		w := b.sendBody(h, padded(id, size))
		if warned < 0 && strings.Contains(b.log.String(), "almost full") {
			warned = i
		}
		if w.Code == http.StatusOK {
			accepted = append(accepted, id)
			continue
		}
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Fatalf("a full stream is answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
		break
	}
	if len(accepted) < 30 || len(accepted) > 40 {
		t.Errorf("%d deliveries were accepted, a tenth of a message each, in a stream for four", len(accepted))
	}
	if warned < 0 || warned >= len(accepted) {
		t.Errorf("the warning came with delivery %d of %d", warned, len(accepted))
	}
	if err := b.inbox.Put(t.Context(), b.delivery(padded("one more", size))); !errors.Is(err, jetstream.ErrFull) {
		t.Errorf("Put returned %v, want ErrFull", err)
	}
	stats := b.stats()
	if stats.MaxBytes != 4*nc.MaxPayload() || float64(stats.Bytes) < 0.9*float64(stats.MaxBytes) || stats.Bytes > stats.MaxBytes {
		t.Errorf("the stream has %d bytes of %d", stats.Bytes, stats.MaxBytes)
	}
	if !errors.Is(stats.LastError, jetstream.ErrFull) || stats.LastErrorAt.IsZero() {
		t.Errorf("the last error is %v, of %v; want ErrFull", stats.LastError, stats.LastErrorAt)
	}

	// Nothing that was accepted is lost, and the stream takes more when
	// there is room: as after MaxAge.
	var r runs
	b.work(jetstream.WorkerOptions{}, r.count(nil))
	eventually(t, "all that was accepted has run", func() bool { _, n := r.total(); return n == len(accepted) })
	for _, id := range accepted {
		if r.of(id) == 0 {
			t.Errorf("%s did not run", id)
		}
	}
	if err := b.stream().Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mustSend(h, "afterwards")
}

func gone(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handlerWith(event.Options{Inbox: b.inbox, StorageTimeout: 200 * time.Millisecond})
	b.mustSend(h, "before")
	if err := b.js.DeleteStream(t.Context(), b.options.Stream); err != nil {
		t.Fatal(err)
	}
	w := b.sendBody(h, body("while"))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if _, err := b.inbox.Stats(t.Context()); err == nil {
		t.Error("Stats returned no error")
	}

	// Another stream that takes the subjects is no home for deliveries.
	other := natsjs.StreamConfig{Name: b.options.Stream + "-other", Subjects: []string{b.options.Stream + ".*.in"}, MaxBytes: 1 << 20}
	if _, err := b.js.CreateStream(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if w := b.sendBody(h, body("while")); w.Code != http.StatusServiceUnavailable {
		t.Errorf("with another stream of that subject it is answered %d", w.Code)
	}
	if err := b.js.DeleteStream(t.Context(), other.Name); err != nil {
		t.Fatal(err)
	}
	b.newInbox()
	eventually(t, "the inbox finds the stream that was made anew", func() bool { return b.send(h, "while") == http.StatusOK })
	if log := b.log.String(); strings.Contains(log, canary) {
		t.Errorf("a body is in the log:\n%s", log)
	}
}

func tooLarge(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	h := b.handlerWith(event.Options{Inbox: b.inbox, MaxBody: 2 * nc.MaxPayload()})
	if w := b.sendBody(h, padded("too much", int(nc.MaxPayload()))); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that does not fit is answered %d", w.Code)
	}
	cfg := b.stream().CachedInfo().Config
	cfg.MaxMsgSize = 200_000
	if _, err := b.js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if w := b.sendBody(h, padded("too much", 200_000)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that does not fit into the stream is answered %d", w.Code)
	}
	if stats := b.stats(); stats.LastError != nil {
		t.Errorf("that is the engine's last error: %v", stats.LastError)
	}
}

func unsafeStreams(t *testing.T, nc *nats.Conn) {
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*natsjs.StreamConfig)
		says   string
	}{
		{"a work queue", func(c *natsjs.StreamConfig) { c.Retention = natsjs.WorkQueuePolicy }, "retention"},
		{"interest retention", func(c *natsjs.StreamConfig) { c.Retention = natsjs.InterestPolicy }, "retention"},
		{"memory", func(c *natsjs.StreamConfig) { c.Storage, c.MaxBytes = natsjs.MemoryStorage, 1<<20 }, "memory"},
		{"the engine's window for duplicates", func(c *natsjs.StreamConfig) { c.Duplicates = 2 * time.Minute }, "duplicates"},
		{"a window of less than 72 hours", func(c *natsjs.StreamConfig) { c.Duplicates = 72*time.Hour - time.Second }, "duplicates"},
		{"discarding the old", func(c *natsjs.StreamConfig) { c.Discard = natsjs.DiscardOld }, "discards the oldest"},
		{"no limit of bytes", func(c *natsjs.StreamConfig) { c.MaxBytes = -1 }, "MaxBytes"},
		{"no limit of age", func(c *natsjs.StreamConfig) { c.MaxAge = 0 }, "MaxAge"},
		{"a limit of messages", func(c *natsjs.StreamConfig) { c.MaxMsgs = 1000 }, "1000 messages"},
		{"a limit of messages a subject", func(c *natsjs.StreamConfig) { c.MaxMsgsPerSubject = 1 }, "1 messages per subject"},
		{"no acknowledgements", func(c *natsjs.StreamConfig) { c.NoAck = true }, "no_ack"},
		{"other subjects", func(c *natsjs.StreamConfig) { c.Subjects = append(c.Subjects, c.Name+".else") }, "subjects"},
		{"too small for two messages", func(c *natsjs.StreamConfig) { c.MaxBytes = 10_000 }, "10000 bytes only"},
		{"too small for messages", func(c *natsjs.StreamConfig) { c.MaxMsgSize = 1000 }, "max_msg_size"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nc, jetstream.Options{})
			cfg := b.stream().CachedInfo().Config
			if err := js.DeleteStream(t.Context(), cfg.Name); err != nil {
				t.Fatal(err)
			}
			test.change(&cfg)
			if _, err := js.CreateStream(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
			_, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{Stream: cfg.Name})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("NewSink returned %v, want an error that says %q", err, test.says)
			}
		})
	}
	t.Run("all that is wrong is said", func(t *testing.T) {
		b := newBench(t, nc, jetstream.Options{})
		name := b.options.Stream
		if err := js.DeleteStream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), natsjs.StreamConfig{Name: name, Retention: natsjs.WorkQueuePolicy, Subjects: []string{name + ".one"}}); err != nil {
			t.Fatal(err)
		}
		_, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{Stream: name})
		for _, word := range []string{"retention", "oldest", "MaxBytes", "MaxAge", "duplicates", "subjects"} {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("NewSink returned %v, want an error that says %q too", err, word)
			}
		}
	})
	t.Run("a stream of dead letters that was made for something else", func(t *testing.T) {
		b := newBench(t, nc, jetstream.Options{})
		name := b.options.Stream + "_DEAD"
		if err := js.DeleteStream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), natsjs.StreamConfig{Name: name, Subjects: []string{b.options.Stream + ".dead.*.*"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{Stream: b.options.Stream}); err == nil || !strings.Contains(err.Error(), "something else") {
			t.Errorf("NewSink returned %v", err)
		}
	})
}

func unsafeSettings(t *testing.T, nc *nats.Conn) {
	for _, test := range []struct {
		name string
		opts jetstream.Options
		says string
	}{
		{"a short window for duplicates", jetstream.Options{Duplicates: time.Hour}, "72h"},
		{"an age below the window", jetstream.Options{MaxAge: 71 * time.Hour}, ""},
		{"a name that is none", jetstream.Options{Stream: "a.b"}, "Stream"},
		{"a negative limit", jetstream.Options{MaxBytes: -1}, "negative"},
		{"bodies that are erased too early", jetstream.Options{KeepBodies: time.Hour}, "KeepBodies"},
		{"a share above one", jetstream.Options{WarnAt: 80}, "WarnAt"},
	} {
		if test.opts.Stream == "" {
			test.opts.Stream = "T-refused"
		}
		if _, err := jetstream.NewInbox(t.Context(), nc, &test.opts); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: NewSink returned %v, want an error that says %q", test.name, err, test.says)
		}
	}
	if _, err := jetstream.NewInbox(t.Context(), nil, nil); err == nil {
		t.Error("NewSink takes no connection for one")
	}
	b := newBench(t, nc, jetstream.Options{MaxAge: 72 * time.Hour})
	some := dispatch(func(context.Context, *event.Delivery) error { return nil })
	for _, test := range []struct {
		name     string
		handlers []event.Dispatcher
		opts     jetstream.WorkerOptions
		says     string
	}{
		{"no handlers", nil, jetstream.WorkerOptions{}, "no handlers"},
		{"a nil handler", []event.Dispatcher{nil}, jetstream.WorkerOptions{}, "nil"},
		{"two handlers of one name", []event.Dispatcher{some, some}, jetstream.WorkerOptions{}, "Options.Name"},
		{"negative concurrency", []event.Dispatcher{some}, jetstream.WorkerOptions{Concurrency: -1}, "negative"},
		{"no deadline", []event.Dispatcher{some}, jetstream.WorkerOptions{Timeout: -1}, "Timeout"},
		{"a schedule that outlasts the deliveries", []event.Dispatcher{some}, jetstream.WorkerOptions{Retry: inbox.Schedule{Attempts: 40}}, "Retry"},
		{"a schedule that shrinks", []event.Dispatcher{some}, jetstream.WorkerOptions{Retry: inbox.Schedule{First: time.Minute, Max: time.Second}}, "Retry.Max"},
	} {
		if _, err := jetstream.NewWorker(t.Context(), b.inbox, &test.opts, test.handlers...); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: NewWorker returned %v, want an error that says %q", test.name, err, test.says)
		}
	}
	if _, err := jetstream.NewWorker(t.Context(), b.inbox, nil, some); err != nil {
		t.Errorf("the default schedule does not fit the shortest age: %v", err)
	}
}

func changedStream(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	cfg := b.stream().CachedInfo().Config
	want := natsjs.StreamConfig{Retention: natsjs.LimitsPolicy, Storage: natsjs.FileStorage, Discard: natsjs.DiscardNew, MaxAge: 14 * 24 * time.Hour, Duplicates: 72 * time.Hour, MaxBytes: 64 << 20}
	if cfg.Retention != want.Retention || cfg.Storage != want.Storage || cfg.Discard != want.Discard || cfg.MaxAge != want.MaxAge || cfg.Duplicates != want.Duplicates || cfg.MaxBytes != want.MaxBytes {
		t.Errorf("the stream was made with %+v", cfg)
	}
	before, _ := json.Marshal(cfg)
	if _, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{Stream: cfg.Name}); err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(b.stream().CachedInfo().Config); !bytes.Equal(before, after) {
		t.Errorf("without options the stream was changed\nfrom %s\nto   %s", before, after)
	}
	opts := jetstream.Options{Stream: cfg.Name, MaxAge: 100 * time.Hour, Duplicates: 80 * time.Hour, MaxBytes: 32 << 20}
	if _, err := jetstream.NewInbox(t.Context(), nc, &opts); err != nil {
		t.Fatal(err)
	}
	cfg = b.stream().CachedInfo().Config
	if cfg.MaxAge != opts.MaxAge || cfg.Duplicates != opts.Duplicates || cfg.MaxBytes != opts.MaxBytes {
		t.Errorf("with options the stream has %v, %v, %d", cfg.MaxAge, cfg.Duplicates, cfg.MaxBytes)
	}
	dead, err := b.js.Stream(t.Context(), cfg.Name+"_DEAD")
	if err != nil {
		t.Fatal(err)
	}
	if got := dead.CachedInfo().Config.MaxAge; got != opts.MaxAge {
		t.Errorf("dead letters are kept for %v, the deliveries for %v", got, opts.MaxAge)
	}
	// More room for deliveries is more room for dead letters.
	roomBefore := dead.CachedInfo().Config.MaxBytes
	opts.MaxBytes = 256 << 20
	if _, err := jetstream.NewInbox(t.Context(), nc, &opts); err != nil {
		t.Fatal(err)
	}
	info, err := dead.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Config.MaxBytes; got != 256<<20/8 || got <= roomBefore {
		t.Errorf("beside 256 MiB of deliveries there is room for %d bytes of dead letters, before it was %d", got, roomBefore)
	}
}

func sameStream(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	if err := b.js.DeleteStream(t.Context(), b.options.Stream); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := jetstream.NewInbox(t.Context(), nc, &b.options); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
