package workbench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/internal/vendors"
)

const secret = "a secret for tests only"

// bench is a workbench without sockets, but for the receiver that deliveries
// are sent to.
type bench struct {
	*server
	page     http.Handler
	receiver http.Handler
	t        *testing.T
}

func newBench(t *testing.T, change ...func(*config)) *bench {
	t.Helper()
	c := config{secrets: map[string]string{}}
	for _, v := range vendors.All {
		c.secrets[v.Name()] = secret
	}
	for _, f := range change {
		f(&c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s, rc, err := c.assemble(ctx, "127.0.0.1:1", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	receive := httptest.NewServer(rc)
	s.receiveURL = receive.URL
	t.Cleanup(func() {
		cancel()
		s.runs.going.Wait()
		receive.Close()
	})
	return &bench{s, guard(s.handler(), "8080"), rc, t}
}

// deliver sends a delivery to the receiver.
func (b *bench) deliver(path string, header http.Header, body string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, path, strings.NewReader(body))
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	b.receiver.ServeHTTP(w, r)
	return w
}

// deliverSigned sends the fixture of an event.
func (b *bench) deliverSigned(provider, typ, key string) *httptest.ResponseRecorder {
	b.t.Helper()
	r, err := vendors.Lookup(provider).Sign(eventtest.Draft{Type: typ, Secret: key})
	if err != nil {
		b.t.Fatal(err)
	}
	path := "/hooks/" + provider
	if vendors.Lookup(provider).TypeInURL() {
		path += "/" + typ
	}
	return b.deliver(path, r.Header, string(r.Body))
}

func (b *bench) do(method, path string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "http://127.0.0.1:8080"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	b.page.ServeHTTP(w, r)
	return w
}

// get returns the text of a page, with its character references resolved.
func (b *bench) get(path string) string {
	b.t.Helper()
	w := b.do(http.MethodGet, path, nil)
	if w.Code != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return html.UnescapeString(w.Body.String())
}

func want(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("not there: %s\nin %.300s", w, text)
		}
	}
}

func TestVerdicts(t *testing.T) {
	b := newBench(t, func(c *config) { delete(c.secrets, "kit") })
	stale, err := vendors.Lookup("kit").Sign(eventtest.Draft{Type: "test.ping", Secret: secret, Time: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		send    func() *httptest.ResponseRecorder
		status  int
		verdict string
	}{
		{func() *httptest.ResponseRecorder { return b.deliverSigned("kombo", "data-changed", secret) }, 200, "verified"},
		{func() *httptest.ResponseRecorder { return b.deliverSigned("kombo", "data-changed", secret) }, 200, "duplicate of 1"},
		{func() *httptest.ResponseRecorder { return b.deliverSigned("kombo", "data-changed", "another") }, 401, "not verified"},
		{func() *httptest.ResponseRecorder { return b.deliver("/hooks/kombo", nil, "{}") }, 401, "not signed"},
		{func() *httptest.ResponseRecorder { return b.deliver("/x", nil, "{}") }, 200, "not recognized"},
		{func() *httptest.ResponseRecorder { return b.deliver("/x", nil, strings.Repeat(" ", maxBody+1)) }, 413, "too large"},
		{func() *httptest.ResponseRecorder { return b.deliver("/x", nil, strings.Repeat(" ", maxBody)) }, 200, "not recognized"},
		{func() *httptest.ResponseRecorder { return b.deliver("/x", stale.Header, string(stale.Body)) }, 200, "no secret"},
		{func() *httptest.ResponseRecorder { return b.deliverSigned("comeet", "create-employee", secret) }, 200, "verified"},
	} {
		w := tt.send()
		all, _ := b.deliveries.all()
		if got := rowOf(&all[0]).Verdict; w.Code != tt.status || got != tt.verdict {
			t.Errorf("%d %s, want %d %s", w.Code, got, tt.status, tt.verdict)
		}
	}
	b.do(http.MethodPost, "/secrets", url.Values{"provider": {"kit"}, "secret": {secret}})
	d, _ := b.deliveries.get(8)
	if got := rowOf(&d).Verdict; got != "too late" {
		t.Errorf("with the secret: %s", got)
	}
	want(t, b.get("/deliveries/8"), "too late", "A handler responds <b>401 Unauthorized", "Diagnosis.")
}

func TestAcceptAll(t *testing.T) {
	b := newBench(t, func(c *config) { c.acceptAll = true })
	if w := b.deliverSigned("kombo", "data-changed", "another"); w.Code != http.StatusOK {
		t.Errorf("responded %d", w.Code)
	}
}

func TestDetail(t *testing.T) {
	b := newBench(t)
	b.deliverSigned("kombo", "data-changed", secret)
	text := b.get("/deliveries/1")
	want(t, text,
		"The signature holds", "POST /hooks/kombo", "X-Kombo-Signature", "<mark>signature</mark>", "HMAC-SHA-256",
		`h, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), nil)`, "h.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {",
		"Decoded as <code>*kombo.DataChanged", "integration_id", "curl -i 'http://127.0.0.1:3000/hooks/kombo'", "func TestSavedDelivery", "Save as data-changed.json")
	if strings.Contains(text, secret) {
		t.Error("the secret is on the page")
	}
	d, _ := b.deliveries.get(1)
	want(t, text, d.Key)
	if w := b.do(http.MethodGet, "/deliveries/1/body", nil); w.Body.String() != string(d.Body) || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("the body is %s", w.Body)
	}
	if w := b.do(http.MethodGet, "/deliveries/2", nil); w.Code != http.StatusNotFound {
		t.Errorf("a delivery that is not there: %d", w.Code)
	}
}

