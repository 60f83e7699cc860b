package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// deadLetter is the stored form of a dead letter. It points to the delivery,
// which stays in its stream. Members may be added; if the meaning of one
// changes, that is a new version.
type deadLetter struct {
	Version  int          `json:"v"`
	Handler  string       `json:"handler"`
	Provider string       `json:"provider,omitempty"`
	Tenant   string       `json:"tenant,omitempty"`
	Type     string       `json:"type,omitempty"`
	ID       string       `json:"id,omitempty"`
	Key      string       `json:"key,omitempty"`
	Reason   inbox.Reason `json:"reason"`
	Error    string       `json:"error,omitempty"`
	Attempts int          `json:"attempts"`
	Sequence uint64       `json:"sequence"` // of the delivery
	StoredAt time.Time    `json:"stored_at"`
	FailedAt time.Time    `json:"failed_at"`

	self uint64 // its own sequence
}

// pointer is what a rerun stores: the delivery stays where it is, so that it is
// erased when it should be.
type pointer struct {
	Version  int       `json:"v"`
	Sequence uint64    `json:"sequence"`
	Key      string    `json:"key,omitempty"`
	StoredAt time.Time `json:"stored_at"`
}

// storedVersion is the version of the stored forms.
const storedVersion = 1

// versioned is a stored form.
type versioned interface{ version() int }

func (l *deadLetter) version() int { return l.Version }
func (p *pointer) version() int    { return p.Version }

var errStored = errors.New("not the stored form of this package")

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

// longestError is how much of a callback's error a dead letter keeps, in bytes.
const longestError = 2 << 10

func errorText(err error) string {
	text := err.Error()
	if len(text) > longestError {
		text = text[:longestError]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// export is the dead letter as users see it.
func (l *deadLetter) export(s *streams) *inbox.DeadLetter {
	return &inbox.DeadLetter{
		Ref:     fmt.Sprintf("%d-%d", l.self, l.Sequence),
		Handler: l.Handler, Provider: l.Provider, Tenant: l.Tenant, Type: l.Type, ID: l.ID, Key: l.Key,
		Reason: l.Reason, Error: l.Error, Attempts: l.Attempts,
		StoredAt: l.StoredAt, FailedAt: l.FailedAt, Expires: l.StoredAt.Add(s.maxAge),
	}
}

// putDeadLetter stores a dead letter, in place of an older one of the same
// delivery.
func (i *Inbox) putDeadLetter(ctx context.Context, l *deadLetter) error {
	data, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	ack, err := i.js.Publish(ctx, i.names.deadSubject(l.Handler, l.Sequence), data, publishOpts(i.names.dead(), "")...)
	switch {
	case isFull(err):
		return errDeadFull
	case err != nil:
		return i.failed(err)
	}
	l.self = ack.Sequence
	return nil
}

var errDeadFull = errors.New("jetstream: the stream of dead letters is full: rerun or discard some, or raise Options.MaxBytes")

// DeadLetters lists up to limit dead letters, in the order in which they were
// given up. after is the Ref of the last one of the page before; "" begins with
// the first. The error wraps [event.ErrNewerVersion] if a newer release stored a
// dead letter.
func (i *Inbox) DeadLetters(ctx context.Context, after string, limit int) ([]*inbox.DeadLetter, error) {
	s, err := i.open(ctx)
	if err != nil {
		return nil, i.failed(err)
	}
	var last uint64
	if after != "" {
		if last, _, err = parseRef(after); err != nil {
			return nil, err
		}
	}
	var page []*inbox.DeadLetter
	for len(page) < limit {
		m, err := s.dead.GetMsg(ctx, last+1, jetstream.WithGetMsgSubject(i.names.deadSubjects()))
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return page, nil
		case err != nil:
			return page, i.failed(err)
		}
		last = m.Sequence
		if m.Subject == i.names.markSubject() {
			continue
		}
		l, err := readDeadLetter(m)
		if err != nil {
			return page, err
		}
		page = append(page, l.export(s))
	}
	return page, nil
}

func readDeadLetter(m *jetstream.RawStreamMsg) (*deadLetter, error) {
	l := &deadLetter{self: m.Sequence}
	if err := decode(m.Data, l); err != nil {
		return nil, fmt.Errorf("jetstream: dead letter %d: %w", m.Sequence, err)
	}
	return l, nil
}

// parseRef reads a Ref. Any other text names a dead letter that does not exist.
func parseRef(ref string) (self, sequence uint64, err error) {
	a, b, ok := strings.Cut(ref, "-")
	self, errA := strconv.ParseUint(a, 10, 64)
	sequence, errB := strconv.ParseUint(b, 10, 64)
	if !ok || errA != nil || errB != nil {
		return 0, 0, fmt.Errorf("jetstream: %w", inbox.ErrGone)
	}
	return self, sequence, nil
}

// findDeadLetter returns the dead letter that a Ref names.
func (i *Inbox) findDeadLetter(ctx context.Context, ref string) (*streams, *deadLetter, error) {
	self, sequence, err := parseRef(ref)
	if err != nil {
		return nil, nil, err
	}
	s, err := i.open(ctx)
	if err != nil {
		return nil, nil, i.failed(err)
	}
	m, err := s.dead.GetMsg(ctx, self)
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil, i.failed(err)
	}
	if err != nil || m.Subject == i.names.markSubject() {
		return nil, nil, fmt.Errorf("jetstream: %w", inbox.ErrGone)
	}
	l, err := readDeadLetter(m)
	if err == nil && l.Sequence != sequence { // of a stream that was made anew
		err = fmt.Errorf("jetstream: %w", inbox.ErrGone)
	}
	return s, l, err
}

