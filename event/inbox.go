package event

import "context"

// Inbox takes verified deliveries over durably, before they are acknowledged;
// a worker runs their callbacks later. (The pattern is known as the
// transactional inbox.) It must be safe for concurrent use.
type Inbox interface {
	// Put returns nil once d survives a crash of this process and its machine.
	// Storing it and finding out that its Key was stored before are one atomic
	// step. The error wraps ErrDuplicate if the key was stored before, and
	// ErrTooLarge if d can never fit; after any other error, d is not known to
	// be stored. Put must not keep d, but may keep its marshalled form. ctx has
	// a deadline, and does not end when the sender hangs up.
	Put(ctx context.Context, d *Delivery) error
}

// Dispatcher runs the callbacks of the deliveries that one handler verified. A
// [Handler] is one, and so is any struct that embeds it; workers take them.
type Dispatcher interface {
	// Name is [Delivery].Handler of the deliveries that it runs.
	Name() string
	// Dispatch runs the callback of d. See [Handler.Dispatch] and [VerdictOf].
	Dispatch(ctx context.Context, d *Delivery) error
}
