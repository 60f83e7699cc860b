package eventtest

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Config tells [Run] about a receiver: one's own, as it is mounted in one's
// service. Vendor, Handler, Path and Secret are needed.
type Config struct {
	// Vendor is whose deliveries are sent: kombotest.Vendor say.
	Vendor Vendor
	// Handler is the whole of the service as a vendor meets it, router and
	// middleware included. It is called in this process, without a network.
	Handler http.Handler
	// Path is where deliveries go: "/hooks/kombo". For a vendor whose URLs
	// tell the type, Paths says where, by type; Path is for those that it lacks.
	Path  string
	Paths map[string]string
	// Secret is what the receiver verifies with.
	Secret string
	// PreviousSecret is a secret that the receiver accepts beside it; "" is
	// none, and leaves that case out.
	PreviousSecret string
	// Types are the events that the receiver has callbacks for; nil is all of
	// the vendor's. Callbacks must succeed for the vendor's fixtures.
	Types []string
	// Ran says how many callbacks have run up to now. [Recorder.Count] is one;
	// counting rows or queued messages is as good. Nil is Recorder's, and
	// without a Recorder only answers are checked.
	Ran func() int
	// Recorder is one that every callback calls. With it, Run can hold a
	// callback, to see what becomes of the same delivery meanwhile. Nil leaves
	// that case out.
	Recorder *Recorder
	// Settle is called after each request and returns when all that it set
	// going has been done, for a receiver that runs callbacks later. Nil is a
	// receiver that runs them before it answers.
	Settle func()
	// Deduplicates claims that a delivery that was handled is not handled
	// again. False allows callbacks to run each time.
	Deduplicates bool
	// MaxBody is the receiver's limit in bytes; 0 is 1 MiB, as it is for
	// [event.Options].MaxBody.
	MaxBody int64
	// Header is added to each request, for what is in front of the receiver
	// and asks for it. Nil is nothing.
	Header http.Header
	// Skip leaves cases out, by name: for what the service does otherwise, and
	// for a reason.
	Skip []string
}

// Recorder counts the runs of callbacks for [Run]. Its zero value is ready to
// use, and it is safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex
	count int
	begun chan struct{} // is told of each run, if a callback is to be held
	hold  chan struct{} // until this is closed
}

// Ran is to be called by every callback, when it has done what it does.
func (r *Recorder) Ran() {
	r.mu.Lock()
	r.count++
	begun, hold := r.begun, r.hold
	r.mu.Unlock()
	if hold != nil {
		begun <- struct{}{}
		<-hold
	}
}

// Count is how often Ran was called.
func (r *Recorder) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// holding makes the next runs wait until release is called, and say on begun
// that they have begun.
func (r *Recorder) holding() (begun <-chan struct{}, release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Room for both of two runs: nobody may be listening.
	r.begun, r.hold = make(chan struct{}, 2), make(chan struct{})
	hold := r.hold
	return r.begun, sync.OnceFunc(func() {
		r.mu.Lock()
		r.begun, r.hold = nil, nil
		r.mu.Unlock()
		close(hold)
	})
}

// The names of the cases that are no near misses.
const (
	caseGenuine   = "a genuine delivery"
	caseUnchanged = "a genuine delivery, byte for byte"
	caseDuplicate = "the same again, which is deduplicated"
	caseMeanwhile = "the same while the first still runs" // the near miss, with a callback that is held
	caseMethods   = "not a POST request"
	caseSilent    = "nothing of it in the answer"
)

// Run checks how a receiver treats a vendor's deliveries: one's own receiver,
// with the router and the middleware that it has in the service. Each case
// that fails says what was sent, what came back, and what is likely to be
// wrong. The cases are
//
//   - "a genuine delivery": a signed fixture of each type is acknowledged, and
//     its callback runs;
//   - "a genuine delivery, byte for byte": a body that middleware would change
//     when it reads and writes it;
//   - every one of [Vendor.NearMisses], by its name;
//   - "the same again, which is deduplicated", if that is claimed;
//   - "not a POST request";
//   - "nothing of it in the answer": no answer to any of these holds the
//     payload, the secret or the signature.
func Run(t *testing.T, cfg Config) {
	t.Helper()
	run(onTest{t}, cfg)
}

