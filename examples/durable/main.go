// The program durable is a receiver that loses nothing: each delivery is stored
// before it is acknowledged, and its callback runs after that, again and again
// if need be. It can be killed at any moment; started again, it goes on.
//
//	cd examples/durable
//	KOMBO_SECRET=… KIT_SECRET=… go run . -engine nats -dir /var/lib/webhooks
//	KOMBO_SECRET=… KIT_SECRET=… go run . -engine postgres -url postgres://localhost/service
//
// Take Postgres if the service has one: its callbacks can then complete a
// delivery in the transaction of their own work, which makes it exactly once.
// Take NATS if there is none: without -url the engine runs inside the process,
// with its files in -dir; with -url it is a server or a cluster.
//
// Callbacks that failed for a day are dead letters: the program lists them when
// it starts, and runs them again with -rerun. GET /healthy is for a probe. On
// SIGINT and SIGTERM the program takes no more deliveries, lets the callbacks
// that run come to an end, and stops.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kombo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// grace is how long callbacks may take to come to an end.
const grace = 30 * time.Second

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("durable", flag.ContinueOnError)
	name := flags.String("engine", "nats", "where deliveries are stored: nats or postgres")
	url := flags.String("url", "", "URL of the server; with -engine nats, empty is the engine inside this process")
	dir := flags.String("dir", "webhooks", "folder of the engine inside this process")
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	rerun := flags.Bool("rerun", false, "run dead letters again")
	if err := flags.Parse(args); err != nil {
		return err
	}

	if os.Getenv("KOMBO_SECRET") == "" && os.Getenv("KIT_SECRET") == "" {
		return errors.New("set KOMBO_SECRET or KIT_SECRET")
	}
	e, err := openEngine(ctx, *name, *url, *dir)
	if err != nil {
		return err
	}
	defer e.close()
	if err := listDeadLetters(ctx, e.inbox, *rerun, stdout); err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthy", func(w http.ResponseWriter, r *http.Request) {
		if _, err := e.inbox.Stats(r.Context()); err != nil {
			log.Print(err)
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		}
	})
	handlers, err := newHandlers(mux, e.inbox, stdout)
	if err != nil {
		return err
	}
	w, err := e.newWorker(ctx, handlers...)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	return serve(ctx, mux, listener, w)
}

// newHandlers mounts a handler for each vendor whose secret is there.
func newHandlers(mux *http.ServeMux, in event.Inbox, stdout io.Writer) ([]event.Dispatcher, error) {
	opts := &event.Options{Inbox: in}
	var handlers []event.Dispatcher
	if secret := os.Getenv("KOMBO_SECRET"); secret != "" {
		k, err := kombo.NewHandler(secret, opts)
		if err != nil {
			return nil, err
		}
		k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
			return completed(ctx, stdout, e.IntegrationID)
		})
		mux.Handle("POST /hooks/kombo", k)
		handlers = append(handlers, k)
	}
	if secret := os.Getenv("KIT_SECRET"); secret != "" {
		k, err := kit.NewHandler(secret, opts)
		if err != nil {
			return nil, err
		}
		k.OnApplicationSubmitted(func(ctx context.Context, a *kit.Application) error {
			return completed(ctx, stdout, a.ID)
		})
		mux.Handle("POST /hooks/kit", k)
		handlers = append(handlers, k)
	}
	return handlers, nil
}

// completed stands for the work of a callback. It may be done twice, if the
// process is killed at the wrong moment: a real one does nothing for a key that
// it has done, or completes the delivery in the transaction of its work.
func completed(ctx context.Context, stdout io.Writer, what event.ID) error {
	d, _ := event.FromContext(ctx)
	_, err := fmt.Fprintf(stdout, "completed %s %s of %s, key %.8s\n", d.Handler, d.Type, what, d.Key())
	return err
}

// serve runs the server and the worker until ctx ends or one of them fails, and
// then stops both: first what brings deliveries, then what runs them.
func serve(ctx context.Context, handler http.Handler, listener net.Listener, w worker) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	failed := make(chan error, 2)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	go func() {
		if err := w.Run(context.WithoutCancel(ctx)); err != nil {
			failed <- err
		}
	}()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(err, server.Shutdown(last), w.Shutdown(last))
}
