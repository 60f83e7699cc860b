package eventtest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Config describes a service for [Run]. Vendor, Handler, Path and Secret are
// required.
type Config struct {
	Vendor  Vendor       // whose deliveries are sent, such as kombotest.Vendor
	Handler http.Handler // the whole service, with its router and its middleware
	// Path is where deliveries go, such as "/hooks/kombo". For a provider whose
	// URLs name the event type, Run appends a slash and the type, except for the
	// types whose whole path is in Paths.
	Path   string
	Paths  map[string]string
	Secret string // with which the service verifies
	// PreviousSecret is accepted as well; "" leaves that case out.
	PreviousSecret string
	// Types are the event types for which the service has callbacks; nil means
	// all of the vendor's. The callbacks must succeed for the vendor's fixtures.
	Types []string
	// Recorder counts the callbacks, each of which calls it. It must be new. If
	// it is nil, only responses are checked.
	Recorder *Recorder
	// Inbox says that deliveries are stored and callbacks run after the response,
	// as with [event.Options].Inbox. Run waits for them.
	Inbox bool
	// Deduplicates says that a delivery that was handled is not handled again.
	Deduplicates bool
	MaxBody      int64       // the service's limit in bytes; zero means 1 MiB, as in [event.Options]
	Header       http.Header // added to each request, for middleware that asks for it
	Skip         []string    // the names of cases to leave out
}

// The names of the cases that are not near misses.
const (
	caseGenuine   = "a genuine delivery"
	caseUnchanged = "a genuine delivery, byte for byte"
	caseFails     = "a callback that fails"
	casePanics    = "a callback that panics"
	caseRejects   = "a callback that rejects its delivery"
	caseDuplicate = "the same again, which is deduplicated"
	caseMeanwhile = "the same while the first still runs"
	caseMethods   = "not a POST request"
	caseSilent    = "nothing of it in the response"
)

// Run tests how a service handles a vendor's deliveries. A case that fails says
// what was sent, what came back, and what is likely to be wrong. The cases are
//
//   - "a genuine delivery": a signed fixture of each type is acknowledged, and
//     its callback runs;
//   - "a genuine delivery, byte for byte": so is a body that middleware would
//     change if it decoded and encoded it;
//   - each of [Vendor.NearMisses], by its name;
//   - "a callback that fails" and "a callback that panics": the vendor is told to
//     send the delivery again, and then the callback runs again;
//   - "a callback that rejects its delivery": the response is that of the
//     [event.Rejection], if the vendor reads it;
//   - "the same again, which is deduplicated" and "the same while the first still
//     runs": the callback runs once, if Deduplicates is set;
//   - "not a POST request": it is not acknowledged;
//   - "nothing of it in the response": no response contains anything of a
//     payload, the secret or the signature.
//
// The cases of callbacks that fail, panic or reject need a Recorder. With Inbox the
// worker decides what becomes of those, so they are left out, and "the same while
// the first still runs" with them.
func Run(t *testing.T, cfg Config) {
	t.Helper()
	run(onTest{t}, cfg)
}

// suite is one run of Run.
type suite struct {
	Config
	typ       string     // of the deliveries where any will do
	id        string     // that no other run has used
	sent      int        // deliveries that were made
	exchanges []exchange // all of them
	// Least and most is how many callbacks should have run by now. They differ
	// where either is right.
	least, most int
	gaveUp      bool // callbacks that should have run did not: wait for no more
}

// exchange is a request with its response.
type exchange struct {
	name string
	*request
	response
}

// response is what a service responded.
type response struct {
	status int // 0 if the handler panicked
	header http.Header
	body   string
}

func run(t tester, cfg Config) {
	t.Helper()
	if !complete(t, &cfg) {
		return
	}
	s := &suite{Config: cfg, typ: cfg.Vendor.richest(cfg.Types), id: rand.Text()}
	s.least = s.Recorder.count() // of an earlier Run
	s.most = s.least
	if !s.genuine(t) {
		return // with all of them wrong, nothing that follows would say more
	}
	s.unchanged(t)
	for _, m := range cfg.Vendor.NearMisses() {
		s.nearMiss(t, m)
	}
	s.failures(t)
	s.duplicate(t)
	s.otherMethods(t)
	s.nothingLate(t)
	s.silent(t)
}

