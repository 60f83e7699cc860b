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
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/kombo"
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

func storedOnce(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	d := b.delivery(body("once"))
	if err := b.sink.Put(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := b.sink.Put(t.Context(), d); !errors.Is(err, event.ErrDuplicate) {
		t.Errorf("the second Put returned %v, want ErrDuplicate", err)
	}
	if err := b.newSink().Put(t.Context(), d); !errors.Is(err, event.ErrDuplicate) {
		t.Errorf("Put of another sink returned %v, want ErrDuplicate", err)
	}
	other := b.delivery(body("another"))
	if err := b.sink.Put(t.Context(), other); err != nil {
		t.Errorf("Put of another delivery: %v", err)
	}
	if got := b.stored(); got != 2 {
		t.Errorf("%d deliveries are stored, want 2", got)
	}
}

func storedOnceAmongMany(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	const senders, deliveries = 8, 25
	var stored atomic.Int64
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for i := range deliveries {
				err := b.sink.Put(t.Context(), b.delivery(body(fmt.Sprint(i))))
				switch {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, event.ErrDuplicate):
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := stored.Load(); got != deliveries {
		t.Errorf("%d Puts returned nil, want one a delivery: %d", got, deliveries)
	}
	if got := b.stored(); got != deliveries {
		t.Errorf("%d deliveries are stored, want %d", got, deliveries)
	}
}

func everyVerifiedDelivery(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	var kinds sync.Map
	h := b.handlerWith(event.Options{
		Name: "Kombo EU. *>", Sink: b.sink, Tenant: func(*http.Request) string { return "acme" },
		Observe: func(_ context.Context, r event.Result) { kinds.Store(string(r.Kind), true) },
	})
	unknown := bytes.Replace(body("unknown"), []byte(`"data-changed"`), []byte(`"a-type-of-tomorrow"`), 1)
	unreadable := []byte(`{"no envelope": "` + canary + `"}`)
	for _, each := range [][]byte{body("known"), body("known"), unknown, unreadable} {
		if w := b.sendBody(h, each); w.Code != http.StatusOK {
			t.Fatalf("answered %d", w.Code)
		}
	}
	unsigned := signed(t, body("unsigned"))
	unsigned.Header.Set("X-Kombo-Signature", strings.Repeat("A", 44))
	if r := h.Handle(t.Context(), &event.Request{Header: unsigned.Header, Body: body("unsigned")}); r.Status != http.StatusUnauthorized {
		t.Errorf("a forged delivery was answered %d", r.Status)
	}
	if got := b.stored(); got != 3 {
		t.Errorf("%d deliveries are stored, want 3", got)
	}
	for _, kind := range []event.Kind{event.Stored, event.Duplicate} {
		if _, ok := kinds.Load(string(kind)); !ok {
			t.Errorf("no delivery was observed as %s", kind)
		}
	}

	// The callbacks come later, from another handler of the same name.
	later := b.handlerWith(event.Options{Name: "Kombo EU. *>"})
	seen := make(chan *event.Delivery, 2)
	later.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		seen <- d
		return nil
	})
	later.OnOther(func(_ context.Context, d *event.Delivery) error { seen <- d; return nil })
	b.work(event.NewDispatchers(later.Handler), jetstream.WorkerOptions{Concurrency: 1})
	known, other := <-seen, <-seen
	want := b.delivery(body("known"))
	if known.ID != "known" || known.Type != kombo.TypeDataChanged || known.Tenant != "acme" || known.Receiver != "Kombo EU. *>" || !bytes.Equal(known.Body, want.Body) {
		t.Errorf("the callback got %v", known.LogValue())
	}
	if other.Type != "a-type-of-tomorrow" || other.Tenant != "acme" {
		t.Errorf("OnOther got %v", other.LogValue())
	}
	if dead := b.awaitDeadLetters(1)[0]; dead.Reason != jetstream.ReasonPermanent || dead.Receiver != "Kombo EU. *>" || dead.Tenant != "acme" {
		t.Errorf("the delivery without an envelope became %v", dead.LogValue())
	}
	if log := b.log.String(); strings.Contains(log, canary) {
		t.Errorf("a body is in the log:\n%s", log)
	}
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
	if err := b.sink.Put(t.Context(), b.delivery(padded("one more", size))); !errors.Is(err, jetstream.ErrFull) {
		t.Errorf("Put returned %v, want ErrFull", err)
	}
	used, limit, err := b.sink.Fill(t.Context())
	if err != nil || limit != uint64(4*nc.MaxPayload()) || float64(used) < 0.9*float64(limit) || used > limit {
		t.Errorf("Fill returned %d of %d, %v", used, limit, err)
	}

	// Nothing that was accepted is lost, and the stream takes more when
	// there is room: as after MaxAge.
	var r runs
	b.work(only(r.count(nil)), jetstream.WorkerOptions{})
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
	h := b.handlerWith(event.Options{Sink: b.sink, StoreTimeout: 200 * time.Millisecond})
	b.mustSend(h, "before")
	if err := b.js.DeleteStream(t.Context(), b.options.Stream); err != nil {
		t.Fatal(err)
	}
	w := b.sendBody(h, body("while"))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if _, _, err := b.sink.Fill(t.Context()); err == nil {
		t.Error("Fill returned no error")
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
	b.newSink()
	b.mustSend(h, "while")
	if log := b.log.String(); strings.Contains(log, canary) {
		t.Errorf("a body is in the log:\n%s", log)
	}
}

func tooLarge(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	if got, want := b.sink.MaxBody(), nc.MaxPayload()-jetstream.Overhead; got != want {
		t.Errorf("MaxBody is %d, want %d", got, want)
	}
	h := b.handlerWith(event.Options{Sink: b.sink, MaxBody: 2 * nc.MaxPayload()})
	if log := b.log.String(); strings.Count(log, "sink carries smaller bodies") != 1 {
		t.Errorf("the limit is not said once:\n%s", log)
	}
	limit := int(b.sink.MaxBody())
	fits := padded("fits", limit-len(padded("fits", 1))+1)
	if len(fits) != limit {
		t.Fatalf("the body has %d bytes, want %d", len(fits), limit)
	}
	if w := b.sendBody(h, fits); w.Code != http.StatusOK {
		t.Errorf("a body of exactly the limit is answered %d", w.Code)
	}
	tooMuch := padded("too much", limit)
	if w := b.sendBody(h, tooMuch); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit is answered %d", w.Code)
	}
	err := b.sink.Put(t.Context(), b.delivery(padded("far too much", int(nc.MaxPayload()))))
	if !errors.Is(err, event.ErrTooLarge) {
		t.Errorf("Put returned %v, want ErrTooLarge", err)
	}
	if got := b.stored(); got != 1 {
		t.Errorf("%d deliveries are stored, want 1", got)
	}

	small := newBench(t, nc, jetstream.Options{})
	cfg := small.stream().CachedInfo().Config
	cfg.MaxMsgSize = 200_000
	if _, err := b.js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if err := small.sink.Put(t.Context(), small.delivery(padded("of a stream", 200_000))); !errors.Is(err, event.ErrTooLarge) {
		t.Errorf("Put into a stream with a limit for messages returned %v, want ErrTooLarge", err)
	}
	if got, want := small.newSink().MaxBody(), int64(200_000-jetstream.Overhead); got != want {
		t.Errorf("MaxBody of a stream with a limit for messages is %d, want %d", got, want)
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
		{"a limit of messages a subject", func(c *natsjs.StreamConfig) { c.MaxMsgsPerSubject = 1 }, "1 messages a subject"},
		{"no acknowledgements", func(c *natsjs.StreamConfig) { c.NoAck = true }, "no_ack"},
		{"other subjects", func(c *natsjs.StreamConfig) { c.Subjects = append(c.Subjects, c.Name+".else") }, "subjects"},
		{"too small for two messages", func(c *natsjs.StreamConfig) { c.MaxBytes = 10_000 }, "no room"},
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
			_, err := jetstream.NewSink(t.Context(), nc, &jetstream.Options{Stream: cfg.Name})
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
		_, err := jetstream.NewSink(t.Context(), nc, &jetstream.Options{Stream: name})
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
		if _, err := jetstream.NewSink(t.Context(), nc, &jetstream.Options{Stream: b.options.Stream}); err == nil || !strings.Contains(err.Error(), "something else") {
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
		{"a share above one", jetstream.Options{WarnAt: 80}, "WarnAt"},
	} {
		if test.opts.Stream == "" {
			test.opts.Stream = "T-refused"
		}
		if _, err := jetstream.NewSink(t.Context(), nc, &test.opts); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: NewSink returned %v, want an error that says %q", test.name, err, test.says)
		}
	}
	if _, err := jetstream.NewSink(t.Context(), nil, nil); err == nil {
		t.Error("NewSink takes no connection for one")
	}
	b := newBench(t, nc, jetstream.Options{MaxAge: 72 * time.Hour})
	for _, test := range []struct {
		name string
		ds   event.Dispatchers
		opts jetstream.WorkerOptions
		says string
	}{
		{"no handlers", nil, jetstream.WorkerOptions{}, "no handlers"},
		{"a nil handler", event.Dispatchers{"kombo": nil}, jetstream.WorkerOptions{}, "kombo"},
		{"negative concurrency", only(dispatch(nil)), jetstream.WorkerOptions{Concurrency: -1}, "negative"},
		{"a schedule that outlasts the deliveries", only(dispatch(nil)), jetstream.WorkerOptions{Retry: jetstream.Schedule{Attempts: 40}}, "Retry"},
		{"a schedule that shrinks", only(dispatch(nil)), jetstream.WorkerOptions{Retry: jetstream.Schedule{First: time.Minute, Max: time.Second}}, "Retry.Max"},
	} {
		if _, err := jetstream.NewWorker(t.Context(), b.sink, test.ds, &test.opts); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: NewWorker returned %v, want an error that says %q", test.name, err, test.says)
		}
	}
	if _, err := jetstream.NewWorker(t.Context(), b.sink, only(dispatch(nil)), nil); err != nil {
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
	if _, err := jetstream.NewSink(t.Context(), nc, &jetstream.Options{Stream: cfg.Name}); err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(b.stream().CachedInfo().Config); !bytes.Equal(before, after) {
		t.Errorf("without options the stream was changed\nfrom %s\nto   %s", before, after)
	}
	opts := jetstream.Options{Stream: cfg.Name, MaxAge: 100 * time.Hour, Duplicates: 80 * time.Hour, MaxBytes: 32 << 20}
	if _, err := jetstream.NewSink(t.Context(), nc, &opts); err != nil {
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
}

func sameStream(t *testing.T, nc *nats.Conn) {
	b := newBench(t, nc, jetstream.Options{})
	if err := b.js.DeleteStream(t.Context(), b.options.Stream); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := jetstream.NewSink(t.Context(), nc, &b.options); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
