package event_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
)

// TestProviderThatVerifiesByItself: what its Verify returns is all that is
// decoded, stored and told apart.
func TestProviderThatVerifiesByItself(t *testing.T) {
	b := newBench(t, bodySigned, event.Options{PreviousSecrets: []string{previous}})
	var got event.Delivery
	event.On(b, "hired", func(ctx context.Context, e *hire) error {
		d, _ := event.FromContext(ctx)
		got = *d
		if e.ID != "c-1" {
			t.Errorf("payload %+v", e)
		}
		return nil
	})
	sign := func(key, body string) []byte {
		r := &event.Request{Body: []byte(body)}
		if err := bodySigned.Sign(key, r, time.Now()); err != nil {
			t.Fatal(err)
		}
		return r.Body
	}
	outside := bytes.Replace(sign(secret, hireBody), []byte("{"), []byte(`{"type":"fired","data":{"id":"evil"},`), 1)
	for _, tt := range []struct {
		name   string
		body   []byte
		status int
		secret int
	}{
		{"signed", sign(secret, hireBody), 200, 0},
		{"signed with the previous secret", sign(previous, hireBody), 200, 1},
		{"with unsigned members beside it", outside, 200, 0},
		{"signed with another secret", sign("another", hireBody), 401, 0},
		{"unsigned", []byte(hireBody), 401, 0},
		{"empty", nil, 401, 0},
		{"signed, but not an envelope", sign(secret, "[]"), 400, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got = event.Delivery{}
			w := send(b, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(tt.body)))
			if w.Code != tt.status {
				t.Fatalf("answered %d, want %d (%v)", w.Code, tt.status, b.last().Err)
			}
			if tt.status == 200 && (string(got.Body) != hireBody || got.SecretIndex != tt.secret || got.ID != "ev-1") {
				t.Errorf("delivered %+v", got)
			}
		})
	}
	d := verify(t, bodySigned, event.Options{}, "", "", hireBody)
	if err := b.Dispatch(t.Context(), d); err != nil || d.Key() != got.Key() {
		t.Errorf("dispatched: %v, key %s, want %s", err, d.Key(), got.Key())
	}
	panics := bodySigned
	panics.Verify = func(string, *event.Request, time.Time, time.Duration) ([]byte, error) { panic("x") }
	panics.Sign = nil
	pb := newBench(t, panics, event.Options{})
	if w := send(pb, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))); w.Code != 500 || pb.last().Kind != event.KindPanicked || !strings.Contains(pb.log(), "Provider.Verify panicked") {
		t.Errorf("a Verify that panics: answered %d, %s, logged %s", w.Code, pb.last().Kind, pb.log())
	}
	if err := pb.Sign(t.Context(), &event.Request{}); err == nil || !strings.Contains(err.Error(), "no Sign") {
		t.Errorf("signed without a Sign function: %v", err)
	}
}

// TestTypeInTheURL: its last segment tells the type, or Endpoint does.
func TestTypeInTheURL(t *testing.T) {
	p := waiting
	p.Types = []string{"hire", "question"}
	b := newBench(t, p, event.Options{})
	var types []string
	for _, typ := range []string{"hire", "question", "own"} {
		event.On(b, typ, func(ctx context.Context, _ *struct{}) error {
			d, _ := event.FromContext(ctx)
			types = append(types, d.Type)
			return nil
		})
	}
	post := func(h http.Handler, path string) int {
		r := signed(t, p, secret, `{"candidate":"1"}`)
		r.URL.Path = path
		return send(h, r).Code
	}
	for path, want := range map[string]int{"/hooks/acme/hire": 200, "/question": 200, "/hooks/own": 200, "/hooks/hire/": 200, "/hooks/other": 500, "/hooks": 500, "/": 500, "": 500} {
		types = nil
		if got := post(b, path); got != want || (len(types) == 1) != (want == 200) {
			t.Errorf("%q: answered %d after callbacks for %q, want %d", path, got, types, want)
		}
		if want == 500 && (b.last().Kind != event.KindNoEndpoint || !strings.Contains(b.log(), "last segment")) {
			t.Errorf("%q: %s, logged %s", path, b.last().Kind, b.log())
		}
	}
	types = nil
	if got := post(b.Endpoint("question"), "/a-url-of-ones-own/hire"); got != 200 || !cmp.Equal(types, []string{"question"}) {
		t.Errorf("an endpoint of its own: answered %d after callbacks for %q", got, types)
	}
}

