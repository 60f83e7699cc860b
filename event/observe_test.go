package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// TestFloodOfRejectionsIsNotAFloodOfLogLines: anyone can cause rejections.
func TestFloodOfRejectionsIsNotAFloodOfLogLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, acme, event.Options{})
		for range 100 {
			send(b, signed(t, acme, "another", hireBody))
		}
		if n := strings.Count(b.log(), "\n"); n != 1 {
			t.Errorf("%d lines for 100 rejections at once, want 1", n)
		}
		time.Sleep(10 * time.Second)
		send(b, signed(t, acme, "another", hireBody))
		lines := strings.Split(strings.TrimSpace(b.log()), "\n")
		var last map[string]any
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			t.Fatal(err)
		}
		if len(lines) != 2 || last["rejections_not_logged"] != 99.0 || last["level"] != "WARN" || !strings.Contains(fmt.Sprint(last["expected"]), "X-Acme-Signature") {
			t.Errorf("after ten seconds: %v", lines)
		}
	})
}

// TestDiagnosisIsOffUnlessAskedForAndSeldom: it takes a thousand times as long
// as a rejection.
func TestDiagnosisIsOffUnlessAskedForAndSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		diagnose := func(s signature.HMAC, h http.Header, body []byte, now time.Time, tolerance time.Duration, secrets ...[]byte) string {
			got = append(got, fmt.Sprintf("%s|%s|%s|%d|%v|%q", s.Header, h.Get(s.Header), body, time.Until(now), tolerance, secrets))
			return "the reason"
		}
		b := newBench(t, stamped, event.Options{Diagnose: diagnose, PreviousSecrets: []string{previous}, Tolerance: time.Hour})
		bad := func() *http.Request {
			r := signed(t, stamped, secret, `{"event":"x"}`)
			r.Header.Set("X-Signature", "bad")
			return r
		}
		for _, tt := range []struct {
			name string
			wait time.Duration
			want string
		}{{"the first", 0, "the reason"}, {"at once after another", 0, ""}, {"a second later", time.Second, "the reason"}} {
			time.Sleep(tt.wait)
			if w := send(b, bad()); w.Code != 401 || b.last().Diagnosis != tt.want {
				t.Errorf("%s: answered %d, diagnosis %q, want %q", tt.name, w.Code, b.last().Diagnosis, tt.want)
			}
		}
		send(b, signed(t, stamped, secret, `{"event":"x"}`))
		want := fmt.Sprintf(`X-Signature|bad|{"event":"x"}|0|1h0m0s|[%q %q]`, secret, previous)
		if diff := cmp.Diff([]string{want, want}, got); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
		if n := strings.Count(b.log(), `"diagnosis":"the reason"`); n != 2 || strings.Count(b.log(), "was rejected") != 2 || strings.Count(b.log(), `"rejections_not_logged":1,`) != 1 {
			t.Errorf("%d diagnoses are logged, want 2, one request left out, and no other line about one: %s", n, b.log())
		}
		got = nil
		tenants := newBench(t, acme, event.Options{Diagnose: diagnose, Secrets: func(context.Context, string) ([]string, error) {
			return []string{secret + "\n"}, nil
		}})
		send(tenants, signed(t, acme, secret, hireBody))
		if len(got) != 1 || !strings.Contains(got[0], `\n`) {
			t.Errorf("a secret that must not be used is not diagnosed: %q", got)
		}
		off := newBench(t, acme, event.Options{})
		send(off, signed(t, acme, "another", hireBody))
		if off.last().Diagnosis != "" || strings.Contains(off.log(), "diagnosis") {
			t.Errorf("diagnosed without being asked: %q", off.last().Diagnosis)
		}
	})
}

func TestFailuresAreLoggedEachWithTheirStack(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	event.On(b.Handler, "hired", func(context.Context, *hire) error { panic("ada@example.com") })
	send(b, signed(t, acme, secret, hireBody))
	send(b, signed(t, acme, secret, hireBody))
	log := b.log()
	if strings.Count(log, `"level":"ERROR"`) != 2 || !strings.Contains(log, "observe_test.go") || strings.Contains(log, "ada@") {
		t.Errorf("logged %s", log)
	}
	p, ok := errors.AsType[*event.PanicError](b.last().Err)
	if !ok || p.Value != "ada@example.com" || !strings.Contains(string(p.Stack), "TestFailuresAreLogged") {
		t.Errorf("observed %v", b.last().Err)
	}
}

func TestSuccessIsNotLogged(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	returns(nil)(b)
	send(b, signed(t, acme, secret, hireBody))
	if b.log() != "" {
		t.Errorf("logged %s", b.log())
	}
}

// TestSpellingIsReportedOnce, and only of a scheme that leaves it open.
func TestSpellingIsReportedOnce(t *testing.T) {
	lenient := acme
	lenient.Scheme = signature.HMAC{Header: "X-Hire-Signature", OtherPrefixes: []string{"sha256="}, Encoding: signature.Hex | signature.Base64}
	b := newBench(t, lenient, event.Options{})
	exact := signature.HMAC{Header: "X-Hire-Signature", Prefix: "sha256=", Encoding: signature.Base64}
	for range 3 {
		r := signed(t, event.Provider{Scheme: exact}, secret, hireBody)
		if w := send(b, r); w.Code != 200 {
			t.Fatalf("answered %d: %v", w.Code, b.last().Err)
		}
	}
	if log := b.log(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `header X-Hire-Signature, prefix \"sha256=\", HMAC-SHA-256 in base64`) {
		t.Errorf("logged %s", log)
	}
	send(b, signed(t, event.Provider{Scheme: exact}, "another", hireBody))
	if !strings.Contains(b.log(), "examples/inspect") {
		t.Errorf("the log does not name the tool that finds the scheme: %s", b.log())
	}
}

