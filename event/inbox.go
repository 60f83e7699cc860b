package event

import "context"

// Inbox stores verified deliveries durably before they are acknowledged; a worker
// runs their callbacks later. (The pattern is known as the transactional inbox.) An
// Inbox must be safe for concurrent use.
type Inbox interface {
	// Put returns nil once d survives a crash of this process and its machine. In
	// one atomic step it stores d and finds out whether d's Key was stored before.
	// The error wraps ErrDuplicate if it was, and ErrTooLarge if d can never be
	// stored; after any other error, d may or may not be stored. Put must not keep
	// d, but may keep its stored form. ctx has a deadline, and does not end when
	// the sender hangs up.
	Put(ctx context.Context, d *Delivery) error
}

// Dispatcher runs the callbacks of the deliveries that one handler has verified. A
// [Handler] is one, and so is any struct that embeds it. Workers take dispatchers.
type Dispatcher interface {
	// Name returns what is in [Delivery].Handler of the deliveries to dispatch.
	Name() string
	// Dispatch runs the callback of d. See [Handler.Dispatch] and [VerdictOf].
	Dispatch(ctx context.Context, d *Delivery) error
}