// TestUnknownTypeIsLoggedOnce: hires must not vanish without a word.
func TestUnknownTypeIsLoggedOnce(t *testing.T) {
	p := acme
	p.Types = []string{"hired", "fired"}
	p.Aliases = map[string]string{"employed": "hired"}
	b := newBench(t, p, event.Options{})
	calls := 0
	event.On(b, "hired", func(context.Context, *struct{}) error { calls++; return nil })
	event.On(b, "own", func(context.Context, *struct{}) error { return nil })
	for range 3 {
		for _, typ := range []string{"hired", "employed", "fired", "own", "candidate.hired.v2"} {
			if w := send(b, signed(t, p, secret, `{"type":"`+typ+`","data":{}}`)); w.Code != 200 {
				t.Errorf("%s: answered %d", typ, w.Code)
			}
		}
	}
	if calls != 6 {
		t.Errorf("%d calls, want 6: an alias shares the callback", calls)
	}
	if log := b.log(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `"type":"candidate.hired.v2"`) || !strings.Contains(log, "WARN") || !strings.Contains(log, "Aliases") {
		t.Errorf("logged %s", log)
	}
	h, err := event.NewHandler(p, secret, &event.Options{Logger: newBench(t, p, event.Options{}).logger()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 { // without an observer, and however many there are
		send(h, signed(t, p, secret, `{"type":"x`+time.Now().Format("150405.000000000")+`"}`))
	}
}

// TestRejectionOfAProviderThatReadsIt: the message reaches it, also where no
// person waits.
func TestRejectionOfAProviderThatReadsIt(t *testing.T) {
	p := acme
	p.MessageMember = "message"
	rejection := &event.Rejection{Message: "Sold out.", Details: map[string]any{"code": 7}}
	for _, tt := range []struct {
		name   string
		p      event.Provider
		err    error
		status int
		body   string
		kind   event.Kind
	}{
		{"a message", p, rejection, 422, `{"code":7,"message":"Sold out."}`, event.KindRejected},
		{"a body of its own", p, &event.Rejection{Status: 400, Message: "x", Body: map[string]any{"error": map[string]string{"message": "Sold out."}}}, 400, `{"error":{"message":"Sold out."}}`, event.KindRejected},
		{"a permanent one", p, event.Permanent(rejection), 422, `{"code":7,"message":"Sold out."}`, event.KindPermanent},
		{"another error", p, errCallback, 500, "Internal Server Error", event.KindFailed},
		{"a provider that does not read it", acme, rejection, 500, "Internal Server Error", event.KindFailed},
		{"a nil one", p, (*event.Rejection)(nil), 500, "Internal Server Error", event.KindFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.p, event.Options{})
			returns(tt.err)(b)
			w := send(b, signed(t, tt.p, secret, hireBody))
			if w.Code != tt.status || w.Body.String() != tt.body || b.last().Kind != tt.kind || b.last().Status != tt.status {
				t.Errorf("answered %d %s as %s, want %d %s as %s", w.Code, w.Body, b.last().Kind, tt.status, tt.body, tt.kind)
			}
		})
	}
}

