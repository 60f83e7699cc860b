package event_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

var errCallback = errors.New("the database is down")

func returns(err error) func(*bench) {
	return func(b *bench) {
		event.On(b.Handler, "hired", func(context.Context, *hire) error { return err })
	}
}

// TestResponses has a row for each line of the table of answers.
func TestResponses(t *testing.T) {
	good := func(t *testing.T) *http.Request { return signed(t, acme, secret, hireBody) }
	body := func(s string) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request { return signed(t, acme, secret, s) }
	}
	header := func(change func(http.Header)) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request { r := good(t); change(r.Header); return r }
	}
	for _, tt := range []struct {
		name    string
		opts    event.Options
		wire    func(*bench)
		request func(*testing.T) *http.Request
		status  int
		kind    event.Kind
		cause   error
	}{
		{"callback returned nil", event.Options{}, returns(nil), good, 200, event.KindHandled, nil},
		{"ignored", event.Options{}, returns(event.Ignore(errCallback)), good, 200, event.KindIgnored, errCallback},
		{"permanent", event.Options{}, returns(event.Permanent(errCallback)), good, 200, event.KindPermanent, errCallback},
		{"no callback", event.Options{}, nil, good, 200, event.KindUnhandled, nil},
		{"OnOther returned nil", event.Options{}, func(b *bench) {
			b.OnOther(func(context.Context, *event.Delivery) error { return nil })
		}, good, 200, event.KindHandled, nil},
		{"OnOther returned an error", event.Options{}, func(b *bench) {
			b.OnOther(func(context.Context, *event.Delivery) error { return errCallback })
		}, good, 500, event.KindFailed, errCallback},
		{"stored by the inbox", event.Options{Inbox: inboxOf(nil)}, nil, good, 200, event.KindStored, nil},
		{"stored by the inbox before", event.Options{Inbox: inboxOf(event.ErrDuplicate)}, nil, good, 200, event.KindDuplicate, nil},
		{"no envelope, but an inbox", event.Options{Inbox: inboxOf(nil)}, nil, body("no json"), 200, event.KindStored, nil},
		{"method", event.Options{}, nil, func(t *testing.T) *http.Request { r := good(t); r.Method = "GET"; return r }, 405, event.KindBadMethod, nil},
		{"declared over the limit", event.Options{MaxBody: 20}, nil, good, 413, event.KindTooLarge, event.ErrTooLarge},
		{"over the limit", event.Options{MaxBody: 20}, nil, func(t *testing.T) *http.Request { r := good(t); r.ContentLength = -1; return r }, 413, event.KindTooLarge, event.ErrTooLarge},
		{"over the limit of something before us", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 5)
			return r
		}, 413, event.KindTooLarge, event.ErrTooLarge},
		{"over the inbox's limit", event.Options{Inbox: inboxOf(event.ErrTooLarge)}, nil, good, 413, event.KindTooLarge, event.ErrTooLarge},
		{"signature missing", event.Options{}, nil, header(func(h http.Header) { h.Del("X-Acme-Signature") }), 401, event.KindUnverified, signature.ErrMissing},
		{"signature empty", event.Options{}, nil, header(func(h http.Header) { h.Set("X-Acme-Signature", "") }), 401, event.KindUnverified, signature.ErrMalformed},
		{"signature malformed", event.Options{}, nil, header(func(h http.Header) { h.Set("X-Acme-Signature", "zz") }), 401, event.KindUnverified, signature.ErrMalformed},
		{"signature there twice", event.Options{}, nil, header(func(h http.Header) { h.Add("X-Acme-Signature", h.Get("X-Acme-Signature")) }), 401, event.KindUnverified, signature.ErrMalformed},
		{"signature wrong", event.Options{}, nil, func(t *testing.T) *http.Request { return signed(t, acme, "another", hireBody) }, 401, event.KindUnverified, signature.ErrMismatch},
		{"unknown tenant", event.Options{Secrets: func(context.Context, string) ([]string, error) { return nil, nil }}, nil, good, 401, event.KindUnverified, nil},
		{"secret lookup failed", event.Options{Secrets: func(context.Context, string) ([]string, error) { return nil, errCallback }}, nil, good, 503, event.KindUnavailable, errCallback},
		{"signed, but not JSON", event.Options{}, nil, body("no json"), 400, event.KindUnreadable, nil},
		{"signed, but no object", event.Options{}, nil, body("[]"), 400, event.KindUnreadable, nil},
		{"signed, but no type", event.Options{}, nil, body(`{"id":"1"}`), 400, event.KindUnreadable, nil},
		{"signed, but the type is no string", event.Options{}, nil, body(`{"type":1}`), 400, event.KindUnreadable, nil},
		{"signed, but the type is empty", event.Options{}, nil, body(`{"type":""}`), 400, event.KindUnreadable, nil},
		{"signed, but the type has a NUL", event.Options{}, nil, body(`{"type":"a\u0000"}`), 400, event.KindUnreadable, nil},
		{"signed, but the type is there twice", event.Options{}, nil, body(`{"type":"a","type":"a"}`), 400, event.KindUnreadable, nil},
		{"signed, but a name is escaped", event.Options{}, nil, body(`{"type":"a","d\u0061ta":1}`), 400, event.KindUnreadable, nil},
		{"signed, but the name is in another case", event.Options{}, nil, body(`{"Type":"a"}`), 400, event.KindUnreadable, nil},
		{"signed, but the body is empty", event.Options{}, nil, body(""), 400, event.KindUnreadable, nil},
		{"signed, but 10 MB of brackets", event.Options{MaxBody: 16 << 20}, nil, body(`{"type":"hired","data":` + strings.Repeat("[", 10<<20)), 400, event.KindUnreadable, nil},
		{"the payload has the wrong shape", event.Options{}, returns(nil), body(`{"type":"hired","data":[]}`), 500, event.KindUndecodable, nil},
		{"the payload is 10 MB of brackets", event.Options{MaxBody: 16 << 20}, returns(nil), body(`{"type":"hired","data":` + strings.Repeat("[", 5<<20) + strings.Repeat("]", 5<<20) + "}"), 500, event.KindUndecodable, nil},
		{"the payload is malformed", event.Options{}, returns(nil), body(`{"type":"hired","data":{"id":}}`), 500, event.KindUndecodable, nil},
		{"the payload lacks an id", event.Options{}, returns(nil), body(`{"type":"hired","data":{}}`), 500, event.KindUndecodable, nil},
		{"the payload is absent", event.Options{}, returns(nil), body(`{"type":"hired"}`), 500, event.KindUndecodable, nil},
		{"OnInvalid takes it", event.Options{}, func(b *bench) {
			returns(nil)(b)
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}, body(`{"type":"hired","data":{}}`), 200, event.KindInvalidHandled, nil},
		{"OnInvalid takes a body without envelope", event.Options{}, func(b *bench) {
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}, body(`[]`), 200, event.KindInvalidHandled, nil},
		{"OnInvalid fails", event.Options{}, func(b *bench) {
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return errCallback })
		}, body(`[]`), 500, event.KindFailed, errCallback},
		{"duplicate of a completed delivery", event.Options{Store: storeOf(event.ErrDuplicate)}, returns(errCallback), good, 200, event.KindDuplicate, nil},
		{"duplicate in flight", event.Options{Store: storeOf(event.ErrInFlight)}, returns(nil), good, 503, event.KindInFlight, nil},
		{"store failed", event.Options{Store: storeOf(errCallback)}, returns(nil), good, 503, event.KindUnavailable, errCallback},
		{"inbox failed", event.Options{Inbox: inboxOf(errCallback)}, nil, good, 503, event.KindUnavailable, errCallback},
		{"RetryAfter", event.Options{}, returns(event.RetryAfter(90*time.Second, errCallback)), good, 503, event.KindUnavailable, errCallback},
		{"callback error", event.Options{}, returns(errCallback), good, 500, event.KindFailed, errCallback},
		{"callback panic", event.Options{}, func(b *bench) {
			event.On(b.Handler, "hired", func(context.Context, *hire) error { panic("ada@example.com") })
		}, good, 500, event.KindPanicked, nil},
		{"callback panics with an ignored error", event.Options{}, func(b *bench) {
			event.On(b.Handler, "hired", func(context.Context, *hire) error { panic(event.Ignore(nil)) })
		}, good, 500, event.KindPanicked, nil},
		{"the body breaks off", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(hireBody[:10]), errReader{}))
			return r
		}, 400, event.KindUnreadable, nil},
		{"the body is shorter than declared", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.Body = io.NopCloser(strings.NewReader(hireBody[:10]))
			return r
		}, 401, event.KindUnverified, signature.ErrMismatch},
		{"the body is longer than declared", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.ContentLength = 3
			return r
		}, 200, event.KindUnhandled, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, acme, tt.opts)
			if tt.wire != nil {
				tt.wire(b)
			}
			w := send(b, tt.request(t))
			got := b.last()
			if w.Code != tt.status || got.Status != tt.status || got.Kind != tt.kind {
				t.Errorf("answered %d, observed %d %s; want %d %s (%v)", w.Code, got.Status, got.Kind, tt.status, tt.kind, got.Err)
			}
			checkResponse(t, w)
			checkError(t, got, tt.cause)
		})
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// checkResponse holds for every answer of an asynchronous vendor.
func checkResponse(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	want := http.StatusText(w.Code)
	if w.Code == http.StatusOK {
		want = ""
	}
	if w.Body.String() != want {
		t.Errorf("the answer's body is %q, want %q", w.Body, want)
	}
	if got := w.Header().Get("Retry-After") != ""; got != (w.Code == 503) {
		t.Errorf("Retry-After is %q with status %d", w.Header().Get("Retry-After"), w.Code)
	}
	if got := w.Header().Get("Allow") == "POST"; got != (w.Code == 405) {
		t.Errorf("Allow is %q with status %d", w.Header().Get("Allow"), w.Code)
	}
}

