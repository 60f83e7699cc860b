package event_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/workload"
)

// These benchmarks are for profiles and for a first look at a change. Figures
// to quote come from internal/benchmark, which compares side by side.

// benchmark runs what run returns for the deliveries of every vendor and size.
func benchmark(b *testing.B, run func(l *workload.Load) func(i int)) {
	for _, v := range workload.Vendors {
		for _, size := range []workload.Size{workload.S, workload.M, workload.L} {
			b.Run(v.Provider.Name+"/"+size.Name, func(b *testing.B) {
				l := v.New(size)
				f := run(l)
				b.SetBytes(int64(len(l.Requests[0].Body)))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					f(i)
				}
			})
		}
	}
}

// BenchmarkFloor is what no handler can be below.
func BenchmarkFloor(b *testing.B) { benchmark(b, (*workload.Load).Floor) }

// BenchmarkByHand is the handler that people write.
func BenchmarkByHand(b *testing.B) {
	benchmark(b, func(l *workload.Load) func(int) { return l.Serve(l.ByHand(l.VerifyByHand), http.StatusOK) })
}

func BenchmarkHandler(b *testing.B) {
	benchmark(b, func(l *workload.Load) func(int) { return l.Serve(l.Handler(event.Options{}), http.StatusOK) })
}

func BenchmarkUnhandled(b *testing.B) {
	benchmark(b, func(l *workload.Load) func(int) {
		status := http.StatusOK
		if l.Provider.Synchronous {
			status = http.StatusNotImplemented
		}
		return l.Serve(l.Unhandled(event.Options{}), status)
	})
}

// BenchmarkForged is a flood of deliveries that are signed with another secret.
func BenchmarkForged(b *testing.B) {
	benchmark(b, func(l *workload.Load) func(int) {
		other := event.Options{Secrets: func(context.Context, string) ([]string, error) { return []string{"another"}, nil }}
		return l.Serve(l.Handler(other), http.StatusUnauthorized)
	})
}
