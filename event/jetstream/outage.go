package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// probeTime is how often one delivery tries an engine that is down, and how
// long that may take.
const probeTime = time.Second

// outage remembers that the engine is down, so that deliveries are rejected at
// once, and not each after the time that it may take.
type outage struct {
	mu    sync.Mutex
	cause error // nil while the engine is up
	since time.Time
	probe time.Time // when to try it again
}

// begin notes that the engine is down; first is false if that was known.
func (o *outage) begin(cause error, now time.Time) (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = o.cause == nil
	if first {
		o.since, o.probe = now, now.Add(probeTime)
	}
	o.cause = cause
	return first
}

// is reports whether the engine is down.
func (o *outage) is() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cause != nil
}

// end notes that the engine is up, and how long it was down; ok is false if it
// was up.
func (o *outage) end(now time.Time) (lasted time.Duration, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cause == nil {
		return 0, false
	}
	o.cause = nil
	return now.Sub(o.since), true
}

// admit returns an error while the engine is down. One caller in a probeTime is
// let through to try it.
func (o *outage) admit(now time.Time) (probing bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.cause == nil:
		return false, nil
	case now.Before(o.probe):
		return false, fmt.Errorf("the engine has been down since %s: %w", o.since.UTC().Format(time.RFC3339), o.cause)
	}
	o.probe = now.Add(probeTime)
	return true, nil
}

// isOutage tells an engine that is down from a mistake that trying again does
// not mend.
func isOutage(err error) bool {
	for _, down := range []error{
		context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, jetstream.ErrNoStreamResponse,
		nats.ErrDisconnected, nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded, nats.ErrStaleConnection, nats.ErrConnectionClosed,
	} {
		if errors.Is(err, down) {
			return true
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (api.Code == 503 && api.ErrorCode != noResources || api.ErrorCode == streamOffline)
}

// streamOffline is the engine's code for a stream none of whose servers is up.
const streamOffline jetstream.ErrorCode = 10118
