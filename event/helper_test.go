package event_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

const (
	secret   = "sk_test_2b7e151628aed2a6"
	previous = "sk_test_previous_abf7158809"
)

// Providers of the kinds that there are.
var (
	acme = event.Provider{
		Name:     "acme",
		Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, OccurredAt: []string{"at"}, Payload: []string{"data"}},
	}
	stamped = event.Provider{
		Name:     "stamped",
		Scheme:   signature.HMAC{Header: "X-Signature", TimestampHeader: "X-Timestamp"},
		Envelope: event.Envelope{Type: []string{"event"}, Payload: []string{"data"}, TypeHeader: "X-Event"},
	}
	partial = event.Provider{
		Name:     "partial",
		Scheme:   signature.HMAC{Header: "X-Auth", Member: "data"},
		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
	}
	waiting = event.Provider{
		Name:        "waiting",
		Scheme:      signature.HMAC{Header: "Signature", Prefix: "sha256 "},
		Envelope:    event.Envelope{ID: []string{"candidate"}},
		Synchronous: true, MessageMember: "display_message", DefaultMessage: "It did not work. Please try again.",
	}
)

// bodySigned signs inside the body: the payload is what is signed, in a member
// beside its MAC.
var bodySigned = event.Provider{
	Name:     "body-signed",
	Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
	Verify: func(secret string, r *event.Request, _ time.Time, _ time.Duration) ([]byte, error) {
		var body struct {
			Signed string
			MAC    []byte
		}
		if json.Unmarshal(r.Body, &body) != nil || body.MAC == nil {
			return nil, signature.ErrMissing
		}
		if !hmac.Equal(body.MAC, macOf(secret, body.Signed)) {
			return nil, signature.ErrMismatch
		}
		return []byte(body.Signed), nil
	},
	Sign: func(secret string, r *event.Request, _ time.Time) (err error) {
		r.Body, err = json.Marshal(map[string]any{"signed": string(r.Body), "mac": macOf(secret, string(r.Body))})
		return err
	},
}

func macOf(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// hire is a payload with an id that a callback cannot do without.
type hire struct {
	ID    string     `json:"id" validate:"required"`
	Email string     `json:"email" validate:"omitempty,email"`
	At    *time.Time `json:"at"`
	Inner struct {
		N int `json:"n"`
	} `json:"inner"`
}

const hireBody = `{"id":"ev-1","type":"hired","at":"2026-11-21T10:00:00+01:00","data":{"id":"c-1","email":"ada@example.com"}}`

// bench is a handler with what it reports.
type bench struct {
	*event.Handler
	t       *testing.T
	mu      sync.Mutex
	results []event.Result
	logged  bytes.Buffer
}

func newBench(t *testing.T, p event.Provider, opts event.Options) *bench {
	t.Helper()
	b := &bench{t: t}
	opts.Logger = b.logger()
	observe := opts.Observe
	opts.Observe = func(ctx context.Context, r event.Result) {
		b.mu.Lock()
		b.results = append(b.results, r)
		b.mu.Unlock()
		if observe != nil {
			observe(ctx, r)
		}
	}
	key := secret
	if opts.Secrets != nil {
		key = ""
	}
	h, err := event.NewHandler(p, key, &opts)
	if err != nil {
		t.Fatal(err)
	}
	b.Handler = h
	return b
}

// logger logs to the bench.
func (b *bench) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(&lockedWriter{mu: &b.mu, w: &b.logged}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// last is what the observer saw last.
func (b *bench) last() event.Result {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.results) == 0 {
		b.t.Fatal("nothing was observed")
	}
	return b.results[len(b.results)-1]
}

func (b *bench) log() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logged.String()
}

// signed is a request with that body, signed with the secret by the scheme alone.
func signed(t *testing.T, p event.Provider, key, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/hooks", bytes.NewReader([]byte(body)))
	if err := p.Scheme.New([]byte(key)).Sign(r.Header, []byte(body), time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}

// send serves r and returns the response.
func send(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
