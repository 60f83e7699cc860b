// The program durable is a receiver that loses nothing: each delivery is on the
// disk before it is answered, and its callback runs after that, again and again
// if need be. It can be killed at any moment; started again, it goes on.
//
//	cd examples/durable
//	KOMBO_SECRET=… KIT_SECRET=… go run . -dir /var/lib/webhooks
//
// The engine is inside the process, and its files are in that folder. With
// -nats URL it is a NATS server or cluster, and nothing else changes. Callbacks
// that failed for a day are dead letters: the program lists them when it starts,
// and runs them again with -replay.
//
// GET /healthy answers 503 when the process has to be restarted, as after the
// disk was full: for whatever restarts it.
//
// On SIGINT and SIGTERM it takes no more deliveries, lets the callbacks that
// run come to an end, and stops.
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
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
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
	dir := flags.String("dir", "webhooks", "folder of the engine's files")
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	url := flags.String("nats", "", "URL of a NATS server, in place of the engine inside")
	replay := flags.Bool("replay", false, "run dead letters again")
	if err := flags.Parse(args); err != nil {
		return err
	}

	engine, err := connect(*dir, *url)
	if err != nil {
		return err
	}
	defer engine.close()
	sink, err := jetstream.NewSink(ctx, engine.conn, nil)
	if err != nil {
		return err
	}
	if err := deadLetters(ctx, sink, *replay, stdout); err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthy", func(w http.ResponseWriter, r *http.Request) {
		if err := engine.healthy(); err != nil {
			log.Print(err)
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		}
	})
	handlers, err := receivers(mux, sink, stdout)
	if err != nil {
		return err
	}
	worker, err := jetstream.NewWorker(ctx, sink, handlers, nil)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	return serve(ctx, mux, listener, worker)
}

// engine is all that depends on where it is.
type engine struct {
	conn    *nats.Conn
	healthy func() error
	close   func()
}

func connect(dir, url string) (*engine, error) {
	if url != "" {
		conn, err := nats.Connect(url, nats.MaxReconnects(-1))
		if err != nil {
			return nil, err
		}
		return &engine{conn, func() error { return nil }, conn.Close}, nil
	}
	inside, err := embedded.Open(dir, nil)
	if err != nil {
		return nil, err
	}
	closeInside := func() {
		if err := inside.Close(); err != nil {
			log.Print(err)
		}
	}
	return &engine{inside.Conn(), inside.Healthy, closeInside}, nil
}

// receivers mounts a handler for each vendor whose secret there is.
func receivers(mux *http.ServeMux, sink event.Sink, stdout io.Writer) (event.Dispatchers, error) {
	opts := &event.Options{Sink: sink}
	var handlers []*event.Handler
	if secret := os.Getenv("KOMBO_SECRET"); secret != "" {
		k, err := kombo.NewHandler(secret, opts)
		if err != nil {
			return nil, err
		}
		k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
			return completed(ctx, stdout, e.IntegrationID)
		})
		mux.Handle("POST /hooks/kombo", k)
		handlers = append(handlers, k.Handler)
	}
	if secret := os.Getenv("KIT_SECRET"); secret != "" {
		k, err := kit.NewHandler(secret, opts)
		if err != nil {
			return nil, err
		}
		k.OnApplicationSubmitted(func(ctx context.Context, a *kit.Application) error {
			return completed(ctx, stdout, strconv.FormatInt(a.ID, 10))
		})
		mux.Handle("POST /hooks/kit", k)
		handlers = append(handlers, k.Handler)
	}
	if len(handlers) == 0 {
		return nil, errors.New("set KOMBO_SECRET or KIT_SECRET")
	}
	return event.NewDispatchers(handlers...), nil
}

// completed stands for the work of a callback. It may be done twice, if the
// process is killed at the wrong moment: a real one does nothing for a key that
// it has done, in the same transaction as the work if it can.
func completed(ctx context.Context, stdout io.Writer, what string) error {
	d, _ := event.FromContext(ctx)
	_, err := fmt.Fprintf(stdout, "completed %s %s of %s, key %.8s\n", d.Receiver, d.Type, what, d.Key())
	return err
}

// deadLetters lists what was given up, and runs it again if it is told to.
func deadLetters(ctx context.Context, sink *jetstream.Sink, replay bool, stdout io.Writer) error {
	for letter, err := range sink.DeadLetters(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "dead letter %s %s %s, %s after %d attempts: %s\n", letter.Receiver, letter.Type, letter.ID, letter.Reason, letter.Attempts, letter.Error)
		if !replay {
			continue
		}
		if err := sink.Replay(ctx, letter); err != nil && !errors.Is(err, jetstream.ErrGone) {
			return err
		}
	}
	return nil
}

// serve runs the server and the worker until ctx ends or one of them fails, and
// then stops both: first what brings deliveries, then what runs them.
func serve(ctx context.Context, handler http.Handler, listener net.Listener, worker *jetstream.Worker) error {
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
		if err := worker.Run(context.WithoutCancel(ctx)); err != nil {
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
	return errors.Join(err, server.Shutdown(last), worker.Shutdown(last))
}
