// The program sharedstore is two receivers of Kombo's webhooks that share a
// database, so that a callback completes once whichever of them a delivery, or
// its repetition, comes to. It runs both in one process on loopback, each with
// its own connection to one SQLite file, sends the same signed delivery to both
// at once and to both again, and prints what was answered.
//
//	go run ./examples/sharedstore
//
// The store is package event/sqlstore. For Postgres or MySQL, open the database
// with its driver and pass its dialect in place of SQLite. The receivers of one
// endpoint must have the same handler name, since it is part of a delivery's
// key.
//
// The callback does its work in a transaction, and commits the delivery's claim
// with it, so that the work is done once whatever dies in between. See package
// event for what other callbacks must be ready for.
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
	"time"

	_ "modernc.org/sqlite"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/sqlstore"
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

	// The callbacks wait until the other receiver has answered, so that the two
	// deliveries do overlap.
	finish := make(chan struct{})
	var receivers []*receiver
	for _, name := range []string{"A", "B"} {
		r, err := newReceiver(ctx, name, filepath.Join(dir, "service.db"), finish)
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
	var syncs int
	if err := receivers[0].db.QueryRowContext(ctx, `SELECT COUNT(*) FROM syncs`).Scan(&syncs); err != nil {
		return err
	}
	if syncs != 1 {
		return fmt.Errorf("the work was done %d times", syncs)
	}
	fmt.Fprintln(stdout, "The work was done once.")
	return nil
}

// receiver is what would be a process of its own, on another machine perhaps:
// they have nothing in common but the database.
type receiver struct {
	name    string
	db      *sql.DB
	store   *sqlstore.Store
	handler *kombo.Handler
	server  *http.Server
	url     string
	kinds   chan event.Kind // of the delivery that was sent last
	finish  <-chan struct{}
}

func newReceiver(ctx context.Context, name, file string, finish <-chan struct{}) (_ *receiver, err error) {
	r := &receiver{name: name, kinds: make(chan event.Kind, 1), finish: finish}
	r.db, err = openSQLite(file)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.db.Close()
		}
	}()
	for _, schema := range []string{sqlstore.Schema(sqlstore.SQLite), `CREATE TABLE IF NOT EXISTS syncs (integration TEXT)`} {
		if _, err := r.db.ExecContext(ctx, schema); err != nil {
			return nil, err
		}
	}
	r.store, err = sqlstore.New(r.db, sqlstore.SQLite, nil)
	if err != nil {
		return nil, err
	}
	r.handler, err = kombo.NewHandler(secret, &event.Options{
		Store:   r.store,
		Observe: func(_ context.Context, result event.Result) { r.kinds <- result.Kind },
	})
	if err != nil {
		return nil, err
	}
	r.handler.OnDataChanged(r.onDataChanged)

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
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

// onDataChanged stands for what a service does about an event, in its own
// database.
func (r *receiver) onDataChanged(ctx context.Context, e *kombo.DataChanged) error {
	select {
	case <-r.finish:
	case <-ctx.Done():
		return ctx.Err()
	}
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `INSERT INTO syncs (integration) VALUES (?)`, string(e.IntegrationID)); err != nil {
		return err
	}
	if err := r.store.CommitTx(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
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
