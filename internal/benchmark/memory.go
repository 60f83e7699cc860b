package main

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/benchmark/alternate"
	"github.com/atshooks/atshooks/internal/benchmark/workload"
)

// atATime is how many deliveries are handled at once.
const atATime = 64

// memory is what many large deliveries hold while all of their callbacks run.
func (b *bench) memory() {
	t := &alternate.Table{
		Title:  fmt.Sprintf("Memory of %d deliveries of 1 MB whose callbacks run at the same time ÷ all of their bodies", atATime),
		Header: []string{"", "held ≤ 2.00", "held by hand", "peak", "peak by hand"},
	}
	for _, v := range []workload.Vendor{workload.Kit, workload.Kombo} {
		l := b.load(v, workload.L)
		ours := hold(l, func(callback func(any)) http.Handler { return l.Mount(l.HandlerFor(event.Options{}, callback)) })
		byHand := hold(l, l.ByHandFor)
		target := 2.0
		t.Row(v.Name, fmt.Sprintf("%.2f%s", ours.held, b.mark(ours.held, target)), fmt.Sprintf("%.2f", byHand.held), fmt.Sprintf("%.2f", ours.peak), fmt.Sprintf("%.2f", byHand.peak))
	}
	t.Note("Over the base. Held is what a collection leaves while the callbacks run; the peak has garbage in it, as the collector's pace decides.")
	t.Note("Of Kombo's payload nearly all is one member of raw JSON, which is a copy, as encoding/json makes it; Kit's type has few members. Our callbacks")
	t.Note("can reach the whole body, so it is held; by hand it is gone once it is decoded.")
	b.print(t)
}

// footprint is memory in terms of all bodies.
type footprint struct{ held, peak float64 }

// hold sends deliveries until all of them are in their callbacks.
func hold(l *workload.Load, mount func(callback func(any)) http.Handler) footprint {
	inside := make(chan struct{}, atATime)
	release := make(chan struct{})
	h := mount(func(payload any) {
		inside <- struct{}{}
		<-release
		runtime.KeepAlive(payload)
	})
	senders := make([]*workload.Sender, atATime)
	bodies := 0
	for i := range senders {
		senders[i] = workload.NewSender()
		bodies += len(l.Requests[i%len(l.Requests)].Body)
	}
	base := collected()
	peak, stop := watchHeap()
	var wg sync.WaitGroup
	for i, s := range senders {
		wg.Go(func() { s.Send(h, &l.Requests[i%len(l.Requests)]) })
	}
	for range senders {
		<-inside
	}
	stop()
	held := collected()
	close(release)
	wg.Wait()
	return footprint{
		held: (float64(held) - float64(base)) / float64(bodies),
		peak: (float64(peak.Load()) - float64(base)) / float64(bodies),
	}
}

// collected is the size of the heap after a collection.
func collected() uint64 {
	runtime.GC()
	runtime.GC() // what was in pools survives one
	return heap()
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// watchHeap looks again and again how large the heap is.
func watchHeap() (peak *atomic.Uint64, stop func()) {
	peak = new(atomic.Uint64)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			peak.Store(max(peak.Load(), heap()))
			select {
			case <-quit:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
	}()
	return peak, func() { close(quit); <-done }
}
