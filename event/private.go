package event

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// This file keeps personal data out of logs. Deliveries, results and errors get
// there in many ways: as slog attributes, inside slices and maps, through
// package fmt with any verb, encoded as JSON. In each of them they show what
// identifies a delivery, and never what it holds. Format serves fmt and slog's
// text, MarshalText serves JSON and both of slog's handlers.

// show writes a type's summary for any verb of package fmt.
func show(s fmt.State, text string) { _, _ = io.WriteString(s, text) }

// summary joins what identifies a delivery.
func summary(what string, names ...string) string {
	var b strings.Builder
	b.WriteString(what)
	for _, name := range names {
		if name != "" {
			b.WriteByte(' ')
			b.WriteString(name)
		}
	}
	return b.String()
}

func (d Delivery) summary() string {
	return fmt.Sprintf("%s (%d bytes)", summary("delivery", d.Handler, d.Tenant, d.Type, d.ID), len(d.Body))
}

// LogValue returns what identifies the delivery.
func (d Delivery) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("handler", d.Handler),
		slog.String("tenant", d.Tenant),
		slog.String("type", d.Type),
		slog.String("id", d.ID),
		slog.Time("received_at", d.ReceivedAt),
		slog.Int("bytes", len(d.Body)),
	)
}

// Format prints what identifies the delivery.
func (d Delivery) Format(s fmt.State, _ rune) { show(s, d.summary()) }

// MarshalText returns what Format prints.
func (d Delivery) MarshalText() ([]byte, error) { return []byte(d.summary()), nil }

func (r Result) summary() string {
	text := summary(string(r.Kind), r.Handler, r.Tenant, r.Type, r.ID)
	if r.Err != nil {
		text += ": " + errorText(r.Err)
	}
	return text
}

// Format prints the kind, what identifies the delivery, and Err.
func (r Result) Format(s fmt.State, _ rune) { show(s, r.summary()) }

// MarshalText returns what Format prints.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.summary()), nil }

func (r Request) summary() string {
	return fmt.Sprintf("%s (%d bytes)", summary("request", r.Tenant, r.Endpoint), len(r.Body))
}

// Format prints the tenant, the endpoint and the size of the body.
func (r Request) Format(s fmt.State, _ rune) { show(s, r.summary()) }

// MarshalText returns what Format prints.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.summary()), nil }

func (r Response) summary() string {
	text := fmt.Sprintf("response %d (%d bytes)", r.Status, len(r.Body))
	if r.Err != nil {
		text += ": " + errorText(r.Err)
	}
	return text
}

// Format prints the status, the size of the body, and Err.
func (r Response) Format(s fmt.State, _ rune) { show(s, r.summary()) }

// MarshalText returns what Format prints.
func (r Response) MarshalText() ([]byte, error) { return []byte(r.summary()), nil }

// Format prints what Error returns.
func (e Error) Format(s fmt.State, _ rune) { show(s, e.Error()) }

// MarshalText returns what Error returns.
func (e Error) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Format prints what Error returns.
func (e PanicError) Format(s fmt.State, _ rune) { show(s, e.Error()) }

// MarshalText returns what Error returns.
func (e PanicError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Format prints what Error returns.
func (e Rejection) Format(s fmt.State, _ rune) { show(s, e.Error()) }

// MarshalText returns what Error returns.
func (e Rejection) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Format keeps the delivery out of a printed context.
func (s *scope) Format(f fmt.State, _ rune) { show(f, s.String()) }

// String is for contexts made of this one, which print their parent's.
func (s *scope) String() string {
	if parent, ok := s.Context.(fmt.Stringer); ok {
		return parent.String() + ".WithDelivery"
	}
	return "context.WithDelivery"
}

var _ context.Context = (*scope)(nil)
