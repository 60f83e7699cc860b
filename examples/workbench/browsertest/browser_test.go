// Package browsertest uses the workbench as a person does, in a browser without
// a window. It is a module of its own, since nothing else needs its dependencies.
package browsertest

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/examples/workbench/internal/workbench"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

var screenshots = flag.String("screenshots", "", "write the screenshots for the README into this folder")

const secret = "a secret for tests only"

// patience is how long anything may take; nothing is expected to.
const patience = 60 * time.Second

// chromium is the browser, or "".
var chromium = func() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}()

func TestMain(m *testing.M) {
	flag.Parse()
	if chromium == "" {
		fmt.Println("skipped: no browser is installed; on Debian, apt-get install chromium")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// workbenchAt starts the program and returns the URLs of its page and of its
// receiver.
func workbenchAt(t *testing.T) (pageURL, receiveURL string) {
	t.Helper()
	t.Setenv("KOMBO_SECRET", secret)
	t.Setenv("KIT_SECRET", secret)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		failed <- workbench.Run(ctx, []string{"-addr", "127.0.0.1:0", "-receive", "127.0.0.1:0"}, nil, w, io.Discard)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-failed; err != nil && !strings.Contains(err.Error(), "deadline") {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(r)
	var urls []string
	for len(urls) < 2 && lines.Scan() {
		_, rest, _ := strings.Cut(lines.Text(), "http://")
		host, _, _ := strings.Cut(rest, "/")
		urls = append(urls, "http://"+host)
	}
	if len(urls) < 2 {
		t.Fatal(<-failed)
	}
	return urls[0], urls[1]
}

// tab is one page in the browser.
type tab struct {
	context.Context
	t *testing.T

	mu     sync.Mutex
	events []string // dialogs, and errors of the page's own
}

func newTab(t *testing.T) *tab {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, cancelAll := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	ctx, cancelTime := context.WithTimeout(ctx, patience)
	t.Cleanup(func() {
		cancelTime()
		_ = chromedp.Cancel(ctx)
		cancelTab()
		cancelAll()
	})
	b := &tab{Context: ctx, t: t}
	b.run(chromedp.Navigate("about:blank"), chromedp.EmulateViewport(1280, 900))
	b.listen()
	return b
}

// listen notes what must not happen.
func (b *tab) listen() {
	target := chromedp.FromContext(b).Target
	dialogs := cdp.Events(b, target, page.JavascriptDialogOpening)
	exceptions := cdp.Events(b, target, runtime.ExceptionThrown)
	go func() {
		for ev, err := range dialogs {
			if err != nil {
				return
			}
			b.note("a dialog: " + ev.Message)
			_, _ = chromedp.Call(b, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}
	}()
	go func() {
		for ev, err := range exceptions {
			if err != nil {
				return
			}
			b.note("an exception: " + ev.ExceptionDetails.Text)
		}
	}()
}

func (b *tab) note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, text)
}

// unexpected fails the test if a dialog was opened or a script failed.
func (b *tab) unexpected() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		b.t.Error(e)
	}
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	get(b, chromedp.Steps(actions...))
}

// get runs an action and returns its value.
func get[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b, action)
	if err != nil {
		b.unexpected()
		b.t.Fatal(err)
	}
	return v
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	_, err := chromedp.Run(b, chromedp.Poll[bool]("Boolean("+expression+")", chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience/2)))
	if err != nil {
		text, _ := chromedp.Run(b, chromedp.Evaluate[string]("document.body.innerText.slice(0, 2000)"))
		b.t.Fatalf("%s never came true: %v\n%s", expression, err, text)
	}
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return get(b, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q).innerText", selector)))
}

func want(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("not on the page: %s\n%.3000s", w, text)
		}
	}
}

// deliver sends a signed delivery.
func deliver(t *testing.T, url string, v eventtest.Vendor, d eventtest.Draft) {
	t.Helper()
	r, err := v.Sign(d)
	if err != nil {
		t.Fatal(err)
	}
	post(t, url, r.Header, r.Body)
}

