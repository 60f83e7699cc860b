package event_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Table is an event.Inbox with its worker. It stands in for a table of a database:
// it does not survive a crash, and is not safe for concurrent use.
type Table struct{ rows []*row }

type row struct {
	handler, key string
	stored       []byte
	state        string
	attempts     int
	due          time.Time
}

const (
	maxRow      = 4 << 20 // bytes
	maxAttempts = 10
)

// Put stands in for INSERT … ON CONFLICT DO NOTHING and a commit that reaches the
// disk.
func (t *Table) Put(_ context.Context, d *event.Delivery) error {
	stored, err := d.MarshalBinary()
	switch {
	case err != nil:
		return err
	case len(stored) > maxRow:
		return event.ErrTooLarge
	}
	for _, r := range t.rows {
		if r.key == d.Key() {
			return event.ErrDuplicate
		}
	}
	t.rows = append(t.rows, &row{handler: d.Handler, key: d.Key(), stored: stored, state: "waiting"})
	return nil
}

// Work runs the deliveries of h that are due. A real worker does so again and
// again, and locks each row that it runs.
func (t *Table) Work(ctx context.Context, h event.Dispatcher, now time.Time) {
	for _, r := range t.rows {
		if r.state == "waiting" && r.handler == h.Name() && !now.Before(r.due) {
			t.run(ctx, h, r, now)
		}
	}
}

func (t *Table) run(ctx context.Context, h event.Dispatcher, r *row, now time.Time) {
	var d event.Delivery
	switch err := d.UnmarshalBinary(r.stored); {
	case errors.Is(err, event.ErrNewerVersion):
		return // a process of the newer release can read it
	case err != nil:
		r.state = "dead letter"
		return
	}
	r.attempts++ // before it runs: a delivery that crashes the process must be given up one day
	d.Attempt = r.attempts
	verdict, wait := event.VerdictOf(h.Dispatch(ctx, &d))
	switch {
	case verdict == event.VerdictDone:
		r.state = "done" // keep the row: its key makes a repetition a duplicate
	case verdict == event.VerdictDrop, r.attempts == maxAttempts:
		r.state = "dead letter"
	case verdict == event.VerdictRetry:
		r.due = now.Add(max(wait, time.Duration(r.attempts)*time.Minute))
	}
}

// An Inbox in a database that this module does not cover. The suite eventtest.Inbox
// tests such an inbox; packages event/riverqueue and event/jetstream have one for
// Postgres and one for NATS.
func ExampleInbox() {
	acme := event.Provider{
		Name:     "acme",
		Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
	}
	table := new(Table)
	h, err := event.NewHandler(acme, "a secret", &event.Options{Inbox: table, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	type Hired struct {
		Candidate string `json:"candidate"`
	}
	event.On(h, "hired", func(ctx context.Context, e *Hired) error {
		switch d, _ := event.FromContext(ctx); {
		case e.Candidate == "":
			return event.Permanent(errors.New("no candidate"))
		case d.Attempt == 1:
			return event.RetryAfter(time.Hour, errors.New("the candidate is not synchronized yet"))
		}
		return nil
	})

	for _, body := range []string{
		`{"type":"hired","id":"ev-1","data":{"candidate":"c-17"}}`,
		`{"type":"hired","id":"ev-1","data":{"candidate":"c-17"}}`,
		`{"type":"hired","id":"ev-2","data":{"candidate":""}}`,
	} {
		r := &event.Request{Body: []byte(body)}
		if err := h.Sign(context.Background(), r); err != nil {
			panic(err)
		}
		fmt.Println(h.Handle(context.Background(), r).Status)
	}
	now := time.Now()
	for _, after := range []time.Duration{0, time.Minute, time.Hour} {
		table.Work(context.Background(), h, now.Add(after))
		for i, r := range table.rows {
			fmt.Printf("after %v: row %d, attempts %d, %s\n", after, i, r.attempts, r.state)
		}
	}
	// Output:
	// 200
	// 200
	// 200
	// after 0s: row 0, attempts 1, waiting
	// after 0s: row 1, attempts 1, dead letter
	// after 1m0s: row 0, attempts 1, waiting
	// after 1m0s: row 1, attempts 1, dead letter
	// after 1h0m0s: row 0, attempts 2, done
	// after 1h0m0s: row 1, attempts 1, dead letter
}
