package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// engine is one kind of inbox.
type engine struct {
	key  string
	Name string
	// Open opens the inbox that belongs to a folder, and makes it if it does
	// not exist. An engine that keeps its files elsewhere takes the folder's
	// name for a name of its own.
	Open func(ctx context.Context, dir string) (*instance, error)
	// Effects counts what callbacks have done by instance.Complete, and what of
	// it they did twice. Nil is an engine that cannot complete a delivery in the
	// callback's own transaction.
	Effects func(ctx context.Context, dir string) (ids, twice int, err error)
	Crash   func() error // kills the engine's server and starts it again; nil if it has none of its own
}

// instance is an inbox that is open.
type instance struct {
	Inbox interface {
		event.Inbox
		Stats(ctx context.Context) (*inbox.Stats, error)
	}
	NewWorker func(ctx context.Context, handlers ...event.Dispatcher) (worker, error)
	Complete  func(ctx context.Context, id string) error // does a callback's work and completes the delivery, in one transaction
	Stored    func(ctx context.Context) (int64, error)   // deliveries, whatever became of them
	Close     func() error
	Drop      func(ctx context.Context) error // removes what is stored, and closes
}

// worker runs callbacks.
type worker interface {
	Run(ctx context.Context) error
	Shutdown(ctx context.Context) error
}

// concurrency is what workers run at a time.
var concurrency int

var silent = slog.New(slog.DiscardHandler)

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("enginebench", flag.ContinueOnError)
	which := flags.String("engines", "jetstream,river", "which to measure")
	n := flags.Int("n", 5000, "deliveries for each number of senders")
	stored := flags.Int("stored", 200_000, "deliveries to store before a start; 0 leaves that out")
	kills := flags.Int("kills", 12, "how often to kill a receiver; 0 leaves that out")
	deliveries := flags.Int("deliveries", 25_000, "deliveries to send to the receiver that is killed")
	killServer := flags.Bool("server", false, "kill the private Postgres in place of the receiver; only with -engines river")
	flags.IntVar(&concurrency, "concurrency", 0, "callbacks that a worker runs at a time; 0 is the engine's default")
	dir := flags.String("dir", os.TempDir(), "where to make a folder: on the disk that is meant")
	if err := flags.Parse(args); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(*dir, "enginebench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	engines, stop, err := chosen(strings.Split(*which, ","))
	if err != nil {
		return err
	}
	defer stop()
	if err := measureDisk(folder, stdout); err != nil {
		return err
	}
	if err := measurePuts(ctx, engines, folder, *n, stdout); err != nil {
		return err
	}
	if err := measureWorkers(ctx, engines, folder, *n, stdout); err != nil {
		return err
	}
	if *kills > 0 {
		if err := measureKills(ctx, engines, folder, *kills, *deliveries, *killServer, stdout); err != nil {
			return err
		}
	}
	if *stored > 0 {
		return measureStarts(ctx, engines, folder, *stored, stdout)
	}
	return nil
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
	return &event.Delivery{Handler: handlerName, Provider: handlerName, Type: "data-changed", ID: strconv.Itoa(i), ReceivedAt: time.Now(), Body: body}
}

const handlerName = "kombo"

// counter is a handler whose callback does nothing.
type counter struct{ n atomic.Int64 }

func (c *counter) Name() string { return handlerName }
func (c *counter) Dispatch(context.Context, *event.Delivery) error {
	c.n.Add(1)
	return nil
}

// await waits until the counter has come to n.
func (c *counter) await(n int) error {
	for limit := time.Now().Add(10 * time.Minute); c.n.Load() < int64(n); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			return fmt.Errorf("%d of %d callbacks have run", c.n.Load(), n)
		}
	}
	return nil
}

// work starts a worker.
func (i *instance) work(ctx context.Context, h event.Dispatcher) (stop func() error, err error) {
	w, err := i.NewWorker(ctx, h)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	return func() error { return errors.Join(w.Shutdown(ctx), <-ended) }, nil
}

// put stores n deliveries, from number first on, and says how long each took,
// and all of them.
func (i *instance) put(ctx context.Context, senders, first, n int) (took []time.Duration, all time.Duration, err error) {
	took = make([]time.Duration, n)
	var next atomic.Int64
	errs := make([]error, senders)
	var wg sync.WaitGroup
	began := time.Now()
	for sender := range senders {
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				d := delivery(first + k)
				at := time.Now()
				if errs[sender] = i.Inbox.Put(ctx, d); errs[sender] != nil {
					return
				}
				took[k] = time.Since(at)
			}
		})
	}
	wg.Wait()
	return took, time.Since(began), errors.Join(errs...)
}

