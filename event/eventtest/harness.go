package eventtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// tester is what checks report to: a test, or a list of findings in this
// package's own tests, which need to see checks fail.
type tester interface {
	testing.TB
	Run(name string, f func(tester))
	Parallel()
}

// onTest is a tester that is a test.
type onTest struct{ *testing.T }

func (t onTest) Run(name string, f func(tester)) {
	t.T.Helper()
	t.T.Run(name, func(t *testing.T) { f(onTest{t}) })
}

// What the suites for engines send: deliveries of a provider of their own.
const (
	testSecret = "eventtest-secret-Rk4vQ9"
	testType   = "eventtest.happened"
)

var testProvider = event.Provider{
	Name:     "eventtest",
	Scheme:   signature.HMAC{Header: "X-Eventtest-Signature"},
	Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
}

// newTestHandler makes a handler for deliveries of testProvider.
func newTestHandler(t testing.TB, opts *event.Options) *event.Handler {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := event.NewHandler(testProvider, testSecret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// testBody is the body of a delivery of testType.
func testBody(id string, payload any) []byte {
	b, err := json.Marshal(map[string]any{"id": id, "type": testType, "data": payload})
	if err != nil {
		panic("eventtest: " + err.Error())
	}
	return b
}

// testRequest makes a signed delivery for h.
func testRequest(t testing.TB, h *event.Handler, body []byte) *event.Request {
	r := &event.Request{Body: body}
	if err := h.Sign(t.Context(), r); err != nil {
		panic("eventtest: " + err.Error())
	}
	return r
}

// testKey is a key as [event.Delivery.Key] makes them.
func testKey(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// lockedBuffer is a log in memory, safe for concurrent use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