func TestLoggerIsTheDefaultOne(t *testing.T) {
	var out strings.Builder
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	defer slog.SetDefault(old)
	h, err := event.NewHandler(acme, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	event.On(h, "hired", func(context.Context, *hire) error { return errCallback })
	send(h, signed(t, acme, secret, hireBody))
	if !strings.Contains(out.String(), "the database is down") {
		t.Errorf("logged %q", out.String())
	}
}

func TestErrorTextNamesHandlerEventAndCause(t *testing.T) {
	err := &event.Error{Handler: "kombo", Type: "data-changed", ID: "ev-1", Kind: event.KindFailed, Err: errCallback}
	if got, want := err.Error(), "kombo data-changed ev-1: the callback failed: the database is down"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&event.Error{Handler: "kombo", Kind: event.KindUnverified, Err: errCallback}).Error(), "kombo: the database is down"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVerdictOf(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		want  event.Verdict
		after time.Duration
		text  string
	}{
		{"nil", nil, event.VerdictDone, 0, ""},
		{"an error", errCallback, event.VerdictRetry, 0, "the database is down"},
		{"permanent", event.Permanent(errCallback), event.VerdictDrop, 0, "the database is down"},
		{"permanent nil", event.Permanent(nil), event.VerdictDone, 0, ""},
		{"ignored", event.Ignore(errCallback), event.VerdictDone, 0, "the database is down"},
		{"ignored without a reason", event.Ignore(nil), event.VerdictDone, 0, "ignored"},
		{"later", event.RetryAfter(time.Second, errCallback), event.VerdictRetry, time.Second, "the database is down"},
		{"later without a reason", event.RetryAfter(-1, nil), event.VerdictRetry, 0, "not ready"},
		{"wrapped", fmt.Errorf("x: %w", event.Permanent(errCallback)), event.VerdictDrop, 0, "x: the database is down"},
		{"a rejection", &event.Rejection{Status: 409, Message: "Ada is there", Err: errCallback}, event.VerdictRetry, 0, "rejected by the callback: the database is down"},
		{"a rejection without a cause", &event.Rejection{Message: "Ada is there"}, event.VerdictRetry, 0, "rejected by the callback"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, after := event.VerdictOf(tt.err)
			if got != tt.want || after != tt.after {
				t.Errorf("%v after %v, want %v after %v", got, after, tt.want, tt.after)
			}
			if tt.err != nil && tt.err.Error() != tt.text {
				t.Errorf("text %q, want %q", tt.err, tt.text)
			}
			if tt.err != nil && !strings.Contains(tt.name, "without") && !errors.Is(tt.err, errCallback) {
				t.Error("the cause is lost")
			}
		})
	}
	if got := fmt.Sprint(event.VerdictDone, event.VerdictRetry, event.VerdictDrop); got != "done retry drop" {
		t.Error(got)
	}
}

// TestProviderIsWhatItWasMadeFor: for tools that sign on a vendor's behalf.
func TestProviderIsWhatItWasMadeFor(t *testing.T) {
	b := newBench(t, acme, event.Options{Name: "acme-eu"})
	if b.Name() != "acme-eu" || b.Provider().Name != "acme" || b.Provider().Scheme.Header != "X-Acme-Signature" {
		t.Errorf("%s %+v", b.Name(), b.Provider())
	}
}

func TestAnswerOfAHeadRequestToTheDocs(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	r := signed(t, acme, secret, hireBody)
	r.Method = http.MethodHead
	if w := send(b, r); w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("answered %d", w.Code)
	}
}

// TestKnownTypeIsBounded: metrics are labelled with it, and a signed sender
// chooses the type.
func TestKnownTypeIsBounded(t *testing.T) {
	p := acme
	p.Types = []string{"hired", "left"}
	p.Aliases = map[string]string{"gone": "left"}
	p.TypeName = strings.ToLower
	open := acme // names no types
	for _, tt := range []struct {
		provider   event.Provider
		typ, known string
	}{
		{p, "hired", "hired"},
		{p, "HiReD", "hired"},
		{p, "gone", "left"},
		{p, "LEFT", "left"},
		{p, "mine", "mine"}, // has a callback
		{p, "MINE", "mine"},
		{p, "other", ""},
		{open, "mine", "mine"},
		{open, "other", ""},
	} {
		b := newBench(t, tt.provider, event.Options{})
		event.On(b, "mine", func(context.Context, *hire) error { return nil })
		send(b, signed(t, tt.provider, secret, strings.Replace(hireBody, `"hired"`, `"`+tt.typ+`"`, 1)))
		if r := b.last(); r.Type != tt.typ || r.KnownType != tt.known {
			t.Errorf("type %q is known as %q, want %q and %q", r.Type, r.KnownType, tt.typ, tt.known)
		}
	}
	b := newBench(t, acme, event.Options{})
	send(b, signed(t, acme, "another", hireBody))
	if r := b.last(); r.KnownType != "" {
		t.Errorf("the type of a delivery that was not verified is known as %q", r.KnownType)
	}
}
