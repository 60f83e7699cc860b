package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/nats-io/nats.go/jetstream"
)

// RerunSince makes workers run deliveries again that were stored since a time,
// completed or not, and returns how many. It is for an event whose callback is
// new, or was wrong. pick selects the deliveries, and is given all that is stored
// of them, including personal data; nil selects all. The zero time is the
// beginning. Deliveries that were erased (see [Options].KeepBodies), and those
// that this release cannot read, are left out.
//
// Each runs with all its attempts, beside any run that is still due. Calling
// RerunSince twice runs them twice. With an error comes the number of those that
// will run.
func (i *Inbox) RerunSince(ctx context.Context, since time.Time, pick func(*event.Delivery) bool) (int, error) {
	s, err := i.open(ctx)
	if err != nil {
		return 0, i.failed(err)
	}
	info, err := s.deliveries.Info(ctx)
	if err != nil {
		return 0, i.failed(err)
	}
	cfg := jetstream.ConsumerConfig{FilterSubject: i.names.stream() + ".*." + fresh}
	if !since.IsZero() {
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
	}
	// What one call selects is known by its time, so that a repetition of the
	// client's own stores no pointer twice.
	call, count := time.Now().UnixNano(), 0
	err = i.scan(ctx, s, cfg, info.State.LastSeq, func(m jetstream.Msg, meta *jetstream.MsgMetadata) error {
		d := new(event.Delivery)
		if d.UnmarshalBinary(m.Data()) != nil || pick != nil && !pick(d) {
			return nil
		}
		id := fmt.Sprintf("rerun/%d/%d", meta.Sequence.Stream, call)
		p := pointer{storedVersion, meta.Sequence.Stream, m.Headers().Get(jetstream.MsgIDHeader), meta.Timestamp}
		if err := i.putPointer(ctx, d.Handler, id, p); err != nil {
			return err
		}
		count++
		return nil
	})
	return count, err
}

const (
	scanPage    = 100             // how many messages a scan reads at once
	scanHeaders = 1000            // without their bodies
	scanIdle    = 5 * time.Minute // how long may be taken for them
)

// scan reads what is stored up to a sequence, as cfg says from where and what.
func (i *Inbox) scan(ctx context.Context, s *streams, cfg jetstream.ConsumerConfig, last uint64, fn func(jetstream.Msg, *jetstream.MsgMetadata) error) error {
	cfg.AckPolicy, cfg.InactiveThreshold, cfg.MemoryStorage, cfg.Replicas = jetstream.AckNonePolicy, scanIdle, true, 1
	c, err := s.deliveries.CreateConsumer(ctx, cfg)
	if err != nil {
		return i.failed(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		_ = s.deliveries.DeleteConsumer(ctx, c.CachedInfo().Name) // it would go by itself
	}()
	page := scanPage
	if cfg.HeadersOnly {
		page = scanHeaders
	}
	for ctx.Err() == nil {
		batch, err := c.FetchNoWait(page)
		if err != nil {
			return i.failed(err)
		}
		read := 0
		for m := range batch.Messages() {
			meta, err := m.Metadata()
			if err != nil {
				return i.failed(err)
			}
			if read++; meta.Sequence.Stream > last {
				return nil
			}
			if err := fn(m, meta); err != nil {
				return err
			}
		}
		if err := batch.Error(); err != nil && !errors.Is(err, jetstream.ErrNoMessages) {
			return i.failed(err)
		}
		if read == 0 {
			return nil
		}
	}
	return i.failed(ctx.Err())
}

// putPointer stores a pointer, for a worker to find. With the id of one that is
// stored it does nothing.
func (i *Inbox) putPointer(ctx context.Context, handler, id string, p pointer) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	err = i.publish(ctx, i.names.stream(), i.names.subject(handler, again), id, data)
	if errors.Is(err, event.ErrDuplicate) {
		return nil
	}
	return err
}
