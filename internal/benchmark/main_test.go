package main

import (
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/internal/workload"
)

// TestSections: every section runs, gets the responses that it wants, and prints
// a table. What the figures are is not for a test.
func TestSections(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes ten times as long, and handlers have their own tests for races")
	}
	for _, s := range sections {
		if s.name == "importing" || s.name == "against" {
			continue // these build programs
		}
		t.Run(s.name, func(t *testing.T) {
			var out strings.Builder
			b := &bench{out: &out, sizes: []workload.Size{{Name: "S", Bytes: 700, Bodies: 4, Batch: 4}, {Name: "M", Bytes: 4 << 10, Bodies: 4, Batch: 4}}, picture: t.TempDir()}
			b.run(regexp.MustCompile("^" + s.name + "$"))
			if n := strings.Count(out.String(), "\n### "); n == 0 || strings.Contains(out.String(), "NaN") {
				t.Errorf("%d tables:\n%s", n, out.String())
			}
			if s.name != "peers" {
				return
			}
			for _, theme := range []string{"light", "dark"} {
				svg, err := os.ReadFile(b.picture + "/peers-" + theme + ".svg")
				if err != nil || strings.Count(string(svg), "<rect ") != 2*(4+3+3+3) || strings.Contains(string(svg), ">0.00<") {
					t.Errorf("%v, %s", err, svg)
				}
			}
		})
	}
}

// TestCompare: the ratios of candidates that say how long they took are exact.
func TestCompare(t *testing.T) {
	var seen [2][]int
	taking := func(i int, name string, d time.Duration) candidate {
		return candidate{name, func(first, n int) time.Duration {
			seen[i] = append(seen[i], first, n)
			took := time.Duration(n) * d
			if first%7 == 3 {
				took *= 20 // an interruption now and then moves no median
			}
			return took
		}}
	}
	s := compare(2, time.Minute, taking(0, "floor", 10), taking(1, "handler", 12))
	if got := s.ratio("handler", "floor").cell(1.15); got != "1.20 ✗ (1.20–1.20)" {
		t.Errorf("12 ns to 10 ns are %s", got)
	}
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" || len(seen[0]) != 2*(maxRounds+1) {
		t.Errorf("the candidates had other inputs:\n%s", diff)
	}
	if s = compare(1, 0, taking(0, "floor", 10)); len(s["floor"]) != minRounds {
		t.Errorf("%d rounds without time, want the least that have a median", len(s["floor"]))
	}
}

// TestThreadTime: waiting costs nothing.
func TestThreadTime(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no clock for threads")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if took := each("wait", func(int) { time.Sleep(50 * time.Millisecond) }).run(0, 1); took > 25*time.Millisecond {
		t.Errorf("waiting for 50 ms took %v", took)
	}
}

func TestMark(t *testing.T) {
	for _, tt := range []struct {
		got, bound float64
		want       string
	}{{1.2, 1.2, "1.20"}, {1.2049, 1.2, "1.20"}, {1.206, 1.2, "1.21 ✗"}, {9, 0, "9.00"}} {
		if got := mark("%.2f", tt.got, tt.bound); got != tt.want {
			t.Errorf("%v of %v: %q", tt.got, tt.bound, got)
		}
	}
}

func TestObjects(t *testing.T) {
	if got := objects(func(int) { sink = make([]byte, 4096) }); got != 1 {
		t.Errorf("%v objects", got)
	}
}

var sink []byte

func TestTable(t *testing.T) {
	var b strings.Builder
	table(&b, "Cost", [][]string{{"", "S"}, {"100Hires", "1.14 ✗ (1.11–1.18)"}, {"kit", "1"}})
	want := `
### Cost

|          | S                  |
| ---      | ---                |
| 100Hires | 1.14 ✗ (1.11–1.18) |
| kit      | 1                  |
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestObey: another build does what it is told.
func TestObey(t *testing.T) {
	var out strings.Builder
	obey(strings.NewReader("4 0 0 2\n1 1 7 1\n"), &out)
	if n := strings.Count(out.String(), "\n"); n != 2 || strings.Contains(out.String(), "-") {
		t.Errorf("%q", out.String())
	}
}
