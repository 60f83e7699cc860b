package workbench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/internal/vendors"
)

func mac(text, key string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return m.Sum(nil)
}

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// TestAnonymizeFixtures: nothing personal is left of any fixture, and it is
// still what a handler takes.
func TestAnonymizeFixtures(t *testing.T) {
	for _, v := range vendors.All {
		for _, typ := range v.Types() {
			body := v.Body(typ)
			got, err := anonymize(v, body, random())
			if err != nil {
				t.Errorf("%s %s: %v", v.Name(), typ, err)
				continue
			}
			for _, leak := range v.Leaks(got) {
				t.Errorf("%s %s still has %v", v.Name(), typ, leak)
			}
			r, err := v.Sign(eventtest.Draft{Type: typ, Body: got, Secret: secret})
			if err != nil {
				t.Fatal(err)
			}
			endpoint := ""
			if v.TypeInURL() {
				endpoint = typ
			}
			if j := v.Judge(secret, endpoint, r.Header, r.Body, time.Now()); !j.Verified || j.Err != nil || j.Delivery.Type != typ {
				t.Errorf("%s %s: %v\n%s", v.Name(), typ, j.Err, got)
			}
		}
	}
}

func TestAnonymize(t *testing.T) {
	v := vendors.Lookup("kombo")
	body := ` {"type":"data-changed", "id":"ab12-cd34", "again":"ab12-cd34",
 "data":{"first_name":"Tamsin","email":"tamsin@corp.test","born":"1988-02-03","birth_date":"1988-02-03","at":"2026-01-02T03:04:05Z",
 "url":"https://corp.test/people/1?x=1","n":1234,"small":0,"f":-12.5,"yes":true,"no":null,"none":"","Tamsin's dog":"Rex",
 "hash":"0123456789abcdef","list":["Jörg \u0041\n"]}} `
	got, err := anonymize(v, []byte(body), random())
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	for _, gone := range []string{"Tamsin", "tamsin", "corp", "people", "1234", "ab12", "Rex", "dog", "Jörg", "0123456789abcdef", "12.5"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still in %s", gone, text)
		}
	}
	for _, kept := range []string{`"type":"data-changed", "id":"`, `"born":"1988-02-03"`, `"birth_date":"1990-01-01"`, `"at":"2026-01-02T03:04:05Z"`, `"yes":true,"no":null,"none":""`, `"small":0`, "@example.com", "https://example.com/", "\n \"data\":{"} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s is not in %s", kept, text)
		}
	}
	var m struct{ ID, Again string }
	if err := json.Unmarshal(got, &m); err != nil || m.ID != m.Again || len(m.ID) != len("ab12-cd34") {
		t.Errorf("%v %+v", err, m)
	}
	same, _ := anonymize(v, []byte(body), random())
	if string(same) != text {
		t.Error("the same random numbers made another fixture")
	}
	for _, bad := range []string{"", "x", "{} {}", strings.Repeat("[", 20_000)} {
		if _, err := anonymize(nil, []byte(bad), random()); err == nil {
			t.Errorf("%.20s is accepted", bad)
		}
	}
}

// FuzzAnonymize: what is JSON stays JSON, of the same form.
func FuzzAnonymize(f *testing.F) {
	f.Add(`{"a":[1,-0,0.5e-7,"x\u0000",{"":""}],"b":{}}`)
	f.Fuzz(func(t *testing.T, body string) {
		got, err := anonymize(nil, []byte(body), random())
		if err != nil {
			return
		}
		var before, after any
		if json.Unmarshal([]byte(body), &before) != nil {
			return // a number that no float holds
		}
		if err := json.Unmarshal(got, &after); err != nil && !strings.Contains(err.Error(), "number") {
			t.Fatalf("%q became %q: %v", body, got, err)
		}
		if reflect.TypeOf(before) != reflect.TypeOf(after) {
			t.Errorf("%q became %q", body, got)
		}
	})
}

func TestFixtureName(t *testing.T) {
	for typ, want := range map[string]string{"data-changed": "data-changed.json", "assessment:order-received": "assessment-order-received.json", "../../x": "-..-x.json", "é\"": "--.json"} {
		if got := fixtureName(typ); got != want {
			t.Errorf("%s: %s", typ, got)
		}
	}
}

