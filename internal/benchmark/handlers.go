package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/validate"
	"github.com/atshooks/atshooks/internal/workload"
)

// columns are the ratios of the table of targets, with their bounds for S, M
// and L, before Go 1.27 and since; 0 is none.
var columns = []struct {
	name, base string
	bounds     [2][3]float64
}{
	{"handler", "floor", [2][3]float64{{1.20, 1.12, 1.20}, {1.50, 1.25, 1.20}}},
	{"handler", "by hand", [2][3]float64{{0.60, 0.55, 0.60}, {0.50, 0.50, 0.60}}},
	{"verify", "HMAC", [2][3]float64{{1.30, 1.15, 1.05}, {1.30, 1.15, 1.05}}},
	{"no callback", "HMAC", [2][3]float64{}},
	{"all tags", "floor", [2][3]float64{}},
}

// bound is that of a column, for a vendor.
func bound(column int, vendor string, size int) float64 {
	c := &columns[column]
	switch {
	case vendor == "comeet" && c.base == "by hand":
		return 0 // its URL tells the type: by hand it is decoded once, too
	case vendor == "keldair" && c.name == "verify":
		return 2.20 // the member that is signed has to be found
	case runtime.Version() < "go1.27":
		return c.bounds[0][size]
	}
	return c.bounds[1][size]
}

// handlers is the table of targets, for every vendor.
func (b *bench) handlers() {
	head := []string{"", ""}
	for _, c := range columns {
		head = append(head, c.name+" ÷ "+c.base)
	}
	rows := [][]string{append(head, "objects beyond decoding", "by hand", "verify")}
	for _, v := range workload.Vendors {
		for i, size := range b.sizes {
			l := v.New(size)
			handler, byHand, verify := l.Serve(l.Handler(event.Options{}), 200), l.Serve(l.ByHand(l.VerifyByHand), 200), l.Verify()
			unhandled := http.StatusOK
			if l.Provider.Synchronous {
				unhandled = http.StatusNotImplemented // a person waits
			}
			s := compare(size.Batch, b.each,
				each("HMAC", l.HMAC()),
				each("verify", verify),
				each("floor", l.Floor()),
				each("handler", handler),
				each("by hand", byHand),
				each("no callback", l.Serve(l.Unhandled(event.Options{}), unhandled)),
				each("all tags", l.Serve(l.Handler(event.Options{Validate: validate.Struct}), 200)),
			)
			row := []string{v.Provider.Name, size.Name}
			for j, c := range columns {
				row = append(row, s.ratio(c.name, c.base).cell(bound(j, v.Provider.Name, i)))
			}
			decoding := objects(l.Decode())
			rows = append(rows, append(row,
				mark("%.0f", objects(handler)-decoding, []float64{3, 3, 0}[i]), // reading L takes several buffers
				fmt.Sprint(objects(byHand)-decoding),
				mark("%.0f", objects(verify), 0.5)))
		}
	}
	table(b.out, "Handlers", rows)
}

// rejections is what every kind of rejection costs. What the headers decide must
// read nothing of the body, and allocate one object at most.
func (b *bench) rejections() {
	l := workload.Kit.New(workload.M)
	good := l.Requests[0]
	with := func(header, value string) workload.Request {
		q := good
		q.Header = q.Header.Clone()
		q.Header.Set(header, value)
		return q
	}
	candidates := []candidate{each("HMAC", l.HMAC())}
	rows := [][]string{{"", "status", "÷ HMAC of the body", "bytes read", "objects"}}
	for i, k := range []struct {
		name   string
		status int
		q      workload.Request
		opts   event.Options
	}{
		{"declared over the limit", 413, good, event.Options{MaxBody: 500}},
		{"signature missing", 401, with("X-Webhook-Signature", ""), event.Options{}},
		{"signature malformed", 401, with("X-Webhook-Signature", "zz"), event.Options{}},
		{"timestamp unreadable", 401, with("X-Webhook-Timestamp", "yesterday"), event.Options{}},
		{"signature wrong", 401, l.Signed("another secret", good.Body), event.Options{}},
		{"timestamp expired", 401, good, event.Options{Tolerance: time.Nanosecond}},
		{"unknown tenant", 401, good, event.Options{Secrets: func(context.Context, string) ([]string, error) { return nil, nil }}},
		{"signed, malformed JSON", 400, l.Signed(workload.Secret, good.Body[1:]), event.Options{}},
		{"signed, does not decode", 500, l.Signed(workload.Secret, []byte(`{"event":"application.submitted","data":{"id":{}}}`)), event.Options{}},
	} {
		s, h := workload.NewSender(), l.Handler(k.opts)
		send := func(int) { s.Send(h, &k.q, k.status) }
		candidates = append(candidates, each(k.name, send))
		made, most := objects(send), 0.0
		if i < 4 { // by the headers alone
			most = 1
		}
		rows = append(rows, []string{k.name, fmt.Sprint(k.status), "", mark("%.0f", float64(s.Read), most/2), mark("%.0f", made, most)})
	}
	s := compare(workload.M.Batch, b.each, candidates...)
	for _, row := range rows[1:] {
		row[2] = s.ratio(row[0], "HMAC").cell(0)
	}
	table(b.out, "Rejections (Kit, M)", rows)
}

