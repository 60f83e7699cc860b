package main

import (
	"math/rand/v2"
	"testing"

	"github.com/atshooks/atshooks/internal/benchmark/workload"
)

// TestCandidates: all of them accept what they are given; they panic otherwise.
func TestCandidates(t *testing.T) {
	for _, g := range groups {
		t.Run(g.title, func(t *testing.T) {
			for _, size := range []workload.Size{workload.S, workload.M} {
				size.Bodies = 4
				ours := false
				for _, c := range g.candidates(size, rand.New(rand.NewPCG(1, 2))) {
					for i := range size.Bodies {
						c.run(i)
					}
					ours = ours || c.name == g.ours
				}
				if !ours {
					t.Errorf("no candidate is called %q", g.ours)
				}
			}
		})
	}
}
