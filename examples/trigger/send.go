package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// delivery is what goes over the wire.
type delivery struct {
	header http.Header
	body   []byte
}

// checkTarget refuses other machines: a test that goes to a vendor's or a
// customer's endpoint by mistake makes real hires.
func checkTarget(target string, allowRemote bool) error {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("-url is no http or https URL")
	}
	if allowRemote || u.Hostname() == "localhost" {
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s is not on this machine; -allow-remote sends there all the same", u.Hostname())
}

// tally counts what came back.
type tally struct {
	mu        sync.Mutex
	statuses  map[string]int
	latencies []time.Duration
	last      string // the last answer's body
}

func (t *tally) add(status, body string, took time.Duration) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.statuses[status]++
	t.latencies = append(t.latencies, took)
	t.last = body
	return len(t.latencies)
}

// send sends c.count deliveries, c.concurrency at once, and prints a summary.
// Each is signed anew, as a vendor's retries may be.
func send(ctx context.Context, c command, next func(i int) (delivery, error), stdout, stderr io.Writer) error {
	// Proxies and redirects would take the delivery elsewhere.
	client := &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{MaxIdleConnsPerHost: c.concurrency},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
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
				status, body, took := post(ctx, client, c.url, d)
				if n := t.add(status, body, took); c.count > 1 {
					fmt.Fprintf(stderr, "\r%d of %d", n, c.count)
				}
			}
		})
	}
	wg.Wait()
	if c.count > 1 {
		fmt.Fprintln(stderr)
	}
	select {
	case err := <-errs:
		return err
	default:
	}
	t.print(stdout)
	return ctx.Err()
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

func post(ctx context.Context, client *http.Client, target string, d delivery) (status, body string, took time.Duration) {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(d.body))
	if err != nil {
		return "not sent: " + err.Error(), "", 0
	}
	req.Header = d.header
	resp, err := client.Do(req)
	if err != nil {
		return "no answer: " + errors.Unwrap(err).Error(), "", time.Since(began)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	return resp.Status, string(text), time.Since(began)
}

func (t *tally) print(w io.Writer) {
	for _, status := range slices.Sorted(maps.Keys(t.statuses)) {
		fmt.Fprintf(w, "%6d  %s\n", t.statuses[status], status)
	}
	if len(t.latencies) == 1 && t.last != "" {
		fmt.Fprintln(w, t.last)
	}
	if n := len(t.latencies); n > 0 {
		slices.Sort(t.latencies)
		at := func(q float64) time.Duration { return t.latencies[min(n-1, int(q*float64(n)))].Round(time.Microsecond) }
		fmt.Fprintf(w, "latency: median %v, 99%% %v, longest %v\n", at(0.5), at(0.99), t.latencies[n-1].Round(time.Microsecond))
	}
}