func post(t *testing.T, url string, header http.Header, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

const rows = `document.querySelectorAll("#deliveries li").length`

func TestDeliveryAppearsWithoutReload(t *testing.T) {
	at, to := workbenchAt(t)
	b := newTab(t)
	b.run(chromedp.Navigate(at))
	get(b, chromedp.Evaluate[bool]("window.marked = true"))
	want(t, b.text("#empty"), "No deliveries yet")
	deliver(t, to+"/hooks/kombo", kombotest.Vendor, eventtest.Draft{Type: "data-changed", Secret: secret})
	b.await(rows + " === 1 && window.marked")
	want(t, b.text("#deliveries"), "kombo", "data-changed", "verified")

	b.run(chromedp.Click(chromedp.CSS("#deliveries a")))
	b.await(`document.querySelector("#detail h2")?.innerText === "kombo data-changed" && window.marked`)
	want(t, b.text("#detail"), "The signature holds", "X-Kombo-Signature", "integration_id")
	b.unexpected()
}

func TestWrongSecretIsDiagnosed(t *testing.T) {
	at, to := workbenchAt(t)
	b := newTab(t)
	deliver(t, to+"/hooks/kombo", kombotest.Vendor, eventtest.Draft{Type: "data-changed", Secret: "the right secret"})
	b.run(chromedp.Navigate(at + "/deliveries/1"))
	want(t, b.text("#detail"), "not verified", "Diagnosis.", "another secret or over other bytes")

	const input = `#detail input[name=secret]`
	b.run(chromedp.SendKeys(chromedp.CSS(input), "the right secret\\n"), chromedp.Click(chromedp.CSS(`#detail form[action="/secrets"] button`)))
	b.await(`document.querySelector("#detail input[name=secret]").value === ""`) // the part has been replaced
	want(t, b.text("#detail"), "not verified")
	b.run(chromedp.SendKeys(chromedp.CSS(input), "the right secret"), chromedp.Click(chromedp.CSS(`#detail form[action="/secrets"] button`)))
	b.await(`document.querySelector("#detail .why").innerText.includes("The signature holds")`)
	b.await(`document.querySelector("#row-1").innerText.includes("verified") && !document.querySelector("#row-1").innerText.includes("not verified")`)
	b.unexpected()
}

func TestForward(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout: "+r.URL.Path)
	}))
	defer service.Close()
	at, to := workbenchAt(t)
	b := newTab(t)
	deliver(t, to+"/hooks/kombo", kombotest.Vendor, eventtest.Draft{Type: "data-changed", Secret: secret})
	b.run(chromedp.Navigate(at+"/deliveries/1"),
		chromedp.SetValue(chromedp.CSS("#detail input[name=url]"), service.URL+"/mine"),
		chromedp.Click(chromedp.CSS(`#detail form[action$="/forward"] button`)),
		chromedp.WaitVisible(chromedp.CSS("#detail .response pre")))
	want(t, b.text("#detail .response"), "418 I'm a teapot", "short and stout: /mine")
	b.unexpected()
}

func TestNearMissIsSentAndJudged(t *testing.T) {
	wrong := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // 200 to everything
	defer wrong.Close()
	at, to := workbenchAt(t)
	b := newTab(t)
	b.run(chromedp.Navigate(at+"/outgoing?provider=kit&event=offer.accepted"),
		chromedp.SetValue(chromedp.CSS("select[name=case]"), "stale"),
		chromedp.Click(chromedp.CSS("#compose .primary")))
	b.await(`document.querySelector("#runs .run .verdict.good") && document.querySelector("#runs").innerText.includes("1 of 1")`)
	want(t, b.text("#runs"), "stale: kit offer.accepted", "401 Unauthorized", "401, 403, 400")

	b.run(chromedp.SetValue(chromedp.CSS("#compose input[name=url]"), wrong.URL), chromedp.Click(chromedp.CSS("#compose .primary")))
	b.await(`document.querySelectorAll("#runs .run").length === 2 && document.querySelector("#runs .run").innerText.includes("1 of 1 wrong")`)
	b.unexpected()

	// What was sent to the program itself is among the deliveries.
	b.run(chromedp.Navigate(at))
	b.await(rows + " === 1")
	want(t, b.text("#deliveries"), "too late")
	_ = to
}