func TestDiagnosis(t *testing.T) {
	b := newBench(t)
	v := vendors.Lookup("kombo")
	r, err := v.Sign(eventtest.Draft{Type: "data-changed", Body: []byte(`{"type":"data-changed","id":"1"}`), Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	b.deliver("/hooks/kombo", r.Header, strings.ReplaceAll(string(r.Body), ":", ": "))
	want(t, b.get("/deliveries/1"), "not verified", "something on the way has rewritten it")

	b.deliverSigned("kombo", "data-changed", "another secret")
	want(t, b.get("/deliveries/2"), "none of the usual mistakes explains it")

	// A provider that is not known is found out with the secret alone.
	header := http.Header{"X-Acme-Mac": {"sha256=" + strings.ToLower(fmt.Sprintf("%x", mac("{}", "acme secret")))}}
	b.deliver("/x", header, "{}")
	b.do(http.MethodPost, "/secrets", url.Values{"provider": {"other"}, "secret": {"acme secret"}, "back": {"3"}})
	want(t, b.get("/deliveries/3"), `Scheme: signature.HMAC{Header: "X-Acme-Mac", Prefix: "sha256="}`)
}

func TestDriftIsMarked(t *testing.T) {
	b := newBench(t)
	v := vendors.Lookup("kombo")
	body := strings.Replace(string(v.Body("data-changed")), `"data":`, `"data": `, 1)
	body = strings.Replace(body, `"integration_id"`, `"brand_new":1,"integration_id"`, 1)
	if !strings.Contains(body, "brand_new") {
		t.Fatal("the fixture has changed: set the member in another way")
	}
	r, err := v.Sign(eventtest.Draft{Type: "data-changed", Body: []byte(body), Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	b.deliver("/hooks/kombo", r.Header, body)
	want(t, b.get("/deliveries/1"), "verified, drift", "brand_new", "<mark>no field takes it</mark>")
}

// TestHostile: whatever a sender writes, the page shows it as text, and soon.
func TestHostile(t *testing.T) {
	b := newBench(t)
	evil := `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	members := map[string]any{}
	for _, name := range []string{"id", "type", "data", "integration_id", evil} {
		members[name] = evil
	}
	members["data"] = map[string]any{"integration_id": evil, evil: evil}
	members["type"] = "data-changed"
	all, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	unknown, _ := json.Marshal(map[string]string{"type": evil, "id": evil})
	for name, body := range map[string]string{
		"HTML":               evil,
		"HTML in members":    string(all),
		"HTML as the type":   string(unknown),
		"nesting":            strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		"objects":            strings.Repeat(`{"a":`, 9_999) + "1" + strings.Repeat("}", 9_999),
		"only opening":       strings.Repeat("[", maxBody),
		"control characters": "{\"type\":\"\x00\x1b[2J\u202e\u0085\",\"a\":\"\\u0000\\u001b\"}",
		"many members":       "{" + strings.Repeat(`"a":1,`, 100_000) + `"b":2}`,
		"large":              `{"type":"data-changed","data":{"x":"` + strings.Repeat("<b>", 349_000) + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			r, err := vendors.Lookup("kombo").Sign(eventtest.Draft{Type: "data-changed", Body: []byte(body), Secret: secret})
			if err != nil {
				t.Fatal(err)
			}
			r.Header["X-Evil"] = []string{evil}
			b.deliver("/hooks/kombo/"+url.PathEscape(evil), r.Header, body)
			list, _ := b.deliveries.all()
			for _, path := range []string{"/", fmt.Sprintf("/deliveries/%d", list[0].ID)} {
				w := b.do(http.MethodGet, path, nil)
				if w.Code != http.StatusOK || w.Body.Len() > 4<<20 {
					t.Fatalf("%s: %d, %d bytes", path, w.Code, w.Body.Len())
				}
				for _, bad := range []string{"<script>", "<img", "<b><b>", "\x00", "\x1b", "\u202e"} {
					if strings.Contains(w.Body.String(), bad) {
						t.Errorf("%s has %q", path, bad)
					}
				}
			}
		})
	}
}

func TestBounds(t *testing.T) {
	b := newBench(t)
	for range 10_000 {
		b.deliver("/x", nil, "{}")
	}
	if all, _ := b.deliveries.all(); len(all) != maxDeliveries || all[0].ID != 10_000 {
		t.Errorf("%d deliveries", len(all))
	}
	large := strings.Repeat("x", maxBody)
	for range 80 {
		b.deliver("/x", nil, large)
	}
	all, _ := b.deliveries.all()
	if b.deliveries.bytes > maxBytes || len(all) > maxBytes/maxBody || len(all) < 60 {
		t.Errorf("%d deliveries, %d bytes", len(all), b.deliveries.bytes)
	}
	var sum int64
	for i := range all {
		sum += all[i].measure()
	}
	if sum != b.deliveries.bytes {
		t.Errorf("counted %d bytes of %d", b.deliveries.bytes, sum)
	}
	b.do(http.MethodPost, "/clear", nil)
	if all, _ := b.deliveries.all(); len(all) != 0 || b.deliveries.bytes != 0 {
		t.Errorf("%d deliveries after clear", len(all))
	}
}

func TestGuard(t *testing.T) {
	b := newBench(t)
	b.deliver("/x", nil, "{}")
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			if name == "Host" {
				r.Host = value
				return
			}
			r.Header.Set(name, value)
		}
	}
	for name, tt := range map[string]struct {
		method, path string
		change       []func(*http.Request)
		want         int
	}{
		"as typed":                 {"GET", "/", []func(*http.Request){set("Sec-Fetch-Site", "none")}, 200},
		"by its other name":        {"GET", "/", []func(*http.Request){set("Host", "localhost:8080")}, 200},
		"by IPv6":                  {"GET", "/", []func(*http.Request){set("Host", "[::1]:8080")}, 200},
		"its own form":             {"POST", "/clear", []func(*http.Request){set("Origin", "http://127.0.0.1:8080"), set("Sec-Fetch-Site", "same-origin")}, 303},
		"a program":                {"POST", "/clear", nil, 303},
		"rebound":                  {"GET", "/", []func(*http.Request){set("Host", "evil.example:8080")}, 403},
		"another port":             {"GET", "/", []func(*http.Request){set("Host", "127.0.0.1:8081")}, 403},
		"no port":                  {"GET", "/", []func(*http.Request){set("Host", "127.0.0.1")}, 403},
		"another site's form":      {"POST", "/clear", []func(*http.Request){set("Origin", "http://evil.example")}, 403},
		"an opaque origin":         {"POST", "/clear", []func(*http.Request){set("Origin", "null")}, 403},
		"a form without an origin": {"POST", "/clear", []func(*http.Request){set("Sec-Fetch-Site", "cross-site"), set("Sec-Fetch-Mode", "navigate"), set("Sec-Fetch-Dest", "document")}, 403},
		"another local page":       {"POST", "/clear", []func(*http.Request){set("Origin", "http://127.0.0.1:3000"), set("Sec-Fetch-Site", "same-site")}, 403},
		"another site's script":    {"GET", "/static/workbench.js", []func(*http.Request){set("Sec-Fetch-Site", "cross-site"), set("Sec-Fetch-Mode", "no-cors"), set("Sec-Fetch-Dest", "script")}, 403},
		"another site's frame":     {"GET", "/", []func(*http.Request){set("Sec-Fetch-Site", "cross-site"), set("Sec-Fetch-Mode", "navigate"), set("Sec-Fetch-Dest", "iframe")}, 403},
		"a link":                   {"GET", "/", []func(*http.Request){set("Sec-Fetch-Site", "cross-site"), set("Sec-Fetch-Mode", "navigate"), set("Sec-Fetch-Dest", "document")}, 200},
		"a change by GET":          {"GET", "/clear", nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			w := b.do(tt.method, tt.path, nil, tt.change...)
			if w.Code != tt.want && !(tt.want == 404 && w.Code == 405) {
				t.Errorf("%d, want %d", w.Code, tt.want)
			}
			if csp := w.Header().Get("Content-Security-Policy"); csp != contentSecurityPolicy || strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy: %s", csp)
			}
		})
	}
}

