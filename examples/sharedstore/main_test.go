package main

import (
	"bytes"
	"log/slog"
	"os"
	"regexp"
	"testing"
)

func TestRunPrintsThatTheCallbackCompletedOnce(t *testing.T) {
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(old) })
	dir := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP"} { // elsewhere, and on Windows
		t.Setenv(name, dir)
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v after\n%s", err, out.String())
	}
	want := regexp.MustCompile(`^The delivery comes to both receivers at once:
  (A answered 503, in_flight
  B answered 200, handled|B answered 503, in_flight
  A answered 200, handled)
and again:
  A answered 200, duplicate
  B answered 200, duplicate
The work was done once\.
$`)
	if !want.MatchString(out.String()) {
		t.Errorf("printed\n%s", out.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
