package event_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

func TestNewHandlerRejects(t *testing.T) {
	secrets := func(context.Context, string) ([]string, error) { return nil, nil }
	for _, tt := range []struct {
		name   string
		p      event.Provider
		secret string
		opts   *event.Options
		want   string
	}{
		{"an empty secret", acme, "", nil, "environment variable"},
		{"a blank secret", acme, " \t", nil, "blank"},
		{"a newline behind the secret", acme, "abc\n", nil, "trim"},
		{"a blank before the secret", acme, " abc", nil, "trim"},
		{"an empty previous secret", acme, "abc", &event.Options{PreviousSecrets: []string{""}}, "PreviousSecrets[0]"},
		{"a newline behind a previous secret", acme, "abc", &event.Options{PreviousSecrets: []string{"x", "y\r\n"}}, "PreviousSecrets[1]"},
		{"a secret and Secrets", acme, "abc", &event.Options{Secrets: secrets}, "Secrets"},
		{"previous secrets and Secrets", acme, "", &event.Options{Secrets: secrets, PreviousSecrets: []string{"x"}}, "Secrets"},
		{"a negative limit", acme, "abc", &event.Options{MaxBody: -1}, "MaxBody"},
		{"a negative tolerance", acme, "abc", &event.Options{Tolerance: -1}, "Tolerance"},
		{"a negative timeout", acme, "abc", &event.Options{StorageTimeout: -1}, "StorageTimeout"},
		{"a tolerance where no time is signed", acme, "abc", &event.Options{Tolerance: time.Hour}, "Tolerance"},
		{"a NUL for a secret", acme, "\x00", nil, "control character"},
		{"a NUL behind the secret", acme, "abc\x00", nil, "control character"},
		{"a newline inside the secret", acme, "abc\ndef", nil, "control character"},
		{"a byte order mark before the secret", acme, "\ufeffabc", nil, "trim"},
		{"a zero-width space behind the secret", acme, "abc\u200b", nil, "trim"},
		{"a store and an inbox", acme, "abc", &event.Options{Store: event.NewMemoryStore(nil), Inbox: inboxOf(nil)}, "exclude"},
		{"an inbox for a provider that waits", waiting, "abc", &event.Options{Inbox: inboxOf(nil)}, "Inbox"},
		{"a name with a newline", acme, "abc", &event.Options{Name: "a\nb"}, "Name"},
		{"a provider without a name", event.Provider{Scheme: acme.Scheme}, "abc", nil, "no name"},
		{"a provider without a header", event.Provider{Name: "x"}, "abc", nil, "no header"},
		{"a provider with an unknown hash", event.Provider{Name: "x", Scheme: signature.HMAC{Header: "X", Hash: 99}}, "abc", nil, "hash"},
		{"a provider with an unknown encoding", event.Provider{Name: "x", Scheme: signature.HMAC{Header: "X", Encoding: 128}}, "abc", nil, "encoding"},
		{"a provider whose payload is not what is signed", event.Provider{Name: "x", Scheme: signature.HMAC{Header: "X", Member: "data"}}, "abc", nil, "signed"},
		{"a provider that waits without a message", event.Provider{Name: "x", Scheme: acme.Scheme, Synchronous: true}, "abc", nil, "MessageMember"},
		{"an alias of an unknown type", event.Provider{Name: "x", Scheme: acme.Scheme, Types: []string{"a"}, Aliases: map[string]string{"b": "c"}}, "abc", nil, "Aliases"},
		{"a scheme beside Verify", event.Provider{Name: "x", Scheme: acme.Scheme, Verify: bodySigned.Verify}, "abc", nil, "Verify"},
		{"a provider with too many names", event.Provider{Name: "x", Scheme: acme.Scheme, Envelope: event.Envelope{ID: make([]string, 65)}}, "abc", nil, "64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, err := event.NewHandler(tt.p, tt.secret, tt.opts)
			if h != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, %v; want an error about %q", h, err, tt.want)
			}
			if strings.Contains(err.Error(), "abc") {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}

func TestWiringMistakesPanicWithTheEventsName(t *testing.T) {
	fn := func(context.Context, *hire) error { return nil }
	ask := func(context.Context, *hire) (int, error) { return 0, nil }
	other := func(context.Context, *event.Delivery) error { return nil }
	invalid := func(context.Context, *event.Delivery, error) error { return nil }
	for name, wire := range map[string]func(h *event.Handler){
		"hired":            func(h *event.Handler) { event.On(h, "hired", fn); event.On(h, "hired", fn) },
		"nil":              func(h *event.Handler) { event.On[hire](h, "hired", nil) },
		"cannot be":        func(h *event.Handler) { event.On(h, "", fn) },
		"nil callback":     func(h *event.Handler) { event.OnRespond[hire, int](h, "hired", nil) },
		"second OnOther":   func(h *event.Handler) { h.OnOther(other); h.OnOther(other) },
		"nil or":           func(h *event.Handler) { h.OnOther(nil) },
		"second OnInvalid": func(h *event.Handler) { h.OnInvalid(invalid); h.OnInvalid(invalid) },
		"bodies":           func(h *event.Handler) { h.Endpoint("hired") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newBench(t, acme, event.Options{}).Handler
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, name) {
					t.Errorf("panicked with %q, want something about %q", p, name)
				}
			}()
			wire(h)
		})
	}
	t.Run("a response through an inbox", func(t *testing.T) {
		h := newBench(t, acme, event.Options{Inbox: inboxOf(nil)}).Handler
		defer func() {
			if p := fmt.Sprint(recover()); !strings.Contains(p, "Inbox") {
				t.Errorf("panicked with %q", p)
			}
		}()
		event.OnRespond(h, "hired", ask)
	})
	t.Run("an endpoint without a name", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		newBench(t, waiting, event.Options{}).Endpoint("")
	})
}

