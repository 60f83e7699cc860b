package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lookEvery is the most time between two looks at the stream while deliveries
// arrive, or a worker runs. A look is also due when a part of the stream's limit
// has arrived, so that no flood fills it unseen.
const (
	lookEvery = time.Minute
	lookParts = 32
)

// lookDue says whether it is time to look at the stream, after n more bytes.
func (i *Inbox) lookDue(n int64) bool {
	s := i.streams.Load()
	since, now := i.since.Add(n), time.Now().UnixNano()
	if next := i.nextLook.Load(); s == nil || now < next && since < s.maxBytes/lookParts || !i.nextLook.CompareAndSwap(next, now+int64(lookEvery)) {
		return false
	}
	i.since.Store(0)
	return true
}

// lookNow inspects the streams. An engine that does not answer shows elsewhere.
func (i *Inbox) lookNow() {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	s, err := i.open(ctx)
	if err == nil {
		err = i.inspect(ctx, s)
	}
	if err != nil {
		i.note(fmt.Errorf("jetstream: %w", err))
	}
}

// inspect compares the stream with what the last mark says of it, reports what
// is missing, and leaves the next mark.
func (i *Inbox) inspect(ctx context.Context, s *streams) error {
	m, err := i.loadMark(ctx, s)
	if err != nil {
		return err
	}
	consumers, err := i.consumers(ctx, s)
	if err != nil {
		return err
	}
	info, err := s.deliveries.Info(ctx) // after the consumers, which are not ahead of it then
	if err != nil {
		return err
	}
	now := time.Now()
	i.reportFill(ctx, &info.State, s)
	i.reportDamage(ctx, m, s, &info.State, now)
	if err := i.checkConsumers(ctx, m, s, consumers, &info.State); err != nil {
		return err
	}
	m.next(s, &info.State, consumers, now)
	return i.storeMark(ctx, m)
}

// checkConsumers reports consumers that have lost what they knew, before
// deliveries run again because of that. A consumer that is ahead of its stream,
// whose end was lost, would pass over the next deliveries: it is removed, so
// that the next worker makes it anew.
func (i *Inbox) checkConsumers(ctx context.Context, m *mark, s *streams, consumers map[string]*jetstream.ConsumerInfo, state *jetstream.StreamState) error {
	for name, c := range consumers {
		if c.Delivered.Stream <= state.LastSeq {
			continue
		}
		if err := s.deliveries.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return err
		}
		delete(consumers, name)
		m.Done[name] = c.AckFloor.Stream
	}
	for name, done := range m.Done {
		if c := consumers[name]; done > 0 && state.Msgs > 0 && (c == nil || c.AckFloor.Stream < min(done, state.LastSeq)) {
			i.log.LogAttrs(ctx, slog.LevelError, "the engine has lost its record of which webhook deliveries were completed: all that are stored will run again",
				slog.String("handler", handlerOf(name)), slog.Uint64("stored", state.Msgs))
		}
	}
	return nil
}

// consumers returns the consumers of handlers, by their names.
func (i *Inbox) consumers(ctx context.Context, s *streams) (map[string]*jetstream.ConsumerInfo, error) {
	all := make(map[string]*jetstream.ConsumerInfo)
	list := s.deliveries.ListConsumers(ctx)
	for c := range list.Info() {
		if c.Config.Durable != "" && strings.HasPrefix(c.Config.FilterSubject, i.names.stream()+".") {
			all[c.Config.Durable] = c
		}
	}
	return all, list.Err()
}

// reportFill warns of a stream that is almost full.
func (i *Inbox) reportFill(ctx context.Context, state *jetstream.StreamState, s *streams) {
	if float64(state.Bytes) < i.opts.WarnAt*float64(s.maxBytes) || i.opts.WarnAt == 1 || !i.fill.due() {
		return
	}
	i.log.LogAttrs(ctx, slog.LevelWarn, "the stream of webhook deliveries is almost full; when it is, vendors get 503: raise Options.MaxBytes, or rerun or discard old dead letters",
		slog.String("stream", i.names.stream()), slog.Uint64("bytes", state.Bytes), slog.Int64("max_bytes", s.maxBytes))
}

// reportDamage counts the deliveries that should be in the stream and are not.
func (i *Inbox) reportDamage(ctx context.Context, m *mark, s *streams, state *jetstream.StreamState, now time.Time) {
	if lost := m.missing(s, state, now); lost > 0 {
		m.Lost += lost
		m.LostAt = now
	}
	if now.Sub(m.LostAt) > s.maxAge {
		m.Lost = 0 // they would have been erased by now
	}
	damaged := m.Lost + int64(state.NumDeleted) + m.Unreadable
	if before := i.damaged.Swap(damaged); damaged <= before {
		return
	}
	err := fmt.Errorf("jetstream: %d webhook deliveries are missing in the stream %s", damaged, i.names.stream())
	i.note(err)
	i.log.LogAttrs(ctx, slog.LevelError, "webhook deliveries that were acknowledged are missing in the stream: its files are damaged, or someone deleted them. Check the disk. Restore the files from a backup while the engine is stopped, or have the vendors send again what is missing; what is left was stored from stored_from to stored_until",
		slog.String("stream", i.names.stream()), slog.Int64("missing", damaged), slog.Uint64("stored", state.Msgs),
		slog.Time("stored_from", state.FirstTime), slog.Time("stored_until", state.LastTime))
}

