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

// TestAnswers has a row for each line of the table of answers.
func TestAnswers(t *testing.T) {
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
		op      event.Op
		cause   error
	}{
		{"callback returned nil", event.Options{}, returns(nil), good, 200, event.Handled, "", nil},
		{"ignored", event.Options{}, returns(event.Ignore(errCallback)), good, 200, event.Ignored, event.OpCallback, errCallback},
		{"permanent", event.Options{}, returns(event.Permanent(errCallback)), good, 200, event.Dropped, event.OpCallback, errCallback},
		{"no callback", event.Options{}, nil, good, 200, event.Unhandled, "", nil},
		{"OnOther returned nil", event.Options{}, func(b *bench) {
			b.OnOther(func(context.Context, *event.Delivery) error { return nil })
		}, good, 200, event.Handled, "", nil},
		{"OnOther returned an error", event.Options{}, func(b *bench) {
			b.OnOther(func(context.Context, *event.Delivery) error { return errCallback })
		}, good, 500, event.Failed, event.OpCallback, errCallback},
		{"stored by the sink", event.Options{Sink: sinkOf(nil)}, nil, good, 200, event.Stored, "", nil},
		{"stored by the sink before", event.Options{Sink: sinkOf(event.ErrDuplicate)}, nil, good, 200, event.Duplicate, "", nil},
		{"no envelope, but a sink", event.Options{Sink: sinkOf(nil)}, nil, body("no json"), 200, event.Stored, "", nil},
		{"method", event.Options{}, nil, func(t *testing.T) *http.Request { r := good(t); r.Method = "GET"; return r }, 405, event.BadMethod, event.OpMethod, nil},
		{"declared over the limit", event.Options{MaxBody: 20}, nil, good, 413, event.TooLarge, event.OpRead, event.ErrTooLarge},
		{"over the limit", event.Options{MaxBody: 20}, nil, func(t *testing.T) *http.Request { r := good(t); r.ContentLength = -1; return r }, 413, event.TooLarge, event.OpRead, event.ErrTooLarge},
		{"over the limit of something before us", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 5)
			return r
		}, 413, event.TooLarge, event.OpRead, event.ErrTooLarge},
		{"over the sink's limit", event.Options{Sink: sinkOf(event.ErrTooLarge)}, nil, good, 413, event.TooLarge, event.OpSink, event.ErrTooLarge},
		{"signature missing", event.Options{}, nil, header(func(h http.Header) { h.Del("X-Acme-Signature") }), 401, event.Unverified, event.OpVerify, signature.ErrMissing},
		{"signature empty", event.Options{}, nil, header(func(h http.Header) { h.Set("X-Acme-Signature", "") }), 401, event.Unverified, event.OpVerify, signature.ErrMalformed},
		{"signature malformed", event.Options{}, nil, header(func(h http.Header) { h.Set("X-Acme-Signature", "zz") }), 401, event.Unverified, event.OpVerify, signature.ErrMalformed},
		{"signature there twice", event.Options{}, nil, header(func(h http.Header) { h.Add("X-Acme-Signature", h.Get("X-Acme-Signature")) }), 401, event.Unverified, event.OpVerify, signature.ErrMalformed},
		{"signature wrong", event.Options{}, nil, func(t *testing.T) *http.Request { return signed(t, acme, "another", hireBody) }, 401, event.Unverified, event.OpVerify, signature.ErrMismatch},
		{"unknown tenant", event.Options{Secrets: func(context.Context, string) ([]string, error) { return nil, nil }}, nil, good, 401, event.Unverified, event.OpVerify, nil},
		{"secret lookup failed", event.Options{Secrets: func(context.Context, string) ([]string, error) { return nil, errCallback }}, nil, good, 503, event.Unavailable, event.OpSecret, errCallback},
		{"signed, but not JSON", event.Options{}, nil, body("no json"), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but no object", event.Options{}, nil, body("[]"), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but no type", event.Options{}, nil, body(`{"id":"1"}`), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but the type is no string", event.Options{}, nil, body(`{"type":1}`), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but the type is empty", event.Options{}, nil, body(`{"type":""}`), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but the type has a NUL", event.Options{}, nil, body(`{"type":"a\u0000"}`), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but the type is there twice", event.Options{}, nil, body(`{"type":"a","type":"a"}`), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but a name is escaped", event.Options{}, nil, body(`{"type":"a","d\u0061ta":1}`), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but the name is in another case", event.Options{}, nil, body(`{"Type":"a"}`), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but the body is empty", event.Options{}, nil, body(""), 400, event.Unreadable, event.OpEnvelope, nil},
		{"signed, but 10 MB of brackets", event.Options{MaxBody: 16 << 20}, nil, body(`{"type":"hired","data":` + strings.Repeat("[", 10<<20)), 400, event.Unreadable, event.OpEnvelope, nil},
		{"the payload has the wrong shape", event.Options{}, returns(nil), body(`{"type":"hired","data":[]}`), 500, event.Undecodable, event.OpDecode, nil},
		{"the payload is 10 MB of brackets", event.Options{MaxBody: 16 << 20}, returns(nil), body(`{"type":"hired","data":` + strings.Repeat("[", 5<<20) + strings.Repeat("]", 5<<20) + "}"), 500, event.Undecodable, event.OpDecode, nil},
		{"the payload is malformed", event.Options{}, returns(nil), body(`{"type":"hired","data":{"id":}}`), 500, event.Undecodable, event.OpDecode, nil},
		{"the payload lacks an id", event.Options{}, returns(nil), body(`{"type":"hired","data":{}}`), 500, event.Undecodable, event.OpDecode, nil},
		{"the payload is absent", event.Options{}, returns(nil), body(`{"type":"hired"}`), 500, event.Undecodable, event.OpDecode, nil},
		{"OnInvalid takes it", event.Options{}, func(b *bench) {
			returns(nil)(b)
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}, body(`{"type":"hired","data":{}}`), 200, event.SetAside, event.OpDecode, nil},
		{"OnInvalid takes a body without envelope", event.Options{}, func(b *bench) {
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}, body(`[]`), 200, event.SetAside, event.OpEnvelope, nil},
		{"OnInvalid fails", event.Options{}, func(b *bench) {
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return errCallback })
		}, body(`[]`), 500, event.Failed, event.OpCallback, errCallback},
		{"duplicate of a completed delivery", event.Options{Store: storeOf(event.Claim{State: event.Completed}, nil)}, returns(errCallback), good, 200, event.Duplicate, "", nil},
		{"duplicate in flight", event.Options{Store: storeOf(event.Claim{State: event.InUse}, nil)}, returns(nil), good, 503, event.InFlight, event.OpStore, nil},
		{"store failed", event.Options{Store: storeOf(event.Claim{}, errCallback)}, returns(nil), good, 503, event.Unavailable, event.OpStore, errCallback},
		{"store answered nonsense", event.Options{Store: storeOf(event.Claim{}, nil)}, returns(nil), good, 503, event.Unavailable, event.OpStore, nil},
		{"sink failed", event.Options{Sink: sinkOf(errCallback)}, nil, good, 503, event.Unavailable, event.OpSink, errCallback},
		{"RetryAfter", event.Options{}, returns(event.RetryAfter(90*time.Second, errCallback)), good, 503, event.Unavailable, event.OpCallback, errCallback},
		{"callback error", event.Options{}, returns(errCallback), good, 500, event.Failed, event.OpCallback, errCallback},
		{"callback panic", event.Options{}, func(b *bench) {
			event.On(b.Handler, "hired", func(context.Context, *hire) error { panic("ada@example.com") })
		}, good, 500, event.Panicked, event.OpCallback, nil},
		{"callback panics with an ignored error", event.Options{}, func(b *bench) {
			event.On(b.Handler, "hired", func(context.Context, *hire) error { panic(event.Ignore(nil)) })
		}, good, 500, event.Panicked, event.OpCallback, nil},
		{"the body breaks off", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(hireBody[:10]), errReader{}))
			return r
		}, 400, event.Unreadable, event.OpRead, nil},
		{"the body is shorter than declared", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.Body = io.NopCloser(strings.NewReader(hireBody[:10]))
			return r
		}, 401, event.Unverified, event.OpVerify, signature.ErrMismatch},
		{"the body is longer than declared", event.Options{}, nil, func(t *testing.T) *http.Request {
			r := good(t)
			r.ContentLength = 3
			return r
		}, 200, event.Unhandled, "", nil},
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
			checkAnswer(t, w)
			checkError(t, got, tt.op, tt.cause)
		})
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// checkAnswer holds for every answer of an asynchronous vendor.
func checkAnswer(t *testing.T, w *httptest.ResponseRecorder) {
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

func checkError(t *testing.T, got event.Result, op event.Op, cause error) {
	t.Helper()
	if op == "" {
		if got.Err != nil {
			t.Errorf("an error was observed: %v", got.Err)
		}
		return
	}
	e, ok := errors.AsType[*event.Error](got.Err)
	if !ok {
		t.Fatalf("the error is %T, want *event.Error", got.Err)
	}
	if e.Op != op || e.Provider != "acme" {
		t.Errorf("the error is of %s %s, want acme %s", e.Provider, e.Op, op)
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

// TestSynchronousAnswers: a person waits, and only a success is 200.
func TestSynchronousAnswers(t *testing.T) {
	const general = `{"display_message":"It did not work. Please try again."}`
	ask := func(fn func() (any, error)) func(*bench) {
		return func(b *bench) {
			event.OnReply(b.Handler, "hire", func(context.Context, *hire) (any, error) { return fn() })
		}
	}
	fails := func(err error) func(*bench) {
		return func(b *bench) { event.On(b.Handler, "hire", func(context.Context, *hire) error { return err }) }
	}
	refusal := &event.Refusal{Status: 409, DisplayMessage: "The employee is there already.", Details: map[string]any{"code": 7}, Err: errCallback}
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
		{"an answer that its own check refuses", event.Options{}, ask(func() (any, error) { return picky{}, nil }), secret, body, 500, general},
		{"an answer that is no JSON", event.Options{}, ask(func() (any, error) { return func() {}, nil }), secret, body, 500, general},
		{"a refusal", event.Options{}, fails(refusal), secret, body, 409, `{"code":7,"display_message":"The employee is there already."}`},
		{"a permanent refusal", event.Options{}, fails(event.Permanent(refusal)), secret, body, 409, `{"code":7,"display_message":"The employee is there already."}`},
		{"a refusal with a strange status", event.Options{}, fails(&event.Refusal{Status: 200}), secret, body, 422, general},
		{"a refusal with details that are no JSON", event.Options{}, fails(&event.Refusal{DisplayMessage: "No.", Details: map[string]any{"f": func() {}}}), secret, body, 422, `{"display_message":"No."}`},
		{"a detail named as the message", event.Options{}, fails(&event.Refusal{DisplayMessage: "No.", Details: map[string]any{"display_message": "x"}}), secret, body, 422, `{"display_message":"No."}`},
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
		{"completed before", event.Options{Store: storeOf(event.Claim{State: event.Completed}, nil)}, fails(errCallback), secret, body, 200, `{}`},
		{"in flight", event.Options{Store: storeOf(event.Claim{State: event.InUse}, nil)}, fails(nil), secret, body, 503, general},
		{"a question is asked again", event.Options{Store: storeOf(event.Claim{State: event.Completed}, nil)}, ask(func() (any, error) { return 5, nil }), secret, body, 200, `5`},
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
			if tt.status == 501 && !strings.Contains(b.log(), "no callback for this event") {
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

// TestRefusalIsNoFailure: a callback that refuses does its work.
func TestRefusalIsNoFailure(t *testing.T) {
	b := newBench(t, waiting, event.Options{})
	event.On(b.Handler, "hire", func(context.Context, *hire) error {
		return fmt.Errorf("wrapped: %w", &event.Refusal{Status: 409, DisplayMessage: "Ada is there already."})
	})
	w := send(b.Endpoint("hire"), signed(t, waiting, secret, `{"candidate":"c-1","id":"c-1"}`))
	if w.Code != 409 || b.last().Kind != event.Refused || strings.Contains(b.log(), "ERROR") || strings.Contains(b.log(), "Ada") {
		t.Errorf("answered %d, %s; logged %s", w.Code, b.last().Kind, b.log())
	}
}

func TestHandlerThatNeedsAnEndpointRefusesToBeMountedBare(t *testing.T) {
	b := newBench(t, waiting, event.Options{})
	if w := send(b, signed(t, waiting, secret, `{"candidate":"c-1"}`)); w.Code != 500 || b.last().Kind != event.Misconnected {
		t.Errorf("answered %d %s, want 500 %s", w.Code, b.last().Kind, event.Misconnected)
	}
	if !strings.Contains(b.log(), "mount Endpoint") {
		t.Errorf("the log does not say what to do: %s", b.log())
	}
}

// TestRefusalsReadNothing: what can be refused by its header costs no body.
func TestRefusalsReadNothing(t *testing.T) {
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
				t.Errorf("answered %d after %d bytes, want a refusal after none", w.Code, body.n)
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
