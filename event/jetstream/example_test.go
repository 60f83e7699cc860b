package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/kombo"
	"github.com/nats-io/nats.go"
)

// A service that stores Kombo's deliveries on a NATS server, and runs their
// callbacks.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	conn, err := nats.Connect(os.Getenv("NATS_URL"), nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	sink, err := jetstream.NewSink(ctx, conn, nil)
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Sink: sink})
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		return refetch(ctx, d.Key(), e.IntegrationID) // which does nothing for a key that it has done
	})

	w, err := jetstream.NewWorker(ctx, sink, event.NewDispatchers(k.Handler), nil)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: ":8080", Handler: k, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	go func() {
		if err := w.Run(context.Background()); err != nil {
			log.Fatal(err)
		}
	}()

	<-ctx.Done()
	last, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := errors.Join(server.Shutdown(last), w.Shutdown(last)); err != nil {
		log.Print(err)
	}
}

// After a mistake in a callback was mended, what it failed on runs again.
func ExampleSink_Replay() {
	replayAll := func(ctx context.Context, sink *jetstream.Sink) error {
		for letter, err := range sink.DeadLetters(ctx) {
			if err != nil {
				return err
			}
			fmt.Println(letter.Type, letter.ID, letter.Reason, letter.Error)
			if err := sink.Replay(ctx, letter); err != nil {
				return err
			}
		}
		return nil
	}
	_ = replayAll
}

func refetch(context.Context, string, string) error { return nil }