// A form is edited, grows, and becomes JSON.
func TestForm(t *testing.T) {
	at, _ := workbenchAt(t)
	b := newTab(t)
	b.run(chromedp.Navigate(at+"/outgoing?provider=kombo&event=assessment:order-received"),
		chromedp.SetValue(chromedp.CSS(`#compose input[name="f:candidate.email"]`), "x@example.com"),
		chromedp.Click(chromedp.CSS(`button[value="add:job.hiring_team"]`)))
	b.await(`document.querySelector('[name^="f:job.hiring_team[2]"]')`)
	b.run(chromedp.Click(chromedp.CSS(`button[value=json]`)), chromedp.WaitVisible(chromedp.CSS("textarea[name=payload]")))
	want(t, get(b, chromedp.Value(chromedp.CSS("textarea[name=payload]"))), `"email": "x@example.com"`)
	b.unexpected()
}

func TestInjectedScriptDoesNotRun(t *testing.T) {
	at, to := workbenchAt(t)
	b := newTab(t)
	b.run(chromedp.Navigate(at))
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>`
	body := fmt.Sprintf(`{"type":%[1]q,"id":%[1]q,%[1]q:1,"data":{"integration_id":%[1]q,%[1]q:[%[1]q]}}`, evil)
	header := http.Header{"X-Evil": {evil}, "User-Agent": {evil}}
	for i, typ := range []string{"data-changed", evil} {
		r, err := kombotest.Vendor.Sign(eventtest.Draft{Type: typ, Body: []byte(strings.Replace(body, fmt.Sprintf("%q", evil), fmt.Sprintf("%q", typ), 1)), Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(r.Header, header)
		post(t, to+"/hooks/kombo", r.Header, r.Body)
		b.await(fmt.Sprintf("%s === %d", rows, i+1))
		b.run(chromedp.Click(chromedp.CSS("#deliveries li:first-child a")))
		b.await(fmt.Sprintf(`document.querySelector("#detail").innerText.includes("X-Evil") && location.pathname === "/deliveries/%d"`, i+1))
		want(t, b.text("#detail"), "<script>alert(1)</script>")
		b.run(chromedp.Reload())
		b.await(`document.querySelector("#detail").innerText.includes("X-Evil")`)
	}
	found := get(b, chromedp.Evaluate[int](`document.querySelectorAll("#main script, #main img, #main svg").length`))
	if found != 0 {
		t.Errorf("%d elements are a sender's", found)
	}
	// Even markup that got into the page could not run.
	get(b, chromedp.Evaluate[bool](`document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=alert(4)>"), true`))
	b.run(chromedp.Sleep(200 * time.Millisecond))
	b.unexpected()
}

// TestFloodStaysResponsive: after 2,000 deliveries, with a hostile one among
// them, the page still does what it is told.
func TestFloodStaysResponsive(t *testing.T) {
	at, to := workbenchAt(t)
	b := newTab(t)
	b.run(chromedp.Navigate(at))
	r, err := kombotest.Vendor.Sign(eventtest.Draft{Type: "data-changed", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				post(t, to+"/hooks/kombo", r.Header, r.Body)
			}
		})
	}
	wg.Wait()
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	post(t, to+"/hooks/kombo", nil, []byte(deep))
	post(t, to+"/hooks/kombo", nil, []byte(`{"x":"`+strings.Repeat("<b>\\u0000", 100_000)+`"}`))
	b.await(`document.querySelector("#row-2002")`)
	if count := get(b, chromedp.Evaluate[int](rows)); count != 500 {
		t.Errorf("%d rows", count)
	}
	for _, id := range []int{2002, 2001, 1900} {
		b.run(chromedp.Click(chromedp.CSS(fmt.Sprintf("#row-%d a", id))))
		b.await(fmt.Sprintf(`location.pathname === "/deliveries/%d" && document.querySelector("#detail h2")`, id))
	}
	b.run(chromedp.SendKeys(chromedp.CSS("#filter"), "no such"))
	b.await(`[...document.querySelectorAll("#deliveries li")].every((li) => li.hidden)`)
	b.unexpected()
}

