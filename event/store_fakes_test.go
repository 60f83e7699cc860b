package event_test

import (
	"context"
	"time"

	"github.com/atshooks/atshooks/event"
)

// inboxOf is an inbox that always returns the same.
func inboxOf(err error) event.Inbox { return fixedInbox{err} }

type fixedInbox struct{ err error }

func (s fixedInbox) Put(context.Context, *event.Delivery) error { return s.err }

// storeOf is a store whose claims always fail with the same error.
func storeOf(err error) event.Store { return fixedStore{err} }

type fixedStore struct{ err error }

func (s fixedStore) Claim(context.Context, string, time.Duration) (string, error) {
	return "token", s.err
}
func (fixedStore) Renew(context.Context, string, string, time.Duration) error { return nil }
func (fixedStore) Commit(context.Context, string, string) error               { return nil }
func (fixedStore) Release(context.Context, string, string) error              { return nil }