// suite is one run of the suite.
type suite struct {
	Config
	typ   string // of the deliveries where any will do
	id    string // no other run has used it
	sent  int    // deliveries that were drafted
	heard []exchange
}

// exchange is a request with its answer.
type exchange struct {
	name string
	shot *shot
	answer
}

func run(t tester, cfg Config) {
	t.Helper()
	if !complete(t, &cfg) {
		return
	}
	s := &suite{Config: cfg, typ: richest(cfg), id: rand.Text()}
	if !s.genuine(t) {
		return // with all of them wrong, nothing that follows would say more
	}
	s.unchanged(t)
	for _, m := range cfg.Vendor.NearMisses() {
		s.nearMiss(t, m)
	}
	s.duplicate(t)
	s.otherMethods(t)
	s.silent(t)
}

// complete checks that there is all that Run needs, and fills in the rest.
func complete(t tester, cfg *Config) bool {
	if len(cfg.Types) == 0 {
		cfg.Types = cfg.Vendor.Types()
	}
	if cfg.Ran == nil && cfg.Recorder != nil {
		cfg.Ran = cfg.Recorder.Count
	}
	for _, missing := range []struct {
		name string
		is   bool
	}{
		{"Vendor", cfg.Vendor.NewHandler == nil},
		{"Handler", cfg.Handler == nil},
		{"Secret", cfg.Secret == ""},
		{"Path", slices.ContainsFunc(cfg.Types, func(typ string) bool { return cfg.path(typ) == "" })},
	} {
		if missing.is {
			t.Errorf("Config has no %s", missing.name)
			return false
		}
	}
	for _, typ := range cfg.Types {
		if !cfg.Vendor.has(typ) {
			t.Errorf("Config.Types has %q, which is no event of this vendor: there are %q", typ, cfg.Vendor.Types())
			return false
		}
	}
	cases := []string{caseGenuine, caseUnchanged, caseDuplicate, caseMethods, caseSilent}
	for _, m := range cfg.Vendor.NearMisses() {
		cases = append(cases, m.Name)
	}
	for _, name := range cfg.Skip {
		if !slices.Contains(cases, name) {
			t.Errorf("Config.Skip has %q, which is no case: there are %q", name, cases)
			return false
		}
	}
	return true
}

// richest is the type whose fixture has most members: most can go wrong there.
func richest(cfg Config) string {
	members := func(typ string) int { return len(paths(mustParse(cfg.Vendor.Body(typ)))) }
	return slices.MaxFunc(cfg.Types, func(a, b string) int { return cmp.Compare(members(a), members(b)) })
}

func (c *Config) path(typ string) string { return cmp.Or(c.Paths[typ], c.Path) }

// test runs one case, unless it is to be left out.
func (s *suite) test(t tester, name string, f func(t tester)) {
	if !slices.Contains(s.Skip, name) {
		t.Run(name, f)
	}
}

// send sends a request and reports how many callbacks ran.
func (s *suite) send(name string, r *shot) (answer, int) {
	before := s.ran()
	a := s.call(name, r)
	s.settle()
	return a, s.ran() - before
}

func (s *suite) settle() {
	if s.Settle != nil {
		s.Settle()
	}
}

func (s *suite) ran() int {
	if s.Ran == nil {
		return 0
	}
	return s.Ran()
}

// call sends a request and notes the answer.
func (s *suite) call(name string, r *shot) answer {
	a := s.answer(r)
	s.heard = append(s.heard, exchange{name, r, a})
	return a
}

// answer sends a request. Unlike call, it is safe for concurrent use.
func (s *suite) answer(r *shot) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{body: fmt.Sprintf("the handler panicked: %v", p)}
		}
	}()
	req := r.request(s.path(r.typ))
	for name, values := range s.Header {
		for _, value := range values {
			req.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, req)
	return answer{status: w.Code, header: w.Result().Header, body: w.Body.String()}
}

// accepted says whether the vendor takes an answer for success.
func (s *suite) accepted(a answer) bool {
	return slices.Contains(accepts(s.Vendor.Provider()), a.status)
}

