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
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/kombo"
)

// A service that stores Kombo's deliveries on a NATS server, and runs their
// callbacks.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	conn, err := jetstream.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	stored, err := jetstream.NewInbox(ctx, conn, nil)
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Inbox: stored})
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		return refetch(ctx, d.Key(), e.IntegrationID) // which does nothing for a key that it has done
	})

	w, err := jetstream.NewWorker(ctx, stored, nil, k)
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
func ExampleInbox_Rerun() {
	rerunAll := func(ctx context.Context, stored *jetstream.Inbox) error {
		began, after := time.Now(), ""
		for {
			page, err := stored.DeadLetters(ctx, after, 100)
			if err != nil {
				return err
			}
			for _, letter := range page {
				if letter.FailedAt.After(began) {
					return nil // it was rerun, and failed again
				}
				fmt.Println(letter.Type, letter.ID, letter.Reason, letter.Error)
				if err := stored.Rerun(ctx, letter.Ref); err != nil && !errors.Is(err, inbox.ErrGone) {
					return err
				}
				after = letter.Ref
			}
			if len(page) == 0 {
				return nil
			}
		}
	}
	_ = rerunAll
}

func refetch(context.Context, string, event.ID) error { return nil }
