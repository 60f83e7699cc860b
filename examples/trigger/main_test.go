package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/examples/internal/send"
	"github.com/atshooks/atshooks/internal/vendors"
	"github.com/atshooks/atshooks/signature"
)

const secret = "a secret for tests only"

// receiver is a handler of one of the vendors behind a server on loopback, and
// the last delivery that it verified.
func receiver(t *testing.T, provider string, opts event.Options) (url string, last *atomic.Pointer[event.Delivery]) {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	h, err := event.NewHandler(vendors.Lookup(provider).Provider, secret, &opts)
	if err != nil {
		t.Fatal(err)
	}
	last = new(atomic.Pointer[event.Delivery])
	h.OnOther(func(_ context.Context, d *event.Delivery) error { last.Store(d); return nil })
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, last
}

func trigger(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}

func TestEveryEventArrives(t *testing.T) {
	for _, v := range vendors.All {
		name := v.Name()
		if name == "comeet" {
			continue // its URL tells the type: see TestComeet
		}
		url, last := receiver(t, name, event.Options{})
		for _, typ := range v.Types() {
			out, err := trigger(t, "-provider", name, "-event", typ, "-secret", secret, "-url", url)
			if err != nil || !strings.Contains(out, "1  200 OK") {
				t.Fatalf("%s %s: %v\n%s", name, typ, err, out)
			}
			if got := last.Load(); got.Type != typ || string(got.Body) != compact(t, v.Body(typ)) {
				t.Errorf("%s %s arrived as %s %s", name, typ, got.Type, got.Body)
			}
		}
	}
}

func TestComeet(t *testing.T) {
	h, err := event.NewHandler(comeet.Provider(), secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	event.On(h, "create-employee", func(context.Context, *struct{}) error { return nil })
	s := httptest.NewServer(h.Endpoint("create-employee"))
	defer s.Close()
	out, err := trigger(t, "-provider", "comeet", "-event", "create-employee", "-secret", secret, "-url", s.URL)
	if err != nil || !strings.Contains(out, "200 OK\n{}") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSetChangesMembers(t *testing.T) {
	url, last := receiver(t, "kit", event.Options{})
	out, err := trigger(t, "-provider", "kit", "-event", "application.submitted", "-secret", secret, "-url", url,
		"-set", "data.candidate.email=x@example.com", "-set", "data.id=7", "-set", "data.new.x=1")
	if err == nil || !strings.Contains(err.Error(), "data.new.x") {
		t.Fatalf("a path through nothing: %v\n%s", err, out)
	}
	if _, err := trigger(t, "-provider", "kit", "-event", "application.submitted", "-secret", secret, "-url", url,
		"-set", "data.candidate.email=x@example.com", "-set", "data.id=7"); err != nil {
		t.Fatal(err)
	}
	if got := string(last.Load().Payload); !strings.Contains(got, `"email":"x@example.com"`) || !strings.Contains(got, `"id":7,`) {
		t.Errorf("the payload is %s", got)
	}
	for _, tt := range []struct{ set, body, want string }{
		{"a.1=[2]", `{"a":[1,1]}`, `{"a":[1,[2]]}`},
		{"a.0.b=text", `{"a":[{}]}`, `{"a":[{"b":"text"}]}`},
		{"a=null", `{"a":1}`, `{"a":null}`},
	} {
		got, err := (settings{tt.set}).apply([]byte(tt.body))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s in %s: %s, %v", tt.set, tt.body, got, err)
		}
	}
	for _, set := range []string{"a.2=1", "a.x=1", "a.0.b=1"} {
		if got, err := (settings{set}).apply([]byte(`{"a":[1,1]}`)); err == nil {
			t.Errorf("%s: %s", set, got)
		}
	}
	if _, err := (settings{"a=1"}).apply([]byte(`no json`)); err == nil {
		t.Error("a body that is not JSON was changed")
	}
}

func TestFileIsSentAsItIs(t *testing.T) {
	url, last := receiver(t, "kombo", event.Options{})
	name := filepath.Join(t.TempDir(), "body.json")
	body := "{ \"type\": \"brand-new\" }\n"
	if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := trigger(t, "-provider", "kombo", "-file", name, "-secret", secret, "-url", url); err != nil {
		t.Fatal(err)
	}
	if got := string(last.Load().Body); got != body {
		t.Errorf("sent %q", got)
	}
}

// TestSpellingOfTheSignature: a vendor that does not publish it may spell it in
// any way.
func TestSpellingOfTheSignature(t *testing.T) {
	url, last := receiver(t, "hires100", event.Options{})
	out, err := trigger(t, "-provider", "hires100", "-event", "candidate.hired", "-secret", secret, "-url", url,
		"-header", "X-Hires-Signature-V2", "-prefix", "sha256=", "-encoding", "base64url")
	if err != nil || !strings.Contains(out, "200 OK") {
		t.Fatalf("%v\n%s", err, out)
	}
	d := last.Load()
	pinned := signature.HMAC{Header: "X-Hires-Signature-V2", Prefix: "sha256=", Encoding: signature.Base64URL}
	if _, err := pinned.New([]byte(secret)).Verify(d.Header, d.Body, d.ReceivedAt, 0); err != nil {
		t.Error(err)
	}
}

func TestManyAtOnce(t *testing.T) {
	var seen atomic.Int64
	url, _ := receiver(t, "kit", event.Options{Observe: func(context.Context, event.Result) { seen.Add(1) }})
	out, err := trigger(t, "-provider", "kit", "-event", "test.ping", "-secret", secret, "-url", url, "-n", "100", "-c", "8")
	if err != nil || seen.Load() != 100 || !strings.Contains(out, "   100  200 OK") || !strings.Contains(out, "latency: median") {
		t.Errorf("%d arrived, %v\n%s", seen.Load(), err, out)
	}
}

func TestNearMissesGetTheResponseThatIsAnnounced(t *testing.T) {
	url, _ := receiver(t, "kit", event.Options{PreviousSecrets: []string{"an older secret"}, Store: event.NewMemoryStore(nil)})
	for _, m := range vendors.Lookup("kit").NearMisses() {
		out, err := trigger(t, "-provider", "kit", "-event", "application.submitted", "-secret", secret, "-previous", "an older secret", "-url", url, "-near-miss", m.Name)
		if m.Skip != "" {
			if err == nil || !strings.Contains(err.Error(), m.Skip) {
				t.Errorf("%s is not skipped: %v", m.Name, err)
			}
			continue
		}
		want := fmt.Sprintf("%6d  %d %s", m.Times, m.Statuses[0], http.StatusText(m.Statuses[0]))
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v, want %s\n%s", m.Name, err, want, out)
		}
	}
}