func TestCallbackGetsThePayloadAndItsDelivery(t *testing.T) {
	b := newBench(t, acme, event.Options{Tenant: func(r *http.Request) string { return r.URL.Path }})
	var got hire
	var d event.Delivery
	event.On(b.Handler, "hired", func(ctx context.Context, e *hire) error {
		from, ok := event.FromContext(ctx)
		if !ok {
			t.Fatal("no delivery in the context")
		}
		got, d = *e, *from
		return nil
	})
	if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 200 {
		t.Fatalf("answered %d: %v", w.Code, b.last().Err)
	}
	if got.ID != "c-1" || got.Email != "ada@example.com" {
		t.Errorf("payload %+v", got)
	}
	type seen struct {
		Handler, Provider, Tenant, ID, Type, At, Body, Payload string
		Secret                                                 int
	}
	want := seen{"acme", "acme", "/hooks", "ev-1", "hired", "2026-11-21T09:00:00Z", hireBody, `{"id":"c-1","email":"ada@example.com"}`, 0}
	if diff := cmp.Diff(want, seen{d.Handler, d.Provider, d.Tenant, d.ID, d.Type, d.OccurredAt.Format(time.RFC3339), string(d.Body), string(d.Payload), d.SecretIndex}); diff != "" {
		t.Errorf("delivery (-want +got):\n%s", diff)
	}
	if d.Header.Get("X-Acme-Signature") == "" {
		t.Error("the headers are not reachable")
	}
	if _, ok := event.FromContext(t.Context()); ok {
		t.Error("a delivery in a context that is no callback's")
	}
	r := b.last()
	if r.Handler != "acme" || r.Tenant != "/hooks" || r.ID != "ev-1" || r.Type != "hired" || r.BodySize != len(hireBody) || r.PayloadSize != len(d.Payload) {
		t.Errorf("observed %+v", r)
	}
}

func TestAnswerToAnEventOfAVendorThatOtherwiseDoesNotWait(t *testing.T) {
	for _, tt := range []struct {
		name   string
		resp   map[string]int
		err    error
		status int
		want   string
	}{
		{"an answer", map[string]int{"n": 1}, nil, 200, `{"n":1}`},
		{"an error", map[string]int{"n": 1}, errCallback, 500, "Internal Server Error"},
	} {
		b := newBench(t, acme, event.Options{})
		event.OnRespond(b.Handler, "hired", func(context.Context, *hire) (map[string]int, error) { return tt.resp, tt.err })
		w := send(b, signed(t, acme, secret, hireBody))
		if w.Code != tt.status || w.Body.String() != tt.want || (w.Header().Get("Content-Type") == "application/json") != (tt.err == nil) {
			t.Errorf("%s: answered %d %s %v", tt.name, w.Code, w.Body, w.Header())
		}
	}
}

