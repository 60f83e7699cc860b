package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Reason is why a delivery was given up: fit to be a metric's label.
type Reason string

// The reasons.
const (
	ReasonPermanent  Reason = "permanent"  // the callback said so, or the handler cannot read the delivery
	ReasonExhausted  Reason = "exhausted"  // all attempts failed
	ReasonExpiring   Reason = "expiring"   // the next attempt would come when the delivery is about to be erased
	ReasonUnfinished Reason = "unfinished" // no attempt ever came to an end: it may be what kills the process
	ReasonUnreadable Reason = "unreadable" // what is stored is no delivery
	ReasonGone       Reason = "gone"       // a replay found that the delivery has been erased
)

// DeadLetter is a delivery that was given up. It points to the delivery, which
// stays in its stream, and holds none of its body.
type DeadLetter struct {
	Receiver string `json:"receiver"` // the handler's name
	Provider string `json:"provider,omitempty"`
	Tenant   string `json:"tenant,omitempty"`
	Type     string `json:"type,omitempty"`
	ID       string `json:"id,omitempty"`
	Key      string `json:"key,omitempty"` // see event.Delivery.Key

	Reason   Reason `json:"reason"`
	Error    string `json:"error,omitempty"` // the last attempt's, as the callback wrote it, cut at 2 KiB
	Attempts int    `json:"attempts"`        // that were begun

	Sequence uint64    `json:"sequence"`  // of the delivery in its stream
	StoredAt time.Time `json:"stored_at"` // the delivery, UTC
	FailedAt time.Time `json:"failed_at"` // UTC
	Expires  time.Time `json:"-"`         // when the delivery is erased: replay it before, UTC

	self uint64 // its own sequence
}

// LogValue prints what identifies it, not the callback's error.
func (l *DeadLetter) LogValue() slog.Value {
	if l == nil {
		return slog.Value{}
	}
	return slog.GroupValue(
		slog.String("receiver", l.Receiver),
		slog.String("tenant", l.Tenant),
		slog.String("type", l.Type),
		slog.String("id", l.ID),
		slog.String("reason", string(l.Reason)),
		slog.Int("attempts", l.Attempts),
		slog.Uint64("sequence", l.Sequence),
	)
}

// storedDeadLetter is the stored form. A member may be added; a change in the
// meaning of one is a new version.
type storedDeadLetter struct {
	Version int `json:"v"`
	*DeadLetter
}

// pointer is what a replay stores: the delivery stays where it is, so that it
// is erased when it should be.
type pointer struct {
	Version  int       `json:"v"`
	Sequence uint64    `json:"sequence"`
	Key      string    `json:"key,omitempty"`
	StoredAt time.Time `json:"stored_at"`
}

// storedVersion is the version of both.
const storedVersion = 1

// ErrGone is for a dead letter whose delivery has been erased.
var ErrGone = errors.New("jetstream: the delivery has been erased")

// longestError is how much of a callback's error a dead letter keeps, in bytes.
const longestError = 2 << 10

func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if len(text) > longestError {
		text = text[:longestError]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// bury stores a dead letter, in place of an older one of the same delivery.
func (s *Sink) bury(ctx context.Context, l *DeadLetter) error {
	data, err := json.Marshal(storedDeadLetter{storedVersion, l})
	if err != nil {
		return fmt.Errorf("jetstream: storing a dead letter: %w", err)
	}
	return s.publish(ctx, s.names.dead(), s.names.deadSubject(l.Receiver, l.Sequence), "", data)
}

// DeadLetters lists the deliveries that are given up when the list begins, the
// oldest first. An error of the engine ends the list. A dead letter that a newer
// release stored is an error in it, which wraps [event.ErrNewerVersion].
func (s *Sink) DeadLetters(ctx context.Context) iter.Seq2[*DeadLetter, error] {
	return func(yield func(*DeadLetter, error) bool) {
		info, err := s.dead.Info(ctx)
		if err != nil {
			yield(nil, fmt.Errorf("jetstream: %w", err))
			return
		}
		// No further than that: who replays what fails at once would list it
		// for ever.
		for next, last := info.State.FirstSeq, info.State.LastSeq; next <= last; {
			m, err := s.dead.GetMsg(ctx, max(next, 1), jetstream.WithGetMsgSubject(s.names.deadSubjects()))
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("jetstream: %w", err))
				return
			}
			if m.Sequence > last || !yield(s.readDeadLetter(m)) {
				return
			}
			next = m.Sequence + 1
		}
	}
}

