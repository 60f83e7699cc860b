// The program peers compares this library with others that receive webhooks:
// the same bodies, in one process, in turn. See ../README.md for the method.
//
//	cd internal/benchmark/peers && go run .
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/atshooks/atshooks/internal/benchmark/alternate"
	"github.com/atshooks/atshooks/internal/benchmark/workload"
)

func main() {
	rounds := flag.Int("rounds", 400, "at most so many turns of each candidate in a comparison")
	total := flag.Duration("time", 60*time.Second, "about how long all comparisons may take together")
	flag.Parse()
	fmt.Printf("%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	sizes := []workload.Size{workload.S, workload.M}
	plan := alternate.Plan{Rounds: *rounds, Within: *total / time.Duration(len(groups)*len(sizes))}
	for _, g := range groups {
		results := make([]result, len(sizes))
		for i, size := range sizes {
			plan.Batch = size.Batch
			results[i] = g.compare(plan, size)
		}
		g.print(results)
	}
}

// group is peers that can be given the same bodies.
type group struct {
	title string
	floor string // what it is
	ours  string // the name of our candidate
	// candidates makes the floor, which comes first, and all others.
	candidates func(size workload.Size, r *rand.Rand) []candidate
}

// candidate is one way to handle the i-th request.
type candidate struct {
	name   string
	module string // whose version is printed; "" is this one's
	run    func(i int)
}

// result is a comparison at one size.
type result struct {
	candidates []candidate
	samples    alternate.Samples
	heap       []alternate.Heap
}

func (g *group) compare(plan alternate.Plan, size workload.Size) result {
	r := result{candidates: g.candidates(size, rand.New(rand.NewPCG(uint64(size.Bytes), 11)))}
	var turns []alternate.Candidate
	for _, c := range r.candidates {
		turns = append(turns, alternate.Each(c.name, c.run))
	}
	r.samples = alternate.Compare(plan, turns...)
	for _, c := range r.candidates {
		r.heap = append(r.heap, alternate.Allocations(64, c.run))
	}
	return r
}

func (g *group) print(results []result) {
	t := &alternate.Table{
		Title:  g.title,
		Header: []string{"", "version", "S ÷ floor", "M ÷ floor", "S ÷ this library", "M ÷ this library", "objects, bytes (S)", "objects, bytes (M)"},
	}
	for i, c := range results[0].candidates {
		row := []string{c.name, version(c.module)}
		for _, base := range []string{results[0].candidates[0].name, g.ours} {
			for _, r := range results {
				row = append(row, r.samples.Ratio(c.name, base).String())
			}
		}
		for _, r := range results {
			row = append(row, fmt.Sprintf("%.0f, %.0f", r.heap[i].Objects, r.heap[i].Bytes))
		}
		t.Row(row...)
	}
	t.Note("Floor: %s. Median (quartiles) of %d and %d rounds.", g.floor, results[0].samples.Rounds, results[1].samples.Rounds)
	t.Print(os.Stdout)
}

// version is that of a module in this program.
func version(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == module {
				return d.Version
			}
		}
	}
	return ""
}
