package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event/inbox"
	"github.com/nats-io/nats.go/jetstream"
)

// Stats counts what is in the inbox. Calling it every few seconds is often
// enough. The engine does not tell which deliveries are running: Running counts
// those of this process, and those that run in others are among Retrying. A very
// long handler's name is replaced by a hash.
func (i *Inbox) Stats(ctx context.Context) (*inbox.Stats, error) {
	stats := &inbox.Stats{Handlers: make(map[string]inbox.Counts)}
	s, err := i.open(ctx)
	if err != nil {
		return nil, i.failed(err)
	}
	info, err := s.deliveries.Info(ctx, jetstream.WithSubjectFilter(i.names.subjects()[0]))
	if err != nil {
		return nil, i.failed(err)
	}
	if err := i.count(ctx, s, info.State.Subjects, stats.Handlers); err != nil {
		return nil, i.failed(err)
	}
	for _, c := range stats.Handlers {
		stats.Waiting += c.Waiting
		stats.Running += c.Running
		stats.Retrying += c.Retrying
		stats.Dead += c.Dead
		if stats.Oldest.IsZero() || !c.Oldest.IsZero() && c.Oldest.Before(stats.Oldest) {
			stats.Oldest = c.Oldest
		}
	}
	stats.Abandoned = i.abandoned.Load()
	stats.Bytes, stats.MaxBytes = int64(info.State.Bytes), max(info.Config.MaxBytes, 0)
	stats.Damaged = max(i.damaged.Load(), int64(info.State.NumDeleted))
	if last := i.last.Load(); last != nil {
		stats.LastError, stats.LastErrorAt = last.err, last.at
	}
	return stats, nil
}

// activity is what the workers of this process do for one handler.
type activity struct {
	running atomic.Int64 // callbacks
	queued  atomic.Int64 // fetched, and not begun
}

// activity returns that of a handler, by its token.
func (i *Inbox) activity(token string) *activity {
	a, _ := i.activities.LoadOrStore(token, new(activity))
	return a.(*activity)
}

// count fills in the counts of each handler that has deliveries or a worker.
func (i *Inbox) count(ctx context.Context, s *streams, subjects map[string]uint64, all map[string]inbox.Counts) error {
	consumers, err := i.consumers(ctx, s)
	if err != nil {
		return err
	}
	for subject, n := range subjects {
		token := i.names.token(subject)
		c := all[handlerOf(token)]
		if consumers[token] != nil {
			continue
		}
		c.Waiting += int64(n)
		if m, err := i.firstFrom(ctx, s, 1, token, "*"); err != nil {
			return err
		} else if m != nil {
			c.Oldest = m.Time.UTC()
		}
		all[handlerOf(token)] = c
	}
	for name, c := range consumers {
		a := i.activity(name)
		unfinished := int64(c.NumAckPending)
		running := min(a.running.Load(), unfinished)
		queued := min(a.queued.Load(), unfinished-running)
		counts := inbox.Counts{Waiting: int64(c.NumPending) + queued, Running: running, Retrying: unfinished - running - queued}
		if m, err := i.firstFrom(ctx, s, c.AckFloor.Stream+1, name, "*"); err != nil {
			return err
		} else if m != nil {
			counts.Oldest = m.Time.UTC()
		}
		all[handlerOf(name)] = counts
	}
	dead, err := s.dead.Info(ctx, jetstream.WithSubjectFilter(i.names.deadSubjects()))
	if err != nil {
		return err
	}
	for subject := range dead.State.Subjects {
		if name, _, ok := i.names.deadLetter(subject); ok {
			c := all[name]
			c.Dead++
			all[name] = c
		}
	}
	return nil
}

// unserved are the handlers whose deliveries no worker ever took up, and how
// many wait.
func (i *Inbox) unserved(ctx context.Context, s *streams) (map[string]uint64, error) {
	info, err := s.deliveries.Info(ctx, jetstream.WithSubjectFilter(i.names.subjects()[0]))
	if err != nil {
		return nil, err
	}
	consumers, err := i.consumers(ctx, s)
	if err != nil {
		return nil, err
	}
	all := make(map[string]uint64)
	for subject, n := range info.State.Subjects {
		if name := i.names.token(subject); consumers[name] == nil {
			all[handlerOf(name)] += n
		}
	}
	return all, nil
}

// firstFrom is the first message of a handler and a kind from a sequence on; nil
// if there is none.
func (i *Inbox) firstFrom(ctx context.Context, s *streams, sequence uint64, token, kind string) (*jetstream.RawStreamMsg, error) {
	m, err := s.deliveries.GetMsg(ctx, sequence, jetstream.WithGetMsgSubject(i.names.stream()+"."+token+"."+kind))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return m, err
}

// prune erases completed deliveries that are older than Options.KeepBodies. The
// engine erases only from the oldest on: what is not completed yet holds up what
// came after it, and so does a dead letter, which needs its delivery.
func (i *Inbox) prune(ctx context.Context, s *streams) error {
	m, err := i.loadMark(ctx, s)
	if err != nil {
		return err
	}
	info, err := s.deliveries.Info(ctx)
	if err != nil {
		return err
	}
	end := m.storedBefore(time.Now().Add(-s.keepBodies))
	if end <= info.State.FirstSeq {
		return nil
	}
	if end, err = i.neededFrom(ctx, s, end); err != nil || end <= info.State.FirstSeq {
		return err
	}
	if err := s.deliveries.Purge(ctx, jetstream.WithPurgeSequence(end)); err != nil {
		return fmt.Errorf("erasing completed deliveries: %w", err)
	}
	return nil
}

// neededFrom is the first sequence below end that is still needed, or end.
func (i *Inbox) neededFrom(ctx context.Context, s *streams, end uint64) (uint64, error) {
	// Dead letters first: one that is rerun meanwhile has left a pointer, which
	// is found after that.
	dead, err := s.dead.Info(ctx, jetstream.WithSubjectFilter(i.names.deadSubjects()))
	if err != nil {
		return 0, err
	}
	for subject := range dead.State.Subjects {
		if _, sequence, ok := i.names.deadLetter(subject); ok {
			end = min(end, sequence)
		}
	}
	consumers, err := i.consumers(ctx, s)
	if err != nil {
		return 0, err
	}
	if unserved, err := i.unserved(ctx, s); err != nil || len(unserved) > 0 {
		return 0, err // they wait for a worker
	}
	for name, c := range consumers {
		switch m, err := i.firstFrom(ctx, s, c.AckFloor.Stream+1, name, "*"); {
		case err != nil:
			return 0, err
		case m == nil:
			continue
		default:
			end = min(end, m.Sequence)
		}
		// A pointer that has not run points somewhere below.
		if m, err := i.firstFrom(ctx, s, c.AckFloor.Stream+1, name, again); m != nil || err != nil {
			return 0, err
		}
	}
	return end, nil
}

// storedBefore is a sequence before which all were stored before a time; 0 if
// none is known.
func (m *mark) storedBefore(t time.Time) uint64 {
	for _, p := range slices.Backward(m.Points) {
		if !p.Time.After(t) {
			return p.Sequence
		}
	}
	return 0
}
