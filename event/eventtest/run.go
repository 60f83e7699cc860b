package eventtest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
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

// genuine sends a fixture of each type. It is false if all were rejected.
func (s *suite) genuine(t tester) bool {
	rejected, accepted := 0, 0
	s.test(t, caseGenuine, func(t tester) {
		for _, typ := range s.Types {
			t.Run(typ, func(t tester) {
				r := s.good(t, typ)
				resp := s.send("a genuine delivery of "+typ, r)
				if !s.accepted(resp) {
					rejected++
					t.Errorf("the response is %s, want 200: %s", resp.said(), s.hint(r, resp))
					s.ran(t, 0, 1, "one delivery was sent")
					return
				}
				accepted++
				s.ran(t, 1, 1, "")
			})
		}
	})
	// None of either: the case was left out, or the test was asked for another.
	return accepted > 0 || rejected == 0
}

// unchanged sends a body with blanks around it and its members in an unusual
// order, which only a service that gets the very bytes can verify.
func (s *suite) unchanged(t tester) {
	s.test(t, caseUnchanged, func(t tester) {
		d := s.draft(s.typ)
		var parts [][]byte
		for _, m := range split(d.Body) {
			parts = append(parts, fmt.Appendf(nil, "%q :\t%s", m.name, m.value))
		}
		slices.Reverse(parts)
		d.Body = slices.Concat([]byte("\r\n {"), bytes.Join(parts, []byte(" , ")), []byte("}\n\n"))
		r, err := s.Vendor.sign(d)
		if err != nil {
			t.Fatal(err)
		}
		resp := s.send(caseUnchanged, r)
		if !s.accepted(resp) {
			t.Errorf("the response is %s, want 200: the body has blanks around it and its members in another order; something trims it, or decodes and encodes it: %s", resp.said(), s.hint(r, resp))
			s.ran(t, 0, 1, "one delivery was sent")
			return
		}
		s.ran(t, 1, 1, "")
	})
}

func (s *suite) nearMiss(t tester, m NearMiss) {
	if m.Skip != "" || m.NeedsPrevious && s.PreviousSecret == "" {
		return
	}
	s.test(t, m.Name, func(t tester) {
		r, err := m.make(s.draft(s.typ))
		if err != nil {
			return // the fixture has nothing to make it of
		}
		var resp response
		for range m.Times {
			resp = s.send(m.Name, r)
		}
		if !slices.Contains(m.Statuses, resp.status) {
			t.Errorf("the response is %s, want %s: %s", resp.said(), oneOf(m.Statuses), m.About)
		}
		most := m.MaxRuns
		if s.Deduplicates {
			most = min(most, 1)
		}
		s.ran(t, m.MinRuns, most, m.About)
	})
}

func oneOf(statuses []int) string {
	words := make([]string, len(statuses))
	for i, status := range statuses {
		words[i] = fmt.Sprint(status)
	}
	return strings.Join(words, " or ")
}

// failures lets callbacks fail, which must reach the vendor.
func (s *suite) failures(t tester) {
	if s.Recorder == nil || s.Inbox {
		return
	}
	const message = "eventtest: rejected on purpose"
	for _, row := range []struct {
		name   string
		then   func() error
		status int // 0 is any that asks the vendor to send it again
	}{
		{caseFails, func() error { return errors.New("eventtest: failed on purpose") }, 0},
		{casePanics, func() error { panic("eventtest: panicked on purpose") }, 0},
		{caseRejects, func() error { return &event.Rejection{Status: http.StatusConflict, Message: message} }, http.StatusConflict},
	} {
		member := s.Vendor.Provider.MessageMember
		if row.status != 0 && member == "" {
			continue // it is an error like any other
		}
		s.test(t, row.name, func(t tester) {
			r := s.good(t, s.typ)
			s.Recorder.let(row.then)
			resp := s.send(row.name, r)
			s.Recorder.let(nil)
			switch {
			case row.status != 0:
				if resp.status != row.status || object([]byte(resp.body))[member] != message {
					t.Errorf("the response is %s, want %d with the Rejection's message in the JSON member %q: %s", resp.said(), row.status, member, failureHint(resp))
				}
			case resp.status < 400 || resp.status < 500 && !s.Vendor.Provider.Synchronous:
				t.Errorf("the response is %s, want 500: %s", resp.said(), failureHint(resp))
			}
			s.ran(t, 1, 1, "the delivery was sent once")
			if resp = s.send(row.name+", sent again", r); !s.accepted(resp) {
				t.Errorf("when it is sent again the response is %s, want 200: the callback succeeds then", resp.said())
			}
			s.ran(t, 1, 1, "a delivery whose callback has failed must run when it is sent again")
		})
	}
}