// complete checks that there is all that Run needs, and fills in the rest.
func complete(t tester, cfg *Config) bool {
	if len(cfg.Types) == 0 {
		cfg.Types = cfg.Vendor.Types()
	}
	missing := ""
	switch {
	case len(cfg.Types) == 0:
		missing = "Vendor"
	case cfg.Handler == nil:
		missing = "Handler"
	case cfg.Secret == "":
		missing = "Secret"
	case cfg.Path == "" && cfg.Paths == nil:
		missing = "Path"
	}
	if missing != "" {
		t.Errorf("Config has no %s", missing)
		return false
	}
	for _, typ := range cfg.Types {
		if _, err := cfg.Vendor.fixture(typ); err != nil {
			t.Errorf("Config.Types: %v", err)
			return false
		}
	}
	return true
}

// test runs one case, unless it is to be left out.
func (s *suite) test(t tester, name string, f func(t tester)) {
	if !slices.Contains(s.Skip, name) {
		t.Run(name, f)
	}
}

func (s *suite) path(typ string) string {
	switch path := s.Paths[typ]; {
	case path != "":
		return path
	case len(s.Vendor.Provider.Envelope.Type) > 0:
		return s.Path
	}
	return strings.TrimSuffix(s.Path, "/") + "/" + typ
}

// send sends a request and notes the response.
func (s *suite) send(name string, r *request) response {
	resp := s.serve(r)
	s.exchanges = append(s.exchanges, exchange{name, r, resp})
	return resp
}

// serve sends a request. Unlike send, it is safe for concurrent use.
func (s *suite) serve(r *request) (resp response) {
	defer func() {
		if p := recover(); p != nil {
			resp = response{body: fmt.Sprintf("the handler panicked: %v", p)}
		}
	}()
	req := r.http(s.path(r.Endpoint))
	for name, values := range s.Header {
		for _, value := range values {
			req.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, req)
	return response{status: w.Code, header: w.Result().Header, body: w.Body.String()}
}

// ran checks how many callbacks have run for what was sent since it was last
// called. With an Inbox, they may do so later. about says why so many are
// wanted; "" is for a good delivery that was acknowledged.
func (s *suite) ran(t tester, least, most int, about string) {
	t.Helper()
	if s.Recorder == nil {
		return
	}
	before := s.least
	s.least += least
	s.most += most
	if s.Inbox {
		s.await(s.least, patience)
	}
	got := s.Recorder.count()
	wrong := got < s.least || got > s.most
	if wrong && about == "" {
		about = s.runsHint(got - before)
	}
	if wrong {
		t.Errorf("%d callbacks ran, want %s: %s", got-before, between(least, most), about)
	}
	if wrong || !s.Inbox {
		s.least = s.Recorder.count()
		s.most = s.least
	}
}

// await waits until so many callbacks have run. Once it has waited in vain it
// waits no more.
func (s *suite) await(runs int, patience time.Duration) {
	for end := time.Now().Add(patience); s.Recorder.count() < runs && !s.gaveUp; time.Sleep(5 * time.Millisecond) {
		s.gaveUp = time.Now().After(end)
	}
}

// quiet waits until no more callbacks run: with an Inbox, that is until none has
// begun for a second.
func (s *suite) quiet() {
	for before := -1; s.Inbox && before != s.Recorder.count(); {
		before = s.Recorder.count()
		time.Sleep(time.Second)
	}
}

func between(least, most int) string {
	switch {
	case most == 0:
		return "none"
	case least == most:
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// accepted reports whether the vendor takes a response for success.
func (s *suite) accepted(r response) bool { return slices.Contains(s.Vendor.success(), r.status) }

// said is the response in a few words. Its body may hold anything, so it is
// left out unless the handler panicked.
func (r response) said() string {
	if r.status == 0 {
		return r.body
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)))
}

// draft is a delivery that was never sent before, with a canary in it.
func (s *suite) draft(typ string) Draft {
	s.sent++
	body := s.Vendor.Body(typ)
	for _, name := range s.Vendor.Provider.Envelope.ID {
		switch object(body)[name].(type) {
		case string:
			body = replacing(body, name, []byte(quote(fmt.Sprintf("eventtest-%s-%d", s.id, s.sent))))
		case json.Number:
			body = replacing(body, name, []byte(strconv.FormatInt(time.Now().UnixNano()+int64(s.sent), 10)))
		}
	}
	// Where no id is signed, the signed bytes tell deliveries apart.
	if payload := s.Vendor.Payload(body); object(payload) != nil {
		note := fmt.Sprintf("%s %s %d", canary, s.id, s.sent)
		body = s.Vendor.withPayload(body, adding(payload, "eventtest_note", quote(note)))
	}
	return Draft{Type: typ, Body: body, Secret: s.Secret, Previous: s.PreviousSecret, Limit: s.MaxBody}
}

// good is a genuine delivery.
func (s *suite) good(t tester, typ string) *request {
	t.Helper()
	r, err := s.Vendor.sign(s.draft(typ))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