func checkError(t *testing.T, got event.Result, cause error) {
	t.Helper()
	switch got.Kind {
	case event.KindHandled, event.KindUnhandled, event.KindStored, event.KindDuplicate:
		if got.Err != nil {
			t.Errorf("an error was observed: %v", got.Err)
		}
		return
	}
	e, ok := errors.AsType[*event.Error](got.Err)
	if !ok {
		t.Fatalf("the error is %T, want *event.Error", got.Err)
	}
	if e.Kind != got.Kind || e.Handler != "acme" {
		t.Errorf("the error is of %s %s, want acme %s", e.Handler, e.Kind, got.Kind)
	}
	if cause != nil && !errors.Is(e, cause) {
		t.Errorf("the error is %v, want one that wraps %v", e, cause)
	}
	if strings.Contains(e.Error(), "ada@") {
		t.Errorf("the error's text has the payload in it: %v", e)
	}
}

func TestRetryAfterIsInWholeSecondsRoundedUp(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "30", time.Millisecond: "1", 90 * time.Second: "90", 1500 * time.Millisecond: "2", -time.Hour: "30"} {
		b := newBench(t, acme, event.Options{})
		returns(event.RetryAfter(d, nil))(b)
		if got := send(b, signed(t, acme, secret, hireBody)).Header().Get("Retry-After"); got != want {
			t.Errorf("RetryAfter(%v) says %q, want %q", d, got, want)
		}
	}
}

