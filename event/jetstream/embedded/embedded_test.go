package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

const secret = "a secret of the tests'"

var silent = slog.New(slog.DiscardHandler)

// patience is a safety net: no test waits that long unless it fails.
const patience = 60 * time.Second

func mustOpen(t *testing.T, dir string, opts *embedded.Options) *embedded.Engine {
	t.Helper()
	e, err := embedded.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() }) // it may be closed already
	return e
}

func mustClose(t *testing.T, e *embedded.Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func newInbox(t *testing.T, nc *nats.Conn) *jetstream.Inbox {
	t.Helper()
	s, err := jetstream.NewInbox(t.Context(), nc, &jetstream.Options{MaxBytes: 64 << 20, Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newHandler(t *testing.T, s event.Inbox, observe func(event.Result)) *kombo.Handler {
	t.Helper()
	opts := &event.Options{Inbox: s, MaxBody: 4 << 20, Logger: silent}
	if observe != nil {
		opts.Observe = func(_ context.Context, r event.Result) { observe(r) }
	}
	h, err := kombo.NewHandler(secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// send delivers an event and returns the status.
func send(t *testing.T, h http.Handler, id string, padding int) int {
	t.Helper()
	body := fmt.Appendf(nil, `{"id":%q,"type":"data-changed","padding":%q,"data":{}}`, id, strings.Repeat("x", padding))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, kombotest.Vendor.Signed(t, secret, kombo.TypeDataChanged, body))
	return w.Code
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("it did not come about that %s", what)
		}
	}
}

// dispatch is a handler that is a function, by the name of Kombo's.
type dispatch func(context.Context, *event.Delivery) error

func (dispatch) Name() string { return "kombo" }

func (f dispatch) Dispatch(ctx context.Context, d *event.Delivery) error { return f(ctx, d) }

func TestNoSocketListens(t *testing.T) {
	before := listening(t)
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		if l, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	u, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	if got := listening(t); len(got) != len(before)+2 {
		t.Fatalf("the test does not see sockets that listen: before %v, with two more %v", before, got)
	}
	_, _ = l.Close(), u.Close()

	e := mustOpen(t, t.TempDir(), nil)
	h := newHandler(t, newInbox(t, e.Conn()), nil)
	if got := send(t, h, "a", 0); got != http.StatusOK {
		t.Fatalf("answered %d", got)
	}
	if got := listening(t); len(got) != len(before) {
		t.Errorf("with an engine these sockets listen: %v; without: %v", got, before)
	}
}

// listening lists the sockets of this process that listen, or could be sent
// datagrams.
func listening(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Skip("this system has no /proc")
	}
	own := make(map[string]bool)
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, "socket:[") {
			own[strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")] = true
		}
	}
	var found []string
	for _, table := range []struct {
		name         string
		state, inode int
		listens      string // "" is all
	}{
		{"tcp", 3, 9, "0A"},
		{"tcp6", 3, 9, "0A"},
		{"udp", 3, 9, ""},
		{"udp6", 3, 9, ""},
		{"unix", 3, 6, "00010000"},
	} {
		f, err := os.Open("/proc/self/net/" + table.name)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) > table.inode && own[fields[table.inode]] && (table.listens == "" || fields[table.state] == table.listens) {
				found = append(found, table.name+" "+fields[1])
			}
		}
		_ = f.Close()
	}
	return found
}

func TestFolderIsPrivateAndOfOneEngine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	e := mustOpen(t, dir, nil)
	newInbox(t, e.Conn())
	for _, path := range []string{dir, filepath.Join(dir, "jetstream")} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if _, err := embedded.Open(dir, nil); err == nil || !strings.Contains(err.Error(), "another engine") {
		t.Errorf("a second engine in the folder: %v", err)
	}
	mustClose(t, e)
	if err := os.Chmod(filepath.Join(dir, "jetstream"), 0o755); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, nil)
	if info, err := os.Stat(filepath.Join(dir, "jetstream")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("of a folder that others could read: %v, %v", info.Mode(), err)
	}
}

func TestRejectedSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		dir  string
		opts embedded.Options
	}{
		{"no folder", "", embedded.Options{}},
		{"a file for a folder", file, embedded.Options{}},
		{"a negative limit", t.TempDir(), embedded.Options{MaxBody: -1}},
		{"a limit that the engine cannot carry", t.TempDir(), embedded.Options{MaxBody: 32 << 20}},
	} {
		if e, err := embedded.Open(test.dir, &test.opts); err == nil {
			t.Errorf("%s: no error", test.name)
			mustClose(t, e)
		}
	}
}

func TestMaxBodyFits(t *testing.T) {
	for _, test := range []struct{ set, want int64 }{{0, 1 << 20}, {4 << 20, 4 << 20}, {31 << 20, 31 << 20}} {
		e := mustOpen(t, t.TempDir(), &embedded.Options{MaxBody: test.set})
		h, err := kombo.NewHandler(secret, &event.Options{Inbox: newInbox(t, e.Conn()), MaxBody: test.want, Logger: silent})
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, h, "large", int(test.want)-200); got != http.StatusOK {
			t.Errorf("a body of %d bytes is answered %d", test.want-200, got)
		}
	}
}