// duplicate sends one delivery again to a service that claims to know it.
func (s *suite) duplicate(t tester) {
	if !s.Deduplicates || s.Recorder == nil {
		return
	}
	s.test(t, caseDuplicate, func(t tester) {
		r := s.good(t, s.typ)
		for _, which := range []string{"first", "second"} {
			if resp := s.send("the "+which+" of two", r); !s.accepted(resp) {
				t.Errorf("the response to the %s is %s, want 200", which, resp.said())
			}
		}
		s.quiet()
		s.ran(t, 1, 1, "Config.Deduplicates says that what was handled is not handled again")
	})
	if !s.Inbox {
		s.test(t, caseMeanwhile, s.meanwhile)
	}
}

// secondPatience is how long a second request may wait for the first before
// the first is let go. A service that waits that long is slow, and not wrong.
const secondPatience = 2 * time.Second

// meanwhile sends one delivery again while its callback is held.
func (s *suite) meanwhile(t tester) {
	r := s.good(t, s.typ)
	begun, release := s.Recorder.hold()
	defer release()
	first, second := make(chan response, 1), make(chan response, 1)
	go func() { first <- s.serve(r) }()
	select {
	case <-begun:
	case a := <-first:
		t.Errorf("the response to the first is %s before its callback has called Recorder.Ran", a.said())
		return
	case <-time.After(patience):
		t.Errorf("no callback has called Recorder.Ran for %v", patience)
		return
	}
	go func() { second <- s.serve(r) }()
	var a, b response
	select {
	case b = <-second:
		if s.accepted(b) {
			t.Errorf("the response to the second is %s while the first is being handled, want 503 with Retry-After: if the first fails now, the vendor believes it done", b.said())
		}
		release()
		a = <-first
	case <-begun:
		t.Errorf("the callback ran a second time beside the first: a claim must be taken before it runs, not after")
		release()
		a, b = <-first, <-second
	case <-time.After(secondPatience):
		release()
		a, b = <-first, <-second
	}
	s.exchanges = append(s.exchanges, exchange{"the first of two", r, a}, exchange{"the second of two", r, b})
	if !s.accepted(a) {
		t.Errorf("the response to the first is %s, want 200", a.said())
	}
	if b.status >= 400 && b.status < 500 {
		t.Errorf("the response to the second is %s, want 503: a vendor may take 4xx as final, and the first may yet fail", b.said())
	}
	s.ran(t, 1, 1, "it is one delivery, sent twice")
}

// otherMethods sends what is not a webhook.
func (s *suite) otherMethods(t tester) {
	s.test(t, caseMethods, func(t tester) {
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			r := s.good(t, s.typ)
			r.method = method
			if resp := s.send("a "+method+" request", r); s.accepted(resp) || resp.status == 0 {
				t.Errorf("the response to a %s request is %s, want 405 (or 404): webhooks are POST requests", method, resp.said())
			}
			s.ran(t, 0, 0, "webhooks are POST requests")
		}
	})
}

// nothingLate sends a last delivery to a service with an inbox, and checks that
// by the time its callback has run no others have than should.
func (s *suite) nothingLate(t tester) {
	if s.Inbox && s.Recorder != nil {
		s.send("the last delivery", s.good(t, s.typ))
		s.quiet()
		s.ran(t, 1, 1, "a delivery that was rejected, or one that was there already, was stored all the same")
	}
}

// silent looks through all responses for what must not be there.
func (s *suite) silent(t tester) {
	s.test(t, caseSilent, func(t tester) {
		for _, e := range s.exchanges {
			text := fmt.Sprintln(e.body, e.header)
			found := ""
			switch leaks := s.Vendor.Leaks([]byte(text)); {
			case len(s.Secret) >= 8 && strings.Contains(text, s.Secret): // a shorter one may be there by chance
				found = "your secret"
			case len(e.withoutPrefix()) > 8 && strings.Contains(text, e.withoutPrefix()):
				found = "the signature"
			case strings.Contains(text, canary):
				found = "the payload"
			case !s.Vendor.Provider.Synchronous && len(leaks) > 0:
				found = "the payload: " + leaks[0].Member
			}
			if found != "" {
				t.Errorf("the response to %q (%s) holds %s: responses are kept in logs, at the vendor's and on the way", e.name, e.said(), found)
				return
			}
		}
	})
}
