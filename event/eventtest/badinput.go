package eventtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// badInput is one row of the table: a request that something is wrong with,
// or that looks so, and what becomes of it.
type badInput struct {
	name string
	kind event.Kind
	why  string // that is right

	body    func(body []byte) []byte // changes what is signed; nil is nothing
	spoil   func(s *shot)            // changes the signed request; nil is nothing
	options func(o *event.Options)   // nil is none
	answer  callback                 // what the callback does; nil succeeds
	cause   error                    // what the observed error wraps; nil is anything
	status  int                      // where the kind alone does not tell
	http    bool                     // only a server can receive it
	invalid bool                     // OnInvalid takes what cannot be read
	check   func(t tester, tr *trial, a answer)
}

// depth is how deep the deepest bad input is; this package's own tests of
// faulty receivers make do with less.
var depth = 10 << 20

// badInput runs the table with one event.
func (c *conformance) badInput(t tester, l line) {
	body := c.marked(l)
	for _, row := range c.badInputs(l, body) {
		t.Run(row.name, func(t tester) {
			c.try(t, l, row, body, (*trial).serve)
			if !row.http {
				t.Run("through Handle", func(t tester) { c.try(t, l, row, body, (*trial).handle) })
			}
		})
	}
}

// nearMisses sends what can be sent to any receiver, and wants of this one the
// very answers of this module.
func (c *conformance) nearMisses(t tester, l line) {
	for _, m := range c.vendor.NearMisses() {
		if m.Skip != "" || m.AtOnce { // the latter is again's
			continue
		}
		t.Run(m.Name, func(t tester) {
			s, err := m.shot(Draft{Type: l.typ, Body: c.marked(l), Secret: secret, Previous: previousSecret})
			if errors.Is(err, errNothing) {
				return
			} else if err != nil {
				t.Errorf("%v", err)
				return
			}
			for _, send := range []func(*trial, *shot) answer{(*trial).serve, (*trial).handle} {
				tr := c.trial(t, l, succeed, func(o *event.Options) {
					if m.NeedsPrevious {
						o.PreviousSecrets = []string{previousSecret}
					}
				})
				if tr == nil {
					return
				}
				var a answer
				for range m.Times {
					a = send(tr, s)
				}
				if a.status != m.Statuses[0] || tr.runs() < m.MinRuns || tr.runs() > m.MaxRuns {
					t.Errorf("answered %d (%v) after %d runs of the callback, want %d after %d to %d: %s",
						a.status, tr.last().Err, tr.runs(), m.Statuses[0], m.MinRuns, m.MaxRuns, m.About)
				}
				a.checkForm(t, c.provider)
				c.checkSilent(t, "", tr, s, a, false)
			}
		})
	}
}

// marked is the fixture with a canary in its payload, if that is an object.
func (c *conformance) marked(l line) []byte {
	body := c.vendor.Body(l.typ)
	payload := c.vendor.Payload(body)
	if !isObject(payload) {
		return body
	}
	return c.vendor.withPayload(body, adding(payload, "eventtest_note", quote(canaryText)))
}

// try sends one row.
func (c *conformance) try(t tester, l line, row badInput, body []byte, send func(*trial, *shot) answer) {
	answer := row.answer
	if answer == nil {
		answer = succeed
	}
	var set []func(*event.Options)
	if row.options != nil {
		set = append(set, row.options)
	}
	tr := c.trial(t, l, answer, set...)
	if tr == nil {
		return
	}
	if row.invalid {
		tr.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
	}
	if row.body != nil {
		body = row.body(bytes.Clone(body))
	}
	s := newShot(c.provider, l.typ, secret, body, time.Now())
	want := row
	if _, err := c.provider.Scheme.Signed(body); err != nil && want.kind != event.TooLarge {
		// Without the member that is signed nothing can be authentic.
		want.kind, want.cause, want.check = event.Unverified, signature.ErrMalformed, nil
	}
	if row.spoil != nil {
		row.spoil(s)
	}
	a := send(tr, s)
	status := want.status
	if status == 0 {
		status = c.status(want.kind)
	}
	got := tr.last()
	if a.status != status || got.Kind != want.kind {
		t.Errorf("answered %d as %s (%v), want %d as %s: %s", a.status, got.Kind, got.Err, status, want.kind, row.why)
		return
	}
	if got.Status != a.status {
		t.Errorf("the observer was told of status %d, and %d was sent", got.Status, a.status)
	}
	if want.cause != nil && !errors.Is(got.Err, want.cause) {
		t.Errorf("the observed error %v does not wrap %q", got.Err, want.cause)
	}
	if runs := ran(want.kind, row.answer != nil); tr.runs() != runs {
		t.Errorf("the callback ran %d times, want %d: %s", tr.runs(), runs, row.why)
		return
	}
	a.checkForm(t, c.provider)
	// What a callback says of its own error is its own business.
	c.checkSilent(t, "", tr, s, a, row.answer != nil && want.kind != event.Panicked)
	if want.check != nil {
		want.check(t, tr, a)
	}
}

