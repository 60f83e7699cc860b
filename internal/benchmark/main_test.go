package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestSections: every section runs, answers what it should, and prints a
// table. What the figures are is not for a test.
func TestSections(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes ten times as long, and the handlers have their own tests")
	}
	for _, s := range sections {
		t.Run(s.name, func(t *testing.T) {
			var out strings.Builder
			b := &bench{out: &out, rounds: 1, few: true}
			b.run(regexp.MustCompile("^"+s.name+"$"), 0)
			if n := strings.Count(out.String(), "\n### "); n == 0 || strings.Contains(out.String(), "NaN") {
				t.Errorf("%d tables:\n%s", n, out.String())
			}
		})
	}
}

func TestMarks(t *testing.T) {
	b := &bench{}
	for _, tt := range []struct {
		got, target float64
		want        string
	}{{1.2, 1.2, ""}, {1.2049, 1.2, ""}, {1.206, 1.2, " ✗"}, {9, 0, ""}} {
		if got := b.mark(tt.got, tt.target); got != tt.want {
			t.Errorf("%v of %v: %q", tt.got, tt.target, got)
		}
	}
	if b.misses != 1 {
		t.Errorf("%d misses", b.misses)
	}
}
