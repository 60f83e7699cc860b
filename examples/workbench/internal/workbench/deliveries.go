package workbench

import (
	"cmp"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/atshooks/atshooks/examples/internal/send"
)

// The bounds of what is kept in memory. Beyond them the oldest delivery goes.
const (
	maxDeliveries = 500
	maxBytes      = 64 << 20
	maxForwards   = 5 // of one delivery
)

// delivery is one request as it arrived, and what was found out about it. What
// its slices and maps refer to is never changed.
type delivery struct {
	ID       int64
	At       time.Time
	Method   string
	URI      string
	Header   http.Header
	Body     []byte
	TooLarge bool // then there is no body

	Provider string // "" if it is not recognized
	Endpoint string // the event type, where the URL tells it
	summary

	Forwards []forward // the latest first

	rev  int64 // of the list, when this delivery was last changed
	size int64
}

// summary is what a handler makes of a delivery.
type summary struct {
	Type        string
	EventID     string
	Key         string // only if it is verified
	DuplicateOf int64  // an earlier one with that key
	Verdict     verdict
	Status      int // what a handler responds
}

// forward is what became of a delivery that was sent on.
type forward struct {
	At       time.Time
	URL      string
	Signed   bool // anew
	Response send.Response
}

func (d *delivery) measure() int64 {
	size := int64(len(d.Body) + len(d.URI) + 1024)
	for name, values := range d.Header {
		size += int64(len(name) + 64)
		for _, v := range values {
			size += int64(len(v) + 16)
		}
	}
	for _, f := range d.Forwards {
		size += int64(len(f.Response.Body) + 1024)
	}
	return size
}

// deliveries is the bounded list of what arrived.
type deliveries struct {
	mu      sync.Mutex
	list    []delivery // by ID
	bytes   int64
	last    int64         // ID
	rev     int64         // counts changes
	changed chan struct{} // closed at the next change
}

func newDeliveries() *deliveries {
	return &deliveries{changed: make(chan struct{})}
}

// touch notes a change. The lock must be held.
func (l *deliveries) touch() int64 {
	l.rev++
	close(l.changed)
	l.changed = make(chan struct{})
	return l.rev
}

// add appends a delivery and returns its ID.
func (l *deliveries) add(d delivery) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	d.ID, d.rev, d.size = l.last, l.touch(), d.measure()
	d.DuplicateOf = l.duplicate(&d)
	l.list = append(l.list, d)
	l.bytes += d.size
	l.trim()
	return d.ID
}

func (l *deliveries) trim() {
	n := 0
	for n < len(l.list)-1 && (len(l.list)-n > maxDeliveries || l.bytes > maxBytes) {
		l.bytes -= l.list[n].size
		n++
	}
	l.list = slices.Delete(l.list, 0, n) // clears what it moves away from
}

// duplicate finds the first delivery before d that has its key, even if that is
// no longer kept.
func (l *deliveries) duplicate(d *delivery) int64 {
	if d.Key == "" {
		return 0
	}
	for i := range l.list {
		if l.list[i].ID >= d.ID {
			break
		}
		if l.list[i].Key == d.Key {
			return cmp.Or(l.list[i].DuplicateOf, l.list[i].ID)
		}
	}
	return 0
}

func (l *deliveries) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(l.list, id, func(d delivery, id int64) int { return int(d.ID - id) })
}

func (l *deliveries) get(id int64) (delivery, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i, ok := l.find(id); ok {
		return l.list[i], true
	}
	return delivery{}, false
}

// all returns the deliveries, the latest first, and the revision of the list.
func (l *deliveries) all() ([]delivery, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.list)
	slices.Reverse(all)
	return all, l.rev
}

// update changes a delivery, if it is still there.
func (l *deliveries) update(id int64, change func(d *delivery)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, ok := l.find(id)
	if !ok {
		return
	}
	d := &l.list[i]
	change(d)
	d.DuplicateOf = l.duplicate(d)
	l.bytes -= d.size
	d.size = d.measure()
	l.bytes += d.size
	d.rev = l.touch()
	l.trim()
}

// addForward keeps what became of a delivery that was sent on.
func (l *deliveries) addForward(id int64, f forward) {
	l.update(id, func(d *delivery) {
		d.Forwards = slices.Insert(slices.Clone(d.Forwards), 0, f)
		d.Forwards = d.Forwards[:min(len(d.Forwards), maxForwards)]
	})
}

func (l *deliveries) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list, l.bytes = nil, 0
	l.touch()
}

// since returns what was added or changed after a revision, the present
// revision, the oldest ID that is kept, and a channel that is closed at the next
// change.
func (l *deliveries) since(rev int64) (changed []delivery, now, oldest int64, next <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest = l.last + 1
	if len(l.list) > 0 {
		oldest = l.list[0].ID
	}
	for i := range l.list {
		if l.list[i].rev > rev {
			changed = append(changed, l.list[i])
		}
	}
	return changed, l.rev, oldest, l.changed
}
