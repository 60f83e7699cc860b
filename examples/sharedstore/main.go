// The program sharedstore is two receivers of Kombo's webhooks that share a
// database, so that a callback completes once whichever of them a delivery, or
// its repetition, comes to. It runs both in one process on loopback, each with
// its own connection to one SQLite file, sends the same signed delivery to both
// at once and to both again, and prints what was answered.
//
//	go run ./examples/sharedstore
//
// Its store.go is an event.Store on database/sql to copy: one table, and SQL
// that SQLite and Postgres both understand. For Postgres, open the database
// with its driver and pass Postgres in place of SQLite to NewStore. The
// receivers of one endpoint must have the same handler name, since it is part
// of a delivery's key. Call Purge now and then.
//
// A callback completes once, and may still run twice: its receiver can die
// after the work and before the store knows. See package event for what
// callbacks must be ready for.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
)

// secret stands for what Kombo's dashboard shows. A service reads its own from
// the environment.
const secret = "a secret for the example only"

const delivery = `{"id":"b7e4c1","type":"data-changed","data":{"integration_id":"personio:1","changed_models":[]}}`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	dir, err := os.MkdirTemp("", "sharedstore")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	// The callback waits until the other receiver has answered, so that the
	// two deliveries do overlap.
	finish := make(chan struct{})
	var completed atomic.Int64
	callback := func(ctx context.Context, _ *kombo.DataChanged) error {
		select {
		case <-finish:
			completed.Add(1)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var receivers []*receiver
	for _, name := range []string{"A", "B"} {
		r, err := newReceiver(ctx, name, filepath.Join(dir, "claims.db"), callback)
		if err != nil {
			return err
		}
		defer r.close()
		receivers = append(receivers, r)
	}

	signed := event.Request{Body: []byte(delivery)}
	if err := receivers[0].handler.Sign(ctx, &signed); err != nil {
		return err
	}
	answers := make(chan answer, len(receivers))
	for _, r := range receivers {
		go func() { answers <- r.send(ctx, &signed) }()
	}
	fmt.Fprintln(stdout, "The delivery comes to both receivers at once:")
	first := <-answers
	close(finish)
	for _, a := range []answer{first, <-answers} {
		if err := a.print(stdout); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, "and again:")
	for _, r := range receivers {
		if err := r.send(ctx, &signed).print(stdout); err != nil {
			return err
		}
	}
	if n := completed.Load(); n != 1 {
		return fmt.Errorf("the callback completed %d times", n)
	}
	fmt.Fprintln(stdout, "The callback completed once.")
	return nil
}

// receiver is what would be a process of its own, on another machine perhaps:
// they have nothing in common but the database.
type receiver struct {
	name    string
	db      *sql.DB
	handler *kombo.Handler
	server  *http.Server
	url     string
	kinds   chan event.Kind // of the delivery that was sent last
}

func newReceiver(ctx context.Context, name, file string, fn func(context.Context, *kombo.DataChanged) error) (_ *receiver, err error) {
	r := &receiver{name: name, kinds: make(chan event.Kind, 1)}
	r.db, err = openSQLite(file)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.db.Close()
		}
	}()
	store := NewStore(r.db, SQLite, 0)
	if err := store.Create(ctx); err != nil {
		return nil, err
	}
	r.handler, err = kombo.NewHandler(secret, &event.Options{
		Store:   store,
		Observe: func(_ context.Context, result event.Result) { r.kinds <- result.Kind },
	})
	if err != nil {
		return nil, err
	}
	r.handler.OnDataChanged(fn)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r.url = "http://" + listener.Addr().String() + "/hooks/kombo"
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", r.handler)
	r.server = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	go r.server.Serve(listener)
	return r, nil
}

// openSQLite opens a file that other processes may have open too. With WAL,
// readers and the writer do not wait for each other; writers take turns, which
// busy_timeout makes them wait for. A process needs one connection for that.
func openSQLite(file string) (*sql.DB, error) {
	path := url.URL{Path: filepath.ToSlash(file)}
	db, err := sql.Open("sqlite", "file:"+path.EscapedPath()+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (r *receiver) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(r.server.Shutdown(ctx), r.db.Close()); err != nil {
		log.Print(err)
	}
}

// answer is what became of a delivery.
type answer struct {
	receiver string
	status   int
	kind     event.Kind
	err      error
}

func (a answer) print(w io.Writer) error {
	if a.err == nil {
		_, a.err = fmt.Fprintf(w, "  %s answered %d, %s\n", a.receiver, a.status, a.kind)
	}
	return a.err
}

// send delivers to this receiver, as Kombo would.
func (r *receiver) send(ctx context.Context, signed *event.Request) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(signed.Body))
	if err != nil {
		return answer{err: err}
	}
	req.Header = signed.Header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{err: err}
	}
	resp.Body.Close()
	return answer{receiver: r.name, status: resp.StatusCode, kind: <-r.kinds}
}
