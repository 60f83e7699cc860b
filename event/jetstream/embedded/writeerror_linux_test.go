package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
)

// A test binary that is started with this is no test but a process whose files
// may not grow.
const envWriteError = "ATSHOOKS_WRITE_ERROR_DIR"

func init() {
	dir := os.Getenv(envWriteError)
	if dir == "" {
		return
	}
	if err := meetWriteError(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A disk that refuses to write, for whatever reason, stops the engine until it
// does not; nothing that was acknowledged is lost or runs twice.
func TestWriteErrorPasses(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envWriteError+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func meetWriteError(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e, err := embedded.Open(dir, &embedded.Options{Logger: silent})
	if err != nil {
		return err
	}
	i, err := jetstream.NewInbox(ctx, e.Conn(), &jetstream.Options{MaxBytes: 64 << 20, Logger: silent})
	if err != nil {
		return err
	}
	put := func(k int) error {
		return i.Put(ctx, &event.Delivery{Handler: "kombo", ID: fmt.Sprint("event-", k), Body: fmt.Appendf(make([]byte, 10_000), "%d", k)})
	}
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	before := limit.Cur
	limit.Cur = 500_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	stored := 0
	for put(stored) == nil {
		stored++
	}
	if stored < 40 || stored > 50 {
		return fmt.Errorf("%d deliveries were stored where there was room for 49", stored)
	}
	for e.Healthy() == nil {
		if err := put(stored); err == nil {
			return errors.New("a delivery was stored by an engine that cannot write")
		}
	}

	limit.Cur = before
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for put(stored) != nil {
		if ctx.Err() != nil {
			return errors.New("the engine did not start again")
		}
		time.Sleep(50 * time.Millisecond)
	}
	stored++
	runs := make(chan string, 10*stored)
	w, err := jetstream.NewWorker(ctx, i, &jetstream.WorkerOptions{Logger: silent}, dispatch(func(_ context.Context, d *event.Delivery) error {
		runs <- d.ID
		return nil
	}))
	if err != nil {
		return err
	}
	go func() { _ = w.Run(ctx) }()
	seen := make(map[string]bool)
	for range stored {
		select {
		case id := <-runs:
			if seen[id] {
				return fmt.Errorf("%s ran twice", id)
			}
			seen[id] = true
		case <-ctx.Done():
			return fmt.Errorf("%d of %d deliveries have run", len(seen), stored)
		}
	}
	if err := w.Shutdown(ctx); err != nil {
		return err
	}
	return e.Close()
}