// TestWrapGoesAroundEveryCallback, with the delivery in its context.
func TestWrapGoesAroundEveryCallback(t *testing.T) {
	type key struct{}
	var wrapped []string
	calls := 0
	wrap := func(next event.Callback) event.Callback {
		calls++
		return func(ctx context.Context, payload any) (any, error) {
			d, _ := event.FromContext(ctx)
			wrapped = append(wrapped, d.Type)
			v, err := next(context.WithValue(ctx, key{}, "wrapped"), payload)
			if errors.Is(err, errCallback) {
				err = event.Ignore(err)
			}
			return v, err
		}
	}
	b := newBench(t, acme, event.Options{Wrap: wrap})
	inside := func(ctx context.Context) error {
		if _, ok := event.FromContext(ctx); !ok || ctx.Value(key{}) != "wrapped" {
			t.Error("the callback's context is not the wrapper's")
		}
		return errCallback
	}
	event.On(b, "on", func(ctx context.Context, _ *hire) error { return inside(ctx) })
	event.OnRespond(b, "respond", func(ctx context.Context, _ *hire) (int, error) { return 1, inside(ctx) })
	b.OnOther(func(ctx context.Context, _ *event.Delivery) error { return inside(ctx) })
	b.OnInvalid(func(ctx context.Context, _ *event.Delivery, cause error) error {
		if e, ok := errors.AsType[*event.Error](cause); !ok || e.Kind != event.KindUndecodable {
			t.Errorf("the cause is %v", cause)
		}
		return inside(ctx)
	})
	for _, typ := range []string{"on", "respond", "other"} {
		if send(b, signed(t, acme, secret, `{"type":"`+typ+`","data":{"id":"1"}}`)); b.last().Kind != event.KindIgnored {
			t.Errorf("%s: %s, want what the wrapper made of it", typ, b.last().Kind)
		}
	}
	send(b, signed(t, acme, secret, `{"type":"on","data":{}}`))
	send(b, signed(t, acme, secret, `{"type":"on","data":{}}`))
	if calls != 4 {
		t.Errorf("4 callbacks were wrapped %d times", calls)
	}
	if diff := cmp.Diff([]string{"on", "respond", "other", "on", "on"}, wrapped); diff != "" {
		t.Errorf("wrapped (-want +got):\n%s", diff)
	}
}

// TestPanicsWhileTheResponseIsMade are observed like any other.
func TestPanicsWhileTheResponseIsMade(t *testing.T) {
	for name, wire := range map[string]func(b *bench){
		"a response's MarshalJSON": func(b *bench) {
			event.OnRespond(b, "hire", func(context.Context, *hire) (explosive, error) { return explosive{}, nil })
		},
		"a response's Validate": func(b *bench) {
			event.OnRespond(b, "hire", func(context.Context, *hire) (*fragile, error) { return &fragile{}, nil })
		},
		"a rejection's details": func(b *bench) {
			event.On(b, "hire", func(context.Context, *hire) error {
				return &event.Rejection{Details: map[string]any{"x": explosive{}}}
			})
		},
		"a rejection's body": func(b *bench) {
			event.On(b, "hire", func(context.Context, *hire) error { return &event.Rejection{Body: explosive{}} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, waiting, event.Options{})
			wire(b)
			w := send(b.Endpoint("hire"), signed(t, waiting, secret, `{"candidate":"1","id":"1"}`))
			if w.Code != 500 || b.last().Kind != event.KindPanicked || strings.Contains(b.log(), "ada@") || !strings.Contains(w.Body.String(), "display_message") {
				t.Errorf("answered %d %s as %s, logged %s", w.Code, w.Body, b.last().Kind, b.log())
			}
		})
	}
}

type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("ada@example.com") }

type fragile struct{}

func (*fragile) Validate() error { panic("ada@example.com") }

// TestResponseByValueIsValidatedToo: whether Validate has a pointer receiver or
// not.
func TestResponseByValueIsValidatedToo(t *testing.T) {
	b := newBench(t, waiting, event.Options{})
	event.OnRespond(b, "hire", func(context.Context, *hire) (strict, error) { return strict{}, nil })
	if w := send(b.Endpoint("hire"), signed(t, waiting, secret, `{"candidate":"1","id":"1"}`)); w.Code != 500 || !errors.Is(b.last().Err, errCallback) {
		t.Errorf("answered %d, %v", w.Code, b.last().Err)
	}
}