// TestSynchronousResponses: a person waits, and only a success is 200.
func TestSynchronousResponses(t *testing.T) {
	const general = `{"display_message":"It did not work. Please try again."}`
	ask := func(fn func() (any, error)) func(*bench) {
		return func(b *bench) {
			event.OnRespond(b.Handler, "hire", func(context.Context, *hire) (any, error) { return fn() })
		}
	}
	fails := func(err error) func(*bench) {
		return func(b *bench) { event.On(b.Handler, "hire", func(context.Context, *hire) error { return err }) }
	}
	rejection := &event.Rejection{Status: 409, Message: "The employee is there already.", Details: map[string]any{"code": 7}, Err: errCallback}
	const body = `{"candidate":"c-1","id":"c-1"}`
	for _, tt := range []struct {
		name   string
		opts   event.Options
		wire   func(*bench)
		key    string
		body   string
		status int
		want   string
	}{
		{"success", event.Options{}, fails(nil), secret, body, 200, `{}`},
		{"an answer", event.Options{}, ask(func() (any, error) { return map[string]int{"n": 1}, nil }), secret, body, 200, `{"n":1}`},
		{"an answer of nothing", event.Options{}, ask(func() (any, error) { return (*hire)(nil), nil }), secret, body, 200, `{}`},
		{"an answer that its own check rejects", event.Options{}, ask(func() (any, error) { return picky{}, nil }), secret, body, 500, general},
		{"an answer that is no JSON", event.Options{}, ask(func() (any, error) { return func() {}, nil }), secret, body, 500, general},
		{"a rejection", event.Options{}, fails(rejection), secret, body, 409, `{"code":7,"display_message":"The employee is there already."}`},
		{"a permanent rejection", event.Options{}, fails(event.Permanent(rejection)), secret, body, 409, `{"code":7,"display_message":"The employee is there already."}`},
		{"a rejection with a strange status", event.Options{}, fails(&event.Rejection{Status: 200}), secret, body, 422, general},
		{"a rejection with details that are no JSON", event.Options{}, fails(&event.Rejection{Message: "No.", Details: map[string]any{"f": func() {}}}), secret, body, 422, `{"display_message":"No."}`},
		{"a detail named as the message", event.Options{}, fails(&event.Rejection{Message: "No.", Details: map[string]any{"display_message": "x"}}), secret, body, 422, `{"display_message":"No."}`},
		{"an error", event.Options{}, fails(errCallback), secret, body, 500, general},
		{"a permanent error", event.Options{}, fails(event.Permanent(errCallback)), secret, body, 422, general},
		{"ignored", event.Options{}, fails(event.Ignore(nil)), secret, body, 422, general},
		{"RetryAfter", event.Options{}, fails(event.RetryAfter(time.Second, nil)), secret, body, 503, general},
		{"a panic", event.Options{}, ask(func() (any, error) { panic("x") }), secret, body, 500, general},
		{"no callback", event.Options{}, nil, secret, body, 501, general},
		{"OnOther acknowledges nothing", event.Options{}, func(b *bench) {
			b.OnOther(func(context.Context, *event.Delivery) error { return nil })
		}, secret, body, 501, general},
		{"the payload does not decode", event.Options{}, fails(nil), secret, `{"id":1}`, 422, general},
		{"OnInvalid acknowledges nothing", event.Options{}, func(b *bench) {
			fails(nil)(b)
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}, secret, `{"id":1}`, 422, general},
		{"not JSON", event.Options{}, fails(nil), secret, `x`, 400, general},
		{"a bad signature", event.Options{}, fails(nil), "another", body, 401, general},
		{"over the limit", event.Options{MaxBody: 5}, fails(nil), secret, body, 413, general},
		{"completed before", event.Options{Store: storeOf(event.ErrDuplicate)}, fails(errCallback), secret, body, 200, `{}`},
		{"in flight", event.Options{Store: storeOf(event.ErrInFlight)}, fails(nil), secret, body, 503, general},
		{"a question is asked again", event.Options{Store: storeOf(event.ErrDuplicate)}, ask(func() (any, error) { return 5, nil }), secret, body, 200, `5`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, waiting, tt.opts)
			if tt.wire != nil {
				tt.wire(b)
			}
			w := send(b.Endpoint("hire"), signed(t, waiting, tt.key, tt.body))
			if w.Code != tt.status || b.last().Status != tt.status {
				t.Errorf("answered %d, observed %d, want %d (%v)", w.Code, b.last().Status, tt.status, b.last().Err)
			}
			if diff := cmp.Diff(tt.want, w.Body.String()); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if tt.status == 501 && !strings.Contains(b.log(), "no callback for this event type") {
				t.Errorf("a person waits in vain, and the log says %q", b.log())
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type is %q", got)
			}
		})
	}
}

