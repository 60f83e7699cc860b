package jetstream

// queue holds deliveries that were fetched and have not begun. It hands them
// out by turns among the tenants, and no more of one tenant at a time than
// limit. It is not safe for concurrent use.
type queue struct {
	limit   int // running deliveries of one tenant
	tenants map[string]*tenant
	ready   []*tenant // that have one which may begin, each once
	size    int       // deliveries that have not begun
	bytes   int       // theirs
	running int
}

type tenant struct {
	name    string
	waiting []*attempt
	running int
	ready   bool // it is in queue.ready
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, tenants: make(map[string]*tenant)}
}

func (q *queue) push(a *attempt) {
	t := q.tenants[a.tenant()]
	if t == nil {
		t = &tenant{name: a.tenant()}
		q.tenants[t.name] = t
	}
	t.waiting = append(t.waiting, a)
	q.size++
	q.bytes += a.size()
	q.enqueue(t)
}

// enqueue puts a tenant at the end of those that are ready, if it is.
func (q *queue) enqueue(t *tenant) {
	if !t.ready && len(t.waiting) > 0 && t.running < q.limit {
		t.ready = true
		q.ready = append(q.ready, t)
	}
}

// next hands out a delivery that begins now; nil if there is none.
func (q *queue) next() *attempt {
	if len(q.ready) == 0 {
		return nil
	}
	t := q.ready[0]
	q.ready, t.ready = q.ready[1:], false
	a := t.waiting[0]
	t.waiting[0], t.waiting = nil, t.waiting[1:]
	t.running++
	q.running++
	q.size--
	q.bytes -= a.size()
	q.enqueue(t)
	return a
}

// done says that a delivery that was handed out has ended.
func (q *queue) done(a *attempt) {
	t := q.tenants[a.tenant()]
	t.running--
	q.running--
	q.enqueue(t)
	if t.running == 0 && len(t.waiting) == 0 {
		delete(q.tenants, t.name)
	}
}

// runnable counts the deliveries that could begin if there were room for all
// that may.
func (q *queue) runnable() int {
	n := 0
	for _, t := range q.tenants {
		n += min(len(t.waiting), q.limit-t.running)
	}
	return n
}

// clear empties the queue and returns what was in it.
func (q *queue) clear() []*attempt {
	var all []*attempt
	for _, t := range q.tenants {
		all = append(all, t.waiting...)
		t.waiting, t.ready = nil, false
	}
	q.ready, q.size, q.bytes = nil, 0, 0
	return all
}
