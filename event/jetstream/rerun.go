package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/nats-io/nats.go/jetstream"
)

// Rerun lets workers run the callbacks of deliveries again that are stored
// since a time, completed or not, and says of how many: of an event whose
// callback is new, or was wrong. pick selects them, and is given all that is
// stored of them, personal data too; nil selects all. The zero time is the
// beginning. Deliveries that this release cannot read are left out.
//
// Workers run them with all their attempts, besides what they run anyway.
// Rerunning twice runs them twice. After an error, the count is of those that
// will run.
func (s *Sink) Rerun(ctx context.Context, since time.Time, pick func(*event.Delivery) bool) (int, error) {
	info, err := s.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("jetstream: %w", err)
	}
	next, err := s.firstSince(ctx, since, info.State.FirstSeq, info.State.LastSeq)
	if err != nil {
		return 0, err
	}
	// What one call selects is known by its time, so that a repetition of
	// the client's own stores no pointer twice.
	call := time.Now().UnixNano()
	count := 0
	for last := info.State.LastSeq; next <= last; {
		m, err := s.storedFrom(ctx, next)
		if m == nil || err != nil {
			return count, err
		}
		next = m.Sequence + 1
		d := new(event.Delivery)
		if d.UnmarshalBinary(m.Data) != nil || pick != nil && !pick(d) {
			continue
		}
		p := pointer{Version: storedVersion, Sequence: m.Sequence, Key: m.Header.Get(jetstream.MsgIDHeader), StoredAt: m.Time}
		if err := s.runAgain(ctx, d.Receiver, fmt.Sprintf("rerun/%d/%d", m.Sequence, call), &p); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

// firstSince finds the place of the first delivery that was stored since a
// time; after the last, if there is none.
func (s *Sink) firstSince(ctx context.Context, since time.Time, first, last uint64) (uint64, error) {
	var failed error
	n := sort.Search(int(last+1-first), func(i int) bool {
		m, err := s.storedFrom(ctx, first+uint64(i))
		if err != nil {
			failed = err
		}
		return m == nil || !m.Time.Before(since)
	})
	return max(first, 1) + uint64(n), failed
}

// storedFrom is the first delivery at or after a place, or nil.
func (s *Sink) storedFrom(ctx context.Context, sequence uint64) (*jetstream.RawStreamMsg, error) {
	m, err := s.stream.GetMsg(ctx, max(sequence, 1), jetstream.WithGetMsgSubject(string(s.names)+".*."+fresh))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	return m, nil
}
