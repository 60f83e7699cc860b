package embedded_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
)

// files are where the engine keeps a stream.
type files string

func streamFiles(dir string) files {
	return files(filepath.Join(dir, "jetstream", "$G", "streams", "ATSHOOKS"))
}

func (f files) path(elem ...string) string {
	return filepath.Join(append([]string{string(f)}, elem...)...)
}

// blocks are the files of deliveries, the oldest first.
func (f files) blocks(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(f.path("msgs", "*.blk"))
	if err != nil || len(list) < 3 {
		t.Fatalf("the blocks are %v, %v; want three at least", list, err)
	}
	number := func(path string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".blk"))
		return n
	}
	sort.Slice(list, func(i, j int) bool { return number(list[i]) < number(list[j]) })
	return list
}

// overwrite damages the middle of a file.
func overwrite(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)/2:], bytes.Repeat([]byte{0xa5}, 70_000))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// overwriteByte damages one byte, in the middle of a body.
func overwriteByte(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := len(data) / 2
	for !bytes.Equal(data[at-5000:at+5000], bytes.Repeat([]byte("x"), 10_000)) {
		at += 1000
	}
	data[at] = 'y'
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// output is a log in memory.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (o *output) logger() *slog.Logger { return slog.New(slog.NewTextHandler(o, nil)) }

// Whatever the disk does to the files of an engine that is stopped, the next
// start says how many deliveries are missing, and what will run again; and what
// arrives after that runs.
func TestDamageIsReported(t *testing.T) {
	const stored, size = 400, 60_000 // three of the engine's blocks
	opts := jetstream.Options{MaxBytes: 64 << 20, Logger: silent}
	quiet := &embedded.Options{Logger: silent}
	intact := t.TempDir()
	e := mustOpen(t, intact, quiet)
	i, err := jetstream.NewInbox(t.Context(), e.Conn(), &opts)
	if err != nil {
		t.Fatal(err)
	}
	for k := range stored {
		d := &event.Delivery{Handler: "kombo", ID: fmt.Sprint("event-", k), Body: fmt.Appendf(nil, "%d %s", k, strings.Repeat("x", size))}
		if err := i.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	var ran sync.Map
	run := func(i *jetstream.Inbox) *jetstream.Worker {
		w, err := jetstream.NewWorker(t.Context(), i, &jetstream.WorkerOptions{Logger: silent}, dispatch(func(_ context.Context, d *event.Delivery) error {
			ran.Store(d.ID, true)
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = w.Run(context.Background()) }()
		return w
	}
	w := run(i)
	eventually(t, "all have run", func() bool {
		stats, err := i.Stats(t.Context())
		return err == nil && stats.Waiting+stats.Running+stats.Retrying == 0
	})
	if err := w.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)

	for _, test := range []struct {
		name    string
		damage  func(t *testing.T, f files)
		missing bool // deliveries, at once
		again   bool // they run
		later   bool // more are missing when all is read
	}{
		{"nothing", func(*testing.T, files) {}, false, false, false},
		{"the first block", func(t *testing.T, f files) { overwrite(t, f.blocks(t)[0]) }, true, false, false},
		{"a block in the middle", func(t *testing.T, f files) { overwrite(t, f.blocks(t)[1]) }, true, false, false},
		{"the last block", func(t *testing.T, f files) { b := f.blocks(t); overwrite(t, b[len(b)-1]) }, true, true, false},
		{"within a delivery", func(t *testing.T, f files) { overwriteByte(t, f.blocks(t)[1]) }, false, false, true},
		{"the last block, and no index", func(t *testing.T, f files) {
			b := f.blocks(t)
			overwrite(t, b[len(b)-1])
			remove(t, f.path("msgs", "index.db"))
		}, true, false, false},
		{"the first block is gone", func(t *testing.T, f files) { remove(t, f.blocks(t)[0]) }, true, false, false},
		{"all blocks are gone", func(t *testing.T, f files) { remove(t, f.path("msgs")) }, true, false, false},
		{"the stream is gone", func(t *testing.T, f files) { remove(t, string(f)) }, true, false, false},
		{"the index", func(t *testing.T, f files) { overwrite(t, f.path("msgs", "index.db")) }, false, false, false},
		{"the consumer's state is gone", func(t *testing.T, f files) { remove(t, f.path("obs", "kombo", "o.dat")) }, false, true, false},
		{"the consumer is gone", func(t *testing.T, f files) { remove(t, f.path("obs", "kombo")) }, false, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(intact)); err != nil {
				t.Fatal(err)
			}
			test.damage(t, streamFiles(dir))
			e := mustOpen(t, dir, quiet)
			defer mustClose(t, e)
			log := new(output)
			opts := opts
			opts.Logger = log.logger()
			i, err := jetstream.NewInbox(t.Context(), e.Conn(), &opts)
			if err != nil {
				t.Fatal(err)
			}
			stats, err := i.Stats(t.Context())
			if err != nil || stats.Damaged > 0 != test.missing {
				t.Errorf("at once the inbox says that %d are missing (%v)", stats.Damaged, err)
			}
			if got := strings.Contains(log.String(), "missing in the stream"); got != test.missing {
				t.Errorf("reported: %v; the log is\n%s", got, log)
			}
			if got := strings.Contains(log.String(), "will run again"); got != test.again {
				t.Errorf("said that all run again: %v, want %v; the log is\n%s", got, test.again, log)
			}

			ran.Clear()
			h := newHandler(t, i, nil)
			for k := range 10 {
				if got := send(t, h, fmt.Sprint("fresh-", k), 0); got != http.StatusOK {
					t.Fatalf("a fresh delivery is answered %d", got)
				}
			}
			w := run(i)
			eventually(t, "the fresh deliveries have run", func() bool {
				for k := range 10 {
					if _, ok := ran.Load(fmt.Sprint("fresh-", k)); !ok {
						return false
					}
				}
				return true
			})
			missing := stored - readable(t, e, "event-")
			if missing > 0 != (test.missing || test.later) {
				t.Fatalf("%d deliveries are missing", missing)
			}
			eventually(t, fmt.Sprintf("the inbox says that %d are missing", missing), func() bool {
				stats, err = i.Stats(t.Context())
				return err == nil && stats.Damaged == int64(missing)
			})
			if err := w.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}

			// The next process says the same, and counts nothing twice.
			again, err := jetstream.NewInbox(t.Context(), e.Conn(), &opts)
			if err != nil {
				t.Fatal(err)
			}
			if after, err := again.Stats(t.Context()); err != nil || after.Damaged != stats.Damaged {
				t.Errorf("later the inbox says that %d are missing, and not %d (%v)", after.Damaged, stats.Damaged, err)
			}
		})
	}
}
