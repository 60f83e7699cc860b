package workload_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/benchmark/workload"
)

// TestLoads: every vendor's requests are what the tables say they are, and all
// ways to handle them do.
func TestLoads(t *testing.T) {
	for _, v := range workload.Vendors {
		for _, size := range workload.Sizes {
			t.Run(v.Name+"/"+size.Name, func(t *testing.T) {
				size.Bodies = min(size.Bodies, 128<<10/size.Bytes+2)
				l := v.New(size)
				different := map[string]bool{}
				for _, q := range l.Requests {
					different[string(q.Body)] = true
					if n := float64(len(q.Body)) / float64(size.Bytes); n < 0.8 || n > 1.2 {
						t.Fatalf("%d bytes, want about %d", len(q.Body), size.Bytes)
					}
				}
				if len(different) != size.Bodies {
					t.Errorf("%d different bodies, want %d", len(different), size.Bodies)
				}
				for _, run := range []func(int){
					l.Floor(),
					l.Verify(),
					l.Serve(l.ByHand(), 200),
					l.Serve(l.Mount(l.Handler(event.Options{Validation: event.ValidateAll})), 200),
				} {
					for i := range l.Requests {
						run(i) // it panics if it fails
					}
				}
			})
		}
	}
}

// TestByHandRefuses: the handlers written by hand do verify, or the comparison
// with them would be unfair.
func TestByHandRefuses(t *testing.T) {
	for _, v := range workload.Vendors {
		l := v.New(workload.Around(1000))
		for name := range l.Requests[0].Header {
			if len(l.Requests[0].Header.Get(name)) < 40 {
				continue // no signature
			}
			l.Requests[0].Header[name] = l.Requests[1].Header[name]
		}
		s := workload.NewSender()
		s.Send(l.ByHand(), &l.Requests[0])
		if s.Status != http.StatusUnauthorized {
			t.Errorf("%s: a signature of another body is answered %d", v.Name, s.Status)
		}
	}
}

// TestServeAllocatesNothing, or the tables would charge handlers for it.
func TestServeAllocatesNothing(t *testing.T) {
	l := workload.Kit.New(workload.S)
	send := l.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) }), 200)
	if n := testing.AllocsPerRun(100, func() { send(1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleAround() {
	fmt.Println(workload.Around(8 << 20))
	// Output: {8388608 8388608 8 1}
}
