package riverqueue_test

import (
	"context"
	"errors"
	"expvar"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/riverqueue"
	"github.com/atshooks/atshooks/kombo"
)

// A service with the settings to decide on before it goes into production. It
// receives the webhooks of many customers, and stops gracefully.
func Example_production() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, slog.New(slog.NewJSONHandler(os.Stderr, nil))); err != nil {
		log.Fatal(err)
	}
}

var (
	webhooks = expvar.NewMap("webhooks")                                   // what monitoring looks at
	secrets  = map[string][]string{"globex": {os.Getenv("GLOBEX_SECRET")}} // a table of the service's database
)

func run(ctx context.Context, logger *slog.Logger) error {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	config.MaxConns = 40 // for 24 callbacks that use the database, and to store deliveries
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	const schema = "hiring_webhooks"
	if err := riverqueue.Migrate(ctx, pool, schema); err != nil {
		return err
	}
	in, err := riverqueue.NewInbox(ctx, pool, &riverqueue.Options{
		Schema:     schema,
		Queue:      "hiring",            // River's web UI shows it as hiring-kombo
		MaxAge:     30 * 24 * time.Hour, // the erasure period of the candidates' data
		KeepBodies: 7 * 24 * time.Hour,  // how far back RerunSince can go
		MaxBody:    4 << 20,
		MaxPuts:    128, // at once; the vendor gets 503 for any more
		Logger:     logger,
	})
	if err != nil {
		return err
	}
	k, err := kombo.NewHandler("", &event.Options{
		Inbox:   in,
		MaxBody: 4 << 20,
		Tenant:  func(r *http.Request) string { return r.PathValue("customer") },
		Secrets: func(_ context.Context, customer string) ([]string, error) { return secrets[customer], nil },
		Observe: func(_ context.Context, r event.Result) {
			webhooks.Add(string(r.Kind), 1)
			if errors.Is(r.Err, inbox.ErrBusy) {
				webhooks.Add("busy", 1) // the database is slow, or MaxPuts is low
			}
		},
		Logger: logger,
	})
	if err != nil {
		return err
	}
	k.OnDataChanged(onDataChanged)
	worker, err := riverqueue.NewWorker(ctx, in, &riverqueue.WorkerOptions{
		Concurrency: 24,               // callbacks mostly wait for Kombo's API
		Timeout:     20 * time.Second, // what a process that died was running waits for as long
		// Attempts for almost three days: what fails on Friday is tried on Monday.
		Retry: inbox.Schedule{First: 10 * time.Second, Max: 4 * time.Hour, Attempts: 28},
		OnDeadLetter: func(_ context.Context, l *inbox.DeadLetter) {
			webhooks.Add("dead_"+string(l.Reason), 1)
		},
		Logger: logger,
	}, k)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{customer}/kombo", k)
	return serve(ctx, &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}, worker)
}

// serve runs the server and the worker until ctx ends or one of them fails. Then
// it stops the server, which brings deliveries, and lets running callbacks end.
func serve(ctx context.Context, server *http.Server, worker *riverqueue.Worker) error {
	failed := make(chan error, 2)
	go func() { failed <- server.ListenAndServe() }()
	go func() { failed <- worker.Run(context.WithoutCancel(ctx)) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second) // more than Timeout
	defer cancel()
	return errors.Join(err, server.Shutdown(last), worker.Shutdown(last))
}

// onDataChanged does nothing for a key that it has done.
func onDataChanged(ctx context.Context, e *kombo.DataChanged) error {
	d, _ := event.FromContext(ctx)
	return refetch(ctx, d.Key(), e.IntegrationID)
}
