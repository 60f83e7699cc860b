package alternate_test

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/internal/benchmark/alternate"
)

// TestCompare: in a bubble time passes only in Sleep, so the ratios are exact.
func TestCompare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[string][]int{}
		sleeper := func(name string, d time.Duration) alternate.Candidate {
			return alternate.Each(name, func(i int) {
				seen[name] = append(seen[name], i)
				if i%7 == 3 {
					time.Sleep(20 * d) // an interruption now and then moves no median
				}
				time.Sleep(d)
			})
		}
		s := alternate.Compare(alternate.Plan{Batch: 2, Rounds: 50, Within: time.Hour, Wall: true},
			sleeper("floor", 10*time.Millisecond), sleeper("handler", 12*time.Millisecond))
		if got := s.Ratio("handler", "floor").String(); got != "1.20 (1.20–1.20)" {
			t.Errorf("12 ms to 10 ms are %s", got)
		}
		if s.Nanoseconds("floor") != 1e7 || s.Rounds != 50 {
			t.Errorf("%v ns in %d rounds", s.Nanoseconds("floor"), s.Rounds)
		}
		if diff := cmp.Diff(seen["floor"], seen["handler"]); diff != "" || len(seen["floor"]) != 102 {
			t.Errorf("the candidates had other inputs:\n%s", diff)
		}
	})
}

func TestCompareEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		slow := alternate.Each("slow", func(int) { time.Sleep(time.Second) })
		s := alternate.Compare(alternate.Plan{Batch: 1, Rounds: 1000, Within: 20 * time.Second, Wall: true}, slow)
		if took := time.Since(began); took != 20*time.Second || s.Rounds != 19 {
			t.Errorf("took %v for %d rounds", took, s.Rounds)
		}
		if s = alternate.Compare(alternate.Plan{Batch: 1, Rounds: 1000, Wall: true}, slow); s.Rounds != 5 {
			t.Errorf("%d rounds without time, want the least that have a median", s.Rounds)
		}
	})
}

// TestThreadTime: who waits has no cost. Without a clock for threads there is
// no difference, as on a thread that is never interrupted.
func TestThreadTime(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no clock for threads")
	}
	work := func(int) {
		for i := range 100_000 {
			sink = sink[: i%2 : cap(sink)]
		}
	}
	s := alternate.Compare(alternate.Plan{Batch: 1, Rounds: 20, Within: time.Minute},
		alternate.Each("work", work),
		alternate.Each("wait and work", func(i int) { time.Sleep(20 * time.Millisecond); work(i) }),
	)
	if r := s.Ratio("wait and work", "work"); r.Of > 20 {
		t.Errorf("waiting for 20 ms costs %v", r)
	}
}

var sink = make([]byte, 2)

func TestAllocations(t *testing.T) {
	got := alternate.Allocations(100, func(i int) {
		if i%2 == 0 {
			sink = make([]byte, 4096)
		}
	})
	if got != (alternate.Heap{Objects: 0.5, Bytes: 2048}) {
		t.Errorf("%+v", got)
	}
}

func TestTable(t *testing.T) {
	table := alternate.Table{Title: "Cost", Header: []string{"", "S"}}
	table.Row("100Hires", "1.14 (1.11–1.18)")
	table.Row("kit")
	table.Note("%d rounds", 3)
	var b strings.Builder
	table.Print(&b)
	want := `
### Cost

|          | S                |
| -------- | ---------------- |
| 100Hires | 1.14 (1.11–1.18) |
| kit      |                  |

3 rounds
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