// ran is how often the callback runs for a delivery that becomes k.
func ran(k event.Kind, answers bool) int {
	switch k {
	case event.Handled, event.Ignored, event.Dropped, event.Failed, event.Panicked, event.Refused:
		return 1
	case event.Unavailable:
		if answers {
			return 1
		}
	}
	return 0
}

// badInputs is the table for a provider. It is made from what the provider is,
// so that rows are as they must be for its scheme and envelope.
func (c *conformance) badInputs(l line, body []byte) []badInput {
	return slices.Concat(
		c.badSignatures(),
		c.badTimestamps(),
		c.badSizes(body),
		c.badBodies(),
		c.badEnvelopes(l, body),
		c.badPayloads(l, body),
		c.badCallbacks(),
		c.badWiring(),
	)
}

func (c *conformance) badSignatures() []badInput {
	scheme := c.provider.Scheme
	header := signatureHeader(scheme)
	unsigned := badInput{name: "no signature header", kind: event.Unverified, cause: signature.ErrMissing, why: "anyone can send an unsigned request",
		spoil: func(s *shot) { s.header.Del(header) }}
	if c.provider.InsecureAllowUnsigned {
		unsigned.kind, unsigned.cause, unsigned.why = event.Handled, nil, "this handler was told to accept unsigned requests"
	}
	rows := []badInput{
		unsigned,
		{name: "an empty signature header", kind: event.Unverified, cause: signature.ErrMalformed, why: "an empty signature is none",
			spoil: func(s *shot) { s.setSignature("") }},
		{name: "the signature header twice", kind: event.Unverified, cause: signature.ErrMalformed, why: "a proxy may have checked the other one",
			spoil: func(s *shot) { s.header.Add(header, s.signature()) }},
		{name: "the signature header twice, a wrong one first", kind: event.Unverified, why: "a proxy may have checked the other one",
			spoil: func(s *shot) {
				good := s.signature()
				s.sign(wrongSecret)
				s.header.Add(header, good)
			}},
		{name: "the signature and another in one header", kind: event.Unverified, cause: signature.ErrMalformed, why: "a list is not what this vendor sends",
			spoil: func(s *shot) { s.setSignature(s.signature() + ", " + s.signature()) }},
		{name: "made with another secret", kind: event.Unverified, cause: signature.ErrMismatch, why: "only who has the secret may be believed",
			spoil: func(s *shot) { s.sign(wrongSecret) }},
		{name: "made with the previous secret, which is accepted", kind: event.Handled, why: "secrets are rotated while deliveries are under way",
			spoil:   func(s *shot) { s.sign(previousSecret) },
			options: func(o *event.Options) { o.PreviousSecrets = []string{previousSecret} },
			check: func(t tester, tr *trial, _ answer) {
				if d := tr.delivery(); d.SecretIndex != 1 {
					t.Errorf("SecretIndex is %d, want 1 for the first previous secret", d.SecretIndex)
				}
			}},
		{name: "made with the previous secret, which is not accepted any more", kind: event.Unverified, cause: signature.ErrMismatch, why: "a secret that was rotated out may be known to others",
			spoil: func(s *shot) { s.sign(previousSecret) }},
		{name: "with a prefix that the vendor does not use", kind: event.Unverified, why: "the prefix names the algorithm",
			spoil: func(s *shot) { s.setSignature("md5=" + s.signature()) }},
		{name: "the last character of the signature missing", kind: event.Unverified, why: "a part of a signature proves less than all of it",
			spoil: func(s *shot) { s.setSignature(s.signature()[:len(s.signature())-1]) }},
		{name: "one character more after the signature", kind: event.Unverified, why: "what is cut to fit was not checked",
			spoil: func(s *shot) { s.setSignature(s.signature() + "A") }},
		{name: "a line break inside the signature", kind: event.Unverified, why: "base64 decoders pass over line breaks",
			spoil: func(s *shot) { s.setSignature(s.signature()[:20] + "\n" + s.signature()[20:]) }},
		{name: "a signature of a megabyte", kind: event.Unverified, why: "its length must not matter",
			spoil: func(s *shot) { s.setSignature(s.signature() + strings.Repeat("A", 1<<20)) }},
		{name: "a signature of no bytes", kind: event.Unverified, why: "the MAC of no bytes is no pass for others",
			spoil: func(s *shot) { s.signBytes(secret, nil) }},
	}
	if scheme.Header == "" {
		rows = append(rows, badInput{name: "in another header whose name has the word", kind: event.Handled, why: "the header's name is not known, only a word of it",
			spoil: func(s *shot) {
				text := s.signature()
				s.header.Del(header)
				s.header.Set("X-Eventtest-"+scheme.HeaderWord+"-2", text)
			}})
	}
	return rows
}

