package jetstream

import (
	"fmt"
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/nats-io/nats.go/jetstream"
)

// pushed puts deliveries of tenants into a queue.
func pushed(q *queue, tenants ...string) {
	for _, tenant := range tenants {
		q.push(&attempt{delivery: &event.Delivery{Tenant: tenant}, msg: message{kind: fresh}})
	}
}

// handedOut hands out what may begin, and returns the tenants.
func handedOut(q *queue) (all []*attempt, tenants string) {
	for a := q.next(); a != nil; a = q.next() {
		all = append(all, a)
		tenants += a.tenant()
	}
	return all, tenants
}

func TestTenantsTakeTurns(t *testing.T) {
	q := newQueue(2)
	pushed(q, "a", "a", "a", "a", "b", "c")
	if got := q.runnable(); got != 4 {
		t.Errorf("%d may begin, want two of a, b and c", got)
	}
	first, got := handedOut(q)
	if got != "abca" || q.size != 2 || q.running != 4 {
		t.Errorf("handed out are %s, %d are left and %d running", got, q.size, q.running)
	}
	q.done(first[2]) // of c
	if _, got := handedOut(q); got != "" {
		t.Errorf("handed out are %s, beyond the limit of a tenant", got)
	}
	pushed(q, "b", "a")
	q.done(first[0])
	if _, got := handedOut(q); got != "ba" {
		t.Errorf("handed out are %s, want one of b, and one of a for the one that has ended", got)
	}
}

func TestQueueForgetsTenants(t *testing.T) {
	q := newQueue(1)
	for k := range 100 {
		pushed(q, fmt.Sprint(k))
	}
	all, _ := handedOut(q)
	for _, a := range all {
		q.done(a)
	}
	if len(q.tenants) != 0 || len(q.ready) != 0 || q.size != 0 || q.bytes != 0 || q.running != 0 {
		t.Errorf("an empty queue is %+v", q)
	}
	pushed(q, "a", "a", "b")
	one := q.next()
	if got := len(q.clear()); got != 2 || q.size != 0 || q.bytes != 0 || q.next() != nil {
		t.Errorf("cleared were %d, the queue is %+v", got, q)
	}
	q.done(one)
}

// message is a jetstream.Msg of a kind, without an engine.
type message struct {
	jetstream.Msg
	kind string
}

func (m message) Subject() string { return "S.kombo." + m.kind }
func (m message) Data() []byte    { return make([]byte, 10) }