func TestEngineStopsAndStarts(t *testing.T) {
	dir := t.TempDir()
	e := mustOpen(t, dir, nil)
	s := newInbox(t, e.Conn())
	var kind event.Kind
	h := newHandler(t, s, func(r event.Result) { kind = r.Kind })
	for _, id := range []string{"a", "b"} {
		if got := send(t, h, id, 0); got != http.StatusOK || kind != event.KindStored {
			t.Fatalf("answered %d, %s", got, kind)
		}
	}
	w, err := jetstream.NewWorker(t.Context(), s, nil, h)
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- w.Run(t.Context()) }()
	mustClose(t, e)
	if got := send(t, h, "while it is closed", 0); got != http.StatusServiceUnavailable {
		t.Errorf("while the engine is closed a delivery is answered %d", got)
	}
	if err := <-ran; err == nil {
		t.Error("Run returned no error when the engine was closed under it")
	}

	e = mustOpen(t, dir, nil)
	h = newHandler(t, newInbox(t, e.Conn()), func(r event.Result) { kind = r.Kind })
	if got := send(t, h, "a", 0); got != http.StatusOK || kind != event.KindDuplicate {
		t.Errorf("after a restart a known delivery is answered %d, %s", got, kind)
	}
	if got := send(t, h, "while it is closed", 0); got != http.StatusOK || kind != event.KindStored {
		t.Errorf("after a restart a fresh delivery is answered %d, %s", got, kind)
	}
}

// A retry that waits for hours must not come at once because the process was
// restarted: restarts would use up the attempts.
func TestRetryWaitsAcrossRestart(t *testing.T) {
	dir := t.TempDir()
	e := mustOpen(t, dir, nil)
	s := newInbox(t, e.Conn())
	h := newHandler(t, s, nil)
	opts := &jetstream.WorkerOptions{AckWait: 100 * time.Millisecond, Logger: silent, Retry: inbox.Schedule{First: time.Hour, Max: time.Hour}}
	run := func(s *jetstream.Inbox, ran chan<- string) *jetstream.Worker {
		w, err := jetstream.NewWorker(t.Context(), s, opts, dispatch(func(_ context.Context, d *event.Delivery) error {
			ran <- d.ID
			return fmt.Errorf("not now")
		}))
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = w.Run(context.Background()) }()
		return w
	}
	ran := make(chan string, 10)
	w := run(s, ran)
	if got := send(t, h, "a", 0); got != http.StatusOK {
		t.Fatalf("answered %d", got)
	}
	<-ran
	if err := w.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)

	e = mustOpen(t, dir, nil)
	s = newInbox(t, e.Conn())
	h = newHandler(t, s, nil)
	ran = make(chan string, 10)
	w = run(s, ran)
	time.Sleep(10 * opts.AckWait) // in which it would have come
	if got := send(t, h, "b", 0); got != http.StatusOK {
		t.Fatalf("answered %d", got)
	}
	if id := <-ran; id != "b" {
		t.Errorf("%s ran before its time", id)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What the README says about moving to a server: one of the same release reads
// the folder.
func TestServerTakesFolderOver(t *testing.T) {
	dir := t.TempDir()
	e := mustOpen(t, dir, nil)
	h := newHandler(t, newInbox(t, e.Conn()), nil)
	if got := send(t, h, "a", 0); got != http.StatusOK {
		t.Fatalf("answered %d", got)
	}
	mustClose(t, e)
	url := startServer(t, &server.Options{ServerName: "stock", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir}).ClientURL()
	nc, err := jetstream.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	var kind event.Kind
	h = newHandler(t, newInbox(t, nc), func(r event.Result) { kind = r.Kind })
	if got := send(t, h, "a", 0); got != http.StatusOK || kind != event.KindDuplicate {
		t.Errorf("the server answers a known delivery with %d, %s", got, kind)
	}
}

func TestConnectionThatWouldBlockIsRejected(t *testing.T) {
	url := startServer(t, &server.Options{ServerName: "stock", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()}).ClientURL()
	good := []nats.Option{nats.MaxReconnects(-1), nats.PingInterval(2 * time.Second), nats.FlusherTimeout(2 * time.Second)}
	for _, test := range []struct {
		options []nats.Option
		says    string
	}{
		{nil, "MaxReconnects(-1)"},
		{append(good, nats.MaxReconnects(60)), "MaxReconnects(-1)"},
		{append(good, nats.NoReconnect()), "MaxReconnects(-1)"},
		{append(good, nats.PingInterval(2*time.Minute)), "PingInterval"},
		{append(good, nats.PingInterval(0)), "PingInterval"},
		{append(good, nats.FlusherTimeout(time.Minute)), "FlusherTimeout"},
		{good, ""},
	} {
		nc, err := nats.Connect(url, test.options...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = jetstream.NewInbox(t.Context(), nc, &jetstream.Options{MaxBytes: 64 << 20, Logger: silent})
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("NewInbox returned %v, want an error that says %q", err, test.says)
		}
		nc.Close()
	}
}

// startServer starts a server that listens on the loopback, which the embedded
// engine does not.
func startServer(t *testing.T, opts *server.Options) *server.Server {
	t.Helper()
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server did not start")
	}
	return s
}

// readable counts the deliveries in the stream whose ids begin with a prefix.
func readable(t *testing.T, e *embedded.Engine, prefix string) (n int) {
	t.Helper()
	js, err := natsjs.New(e.Conn())
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), "ATSHOOKS")
	if err != nil {
		t.Fatal(err)
	}
	for sequence := s.CachedInfo().State.FirstSeq; sequence <= s.CachedInfo().State.LastSeq; sequence++ {
		d := new(event.Delivery)
		if m, err := s.GetMsg(t.Context(), sequence); err == nil && d.UnmarshalBinary(m.Data) == nil && strings.HasPrefix(d.ID, prefix) {
			n++
		}
	}
	return n
}
