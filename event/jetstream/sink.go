package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Sink stores deliveries in a stream. It is an [event.Sink] that knows its
// limit, an [event.SinkLimiter], and safe for concurrent use. It is also where
// a [Worker] finds the stream, and where dead letters are.
type Sink struct {
	js     jetstream.JetStream
	names  names
	stream jetstream.Stream
	dead   jetstream.Stream
	log    *slog.Logger

	maxAge   time.Duration
	maxBytes uint64
	maxSize  int64 // of a message in the stream; 0 is the server's
	warnAt   float64

	// When the stream's size was looked at last, and what came since.
	look    atomic.Int64 // Unix nanoseconds, when to look next
	since   atomic.Int64 // bytes
	nowarns atomic.Int64 // Unix nanoseconds, until when not to warn
}

// ErrFull is for a delivery that was not stored because the stream has reached
// Options.MaxBytes. The handler answers 503.
var ErrFull = errors.New("jetstream: the stream is full")

// NewSink makes or checks the stream, and the one of dead letters. nc must be
// connected, and reconnect for ever: nats.MaxReconnects(-1). opts may be nil.
//
// It is an error if a stream exists that could lose deliveries or run them
// twice: one with work-queue retention, say, or with the engine's default
// window for duplicates. The error says what is wrong. A server's sync_interval
// cannot be checked: see the package's documentation.
func NewSink(ctx context.Context, nc *nats.Conn, opts *Options) (*Sink, error) {
	if opts == nil {
		opts = &Options{}
	}
	s, err := newSink(ctx, nc, opts)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	s.look.Store(time.Now().Add(gaugeEvery).UnixNano())
	s.gauge(ctx)
	return s, nil
}

func newSink(ctx context.Context, nc *nats.Conn, opts *Options) (*Sink, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	if err := checkConn(nc); err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	s := &Sink{js: js, names: defaultStream, log: logger(opts.Logger), warnAt: opts.WarnAt}
	if opts.Stream != "" {
		s.names = names(opts.Stream)
	}
	if s.warnAt == 0 {
		s.warnAt = defaultWarnAt
	}
	if s.stream, err = openStream(ctx, js, s.names, opts); err != nil {
		return nil, err
	}
	cfg := s.stream.CachedInfo().Config
	s.maxAge, s.maxBytes, s.maxSize = cfg.MaxAge, uint64(cfg.MaxBytes), int64(max(cfg.MaxMsgSize, 0))
	if s.MaxBody() <= Overhead || int64(s.maxBytes) < 2*s.MaxBody() {
		return nil, fmt.Errorf("the stream's limits leave no room: %d bytes a message, %d in all, for bodies of up to %d", s.maxSize, s.maxBytes, s.MaxBody())
	}
	if cfg.Replicas == 1 && nc.ConnectedClusterName() != "" {
		s.log.WarnContext(ctx, "one server of the cluster alone keeps the webhook deliveries: set Replicas", slog.String("stream", s.names.stream()))
	}
	if s.dead, err = openDead(ctx, js, s.names, &cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// MaxBody is the largest body that the engine carries, in bytes: its largest
// message less [Overhead]. A stock server takes messages of 1 MiB.
func (s *Sink) MaxBody() int64 {
	size := s.js.Conn().MaxPayload()
	if s.maxSize > 0 {
		size = min(size, s.maxSize)
	}
	return max(size-Overhead, 0)
}

// Put stores d. It returns nil once the engine has acknowledged it, an error
// that wraps [event.ErrDuplicate] if its key is stored, [event.ErrTooLarge] if
// it is too large for the engine, and [ErrFull] if the stream is full. After
// any other error d may be stored or not: a vendor that sends it again finds
// out.
//
// While the engine has no leader, or is not connected, Put waits until ctx ends.
func (s *Sink) Put(ctx context.Context, d *event.Delivery) error {
	data, err := d.MarshalBinary()
	if err != nil {
		return err
	}
	err = s.publish(ctx, s.names.stream(), s.names.subject(d.Receiver, fresh), d.Key(), data)
	if err == nil && s.due(len(data)) {
		s.gauge(ctx)
	}
	return err
}

// publish stores a message. id, where it is not "", is what a duplicate is
// known by.
func (s *Sink) publish(ctx context.Context, stream, subject, id string, data []byte) error {
	opts := []jetstream.PublishOpt{
		jetstream.WithExpectStream(stream),       // and no other that has taken the subject
		jetstream.WithRetryAttempts(math.MaxInt), // while there is no leader; ctx ends it
	}
	if id != "" {
		opts = append(opts, jetstream.WithMsgID(id))
	}
	ack, err := s.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data}, opts...)
	switch {
	case err != nil:
		return explain(err)
	case ack.Duplicate:
		return fmt.Errorf("jetstream: %w", event.ErrDuplicate)
	}
	return nil
}

