package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// A test binary that is started with this is the program.
const envMain = "ATSHOOKS_TRACING_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTraceGoesAcrossARestart(t *testing.T) {
	t.Setenv(envMain, "1")
	var out bytes.Buffer
	if err := run(t.Context(), nil, &out); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^(\w+) +(.+?) +trace (\w{32}) span (\w{16}) parent (\w{16})$`)
	spans := line.FindAllStringSubmatch(out.String(), -1)
	want := []string{"receive store kombo", "receive POST /hooks/kombo", "work process kombo"}
	if len(spans) != len(want) || strings.Count(out.String(), "\n") != len(want) {
		t.Fatalf("printed\n%swant the spans %q", &out, want)
	}
	const trace, span, parent = 3, 4, 5
	for i, s := range spans {
		if got := s[1] + " " + s[2]; got != want[i] || s[trace] != spans[0][trace] {
			t.Errorf("span %d is %q in the trace %s, want %q in %s", i, got, s[trace], want[i], spans[0][trace])
		}
	}
	stored, request, processed := spans[0], spans[1], spans[2]
	if request[parent] != strings.Repeat("0", 16) || stored[parent] != request[span] || processed[parent] != stored[span] {
		t.Errorf("the spans are no chain:\n%s", &out)
	}
}

func TestUnknownStage(t *testing.T) {
	if err := run(t.Context(), []string{"sleep", t.TempDir()}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "sleep") {
		t.Errorf("run returned %v", err)
	}
}