func (s *Sink) readDeadLetter(m *jetstream.RawStreamMsg) (*DeadLetter, error) {
	l := &DeadLetter{self: m.Sequence}
	if err := decode(m.Data, &storedDeadLetter{DeadLetter: l}); err != nil {
		return nil, fmt.Errorf("jetstream: dead letter %d: %w", m.Sequence, err)
	}
	l.Expires = l.StoredAt.Add(s.maxAge)
	return l, nil
}

var errStored = errors.New("not the stored form of this package")

// versioned is a stored form.
type versioned interface{ version() int }

func (l *storedDeadLetter) version() int { return l.Version }
func (p *pointer) version() int          { return p.Version }

// decode reads a stored form. Its errors do not quote what it reads.
func decode(data []byte, into versioned) error {
	var v struct {
		Version int `json:"v"`
	}
	if json.Unmarshal(data, &v) != nil || v.Version < 1 {
		return errStored
	}
	if v.Version > storedVersion {
		return fmt.Errorf("%w: %d, this release reads up to %d", event.ErrNewerVersion, v.Version, storedVersion)
	}
	if json.Unmarshal(data, into) != nil {
		return errStored
	}
	return nil
}

// Delivery is the delivery that a dead letter points to, personal data and
// all. It fails with [ErrGone] when it has been erased.
func (s *Sink) Delivery(ctx context.Context, l *DeadLetter) (*event.Delivery, error) {
	data, err := s.load(ctx, l.Sequence, l.Key)
	if err != nil {
		return nil, err
	}
	d := new(event.Delivery)
	if err := d.UnmarshalBinary(data); err != nil {
		return nil, err
	}
	return d, nil
}

// load reads what is stored at a place in the stream, if it is still what was
// there.
func (s *Sink) load(ctx context.Context, sequence uint64, key string) ([]byte, error) {
	m, err := s.stream.GetMsg(ctx, sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, ErrGone
	case err != nil:
		return nil, fmt.Errorf("jetstream: %w", err)
	case m.Header.Get(nats.MsgIdHdr) != key: // of a stream that was deleted and made anew
		return nil, ErrGone
	}
	return m.Data, nil
}

// Replay lets a worker run the delivery of a dead letter again, with all its
// attempts, and removes the dead letter. That the delivery's key is stored does
// not matter here, as it does when the vendor sends the delivery again. If it
// fails once more, there is a dead letter again. Replaying one dead letter
// twice, at the same time say, runs it once.
//
// It fails with [ErrGone] when the delivery has been erased.
func (s *Sink) Replay(ctx context.Context, l *DeadLetter) error {
	if l.self == 0 {
		return errors.New("jetstream: only a dead letter that was listed can be replayed")
	}
	if _, err := s.load(ctx, l.Sequence, l.Key); err != nil {
		return err
	}
	// The time, too, as sequences begin anew with a stream that is made anew.
	id := "replay/" + strconv.FormatUint(l.self, 10) + "/" + strconv.FormatInt(l.FailedAt.UnixNano(), 10)
	p := pointer{Version: storedVersion, Sequence: l.Sequence, Key: l.Key, StoredAt: l.StoredAt}
	if err := s.runAgain(ctx, l.Receiver, id, &p); err != nil {
		return err
	}
	return s.unbury(ctx, l.self)
}

// runAgain stores a pointer, for a worker to find. With the id of one that is
// stored it does nothing.
func (s *Sink) runAgain(ctx context.Context, receiver, id string, p *pointer) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	err = s.publish(ctx, s.names.stream(), s.names.subject(receiver, again), id, data)
	if errors.Is(err, event.ErrDuplicate) {
		return nil
	}
	return err
}

// unbury removes a dead letter, also from the disk: it may hold personal data.
func (s *Sink) unbury(ctx context.Context, self uint64) error {
	err := s.dead.SecureDeleteMsg(ctx, self)
	if err == nil {
		return nil
	}
	if _, missing := s.dead.GetMsg(ctx, self); errors.Is(missing, jetstream.ErrMsgNotFound) {
		return nil // somebody was faster
	}
	return fmt.Errorf("jetstream: the delivery will run, but its dead letter is still there: %w", err)
}
