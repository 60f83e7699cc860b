package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// candidate is one of the functions that take turns.
type candidate struct {
	name string
	// run does the work for n inputs, numbered from first, and tells how long
	// that took.
	run func(first, n int) time.Duration
}

// each is a candidate that does its work for one input at a time.
func each(name string, work func(i int)) candidate {
	return candidate{name, func(first, n int) time.Duration {
		began := threadTime()
		for i := range n {
			work(first + i)
		}
		return threadTime() - began
	}}
}

// samples are the times of a comparison by candidate, one for each round.
type samples map[string][]float64

// A median of fewer rounds is not worth the name, and one of more is no better.
const minRounds, maxRounds = 5, 1000

// compare lets the candidates take turns, in batches of so many inputs, each
// round in another order and all of them with the same inputs. The first round
// is not counted.
func compare(batch int, within time.Duration, candidates ...candidate) samples {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	runtime.GC()
	s := samples{}
	order := rand.New(rand.NewPCG(1, 2))
	end := time.Now().Add(within)
	for round := 0; round <= minRounds || round <= maxRounds && time.Now().Before(end); round++ {
		for _, i := range order.Perm(len(candidates)) {
			took := candidates[i].run(round*batch, batch)
			if name := candidates[i].name; round > 0 {
				s[name] = append(s[name], float64(took))
			}
		}
	}
	return s
}

// ratio is what one candidate costs in terms of another: the median and the
// quartiles of the ratios within each round. A busy neighbour makes everything
// slower for many rounds; the medians of two candidates may then stand on
// different sides of that, while their ratio within a round hardly changes.
type ratio struct{ median, low, high float64 }

// ratio compares the candidates of those names.
func (s samples) ratio(name, base string) ratio {
	within := make([]float64, len(s[name]))
	for i := range within {
		within[i] = s[name][i] / s[base][i]
	}
	slices.Sort(within)
	n := len(within)
	return ratio{within[n/2], within[n/4], within[3*n/4]}
}

// cell is the ratio with its spread, "1.14 ✗ (1.11–1.18)"; see mark.
func (r ratio) cell(bound float64) string {
	return mark("%.2f", r.median, bound) + fmt.Sprintf(" (%.2f–%.2f)", r.low, r.high)
}

// table writes Markdown with its columns aligned, to be read as it is. The
// first row is the head.
func table(w io.Writer, title string, rows [][]string) {
	fmt.Fprintf(w, "\n### %s\n\n", title)
	aligned := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for i, row := range rows {
		fmt.Fprintf(aligned, "| %s\t|\n", strings.Join(row, "\t| "))
		if i == 0 {
			fmt.Fprintf(aligned, "%s|\n", strings.Repeat("| ---\t", len(row)))
		}
	}
	aligned.Flush()
}

// mark formats a figure, and marks one that misses its bound, as far as two
// decimals tell. 0 is no bound.
func mark(format string, got, bound float64) string {
	if bound > 0 && got >= bound+0.005 {
		format += " ✗"
	}
	return fmt.Sprintf(format, got)
}

// objects counts what run allocates, on average over the first inputs and after
// a run that is not counted.
func objects(run func(i int)) float64 {
	const n = 24
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	run(0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		run(i)
	}
	runtime.ReadMemStats(&after)
	return math.Round(float64(after.Mallocs-before.Mallocs) / n)
}