// verify reads all that is stored, once after each start of the engine: damage
// within a delivery shows only then, as the engine passes over what it cannot
// read.
func (i *Inbox) verify(ctx context.Context, s *streams) error {
	server := i.js.Conn().ConnectedServerId()
	m, err := i.loadMark(ctx, s)
	if err != nil || m.Verified == server {
		return err
	}
	info, err := s.deliveries.Info(ctx)
	if err != nil {
		return err
	}
	gaps, next := uint64(0), uint64(0)
	err = i.scan(ctx, s, jetstream.ConsumerConfig{HeadersOnly: true}, info.State.LastSeq, func(_ jetstream.Msg, meta *jetstream.MsgMetadata) error {
		if next > 0 {
			gaps += meta.Sequence.Stream - next
		}
		next = meta.Sequence.Stream + 1
		return nil
	})
	if err != nil {
		return err
	}
	if next > 0 {
		gaps += info.State.LastSeq + 1 - next
	}
	if info, err = s.deliveries.Info(ctx); err != nil {
		return err
	}
	if m, err = i.loadMark(ctx, s); err != nil { // which may have changed
		return err
	}
	m.Verified, m.Unreadable = server, max(int64(gaps)-int64(info.State.NumDeleted), 0)
	i.reportDamage(ctx, m, s, &info.State, time.Now())
	return i.storeMark(ctx, m)
}

// mark is what the stream is known to have had. It is kept beside the dead
// letters, so that damage to the deliveries leaves it.
type mark struct {
	Version int               `json:"v"`
	Created time.Time         `json:"created"` // the stream
	Last    uint64            `json:"last"`    // sequence
	Keep    time.Duration     `json:"keep"`    // how long at least a delivery stays
	Points  []point           `json:"points"`  // the oldest first
	Done    map[string]uint64 `json:"done"`    // by consumer: what it has completed without a gap
	Lost    int64             `json:"lost"`    // deliveries that were found missing
	LostAt  time.Time         `json:"lost_at"`

	// What reading all of it has found, and the id of the server that did.
	Unreadable int64  `json:"unreadable,omitempty"`
	Verified   string `json:"verified,omitempty"`
}

// point says that all from a sequence on were stored after a time.
type point struct {
	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
}

func (m *mark) version() int { return m.Version }

// pointEvery is how far points are apart, and clockSkew how much the clocks of
// the engine and of this process may differ.
const (
	pointEvery = time.Hour
	clockSkew  = 10 * time.Minute
)

// missing counts the deliveries that the mark knows of, that are too young to
// have been erased, and are not between the first and the last of the stream.
func (m *mark) missing(s *streams, state *jetstream.StreamState, now time.Time) int64 {
	youngest := now.Add(clockSkew - min(m.Keep, s.keep()))
	var from uint64
	for k := len(m.Points) - 1; k >= 0 && m.Points[k].Time.After(youngest); k-- {
		from = m.Points[k].Sequence
	}
	if from == 0 || from > m.Last {
		return 0
	}
	first, last := max(state.FirstSeq, 1), state.LastSeq
	if last < m.Last && !m.Created.Equal(s.created) {
		first, last = m.Last+1, m.Last // it was made anew: all are gone
	}
	lost := int64(0)
	if first > from {
		lost += int64(min(first, m.Last+1) - from)
	}
	if last < m.Last {
		lost += int64(m.Last - max(last, from-1))
	}
	return lost
}

// next makes m the mark of what is in the stream now.
func (m *mark) next(s *streams, state *jetstream.StreamState, consumers map[string]*jetstream.ConsumerInfo, now time.Time) {
	if !m.Created.Equal(s.created) || state.LastSeq < m.Last {
		m.Points = nil // sequences begin anew, or again
	}
	if n := len(m.Points); n == 0 || now.Sub(m.Points[n-1].Time) >= pointEvery {
		m.Points = append(m.Points, point{state.LastSeq + 1, now})
	}
	for k := range m.Points {
		m.Points[k].Sequence = max(m.Points[k].Sequence, state.FirstSeq) // what is missing is counted once
	}
	for len(m.Points) > 1 && now.Sub(m.Points[1].Time) > s.keep() {
		m.Points = m.Points[1:] // one that is older than that is enough
	}
	m.Version, m.Created, m.Last, m.Keep = storedVersion, s.created, state.LastSeq, s.keep()
	m.Done = make(map[string]uint64, len(consumers))
	for name, c := range consumers {
		m.Done[name] = c.AckFloor.Stream
	}
}

// keep is how long at least a delivery stays in the stream.
func (s *streams) keep() time.Duration { return min(s.keepBodies, s.maxAge) }

// loadMark returns the last mark, or an empty one.
func (i *Inbox) loadMark(ctx context.Context, s *streams) (*mark, error) {
	m := &mark{Done: make(map[string]uint64)}
	stored, err := s.dead.GetLastMsgForSubject(ctx, i.names.markSubject())
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return m, nil
	case err != nil:
		return nil, err
	}
	// One that cannot be read is a newer release's, or damaged.
	if read := new(mark); decode(stored.Data, read) == nil && read.Done != nil {
		m = read
	}
	return m, nil
}

func (i *Inbox) storeMark(ctx context.Context, m *mark) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = i.js.Publish(ctx, i.names.markSubject(), data, publishOpts(i.names.dead(), "")...)
	if isFull(err) {
		return nil // of dead letters, which shows elsewhere; an older mark stays true
	}
	return err
}