type strict struct{ N int }

func (*strict) Validate() error { return errCallback }

// TestResultOfARequestAndOfAWorker: how often the observer is called, and with
// what.
func TestResultOfARequestAndOfAWorker(t *testing.T) {
	b := newBench(t, acme, event.Options{Name: "acme-eu"})
	returns(nil)(b)
	send(b, signed(t, acme, secret, hireBody))
	r := b.last()
	if r.Stage != event.StageRequest || r.Attempt != 1 || r.Status != 200 || r.Delivery == nil || r.Delivery.ID != "ev-1" || r.Handler != "acme-eu" || r.Provider != "acme" {
		t.Errorf("in a request: %+v", r)
	}
	d := *r.Delivery
	d.Attempt = 3
	if err := b.Dispatch(t.Context(), &d); err != nil {
		t.Fatal(err)
	}
	if r := b.last(); len(b.results) != 2 || r.Stage != event.StageWorker || r.Attempt != 3 || r.Status != 0 || r.Delivery == nil || r.BodySize != len(hireBody) {
		t.Errorf("in a worker: %+v", r)
	}
	send(b, signed(t, acme, "another", hireBody))
	if r := b.last(); r.Delivery != nil || r.Kind != event.KindUnverified {
		t.Errorf("forged: %+v", r)
	}
}

// TestPhasesAreTimed: each part of a delivery's way, and none that it did not
// take.
func TestPhasesAreTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, acme, event.Options{Store: slowStore{event.NewMemoryStore(nil)}, Secrets: func(context.Context, string) ([]string, error) {
			time.Sleep(2 * time.Second)
			return []string{secret}, nil
		}})
		event.On(b, "hired", func(context.Context, *hire) error { time.Sleep(4 * time.Second); return nil })
		r := signed(t, acme, secret, hireBody)
		r.Body = io.NopCloser(slowReader{r.Body})
		send(b, r)
		want := event.Phases{Read: time.Second, Verify: 2 * time.Second, Storage: 3 * time.Second, Callback: 4 * time.Second}
		if got := b.last(); got.Phases != want || got.Duration != 10*time.Second || got.Age != 0 {
			t.Errorf("%v, %+v, age %v; want %+v", got.Duration, got.Phases, got.Age, want)
		}
		d := *b.last().Delivery
		time.Sleep(50 * time.Second)
		if err := b.Dispatch(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
		if got := b.last(); got.Age != time.Minute || got.Phases != (event.Phases{Storage: 3 * time.Second / 2}) {
			t.Errorf("a duplicate in a worker: age %v, %+v", got.Age, got.Phases)
		}
	})
}

type slowReader struct{ io.Reader }

func (s slowReader) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == nil {
		time.Sleep(time.Second)
	}
	return n, err
}

// slowStore takes a second and a half for each step.
type slowStore struct{ event.Store }

func (s slowStore) Claim(ctx context.Context, key string, lease time.Duration) (string, error) {
	time.Sleep(3 * time.Second / 2)
	return s.Store.Claim(ctx, key, lease)
}

func (s slowStore) Commit(ctx context.Context, key, token string) error {
	time.Sleep(3 * time.Second / 2)
	return s.Store.Commit(ctx, key, token)
}

// TestHangUpIsNotTheCallbacksFault.
func TestHangUpIsNotTheCallbacksFault(t *testing.T) {
	b := newBench(t, acme, event.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	event.On(b, "hired", func(ctx context.Context, _ *hire) error { cancel(); return ctx.Err() })
	b.Handle(ctx, &event.Request{Header: signed(t, acme, secret, hireBody).Header, Body: []byte(hireBody)})
	if log := b.log(); strings.Contains(log, "ERROR") || !strings.Contains(log, "the sender hung up") {
		t.Errorf("logged %s", log)
	}
}
