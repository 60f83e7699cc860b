package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/riverqueue"
	"github.com/atshooks/atshooks/internal/testdb"
	"github.com/atshooks/atshooks/kombo"
)

const (
	childSchema = "MEASURE_CHILD_SCHEMA"
	childURL    = "MEASURE_CHILD_URL"
	childPort   = "MEASURE_CHILD_PORT"

	secret = "a secret for the measurement only"
)

// receive is the process that is killed: a receiver of Kombo's webhooks, and
// its worker. Callbacks of deliveries with an even number write what they did
// by themselves, those with an odd number in a transaction that completes the
// delivery as well.
func receive(ctx context.Context) error {
	s, err := open(ctx, os.Getenv(childURL), os.Getenv(childSchema), riverqueue.Options{})
	if err != nil {
		return err
	}
	k, err := kombo.NewHandler(secret, &event.Options{Inbox: s.inbox, Logger: silent})
	if err != nil {
		return err
	}
	table := pgx.Identifier{s.schema, "effects"}.Sanitize()
	k.OnDataChanged(func(ctx context.Context, _ *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		time.Sleep(rand.N(4 * time.Millisecond))
		if strings.HasPrefix(d.ID, "even") {
			_, err := s.pool.Exec(ctx, "INSERT INTO "+table+" VALUES ($1)", d.ID)
			return err
		}
		tx, err := s.pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx))
		if _, err := tx.Exec(ctx, "INSERT INTO "+table+" VALUES ($1)", d.ID); err != nil {
			return err
		}
		if err := riverqueue.Complete(ctx, tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	w, err := riverqueue.NewWorker(ctx, s.inbox, &riverqueue.WorkerOptions{Timeout: time.Second, Logger: silent}, k)
	if err != nil {
		return err
	}
	go func() { _ = w.Run(ctx) }()
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv(childPort))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return http.Serve(listener, k)
}

// child starts the receiver and waits until it is ready.
func child(url, schema, port string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childURL+"="+url, childSchema+"="+schema, childPort+"="+port)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		return nil, errors.Join(fmt.Errorf("the receiver said %q", line), err, cmd.Wait())
	}
	return cmd, nil
}

// kill sends deliveries to a receiver that is killed again and again, or whose
// database server is, sends each until it is acknowledged, and one in twenty
// twice.
func kill(ctx context.Context, url string, server *testdb.Server, kills int, stdout io.Writer) error {
	s, err := open(ctx, url, "", riverqueue.Options{})
	if err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, "CREATE TABLE "+s.schema+".effects (id text)"); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	cmd, err := child(url, s.schema, port)
	if err != nil {
		return err
	}
	signer, err := kombo.NewHandler(secret, nil)
	if err != nil {
		return err
	}
	var acknowledged, resent, next atomic.Int64
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	const senders = 16
	for range senders {
		group.Go(func() {
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
			for sending.Err() == nil {
				n := next.Add(1)
				id := fmt.Sprintf("%s-%d", []string{"even", "odd"}[n%2], n)
				r := &event.Request{Body: fmt.Appendf(nil, `{"id":%q,"type":"data-changed","data":{"integration_id":"a:1","changed_models":[],"more":%q}}`, id, strings.Repeat("x", 1900))}
				if signer.Sign(ctx, r) != nil {
					return
				}
				times := 1 + int(n%20/19)
				for sent := 0; sent < times; {
					if send(client, "http://127.0.0.1:"+port, r) {
						sent++
					} else {
						resent.Add(1)
						time.Sleep(50 * time.Millisecond)
					}
				}
				acknowledged.Add(1)
			}
		})
	}
	began := time.Now()
	for n := range kills {
		time.Sleep(800*time.Millisecond + rand.N(1200*time.Millisecond))
		if server != nil {
			if err := server.Crash(); err != nil {
				return err
			}
			continue
		}
		if err := errors.Join(cmd.Process.Kill(), ignored(cmd.Wait())); err != nil {
			return err
		}
		if cmd, err = child(url, s.schema, port); err != nil {
			return fmt.Errorf("after kill %d: %w", n+1, err)
		}
	}
	time.Sleep(time.Second)
	stop()
	group.Wait()
	loaded := time.Since(began)
	began = time.Now()
	for {
		stats, err := s.inbox.Stats(ctx)
		if err != nil {
			return err
		}
		if stats.Waiting+stats.Running+stats.Retrying == 0 {
			break
		}
		if time.Since(began) > 5*time.Minute {
			return fmt.Errorf("not done: %+v", stats)
		}
		time.Sleep(200 * time.Millisecond)
	}
	drained := time.Since(began)
	err = errors.Join(cmd.Process.Kill(), ignored(cmd.Wait()))
	var completed, distinct, dead, even, evenTwice, odd, oddTwice int64
	err = errors.Join(err,
		s.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'completed'), count(DISTINCT unique_key), count(*) FILTER (WHERE state IN ('cancelled', 'discarded'))
FROM `+s.schema+`.river_job WHERE kind = 'atshooks_delivery'`).Scan(&completed, &distinct, &dead),
		s.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE id LIKE 'even%'), count(*) FILTER (WHERE id LIKE 'even%' AND n > 1),
	count(*) FILTER (WHERE id LIKE 'odd%'), count(*) FILTER (WHERE id LIKE 'odd%' AND n > 1)
FROM (SELECT id, count(*) AS n FROM `+s.schema+`.effects GROUP BY id) AS e`).Scan(&even, &evenTwice, &odd, &oddTwice))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d kills in %v, %d deliveries acknowledged, %d times sent again after an error\n", kills, loaded.Round(time.Second), acknowledged.Load(), resent.Load())
	fmt.Fprintf(stdout, "lost %d; stored twice %d; dead letters %d; all done %v after the last one was sent\n",
		acknowledged.Load()-(even+odd), completed+dead-distinct, dead, drained.Round(time.Second))
	fmt.Fprintf(stdout, "effects of callbacks that return nil: %d, of them twice: %d\n", even, evenTwice)
	fmt.Fprintf(stdout, "effects of callbacks that call Complete: %d, of them twice: %d\n", odd, oddTwice)
	return s.close(ctx)
}

// ignored forgets the error of a process that was killed.
func ignored(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

func send(client *http.Client, url string, signed *event.Request) bool {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(signed.Body))
	if err != nil {
		return false
	}
	req.Header = signed.Header.Clone()
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK
}
