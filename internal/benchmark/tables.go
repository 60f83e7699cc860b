package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/benchmark/alternate"
	"github.com/atshooks/atshooks/internal/benchmark/workload"
)

// ratio is one table of the section handlers: a candidate in terms of another.
type ratio struct {
	title      string
	name, base string
	targets    [3]float64 // for S, M and L; 0 is none
}

var ratios = []ratio{
	{"Handler ÷ floor, as by default", "handler", "floor", [3]float64{1.25, 1.15, 1.20}},
	{"Handler ÷ floor, validation off", "unchecked", "floor", [3]float64{1.20, 1.15, 1.20}},
	{"Handler ÷ floor, all validation tags", "all tags", "floor", [3]float64{}},
	{"Handler ÷ handler written by hand", "handler", "by hand", [3]float64{0.70, 0.65, 0.65}},
	{"Verify ÷ HMAC", "verify", "HMAC", [3]float64{1.30, 1.20, 1.05}},
	{"Handler without a callback for the type ÷ HMAC", "unhandled", "HMAC", [3]float64{}},
}

// exceptions are targets of single vendors, with the reason.
var exceptions = []struct {
	vendor, name string
	targets      [3]float64
	why          string
}{
	{"keldair", "verify", [3]float64{2.5, 2.5, 2.5},
		"KeldairHR signs one member of the body, which has to be found before it can be hashed, and SHA-1 is fast: 2.5."},
	{"comeet", "by hand", [3]float64{},
		"Comeet's URL tells the type: who writes its handler by hand decodes once, too. No target."},
}

func (r *ratio) target(vendor string, size int) float64 {
	for _, e := range exceptions {
		if e.vendor == vendor && (e.name == r.name || e.name == r.base) {
			return e.targets[size]
		}
	}
	return r.targets[size]
}

// handlers is the table of targets, for every vendor.
func (b *bench) handlers() {
	tables := make([]*alternate.Table, len(ratios))
	for i, r := range ratios {
		tables[i] = &alternate.Table{Title: r.title, Header: []string{""}}
		for s, size := range b.sizes() {
			head := size.Name
			if r.targets[s] > 0 {
				head += fmt.Sprintf(" ≤ %.2f", r.targets[s])
			}
			tables[i].Header = append(tables[i].Header, head)
		}
		for _, e := range exceptions {
			if e.name == r.name || e.name == r.base {
				tables[i].Note("%s", e.why)
			}
		}
	}
	heap := &alternate.Table{
		Title:  "Allocations: objects, bytes",
		Header: []string{"", "", "decoding", "verify", "no callback", "handler − decoding ≤ 3 (L: 6)", "by hand − decoding"},
	}
	for _, v := range workload.Vendors {
		rows := make([][]string, len(ratios))
		for s, size := range b.sizes() {
			l := b.load(v, size)
			samples := b.compareHandlers(l)
			for i, r := range ratios {
				rows[i] = append(rows[i], b.cell(samples.Ratio(r.name, r.base), r.target(v.Name, s)))
			}
			heap.Row(append([]string{v.Name, size.Name}, b.allocations(l)...)...)
		}
		for i, row := range rows {
			tables[i].Row(append([]string{v.Name}, row...)...)
		}
	}
	b.print(append(tables, heap)...)
}

func (b *bench) compareHandlers(l *workload.Load) alternate.Samples {
	return b.compare(l.Size.Batch,
		alternate.Each("HMAC", l.HMAC()),
		alternate.Each("verify", l.Verify()),
		alternate.Each("floor", l.Floor()),
		alternate.Each("handler", l.Serve(l.Mount(l.Handler(event.Options{})), 200)),
		alternate.Each("unchecked", l.Serve(l.Mount(l.Handler(event.Options{Validation: event.ValidateNone})), 200)),
		alternate.Each("all tags", l.Serve(l.Mount(l.Handler(event.Options{Validation: event.ValidateAll})), 200)),
		alternate.Each("by hand", l.Serve(l.ByHand(), 200)),
		alternate.Each("unhandled", b.unhandled(l)),
	)
}

// unhandled is a handler without callbacks. A vendor that waits for the
// callback's answer is told that there is none.
func (b *bench) unhandled(l *workload.Load) func(int) {
	status := http.StatusOK
	if l.Provider.Synchronous != nil {
		status = http.StatusNotImplemented
	}
	return l.Serve(l.Mount(l.Unhandled(event.Options{})), status)
}