// draft is a delivery that was never sent before, with a canary in it that can
// be looked for.
func (s *suite) draft(typ string) Draft {
	s.sent++
	body := s.Vendor.Body(typ)
	for _, name := range s.Vendor.Provider().Envelope.ID {
		switch old, _ := at(mustParse(body), path{name}); old.(type) {
		case string:
			body = replaceMember(body, name, []byte(quote(fmt.Sprintf("eventtest-%s-%d", s.id, s.sent))))
		case json.Number:
			body = replaceMember(body, name, []byte(strconv.FormatInt(time.Now().UnixNano(), 10)))
		}
	}
	// Where no id is signed, the signed bytes are what is known again.
	if payload := s.Vendor.Payload(body); isObject(payload) {
		note := fmt.Sprintf("%s %s %d", canaryText, s.id, s.sent)
		body = s.Vendor.withPayload(body, adding(payload, "eventtest_note", quote(note)))
	}
	return Draft{Type: typ, Body: body, Secret: s.Secret, Previous: s.PreviousSecret, Limit: s.MaxBody}
}

// good is a genuine delivery.
func (s *suite) good(t tester, typ string) *shot {
	r, err := s.Vendor.shot(s.draft(typ))
	if err != nil {
		t.Errorf("%v", err)
		return nil
	}
	return r
}

// genuine sends a fixture of each type. It is false if all were refused.
func (s *suite) genuine(t tester) bool {
	refused, accepted := 0, 0
	s.test(t, caseGenuine, func(t tester) {
		for _, typ := range s.Types {
			t.Run(typ, func(t tester) {
				r := s.good(t, typ)
				if r == nil {
					return
				}
				a, runs := s.send("a genuine delivery of "+typ, r)
				if !s.accepted(a) {
					refused++
					t.Errorf("answered %s, want 200: %s", a.said(), s.diagnose(r, a))
					return
				}
				accepted++
				if s.Ran != nil && runs != 1 {
					t.Errorf("answered %d after %d runs of its callback, want one: %s", a.status, runs, notOnce(runs))
				}
			})
		}
	})
	// None of either is a test that was asked for another case alone.
	return accepted > 0 || refused == 0
}

func notOnce(runs int) string {
	if runs == 0 {
		return "is there a callback for this type, does it count, and is Config.Settle needed?"
	}
	return "is the handler mounted twice, or called twice by middleware?"
}

// said is the answer in a few words. Its body may hold anything, so it is left
// out unless the handler panicked.
func (a answer) said() string {
	if a.status == 0 {
		return a.body
	}
	return fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
}

// diagnose says what is likely to be wrong with a receiver that answers a to a
// genuine delivery.
func (s *suite) diagnose(r *shot, a answer) string {
	switch {
	case a.status == 0:
		return "net/http would cut the connection, and the vendor send it again"
	case a.status >= 300 && a.status <= 399:
		return fmt.Sprintf("it was redirected from %s to %s, and senders do not follow, or turn POST into GET: mind the slash at the end of the pattern, and HTTPS or host redirects in middleware",
			s.path(r.typ), a.header.Get("Location"))
	case a.status == http.StatusNotFound:
		return "nothing is mounted at " + s.path(r.typ) + ": is it the right path, with or without the slash at its end?"
	case a.status == http.StatusMethodNotAllowed:
		return "the route does not allow POST"
	case a.status == http.StatusRequestEntityTooLarge:
		return fmt.Sprintf("a fixture of %d bytes is over the limit: of the handler, or of http.MaxBytesHandler around it", len(r.body))
	case a.status == http.StatusUnsupportedMediaType:
		return "middleware refuses the Content-Type application/json"
	case a.status == http.StatusForbidden:
		return "middleware may refuse requests from elsewhere: a CSRF check, a list of addresses"
	case a.status == http.StatusUnauthorized || a.status == http.StatusBadRequest:
		return s.diagnoseBody(r, a)
	case a.status >= 500:
		return "the callback failed, or the service could not decode the payload: see its log"
	}
	return "a vendor takes any other status than 2xx for a failure"
}