func (c *conformance) badTimestamps() []badInput {
	name := c.provider.Scheme.TimestampHeader
	if name == "" {
		return nil
	}
	tolerance := c.provider.Scheme.Tolerance
	if tolerance == 0 {
		tolerance = signature.DefaultTolerance
	}
	signedAt := func(offset time.Duration, key string) func(s *shot) {
		return func(s *shot) {
			s.now = s.now.Add(offset)
			s.sign(key)
		}
	}
	return []badInput{
		{name: "no timestamp", kind: event.Unverified, cause: signature.ErrMissing, why: "the timestamp is signed",
			spoil: func(s *shot) { s.header.Del(name) }},
		{name: "an empty timestamp", kind: event.Unverified, cause: signature.ErrMalformed, why: "the timestamp is signed",
			spoil: func(s *shot) { s.header.Set(name, "") }},
		{name: "the timestamp twice", kind: event.Unverified, cause: signature.ErrMalformed, why: "only one of them can be what is signed",
			spoil: func(s *shot) { s.header.Add(name, s.header.Get(name)) }},
		{name: "a timestamp that is no time", kind: event.Unverified, cause: signature.ErrMalformed, why: "its age cannot be told",
			spoil: func(s *shot) { s.header.Set(name, "yesterday") }},
		{name: "a newer timestamp than was signed", kind: event.Unverified, cause: signature.ErrMismatch, why: "an old delivery could be made new otherwise",
			spoil: func(s *shot) { s.header.Set(name, s.now.Add(time.Second).UTC().Format(time.RFC3339)) }},
		{name: "the timestamp in another spelling of the same time", kind: event.Unverified, cause: signature.ErrMismatch, why: "the text is signed, not the time",
			spoil: func(s *shot) { s.header.Set(name, s.now.UTC().Format("2006-01-02T15:04:05+00:00")) }},
		{name: "older than the window", kind: event.Unverified, cause: signature.ErrExpired, why: "it may be sent again by someone else",
			spoil: signedAt(-tolerance-time.Minute, secret)},
		{name: "from further in the future than the window", kind: event.Unverified, cause: signature.ErrExpired, why: "it could be kept and sent again for as long",
			spoil: signedAt(tolerance+time.Minute, secret)},
		{name: "older than the window, and made with another secret", kind: event.Unverified, cause: signature.ErrMismatch, why: "a forgery is to be told from a delivery that came late",
			spoil: signedAt(-tolerance-time.Minute, wrongSecret)},
		{name: "as old as the window just allows", kind: event.Handled, why: "clocks differ, and networks take their time",
			spoil: signedAt(-tolerance+time.Minute, secret)},
		{name: "as far in the future as the window just allows", kind: event.Handled, why: "clocks differ",
			spoil: signedAt(tolerance-time.Minute, secret)},
	}
}

