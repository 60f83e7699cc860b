package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// checkConn refuses a connection that would be lost for good, or that carries
// too little.
func checkConn(nc *nats.Conn) error {
	switch {
	case nc == nil:
		return errors.New("no connection")
	case !nc.Opts.AllowReconnect || nc.Opts.MaxReconnect >= 0:
		return errors.New("the connection gives up after some tries to reconnect, and then nothing could be stored until the process restarts: connect with nats.MaxReconnects(-1)")
	case nc.MaxPayload() <= 2*Overhead:
		return fmt.Errorf("the server takes messages of %d bytes only (max_payload)", nc.MaxPayload())
	}
	return nil
}

// openStream makes the stream, or takes the one that exists if it is safe.
func openStream(ctx context.Context, js jetstream.JetStream, n names, o *Options) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, n.stream())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		cfg := newStream(js, n, o)
		if err := checkStream(&cfg, n); err != nil {
			return nil, fmt.Errorf("the stream cannot be made: %w", err)
		}
		stream, err = makeStream(ctx, js, cfg)
	}
	if err != nil {
		return nil, err
	}
	cfg := stream.CachedInfo().Config
	wanted := o.applied(cfg)
	if err := checkStream(&wanted, n); err != nil {
		return nil, fmt.Errorf("the stream %s exists and is refused: %w", n.stream(), err)
	}
	if o.changes(cfg) {
		if stream, err = js.UpdateStream(ctx, wanted); err != nil {
			return nil, fmt.Errorf("changing the stream %s: %w", n.stream(), err)
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

// newStream is the stream of one's own: nothing in it is left to the engine's
// defaults that decides whether a delivery is lost or runs twice.
func newStream(js jetstream.JetStream, n names, o *Options) jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:        n.stream(),
		Description: "verified webhook deliveries (github.com/atshooks/atshooks)",
		Subjects:    n.subjects(),
		// With work-queue retention a server forgets, at a restart, the ids
		// of what was completed.
		Retention:  jetstream.LimitsPolicy,
		Storage:    jetstream.FileStorage,
		Discard:    jetstream.DiscardNew, // the old are not lost, the new are refused
		MaxAge:     defaultMaxAge,
		Duplicates: minimumDuplicates,
		MaxBytes:   defaultMaxBytes,
		MaxMsgs:    -1,
		Replicas:   1,
	}
	if js.Conn().ConnectedClusterName() != "" {
		cfg.Replicas = 3
	}
	return o.applied(cfg)
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

func (o *Options) changes(cfg jetstream.StreamConfig) bool {
	to := o.applied(cfg)
	return to.MaxAge != cfg.MaxAge || to.Duplicates != cfg.Duplicates || to.MaxBytes != cfg.MaxBytes || to.Replicas != cfg.Replicas
}

// checkStream refuses a stream that could lose deliveries, run them twice, or
// keep them for ever. The error names all that is wrong.
func checkStream(cfg *jetstream.StreamConfig, n names) error {
	var wrong []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	refuse(cfg.Retention != jetstream.LimitsPolicy, "its retention is %v and not limits: a restart would forget which deliveries were completed, and run them again", cfg.Retention)
	refuse(cfg.Storage != jetstream.FileStorage, "it is kept in memory and not in files")
	refuse(cfg.PersistMode != jetstream.DefaultPersistMode, "it acknowledges before it has written (persist_mode)")
	refuse(cfg.NoAck, "it does not acknowledge what it stores (no_ack)")
	refuse(cfg.Sealed, "it is sealed")
	refuse(cfg.Discard != jetstream.DiscardNew, "when it is full it discards the oldest deliveries, completed or not, and not the new ones")
	refuse(cfg.MaxMsgsPerSubject > 0, "it is limited to %d messages a subject", cfg.MaxMsgsPerSubject)
	refuse(cfg.MaxMsgs > 0, "it is limited to %d messages: limit its bytes", cfg.MaxMsgs)
	refuse(cfg.MaxBytes <= 0, "its bytes are not limited, and an engine whose disk is full stores nothing until it is restarted: set Options.MaxBytes")
	refuse(cfg.MaxAge <= 0, "it keeps personal data for ever: set Options.MaxAge, the erasure period")
	refuse(cfg.Duplicates < minimumDuplicates, "it knows duplicates for %v only, and vendors' retries need at least %v: set Options.Duplicates", cfg.Duplicates, minimumDuplicates)
	refuse(cfg.MaxAge > 0 && cfg.MaxAge < cfg.Duplicates, "it keeps deliveries for %v, less than the %v for which it must know duplicates", cfg.MaxAge, cfg.Duplicates)
	refuse(cfg.Mirror != nil || len(cfg.Sources) > 0, "it copies other streams, and does not know their duplicates")
	refuse(cfg.SubjectTransform != nil, "it stores under other subjects (subject_transform)")
	refuse(!sameSubjects(cfg.Subjects, n.subjects()), "its subjects are not %s alone", strings.Join(n.subjects(), ", "))
	return errors.Join(wrong...)
}

func sameSubjects(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// openDead makes the stream of dead letters, or takes the one that exists. It
// keeps each as long as the deliveries are kept, so that none is erased before
// the delivery that it points to.
func openDead(ctx context.Context, js jetstream.JetStream, n names, deliveries *jetstream.StreamConfig) (jetstream.Stream, error) {
	cfg := jetstream.StreamConfig{
		Name:              n.dead(),
		Description:       "webhook deliveries that were given up (github.com/atshooks/atshooks)",
		Subjects:          []string{n.deadSubjects()},
		Retention:         jetstream.LimitsPolicy,
		Storage:           jetstream.FileStorage,
		Discard:           jetstream.DiscardNew,
		MaxMsgsPerSubject: 1, // the last of a delivery
		MaxAge:            deliveries.MaxAge,
		MaxBytes:          min(max(deliveries.MaxBytes/16, 1<<20), 64<<20),
		Duplicates:        2 * time.Minute,
		Replicas:          deliveries.Replicas,
	}
	stream, err := js.Stream(ctx, n.dead())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = makeStream(ctx, js, cfg)
	}
	if err != nil {
		return nil, err
	}
	found := stream.CachedInfo().Config
	if found.Retention != cfg.Retention || found.Storage != cfg.Storage || found.Discard != cfg.Discard || found.NoAck || found.Sealed ||
		found.PersistMode != cfg.PersistMode || found.MaxMsgsPerSubject != 1 || found.MaxMsgs > 0 || !sameSubjects(found.Subjects, cfg.Subjects) {
		return nil, fmt.Errorf("the stream %s exists and was made for something else", n.dead())
	}
	if found.MaxAge != cfg.MaxAge || found.Replicas != cfg.Replicas {
		found.MaxAge, found.Replicas = cfg.MaxAge, cfg.Replicas
		if stream, err = js.UpdateStream(ctx, found); err != nil {
			return nil, fmt.Errorf("changing the stream %s: %w", n.dead(), err)
		}
	}
	return stream, nil
}