// DeadLetter returns one dead letter and its delivery, which holds personal data.
// The delivery is nil if it was erased or cannot be read. The error wraps
// [inbox.ErrGone] if there is no such dead letter.
func (i *Inbox) DeadLetter(ctx context.Context, ref string) (*inbox.DeadLetter, *event.Delivery, error) {
	s, l, err := i.findDeadLetter(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	data, err := i.load(ctx, s, l.Sequence, l.Key)
	if err != nil && !errors.Is(err, inbox.ErrGone) {
		return nil, nil, err
	}
	d := new(event.Delivery)
	if err != nil || d.UnmarshalBinary(data) != nil {
		return l.export(s), nil, nil
	}
	d.Attempt = l.Attempts
	return l.export(s), d, nil
}

// load reads what is stored at a place in the stream, if it is still what was
// there.
func (i *Inbox) load(ctx context.Context, s *streams, sequence uint64, key string) ([]byte, error) {
	m, err := s.deliveries.GetMsg(ctx, sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, fmt.Errorf("jetstream: the delivery was erased: %w", inbox.ErrGone)
	case err != nil:
		return nil, i.failed(err)
	case m.Header.Get(nats.MsgIdHdr) != key: // of a stream that was made anew
		return nil, fmt.Errorf("jetstream: the delivery was erased: %w", inbox.ErrGone)
	}
	return m.Data, nil
}

// Rerun makes a worker run the delivery of a dead letter again, with all its
// attempts, and removes the dead letter; if the delivery fails once more, there
// is a new one. Calling Rerun twice, even at the same time, runs the delivery
// once. The error wraps [inbox.ErrGone] if the dead letter or its delivery does
// not exist.
func (i *Inbox) Rerun(ctx context.Context, ref string) error {
	s, l, err := i.findDeadLetter(ctx, ref)
	if err != nil {
		return err
	}
	if _, err := i.load(ctx, s, l.Sequence, l.Key); err != nil {
		return err
	}
	// The time, too, as sequences begin anew with a stream that is made anew.
	id := fmt.Sprintf("dead/%d/%d", l.self, l.FailedAt.UnixNano())
	if err := i.putPointer(ctx, l.Handler, id, pointer{storedVersion, l.Sequence, l.Key, l.StoredAt}); err != nil {
		return err
	}
	if err := i.deleteDeadLetter(ctx, s, l); err != nil && !errors.Is(err, inbox.ErrGone) {
		return fmt.Errorf("jetstream: the delivery will run again, but its dead letter is still there: %w", err)
	}
	return nil
}

// Discard removes a dead letter. Its delivery is erased when completed ones are;
// until then it does not run if the vendor sends it again. The error wraps
// [inbox.ErrGone] if there is no such dead letter.
func (i *Inbox) Discard(ctx context.Context, ref string) error {
	s, l, err := i.findDeadLetter(ctx, ref)
	if err != nil {
		return err
	}
	return i.deleteDeadLetter(ctx, s, l)
}

// deleteDeadLetter removes a dead letter, also from the disk: it may hold
// personal data.
func (i *Inbox) deleteDeadLetter(ctx context.Context, s *streams, l *deadLetter) error {
	err := s.dead.SecureDeleteMsg(ctx, l.self)
	if err == nil {
		return nil
	}
	if _, missing := s.dead.GetMsg(ctx, l.self); errors.Is(missing, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("jetstream: %w", inbox.ErrGone) // someone was faster
	}
	return i.failed(err)
}