// counter counts what is read of a body.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func (c *conformance) badSizes(body []byte) []badInput {
	limit := int64(len(body))
	limited := func(o *event.Options) { o.MaxBody = limit }
	var read counter
	readsNothing := func(t tester, _ *trial, a answer) {
		if read.n > 0 {
			t.Errorf("%d bytes of the body were read, want none: what is refused by its header alone costs nothing", read.n)
		}
		if a.header.Get("Connection") != "close" {
			t.Errorf("the answer has no Connection: close, and the body that nobody read is still in the connection")
		}
	}
	watched := func(spoil func(s *shot)) func(s *shot) {
		return func(s *shot) {
			read = counter{Reader: bytes.NewReader(s.body)}
			s.stream = &read
			spoil(s)
		}
	}
	tooLong := func(body []byte) []byte { return append(body, ' ') }
	noHeader := badInput{name: "no signature header, the body not even begun", kind: event.Unverified, http: true, why: "reading it is work for nothing",
		spoil: watched(func(s *shot) { s.header.Del(s.signatureHeader()) }), check: readsNothing}
	rows := []badInput{
		{name: "a body as long as the limit", kind: event.Handled, why: "the limit is what is accepted", options: limited},
		{name: "a body over the limit, as its Content-Length says", kind: event.TooLarge, why: "the sender need not send it first",
			options: limited, body: tooLong, http: true, spoil: watched(func(*shot) {}), check: readsNothing},
		{name: "a body over the limit", kind: event.TooLarge, why: "the limit holds however the body came", options: limited, body: tooLong},
		{name: "a body over the limit, without a Content-Length", kind: event.TooLarge, why: "the limit holds whatever is declared",
			options: limited, body: tooLong, http: true, spoil: func(s *shot) { s.length = -1 }},
		{name: "a body without an end", kind: event.TooLarge, why: "memory has one", options: limited, http: true,
			spoil: func(s *shot) {
				read = counter{Reader: io.LimitReader(endless{}, 64<<20)}
				s.stream, s.length = &read, -1
			},
			check: func(t tester, _ *trial, _ answer) {
				if read.n > 4*limit+64<<10 {
					t.Errorf("%d bytes were read with a limit of %d", read.n, limit)
				}
			}},
		{name: "a body over the limit of the server around it", kind: event.TooLarge, why: "http.MaxBytesReader says the same as our limit", http: true,
			spoil: func(s *shot) { s.stream = http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(s.body)), limit-1) }},
		{name: "a body that ends before its Content-Length", kind: event.Unreadable, why: "the sender broke off, and will try again", http: true,
			spoil: func(s *shot) {
				half := bytes.NewReader(s.body[:len(s.body)/2])
				s.stream = io.MultiReader(half, failing{io.ErrUnexpectedEOF})
			}},
		{name: "a body that is longer than its Content-Length says", kind: event.Handled, why: "what counts is what arrived, and it is all signed", http: true,
			spoil: func(s *shot) { s.length = int64(len(s.body)) / 2 }},
		{name: "a small body with a large Content-Length, within the limit", kind: event.Handled, why: "the sender's word decides nothing", http: true,
			spoil: func(s *shot) { s.length = 1 << 20 }},
		{name: "a body without a Content-Length", kind: event.Handled, why: "chunked requests are requests", http: true,
			spoil: func(s *shot) { s.length = -1 }},
	}
	if !c.provider.InsecureAllowUnsigned {
		rows = append(rows, noHeader)
	}
	return rows
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (c *conformance) badBodies() []badInput {
	rows := []badInput{
		{name: "a GET request", kind: event.BadMethod, http: true, why: "webhooks are POST requests", spoil: func(s *shot) { s.method = http.MethodGet }},
		{name: "a PUT request", kind: event.BadMethod, http: true, why: "webhooks are POST requests", spoil: func(s *shot) { s.method = http.MethodPut }},
		{name: "a body that was cut to nothing after it was signed", kind: event.Unverified, why: "nothing is not what was signed",
			spoil: func(s *shot) { s.body = nil; s.length = 0 }},
	}
	for _, bad := range []struct{ name, body string }{
		{"no body", ""},
		{"a body of blanks", " \n"},
		{"a body that is no JSON", "note=" + canaryText},
		{"a body of two objects", "{}{}"},
		{"a body that is cut before it was signed", `{"note": "` + canaryText},
		{"a list", `["` + canaryText + `"]`},
		{"a string", quote(canaryText)},
		{"a number", canaryDigit},
		{"null", "null"},
		{"an object in a UTF-8 byte order mark", "\xef\xbb\xbf{}"},
		{"an object in UTF-16", "{\x00}\x00"},
	} {
		rows = append(rows, badInput{name: "signed: " + bad.name, kind: event.Unreadable, why: "it is no JSON object, and sending it again cannot help",
			body: func([]byte) []byte { return []byte(bad.body) }})
	}
	return append(rows,
		badInput{name: "signed: ten megabytes of opening brackets, with the limit raised", kind: event.Unreadable, http: true, why: "depth must cost no stack",
			options: func(o *event.Options) { o.MaxBody = int64(depth) },
			body:    func([]byte) []byte { return bytes.Repeat([]byte("["), depth) }},
		badInput{name: "signed: blanks around the object", kind: event.Handled, why: "blanks are JSON",
			body: func(body []byte) []byte { return slices.Concat([]byte(" \r\n\t"), body, []byte("\n")) }},
	)
}

