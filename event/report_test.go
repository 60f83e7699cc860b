package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// TestFloodOfRefusalsIsNotAFloodOfLogLines: anyone can cause refusals.
func TestFloodOfRefusalsIsNotAFloodOfLogLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, acme, event.Options{})
		for range 100 {
			send(b, signed(t, acme, "another", hireBody))
		}
		if n := strings.Count(b.log(), "\n"); n != 1 {
			t.Errorf("%d lines for 100 refusals at once, want 1", n)
		}
		time.Sleep(10 * time.Second)
		send(b, signed(t, acme, "another", hireBody))
		lines := strings.Split(strings.TrimSpace(b.log()), "\n")
		var last map[string]any
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			t.Fatal(err)
		}
		if len(lines) != 2 || last["refusals_not_logged"] != 99.0 || last["level"] != "WARN" || !strings.Contains(fmt.Sprint(last["expected"]), "X-Acme-Signature") {
			t.Errorf("after ten seconds: %v", lines)
		}
	})
}

func TestDiagnosisIsOffUnlessAskedForAndSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		off := newBench(t, acme, event.Options{})
		send(off, signed(t, acme, secret+"\n", hireBody))
		if off.last().Diagnosis.Reason != "" || strings.Contains(off.log(), "diagnosis") {
			t.Errorf("diagnosed without being asked: %+v", off.last().Diagnosis)
		}
		b := newBench(t, acme, event.Options{Diagnose: true, PreviousSecrets: []string{previous}})
		other := acme
		other.Scheme.Header = "X-Other-Signature"
		for _, tt := range []struct {
			name string
			r    *http.Request
			wait time.Duration
			want signature.Reason
		}{
			{"a header of another name", signed(t, other, secret, hireBody), time.Second, signature.ReasonOtherHeader},
			{"a body that was encoded again", func() *http.Request {
				r := signed(t, acme, secret, `{"id": "ev-1"}`)
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"id":"ev-1"}`)), -1
				return r
			}(), time.Second, signature.ReasonBodyReencoded},
			{"at once after another", signed(t, acme, "another", hireBody), 0, ""},
			{"another secret", signed(t, acme, "another", hireBody), time.Second, signature.ReasonUnknown},
		} {
			time.Sleep(tt.wait)
			w := send(b, tt.r)
			if got := b.last().Diagnosis; w.Code != 401 || got.Reason != tt.want {
				t.Errorf("%s: answered %d, diagnosis %q, want %q", tt.name, w.Code, got, tt.want)
			}
		}
		if log := b.log(); strings.Count(log, "diagnosis") != 3 || strings.Contains(log, secret) {
			t.Errorf("logged %s", log)
		}
		tenants := newBench(t, acme, event.Options{Diagnose: true, Secrets: func(context.Context, string) ([]string, error) {
			return []string{secret + "\n"}, nil
		}})
		send(tenants, signed(t, acme, secret, hireBody))
		if got := tenants.last().Diagnosis.Reason; got != signature.ReasonSecretSpace {
			t.Errorf("a secret with a newline from Secrets: %q", got)
		}
	})
}

func TestFailuresAreLoggedEachWithTheirStack(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	event.On(b.Handler, "hired", func(context.Context, *hire) error { panic("ada@example.com") })
	send(b, signed(t, acme, secret, hireBody))
	send(b, signed(t, acme, secret, hireBody))
	log := b.log()
	if strings.Count(log, `"level":"ERROR"`) != 2 || !strings.Contains(log, "report_test.go") || strings.Contains(log, "ada@") {
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
	lenient.Scheme = signature.HMAC{HeaderWord: "signature", OtherPrefixes: []string{"sha256="}, Encoding: signature.Hex | signature.Base64}
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

func TestErrorTextNamesProviderEventAndCause(t *testing.T) {
	err := &event.Error{Provider: "kombo", Type: "data-changed", ID: "ev-1", Op: event.OpCallback, Err: errCallback}
	if got, want := err.Error(), "kombo data-changed ev-1: callback: the database is down"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&event.Error{Provider: "kombo", Op: event.OpVerify, Err: errCallback}).Error(), "kombo: verify: the database is down"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		want  event.Disposition
		after time.Duration
		text  string
	}{
		{"nil", nil, event.Done, 0, ""},
		{"an error", errCallback, event.Retry, 0, "the database is down"},
		{"permanent", event.Permanent(errCallback), event.Drop, 0, "the database is down"},
		{"permanent nil", event.Permanent(nil), event.Done, 0, ""},
		{"ignored", event.Ignore(errCallback), event.Done, 0, "the database is down"},
		{"ignored without a reason", event.Ignore(nil), event.Done, 0, "ignored"},
		{"later", event.RetryAfter(time.Second, errCallback), event.Retry, time.Second, "the database is down"},
		{"later without a reason", event.RetryAfter(-1, nil), event.Retry, 0, "not ready"},
		{"wrapped", fmt.Errorf("x: %w", event.Permanent(errCallback)), event.Drop, 0, "x: the database is down"},
		{"a refusal", &event.Refusal{Status: 409, DisplayMessage: "Ada is there", Err: errCallback}, event.Retry, 0, "refused: the database is down"},
		{"a refusal without a cause", &event.Refusal{DisplayMessage: "Ada is there"}, event.Retry, 0, "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, after := event.Outcome(tt.err)
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
	if got := fmt.Sprint(event.Done, event.Retry, event.Drop); got != "done retry drop" {
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
