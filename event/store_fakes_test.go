package event_test

import (
	"context"
	"time"

	"github.com/atshooks/atshooks/event"
)

// sinkOf is a sink that always answers the same.
func sinkOf(err error) event.Sink { return fixedSink{err} }

type fixedSink struct{ err error }

func (s fixedSink) Put(context.Context, *event.Delivery) error { return s.err }

// storeOf is a store that always answers the same.
func storeOf(c event.Claim, err error) event.Store { return fixedStore{c, err} }

type fixedStore struct {
	claim event.Claim
	err   error
}

func (s fixedStore) Claim(context.Context, string, time.Duration) (event.Claim, error) {
	return s.claim, s.err
}
func (fixedStore) Renew(context.Context, string, string, time.Duration) error { return nil }
func (fixedStore) Commit(context.Context, string, string) error               { return nil }
func (fixedStore) Release(context.Context, string, string) error              { return nil }
