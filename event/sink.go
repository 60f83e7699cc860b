package event

import (
	"context"
	"errors"
	"fmt"
)

// Sink takes over verified deliveries durably; a worker runs their callbacks
// later. It must be safe for concurrent use.
type Sink interface {
	// Put returns nil once d survives a crash of this process and its machine.
	// Storing it and finding out that its Key was stored before are one atomic
	// step. It returns an error that wraps ErrDuplicate if the key was stored
	// before and ErrTooLarge if d can never fit; with any other error, d is
	// not known to be stored. It must not keep d, but may keep its marshalled
	// form. ctx has a deadline, and does not end when the sender hangs up.
	Put(ctx context.Context, d *Delivery) error
}

// SinkLimiter is a Sink that knows how large a delivery it can carry. The
// handler then accepts no larger bodies, and says so once if that is less than
// its own limit.
type SinkLimiter interface {
	Sink
	MaxBody() int64 // bytes of Delivery.Body
}

// Dispatcher runs the callback of a delivery that was verified earlier. A
// [Handler] is one. What it returned, [Outcome] explains to a worker.
type Dispatcher interface {
	Dispatch(ctx context.Context, d *Delivery) error
}

// Dispatchers is a Dispatcher for several handlers: their names to them.
type Dispatchers map[string]Dispatcher

// NewDispatchers maps each handler by its name. Two of one name panic: give
// one of them an Options.Name.
func NewDispatchers(handlers ...*Handler) Dispatchers {
	ds := make(Dispatchers, len(handlers))
	for _, h := range handlers {
		if ds[h.name] != nil {
			panic("event: two handlers are named " + h.name)
		}
		ds[h.name] = h
	}
	return ds
}

var errNoReceiver = errors.New("no handler of that name")

// Dispatch hands d to the handler that verified it. One that is not here may
// be on another machine, or in the next release: the error is one to retry.
func (ds Dispatchers) Dispatch(ctx context.Context, d *Delivery) error {
	h, ok := ds[d.Receiver]
	if !ok {
		return &Error{Provider: d.Receiver, ID: d.ID, Type: d.Type, Op: OpCallback, Err: errNoReceiver}
	}
	return h.Dispatch(ctx, d)
}

// put hands d to the sink.
func (h *Handler) put(ctx context.Context, d *Delivery) outcome {
	d.key = d.Key()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.storeTimeout)
	defer cancel()
	err := h.sink.Put(ctx, d)
	switch {
	case err == nil:
		return outcome{kind: Stored}
	case errors.Is(err, ErrDuplicate):
		return outcome{kind: Duplicate}
	case errors.Is(err, ErrTooLarge):
		return fail(TooLarge, OpSink, err)
	}
	return fail(Unavailable, OpSink, fmt.Errorf("not stored: %w", err))
}