// TestSavedTestsCompile: what is to be pasted is type-checked as a package of
// this module.
func TestSavedTestsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the go command")
	}
	dir := t.TempDir()
	overlay := map[string]map[string]string{"Replace": {}}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for i, d := range []struct{ provider, typ string }{
		{"kombo", "data-changed"}, {"comeet", "request-questionnaire"}, {"kit", "offer.accepted"}, {"kit", "brand.new"},
		{"keldair", vendors.Lookup("keldair").Types()[0]}, {"hires100", "candidate.hired"},
	} {
		name := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		text := fixtureTest(vendors.Lookup(d.provider), &delivery{summary: summary{Type: d.typ}})
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][filepath.Join(here, fmt.Sprintf("saved%d", i), "saved.go")] = name
		packages = append(packages, fmt.Sprintf("./saved%d", i))
	}
	text, _ := json.Marshal(overlay)
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", append([]string{"build", "-overlay", file}, packages...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestCurl has a shell read the command.
func TestCurl(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	for _, body := range []string{`{"a":"it's"}`, "@/etc/passwd", "line\nline\t\\ $HOME `id`", "\x1b[2J\u202e é", "\xff\x00", ""} {
		d := &delivery{Body: []byte(body), Header: http.Header{"X-Odd": {"it's $HOME", ""}, "Content-Length": {"9"}}}
		script := `curl() { printf '%s\n' "$@" | sed 's/^--data-binary$/&/' ; case "$*" in *"--data-binary @-"*) cat ;; esac; }` + "\n" + curl(d, "http://127.0.0.1:3000/it's")
		out, err := exec.CommandContext(t.Context(), shell, "-c", script).Output()
		if err != nil {
			t.Fatalf("%q: %v\n%s", body, err, script)
		}
		got := string(out)
		if !strings.HasPrefix(got, "-i\nhttp://127.0.0.1:3000/it's\n-H\nX-Odd: it's $HOME\n-H\nX-Odd;\n--data-") || !strings.HasSuffix(strings.TrimSuffix(got, "\n"), body) || strings.Contains(got, "Content-Length") {
			t.Errorf("%q became %q", body, got)
		}
		if strings.ContainsAny(curl(d, "http://x"), "\x1b\x00\u202e") {
			t.Errorf("%q would drive a terminal", body)
		}
	}
}

// TestFormKeepsFixtures: a form that is sent as it came changes nothing.
func TestFormKeepsFixtures(t *testing.T) {
	for _, v := range vendors.All {
		for _, typ := range v.Types() {
			f := newDraft(v.Name(), typ, "http://127.0.0.1:1")
			if len(f.Fields) == 0 && f.Payload != "{}" {
				t.Errorf("%s %s has no form", v.Name(), typ)
				continue
			}
			form := url.Values{"provider": {v.Name()}, "event": {typ}, "payload": {f.Payload}, "do": {"json"}}
			for _, field := range f.Fields {
				if field.Kind != "object" && field.Kind != "list" {
					form.Set("f:"+field.Path, field.Value)
				}
			}
			got := parseDraft(form)
			if got.Problem != "" {
				t.Errorf("%s %s: %s", v.Name(), typ, got.Problem)
			}
			if diff := cmp.Diff(decoded(t, f), decoded(t, got)); diff != "" {
				t.Errorf("%s %s changed: %s", v.Name(), typ, diff)
			}
		}
	}
}