// picky is an answer that must not be sent.
type picky struct{}

func (picky) Validate() error { return errCallback }

// TestRejectionIsNotAFailure: a callback that rejects does its work.
func TestRejectionIsNotAFailure(t *testing.T) {
	b := newBench(t, waiting, event.Options{})
	event.On(b.Handler, "hire", func(context.Context, *hire) error {
		return fmt.Errorf("wrapped: %w", &event.Rejection{Status: 409, Message: "Ada is there already."})
	})
	w := send(b.Endpoint("hire"), signed(t, waiting, secret, `{"candidate":"c-1","id":"c-1"}`))
	if w.Code != 409 || b.last().Kind != event.KindRejected || strings.Contains(b.log(), "ERROR") || strings.Contains(b.log(), "Ada") {
		t.Errorf("answered %d, %s; logged %s", w.Code, b.last().Kind, b.log())
	}
}

func TestURLThatTellsNoTypeIsReported(t *testing.T) {
	b := newBench(t, waiting, event.Options{})
	if w := send(b, signed(t, waiting, secret, `{"candidate":"c-1"}`)); w.Code != 500 || b.last().Kind != event.KindNoEndpoint {
		t.Errorf("answered %d %s, want 500 %s", w.Code, b.last().Kind, event.KindNoEndpoint)
	}
	if !strings.Contains(b.log(), "mount Handler.Endpoint") {
		t.Errorf("the log does not say what to do: %s", b.log())
	}
}