func TestLoopbackOnly(t *testing.T) {
	for _, args := range [][]string{{"-addr", "0.0.0.0:0"}, {"-addr", ":0"}, {"-receive", "192.0.2.1:0"}, {"-receive", "example.com:0"}, {"x"}, {"-no-such-flag"}} {
		if err := Run(t.Context(), args, nil, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

// TestPagesHaveNothingInline: the Content-Security-Policy would not let it run.
func TestPagesHaveNothingInline(t *testing.T) {
	b := newBench(t)
	b.deliverSigned("kit", "offer.accepted", secret)
	for _, path := range []string{"/", "/deliveries/1", "/outgoing", "/outgoing?provider=comeet"} {
		text := b.do(http.MethodGet, path, nil).Body.String()
		for _, bad := range []string{"style=", "onclick", "<style", "javascript:", "https://cdn", "//fonts"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %s", path, bad)
			}
		}
	}
}

func TestForward(t *testing.T) {
	b := newBench(t)
	b.deliverSigned("kombo", "data-changed", secret)
	var got *http.Request
	var body []byte
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "<b>short and stout</b>")
	}))
	defer service.Close()
	if w := b.do(http.MethodPost, "/deliveries/1/forward", url.Values{"url": {service.URL + "/mine"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d, _ := b.deliveries.get(1)
	if got.Method != http.MethodPost || got.URL.Path != "/mine" || string(body) != string(d.Body) || got.Header.Get("X-Kombo-Signature") != d.Header.Get("X-Kombo-Signature") {
		t.Errorf("forwarded %v %s", got, body)
	}
	want(t, b.get("/deliveries/1"), "418 I'm a teapot", "<b>short and stout</b>", service.URL+"/mine", "Forward again")
	for range 2 * maxForwards {
		b.do(http.MethodPost, "/deliveries/1/forward", url.Values{"url": {service.URL}})
	}
	if d, _ = b.deliveries.get(1); len(d.Forwards) != maxForwards {
		t.Errorf("%d responses are kept", len(d.Forwards))
	}
	for _, target := range []string{"http://192.0.2.1/", "http://example.com/", "ftp://127.0.0.1/", "x"} {
		if w := b.do(http.MethodPost, "/deliveries/1/forward", url.Values{"url": {target}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Not sent") {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

func TestForwardSignedAnew(t *testing.T) {
	b := newBench(t)
	r, err := vendors.Lookup("kit").Sign(eventtest.Draft{Type: "test.ping", Secret: secret, Time: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	b.deliver("/hooks/kit", r.Header, string(r.Body))
	target := b.receiveURL + "/hooks/kit"
	b.do(http.MethodPost, "/deliveries/1/forward", url.Values{"url": {target}})
	b.do(http.MethodPost, "/deliveries/1/forward", url.Values{"url": {target}, "sign": {"1"}})
	d, _ := b.deliveries.get(1)
	if len(d.Forwards) != 2 || d.Forwards[0].Response.Code != http.StatusOK || d.Forwards[1].Response.Code != http.StatusUnauthorized {
		t.Errorf("%+v", d.Forwards)
	}
}

func TestForwardableHeaders(t *testing.T) {
	got := forwardable(http.Header{"Connection": {"x-hop, Close"}, "X-Hop": {"1"}, "Host": {"a"}, "Te": {"b"}, "X-Stays": {"c"}})
	if len(got) != 1 || got.Get("X-Stays") != "c" {
		t.Errorf("%v", got)
	}
}

func TestStream(t *testing.T) {
	b := newBench(t)
	b.deliver("/x", nil, "{}")
	s := httptest.NewServer(b.server.handler())
	defer s.Close()
	defer close(b.stopping)
	for _, tt := range []struct {
		rev  string
		want []string
	}{{"0", []string{`"id":1`, `"id":2`}}, {"1", []string{`"id":2`}}, {"99", []string{`"reset":true`, `"id":2`}}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/events?rev="+tt.rev, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(resp.Body)
		if tt.rev == "0" {
			b.deliver("/x", nil, `{"later":1}`)
		}
		all := ""
		for !strings.Contains(all, `"id":2`) && lines.Scan() {
			all += lines.Text() + "\n"
		}
		_ = resp.Body.Close()
		want(t, all, tt.want...)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	b := newBench(t)
	for range maxStreams {
		b.streams <- struct{}{}
	}
	if w := b.do(http.MethodGet, "/events", nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", w.Code)
	}
}

func TestArchive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	b := newBench(t, func(c *config) { c.save = dir })
	b.deliverSigned("kombo", "data-changed", secret)
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1 {
		t.Fatalf("kept %v", names)
	}
	if info, err := os.Stat(names[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	again := newBench(t, func(c *config) { c.save = dir })
	all, _ := again.deliveries.all()
	if len(all) != 1 || all[0].Verdict.Text != "verified" || all[0].Type != "data-changed" {
		t.Errorf("loaded %+v", all)
	}
	for range maxDeliveries + 3 {
		again.deliver("/x", nil, "{}")
	}
	if names, _ = filepath.Glob(filepath.Join(dir, "*")); len(names) != maxDeliveries {
		t.Errorf("kept %d files", len(names))
	}
}

// TestNothingIsLogged: neither bodies nor secrets reach a terminal.
func TestNothingIsLogged(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		failed <- Run(ctx, []string{"-addr", "127.0.0.1:0", "-receive", "127.0.0.1:0"}, nil, io.MultiWriter(pw, &out), &out)
		_ = pw.Close()
	}()
	lines := bufio.NewScanner(pr)
	var addresses []string
	for len(addresses) < 2 && lines.Scan() {
		_, rest, _ := strings.Cut(lines.Text(), "http://")
		address, _, _ := strings.Cut(rest, "/")
		addresses = append(addresses, "http://"+address)
	}
	resp, err := http.Post(addresses[1]+"/hooks/kombo", "application/json", strings.NewReader(`{"canary":"jane.canary@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp, err = http.Get(addresses[0] + "/deliveries/1"); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	want(t, string(text), "jane.canary@example.com")
	cancel()
	go func() { _, _ = io.Copy(io.Discard, pr) }()
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if strings.Contains(out.String(), "canary") {
		t.Errorf("logged: %s", &out)
	}
}
