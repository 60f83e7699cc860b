package main

import "testing"

// TestMutantsHaveTheirPlaces: else the program would prove nothing.
func TestMutantsHaveTheirPlaces(t *testing.T) {
	if len(mutants) < 25 {
		t.Errorf("%d mutants, want at least 25", len(mutants))
	}
	seen := map[string]bool{}
	for _, m := range mutants {
		if _, err := m.code("../.."); err != nil {
			t.Errorf("%s: %v", m.what, err)
		}
		if m.old == m.new || seen[m.what] {
			t.Errorf("%s: it breaks nothing, or is listed twice", m.what)
		}
		seen[m.what] = true
	}
}