func measurePuts(ctx context.Context, engines []engine, folder string, n int, stdout io.Writer) error {
	fmt.Fprintf(stdout, "\n| engine | senders | Put p50 | Put p99 | stored per second | with a worker beside: Put p50 | Put p99 | stored per second | completed per second | that is |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, senders := range []int{1, 16, 64} {
		for _, e := range engines {
			fmt.Fprintf(stdout, "| %s | %d ", e.Name, senders)
			for _, work := range []bool{false, true} {
				if err := measurePut(ctx, e, filepath.Join(folder, fmt.Sprint(e.Name, senders, work)), senders, n, work, stdout); err != nil {
					return fmt.Errorf("%s: %w", e.Name, err)
				}
			}
			fmt.Fprintln(stdout, "|")
		}
	}
	return nil
}

func measurePut(ctx context.Context, e engine, dir string, senders, n int, work bool, stdout io.Writer) error {
	i, err := e.Open(ctx, dir)
	if err != nil {
		return err
	}
	c, stop := new(counter), func() error { return nil }
	if work {
		if stop, err = i.work(ctx, c); err != nil {
			return err
		}
	}
	warm := n / 10
	if _, _, err := i.put(ctx, senders, 0, warm); err != nil {
		return err
	}
	before := c.n.Load()
	took, all, err := i.put(ctx, senders, warm, n)
	if err != nil {
		return err
	}
	perSecond := float64(n) / all.Seconds()
	fmt.Fprintf(stdout, "| %v | %v | %.0f ", percentile(took, 50), percentile(took, 99), perSecond)
	if work {
		completed := float64(c.n.Load()-before) / all.Seconds()
		fmt.Fprintf(stdout, "| %.0f | %.0f %% ", completed, 100*completed/perSecond)
	}
	return errors.Join(stop(), i.Drop(ctx))
}

// measureWorkers says how fast a worker is when nothing else happens.
func measureWorkers(ctx context.Context, engines []engine, folder string, n int, stdout io.Writer) error {
	fmt.Fprintf(stdout, "\n| engine | completed per second, without senders |\n| --- | ---: |\n")
	for _, e := range engines {
		i, err := e.Open(ctx, filepath.Join(folder, e.Name+"worker"))
		if err != nil {
			return err
		}
		if _, _, err := i.put(ctx, 16, 0, n); err != nil {
			return err
		}
		c, began := new(counter), time.Now()
		stop, err := i.work(ctx, c)
		if err != nil {
			return err
		}
		if err := c.await(n); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "| %s | %.0f |\n", e.Name, float64(n)/time.Since(began).Seconds())
		if err := errors.Join(stop(), i.Drop(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// measureStarts says what many stored deliveries cost.
func measureStarts(ctx context.Context, engines []engine, folder string, n int, stdout io.Writer) error {
	fmt.Fprintf(stdout, "\n| engine, with %d stored | bytes each | memory after storing them | a new process stores and has run one after | Stats takes | its memory | Put p50 | Put p99 | and has run all after |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n", n)
	for _, e := range engines {
		dir := filepath.Join(folder, e.Name+"start")
		i, err := e.Open(ctx, dir)
		if err != nil {
			return err
		}
		if _, _, err := i.put(ctx, 16, 0, n); err != nil {
			return err
		}
		stats, err := i.Inbox.Stats(ctx)
		if err != nil {
			return err
		}
		after, err := memory()
		if err != nil {
			return err
		}
		if err := i.Close(); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "| %s | %d | %s ", e.Name, stats.Bytes/int64(n), after)
		if err := startChild(e, dir, n, stdout); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "|")
	}
	return nil
}

// begin is the process that starts with n deliveries stored, none of which has
// run.
func begin(ctx context.Context, e engine, dir string, n int, stdout io.Writer) error {
	began := time.Now()
	i, err := e.Open(ctx, dir)
	if err != nil {
		return err
	}
	if err := i.Inbox.Put(ctx, delivery(n)); err != nil {
		return err
	}
	c := new(counter)
	stop, err := i.work(ctx, c)
	if err != nil {
		return err
	}
	if err := c.await(1); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "| %v ", time.Since(began).Round(time.Millisecond))
	at := time.Now()
	if _, err := i.Inbox.Stats(ctx); err != nil {
		return err
	}
	took := time.Since(at).Round(time.Millisecond)
	if err := c.await(n + 1); err != nil {
		return err
	}
	all := time.Since(began).Round(10 * time.Millisecond)
	rss, err := memory()
	if err != nil {
		return err
	}
	puts, _, err := i.put(ctx, 1, n+1, 500)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "| %v | %s | %v | %v | %v ", took, rss, percentile(puts, 50), percentile(puts, 99), all)
	return errors.Join(stop(), i.Drop(ctx))
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