// decoded is the payload as its Go type encodes it.
func decoded(t *testing.T, f *draft) string {
	t.Helper()
	p, err := f.decode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFormEdits(t *testing.T) {
	const typ = "assessment:order-received"
	f := newDraft("kombo", typ, "")
	form := url.Values{"provider": {"kombo"}, "event": {typ}, "payload": {f.Payload}, "f:candidate.email": {"x@example.com"}, "f:nothing.such": {"x"}}
	got := parseDraft(form)
	want(t, got.Payload, `"email": "x@example.com"`)

	before := strings.Count(got.Payload, `"hiring_team_roles"`)
	form.Set("payload", got.Payload)
	form.Set("do", "add:job.hiring_team")
	got = parseDraft(form)
	added := 0
	for _, field := range got.Fields {
		if strings.HasPrefix(field.Path, "job.hiring_team[") && strings.HasSuffix(field.Path, "]") && strings.Count(field.Path, "[") == 1 {
			added++
		}
	}
	if added != before+1 {
		t.Errorf("%d elements, want %d: %s", added, before+1, got.Problem)
	}
	form.Set("payload", got.Payload)
	form.Set("do", "remove:job.hiring_team[0]")
	if removed := parseDraft(form); len(removed.Fields) >= len(got.Fields) || removed.Problem != "" {
		t.Errorf("nothing was removed: %s", removed.Problem)
	}
	for _, do := range []string{"add:job", "add:x.y", "remove:job", "remove:job.hiring_team[99]", "remove:job.hiring_team[x]", "remove:", "add:"} {
		form.Set("do", do)
		if got := parseDraft(form); got.Problem == "" {
			t.Errorf("%s is accepted", do)
		}
	}
}

// The form begins with Kombo, whatever the other providers are named.
func TestDraftOfNoProvider(t *testing.T) {
	if f := newDraft("", "", ""); f.Provider != "kombo" {
		t.Errorf("the form begins with %s", f.Provider)
	}
}

func TestFormRejectsWhatDoesNotFit(t *testing.T) {
	f := newDraft("kombo", "sync-finished", "")
	form := url.Values{"provider": {"kombo"}, "event": {"sync-finished"}, "payload": {f.Payload}, "f:sync_duration_seconds": {"long"}}
	if got := parseDraft(form); !strings.Contains(got.Problem, "sync_duration_seconds") {
		t.Errorf("problem: %q", got.Problem)
	}
	form.Set("payload", "not JSON")
	if got := parseDraft(form); got.Problem == "" {
		t.Error("a payload that is not JSON is edited as a form")
	}
}

// TestEveryCaseIsRight sends every near miss of every provider to this
// program's own receiver, which responds as a right receiver does.
func TestEveryCaseIsRight(t *testing.T) {
	b := newBench(t)
	for _, v := range vendors.All {
		typ := v.Types()[0]
		for _, c := range cases(v) {
			if c.Skip != "" || c.Name == "previous key" || c.Name == "too large" {
				continue
			}
			f := newDraft(v.Name(), typ, "")
			f.URL, f.Case, f.Previous = b.sendTarget(f), c.Name, "an older secret"
			j, err := f.prepare(secret, false)
			if err != nil {
				if c.Name != "null where a value is usual" {
					t.Errorf("%s %s: %v", v.Name(), c.Name, err)
				}
				continue
			}
			if err := j.run(t.Context(), b.client, func(o outcome) {
				if !o.Right {
					t.Errorf("%s, %s: %s, want %v", v.Name(), c.Name, o.Response.Status, c.Statuses)
				}
			}); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestSendFromThePage(t *testing.T) {
	b := newBench(t)
	f := newDraft("kombo", "data-changed", "")
	form := url.Values{"provider": {"kombo"}, "event": {"data-changed"}, "payload": {f.Payload}, "case": {"wrong key"}, "do": {"send"},
		"url": {b.receiveURL + "/hooks/kombo"}, "number": {"3"}, "rate": {"200"}}
	if w := b.do(http.MethodPost, "/outgoing", form); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	b.runs.going.Wait()
	want(t, b.get("/outgoing"), "wrong key: kombo data-changed", "401 Unauthorized", "401, 403, 400", "3 of 3 sent", "right")

	form.Set("url", b.receiveURL+"/nobody") // recognized by its header all the same
	form.Set("case", "good")
	form.Set("secret", "another secret")
	b.do(http.MethodPost, "/outgoing", form)
	b.runs.going.Wait()
	if all := b.runs.all(); all[0].Wrong != 0 || all[0].Sent != 3 {
		t.Errorf("%+v", all[0])
	}
	for field, bad := range map[string]string{"url": "http://192.0.2.1/", "case": "no such", "number": "0", "rate": "x", "time": "yesterday"} {
		old := form.Get(field)
		form.Set(field, bad)
		if w := b.do(http.MethodPost, "/outgoing", form); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("%s=%s: %d", field, bad, w.Code)
		}
		form.Set(field, old)
	}
}

func TestStop(t *testing.T) {
	b := newBench(t)
	f := newDraft("kombo", "data-changed", "")
	form := url.Values{"provider": {"kombo"}, "event": {"data-changed"}, "payload": {f.Payload}, "case": {"good"}, "do": {"send"},
		"url": {b.receiveURL + "/hooks/kombo"}, "number": {"10000"}, "rate": {"1"}}
	for range maxRuns {
		b.do(http.MethodPost, "/outgoing", form)
	}
	if w := b.do(http.MethodPost, "/outgoing", form); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("too many at once: %d", w.Code)
	}
	for _, r := range b.runs.all() {
		b.do(http.MethodPost, fmt.Sprintf("/runs/%d/stop", r.ID), nil)
	}
	b.runs.going.Wait()
	for _, r := range b.runs.all() {
		if !r.Done || r.Failed != "stopped" {
			t.Errorf("%+v", r)
		}
	}
}
