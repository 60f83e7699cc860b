package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
)

// A program that is started with these is a process to be measured.
const (
	envEngine  = "ATSHOOKS_MEASURE_ENGINE"
	envDir     = "ATSHOOKS_MEASURE_DIR"
	envStored  = "ATSHOOKS_MEASURE_STORED" // or a receiver
	envJournal = "ATSHOOKS_MEASURE_JOURNAL"

	secret = "a secret for the measurement only"

	// completing begins the ids of the deliveries whose callbacks complete them.
	completing = "completing"
)

// runChild does what a process does that was started by this package.
func runChild(ctx context.Context, name string) error {
	e, ok := engines[name]
	if !ok {
		return fmt.Errorf("no engine %q", name)
	}
	if stored := os.Getenv(envStored); stored != "" {
		n, err := strconv.Atoi(stored)
		if err != nil {
			return err
		}
		return begin(ctx, e, os.Getenv(envDir), n, os.Stdout)
	}
	return receive(ctx, e)
}

func childCommand(e engine, dir string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), envEngine+"="+e.key, envDir+"="+dir), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// startChild measures a start in a process of its own, to see its memory.
func startChild(e engine, dir string, n int, stdout io.Writer) error {
	cmd := childCommand(e, dir, envStored+"="+strconv.Itoa(n))
	cmd.Stdout = stdout
	return cmd.Run()
}

// receive is the process that is killed: a receiver of webhooks and its worker.
// It writes the id of each delivery whose callback has done its work into a
// journal, and those of every other one into the engine's database, if it has one.
func receive(ctx context.Context, e engine) error {
	i, err := e.Open(ctx, os.Getenv(envDir))
	if err != nil {
		return err
	}
	journal, err := os.OpenFile(os.Getenv(envJournal), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	k, err := kombo.NewHandler(secret, &event.Options{Inbox: i.Inbox, Logger: silent})
	if err != nil {
		return err
	}
	k.OnDataChanged(func(ctx context.Context, _ *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		time.Sleep(rand.N(4 * time.Millisecond)) // so that kills find some at work
		if i.Complete != nil && strings.HasPrefix(d.ID, completing) {
			return i.Complete(ctx, d.ID)
		}
		_, err := journal.WriteString(d.ID + "\n")
		return err
	})
	if _, err := i.work(ctx, k); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, k) }() // until the process ends
	fmt.Println(l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin) // which the parent's end closes
	return nil
}

// receiver is one that runs, as its killer sees it.
type receiver struct {
	cmd func() *exec.Cmd
	run *exec.Cmd
	url atomic.Pointer[string]
}

func (r *receiver) start() error {
	r.run = r.cmd()
	if _, err := r.run.StdinPipe(); err != nil {
		return err
	}
	out, err := r.run.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.run.Start(); err != nil {
		return err
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the receiver did not start: %w", err)
	}
	url := "http://" + strings.TrimSpace(addr) + "/"
	r.url.Store(&url)
	return nil
}

func (r *receiver) kill() {
	_ = r.run.Process.Kill()
	_ = r.run.Wait()
}

func measureKills(ctx context.Context, engines []engine, folder string, kills, deliveries int, server bool, stdout io.Writer) error {
	fmt.Fprintf(stdout, "\n| engine, kill -9 | acknowledged | sent again after an error | lost | stored twice | callbacks run twice | of them in a transaction that completes |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, e := range engines {
		if server && e.Crash == nil {
			return fmt.Errorf("%s has no server of this program's to kill", e.Name)
		}
		if err := measureKill(ctx, e, filepath.Join(folder, e.Name+"kill"), kills, deliveries, server, stdout); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	return nil
}

// measureKill sends deliveries to a receiver that is killed again and again, or
// whose server is, each until it is acknowledged, and one in twenty twice.
func measureKill(ctx context.Context, e engine, dir string, kills, deliveries int, server bool, stdout io.Writer) error {
	journal := dir + ".journal"
	r := &receiver{cmd: func() *exec.Cmd { return childCommand(e, dir, envJournal+"="+journal) }}
	if err := r.start(); err != nil {
		return err
	}
	defer func() { r.kill() }()
	signer, err := kombo.NewHandler(secret, nil)
	if err != nil {
		return err
	}
	const senders = 16
	var next, acknowledged, again atomic.Int64
	var wg sync.WaitGroup
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	for range senders {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(deliveries); n = next.Add(1) {
				id := []string{completing, "event"}[n%2]
				body := fmt.Appendf(nil, `{"id":"%s-%d","type":"data-changed","data":{"integration_id":"a:1","changed_models":[],"more":"%s"}}`, id, n, strings.Repeat("x", 1900))
				for range 1 + n%20/19 {
					for !send(ctx, client, signer, *r.url.Load(), body) {
						again.Add(1)
						time.Sleep(20 * time.Millisecond)
					}
				}
				acknowledged.Add(1)
			}
		})
	}
	for k := range kills {
		for acknowledged.Load() < int64((k+1)*deliveries/(kills+1)) {
			time.Sleep(5 * time.Millisecond)
		}
		if server {
			if err := e.Crash(); err != nil {
				return err
			}
			continue
		}
		r.kill()
		if err := r.start(); err != nil {
			return err
		}
	}
	wg.Wait()
	ids, twice, completedTwice, err := e.await(ctx, dir, journal, deliveries)
	if err != nil {
		return err
	}
	r.kill()
	i, err := e.Open(ctx, dir)
	if err != nil {
		return err
	}
	stored, err := i.Stored(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "| %s, %d kills | %d | %d | %d | %d | %d | %s |\n", e.Name, kills, acknowledged.Load(), again.Load(), deliveries-ids, stored-int64(deliveries), twice, completedTwice)
	return i.Drop(ctx)
}

// await waits until the callback of each delivery has done its work, or no more
// do. completedTwice is a text, for not every engine has such callbacks.
func (e engine) await(ctx context.Context, dir, journal string, want int) (ids, twice int, completedTwice string, err error) {
	last := time.Now()
	for before := -1; ; time.Sleep(200 * time.Millisecond) {
		ids, twice, completedTwice = 0, 0, ""
		if e.Effects != nil {
			n, again, err := e.Effects(ctx, dir)
			if err != nil {
				return 0, 0, "", err
			}
			ids, twice, completedTwice = n, again, fmt.Sprintf("%d of %d", again, n)
		}
		lines, err := os.ReadFile(journal)
		if err != nil {
			return 0, 0, "", err
		}
		counts := make(map[string]int)
		for line := range strings.Lines(string(lines)) {
			counts[line]++
		}
		for _, n := range counts {
			if n > 1 {
				twice++
			}
		}
		ids += len(counts)
		if ids != before {
			before, last = ids, time.Now()
		}
		if ids >= want || time.Since(last) > 3*time.Minute {
			return ids, twice, completedTwice, nil
		}
	}
}

// send delivers a body, and reports whether it was acknowledged.
func send(ctx context.Context, client *http.Client, signer *kombo.Handler, url string, body []byte) bool {
	r := &event.Request{Body: body}
	if signer.Sign(ctx, r) != nil {
		return false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header = r.Header
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK
}