// diagnoseBody tries what would be accepted if something in front of the
// receiver had changed the body.
func (s *suite) diagnoseBody(r *shot, refused answer) string {
	probe := func(signed []byte) answer {
		p := newShot(r.provider, r.typ, s.Secret, r.body, time.Now())
		p.signBytes(s.Secret, signed)
		return s.call("a probe", p)
	}
	if trimmed := bytes.TrimSpace(r.body); len(trimmed) < len(r.body) && s.accepted(probe(trimmed)) {
		return "the blanks around the body are trimmed on its way, by middleware: " + veryBytes
	}
	start, end := r.signedRange()
	for _, again := range reencodings(r.body[start:end]) {
		if s.accepted(probe(slices.Concat(r.body[:start], again, r.body[end:]))) {
			return "the body is decoded and encoded again on its way, by middleware: " + veryBytes
		}
	}
	// Without a body, what was signed as nothing verifies: then it is the lack
	// of JSON that is refused.
	if a := probe(nil); a.status != refused.status && !s.accepted(a) {
		return "the body was read by middleware that did not put it back: " + veryBytes
	}
	return "the secret is another one than Config.Secret, the header of the signature does not get through, or the body is changed on its way (middleware that reads, decodes or decompresses it)"
}

const veryBytes = "the receiver must get the bytes that were sent, since they are what is signed"

// reencodings are what middleware makes of JSON that it decodes and encodes.
func reencodings(data []byte) [][]byte {
	v, err := parse(data)
	var loose any
	if err != nil || json.Unmarshal(data, &loose) != nil {
		return nil
	}
	var all [][]byte
	for _, v := range []any{v, loose} {
		escaped, err := json.Marshal(v)
		if err != nil {
			continue
		}
		for _, b := range [][]byte{write(v), escaped, indented(v)} {
			all = append(all, b, append(bytes.Clone(b), '\n'))
		}
	}
	return all
}

// unchanged sends a body with blanks around it, and members in an order, that
// only a receiver that gets the very bytes can verify.
func (s *suite) unchanged(t tester) {
	s.test(t, caseUnchanged, func(t tester) {
		d := s.draft(s.typ)
		var parts [][]byte
		for _, m := range split(d.Body) {
			parts = append(parts, fmt.Appendf(nil, "%q :\t%s", m.name, m.value))
		}
		slices.Reverse(parts)
		d.Body = slices.Concat([]byte("\r\n {"), bytes.Join(parts, []byte(" , ")), []byte("}\n\n"))
		r, err := s.Vendor.shot(d)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		if a, _ := s.send(caseUnchanged, r); !s.accepted(a) {
			t.Errorf("answered %s, want 200: the body has blanks around it and its members in another order; something trims it, or decodes and encodes it: %s", a.said(), s.diagnose(r, a))
		}
	})
}

// nearMiss sends one near miss.
func (s *suite) nearMiss(t tester, m NearMiss) {
	if m.Skip != "" || m.NeedsPrevious && s.PreviousSecret == "" || m.AtOnce {
		return
	}
	s.test(t, m.Name, func(t tester) {
		d := s.draft(s.typ)
		r, err := m.shot(d)
		if err != nil {
			return // this fixture has nothing to make it of
		}
		before := s.ran()
		var a answer
		for range m.Times {
			a, _ = s.send(m.Name, r)
		}
		if !slices.Contains(m.Statuses, a.status) {
			t.Errorf("answered %s, want %s: %s", a.said(), oneOf(m.Statuses), m.About)
		}
		if runs := s.ran() - before; s.Ran != nil && (runs < m.MinRuns || runs > m.MaxRuns) {
			t.Errorf("%d callbacks ran, want %s: %s", runs, between(m.MinRuns, m.MaxRuns), m.About)
		}
	})
}

