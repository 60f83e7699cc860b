package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
	"github.com/atshooks/atshooks/kombo"
)

// A delivery is stored in a folder before it is acknowledged. Its callback runs
// after that, even if the process was restarted in between.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "webhooks") // a service has a folder that stays
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	engine, err := embedded.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	in, err := jetstream.NewInbox(ctx, engine.Conn(), nil)
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler("the secret", &event.Options{Inbox: in})
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan struct{})
	k.OnDataChanged(func(_ context.Context, e *kombo.DataChanged) error {
		fmt.Println("callback:", e.IntegrationID)
		close(done)
		return nil
	})
	fmt.Println("response:", deliver(ctx, k, "ev-1"))

	worker, err := jetstream.NewWorker(ctx, in, nil, k)
	if err != nil {
		log.Fatal(err)
	}
	go worker.Run(ctx)
	<-done
	if err := worker.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// response: 200
	// callback: personio:1
}

// deliver plays Kombo. A service mounts the handler, which does the rest.
func deliver(ctx context.Context, k *kombo.Handler, id string) (status int) {
	r := event.Request{Body: fmt.Appendf(nil, `{"id":%q,"type":"data-changed","data":{"integration_id":"personio:1","changed_models":[]}}`, id)}
	if err := k.Sign(ctx, &r); err != nil {
		log.Fatal(err)
	}
	return k.Handle(ctx, &r).Status
}

// Two deliveries are given up. After the callback was corrected, one of them runs
// again, and the other one is discarded.
func Example_deadLetters() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "webhooks")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	engine, err := embedded.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	quiet := slog.New(slog.DiscardHandler)
	in, err := jetstream.NewInbox(ctx, engine.Conn(), &jetstream.Options{Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler("the secret", &event.Options{Inbox: in, Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	var corrected atomic.Bool
	done := make(chan struct{})
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		if !corrected.Load() {
			return event.Permanent(errors.New("no mapping for Personio"))
		}
		close(done)
		return nil
	})
	dead := make(chan *inbox.DeadLetter)
	worker, err := jetstream.NewWorker(ctx, in, &jetstream.WorkerOptions{
		OnDeadLetter: func(_ context.Context, l *inbox.DeadLetter) { dead <- l },
	}, k)
	if err != nil {
		log.Fatal(err)
	}
	go worker.Run(ctx)
	for _, id := range []string{"ev-1", "ev-2"} {
		deliver(ctx, k, id)
		<-dead
	}

	letters, err := in.DeadLetters(ctx, "", 100)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range letters {
		fmt.Printf("%s after attempt %d: %s\n", l.Reason, l.Attempts, l.Error)
	}
	corrected.Store(true)
	if err := in.Rerun(ctx, letters[0].Ref); err != nil {
		log.Fatal(err)
	}
	<-done
	if err := in.Discard(ctx, letters[1].Ref); err != nil {
		log.Fatal(err)
	}
	if err := worker.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	stats, err := in.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Dead, "dead letters,", stats.Waiting+stats.Retrying, "waiting")
	// Output:
	// permanent after attempt 1: kombo data-changed ev-1: the callback failed for good: no mapping for Personio
	// permanent after attempt 1: kombo data-changed ev-2: the callback failed for good: no mapping for Personio
	// 0 dead letters, 0 waiting
}

// A service that accepts larger bodies, has a probe, and stops in the right order:
// what brings deliveries, what runs them, and then the engine.
func ExampleOpen() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	const maxBody = 4 << 20
	engine, err := embedded.Open("/var/lib/hiring/webhooks", &embedded.Options{
		MaxBody: maxBody,
		Logger:  slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	})
	if err != nil {
		log.Fatal(err)
	}
	in, err := jetstream.NewInbox(ctx, engine.Conn(), nil)
	if err != nil {
		log.Fatal(err)
	}
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), &event.Options{Inbox: in, MaxBody: maxBody})
	if err != nil {
		log.Fatal(err)
	}
	worker, err := jetstream.NewWorker(ctx, in, nil, k)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", k)
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) {
		if err := engine.Healthy(); err != nil {
			log.Print(err)
			http.Error(w, "deliveries cannot be stored: see the log", http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	go func() {
		if err := worker.Run(context.Background()); err != nil {
			log.Fatal(err)
		}
	}()

	<-ctx.Done()
	last, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := errors.Join(server.Shutdown(last), worker.Shutdown(last), engine.Close()); err != nil {
		log.Fatal(err)
	}
}
