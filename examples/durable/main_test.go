package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/internal/testdb"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

const secret = "a secret of the test's"

// patience is a safety net: no test waits that long unless it fails.
const patience = 60 * time.Second

// A test binary that is started with this is the program.
const envMain = "ATSHOOKS_DURABLE_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envMain) == "" {
		testdb.Main(m)
	}
	go func() { // the program does not outlive the test
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	main()
}

func TestDeliveriesCompleteOnce(t *testing.T) {
	t.Setenv("KOMBO_SECRET", secret)
	t.Setenv("KIT_SECRET", secret)
	dir := t.TempDir()
	first, stop := start(t, dir)
	deliverBoth(t, first)
	deliverBoth(t, first)
	first.await(t, `completed (kombo) data-changed`)
	first.await(t, `completed (kit) `)
	resp, err := http.Get(first.await(t, `listening on (\S+)`) + "/healthy")
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Errorf("GET /healthy is answered %s", resp.Status)
	}
	stop()

	second, stop := start(t, dir)
	deliverBoth(t, second)
	stop()
	if got := strings.Count(first.String()+second.String(), "completed"); got != 2 {
		t.Errorf("%d callbacks completed, want 2:\n%s%s", got, first, second)
	}
}

// The same on a NATS server: as in event/jetstream, the variable names it.
func TestServerInPlaceOfTheEngine(t *testing.T) {
	server := os.Getenv("ATSHOOKS_NATS_URL")
	if server == "" {
		t.Skip("set ATSHOOKS_NATS_URL to run it on a NATS server")
	}
	t.Setenv("KOMBO_SECRET", secret)
	t.Setenv("KIT_SECRET", secret)
	out, stop := start(t, t.TempDir(), "-url", server)
	defer stop()
	deliverBoth(t, out)
}

// The same on Postgres.
func TestPostgres(t *testing.T) {
	url := testdb.Postgres(t)
	t.Setenv("KOMBO_SECRET", secret)
	t.Setenv("KIT_SECRET", secret)
	first, stop := start(t, "", "-engine", "postgres", "-url", url)
	deliverBoth(t, first)
	deliverBoth(t, first)
	first.await(t, `completed (kombo) data-changed`)
	first.await(t, `completed (kit) `)
	stop()
	second, stop := start(t, "", "-engine", "postgres", "-url", url)
	deliverBoth(t, second)
	stop()
	if got := strings.Count(first.String()+second.String(), "completed"); got != 2 {
		t.Errorf("%d callbacks completed, want 2:\n%s%s", got, first, second)
	}
}

// start runs the program in this process; stop ends it as a signal does.
func start(t *testing.T, dir string, args ...string) (out *output, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out = new(output)
	done := make(chan error, 1)
	go func() { done <- run(ctx, append([]string{"-dir", dir, "-addr", "127.0.0.1:0"}, args...), out) }()
	out.await(t, `listening on (\S+)`)
	return out, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func deliverBoth(t *testing.T, out *output) {
	t.Helper()
	url := out.await(t, `listening on (\S+)`)
	deliver(t, kombotest.NewRequest(t, secret, kombo.TypeDataChanged, eventtest.To(url+"/hooks/kombo")))
	deliver(t, kittest.NewRequest(t, secret, kit.TypeApplicationSubmitted, eventtest.To(url+"/hooks/kit")))
}

func TestProgramMayBeKilled(t *testing.T) {
	dir := t.TempDir()
	first := execute(t, dir)
	url := first.out.await(t, `listening on (\S+)`)
	deliver(t, kombotest.NewRequest(t, secret, kombo.TypeDataChanged, eventtest.To(url+"/hooks/kombo")))
	first.kill() // perhaps before the callback, perhaps after it
	if strings.Contains(first.out.String(), "completed") {
		return
	}
	execute(t, dir).out.await(t, `completed (kombo) data-changed`)
}

// process is the program in a process of its own.
type process struct {
	cmd *exec.Cmd
	out *output
}

func execute(t *testing.T, dir string) *process {
	t.Helper()
	p := &process{exec.Command(os.Args[0], "-dir", dir, "-addr", "127.0.0.1:0"), new(output)}
	p.cmd.Env = append(os.Environ(), envMain+"=1", "KOMBO_SECRET="+secret)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if _, err := p.cmd.StdinPipe(); err != nil { // which ends with this process
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func TestMistakesAreSaid(t *testing.T) {
	t.Setenv("KIT_SECRET", "")
	t.Setenv("KOMBO_SECRET", "")
	dir := filepath.Join(t.TempDir(), "webhooks")
	if err := run(t.Context(), []string{"-dir", dir}, io.Discard); err == nil || !strings.Contains(err.Error(), "SECRET") {
		t.Errorf("without a secret: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("without a secret there is a folder")
	}
	t.Setenv("KOMBO_SECRET", secret)
	for name, args := range map[string][]string{
		"needs -url":        {"-engine", "postgres"},
		"nats and postgres": {"-engine", "other"},
		"not defined":       {"-no-such-flag"},
		"not a directory":   {"-dir", os.Args[0] + "/in-a-file"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("run %v returned %v, want an error that says %q", args, err, name)
		}
	}
}

func deliver(t *testing.T, signed *http.Request) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL.String(), signed.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = signed.Header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("answered %s", resp.Status)
	}
}

// output is what the program prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// await waits for what a pattern's group matches.
func (o *output) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("the program did not print %s:\n%s", pattern, o.String())
	return ""
}
