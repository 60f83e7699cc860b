package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// streams are the two streams of an inbox, once they are known to be safe.
type streams struct {
	deliveries jetstream.Stream
	dead       jetstream.Stream
	created    time.Time // deliveries
	maxAge     time.Duration
	keepBodies time.Duration
	maxBytes   int64
}

// openStreams makes the streams, or takes those that exist if they are safe.
func (i *Inbox) openStreams(ctx context.Context) (*streams, error) {
	if size := i.js.Conn().MaxPayload(); size < smallestPayload {
		return nil, fmt.Errorf("the server takes messages of at most %d bytes: raise its max_payload to at least %d", size, smallestPayload)
	}
	deliveries, err := i.openDeliveries(ctx)
	if err != nil {
		return nil, i.roomError(err)
	}
	info := deliveries.CachedInfo()
	if info.Config.Replicas == 1 && i.js.Conn().ConnectedClusterName() != "" {
		i.log.WarnContext(ctx, "only one server of the cluster keeps the webhook deliveries: set Options.Replicas to 3", slog.String("stream", i.names.stream()))
	}
	dead, err := i.openDead(ctx, &info.Config)
	if err != nil {
		return nil, i.roomError(err)
	}
	keep := i.opts.KeepBodies
	switch {
	case keep == 0:
		keep = info.Config.Duplicates
	case keep < info.Config.Duplicates:
		return nil, fmt.Errorf("the option KeepBodies is %v, less than the %v for which duplicates must be recognized", keep, info.Config.Duplicates)
	}
	return &streams{deliveries, dead, info.Created, info.Config.MaxAge, keep, info.Config.MaxBytes}, nil
}

// smallestPayload leaves room for a delivery and what is stored beside it.
const smallestPayload = 64 << 10

// openDeliveries makes or takes the stream of deliveries.
func (i *Inbox) openDeliveries(ctx context.Context) (jetstream.Stream, error) {
	name := i.names.stream()
	stream, err := i.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		cfg := i.newStream()
		if err := checkStream(&cfg, i.names); err != nil {
			return nil, fmt.Errorf("the stream cannot be made: %w", err)
		}
		stream, err = makeStream(ctx, i.js, cfg)
	}
	if err != nil {
		return nil, err
	}
	cfg := stream.CachedInfo().Config
	wanted := i.opts.applied(cfg)
	if err := checkStream(&wanted, i.names); err != nil {
		return nil, fmt.Errorf("the stream %s exists and is rejected: %w", name, err)
	}
	if wanted.MaxAge != cfg.MaxAge || wanted.Duplicates != cfg.Duplicates || wanted.MaxBytes != cfg.MaxBytes || wanted.Replicas != cfg.Replicas {
		if stream, err = i.js.UpdateStream(ctx, wanted); err != nil {
			return nil, fmt.Errorf("changing the stream %s: %w", name, err)
		}
	}
	return stream, nil
}

// makeStream makes a stream, or takes the one that another process made first.
func makeStream(ctx context.Context, js jetstream.JetStream, cfg jetstream.StreamConfig) (jetstream.Stream, error) {
	stream, err := js.CreateStream(ctx, cfg)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return js.Stream(ctx, cfg.Name)
	}
	return stream, err
}

// roomError says what to do about a server that has too little room for a
// stream.
func (i *Inbox) roomError(err error) error {
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok || api.ErrorCode != noResources && api.ErrorCode != noStorage {
		return err
	}
	most := i.opts.applied(jetstream.StreamConfig{MaxBytes: defaultMaxBytes}).MaxBytes
	return fmt.Errorf("the server has no room for a stream of %d bytes and one of %d for its dead letters: lower Options.MaxBytes, or give the server more (max_file_store, or the account's limit): %w", most, deadBytes(most), err)
}

// The engine's codes for too little room.
const (
	noResources jetstream.ErrorCode = 10023
	noStorage   jetstream.ErrorCode = 10047
)

// newStream leaves nothing to the engine's defaults that decides whether a
// delivery is lost or runs twice.
func (i *Inbox) newStream() jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:        i.names.stream(),
		Description: "verified webhook deliveries (github.com/atshooks/atshooks)",
		Subjects:    i.names.subjects(),
		// With work-queue retention a server forgets, at a restart, the ids
		// of what was completed.
		Retention:  jetstream.LimitsPolicy,
		Storage:    jetstream.FileStorage,
		Discard:    jetstream.DiscardNew, // the old are not lost, the new are rejected
		MaxAge:     defaultMaxAge,
		Duplicates: minimumWindow,
		MaxBytes:   defaultMaxBytes,
		MaxMsgs:    -1,
		Replicas:   1,
	}
	if i.js.Conn().ConnectedClusterName() != "" {
		cfg.Replicas = 3
	}
	return i.opts.applied(cfg)
}

// applied is cfg with what the options set.
func (o *Options) applied(cfg jetstream.StreamConfig) jetstream.StreamConfig {
	if o.MaxAge != 0 {
		cfg.MaxAge = o.MaxAge
	}
	if o.Duplicates != 0 {
		cfg.Duplicates = o.Duplicates
	}
	if o.MaxBytes != 0 {
		cfg.MaxBytes = o.MaxBytes
	}
	if o.Replicas != 0 {
		cfg.Replicas = o.Replicas
	}
	return cfg
}