func TestUnknownTypesGoToOnOtherOrAreAcknowledged(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	var types []string
	event.On(b.Handler, "hired", func(context.Context, *hire) error { return nil })
	b.OnOther(func(ctx context.Context, d *event.Delivery) error {
		from, _ := event.FromContext(ctx)
		if from != d {
			t.Error("another delivery in the context")
		}
		types = append(types, d.Type)
		return nil
	})
	send(b, signed(t, acme, secret, `{"type":"brand new"}`))
	send(b, signed(t, acme, secret, hireBody))
	if diff := cmp.Diff([]string{"brand new"}, types); diff != "" {
		t.Errorf("OnOther (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"hired"}, b.Types()); diff != "" {
		t.Errorf("Types (-want +got):\n%s", diff)
	}
}

func TestTypeNamesThatAreTheSameShareACallback(t *testing.T) {
	p := acme
	p.TypeName = func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", ".")) }
	b := newBench(t, p, event.Options{})
	var types []string
	event.On(b.Handler, "candidate.hired", func(ctx context.Context, _ *struct{}) error {
		d, _ := event.FromContext(ctx)
		types = append(types, d.Type)
		return nil
	})
	for _, typ := range []string{"candidate.hired", "Candidate Hired", "other"} {
		send(b, signed(t, p, secret, `{"type":"`+typ+`","data":{}}`))
	}
	if diff := cmp.Diff([]string{"candidate.hired", "Candidate Hired"}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	defer func() {
		if recover() == nil {
			t.Error("a second callback under another spelling did not panic")
		}
	}()
	event.On(b.Handler, "CANDIDATE hired", func(context.Context, *struct{}) error { return nil })
}

func TestHandleTakesHeadersInAnyCase(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	returns(nil)(b)
	mac := signed(t, acme, secret, hireBody).Header.Get("X-Acme-Signature")
	for _, tt := range []struct {
		name   string
		header http.Header
		status int
	}{
		{"lower case", http.Header{"x-acme-signature": {mac}, "X-Other": {"y"}}, 200},
		{"two spellings of one header", http.Header{"x-acme-signature": {mac}, "X-Acme-Signature": {mac}}, 401},
		{"no header at all", nil, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := b.Handle(t.Context(), &event.Request{Header: tt.header, Body: []byte(hireBody)})
			if resp.Status != tt.status || (resp.Err == nil) != (tt.status == 200) {
				t.Errorf("answered %d, %v; want %d", resp.Status, resp.Err, tt.status)
			}
		})
	}
	if resp := b.Handle(t.Context(), &event.Request{Body: make([]byte, 1<<20+1)}); resp.Status != 413 {
		t.Errorf("over the limit: answered %d", resp.Status)
	}
}

func TestVerifyAndDispatchWorkOnTheirOwn(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	calls := 0
	event.On(b.Handler, "hired", func(context.Context, *hire) error { calls++; return nil })
	req := &event.Request{Body: []byte(hireBody), Tenant: "t1"}
	if err := b.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	d, err := b.Verify(t.Context(), req)
	if err != nil || calls != 0 {
		t.Fatalf("Verify: %v after %d calls", err, calls)
	}
	if d.ID != "ev-1" || d.Tenant != "t1" {
		t.Errorf("verified %v", d)
	}
	if err := b.Dispatch(t.Context(), d); err != nil || calls != 1 {
		t.Errorf("Dispatch: %v after %d calls", err, calls)
	}
	for name, body := range map[string]string{"another body": hireBody + " ", "no envelope": "[]"} {
		req := &event.Request{Body: []byte(body), Header: req.Header}
		if name == "no envelope" {
			_ = b.Sign(t.Context(), req)
		}
		if d, err := b.Verify(t.Context(), req); d != nil || err == nil {
			t.Errorf("%s: got %v, %v", name, d, err)
		}
	}
}

func TestDispatchSaysWhatAWorkerShouldDo(t *testing.T) {
	delivery := func(body string) *event.Delivery {
		return &event.Delivery{Handler: "acme", Provider: "acme", Body: []byte(body)}
	}
	for _, tt := range []struct {
		name  string
		wire  func(*bench)
		body  string
		want  event.Verdict
		after time.Duration
	}{
		{"completed", returns(nil), hireBody, event.VerdictDone, 0},
		{"ignored", returns(event.Ignore(errCallback)), hireBody, event.VerdictDone, 0},
		{"no callback", nil, hireBody, event.VerdictDone, 0},
		{"failed", returns(errCallback), hireBody, event.VerdictRetry, 0},
		{"later", returns(fmt.Errorf("wrapped: %w", event.RetryAfter(time.Minute, nil))), hireBody, event.VerdictRetry, time.Minute},
		{"permanent", returns(event.Permanent(errCallback)), hireBody, event.VerdictDrop, 0},
		{"a payload that does not decode", returns(nil), `{"type":"hired","data":1}`, event.VerdictRetry, 0},
		{"no envelope", returns(nil), `[]`, event.VerdictDrop, 0},
		{"no envelope, set aside", func(b *bench) {
			b.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}, `[]`, event.VerdictDone, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, acme, event.Options{})
			if tt.wire != nil {
				tt.wire(b)
			}
			err := b.Dispatch(t.Context(), delivery(tt.body))
			if got, after := event.VerdictOf(err); got != tt.want || after != tt.after {
				t.Errorf("%v says %v after %v, want %v after %v", err, got, after, tt.want, tt.after)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	t.Run("previous ones are accepted, and which one matched is told", func(t *testing.T) {
		b := newBench(t, acme, event.Options{PreviousSecrets: []string{previous}})
		var index []int
		b.OnOther(func(_ context.Context, d *event.Delivery) error { index = append(index, d.SecretIndex); return nil })
		for _, key := range []string{previous, secret, "third"} {
			send(b, signed(t, acme, key, hireBody))
		}
		if diff := cmp.Diff([]int{1, 0}, index); diff != "" {
			t.Errorf("indices (-want +got):\n%s", diff)
		}
	})
	t.Run("they depend on the tenant", func(t *testing.T) {
		b := newBench(t, acme, event.Options{
			Tenant: func(r *http.Request) string { return r.Header.Get("X-Tenant") },
			Secrets: func(_ context.Context, tenant string) ([]string, error) {
				return map[string][]string{"a": {"key-a"}, "b": {"key-b"}}[tenant], nil
			},
		})
		for _, tt := range []struct {
			tenant, key string
			status      int
		}{{"a", "key-a", 200}, {"b", "key-b", 200}, {"a", "key-b", 401}, {"c", "key-a", 401}, {"", "key-a", 401}} {
			r := signed(t, acme, tt.key, hireBody)
			r.Header.Set("X-Tenant", tt.tenant)
			if w := send(b, r); w.Code != tt.status {
				t.Errorf("tenant %q with %s: answered %d, want %d", tt.tenant, tt.key, w.Code, tt.status)
			}
		}
	})
	t.Run("unusable ones are dropped, observed and never tried", func(t *testing.T) {
		current := []string{"", " ", "key\n", "key-a"}
		b := newBench(t, acme, event.Options{Secrets: func(context.Context, string) ([]string, error) { return current, nil }})
		var index []int
		b.OnOther(func(_ context.Context, d *event.Delivery) error { index = append(index, d.SecretIndex); return nil })
		if w := send(b, signed(t, acme, "key-a", hireBody)); w.Code != 200 {
			t.Errorf("answered %d", w.Code)
		}
		if diff := cmp.Diff([]int{3}, index); diff != "" {
			t.Errorf("indices are not those of the list (-want +got):\n%s", diff)
		}
		if b.last().Warning == nil || strings.Contains(b.log(), "key-a") {
			t.Errorf("warning %v, log %s", b.last().Warning, b.log())
		}
		if w := send(b, signed(t, acme, "key\n", hireBody)); w.Code != 401 {
			t.Errorf("signed with an unusable secret: answered %d", w.Code)
		}
		current = []string{" "}
		if w := send(b, signed(t, acme, " ", hireBody)); w.Code != 401 || b.last().Warning == nil {
			t.Errorf("only a blank secret: answered %d, warning %v", w.Code, b.last().Warning)
		}
	})
	t.Run("an unknown tenant is asked for again after a while", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			var current []string
			b := newBench(t, acme, event.Options{Secrets: func(context.Context, string) ([]string, error) { asked++; return current, nil }})
			for range 3 {
				if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 401 {
					t.Errorf("answered %d", w.Code)
				}
			}
			if asked != 1 {
				t.Errorf("asked %d times for an unknown tenant", asked)
			}
			current = []string{secret}
			time.Sleep(3 * time.Second)
			if w := send(b, signed(t, acme, secret, hireBody)); w.Code != 200 {
				t.Errorf("answered %d once the tenant is known", w.Code)
			}
		})
	})
	t.Run("a rotation takes effect at once", func(t *testing.T) {
		current := []string{"old"}
		b := newBench(t, acme, event.Options{Secrets: func(context.Context, string) ([]string, error) { return current, nil }})
		before := send(b, signed(t, acme, "new", hireBody)).Code
		current = []string{"new", "old"}
		after := send(b, signed(t, acme, "new", hireBody)).Code
		if before != 401 || after != 200 {
			t.Errorf("answered %d before and %d after the rotation, want 401 and 200", before, after)
		}
	})
	t.Run("thousands of tenants share a bounded cache", func(t *testing.T) {
		b := newBench(t, acme, event.Options{
			Tenant:  func(r *http.Request) string { return r.Header.Get("X-Tenant") },
			Secrets: func(_ context.Context, tenant string) ([]string, error) { return []string{"key-" + tenant}, nil },
		})
		for i := range 6000 {
			tenant := fmt.Sprint(i % 5000)
			r := signed(t, acme, "key-"+tenant, hireBody)
			r.Header.Set("X-Tenant", tenant)
			if w := send(b, r); w.Code != 200 {
				t.Fatalf("tenant %s: answered %d", tenant, w.Code)
			}
		}
	})
}

