package eventtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// tester is what checks report to: a test, or a list in this package's own
// tests, which need to see checks fail.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Run(name string, f func(tester))
}

// onTest is a tester that is a test.
type onTest struct{ *testing.T }

func (t onTest) Run(name string, f func(tester)) {
	t.T.Helper()
	t.T.Run(name, func(t *testing.T) { f(onTest{t}) })
}

// callback is an event's callback with its type taken off.
type callback func(ctx context.Context, payload any) error

func succeed(context.Context, any) error { return nil }

// line is one event of a conformance test.
type line struct {
	typ      string
	payload  reflect.Type
	reply    bool // its callback's result is the answer
	register func(h Receiver, fn callback)
}

// trial is one handler with one callback, and all that it was heard to say.
type trial struct {
	Receiver
	provider event.Provider

	mu      sync.Mutex
	log     bytes.Buffer
	results []event.Result
	calls   []call
	invalid int
}

// call is one run of the callback.
type call struct {
	payload  any
	delivery *event.Delivery
	ended    bool // its context had ended
}

// answer is what a receiver answered.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of Handle
}

// Write collects the log.
func (tr *trial) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.log.Write(p)
}

// logger logs to the trial, everything, as JSON.
func (tr *trial) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(tr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// observe collects a result.
func (tr *trial) observe(_ context.Context, r event.Result) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.results = append(tr.results, r)
}

// wrap records the runs of fn.
func (tr *trial) wrap(fn callback) callback {
	return func(ctx context.Context, payload any) error {
		d, _ := event.FromContext(ctx)
		tr.mu.Lock()
		tr.calls = append(tr.calls, call{payload, d, ctx.Err() != nil})
		tr.mu.Unlock()
		return fn(ctx, payload)
	}
}

// last is the result of the latest delivery.
func (tr *trial) last() event.Result {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.results) == 0 {
		return event.Result{}
	}
	return tr.results[len(tr.results)-1]
}

// said is everything that the handler said to its own side: the log, the
// errors, the observer.
func (tr *trial) said() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var b strings.Builder
	b.Write(tr.log.Bytes())
	for _, r := range tr.results {
		fmt.Fprintf(&b, "%v\n%v\n", r.Err, r.Warning)
	}
	return b.String()
}

// reset forgets what was said and who was called.
func (tr *trial) reset() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.log.Reset()
	tr.results, tr.calls, tr.invalid = nil, nil, 0
}

// runs is how often the callback ran.
func (tr *trial) runs() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return len(tr.calls)
}

// delivery is the one that the first callback found in its context; one with
// nothing in it if it found none.
func (tr *trial) delivery() *event.Delivery {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.calls) == 0 || tr.calls[0].delivery == nil {
		return new(event.Delivery)
	}
	return tr.calls[0].delivery
}

// mounted is the http.Handler for deliveries of a type.
func (tr *trial) mounted(typ string) http.Handler {
	if len(tr.provider.Envelope.Type) == 0 {
		return tr.Endpoint(typ)
	}
	return tr.Receiver
}

// serve sends s over HTTP, but for the wire.
func (tr *trial) serve(s *shot) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{body: fmt.Sprintf("ServeHTTP panicked: %v", p)}
		}
	}()
	w := httptest.NewRecorder()
	tr.mounted(s.typ).ServeHTTP(w, s.request("/"+s.typ))
	return answer{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// handle gives s to Handle.
func (tr *trial) handle(s *shot) answer {
	r := tr.Handle(s.ctx, s.plain())
	return answer{status: r.Status, header: r.Header, body: string(r.Body), err: r.Err}
}

// statusOf is the table of answers, once more: it must not change unnoticed.
func statusOf(k event.Kind, synchronous bool) int {
	switch k {
	case event.Handled, event.Duplicate:
		return http.StatusOK
	case event.Ignored, event.Dropped, event.SetAside:
		if synchronous {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	case event.Unhandled:
		if synchronous {
			return http.StatusNotImplemented
		}
		return http.StatusOK
	case event.Stored:
		return http.StatusOK
	case event.BadMethod:
		return http.StatusMethodNotAllowed
	case event.TooLarge:
		return http.StatusRequestEntityTooLarge
	case event.Unverified:
		return http.StatusUnauthorized
	case event.Unreadable:
		return http.StatusBadRequest
	case event.Undecodable:
		if synchronous {
			return http.StatusUnprocessableEntity
		}
		return http.StatusInternalServerError
	case event.InFlight, event.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// checkForm checks what every answer must look like.
func (a answer) checkForm(t tester, p event.Provider) {
	t.Helper()
	switch {
	case a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") != http.MethodPost:
		t.Errorf("405 without the header Allow: POST, got %q", a.header.Get("Allow"))
	case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "":
		t.Errorf("503 without the header Retry-After: the sender is to try again, and cannot know when")
	}
	if p.Synchronous == nil {
		want := http.StatusText(a.status)
		if a.status == http.StatusOK {
			want = ""
		}
		if a.body != want {
			t.Errorf("the answer's body is %q, want %q: a sender needs no more than the status", a.body, want)
		}
		return
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("the answer's Content-Type is %q, want application/json: the vendor shows the answer to a person", got)
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(a.body), &object); err != nil {
		t.Errorf("the answer is no JSON object: the vendor shows it to a person; got %q", a.body)
		return
	}
	if message, _ := object[p.Synchronous.Message].(string); a.status != http.StatusOK && message == "" {
		t.Errorf("the answer %d has no message in %q: the person who waits would learn nothing; got %s", a.status, p.Synchronous.Message, a.body)
	}
}
