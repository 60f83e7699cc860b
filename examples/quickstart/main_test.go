package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/internal/vendors"
)

// quiet keeps what handlers log out of the test's output.
func quiet(t *testing.T) {
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(old) })
}

// all are the receivers, for what is known of them.
func all(t *testing.T) []receiver {
	t.Helper()
	receivers, err := newReceivers(nil)
	if err != nil {
		t.Fatal(err)
	}
	return receivers
}

// TestEveryEventIsSeenOnce: one aligned line an event, then the summary. README
// shows some of them.
func TestEveryEventIsSeenOnce(t *testing.T) {
	quiet(t)
	var out bytes.Buffer
	if err := run(t.Context(), &out, "127.0.0.1:0", false); err != nil {
		t.Fatal(err)
	}
	receivers := all(t)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	total := 0
	for _, r := range receivers {
		for _, typ := range r.vendor.Types() {
			if got := lines[total]; !strings.HasPrefix(got, r.name+" ") || !strings.HasPrefix(got[10:], typ+" ") || len(got) < 48 || got[46] != ' ' || got[47] == ' ' {
				t.Errorf("line %d is %q, want one aligned for %s %s", total, got, r.name, typ)
			}
			total++
		}
	}
	summary := lines[len(lines)-1]
	if want := fmt.Sprintf("%d vendors, %d signed deliveries sent, %d answered 200, %d seen by typed callbacks.", len(receivers), total, total, total); summary != want {
		t.Errorf("the summary is %q, want %q", summary, want)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```text\n")
	shown, _, _ = strings.Cut(shown, "```")
	if !strings.Contains(shown, " vendors, ") {
		t.Errorf("README.md's first block of text is not what this program prints: %s", shown)
	}
	for line := range strings.Lines(shown) {
		if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
			t.Errorf("README.md shows %q, which is not printed; the last line is %q", line, summary)
		}
	}
}

func TestEveryVendorIsReceived(t *testing.T) {
	receivers := all(t)
	for _, name := range vendors.Names() {
		if !slices.ContainsFunc(receivers, func(r receiver) bool { return r.name == name }) {
			t.Errorf("add %s to receivers.go", name)
		}
	}
}

// TestServeCommandsWork: the printed curl commands are signed well.
func TestServeCommandsWork(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl on this machine")
	}
	quiet(t)
	receivers := all(t)
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, write, "127.0.0.1:0", true)
		write.Close()
		done <- err
	}()
	var out strings.Builder
	buf := make([]byte, 4096)
	for strings.Count(out.String(), "\n  -d ") < len(receivers) {
		n, err := read.Read(buf)
		if err != nil {
			t.Fatalf("it ended before all commands were printed: %v", <-done)
		}
		out.Write(buf[:n])
	}
	go io.Copy(io.Discard, read)
	commands := regexp.MustCompile(`(?s)curl -i .*?-d '[^']*'`).FindAllString(out.String(), -1)
	if len(commands) != len(receivers) {
		t.Errorf("%d commands, want one a vendor:\n%s", len(commands), out.String())
	}
	for _, c := range commands {
		run, stop := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(run, "sh", "-c", strings.Replace(c, "curl", curl+" -s --noproxy '*'", 1))
		answer, err := cmd.CombinedOutput()
		stop()
		if err != nil || !bytes.Contains(answer, []byte("200 OK")) {
			t.Errorf("%s\n%v: %s", c, err, answer)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
