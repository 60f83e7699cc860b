package eventtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
)

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
