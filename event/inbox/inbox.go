// Package inbox has what the durable inboxes of this library share: dead letters,
// a snapshot for metrics and probes, and the schedule of retries. The inboxes
// themselves are packages github.com/atshooks/atshooks/event/riverqueue, for
// Postgres, and github.com/atshooks/atshooks/event/jetstream, for NATS JetStream.
package inbox

import (
	"errors"
	"log/slog"
	"time"
)

// Errors of inboxes, beside event.ErrDuplicate and event.ErrTooLarge.
var (
	// ErrBusy is for a delivery that was not stored because too many others are
	// being stored. The handler responds with 503.
	ErrBusy = errors.New("too many deliveries are being stored at once: see Options.MaxPuts")
	// ErrGone is for a dead letter that does not exist: it was rerun, discarded
	// or erased.
	ErrGone = errors.New("no such dead letter: it was rerun, discarded or erased")
)

// Reason is why a delivery was given up, in one word fit for a metric's label.
type Reason string

// The reasons.
const (
	ReasonPermanent  Reason = "permanent"  // the callback returned event.Permanent, or the delivery has no envelope
	ReasonExhausted  Reason = "exhausted"  // all attempts failed
	ReasonExpiring   Reason = "expiring"   // it would be erased before the next attempt, or soon after
	ReasonUnfinished Reason = "unfinished" // no attempt came to an end: perhaps the process dies of it
	ReasonUnreadable Reason = "unreadable" // what is stored is not a delivery
	ReasonGone       Reason = "gone"       // it was erased before it could run again
	ReasonCancelled  Reason = "cancelled"  // someone cancelled it with the engine's own tools
)

// DeadLetter is a delivery that a worker gave up, without its body.
//
// Inboxes that keep dead letters have these methods:
//
//	DeadLetters(ctx context.Context, after string, limit int) ([]*DeadLetter, error)
//	DeadLetter(ctx context.Context, ref string) (*DeadLetter, *event.Delivery, error)
//	Rerun(ctx context.Context, ref string) error
//	Discard(ctx context.Context, ref string) error
type DeadLetter struct {
	Ref string // names it in its inbox

	Handler  string // see event.Delivery
	Provider string
	Tenant   string
	Type     string
	ID       string
	Key      string

	Reason   Reason
	Error    string // of the last attempt, cut at 2 KiB; the callback's text in it may hold personal data
	Attempts int    // how many were begun

	StoredAt time.Time // UTC
	FailedAt time.Time // UTC
	Expires  time.Time // when it is erased, UTC; zero if it never is
}

// LogValue implements [slog.LogValuer]. It shows what identifies the dead letter,
// and leaves out Error.
func (l *DeadLetter) LogValue() slog.Value {
	if l == nil {
		return slog.Value{}
	}
	return slog.GroupValue(
		slog.String("ref", l.Ref),
		slog.String("handler", l.Handler),
		slog.String("tenant", l.Tenant),
		slog.String("type", l.Type),
		slog.String("id", l.ID),
		slog.String("reason", string(l.Reason)),
		slog.Int("attempts", l.Attempts),
	)
}

// Stats is a snapshot of an inbox, for metrics and probes. Inboxes return it from
// their method Stats(ctx context.Context) (*Stats, error).
type Stats struct {
	Counts                     // of all handlers together
	Handlers map[string]Counts // by the handler's name

	Abandoned int64 // callbacks in this process that did not return in time, and still run
	Bytes     int64 // the size of the deliveries in the engine
	MaxBytes  int64 // the largest size that it allows; 0 where it has no limit
	Damaged   int64 // deliveries that the engine has lost, as far as it can tell

	LastError   error     // the last error of the engine in this process; nil if there was none
	LastErrorAt time.Time // zero if there was none
}

// Counts are deliveries that are not completed.
type Counts struct {
	Waiting  int64     // for their first attempt
	Running  int64     // right now
	Retrying int64     // waiting for another attempt, or for a worker that can run them
	Dead     int64     // dead letters
	Oldest   time.Time // when the oldest of these was stored, apart from dead letters; zero if there is none
}
