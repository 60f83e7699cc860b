package jetstream

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for name, want := range map[string]string{
		"kombo":            "kombo",
		"kombo-eu_2":       "kombo-eu_2",
		"Kombo":            "=4bombo",
		"kombo EU. *>":     "kombo=20=45=55=2e=20=2a=3e",
		"=":                "=3d",
		"a/b\\c":           "a=2fb=5cc",
		"ä":                "=c3=a4",
		"h=ash":            "h=3dash",
		"\xff not unicode": "=ff=20not=20unicode",
	} {
		if got := token(name); got != want {
			t.Errorf("the token of %q is %q, want %q", name, got, want)
		}
	}
}

func TestLongNamesHaveShortTokens(t *testing.T) {
	a, b := token(strings.Repeat("A", 256)), token(strings.Repeat("A", 255)+"B")
	if len(a) > longest || a == b {
		t.Errorf("the tokens are %q and %q", a, b)
	}
	if got := handlerOf(a); got != a {
		t.Errorf("a token that is a hash is read as %q", got)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("kombo")
	f.Add("Kombo EU. *>")
	f.Add("=h")
	f.Fuzz(func(t *testing.T, name string) {
		tok := token(name)
		if strings.ContainsAny(tok, " .*>/\\\t\r\n") || tok != strings.ToLower(tok) || len(tok) > longest {
			t.Errorf("the token of %q is %q", name, tok)
		}
		if got := handlerOf(names("S").token("S." + tok + ".in")); got != name && !strings.HasPrefix(tok, "=h") {
			t.Errorf("the token of %q is read as %q", name, got)
		}
	})
}