func TestTimestampWindow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		skew   time.Duration
		opts   event.Options
		key    string
		status int
		cause  error
	}{
		{"now", 0, event.Options{}, secret, 200, nil},
		{"at the edge of the past", -5 * time.Minute, event.Options{}, secret, 200, nil},
		{"beyond the past", -5*time.Minute - time.Second, event.Options{}, secret, 401, signature.ErrExpired},
		{"at the edge of the future", 5 * time.Minute, event.Options{}, secret, 200, nil},
		{"beyond the future", 5*time.Minute + time.Second, event.Options{}, secret, 401, signature.ErrExpired},
		{"beyond the past, forged", -time.Hour, event.Options{}, "another", 401, signature.ErrMismatch},
		{"within a longer tolerance", -time.Hour, event.Options{Tolerance: 2 * time.Hour}, secret, 200, nil},
		{"beyond a shorter tolerance", -time.Minute, event.Options{Tolerance: time.Second}, secret, 401, signature.ErrExpired},
		{"late under the previous secret", -time.Hour, event.Options{PreviousSecrets: []string{previous}}, previous, 401, signature.ErrExpired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, stamped, tt.opts)
				body := []byte(`{"event":"x"}`)
				r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
				if err := stamped.Scheme.New([]byte(tt.key)).Sign(r.Header, body, time.Now().Add(tt.skew)); err != nil {
					t.Fatal(err)
				}
				if w := send(b, r); w.Code != tt.status || tt.cause != nil && !errors.Is(b.last().Err, tt.cause) {
					t.Errorf("answered %d, %v; want %d, %v", w.Code, b.last().Err, tt.status, tt.cause)
				}
			})
		})
	}
}

