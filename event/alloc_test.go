package event_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// quiet is a handler as a service has it, without an observer, that logs nowhere.
func quiet(t *testing.T, opts event.Options) *event.Handler {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	h, err := event.NewHandler(acme, secret, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestAllocations: deterministic counts, beside those of decoding alone.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	request := func(key, body string) *event.Request {
		return &event.Request{Header: signed(t, acme, key, body).Header, Body: []byte(body)}
	}
	good := request(secret, hireBody)
	payload := []byte(`{"id":"c-1","email":"ada@example.com"}`)
	decode := testing.AllocsPerRun(100, func() {
		v := new(hire)
		if json.Unmarshal(payload, v) != nil {
			t.Fatal("the payload does not decode")
		}
		sinkValue = v
	})
	handled := quiet(t, event.Options{})
	event.On(handled, "hired", func(context.Context, *hire) error { return nil })
	known := acme
	known.Types = []string{"hired"}
	unhandled, err := event.NewHandler(known, secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		h    *event.Handler
		r    *event.Request
		want int
		most float64
	}{
		{"a type without callback", unhandled, good, 200, 0},
		{"a callback, over decoding", handled, good, 200, decode + 3},
	} {
		got := testing.AllocsPerRun(100, func() {
			if reply := tt.h.Handle(t.Context(), tt.r); reply.Status != tt.want {
				t.Fatalf("%s: answered %d", tt.name, reply.Status)
			}
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.most)
		}
	}
}

var sinkValue any

// TestRejectionAllocates: over HTTP. A bad signature costs the buffer that the
// body was read into, and nothing else.
func TestRejectionAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	h := quiet(t, event.Options{})
	missing := signed(t, acme, secret, hireBody)
	missing.Header.Del("X-Acme-Signature")
	malformed := signed(t, acme, secret, hireBody)
	malformed.Header.Set("X-Acme-Signature", "zz")
	oversize := signed(t, acme, secret, hireBody)
	oversize.ContentLength = 1 << 30
	bad := signed(t, acme, "another", hireBody)
	plain := []byte(hireBody)
	body := bytes.NewReader(plain)
	bad.Body = io.NopCloser(body)
	for _, tt := range []struct {
		name   string
		r      *http.Request
		status int
	}{
		{"missing", missing, 401}, {"malformed", malformed, 401}, {"declared oversize", oversize, 413}, {"bad signature", bad, 401},
	} {
		w := &nowhere{header: http.Header{}}
		got := testing.AllocsPerRun(100, func() {
			body.Reset(plain)
			h.ServeHTTP(w, tt.r)
		})
		if got > 1 || w.status != tt.status {
			t.Errorf("%s: answered %d after %v allocations, want %d after at most one", tt.name, w.status, got, tt.status)
		}
	}
}

// nowhere is a ResponseWriter that allocates nothing.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
func (n *nowhere) Write(p []byte) (int, error) { return io.Discard.Write(p) }

func (n *nowhere) WriteString(s string) (int, error) { return len(s), nil }
