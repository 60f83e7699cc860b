package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Inbox stores deliveries in a stream, from which a [Worker] runs them, and keeps
// dead letters. It is an [event.Inbox], and safe for concurrent use.
type Inbox struct {
	js    jetstream.JetStream
	names names
	opts  Options
	log   *slog.Logger

	streams atomic.Pointer[streams] // nil until the engine has been there
	opening chan struct{}           // has room for the one that opens them
	outage  outage
	last    atomic.Pointer[mishap] // what went wrong last
	damaged atomic.Int64           // deliveries that are missing

	puts     chan struct{} // one for each Put
	putBytes atomic.Int64  // theirs
	storing  chan struct{} // one for each that the engine has

	activities sync.Map     // by a handler's token: *activity
	abandoned  atomic.Int64 // callbacks of this process that are not waited for any more

	// When the stream was looked at last, and what came since.
	nextLook atomic.Int64 // Unix nanoseconds
	since    atomic.Int64 // bytes
	fill     limiter      // warnings of a stream that is almost full
}

// mishap is an error of the engine, and when it came.
type mishap struct {
	err error
	at  time.Time
}

// ErrFull is for a delivery that was not stored because the stream has reached
// [Options].MaxBytes. The handler responds with 503.
var ErrFull = errors.New("jetstream: the stream is full: raise Options.MaxBytes, or rerun or discard old dead letters")

// openTime is how long NewInbox waits for an engine.
const openTime = 2 * time.Second

// NewInbox makes the stream of deliveries and the one of dead letters, or checks
// those that exist. nc comes from [Connect], or from package embedded. opts may
// be nil.
//
// A stream that could lose deliveries or run them twice is an error that says
// what is wrong with it: it has work-queue retention, for example, or the
// engine's default window for duplicates. A server's sync_interval cannot be
// checked: see the package's documentation.
//
// An engine that is down is not an error. That is logged, vendors get 503, and
// the streams are opened when the engine is back.
func NewInbox(ctx context.Context, nc *nats.Conn, opts *Options) (*Inbox, error) {
	if opts == nil {
		opts = &Options{}
	}
	i, err := newInbox(ctx, nc, opts)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	return i, nil
}

func newInbox(ctx context.Context, nc *nats.Conn, opts *Options) (*Inbox, error) {
	o, err := opts.check()
	if err != nil {
		return nil, err
	}
	if err := checkConn(nc); err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	i := &Inbox{
		js: js, names: names(o.Stream), opts: o, log: o.Logger,
		opening: make(chan struct{}, 1), puts: make(chan struct{}, o.MaxPuts), storing: make(chan struct{}, mostStoring),
	}
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	_, err = i.open(opening)
	if err != nil && isOutage(err) && !nc.IsClosed() {
		_ = i.failed(err) // it is logged
		err = nil
	}
	return i, err
}