func TestUnsignedHeaderThatContradictsTheBodyIsReported(t *testing.T) {
	b := newBench(t, stamped, event.Options{})
	var got string
	b.OnOther(func(_ context.Context, d *event.Delivery) error { got = d.Type; return nil })
	for _, tt := range []struct {
		header string
		warned bool
	}{{"x", false}, {"", false}, {"y", true}} {
		r := signed(t, stamped, secret, `{"event":"x"}`)
		r.Header.Set("X-Event", tt.header)
		if w := send(b, r); w.Code != 200 || got != "x" || (b.last().Warning != nil) != tt.warned {
			t.Errorf("header %q: answered %d, type %q, warning %v", tt.header, w.Code, got, b.last().Warning)
		}
	}
}

func TestUnsignedDeliveriesNeedASettingThatSaysInsecure(t *testing.T) {
	open := partial
	open.InsecureAllowUnsigned = true
	const body = `{"type":"hired","data":{"id":"c-1"}}`
	plain := func() *http.Request { return httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)) }
	if w := send(newBench(t, partial, event.Options{}), plain()); w.Code != 401 {
		t.Errorf("without the setting: answered %d", w.Code)
	}
	b := newBench(t, open, event.Options{})
	var d *event.Delivery
	b.OnOther(func(_ context.Context, got *event.Delivery) error { d = got; return nil })
	if w := send(b, plain()); w.Code != 200 || d.SecretIndex != -1 {
		t.Errorf("with the setting: answered %d, %+v", w.Code, d)
	}
	if w := send(b, signed(t, open, secret, body)); w.Code != 200 || d.SecretIndex != 0 {
		t.Errorf("signed: answered %d, secret %d", w.Code, d.SecretIndex)
	}
	if w := send(b, signed(t, open, "another", body)); w.Code != 401 {
		t.Errorf("with a bad signature: answered %d", w.Code)
	}
	timed := stamped
	timed.InsecureAllowUnsigned = true
	half := signed(t, timed, "another", `{"event":"x"}`)
	half.Header.Del("X-Timestamp")
	if w := send(newBench(t, timed, event.Options{}), half); w.Code != 401 {
		t.Errorf("with a signature and without its timestamp: answered %d", w.Code)
	}
	empty := plain()
	empty.Header.Set("X-Auth", "")
	if w := send(b, empty); w.Code != 401 {
		t.Errorf("with an empty signature: answered %d", w.Code)
	}
	r := plain()
	r.Body = io.NopCloser(strings.NewReader(`{"type":"hired"}`))
	r.ContentLength = -1
	if w := send(b, r); w.Code != 401 {
		t.Errorf("without the member that would be signed: answered %d", w.Code)
	}
}