// checkStream rejects a stream that could lose deliveries, run them twice, or
// keep them for ever. The error names all that is wrong.
func checkStream(cfg *jetstream.StreamConfig, n names) error {
	var wrong []error
	reject := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	reject(cfg.Retention != jetstream.LimitsPolicy, "its retention is %v instead of limits: a restart would forget which deliveries were completed, and run them again", cfg.Retention)
	reject(cfg.Storage != jetstream.FileStorage, "it is kept in memory instead of files")
	reject(cfg.PersistMode != jetstream.DefaultPersistMode, "it acknowledges before it has written (persist_mode)")
	reject(cfg.NoAck, "it does not acknowledge what it stores (no_ack)")
	reject(cfg.Sealed, "it is sealed")
	reject(cfg.Discard != jetstream.DiscardNew, "when it is full, it discards the oldest deliveries, completed or not, instead of rejecting new ones")
	reject(cfg.MaxMsgsPerSubject > 0, "it is limited to %d messages per subject", cfg.MaxMsgsPerSubject)
	reject(cfg.MaxMsgs > 0, "it is limited to %d messages: limit its bytes", cfg.MaxMsgs)
	reject(cfg.MaxBytes <= 0, "its size is not limited, so that it could fill the disk: set Options.MaxBytes")
	reject(cfg.MaxBytes > 0 && cfg.MaxBytes < smallestStream, "it has room for %d bytes only: set Options.MaxBytes", cfg.MaxBytes)
	reject(cfg.MaxMsgSize > 0 && cfg.MaxMsgSize < smallestPayload, "it takes messages of at most %d bytes (max_msg_size)", cfg.MaxMsgSize)
	reject(cfg.MaxAge <= 0, "it keeps personal data for ever: set Options.MaxAge to the erasure period")
	reject(cfg.Duplicates < minimumWindow, "it recognizes duplicates for only %v, and vendors' retries need at least %v: set Options.Duplicates", cfg.Duplicates, minimumWindow)
	reject(cfg.MaxAge > 0 && cfg.MaxAge < cfg.Duplicates, "it keeps deliveries for %v, less than the %v for which it must recognize duplicates: raise Options.MaxAge", cfg.MaxAge, cfg.Duplicates)
	reject(cfg.Mirror != nil || len(cfg.Sources) > 0, "it copies other streams, whose duplicates it does not recognize")
	reject(cfg.SubjectTransform != nil, "it stores under other subjects (subject_transform)")
	reject(!sameSubjects(cfg.Subjects, n.subjects()), "its subjects are not exactly %s", strings.Join(n.subjects(), ", "))
	return errors.Join(wrong...)
}

// smallestStream has room for some deliveries.
const smallestStream = 1 << 20

func sameSubjects(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// deadBytes is the room for dead letters beside a stream of that size. They
// hold no bodies.
func deadBytes(maxBytes int64) int64 { return max(maxBytes/8, 1<<20) }

// openDead makes or takes the stream of dead letters. It keeps each as long as
// the deliveries are kept, so that none is erased before the delivery that it
// points to.
func (i *Inbox) openDead(ctx context.Context, deliveries *jetstream.StreamConfig) (jetstream.Stream, error) {
	cfg := jetstream.StreamConfig{
		Name:              i.names.dead(),
		Description:       "webhook deliveries that were given up (github.com/atshooks/atshooks)",
		Subjects:          []string{i.names.deadSubjects()},
		Retention:         jetstream.LimitsPolicy,
		Storage:           jetstream.FileStorage,
		Discard:           jetstream.DiscardNew,
		MaxMsgsPerSubject: 1, // the last of a delivery
		MaxAge:            deliveries.MaxAge,
		MaxBytes:          deadBytes(deliveries.MaxBytes),
		Duplicates:        2 * time.Minute,
		Replicas:          deliveries.Replicas,
	}
	stream, err := i.js.Stream(ctx, cfg.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = makeStream(ctx, i.js, cfg)
	}
	if err != nil {
		return nil, err
	}
	found := stream.CachedInfo().Config
	if found.Retention != cfg.Retention || found.Storage != cfg.Storage || found.Discard != cfg.Discard || found.NoAck || found.Sealed ||
		found.PersistMode != cfg.PersistMode || found.MaxMsgsPerSubject != 1 || found.MaxMsgs > 0 || !sameSubjects(found.Subjects, cfg.Subjects) {
		return nil, fmt.Errorf("the stream %s exists and was made for something else: choose another Options.Stream", cfg.Name)
	}
	// What an administrator gave them beyond that is left to them.
	if found.MaxAge == cfg.MaxAge && found.Replicas == cfg.Replicas && (found.MaxBytes <= 0 || found.MaxBytes >= cfg.MaxBytes) {
		return stream, nil
	}
	found.MaxAge, found.Replicas = cfg.MaxAge, cfg.Replicas
	if found.MaxBytes > 0 {
		found.MaxBytes = max(found.MaxBytes, cfg.MaxBytes)
	}
	if stream, err = i.js.UpdateStream(ctx, found); err != nil {
		return nil, fmt.Errorf("changing the stream %s: %w", cfg.Name, err)
	}
	return stream, nil
}
