package hires100_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/hires100"
)

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	payloads.Fuzz(f,
		`null`, `{}`, `[]`, `7`, `{"id":9,"candidate_id":5,"status":"hired","candidate":{"id":5}}`,
		`{"event":"candidate.hired","object":{"id":5,"email":"m@example.com"},"entity":{"start_time":1}}`,
		`{"application":{"id":true,"ai_score":"x","candidate":{"job":{"id":1}}},"ai_score":0.5}`,
		`{"resource":{"score":1},"ai_score":null,"":1,"Candidate":{},"candidate":{"tags":[null],"profile":{"a":[]}}}`)
}

// FuzzTypeName: a name that is taken for an event type is taken for it however its
// words are separated, and no longer with another word in it.
func FuzzTypeName(f *testing.F) {
	p := hires100.Provider()
	for _, typ := range p.Types {
		f.Add(typ)
	}
	for _, name := range []string{"", "A", "AI", "aIScore", "hire.status", "Candidate\x00Hired", "cAnDiDaTe", "\xff"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		typ := p.TypeName(name)
		if again := p.TypeName(typ); again != typ {
			t.Errorf("%q becomes %q, and that %q", name, typ, again)
		}
		if !slices.Contains(p.Types, typ) {
			return
		}
		separated := strings.Map(func(r rune) rune {
			if strings.ContainsRune(" ._-:/", r) {
				return '_'
			}
			return r
		}, name)
		if got := p.TypeName(separated); got != typ {
			t.Errorf("%q is %q, and %q is %q", name, typ, separated, got)
		}
		for _, other := range []string{name + ".undone", "not " + name} {
			if typ := p.TypeName(other); slices.Contains(p.Types, typ) {
				t.Errorf("%q is %q", other, typ)
			}
		}
	})
}