// TestOnlySignedBytesReachTheCallback: at a vendor that signs one member, a
// second one in whatever spelling gains nothing.
func TestOnlySignedBytesReachTheCallback(t *testing.T) {
	const data = `{"id":"c-1"}`
	mac := signed(t, partial, secret, `{"data":`+data+`}`).Header
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"as signed", `{"type":"hired","data":` + data + `}`, 200},
		{"under another type and id", `{"id":"9","type":"hired","data":` + data + `}`, 200},
		{"a second one", `{"type":"hired","data":` + data + `,"data":{"id":"evil"}}`, 401},
		{"a second one before it", `{"type":"hired","data":{"id":"evil"},"data":` + data + `}`, 401},
		{"one in another case", `{"type":"hired","data":` + data + `,"DATA":{"id":"evil"}}`, 400},
		{"one in another case before it", `{"type":"hired","Data":{"id":"evil"},"data":` + data + `}`, 400},
		{"one with a letter that folds", `{"type":"hired","data":` + data + `,"\u0064ata":{"id":"evil"}}`, 401},
		{"one inside another member", `{"type":"hired","x":{"data":{"id":"evil"}},"data":` + data + `}`, 200},
		{"only inside another member", `{"type":"hired","x":{"data":` + data + `}}`, 401},
		{"with white space in it", `{"type":"hired","data":{"id": "c-1"}}`, 401},
		{"with white space around it", `{"type":"hired","data" :` + "\n\t" + data + ` }`, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, partial, event.Options{})
			var got *hire
			event.On(b.Handler, "hired", func(_ context.Context, e *hire) error { got = e; return nil })
			resp := b.Handle(t.Context(), &event.Request{Header: mac, Body: []byte(tt.body)})
			if resp.Status != tt.status || tt.status == 200 && (got == nil || got.ID != "c-1") || tt.status != 200 && got != nil {
				t.Errorf("answered %d with %+v, want %d", resp.Status, got, tt.status)
			}
		})
	}
}

func TestCallbacksMayBeRegisteredWhileRequestsAreServed(t *testing.T) {
	b := newBench(t, acme, event.Options{Store: event.NewMemoryStore(nil)})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				event.On(b.Handler, fmt.Sprintf("type-%d-%d", i, j), func(context.Context, *hire) error { return nil })
				body := fmt.Sprintf(`{"id":"%d-%d","type":"type-%d-%d","data":{"id":"x"}}`, i, j, i, j)
				if w := send(b, signed(t, acme, secret, body)); w.Code != 200 || b.Types() == nil {
					t.Errorf("answered %d", w.Code)
				}
			}
		})
	}
	wg.Wait()
	if got := len(b.Types()); got != 160 {
		t.Errorf("%d types, want 160", got)
	}
}

