// Package inbox has what the inboxes of this module share: dead letters, and a
// snapshot for metrics and probes. The inboxes themselves are in
// github.com/atshooks/atshooks/event/riverqueue, for Postgres, and
// github.com/atshooks/atshooks/event/jetstream, for NATS JetStream.
package inbox

import (
	"errors"
	"log/slog"
	"time"
)

// Errors of inboxes. The others that an inbox returns are [event.ErrDuplicate] and
// [event.ErrTooLarge].
var (
	// ErrBusy is for a delivery that was not stored, because too many are being
	// stored at once. The provider gets 503.
	ErrBusy = errors.New("too many deliveries are being stored at once")
	// ErrGone is for a dead letter that no longer exists: it was rerun,
	// discarded or erased.
	ErrGone = errors.New("no such dead letter: it was rerun, discarded or erased")
)

// Reason is why a delivery was given up: fit to be a metric's label.
type Reason string

// The reasons.
const (
	ReasonPermanent  Reason = "permanent"  // the callback said so, or the handler cannot read the delivery
	ReasonExhausted  Reason = "exhausted"  // all attempts failed
	ReasonExpiring   Reason = "expiring"   // it would be erased soon, perhaps before the next attempt
	ReasonUnfinished Reason = "unfinished" // no attempt ever came to an end: it may be what kills the process
	ReasonUnreadable Reason = "unreadable" // what is stored is not a delivery
	ReasonGone       Reason = "gone"       // it was erased before it could run again
	ReasonCancelled  Reason = "cancelled"  // someone gave it up with the engine's own means
)

// DeadLetter is a delivery that a worker gave up. It holds none of its body.
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
	Error    string // the last attempt's, as the callback wrote it, cut at 2 KiB; it may hold personal data
	Attempts int    // that were begun

	StoredAt time.Time // UTC
	FailedAt time.Time // UTC
	Expires  time.Time // when it is erased, UTC; zero is never
}

// LogValue shows what identifies the dead letter, not the callback's error.
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

// Stats is a snapshot of an inbox, for metrics and probes. Inboxes return
// it from Stats(ctx context.Context) (*Stats, error).
type Stats struct {
	Counts                     // of all handlers
	Handlers map[string]Counts // by the handler's name

	Abandoned int64 // callbacks in this process that did not return in time, and still run
	Bytes     int64 // that the deliveries take in the engine
	MaxBytes  int64 // that they may take; 0 where the engine has no limit
	Damaged   int64 // deliveries that the engine has lost, as far as it can tell

	LastError   error     // of the engine, in this process; nil if there was none
	LastErrorAt time.Time // zero if there was none
}

// Counts are deliveries that are not completed.
type Counts struct {
	Waiting  int64     // for their first attempt
	Running  int64     // right now
	Retrying int64     // waiting for another attempt, or for a worker that can run them
	Dead     int64     // dead letters
	Oldest   time.Time // when the oldest that is neither completed nor dead was stored; zero if there is none
}
