package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
	"github.com/atshooks/atshooks/event/riverqueue"
)

// engine is all that depends on where deliveries are stored.
type engine struct {
	inbox     store
	newWorker func(ctx context.Context, handlers ...event.Dispatcher) (worker, error)
	close     func()
}

// store is what both inboxes have.
type store interface {
	event.Inbox
	Stats(ctx context.Context) (*inbox.Stats, error)
	DeadLetters(ctx context.Context, after string, limit int) ([]*inbox.DeadLetter, error)
	Rerun(ctx context.Context, ref string) error
}

// worker is what both workers have.
type worker interface {
	Run(ctx context.Context) error
	Shutdown(ctx context.Context) error
}

func openEngine(ctx context.Context, name, url, dir string) (*engine, error) {
	switch {
	case name == "postgres" && url != "":
		return openPostgres(ctx, url)
	case name == "postgres":
		return nil, errors.New("-engine postgres needs -url")
	case name == "nats" && url != "":
		return openServer(ctx, url)
	case name == "nats":
		return openInside(ctx, dir)
	}
	return nil, fmt.Errorf("-engine %s: there are nats and postgres", name)
}

func openPostgres(ctx context.Context, url string) (*engine, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	in, err := newRiver(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &engine{
		inbox: in,
		newWorker: func(ctx context.Context, handlers ...event.Dispatcher) (worker, error) {
			return riverqueue.NewWorker(ctx, in, nil, handlers...)
		},
		close: pool.Close,
	}, nil
}

func newRiver(ctx context.Context, pool *pgxpool.Pool) (*riverqueue.Inbox, error) {
	if err := riverqueue.Migrate(ctx, pool, ""); err != nil {
		return nil, err
	}
	return riverqueue.NewInbox(ctx, pool, nil)
}

// openInside runs the engine in this process.
func openInside(ctx context.Context, dir string) (*engine, error) {
	inside, err := embedded.Open(dir, nil)
	if err != nil {
		return nil, err
	}
	closeInside := func() {
		if err := inside.Close(); err != nil {
			log.Print(err)
		}
	}
	in, err := jetstream.NewInbox(ctx, inside.Conn(), nil)
	if err != nil {
		closeInside()
		return nil, err
	}
	return jetstreamEngine(in, closeInside), nil
}

func openServer(ctx context.Context, url string) (*engine, error) {
	conn, err := jetstream.Connect(url)
	if err != nil {
		return nil, err
	}
	in, err := jetstream.NewInbox(ctx, conn, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return jetstreamEngine(in, conn.Close), nil
}

func jetstreamEngine(in *jetstream.Inbox, closeAll func()) *engine {
	return &engine{
		inbox: in,
		newWorker: func(ctx context.Context, handlers ...event.Dispatcher) (worker, error) {
			return jetstream.NewWorker(ctx, in, nil, handlers...)
		},
		close: closeAll,
	}
}

// listDeadLetters lists what was given up, and runs it again if told to.
func listDeadLetters(ctx context.Context, in store, rerun bool, stdout io.Writer) error {
	for after := ""; ; {
		page, err := in.DeadLetters(ctx, after, 100)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, l := range page {
			fmt.Fprintf(stdout, "dead letter %s %s %s, %s after %d attempts: %s\n", l.Handler, l.Type, l.ID, l.Reason, l.Attempts, l.Error)
			after = l.Ref
			if !rerun {
				continue
			}
			if err := in.Rerun(ctx, l.Ref); err != nil && !errors.Is(err, inbox.ErrGone) {
				return err
			}
		}
	}
}
