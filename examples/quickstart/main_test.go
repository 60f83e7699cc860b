package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// quiet keeps what handlers log out of the test's output.
func quiet(t *testing.T) {
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(old) })
}

// TestEveryEventIsSeenOnce: one aligned line an event, then the summary.
func TestEveryEventIsSeenOnce(t *testing.T) {
	quiet(t)
	var out bytes.Buffer
	if err := run(t.Context(), &out, "127.0.0.1:0", false); err != nil {
		t.Fatal(err)
	}
	receivers, err := newReceivers(&printer{w: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
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
	if got, want := lines[len(lines)-1], "47 signed deliveries sent, 47 answered 200, 47 seen"; total != 47 || !strings.Contains(got, want) {
		t.Errorf("%d events; the summary is %q, want %q", total, got, want)
	}
}

// TestServeCommandsWork: the printed curl commands are signed well.
func TestServeCommandsWork(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl on this machine")
	}
	quiet(t)
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
	for strings.Count(out.String(), "\n  -d ") < 5 {
		n, err := read.Read(buf)
		if err != nil {
			t.Fatalf("%v after %s", err, out.String())
		}
		out.Write(buf[:n])
	}
	go io.Copy(io.Discard, read)
	commands := regexp.MustCompile(`(?s)curl -i .*?-d '[^']*'`).FindAllString(out.String(), -1)
	if len(commands) != 5 {
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