// TestKeyboard uses no mouse.
func TestKeyboard(t *testing.T) {
	at, to := workbenchAt(t)
	b := newTab(t)
	for range 3 {
		deliver(t, to+"/hooks/kombo", kombotest.Vendor, eventtest.Draft{Type: "data-changed", Secret: secret})
	}
	b.run(chromedp.Navigate(at), chromedp.Focus(chromedp.CSS("#row-3 a")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	b.await(`location.pathname === "/deliveries/1"`)
	b.unexpected()
}

// TestNarrow: nothing is wider than a telephone.
func TestNarrow(t *testing.T) {
	at, to := workbenchAt(t)
	b := newTab(t)
	deliver(t, to+"/hooks/kit", kittest.Vendor, eventtest.Draft{Type: "offer.accepted", Secret: secret})
	deliver(t, to+"/hooks/kombo", kombotest.Vendor, eventtest.Draft{Type: "assessment:order-received", Secret: "another secret"})
	for _, path := range []string{"/", "/deliveries/1", "/deliveries/2", "/outgoing?provider=kombo&event=assessment:order-received"} {
		b.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), chromedp.Navigate(at+path))
		if wide := get(b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); wide > 390 {
			t.Errorf("%s is %d pixels wide", path, wide)
		}
	}
	b.unexpected()
}

// TestScreenshots writes the README's, if it is told where.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("-screenshots names no folder")
	}
	at, to := workbenchAt(t)
	show(t, to)
	b := newTab(t)
	for _, scheme := range []string{"light", "dark"} {
		b.picture(scheme, "workbench-incoming-"+scheme, at+"/deliveries/3", 1280, 720)
		b.picture(scheme, "workbench-narrow-"+scheme, at+"/deliveries/5", 390, 844)
	}
	careless := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // 200 to everything
	defer careless.Close()
	form := at + "/outgoing?provider=kombo&event=assessment:order-received"
	for i, miss := range []string{"re-encoded JSON", "wrong key"} {
		b.run(chromedp.Navigate(form), chromedp.SetValue(chromedp.CSS("select[name=case]"), miss),
			chromedp.SetValue(chromedp.CSS("#compose input[name=url]"), []string{to + "/hooks/kombo", careless.URL + "/hooks"}[i]),
			chromedp.Click(chromedp.CSS("#compose .primary")))
		b.await(fmt.Sprintf(`document.querySelectorAll("#runs .verdict:not(.open)").length === %d`, 2*(i+1)))
	}
	for _, scheme := range []string{"light", "dark"} {
		b.picture(scheme, "workbench-outgoing-"+scheme, form, 1280, 720)
	}
}

// show fills the list.
func show(t *testing.T, to string) {
	t.Helper()
	kombo := func(d eventtest.Draft) { deliver(t, to+"/hooks/kombo", kombotest.Vendor, d) }
	kit := func(d eventtest.Draft) { deliver(t, to+"/hooks/kit", kittest.Vendor, d) }
	kombo(eventtest.Draft{Type: "integration-created", Secret: secret})
	kombo(eventtest.Draft{Type: "data-changed", Secret: secret})
	r, err := kombotest.Vendor.Sign(eventtest.Draft{Type: "data-changed", Body: []byte(`{"type":"data-changed","id":"W5mBn8KcXq2TzRv7LpYd4JfG","data":{"integration_id":"personio:4GnPw7RkTz2XvBmC9qLdYf3H","integration_tool":"personio","integration_category":"HRIS"}}`), Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	post(t, to+"/hooks/kombo", r.Header, bytes.ReplaceAll(r.Body, []byte(`":`), []byte(`": `)))
	kombo(eventtest.Draft{Type: "data-changed", Secret: secret})
	kit(eventtest.Draft{Type: "offer.accepted", Secret: secret})
	kit(eventtest.Draft{Type: "application.submitted", Secret: secret, Time: time.Now().Add(-time.Hour)})
	kombo(eventtest.Draft{Type: "assessment:order-received", Secret: secret})
	post(t, to+"/hooks/hires100/", http.Header{"X-Odd": {"1"}}, []byte(`{"event":"candidate.hired"}`))
}

// picture writes one screenshot.
func (b *tab) picture(scheme, name, url string, width, height int64) {
	b.t.Helper()
	var opts []chromedp.EmulateViewportOption
	if width < 800 {
		opts = append(opts, chromedp.EmulateMobile)
	}
	b.run(chromedp.EmulateViewport(width, height, opts...))
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#main")), chromedp.Sleep(300*time.Millisecond))
	shot, err := smaller(get(b, chromedp.CaptureScreenshot()))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), shot, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// smaller writes a PNG with the 256 colours that it has most of.
func smaller(shot []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	count := make(map[color.Color]int)
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			count[img.At(x, y)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	small := image.NewPaletted(img.Bounds(), all[:min(256, len(all))])
	draw.Draw(small, small.Rect, img, img.Bounds().Min, draw.Src)
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, small)
	return b.Bytes(), err
}