// open returns the streams. The first call that finds an engine makes or checks
// them.
func (i *Inbox) open(ctx context.Context) (*streams, error) {
	if s := i.streams.Load(); s != nil {
		return s, nil
	}
	select {
	case i.opening <- struct{}{}:
		defer func() { <-i.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s := i.streams.Load(); s != nil {
		return s, nil
	}
	if err := i.awaitConn(ctx); err != nil {
		return nil, err
	}
	s, err := i.openStreams(ctx)
	if err != nil {
		return nil, err
	}
	if err := i.inspect(ctx, s); err != nil {
		return nil, err
	}
	i.streams.Store(s)
	return s, nil
}

// awaitConn waits for the connection's first server, or the next.
func (i *Inbox) awaitConn(ctx context.Context) error {
	nc := i.js.Conn()
	for !nc.IsConnected() {
		if nc.IsClosed() {
			return nats.ErrConnectionClosed
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("no server is connected: %w", errors.Join(nc.LastError(), ctx.Err()))
		}
	}
	return nil
}

const (
	// mostPutBytes limits the total size of the deliveries that are on their
	// way into the engine.
	mostPutBytes = 64 << 20
	// mostStoring limits how many of them the engine has at a time. It syncs
	// them one by one and hands out nothing to workers meanwhile: if it had
	// more, workers would starve, and no more would be stored per second.
	mostStoring = 8
)

// Put stores d, and returns nil once the engine has acknowledged it. The error
// wraps [event.ErrDuplicate] if d's key is stored, [event.ErrTooLarge] if d is
// larger than the engine's messages may be, [inbox.ErrBusy] if too many
// deliveries are being stored, or [ErrFull]. After any other error d may be
// stored or not; if the vendor sends it again, it is stored once all the same.
//
// Put returns at the latest when ctx ends, or when the engine has not answered
// for five seconds. While the engine is known to be down, Put returns at once.
func (i *Inbox) Put(ctx context.Context, d *event.Delivery) error {
	data, err := d.MarshalBinary()
	if err != nil {
		return err
	}
	leave, err := i.enter(ctx, int64(len(data)))
	if err != nil {
		return err
	}
	probing, err := i.outage.admit(time.Now())
	if err != nil {
		leave()
		return err
	}
	// The NATS client may be blocked by its connection for longer than ctx
	// lasts. Until it returns, the delivery counts as being stored.
	result := make(chan error, 1)
	go func() {
		err := i.put(ctx, probing, i.names.subject(d.Handler, fresh), d.Key(), data)
		leave()
		result <- err
		if err == nil && i.lookDue(int64(len(data))) {
			i.lookNow()
		}
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return i.failed(ctx.Err())
	}
}

// enter waits for its turn to store, unless too many are waiting. leave makes
// room for the next.
func (i *Inbox) enter(ctx context.Context, size int64) (leave func(), err error) {
	busy := fmt.Errorf("jetstream: %w", inbox.ErrBusy)
	if sum := i.putBytes.Add(size); sum > mostPutBytes && sum > size {
		i.putBytes.Add(-size)
		return nil, busy
	}
	select {
	case i.puts <- struct{}{}:
	default:
		i.putBytes.Add(-size)
		return nil, busy
	}
	free := func() {
		<-i.puts
		i.putBytes.Add(-size)
	}
	if i.outage.is() {
		return free, nil // Put returns at once, or probes
	}
	select {
	case i.storing <- struct{}{}:
		return func() { <-i.storing; free() }, nil
	case <-ctx.Done():
		free()
		return nil, fmt.Errorf("%w: %w", busy, ctx.Err())
	}
}

func (i *Inbox) put(ctx context.Context, probing bool, subject, key string, data []byte) error {
	patience := callTimeout
	if probing || !i.js.Conn().IsConnected() {
		patience = probeTime
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := i.open(ctx); err != nil {
		return i.failed(err)
	}
	return i.publish(ctx, i.names.stream(), subject, key, data)
}

// publish stores a message. id, where it is not "", is what a duplicate is
// known by.
func (i *Inbox) publish(ctx context.Context, stream, subject, id string, data []byte) error {
	ack, err := i.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data}, publishOpts(stream, id)...)
	switch {
	case err != nil:
		return i.failed(err)
	case ack.Duplicate:
		err = fmt.Errorf("jetstream: %w", event.ErrDuplicate)
	}
	i.recovered()
	return err
}

func publishOpts(stream, id string) []jetstream.PublishOpt {
	opts := []jetstream.PublishOpt{
		jetstream.WithExpectStream(stream),       // and no other that has taken the subject
		jetstream.WithRetryAttempts(math.MaxInt), // while there is no leader; ctx ends it
	}
	if id != "" {
		opts = append(opts, jetstream.WithMsgID(id))
	}
	return opts
}

// storeFailed is the engine's code for several failures, a full stream being
// one.
const storeFailed jetstream.ErrorCode = 10077

// failed translates an error of the engine and remembers it, above all that the
// engine is down. Such errors hold nothing of a message.
func (i *Inbox) failed(err error) error {
	api, _ := errors.AsType[*jetstream.APIError](err)
	switch {
	case errors.Is(err, nats.ErrMaxPayload), api != nil && isTooLarge(api):
		return fmt.Errorf("jetstream: %w", event.ErrTooLarge)
	case errors.Is(err, context.Canceled): // it is the caller's
		return fmt.Errorf("jetstream: %w", err)
	case isFull(err):
		i.recovered() // it is there
		err = ErrFull
	default:
		err = fmt.Errorf("jetstream: %w", err)
		if isOutage(err) && i.outage.begin(err, time.Now()) {
			i.log.Error("the engine that stores webhook deliveries is down: vendors get 503 until it is back", slog.String("stream", i.names.stream()), slog.String("error", err.Error()))
		}
	}
	i.note(err)
	return err
}

// isTooLarge reports whether the message is over the stream's limit, or over the
// 32 MiB that the engine's files can hold whatever its limits say.
func isTooLarge(api *jetstream.APIError) bool {
	return api.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum ||
		api.ErrorCode == storeFailed && api.Description == "message too large"
}

// isFull tells a stream that has reached a limit from other failures.
func isFull(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && api.ErrorCode == storeFailed && strings.Contains(api.Description, "maximum")
}

// note remembers what went wrong, for Stats.
func (i *Inbox) note(err error) { i.last.Store(&mishap{err, time.Now()}) }

// recovered ends an outage, if there is one.
func (i *Inbox) recovered() {
	if lasted, ok := i.outage.end(time.Now()); ok {
		i.log.Warn("the engine that stores webhook deliveries is back", slog.String("stream", i.names.stream()), slog.Duration("after", lasted))
	}
}