// A receiver that accepts everything is told from a right one.
func TestNearMissThatIsAccepted(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	out, err := trigger(t, "-provider", "kit", "-event", "test.ping", "-secret", secret, "-url", s.URL, "-near-miss", "wrong key")
	if err == nil || !strings.Contains(err.Error(), "responded 200 OK") || !strings.Contains(out, "responds 401 or 403") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestListNamesEverything(t *testing.T) {
	out, err := trigger(t, "-list")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vendors.All {
		name := v.Name()
		for _, typ := range v.Types() {
			if !strings.Contains(out, name) || !strings.Contains(out, " "+typ+" ") {
				t.Errorf("%s %s is not listed (-list is made of internal/catalogue)", name, typ)
			}
		}
	}
}

func TestRejectedFlags(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	good := []string{"-provider", "kit", "-event", "test.ping", "-secret", secret, "-url", s.URL}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"another machine":       {append(good, "-url", "http://192.0.2.1/hooks"), "-allow-remote"},
		"a name":                {append(good, "-url", "https://hooks.example.com"), "-allow-remote"},
		"a name like localhost": {append(good, "-url", "http://localhost.example.com"), "-allow-remote"},
		"no URL":                {append(good, "-url", "localhost:8080"), "URL"},
		"an unknown provider":   {append(good, "-provider", "x"), "-list"},
		"an unknown event":      {append(good, "-event", "x"), "-list"},
		"an unknown encoding":   {append(good, "-encoding", "x"), "rawbase64"},
		"an unknown near miss":  {append(good, "-near-miss", "x"), "-list"},
		"no previous secret":    {append(good, "-near-miss", "previous key"), "previous"},
		"no secret":             {append(good, "-secret", ""), "-secret"},
		"none to send":          {append(good, "-n", "0"), "-n"},
		"no provider":           {[]string{"-url", s.URL}, "-provider"},
		"words":                 {append(good, "kit"), "dash"},
		"a bad setting":         {append(good, "-set", "x"), "path=value"},
		"no such file":          {append(good, "-file", "/does/not/exist"), "exist"},
	} {
		if out, err := trigger(t, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	for _, target := range []string{"http://127.0.0.1:1/", "http://[::1]:1/x", "https://localhost/"} {
		if err := send.CheckTarget(target, false); err != nil {
			t.Error(err)
		}
	}
	if err := send.CheckTarget("https://hooks.example.com", true); err != nil {
		t.Error(err)
	}
}

func TestNoResponseIsCounted(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	out, err := trigger(t, "-provider", "kit", "-event", "test.ping", "-secret", secret, "-url", s.URL)
	if err == nil || !strings.Contains(err.Error(), "1 of 1 deliveries were not accepted") || !strings.Contains(out, "1  no response") {
		t.Errorf("%v\n%s", err, out)
	}
}

func compact(t *testing.T, body []byte) string {
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
