// The program measure prints the figures of event/riverqueue's README: how long
// Put takes, how many deliveries a second there are, what a backlog costs, and
// what is lost or runs twice when the receiver is killed. It is bounded, and
// works in schemas of its own, on the server that ATSHOOKS_POSTGRES_URL names
// or on a private one.
//
//	cd event/riverqueue && go run ./internal/measure
//	cd event/riverqueue && go run ./internal/measure -kills 15
//	cd event/riverqueue && go run ./internal/measure -kills 10 -server
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/riverqueue"
	"github.com/atshooks/atshooks/internal/testdb"
)

func main() {
	if os.Getenv(childSchema) != "" {
		log.Fatal(receive(context.Background()))
	}
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	n := flags.Int("n", 5000, "deliveries for each number of senders")
	backlog := flags.Int("backlog", 200_000, "deliveries to store for the measurement of a backlog; 0 is none")
	kills := flags.Int("kills", 0, "only kill a receiver under load so many times")
	killServer := flags.Bool("server", false, "kill the private server, and not the receiver")
	if err := flags.Parse(args); err != nil {
		return err
	}
	url := os.Getenv("ATSHOOKS_POSTGRES_URL")
	var server *testdb.Server
	if url == "" || *killServer {
		var err error
		if server, err = testdb.StartPostgres(); err != nil {
			return err
		}
		defer server.Stop()
		url = server.URL
	}
	if *kills > 0 {
		if !*killServer {
			server = nil
		}
		return kill(ctx, url, server, *kills, stdout)
	}
	fmt.Fprintf(stdout, "| senders | Put p50 | Put p99 | deliveries a second | completed meanwhile, a second |\n| ---: | ---: | ---: | ---: | ---: |\n")
	for _, senders := range []int{1, 16, 64} {
		for _, work := range []bool{false, true} {
			if err := measurePut(ctx, url, senders, *n, work, stdout); err != nil {
				return err
			}
		}
	}
	if err := measureWorker(ctx, url, *n, stdout); err != nil {
		return err
	}
	if *backlog == 0 {
		return nil
	}
	return measureBacklog(ctx, url, *backlog, stdout)
}

// scene is an inbox in a schema of its own.
type scene struct {
	pool   *pgxpool.Pool
	schema string
	inbox  *riverqueue.Inbox
}

var schemas atomic.Int64

// connections is how many a service of this kind might have.
const connections = 16

func open(ctx context.Context, url, schema string, o riverqueue.Options) (*scene, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &scene{pool: pool, schema: schema}
	if s.schema == "" {
		s.schema = fmt.Sprintf("measure_%d_%d", os.Getpid(), schemas.Add(1))
	}
	if err := riverqueue.Migrate(ctx, pool, s.schema); err != nil {
		return nil, err
	}
	o.Schema, o.Logger = s.schema, silent
	s.inbox, err = riverqueue.NewInbox(ctx, pool, &o)
	return s, err
}

func (s *scene) close(ctx context.Context) error {
	defer s.pool.Close()
	_, err := s.pool.Exec(ctx, "DROP SCHEMA "+s.schema+" CASCADE")
	return err
}

var silent = slog.New(slog.DiscardHandler)

func percentile(d []time.Duration, p int) time.Duration {
	slices.Sort(d)
	return d[(len(d)-1)*p/100].Round(10 * time.Microsecond)
}

// delivery is one of about 2 kB, half of which is random, as Postgres compresses
// what is not.
func delivery(i int) *event.Delivery {
	noise := make([]byte, 500)
	rand.Read(noise)
	body := fmt.Appendf(nil, `{"id":"event-%d","type":"data-changed","data":"%s%x"}`, i, strings.Repeat("text ", 200), noise)
	return &event.Delivery{Handler: "kombo", Provider: "kombo", Type: "data-changed", ID: strconv.Itoa(i), ReceivedAt: time.Now(), Body: body}
}

// counter is a handler whose callback does nothing.
type counter struct{ n atomic.Int64 }

func (c *counter) Name() string { return "kombo" }
func (c *counter) Dispatch(context.Context, *event.Delivery) error {
	c.n.Add(1)
	return nil
}

// work starts a worker.
func (s *scene) work(ctx context.Context, c *counter, concurrency int) (stop func() error, err error) {
	w, err := riverqueue.NewWorker(ctx, s.inbox, &riverqueue.WorkerOptions{Concurrency: concurrency, Logger: silent}, c)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	return func() error { return errors.Join(w.Shutdown(ctx), <-ended) }, nil
}

