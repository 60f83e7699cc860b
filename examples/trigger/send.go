package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/atshooks/atshooks/examples/internal/send"
)

// delivery is what goes over the wire.
type delivery struct {
	header http.Header
	body   []byte
}

// tally counts what came back.
type tally struct {
	mu        sync.Mutex
	statuses  map[string]int
	failed    int // were not responded to with 2xx
	latencies []time.Duration
	last      send.Response
}

func (t *tally) add(r send.Response) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.statuses[r.Status]++
	t.latencies = append(t.latencies, r.Took)
	t.last = r
	if r.Code/100 != 2 {
		t.failed++
	}
	return len(t.latencies)
}

// sendAll sends c.count deliveries, c.concurrency at once, and prints a summary.
// Each is signed anew, as a vendor's retries may be.
func sendAll(ctx context.Context, c command, next func(i int) (delivery, error), stdout, stderr io.Writer) (*tally, error) {
	client := send.NewClient(c.allowRemote, c.concurrency)
	defer client.CloseIdleConnections()
	t := &tally{statuses: map[string]int{}}
	jobs := producer(ctx, c.count)
	errs := make(chan error, c.concurrency)
	var wg sync.WaitGroup
	for range c.concurrency {
		wg.Go(func() {
			for i := range jobs {
				d, err := next(i)
				if err != nil {
					errs <- err
					return
				}
				r := send.Post(ctx, client, c.url, d.header, d.body)
				if n := t.add(r); c.count >= 1000 && n%1000 == 0 {
					fmt.Fprintf(stderr, "%d of %d\n", n, c.count)
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
	}
	t.print(stdout)
	return t, ctx.Err()
}

// producer numbers the deliveries until there are enough or ctx ends.
func producer(ctx context.Context, count int) <-chan int {
	jobs := make(chan int)
	go func() {
		defer close(jobs)
		for i := range count {
			select {
			case jobs <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	return jobs
}

func (t *tally) print(w io.Writer) {
	for _, status := range slices.Sorted(maps.Keys(t.statuses)) {
		fmt.Fprintf(w, "%6d  %s\n", t.statuses[status], status)
	}
	if len(t.latencies) == 1 && len(t.last.Body) > 0 {
		fmt.Fprintf(w, "%s\n", t.last.Body)
	}
	if n := len(t.latencies); n > 0 {
		slices.Sort(t.latencies)
		at := func(q float64) time.Duration { return t.latencies[min(n-1, int(q*float64(n)))].Round(time.Microsecond) }
		fmt.Fprintf(w, "latency: median %v, 99%% %v, longest %v\n", at(0.5), at(0.99), t.latencies[n-1].Round(time.Microsecond))
	}
}
