package jetstream_test

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/kombo"
)

// Deliveries are stored on a NATS server before they are acknowledged, and a
// worker in the same process runs their callbacks. Package embedded has the same
// without a server.
func Example() {
	ctx := context.Background()
	conn, err := jetstream.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	in, err := jetstream.NewInbox(ctx, conn, nil)
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Inbox: in})
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		return refetch(ctx, d.Key(), e.IntegrationID) // may be called again with the same key
	})
	worker, err := jetstream.NewWorker(ctx, in, nil, k)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(worker.Run(ctx)) }()
	http.Handle("POST /hooks/kombo", k)
}

// refetch stands for a service's work.
func refetch(context.Context, string, event.ID) error { return nil }

// After a mistake in a callback was corrected, all dead letters run again.
func ExampleInbox_Rerun() {
	ctx := context.Background()
	var in *jetstream.Inbox
	began, after := time.Now(), ""
	for {
		page, err := in.DeadLetters(ctx, after, 100)
		if err != nil {
			log.Fatal(err)
		}
		if len(page) == 0 {
			return
		}
		for _, l := range page {
			after = l.Ref
			if l.FailedAt.After(began) {
				continue // it was rerun, and failed again
			}
			if err := in.Rerun(ctx, l.Ref); err != nil && !errors.Is(err, inbox.ErrGone) {
				log.Fatal(err)
			}
		}
	}
}

// A callback that is new, or did the wrong thing without an error, gets the
// deliveries of the last week.
func ExampleInbox_RerunSince() {
	var in *jetstream.Inbox
	n, err := in.RerunSince(context.Background(), time.Now().AddDate(0, 0, -7), func(d *event.Delivery) bool {
		return d.Handler == "kombo" && d.Type == kombo.TypeDataChanged
	})
	log.Printf("%d deliveries run again", n)
	if err != nil {
		log.Fatal(err)
	}
}