func (c *conformance) badEnvelopes(l line, body []byte) []badInput {
	e := c.provider.Envelope
	rows := []badInput{
		{name: "a member that nobody asks for, twice", kind: event.Handled, why: "it decides nothing",
			body: func(body []byte) []byte {
				return adding(adding(body, "eventtest_unheard_of", "1"), "eventtest_unheard_of", "2")
			}},
		{name: "a member with an escape in its name", kind: event.Unreadable, why: "another parser could read it as one that decides",
			body: func(body []byte) []byte { return adding(body, escapedName("eventtest_unheard_of"), "1") }},
		{name: "invalid UTF-8 in a text that nobody asks for", kind: event.Handled, why: "it decides nothing",
			body: func(body []byte) []byte { return adding(body, "eventtest_unheard_of", "\"\xff\"") }},
	}
	for what, names := range map[string][]string{"the type": e.Type, "the id": e.ID, "the payload": e.Payload} {
		i := slices.IndexFunc(names, func(name string) bool { _, ok := at(mustParse(body), path{name}); return ok })
		if i < 0 {
			continue
		}
		name := names[i]
		value := string(write(first(at(mustParse(body), path{name}))))
		rows = append(rows,
			badInput{name: what + " twice", kind: event.Unreadable, why: "another parser could take the other one",
				body: func(body []byte) []byte { return adding(body, name, `"other"`) }},
			badInput{name: what + " twice, and the same", kind: event.Unreadable, why: "one rule is simpler to trust than two",
				body: func(body []byte) []byte { return adding(body, name, value) }},
			badInput{name: what + " twice, once with an escape in its name", kind: event.Unreadable, why: "another parser could take the other one",
				body: func(body []byte) []byte { return adding(body, escapedName(name), `"other"`) }},
			badInput{name: what + " with an escape in its name", kind: event.Unreadable, why: "no vendor writes that, and parsers differ",
				body: func(body []byte) []byte { return renaming(body, name, escapedName(name)) }},
		)
		if c.vendor.payloadName(body) != "" {
			rows = append(rows, badInput{name: what + " again under a name in another case", kind: event.Handled, why: "names are exact: it is a member that nobody asks for",
				body:  func(body []byte) []byte { return adding(body, otherCase(name), `"`+canaryText+`"`) },
				check: func(t tester, tr *trial, _ answer) { c.checkSame(t, l, tr, body) }})
		}
	}
	return append(rows, c.badTypes(l, body)...)
}

func first(v any, _ bool) any { return v }

// checkSame checks that the callback was given what it is given for body.
func (c *conformance) checkSame(t tester, l line, tr *trial, body []byte) {
	want, err := recoded(c.vendor.Payload(body), l.payload)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if got := encoded(tr.calls[0].payload); got != string(want) {
		t.Errorf("the callback was given another payload (-want +got):\n-%s\n+%s", want, got)
	}
	d := tr.delivery()
	if c.typeName(d.Type) != c.typeName(l.typ) || d.ID != c.idIn(body) {
		t.Errorf("the delivery is %q of type %q, want %q of %q", d.ID, d.Type, c.idIn(body), l.typ)
	}
}