// TestSenderThatHangsUp: the callback sees its context end; its error and its
// release still happen.
func TestSenderThatHangsUp(t *testing.T) {
	store := event.NewMemoryStore(nil)
	observed := make(chan event.Result, 1)
	b := newBench(t, acme, event.Options{Store: store, Observe: func(_ context.Context, r event.Result) { observed <- r }})
	entered := make(chan struct{})
	event.On(b.Handler, "hired", func(ctx context.Context, _ *hire) error {
		close(entered)
		<-ctx.Done()
		return ctx.Err()
	})
	s := httptest.NewServer(b)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r := signed(t, acme, secret, hireBody)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader(hireBody))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.Header
	go func() { <-entered; cancel() }()
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("the request was answered")
	}
	got := <-observed
	if got.Kind != event.KindFailed || !errors.Is(got.Err, context.Canceled) || got.Warning != nil {
		t.Errorf("observed %+v", got)
	}
	d, err := b.Verify(t.Context(), &event.Request{Header: r.Header, Body: []byte(hireBody)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Claim(t.Context(), d.Key(), time.Minute); err != nil {
		t.Errorf("the claim was not released: %v", err)
	}
}

// TestBadDeliveryOnHTTP2LeavesTheOthersAlone: its answer must not close the
// connection that good deliveries share.
func TestBadDeliveryOnHTTP2LeavesTheOthersAlone(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	started, release := make(chan struct{}), make(chan struct{})
	event.On(b.Handler, "hired", func(context.Context, *hire) error {
		close(started)
		<-release
		return nil
	})
	var connections sync.Map
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections.Store(r.RemoteAddr, r.Proto)
		b.ServeHTTP(w, r)
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{}
	s.StartTLS()
	defer s.Close()
	post := func(header http.Header, body io.Reader) (int, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, body)
		if err != nil {
			return 0, err
		}
		req.Header = header
		resp, err := s.Client().Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}
	good := make(chan string, 1)
	go func() {
		code, err := post(signed(t, acme, secret, hireBody).Header, strings.NewReader(hireBody))
		good <- fmt.Sprint(code, err)
	}()
	<-started
	for range 3 {
		if code, err := post(http.Header{}, strings.NewReader(hireBody)); code != 401 || err != nil {
			t.Errorf("a delivery without signature: answered %d, %v", code, err)
		}
	}
	close(release)
	if got := <-good; got != "200 <nil>" {
		t.Errorf("the good delivery beside it: %s", got)
	}
	n := 0
	connections.Range(func(_, proto any) bool { n++; return proto == "HTTP/2.0" })
	if n != 1 {
		t.Errorf("%d connections, want one of HTTP/2", n)
	}
}

// TestMuxRedirectsToAddASlash documents a trap: a pattern with a slash at its
// end answers the path without one with a redirect, which vendors take as a
// failure.
func TestMuxRedirectsToAddASlash(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	mux := http.NewServeMux()
	mux.Handle("/hooks/acme/", b)
	mux.Handle("POST /hooks", b)
	r := signed(t, acme, secret, hireBody)
	r.URL.Path = "/hooks/acme"
	if w := send(mux, r); w.Code/100 != 3 {
		t.Errorf("answered %d; the documentation warns of a redirect", w.Code)
	}
	if w := send(mux, signed(t, acme, secret, hireBody)); w.Code != 200 {
		t.Errorf("the recommended pattern: answered %d", w.Code)
	}
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := newBench(t, acme, event.Options{Secrets: func(ctx context.Context, _ string) ([]string, error) { return nil, ctx.Err() }})
	req := &event.Request{Body: []byte(hireBody), Header: signed(t, acme, secret, hireBody).Header}
	if resp := b.Handle(ctx, req); resp.Status != 503 || !errors.Is(resp.Err, context.Canceled) {
		t.Errorf("answered %d, %v", resp.Status, resp.Err)
	}
}

func TestSignFailsWithoutASecretOrTheMember(t *testing.T) {
	none := newBench(t, acme, event.Options{Secrets: func(context.Context, string) ([]string, error) { return []string{""}, nil }})
	failing := newBench(t, acme, event.Options{Secrets: func(context.Context, string) ([]string, error) { return nil, errCallback }})
	for name, err := range map[string]error{
		"no usable secret":  none.Sign(t.Context(), &event.Request{}),
		"lookup failed":     failing.Sign(t.Context(), &event.Request{}),
		"no member to sign": newBench(t, partial, event.Options{}).Sign(t.Context(), &event.Request{Body: []byte("{}")}),
	} {
		if _, ok := errors.AsType[*event.Error](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
