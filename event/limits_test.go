package event_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// trickle gives what it has in small pieces, and then waits.
type trickle struct {
	text  string
	ended chan struct{} // closed when all was read
	hold  chan struct{}
	once  sync.Once
}

func (s *trickle) Read(p []byte) (int, error) {
	if s.text == "" {
		s.once.Do(func() { close(s.ended) })
		<-s.hold
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p[:min(len(p), 700)], s.text)
	s.text = s.text[n:]
	return n, nil
}

// TestSlowSendersHoldLittle: what a sender that declares a megabyte makes the
// handler hold is at most twice what it has sent, and 64 KiB.
func TestSlowSendersHoldLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps more")
	}
	const senders = 40
	h := quiet(t, event.Options{})
	header := signed(t, acme, secret, "{}").Header
	for _, sent := range []int{1, 513, 4161, 64<<10 + 1, 300 << 10} {
		for _, declared := range []int64{-1, 1 << 20} {
			before := liveHeap()
			hold := make(chan struct{})
			var wg sync.WaitGroup
			for range senders {
				body := &trickle{text: strings.Repeat("x", sent), ended: make(chan struct{}), hold: hold}
				r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(body))
				r.Header, r.ContentLength = header, declared
				wg.Go(func() { h.ServeHTTP(&nowhere{header: http.Header{}}, r) })
				<-body.ended
			}
			held := (liveHeap() - before) / senders
			close(hold)
			wg.Wait()
			// The text itself is one more; a goroutine and its request are some.
			if most := int64(3*sent + 64<<10 + 24<<10); held > most {
				t.Errorf("%d bytes of %d declared: %d are held, want at most %d", sent, declared, held, most)
			}
		}
	}
}

// TestHugeLimitIsNotQuadratic: the largest limit there is must not overflow to
// one byte more at a time.
func TestHugeLimitIsNotQuadratic(t *testing.T) {
	h := quiet(t, event.Options{MaxBody: math.MaxInt64})
	body := `{"type":"x","data":"` + strings.Repeat("x", 128<<10) + `"}`
	r := signed(t, acme, secret, body)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if w := send(h, r); w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d bytes were allocated for a body of %d", got, len(body))
	}
}

// TestOddRequestsAndWaits give responses, not panics.
func TestOddRequestsAndWaits(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	r := signed(t, acme, secret, hireBody)
	r.Body = nil // as http.NewRequest makes it
	if w := send(b, r); w.Code != 400 || b.last().Kind != event.KindUnreadable {
		t.Errorf("without a body: answered %d, %s", w.Code, b.last().Kind)
	}
	event.On(b, "hired", func(context.Context, *hire) error { return event.RetryAfter(math.MaxInt64, nil) })
	if got := send(b, signed(t, acme, secret, hireBody)).Header().Get("Retry-After"); got != "31536000" {
		t.Errorf("Retry-After is %q, want a year's seconds", got)
	}
	p := newBench(t, acme, event.Options{})
	event.On(p, "hired", func(context.Context, *hire) error {
		count(nil)
		return nil
	})
	send(p, signed(t, acme, secret, hireBody))
	if log := p.log(); !strings.Contains(log, "assignment to entry in nil map") || !strings.Contains(log, "limits_test.go") {
		t.Errorf("the cause of the panic and its place are not logged: %s", log)
	}
}

type brokenError struct{ text *string }

func (e *brokenError) Error() string { return *e.text }

// TestErrorThatPanicsIsObserved: a typed nil, for example.
func TestErrorThatPanicsIsObserved(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	event.On(b, "hired", func(context.Context, *hire) error { return new(brokenError) })
	if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 500 || b.last().Kind != event.KindFailed {
		t.Errorf("answered %d, %s", w.Code, b.last().Kind)
	}
	if text := b.last().Err.Error(); !strings.Contains(text, "Error method panics") {
		t.Errorf("the error is %q", text)
	}
}

// TestNamesOfTenantsThatNobodyHas are not looked up, and failures of the look-up
// are logged as seldom as rejections, with names cut: strangers choose them.
func TestNamesOfTenantsThatNobodyHas(t *testing.T) {
	var asked atomic.Int64
	b := newBench(t, acme, event.Options{
		Tenant: func(r *http.Request) string { return r.Header.Get("X-Tenant") },
		Secrets: func(context.Context, string) ([]string, error) {
			asked.Add(1)
			return nil, errors.New("the database is down")
		},
	})
	status := func(tenant string) int {
		r := signed(t, acme, secret, hireBody)
		r.Header["X-Tenant"] = []string{tenant}
		return send(b, r).Code
	}
	for _, tenant := range []string{"a\x00b", "a\nb", "\xff", strings.Repeat("x", 257)} {
		if got := status(tenant); got != 401 || asked.Load() != 0 {
			t.Errorf("%.10q: answered %d after %d look-ups, want 401 after none", tenant, got, asked.Load())
		}
	}
	for range 50 {
		if got := status(strings.Repeat("y", 250)); got != 503 {
			t.Errorf("a look-up that fails: answered %d", got)
		}
	}
	if log := b.log(); strings.Count(log, "\n") > 2 || strings.Contains(log, strings.Repeat("y", 100)) || strings.Contains(log, strings.Repeat("x", 100)) {
		t.Errorf("logged %s", log)
	}
}

// TestOneDiagnosisAtATime: each may hold hundreds of megabytes.
func TestOneDiagnosisAtATime(t *testing.T) {
	var running, most, all atomic.Int64
	b := newBench(t, acme, event.Options{Diagnose: func(signature.HMAC, http.Header, []byte, time.Time, time.Duration, ...[]byte) string {
		all.Add(1)
		n := running.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		running.Add(-1)
		return "why"
	}})
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() { send(b, signed(t, acme, "another", hireBody)) })
	}
	wg.Wait()
	if most.Load() != 1 || all.Load() != 1 {
		t.Errorf("%d diagnoses, %d at once; want one", all.Load(), most.Load())
	}
}

// TestWindowIsJudgedWhenTheBodyIsThere: a body that takes hours must not keep an
// old signature good.
func TestWindowIsJudgedWhenTheBodyIsThere(t *testing.T) {
	h := newBench(t, stamped, event.Options{Tolerance: 50 * time.Millisecond})
	const body = `{"event":"x"}`
	r := signed(t, stamped, secret, body)
	scheme := stamped.Scheme
	if err := scheme.New([]byte(secret)).Sign(r.Header, []byte(body), time.Now().Add(time.Second).Truncate(time.Second)); err != nil {
		t.Fatal(err)
	}
	// The stamp is in whole seconds, so wait until it is now.
	at, _ := signature.ParseTimestamp(r.Header.Get("X-Timestamp"))
	time.Sleep(time.Until(at))
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:5]), pause(200*time.Millisecond), strings.NewReader(body[5:])))
	if w := send(h, r); w.Code != 401 || !errors.Is(h.last().Err, signature.ErrExpired) {
		t.Errorf("answered %d, %v; want 401 for a body that came too late", w.Code, h.last().Err)
	}
}

// pause is a reader that takes its time and has nothing.
type pause time.Duration

func (p pause) Read([]byte) (int, error) {
	time.Sleep(time.Duration(p))
	return 0, io.EOF
}

func count(seen map[string]int) { seen["x"]++ }
