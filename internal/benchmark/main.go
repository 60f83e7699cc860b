// The program benchmark tells what the library costs, as ratios: of its
// handlers to the floor that no receiver can be below (one HMAC and one
// decoding), and to the handlers that people write by hand. See README.md for
// the method.
//
//	go run ./internal/benchmark
//	go run ./internal/benchmark -quick -only 'verify|refusals'
//	GOEXPERIMENT=jsonv2 go run ./internal/benchmark
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"runtime"
	"time"

	"github.com/atshooks/atshooks/internal/benchmark/alternate"
	"github.com/atshooks/atshooks/internal/benchmark/workload"
)

func main() {
	quick := flag.Bool("quick", false, "a rough picture within ten seconds")
	rounds := flag.Int("rounds", 400, "at most so many turns of each candidate in a comparison")
	total := flag.Duration("time", 75*time.Second, "about how long all comparisons may take together")
	only := flag.String("only", "", "only sections whose name matches this regular expression")
	flag.Parse()
	names, err := regexp.Compile(*only)
	if err != nil {
		log.Fatal(err)
	}
	b := &bench{out: os.Stdout, rounds: *rounds}
	if *quick {
		*total = time.Second // and as much again for what it needs to begin with
		b.few = true
	}
	b.run(names, *total)
}

// section is a part of the output.
type section struct {
	name        string
	comparisons int // how many it makes, each getting as much time
	run         func(*bench)
}

var sections = []section{
	{"handlers", len(workload.Vendors) * len(workload.Sizes), (*bench).handlers},
	{"refusals", 2, (*bench).refusals},
	{"secrets", 2, (*bench).secrets},
	{"types", 1, (*bench).types},
	{"bodies", len(bodySizes), (*bench).bodies},
	{"tenants", 1, (*bench).tenants},
	{"loopback", len(workload.Sizes), (*bench).loopback},
	{"memory", 0, (*bench).memory},
}

// bench is one run of the program.
type bench struct {
	out    io.Writer
	rounds int
	each   time.Duration // of a comparison
	few    bool          // a quick run: no large bodies, or few

	fewest, most int // rounds of the comparisons since the last table
	misses       int
}

// run runs the sections whose names match.
func (b *bench) run(names *regexp.Regexp, total time.Duration) {
	var chosen []section
	comparisons := 0
	for _, s := range sections {
		if names.MatchString(s.name) {
			chosen = append(chosen, s)
			comparisons += s.comparisons
		}
	}
	b.each = total / time.Duration(max(comparisons, 1))
	fmt.Fprintf(b.out, "%s %s/%s, %d processors\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	for _, s := range chosen {
		s.run(b)
	}
	if b.misses > 0 {
		fmt.Fprintf(b.out, "\n%d figures miss their target (✗).\n", b.misses)
	}
}

// sizes are those to measure: large bodies take too long for a quick run.
func (b *bench) sizes() []workload.Size {
	if b.few {
		return []workload.Size{workload.S, workload.M}
	}
	return workload.Sizes
}

// load makes a load, of fewer bodies where they are large and time is short.
func (b *bench) load(v workload.Vendor, size workload.Size) *workload.Load {
	if b.few && size.Bytes > 64<<10 {
		size.Bodies = min(size.Bodies, 3)
	}
	return v.New(size)
}

func (b *bench) compare(batch int, candidates ...alternate.Candidate) alternate.Samples {
	return b.follow(alternate.Plan{Batch: batch}, candidates...)
}

func (b *bench) follow(p alternate.Plan, candidates ...alternate.Candidate) alternate.Samples {
	p.Rounds, p.Within = b.rounds, b.each
	s := alternate.Compare(p, candidates...)
	if b.fewest == 0 || s.Rounds < b.fewest {
		b.fewest = s.Rounds
	}
	b.most = max(b.most, s.Rounds)
	return s
}

// print writes a table, with how many rounds are behind it.
func (b *bench) print(tables ...*alternate.Table) {
	for i, t := range tables {
		if i == len(tables)-1 && b.most > 0 {
			t.Note("Median (quartiles) of %d to %d rounds.", b.fewest, b.most)
		}
		t.Print(b.out)
	}
	b.fewest, b.most = 0, 0
}

// cell is a ratio, marked if it misses its target; 0 is no target.
func (b *bench) cell(r alternate.Ratio, target float64) string {
	return r.String() + b.mark(r.Of, target)
}

// mark marks a figure that misses its target, as far as two decimals tell.
func (b *bench) mark(got, target float64) string {
	if target == 0 || got < target+0.005 {
		return ""
	}
	b.misses++
	return " ✗"
}