// growth is how the cost grows with what there may be much of.
func (b *bench) growth() {
	rows := [][]string{{"", ""}}
	for _, bytes := range []int{256, 1 << 10, 4 << 10, 64 << 10, 1 << 20, 8 << 20}[:2*len(b.sizes)] {
		l := workload.Kit.New(workload.Sized(bytes))
		s := compare(workload.Sized(bytes).Batch, b.each, each("floor", l.Floor()), each("handler", l.Serve(l.Handler(event.Options{MaxBody: 16 << 20}), 200)))
		rows = append(rows, []string{fmt.Sprintf("bodies of %d bytes, handler ÷ floor (Kit)", bytes), s.ratio("handler", "floor").cell(0)})
	}
	l := workload.Kombo.New(workload.S)
	for _, g := range []struct {
		title string
		of    func(n int) func(i int)
	}{
		{"secrets, the last one matching", func(n int) func(int) {
			opts := event.Options{PreviousSecrets: []string{workload.Secret}}
			for i := 1; i < n; i++ {
				opts.PreviousSecrets = append([]string{fmt.Sprint("previous-", i)}, opts.PreviousSecrets...)
			}
			return l.Serve(l.Handler(opts), 200)
		}},
		{"event types with a callback", func(n int) func(int) {
			h := l.Handler(event.Options{})
			for i := 1; i < n; i++ {
				event.On(h, fmt.Sprint("type-", i), func(context.Context, *struct{}) error { return nil })
			}
			return l.Serve(h, 200)
		}},
		{"tenants in turn, each with a secret", func(n int) func(int) {
			turn, secrets, requests := 0, make([][]string, n), make([]workload.Request, n)
			for i := range n {
				secrets[i] = []string{fmt.Sprint("secret-", i)}
				requests[i] = l.Signed(secrets[i][0], l.Requests[i%len(l.Requests)].Body)
			}
			s, h := workload.NewSender(), l.Handler(event.Options{Secrets: func(context.Context, string) ([]string, error) { return secrets[turn], nil }})
			return func(i int) {
				turn = i % n
				s.Send(h, &requests[turn], 200)
			}
		}},
	} {
		s := compare(workload.S.Batch, b.each, each("1", g.of(1)), each("10", g.of(10)), each("100", g.of(100)))
		for _, n := range []string{"10", "100"} {
			rows = append(rows, []string{n + " " + g.title + " ÷ 1 (Kombo, S)", s.ratio(n, "1").cell(0)})
		}
	}
	table(b.out, "Growth", rows)
}

// memory is what many large deliveries hold while all of their callbacks run.
// Callbacks can reach the whole body, so it is held.
func (b *bench) memory() {
	const atATime = 64
	l := workload.Kombo.New(workload.L)
	held := func(h http.Handler) float64 {
		inside, release := make(chan struct{}), make(chan struct{})
		l.Callback = func(payload any) {
			inside <- struct{}{}
			<-release
			runtime.KeepAlive(payload)
		}
		base := liveHeap()
		var wg sync.WaitGroup
		for i := range atATime {
			wg.Go(func() { l.Serve(h, 200)(i) })
		}
		for range atATime {
			<-inside
		}
		held := liveHeap() - base
		close(release)
		wg.Wait()
		return held / atATime / float64(len(l.Requests[0].Body))
	}
	rows := [][]string{{"handler", "by hand"}, {mark("%.2f", held(l.Handler(event.Options{})), 2), fmt.Sprintf("%.2f", held(l.ByHand(l.VerifyByHand)))}}
	table(b.out, fmt.Sprintf("Heap held by %d deliveries of 1 MB at the same time ÷ their bodies (Kombo, of whose payload nearly all is raw JSON)", atATime), rows)
}

// liveHeap is the heap after a collection, pools emptied.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