func (b *bench) allocations(l *workload.Load) []string {
	n := min(len(l.Requests), 64)
	decode := alternate.Allocations(n, l.Decode())
	verify := alternate.Allocations(n, l.Verify())
	unhandled := alternate.Allocations(n, b.unhandled(l))
	handler := alternate.Allocations(n, l.Serve(l.Mount(l.Handler(event.Options{})), 200))
	byHand := alternate.Allocations(n, l.Serve(l.ByHand(), 200))
	over := func(h alternate.Heap) alternate.Heap {
		return alternate.Heap{Objects: h.Objects - decode.Objects, Bytes: h.Bytes - decode.Bytes}
	}
	most := 3.0
	if l.Size.Bytes > 64<<10 {
		most = 6 // it is read into one buffer after the other
	}
	return []string{
		heapCell(decode), heapCell(verify) + b.mark(verify.Objects, 0.1), heapCell(unhandled),
		heapCell(over(handler)) + b.mark(over(handler).Objects, most), heapCell(over(byHand)),
	}
}

func heapCell(h alternate.Heap) string {
	return fmt.Sprintf("%.0f, %.0f", h.Objects, h.Bytes)
}

// refusals is what every kind of refusal costs.
func (b *bench) refusals() {
	t := &alternate.Table{
		Title:  "Refusal ÷ HMAC of the body",
		Header: []string{"", "answer", "S", "M", "bytes read", "objects", "bytes at M"},
	}
	var rows [][]string
	for i, size := range []workload.Size{workload.S, workload.M} {
		l := b.load(workload.Kit, size)
		kinds := refusals(l)
		candidates := []alternate.Candidate{alternate.Each("HMAC", l.HMAC())}
		for _, k := range kinds {
			candidates = append(candidates, alternate.Each(k.name, k.run))
		}
		samples := b.compare(l.Size.Batch, candidates...)
		for j, k := range kinds {
			if i == 0 {
				rows = append(rows, []string{k.name, fmt.Sprint(k.sender.Status)})
			}
			rows[j] = append(rows[j], samples.Ratio(k.name, "HMAC").String())
		}
		if i == 0 {
			continue
		}
		for j, k := range kinds {
			heap := alternate.Allocations(64, k.run)
			read := "all"
			if k.sender.Read == 0 {
				read = "none"
			}
			rows[j] = append(rows[j], read+b.mark(float64(k.sender.Read), k.read), fmt.Sprintf("%.0f%s", heap.Objects, b.mark(heap.Objects, k.objects)), fmt.Sprintf("%.0f", heap.Bytes))
		}
	}
	for _, row := range rows {
		t.Row(row...)
	}
	t.Note("Kit's scheme. After the body was read, its buffer is what refusing allocates: it is nobody else's, so it is not pooled. Of what is refused before the body is read, no byte of the body may be read, and one object may be allocated.")
	b.print(t)
}

// refusal is one way to be refused.
type refusal struct {
	name    string
	run     func(i int)
	sender  *workload.Sender
	read    float64 // bytes, at most; 0 is no target
	objects float64
}

