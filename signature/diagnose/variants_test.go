package diagnose

import (
	"encoding/json"
	"strings"
	"testing"
)

// A body that would grow without end when it is indented is not indented.
func TestVariantsAreBounded(t *testing.T) {
	for depth, want := range map[int]bool{maxDepth: true, maxDepth + 1: false, 9000: false} {
		body := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		indented := false
		for words := range variants([]byte(body)) {
			indented = indented || strings.Contains(words, "indented")
		}
		if indented != want {
			t.Errorf("at depth %d: indented %v", depth, indented)
		}
	}
	// What has nothing to escape is not tried with it escaped.
	n := 0
	for range variants([]byte(`{"b":1,"a":[]}`)) {
		n++
	}
	if want := 4 + 4*2; n != want {
		t.Errorf("%d variants, want %d", n, want)
	}
}

// FuzzVariants: JSON stays JSON, whatever is done to it.
func FuzzVariants(f *testing.F) {
	for _, v := range vendors() {
		f.Add([]byte(v.body))
	}
	f.Add([]byte(`{"a":"\\u003c \u003C \\/ \/ é 😀 \ud800","b":[1e400,-0,{"":{}}]}`))
	f.Add([]byte("{\"a\":\"\xff\"}"))
	f.Add([]byte("1234")) // JSON, and base64
	f.Fuzz(func(t *testing.T, body []byte) {
		valid := json.Valid(body)
		for words, text := range variants(body) {
			if valid && !json.Valid(text) {
				t.Fatalf("%s: %q", words, text)
			}
		}
	})
}
