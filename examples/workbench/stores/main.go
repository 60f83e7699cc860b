// The program stores is the workbench with dead letters: its page also lists what
// an inbox of this module has given up, with the reasons, and lets one rerun or
// discard it.
//
//	go run ./examples/workbench/stores -store /var/lib/myservice/webhooks
//	go run ./examples/workbench/stores -store nats://127.0.0.1:4222
//	go run ./examples/workbench/stores -store postgres://127.0.0.1/myservice
//
// It is a module of its own because it links the engines, which the workbench
// itself does without. The folder of an embedded engine belongs to one process:
// stop the service, or copy its folder, to look at it here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
	"github.com/atshooks/atshooks/event/riverqueue"
	"github.com/atshooks/atshooks/examples/workbench/internal/workbench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := workbench.Run(ctx, os.Args[1:], open, os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		log.Fatal(err)
	}
}

// closer is a function that closes.
type closer func() error

func (c closer) Close() error { return c() }

// open opens the inbox at a folder or URL. It makes none that does not exist: a
// mistyped name would look like an inbox without dead letters.
func open(ctx context.Context, where string, stderr io.Writer) (workbench.Store, io.Closer, error) {
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	address, name, _ := strings.Cut(where, "#")
	switch scheme, _, _ := strings.Cut(address, "://"); scheme {
	case "nats", "tls":
		return openNATS(ctx, address, name, logger)
	case "postgres", "postgresql":
		return openPostgres(ctx, address, name, logger)
	case where:
		return openFolder(ctx, where, logger)
	}
	return nil, nil, errors.New("it is neither a folder nor a nats:// or postgres:// URL")
}

func openFolder(ctx context.Context, dir string, logger *slog.Logger) (workbench.Store, io.Closer, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, nil, err
	} else if !info.IsDir() {
		return nil, nil, fmt.Errorf("%s is not a folder", dir)
	}
	engine, err := embedded.Open(dir, &embedded.Options{Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	i, err := jetstream.NewInbox(ctx, engine.Conn(), &jetstream.Options{Logger: logger})
	if err != nil {
		return nil, nil, errors.Join(err, engine.Close())
	}
	return i, closer(engine.Close), nil
}

func openNATS(ctx context.Context, address, stream string, logger *slog.Logger) (workbench.Store, io.Closer, error) {
	conn, err := jetstream.Connect(address)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to %s: %w", redacted(address), err)
	}
	closing := closer(func() error { conn.Close(); return nil })
	if stream == "" {
		stream = "ATSHOOKS"
	}
	js, err := natsjs.New(conn)
	if err == nil {
		_, err = js.Stream(ctx, stream)
	}
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("the stream %s at %s: %w", stream, redacted(address), err)
	}
	i, err := jetstream.NewInbox(ctx, conn, &jetstream.Options{Stream: stream, Logger: logger})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return i, closing, nil
}

func openPostgres(ctx context.Context, address, schema string, logger *slog.Logger) (workbench.Store, io.Closer, error) {
	pool, err := pgxpool.New(ctx, address)
	if err != nil {
		return nil, nil, err // pgx leaves out the password
	}
	i, err := riverqueue.NewInbox(ctx, pool, &riverqueue.Options{Schema: schema, Logger: logger})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return i, closer(func() error { pool.Close(); return nil }), nil
}

// redacted is a URL without its password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the server"
	}
	return u.Redacted()
}
