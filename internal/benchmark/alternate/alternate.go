// Package alternate compares what functions cost on a machine that others use
// too. Benchmarks that run one after the other differ there by 15 to 45 %; the
// ratio of two functions that take turns, in short batches and in an order that
// changes, repeats to a few per cent. Times are no result: only ratios are.
package alternate

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// Candidate is one of the functions that take turns.
type Candidate struct {
	Name string
	// Run does the work n times, for the inputs that are numbered from first.
	Run func(first, n int)
}

// Each is a candidate that does its work for one input at a time.
func Each(name string, run func(i int)) Candidate {
	return Candidate{name, func(first, n int) {
		for i := range n {
			run(first + i)
		}
	}}
}

// Plan says for how long a comparison goes on, and by which clock.
type Plan struct {
	Batch  int           // inputs a turn; long enough for the clock, short beside a time slice
	Rounds int           // turns of each candidate
	Within time.Duration // ends the comparison early, though not before minRounds
	// Wall counts the time that passes, for candidates that use several threads.
	// False counts the time of the calling thread, where the system knows it.
	Wall bool
}

// minRounds is the least number of turns that have a median worth the name.
const minRounds = 5

// Samples are the times of a comparison.
type Samples struct {
	Rounds int
	times  map[string][]float64 // nanoseconds an input, by candidate, one a round
}

// Compare lets the candidates take turns, each round in another order and all
// of them with the same inputs. The first round is not counted.
func Compare(p Plan, candidates ...Candidate) Samples {
	s := Samples{times: make(map[string][]float64)}
	order := rand.New(rand.NewPCG(1, 2))
	clock := wallTime
	if !p.Wall {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		clock = threadTime
	}
	runtime.GC()
	end := time.Now().Add(p.Within)
	for round := 0; round <= p.Rounds && (round <= minRounds || time.Now().Before(end)); round++ {
		for _, i := range order.Perm(len(candidates)) {
			c := &candidates[i]
			began := clock()
			c.Run(round*p.Batch, p.Batch)
			if took := clock() - began; round > 0 {
				s.times[c.Name] = append(s.times[c.Name], float64(took)/float64(p.Batch))
			}
		}
		s.Rounds = round
	}
	return s
}

var start = time.Now()

func wallTime() time.Duration { return time.Since(start) }

// Nanoseconds is the median time of a candidate for one input. It is for
// figures that are put in relation to another one of the same comparison.
func (s Samples) Nanoseconds(name string) float64 {
	return median(s.of(name))
}

// Ratio is what one candidate costs in terms of another: the median and the
// quartiles of the ratios within each round. A busy neighbour makes everything
// slower for many rounds; the medians of two candidates may then stand on
// different sides of that, while their ratio within a round hardly changes.
type Ratio struct {
	Of        float64
	Low, High float64 // half of the ratios lie between
}

// Ratio compares the candidates of those names.
func (s Samples) Ratio(name, base string) Ratio {
	a, b := s.of(name), s.of(base)
	within := make([]float64, len(a))
	for i := range a {
		within[i] = a[i] / b[i]
	}
	slices.Sort(within)
	return Ratio{quantile(within, 0.5), quantile(within, 0.25), quantile(within, 0.75)}
}

// String is the ratio with its spread: "1.14 (1.11–1.18)".
func (r Ratio) String() string { return fmt.Sprintf("%.2f (%.2f–%.2f)", r.Of, r.Low, r.High) }

func (s Samples) of(name string) []float64 {
	times, ok := s.times[name]
	if !ok {
		panic("alternate: no candidate " + name)
	}
	return times
}

func median(values []float64) float64 {
	return quantile(slices.Sorted(slices.Values(values)), 0.5)
}

// quantile interpolates between the two values that are nearest.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Heap is what one run of a function allocates.
type Heap struct{ Objects, Bytes float64 }

// Allocations counts what run allocates, on average over the inputs 0 to n-1
// and after a run that is not counted. Nothing else may run meanwhile.
func Allocations(n int, run func(i int)) Heap {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	run(0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		run(i)
	}
	runtime.ReadMemStats(&after)
	return Heap{
		Objects: float64(after.Mallocs-before.Mallocs) / float64(n),
		Bytes:   float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}
}
