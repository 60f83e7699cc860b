package riverqueue

import (
	"sync"
	"time"

	"github.com/atshooks/atshooks/event"
)

// tenants keeps the flood of one tenant from holding up the others: what one
// sends beyond normalRate in a minute waits behind what others send. Rates are
// counted in this process, and no more exactly than that needs.
type tenants struct {
	mu     sync.Mutex
	counts map[tenant]int
	until  time.Time
}

type tenant struct{ handler, name string }

// normalRate is how many deliveries a minute of one tenant have River's first
// priority. Ten times as many have the second, and so on to the fourth, the
// last.
const normalRate = 100

func (t *tenants) priority(d *event.Delivery, now time.Time) int {
	if d.Tenant == "" {
		return 1 // one customer: it can only hold up itself
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.After(t.until) {
		t.counts, t.until = make(map[tenant]int), now.Add(time.Minute)
	}
	key := tenant{d.Handler, d.Tenant}
	t.counts[key]++
	priority := 1
	for n := normalRate; priority < 4 && t.counts[key] > n; n *= 10 {
		priority++
	}
	return priority
}
