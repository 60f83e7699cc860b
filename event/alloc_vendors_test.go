package event_test

import (
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/workload"
)

// TestAllocationsOfEveryVendor: a handler allocates the body, the delivery with
// its context, and the id, beside what decoding does. A type without callback
// costs the body alone.
func TestAllocationsOfEveryVendor(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	for _, v := range workload.Vendors {
		for _, size := range []workload.Size{workload.S, workload.M} {
			size.Bodies = 1
			l := v.New(size)
			count := func(run func(int)) float64 { return testing.AllocsPerRun(100, func() { run(0) }) }
			decode := count(l.Decode())
			if got := count(l.Serve(l.Handler(event.Options{}), 200)); got > decode+3 {
				t.Errorf("%s, %s: %v allocations, decoding alone makes %v", l.Provider.Name, size.Name, got, decode)
			}
			if l.Provider.Synchronous || l.Provider.TypeName != nil {
				continue // a response that says so, and the name in another spelling
			}
			if got := count(l.Serve(l.Unhandled(event.Options{}), 200)); got > 1 {
				t.Errorf("%s, %s: %v allocations without a callback", l.Provider.Name, size.Name, got)
			}
		}
	}
}