// refusals are all kinds, each with its own copies of the requests.
func refusals(l *workload.Load) []refusal {
	signature, timestamp := l.Provider.Scheme.Header, l.Provider.Scheme.TimestampHeader
	header := func(change func(http.Header)) func(*workload.Request) {
		return func(q *workload.Request) {
			q.Header = q.Header.Clone()
			change(q.Header)
		}
	}
	body := func(body string) func(*workload.Request) {
		return func(q *workload.Request) { *q = l.Signed([]byte(body)) }
	}
	payload := func(payload string) func(*workload.Request) {
		return body(`{"event":"application.submitted","data":` + payload + `}`)
	}
	// Before the body is read, and after.
	const none, all = 0.5, 0
	kinds := []struct {
		name    string
		status  int
		read    float64
		change  func(*workload.Request)
		request func(*http.Request)
		opts    event.Options
	}{
		{"method", 405, none, nil, func(r *http.Request) { r.Method = http.MethodGet }, event.Options{}},
		{"declared over the limit", 413, none, nil, nil, event.Options{MaxBody: 500}},
		{"signature missing", 401, none, header(func(h http.Header) { h.Del(signature) }), nil, event.Options{}},
		{"signature malformed", 401, none, header(func(h http.Header) { h.Set(signature, "zz"+h.Get(signature)[2:]) }), nil, event.Options{}},
		{"signature there twice", 401, none, header(func(h http.Header) { h.Add(signature, h.Get(signature)) }), nil, event.Options{}},
		{"timestamp missing", 401, none, header(func(h http.Header) { h.Del(timestamp) }), nil, event.Options{}},
		{"timestamp unreadable", 401, none, header(func(h http.Header) { h.Set(timestamp, "yesterday") }), nil, event.Options{}},
		{"signature wrong", 401, all, header(func(h http.Header) { h.Set(signature, strings.Repeat("0", 64)) }), nil, event.Options{}},
		{"timestamp expired", 401, all, nil, nil, event.Options{Tolerance: time.Nanosecond}},
		{"tenant unknown", 401, all, nil, nil, event.Options{Secrets: func(context.Context, string) ([]string, error) { return nil, nil }}},
		{"signed, no JSON", 400, all, body("not JSON at all"), nil, event.Options{}},
		{"signed, no type", 400, all, body(`{"data":{}}`), nil, event.Options{}},
		{"signed, does not decode", 500, all, payload(`{"id":{}}`), nil, event.Options{}},
		{"signed, lacks an id", 500, all, payload(`{"current_stage":"Applied"}`), nil, event.Options{}},
	}
	var list []refusal
	for _, k := range kinds {
		requests := make([]workload.Request, len(l.Requests))
		for i := range requests {
			requests[i] = l.Requests[i]
			if k.change != nil {
				k.change(&requests[i])
			}
		}
		sender := workload.NewSender()
		if k.request != nil {
			k.request(&sender.Request)
		}
		h := l.Mount(l.Handler(k.opts))
		r := refusal{name: k.name, sender: sender, read: k.read}
		if k.read == none {
			r.objects = 1
		}
		r.run = func(i int) {
			sender.Send(h, &requests[i%len(requests)])
			if sender.Status != k.status {
				panic(fmt.Sprintf("%s: answered %d, want %d", k.name, sender.Status, k.status))
			}
		}
		list = append(list, r)
	}
	return list
}

// secrets is the growth with the number of secrets, the last of which matches.
func (b *bench) secrets() {
	t := &alternate.Table{
		Title:  "Growth with the number of secrets, the last one matching",
		Header: []string{"", "1", "2", "4", "8", "each further one ÷ verify ≤ 1.10"},
	}
	for _, size := range []workload.Size{workload.S, workload.M} {
		l := b.load(workload.Kombo, size)
		candidates := []alternate.Candidate{alternate.Each("verify", l.Verify())}
		counts := []int{1, 2, 4, 8}
		for _, n := range counts {
			h := l.HandlerOf(n)
			candidates = append(candidates, alternate.Each(fmt.Sprint(n), l.Serve(h, 200)))
		}
		s := b.compare(size.Batch, candidates...)
		row := []string{size.Name}
		for _, n := range counts {
			row = append(row, s.Ratio(fmt.Sprint(n), "1").String())
		}
		each := (s.Nanoseconds("8") - s.Nanoseconds("1")) / 7 / s.Nanoseconds("verify")
		t.Row(append(row, fmt.Sprintf("%.2f%s", each, b.mark(each, 1.10)))...)
	}
	b.print(t)
}

// types is the growth with the number of types that have a callback.
func (b *bench) types() {
	t := &alternate.Table{
		Title:  "Growth with the number of event types registered (S)",
		Header: []string{"", "1", "10 ≤ 1.05", "100 ≤ 1.05"},
	}
	l := b.load(workload.Kombo, workload.S)
	var candidates []alternate.Candidate
	for _, n := range []int{1, 10, 100} {
		h := l.Handler(event.Options{})
		for i := 1; i < n; i++ {
			event.On(h, fmt.Sprintf("type-%d", i), func(context.Context, *struct{}) error { return nil })
		}
		candidates = append(candidates, alternate.Each(fmt.Sprint(n), l.Serve(h, 200)))
	}
	s := b.compare(l.Size.Batch, candidates...)
	t.Row("handler", s.Ratio("1", "1").String(), b.cell(s.Ratio("10", "1"), 1.05), b.cell(s.Ratio("100", "1"), 1.05))
	b.print(t)
}