// storeFailed is the engine's code for several failures, a full stream being
// one.
const storeFailed jetstream.ErrorCode = 10077

// explain gives the engine's errors the meaning that they have for a sink.
// None of them holds any of a message.
func explain(err error) error {
	api, _ := errors.AsType[*jetstream.APIError](err)
	switch {
	case errors.Is(err, nats.ErrMaxPayload), api != nil && api.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum:
		return fmt.Errorf("jetstream: %w", event.ErrTooLarge)
	case api != nil && api.ErrorCode == storeFailed && strings.Contains(api.Description, "maximum"):
		return ErrFull
	}
	return fmt.Errorf("jetstream: %w", err)
}

// Fill is how many bytes the stream has and may have. A delivery that was
// completed still counts, until MaxAge.
func (s *Sink) Fill(ctx context.Context) (used, limit uint64, err error) {
	info, err := s.stream.Info(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("jetstream: %w", err)
	}
	return info.State.Bytes, uint64(max(info.Config.MaxBytes, 0)), nil
}

// gaugeEvery is the most time between two looks at the stream's size while
// deliveries arrive. A look is also due when a part of its limit has arrived,
// so that no flood fills it unseen.
const (
	gaugeEvery = time.Minute
	gaugeParts = 32
)

// due says whether it is time to look at the stream's size, after n more bytes.
func (s *Sink) due(n int) bool {
	since, now := s.since.Add(int64(n)), time.Now().UnixNano()
	if look := s.look.Load(); now < look && since < int64(s.maxBytes/gaugeParts) || !s.look.CompareAndSwap(look, now+int64(gaugeEvery)) {
		return false
	}
	s.since.Store(0)
	return true
}

// gauge warns of a stream that is almost full. It takes little of the time of a
// sender that waits, and an engine that does not answer shows elsewhere.
func (s *Sink) gauge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	used, limit, err := s.Fill(ctx)
	now := time.Now().UnixNano()
	if err != nil || limit == 0 || float64(used) < s.warnAt*float64(limit) || s.warnAt == 1 || now < s.nowarns.Load() {
		return
	}
	s.nowarns.Store(now + int64(gaugeEvery))
	s.log.LogAttrs(ctx, slog.LevelWarn, "the stream of webhook deliveries is almost full; when it is, vendors are answered 503",
		slog.String("stream", s.names.stream()), slog.Uint64("bytes", used), slog.Uint64("max_bytes", limit))
}

// Backlog is what of one handler's deliveries is not completed.
type Backlog struct {
	// Waiting have not been tried.
	Waiting uint64
	// Unfinished are running or waiting for a retry.
	Unfinished int
	// Served says that a worker has taken up this handler's deliveries, at
	// some time. If it is false, all wait for one.
	Served bool
}

// Backlogs returns the backlog of each handler that has deliveries or a worker,
// by name. A name that is very long or has many special characters is a hash.
func (s *Sink) Backlogs(ctx context.Context) (map[string]Backlog, error) {
	info, err := s.stream.Info(ctx, jetstream.WithSubjectFilter(string(s.names)+".*.*"))
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	all := make(map[string]Backlog)
	for subject, n := range info.State.Subjects {
		name := s.names.receiver(subject)
		b := all[name]
		b.Waiting += n
		all[name] = b
	}
	consumers := s.stream.ListConsumers(ctx)
	for c := range consumers.Info() {
		if c.Config.Durable == "" || !strings.HasPrefix(c.Config.FilterSubject, string(s.names)+".") {
			continue
		}
		all[receiver(c.Config.Durable)] = Backlog{Waiting: c.NumPending, Unfinished: c.NumAckPending, Served: true}
	}
	if err := consumers.Err(); err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	return all, nil
}
