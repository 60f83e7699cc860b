package show

import (
	"fmt"
	"strings"
	"testing"
)

func TestDepth(t *testing.T) {
	for text, want := range map[string]int{`1`: 0, `{}`: 1, `[{"a":[1]},[]]`: 3, `{"a":"[[[\"["}`: 1, `"\\"`: 0} {
		if got := depth([]byte(text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	if got := fmt.Sprint(depth([]byte(strings.Repeat("[", 100) + strings.Repeat("]", 100)))); got != "100" {
		t.Errorf("got %s", got)
	}
}

func TestIndent(t *testing.T) {
	if got, ok := Indent([]byte(` {"a":[1]} `)); !ok || string(got) != "{\n  \"a\": [\n    1\n  ]\n}" {
		t.Errorf("%s %v", got, ok)
	}
	for _, text := range []string{``, `{`, `{} {}`, strings.Repeat("[", 65) + strings.Repeat("]", 65)} {
		if got, ok := Indent([]byte(text)); ok {
			t.Errorf("%.20s became %s", text, got)
		}
	}
}

func TestPrintable(t *testing.T) {
	if got := Printable("é\n\t\x1b\u202e\u200b\xff\x00"); got != "é\n\t"+`\x1b\u202e\u200b`+"\ufffd"+`\x00` {
		t.Errorf("got %q", got)
	}
}

func TestCut(t *testing.T) {
	if got, cut := Cut([]byte("aé"), 2); got != "a" || !cut {
		t.Errorf("%q %v", got, cut)
	}
	if got, cut := Cut([]byte("aé"), 3); got != "aé" || cut {
		t.Errorf("%q %v", got, cut)
	}
}
