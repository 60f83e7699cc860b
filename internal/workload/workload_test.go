package workload_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/workload"
)

// TestLoads: every vendor's requests are what the tables say they are, and all
// ways to handle them do.
func TestLoads(t *testing.T) {
	for _, v := range workload.Vendors {
		for _, size := range []workload.Size{workload.S, workload.M, workload.L, workload.Sized(300)} {
			t.Run(v.Provider.Name+"/"+size.Name, func(t *testing.T) {
				size.Bodies = min(16, 128<<10/size.Bytes+2)
				l := v.New(size)
				different := map[string]bool{}
				for _, q := range l.Requests {
					different[string(q.Body)] = true
					if n := float64(len(q.Body)) / float64(size.Bytes); size.Bytes > 600 && (n < 0.8 || n > 1.2) {
						t.Fatalf("%d bytes, want about %d", len(q.Body), size.Bytes)
					}
					if !json.Valid(q.Body) {
						t.Fatalf("malformed: %s", q.Body)
					}
				}
				if len(different) != size.Bodies {
					t.Errorf("%d different bodies, want %d", len(different), size.Bodies)
				}
				for _, run := range []func(int){
					l.Floor(),
					l.Verify(),
					l.Serve(l.ByHand(l.VerifyByHand), 200),
					l.Serve(l.Handler(event.Options{}), 200),
				} {
					for i := range l.Requests {
						run(i) // it panics if it fails
					}
				}
			})
		}
	}
}

// TestByHand: the handlers decode the same, or the comparison would be unfair,
// and accept nothing that was signed otherwise.
func TestByHand(t *testing.T) {
	for _, v := range workload.Vendors {
		l := v.New(workload.Sized(1000))
		forged := l.Signed("another secret", l.Requests[0].Body)
		workload.NewSender().Send(l.ByHand(l.VerifyByHand), &forged, http.StatusBadRequest)
		var got []string
		l.Callback = func(payload any) {
			text, _ := json.Marshal(payload)
			got = append(got, string(text))
		}
		l.Serve(l.ByHand(l.VerifyByHand), 200)(0)
		l.Serve(l.Handler(event.Options{}), 200)(0)
		if len(got) != 2 || got[0] != got[1] || len(got[0]) < 100 {
			t.Errorf("%s: %q", v.Provider.Name, got)
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