var bodySizes = []int{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 8 << 20}

// bodies is the growth with the size of bodies.
func (b *bench) bodies() {
	t := &alternate.Table{
		Title:  "Growth with the size of bodies (Kit)",
		Header: []string{"bytes", "handler ÷ floor", "handler ÷ by hand", "verify ÷ HMAC", "time a byte ÷ at 1 KB", "floor's", "bytes allocated over decoding ÷ body ≤ 1.50"},
	}
	var handler, floor float64 // a byte, at 1 KB
	for _, n := range bodySizes {
		if b.few && n > 256<<10 {
			continue
		}
		l := b.load(workload.Kit, workload.Around(n))
		h := l.Handler(event.Options{MaxBody: 16 << 20})
		s := b.compare(l.Size.Batch,
			alternate.Each("HMAC", l.HMAC()),
			alternate.Each("verify", l.Verify()),
			alternate.Each("floor", l.Floor()),
			alternate.Each("handler", l.Serve(h, 200)),
			alternate.Each("by hand", l.Serve(l.ByHand(), 200)),
		)
		bytes := float64(len(l.Requests[0].Body))
		if n <= 1<<10 {
			handler, floor = s.Nanoseconds("handler")/bytes, s.Nanoseconds("floor")/bytes
		}
		heap := alternate.Allocations(8, l.Serve(h, 200)).Bytes - alternate.Allocations(8, l.Decode()).Bytes
		limit := 1.5
		if n < 4<<10 {
			limit = 0 // what does not depend on the body outweighs it
		}
		t.Row(fmt.Sprintf("%.0f", bytes), s.Ratio("handler", "floor").String(), s.Ratio("handler", "by hand").String(), s.Ratio("verify", "HMAC").String(),
			fmt.Sprintf("%.2f", s.Nanoseconds("handler")/bytes/handler), fmt.Sprintf("%.2f", s.Nanoseconds("floor")/bytes/floor),
			fmt.Sprintf("%.2f%s", heap/bytes, b.mark(heap/bytes, limit)))
	}
	b.print(t)
}

// tenants is what looking secrets up by tenant costs.
func (b *bench) tenants() {
	const many = 1000
	t := &alternate.Table{
		Title:  "Secrets by tenant ÷ one secret (S)",
		Header: []string{"", "time", "objects more"},
	}
	l := b.load(workload.Kombo, workload.S)
	secrets := make(map[string][]string)
	names := make([]string, many)
	for i := range many {
		names[i] = fmt.Sprintf("tenant-%d", i)
		secrets[names[i]] = []string{fmt.Sprintf("%x", sha256.Sum256([]byte(names[i])))}
	}
	byTenant := func(tenants int) func(int) {
		next := 0
		h := l.Handler(event.Options{
			Tenant:  func(*http.Request) string { return names[next%tenants] },
			Secrets: func(_ context.Context, tenant string) ([]string, error) { return secrets[tenant], nil },
		})
		requests := make([]workload.Request, tenants)
		for i := range requests {
			requests[i] = l.SignedWith(secrets[names[i]][0], l.Requests[i%len(l.Requests)].Body)
		}
		sender := workload.NewSender()
		return func(i int) {
			next = i
			sender.Send(h, &requests[i%tenants])
			if sender.Status != http.StatusOK {
				panic(fmt.Sprintf("tenant %s: answered %d", names[i%tenants], sender.Status))
			}
		}
	}
	one := l.Serve(l.Handler(event.Options{}), 200)
	runs := []struct {
		name string
		run  func(int)
	}{{"one tenant", byTenant(1)}, {"1000 tenants in turn", byTenant(many)}}
	candidates := []alternate.Candidate{alternate.Each("one secret", one)}
	for _, r := range runs {
		candidates = append(candidates, alternate.Each(r.name, r.run))
	}
	s := b.compare(l.Size.Batch, candidates...)
	base := alternate.Allocations(many, one).Objects
	for _, r := range runs {
		heap := alternate.Allocations(many, r.run).Objects - base
		t.Row(r.name, b.cell(s.Ratio(r.name, "one secret"), 0), fmt.Sprintf("%.1f", heap))
	}
	b.print(t)
}