// TestRejectedRequestsAreNotRead: what can be rejected by its header costs no body.
func TestRejectedRequestsAreNotRead(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"signature missing":       func(r *http.Request) { r.Header.Del("X-Acme-Signature") },
		"signature malformed":     func(r *http.Request) { r.Header.Set("X-Acme-Signature", "zz") },
		"declared over the limit": func(r *http.Request) { r.ContentLength = 2 << 20 },
		"method":                  func(r *http.Request) { r.Method = http.MethodPut },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, acme, event.Options{})
			r := signed(t, acme, secret, hireBody)
			body := &countingReader{Reader: strings.NewReader(hireBody)}
			r.Body = io.NopCloser(body)
			change(r)
			w := send(b, r)
			if w.Code < 400 || body.n != 0 {
				t.Errorf("answered %d after %d bytes, want a rejection after none", w.Code, body.n)
			}
			if w.Header().Get("Connection") != "close" {
				t.Error("the connection stays open with a body left in it")
			}
		})
	}
}

type countingReader struct {
	io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// TestBufferGrowsAsBytesArrive: Content-Length is the sender's word.
func TestBufferGrowsAsBytesArrive(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	for _, n := range []int{0, 1, 511, 512, 513, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1<<20 - 40, 1<<20 - 39} {
		body := `{"type":"other","data":"` + strings.Repeat("x", n) + `"}`
		for _, declared := range []int64{int64(len(body)), -1, 0, 1 << 20} {
			r := signed(t, acme, secret, body)
			r.ContentLength = declared
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(body)))) // hides its length
			want := 200
			if len(body) > 1<<20 {
				want = 413
			}
			if w := send(b, r); w.Code != want {
				t.Errorf("%d bytes declared as %d: answered %d, want %d", len(body), declared, w.Code, want)
			}
		}
	}
}