func measurePut(ctx context.Context, url string, senders, n int, work bool, stdout io.Writer) error {
	s, err := open(ctx, url, "", riverqueue.Options{})
	if err != nil {
		return err
	}
	label, c, stop := strconv.Itoa(senders), new(counter), func() error { return nil }
	if work {
		label += ", and a worker"
		if stop, err = s.work(ctx, c, 0); err != nil {
			return err
		}
	}
	if _, _, err := put(ctx, s.inbox, senders, 0, n/10); err != nil { // to warm up
		return err
	}
	before := c.n.Load()
	took, all, err := put(ctx, s.inbox, senders, n, n)
	if err != nil {
		return err
	}
	completed := float64(c.n.Load()-before) / all.Seconds()
	fmt.Fprintf(stdout, "| %s | %v | %v | %.0f | %.0f |\n", label, percentile(took, 50), percentile(took, 99), float64(n)/all.Seconds(), completed)
	return errors.Join(stop(), s.close(ctx))
}

// put stores n deliveries, and returns how long each took and all together.
func put(ctx context.Context, inbox *riverqueue.Inbox, senders, first, n int) ([]time.Duration, time.Duration, error) {
	took := make([]time.Duration, n)
	var next, failures atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range senders {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				d, began := delivery(first+i), time.Now()
				if inbox.Put(ctx, d) != nil {
					failures.Add(1)
				}
				took[i] = time.Since(began)
			}
		})
	}
	group.Wait()
	if n := failures.Load(); n > 0 {
		return nil, 0, fmt.Errorf("%d deliveries were not stored", n)
	}
	return took, time.Since(began), nil
}

// measureWorker says how fast a worker is when nothing else happens.
func measureWorker(ctx context.Context, url string, n int, stdout io.Writer) error {
	fmt.Fprintf(stdout, "\n| callbacks at a time | completed a second, without senders |\n| ---: | ---: |\n")
	for _, concurrency := range []int{8, 32, 128} {
		s, err := open(ctx, url, "", riverqueue.Options{})
		if err != nil {
			return err
		}
		if _, _, err := put(ctx, s.inbox, 16, 0, n); err != nil {
			return err
		}
		c, began := new(counter), time.Now()
		stop, err := s.work(ctx, c, concurrency)
		if err != nil {
			return err
		}
		for c.n.Load() < int64(n) {
			time.Sleep(time.Millisecond)
		}
		fmt.Fprintf(stdout, "| %d | %.0f |\n", concurrency, float64(n)/time.Since(began).Seconds())
		if err := errors.Join(stop(), s.close(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// measureBacklog says what many stored deliveries cost.
func measureBacklog(ctx context.Context, url string, n int, stdout io.Writer) error {
	s, err := open(ctx, url, "", riverqueue.Options{KeepBodies: -1})
	if err != nil {
		return err
	}
	if _, _, err := put(ctx, s.inbox, 16, 0, n); err != nil {
		return err
	}
	before := memory()
	began := time.Now()
	reopened, err := open(ctx, url, s.schema, riverqueue.Options{KeepBodies: -1})
	if err != nil {
		return err
	}
	c := new(counter)
	stop, err := reopened.work(ctx, c, 0)
	if err != nil {
		return err
	}
	for c.n.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	fmt.Fprintf(stdout, "\nwith %d waiting: the first callback after %v; ", n, time.Since(began).Round(time.Millisecond))
	began = time.Now()
	stats, err := s.inbox.Stats(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Stats takes %v; %d bytes each; ", time.Since(began).Round(time.Millisecond), stats.Bytes/int64(n))
	took, _, err := put(ctx, s.inbox, 1, n, 500)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Put p50 %v, p99 %v; heap %+d KiB\n", percentile(took, 50), percentile(took, 99), (int64(memory())-int64(before))/1024)
	if err := stop(); err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, "UPDATE "+s.schema+".river_job SET state = 'completed', finalized_at = now() - interval '1 hour' WHERE kind = 'atshooks_delivery'"); err != nil {
		return err
	}
	for range 2 {
		began = time.Now()
		dropped, err := s.inbox.Prune(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Prune drops %d bodies in %v\n", dropped, time.Since(began).Round(time.Millisecond))
	}
	reopened.pool.Close()
	return s.close(ctx)
}

func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
