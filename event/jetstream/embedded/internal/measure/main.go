// The program measure prints the figures of event/jetstream's README: how long
// Put takes, how many deliveries a second there are, and what ids cost in
// memory. It is bounded, and uses a folder that it removes.
//
//	cd event/jetstream/embedded && go run ./internal/measure
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	n := flags.Int("n", 5000, "deliveries for each number of senders")
	ids := flags.Int("ids", 400_000, "ids to store; 0 is none")
	dir := flags.String("dir", os.TempDir(), "where to make the folder: on the disk that is meant")
	reopen := flags.String("reopen", "", "only open this folder, and say what that takes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *reopen != "" {
		return measureReopening(ctx, *reopen, stdout)
	}
	folder, err := os.MkdirTemp(*dir, "measure")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := measureDisk(folder, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\n| senders | Put p50 | Put p99 | deliveries a second |\n| ---: | ---: | ---: | ---: |\n")
	for _, senders := range []int{1, 16, 64} {
		for _, work := range []bool{false, true} {
			if err := measurePut(ctx, folder, senders, *n, work, stdout); err != nil {
				return err
			}
		}
	}
	if *ids == 0 {
		return nil
	}
	return measureIDs(ctx, filepath.Join(folder, "ids"), *ids, stdout)
}

// measureDisk says what one sync costs here: without it the rest means nothing.
func measureDisk(folder string, stdout io.Writer) error {
	f, err := os.Create(filepath.Join(folder, "sync"))
	if err != nil {
		return err
	}
	defer f.Close()
	var took []time.Duration
	for range 500 {
		began := time.Now()
		if _, err := f.Write(make([]byte, 2048)); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	_, err = fmt.Fprintf(stdout, "write and fsync of 2 KiB: p50 %v, p99 %v\n", percentile(took, 50), percentile(took, 99))
	return err
}

func percentile(d []time.Duration, p int) time.Duration {
	slices.Sort(d)
	return d[(len(d)-1)*p/100].Round(10 * time.Microsecond)
}

// delivery is one of about 2 kB.
func delivery(i int) *event.Delivery {
	body := fmt.Appendf(nil, `{"id":"event-%d","type":"data-changed","data":"%s"}`, i, strings.Repeat("x", 2000))
	return &event.Delivery{Handler: "kombo", Provider: "kombo", Type: "data-changed", ID: strconv.Itoa(i), ReceivedAt: time.Now(), Body: body}
}

var silent = slog.New(slog.DiscardHandler)

func open(ctx context.Context, folder string) (*embedded.Engine, *jetstream.Inbox, error) {
	e, err := embedded.Open(folder, &embedded.Options{Logger: silent})
	if err != nil {
		return nil, nil, err
	}
	s, err := jetstream.NewInbox(ctx, e.Conn(), &jetstream.Options{Logger: silent})
	if err != nil {
		return nil, nil, errors.Join(err, e.Close())
	}
	return e, s, nil
}

func measurePut(ctx context.Context, folder string, senders, n int, work bool, stdout io.Writer) error {
	e, s, err := open(ctx, filepath.Join(folder, fmt.Sprint(senders, work)))
	if err != nil {
		return err
	}
	label := strconv.Itoa(senders)
	var w *jetstream.Worker
	if work {
		label += ", and a worker"
		if w, err = jetstream.NewWorker(ctx, s, &jetstream.WorkerOptions{Logger: silent}, nothing{}); err != nil {
			return err
		}
		go func() { _ = w.Run(ctx) }()
	}
	if _, _, err := put(ctx, s, senders, 0, n/10); err != nil { // to warm up
		return err
	}
	took, all, err := put(ctx, s, senders, n, n)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "| %s | %v | %v | %.0f |\n", label, percentile(took, 50), percentile(took, 99), float64(n)/all.Seconds())
	if w != nil {
		if err := w.Shutdown(ctx); err != nil {
			return err
		}
	}
	return e.Close()
}

// nothing is a callback that does nothing.
type nothing struct{}

func (nothing) Name() string { return "kombo" }

func (nothing) Dispatch(context.Context, *event.Delivery) error { return nil }

// put stores n deliveries, from number first on.
func put(ctx context.Context, s *jetstream.Inbox, senders, first, n int) (took []time.Duration, all time.Duration, err error) {
	took = make([]time.Duration, n)
	var next atomic.Int64
	errs := make([]error, senders)
	var wg sync.WaitGroup
	began := time.Now()
	for sender := range senders {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				d := delivery(first + i)
				at := time.Now()
				if errs[sender] = s.Put(ctx, d); errs[sender] != nil {
					return
				}
				took[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	return took, time.Since(began), errors.Join(errs...)
}

func measureIDs(ctx context.Context, folder string, ids int, stdout io.Writer) error {
	e, s, err := open(ctx, folder)
	if err != nil {
		return err
	}
	before, err := memory()
	if err != nil {
		return err
	}
	if _, _, err := put(ctx, s, 64, 0, ids); err != nil {
		return err
	}
	after, err := memory()
	if err != nil {
		return err
	}
	stats, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\n%d ids: resident memory from %s to %s, %d MB in files\n", ids, before, after, stats.Bytes/1_000_000)
	if err := e.Close(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, os.Args[0], "-reopen", folder)
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	return cmd.Run()
}

// measureReopening is in a process of its own, to see its memory.
func measureReopening(ctx context.Context, folder string, stdout io.Writer) error {
	began := time.Now()
	e, _, err := open(ctx, folder)
	if err != nil {
		return err
	}
	took := time.Since(began).Round(time.Millisecond)
	rss, err := memory()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "a process that opens them is ready after %v, with %s\n", took, rss)
	return e.Close()
}

// memory is what of this process is in memory, where the system says so.
func memory() (string, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "", err
	}
	_, rest, ok := bytes.Cut(status, []byte("VmRSS:"))
	if !ok {
		return "", errors.New("the system does not say how much memory is used")
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	kb, err := strconv.Atoi(strings.Fields(string(line))[0])
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d MB", kb/1000), nil
}