func oneOf(statuses []int) string {
	words := make([]string, len(statuses))
	for i, status := range statuses {
		words[i] = fmt.Sprint(status)
	}
	return strings.Join(words, " or ")
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

// patience is how long a second request may wait for the first before the
// first is let go. A receiver that waits that long is slow, and not wrong.
const patience = 2 * time.Second

// duplicate sends one delivery again to a receiver that claims to know it.
func (s *suite) duplicate(t tester) {
	if !s.Deduplicates {
		return
	}
	if s.Ran != nil {
		s.test(t, caseDuplicate, func(t tester) {
			r := s.good(t, s.typ)
			if r == nil {
				return
			}
			if first, runs := s.send("the first of two", r); !s.accepted(first) || runs != 1 {
				t.Errorf("the first was answered %s after %d runs of the callback, want 200 after one", first.said(), runs)
				return
			}
			if second, runs := s.send("the second of two", r); !s.accepted(second) || runs != 0 {
				t.Errorf("the second was answered %s after %d more runs of the callback, want 200 after none: you claim that what was handled is not handled again", second.said(), runs)
			}
		})
	}
	if s.Recorder != nil {
		s.test(t, caseMeanwhile, s.meanwhile)
	}
}

// meanwhile sends one delivery again while its callback is held.
func (s *suite) meanwhile(t tester) {
	r := s.good(t, s.typ)
	if r == nil {
		return
	}
	before := s.ran()
	begun, release := s.Recorder.holding()
	defer release()
	first, second := make(chan answer, 1), make(chan answer, 1)
	go func() { first <- s.answer(r) }()
	select {
	case <-begun:
	case a := <-first:
		s.heard = append(s.heard, exchange{"the first of two", r, a})
		return // it does not wait for its callback, so there is no meanwhile
	case <-time.After(patience):
		t.Errorf("no callback has called Recorder.Ran for %v", patience)
		return
	}
	go func() { second <- s.answer(r) }()
	var a answer
	answered := false
	select {
	case a = <-second:
		answered = true
		if s.accepted(a) {
			t.Errorf("the second was answered %s while the first was still being handled, want 503 with Retry-After: if the first fails now, the vendor believes it done", a.said())
		}
	case <-begun:
		t.Errorf("the callback ran a second time beside the first: a claim must be taken before it runs, not after")
	case <-time.After(patience):
		// It waits for the first, which is slow, and right.
	}
	release()
	b := <-first
	if !answered {
		a = <-second
	}
	s.settle()
	s.heard = append(s.heard, exchange{"the first of two", r, b}, exchange{"the second of two", r, a})
	if !s.accepted(b) {
		t.Errorf("the first was answered %s, want 200", b.said())
	}
	if a.status >= 400 && a.status < 500 {
		t.Errorf("the second was answered %s, want 503: a vendor may take 4xx as final, and the first may yet fail", a.said())
	}
	if runs := s.ran() - before; runs != 1 {
		t.Errorf("%d callbacks ran, want one", runs)
	}
}

// otherMethods sends what no webhook is.
func (s *suite) otherMethods(t tester) {
	s.test(t, caseMethods, func(t tester) {
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			r := s.good(t, s.typ)
			if r == nil {
				return
			}
			r.method = method
			if a, runs := s.send("a "+method+" request", r); s.accepted(a) || a.status == 0 || runs != 0 {
				t.Errorf("a %s request was answered %s after %d runs of callbacks, want 405 (or 404) after none: webhooks are POST requests", method, a.said(), runs)
			}
		}
	})
}

// silent looks through all answers for what must not be there.
func (s *suite) silent(t tester) {
	s.test(t, caseSilent, func(t tester) {
		for _, e := range s.heard {
			text := fmt.Sprint(e.body, e.header)
			found := ""
			switch {
			case strings.Contains(text, s.Secret):
				found = "your secret"
			case len(e.shot.signature()) > 8 && strings.Contains(text, e.shot.signature()):
				found = "the signature"
			case strings.Contains(text, canaryText):
				found = "the payload"
			case e.shot.provider.Synchronous == nil && len(s.Vendor.Leaks([]byte(text))) > 0:
				found = "the payload: " + s.Vendor.Leaks([]byte(text))[0].Member
			}
			if found != "" {
				t.Errorf("the answer to %q (%s) holds %s: answers are kept in logs, at the vendor's and on the way", e.name, e.said(), found)
				return
			}
		}
	})
}