func (c *conformance) badTypes(l line, body []byte) []badInput {
	const unknown = "eventtest.unheard-of"
	e := c.provider.Envelope
	other := func(s *shot) { s.typ = unknown }
	retyped := func(value string) func(body []byte) []byte { return nil }
	if len(e.Type) > 0 {
		other = nil
		i := slices.IndexFunc(e.Type, func(name string) bool { _, ok := at(mustParse(body), path{name}); return ok })
		if i < 0 {
			return nil // reported by catalogue
		}
		retyped = func(value string) func(body []byte) []byte {
			return func(body []byte) []byte { return replaceMember(body, e.Type[i], []byte(value)) }
		}
	}
	rows := []badInput{
		{name: "an unknown type", kind: event.Unhandled, why: "vendors add types, and switch off what refuses them; a person who waits must be told", body: retyped(quote(unknown)), spoil: other},
	}
	if len(e.Type) == 0 {
		return rows
	}
	rows = append(rows,
		badInput{name: "no type", kind: event.Unreadable, why: "nobody can tell what it is", body: func(body []byte) []byte { return dropping(body, e.Type...) }},
		badInput{name: "the type under a name in another case alone", kind: event.Unreadable, why: "names are exact, so that no two parsers differ",
			body: func(body []byte) []byte {
				for _, name := range e.Type {
					body = renaming(body, name, otherCase(name))
				}
				return body
			}},
	)
	for _, bad := range []string{"42", "null", "true", `""`, "{}", `["` + l.typ + `"]`, "\"\xff\"", `"a\u0000b"`, "\"a\x00b\"", `"\ud800"`, quote(strings.Repeat("a", 10_000))} {
		rows = append(rows, badInput{name: fmt.Sprintf("a type that is %.20q", bad), kind: event.Unreadable, why: "a type is a plain string: it becomes a name in logs and metrics", body: retyped(bad)})
	}
	if upper := strings.ToUpper(l.typ); c.provider.TypeName != nil && c.typeName(upper) == c.typeName(l.typ) {
		rows = append(rows, badInput{name: "the type in another spelling", kind: event.Handled, why: "the vendor's spelling is not known for certain", body: retyped(quote(upper))})
	}
	if e.TypeHeader != "" {
		rows = append(rows, badInput{name: "another type in the unsigned header", kind: event.Handled, why: "the header is not signed, so it decides nothing",
			spoil: func(s *shot) { s.header.Set(e.TypeHeader, unknown) },
			check: func(t tester, tr *trial, _ answer) {
				if tr.last().Warning == nil {
					t.Errorf("the contradiction was not reported: Result.Warning is nil")
				}
			}})
	}
	return rows
}

// badPayloads are payloads of another shape. What a type makes of a shape, its
// own decoder says.
func (c *conformance) badPayloads(l line, body []byte) []badInput {
	e := c.provider.Envelope
	name := c.vendor.payloadName(body)
	if name == "" && len(e.Payload) > 0 {
		name = e.Payload[0]
	}
	if name == "" {
		return nil // the body is the payload, and badBodies has those
	}
	var rows []badInput
	for _, shape := range []string{quote(canaryText), canaryDigit, `["` + canaryText + `"]`, "true", "null"} {
		row := badInput{
			name: "a payload that is " + shape, kind: event.Handled, why: "its type reads that",
			body: func(body []byte) []byte { return adding(dropping(body, name), name, shape) },
		}
		payload := []byte(shape)
		if shape == "null" && e.PayloadOrBody {
			payload = row.body(body)
		}
		if lacks, err := missing(payload, l.payload); err == nil && lacks == "" {
			rows = append(rows, row)
			continue
		}
		row.kind, row.why = event.Undecodable, "the next deploy may be able to read it"
		taken := row
		taken.name, taken.kind, taken.invalid = row.name+", which OnInvalid takes", c.setAside(), true
		taken.why = "the service has it and need not see it again"
		rows = append(rows, row, taken)
	}
	return rows
}

