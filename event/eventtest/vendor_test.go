package eventtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

func TestNewRequest(t *testing.T) {
	v := acmeVendor()
	hired := Sample[hire](v, "employee:hired")
	hired.Name = "Changed"
	at := time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		e      any
		opts   []Option
		target string
		typ    string
		id     string // of the payload
		has    string
	}{
		{"a fixture, by its type", "employee.left", nil, "/employee.left", "employee.left", "7", `{"id": 7}`},
		{"a changed sample", hired, nil, "/employee:hired", "employee:hired", "7", `"name":"Changed"`},
		{"a sample for another event", As("employee.left", hired), nil, "/employee.left", "employee.left", "7", `"name":"Changed"`},
		{"to one's own path", &leave{ID: "9"}, []Option{To("/hooks/acme?a=b")}, "/hooks/acme?a=b", "employee.left", "9", `{"id":"9"}`},
		{"to a whole URL, at a time", &leave{ID: "9"}, []Option{To("https://example.com/hooks"), At(at)}, "/hooks", "employee.left", "9", `{"id":"9"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := v.NewRequest(t, secret, test.e, test.opts...)
			if got := r.URL.RequestURI(); r.Method != http.MethodPost || got != test.target {
				t.Errorf("%s %s, want POST %s", r.Method, got, test.target)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || r.ContentLength != int64(len(body)) {
				t.Errorf("%d bytes (%v), and %d are declared", len(body), err, r.ContentLength)
			}
			now := time.Now()
			if len(test.opts) > 1 {
				now = at
			}
			if _, err := acme.Scheme.New([]byte(secret)).Verify(r.Header, body, now, time.Minute); err != nil {
				t.Errorf("the signature: %v", err)
			}
			var envelope struct {
				Type string
				Data struct{ ID event.ID }
			}
			if err := json.Unmarshal(body, &envelope); err != nil {
				t.Fatal(err)
			}
			if envelope.Type != test.typ || string(envelope.Data.ID) != test.id || !strings.Contains(string(body), test.has) {
				t.Errorf("the body is %s, want one of type %s, with %s", body, test.typ, test.has)
			}
			if got := r.Header.Get("X-Acme-Event"); got != test.typ || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("the headers are %q", r.Header)
			}
		})
	}
}

// stopping is a test that notes why it was stopped.
type stopping struct {
	testing.TB
	said string
}

func (s *stopping) Helper() {}
func (s *stopping) Fatal(args ...any) {
	s.said = fmt.Sprint(args...)
	panic(s)
}

func TestRequestsThatCannotBeMade(t *testing.T) {
	v := acmeVendor()
	v.Events = append(v.Events, Of[leave]("employee.back"))
	for _, test := range []struct {
		name   string
		secret string
		e      any
		want   string
	}{
		{"a type that several events have", secret, &leave{}, "may be any of employee.left, employee.back: say which with eventtest.As"},
		{"a type that no event has", secret, &manager{}, "a *eventtest.manager is not a payload of acme"},
		{"a payload, not a pointer to one", secret, hire{}, "pass a pointer: *eventtest.hire"},
		{"a payload that has no JSON", secret, As("employee.left", func() {}), "employee.left: json: unsupported type: func()"},
		{"a type without a fixture", secret, "employee.back", `no fixture for "employee.back": want testdata/employee.back.json`},
		{"no such event", secret, "employee.promoted", `no event "employee.promoted": there are ["employee:hired" "employee.left" "employee.back"]`},
		{"a payload of a type without a fixture", secret, As("employee.back", &leave{}), `no fixture for "employee.back"`},
		{"no secret", "", "employee.left", "Draft.Secret is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &stopping{TB: t}
			defer func() {
				if p := recover(); p != s || !strings.Contains(s.said, test.want) {
					t.Errorf("stopped with %v (%q), want %q", p, s.said, test.want)
				}
			}()
			v.NewRequest(s, test.secret, test.e)
			t.Error("it was made")
		})
	}
}

func TestMissingFixturesPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"no event employee.promoted":                    func() { acmeVendor().Body("employee.promoted") },
		"the fixture of employee:hired does not decode": func() { Sample[leaveOfText](acmeVendor(), "employee:hired") },
	} {
		func() {
			defer func() {
				if p := recover(); p == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

type leaveOfText struct {
	ID bool `json:"id"`
}

// A body of no bytes is one, and not the fixture.
func TestSignedWithoutABody(t *testing.T) {
	r := acmeVendor().Signed(t, secret, "employee.left", nil)
	if b, err := io.ReadAll(r.Body); len(b) != 0 || err != nil {
		t.Errorf("the body is %s (%v), want none", b, err)
	}
}

func TestBodyWith(t *testing.T) {
	b, err := acmeVendor().BodyWith("employee.left", leave{ID: "8"})
	if want := `{"id":"ev_2","type":"employee.left","at":"2026-09-02T10:00:01Z","data":{"id":"8"}}`; err != nil || string(b) != want {
		t.Errorf("got %s (%v), want %s", b, err, want)
	}
	if b, err = bizarreVendor().BodyWith("ask", leave{ID: "8"}); err != nil || string(b) != `{"id":"8"}` {
		t.Errorf("where the body is the payload, got %s (%v)", b, err)
	}
}

// A changed scheme is one field to set.
func TestAChangedProviderSigns(t *testing.T) {
	v := acmeVendor()
	v.Provider.Scheme = signature.HMAC{Header: "X-Other", Encoding: signature.Base64}
	h, err := event.NewHandler(v.Provider, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, v.NewRequest(t, secret, "employee.left"))
	if w.Code != http.StatusOK {
		t.Errorf("the response is %d", w.Code)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, acmeVendor().NewRequest(t, secret, "employee.left"))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("the response to the old scheme is %d", w.Code)
	}
}