func (c *conformance) badCallbacks() []badInput {
	secretly := errors.New("the callback's own words: " + canaryText)
	returning := func(err error) callback { return func(context.Context, any) error { return err } }
	retryAfter := func(want string) func(tester, *trial, answer) {
		return func(t tester, _ *trial, a answer) {
			if got := a.header.Get("Retry-After"); got != want {
				t.Errorf("Retry-After is %q, want %q seconds", got, want)
			}
		}
	}
	ended := func(s *shot) {
		ctx, cancel := context.WithCancel(s.ctx)
		cancel()
		s.ctx = ctx
	}
	seesEnd := func(t tester, tr *trial, _ answer) {
		if !tr.calls[0].ended {
			t.Errorf("the callback's context has not ended, and the sender has gone")
		}
	}
	rows := []badInput{
		{name: "a callback that returns an error", kind: event.Failed, answer: returning(secretly), cause: secretly, why: "the vendor is to send it again"},
		{name: "a callback that panics with a string", kind: event.Panicked, answer: func(context.Context, any) error { panic(canaryText) }, why: "a panic is an error, and its value may be anything"},
		{name: "a callback that panics with an error", kind: event.Panicked, answer: func(context.Context, any) error { panic(secretly) }, why: "a panic is an error, and its value may be anything"},
		{name: "a callback that panics with a payload", kind: event.Panicked, answer: func(_ context.Context, payload any) error { panic(payload) }, why: "a panic is an error, and its value may be anything"},
		{name: "a callback that returns Permanent", kind: event.Dropped, answer: returning(event.Permanent(secretly)), cause: secretly, why: "sending it again cannot help"},
		{name: "a callback that returns an error around Permanent", kind: event.Dropped, answer: returning(fmt.Errorf("saving: %w", event.Permanent(secretly))), cause: secretly, why: "outcomes are wrapped like any error"},
		{name: "a callback that returns Ignore", kind: event.Ignored, answer: returning(event.Ignore(secretly)), why: "it is not for this service"},
		{name: "a callback that returns RetryAfter", kind: event.Unavailable, answer: returning(event.RetryAfter(90*time.Second, secretly)), cause: secretly, why: "the vendor is to wait", check: retryAfter("90")},
		{name: "a callback that returns RetryAfter without a time", kind: event.Unavailable, answer: returning(event.RetryAfter(0, nil)), why: "the vendor is to wait"},
		{name: "a sender that has gone before the callback, which succeeds", kind: event.Handled, spoil: ended, check: seesEnd, why: "what is done is done"},
		{name: "a sender that has gone before the callback, which gives up", kind: event.Failed, spoil: ended, cause: context.Canceled, check: seesEnd, why: "it is not done",
			answer: func(ctx context.Context, _ any) error { return ctx.Err() }},
	}
	refusal := &event.Refusal{Status: http.StatusConflict, DisplayMessage: "Please give the position a location.", Details: map[string]any{"code": "no_location"}, Err: secretly}
	row := badInput{name: "a callback that returns a Refusal", kind: event.Refused, answer: returning(refusal), cause: secretly, why: "no person waits for this vendor's answer"}
	if sync := c.provider.Synchronous; sync != nil {
		row.status, row.why = refusal.Status, "the person who waits is told what to do"
		row.check = func(t tester, _ *trial, a answer) {
			want := map[string]any{sync.Message: refusal.DisplayMessage, "code": "no_location"}
			var got map[string]any
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || encoded(got) != encoded(want) {
				t.Errorf("the answer is %s, want %s", a.body, encoded(want))
			}
		}
	}
	return append(rows, row)
}

func (c *conformance) badWiring() []badInput {
	tenants := func(known string) func(o *event.Options) {
		return func(o *event.Options) {
			o.Tenant = func(*http.Request) string { return "somebody" }
			o.Secrets = func(_ context.Context, tenant string) ([]string, error) {
				if tenant == "somebody" && known == "" {
					return nil, nil
				}
				return []string{known}, nil
			}
		}
	}
	return []badInput{
		{name: "a tenant that nobody knows", kind: event.Unverified, http: true, why: "strangers must not learn who is a customer", options: tenants("")},
		{name: "a tenant whose only secret is blank", kind: event.Unverified, http: true, why: "anyone can sign with a blank secret", options: tenants(" "),
			check: func(t tester, tr *trial, _ answer) {
				if tr.last().Warning == nil {
					t.Errorf("the blank secret was not reported: Result.Warning is nil")
				}
			}},
		{name: "a tenant with a secret", kind: event.Handled, http: true, why: "it is signed with it", options: tenants(secret),
			check: func(t tester, tr *trial, _ answer) {
				if got := tr.delivery().Tenant; got != "somebody" {
					t.Errorf("the delivery's tenant is %q, want the one that Options.Tenant named", got)
				}
			}},
		{name: "secrets that cannot be looked up", kind: event.Unavailable, http: true, why: "the vendor is to send it again when they can be",
			options: func(o *event.Options) {
				o.Secrets = func(context.Context, string) ([]string, error) { return nil, errors.New("the database is away") }
			}},
	}
}
