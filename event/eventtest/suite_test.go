package eventtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/atshooks/atshooks/event"
)

// service is a user's service as it should be: a handler with a store, under a
// router, with callbacks that tell a recorder.
type service struct {
	recorder Recorder
	handler  *event.Handler
	mux      *http.ServeMux
}

func newService(p event.Provider, opts *event.Options) *service {
	s := new(service)
	if opts == nil {
		opts = new(event.Options)
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	h, err := event.NewHandler(p, secret, opts)
	if err != nil {
		panic(err)
	}
	s.handler, s.mux = h, http.NewServeMux()
	if p.Synchronous == nil {
		event.On(h, "employee:hired", func(context.Context, *hire) error { s.recorder.Ran(); return nil })
		event.On(h, "employee.left", func(context.Context, *leave) error { s.recorder.Ran(); return nil })
		s.mux.Handle("POST /hooks/acme", h)
		return s
	}
	event.OnReply(h, "ask", func(context.Context, *hire) (*manager, error) { s.recorder.Ran(); return nil, nil })
	event.On(h, "hire", func(context.Context, *hire) error { s.recorder.Ran(); return nil })
	s.mux.Handle("POST /hooks/bizarre/ask", h.Endpoint("ask"))
	s.mux.Handle("POST /hooks/bizarre/hire", h.Endpoint("hire"))
	return s
}

// options are those of a service that deduplicates and rotates its secret.
func options() *event.Options {
	return &event.Options{Store: event.NewMemoryStore(nil), PreviousSecrets: []string{previousSecret}}
}

func (s *service) config(handler http.Handler) Config {
	return Config{
		Vendor: acmeVendor(), Handler: handler, Path: "/hooks/acme",
		Secret: secret, PreviousSecret: previousSecret, Recorder: &s.recorder, Deduplicates: true,
	}
}

func TestRunAcceptsWhatIsRight(t *testing.T) {
	t.Run("a service with all that there is", func(t *testing.T) {
		s := newService(acme, options())
		Run(t, s.config(s.mux))
	})
	t.Run("a service with as little as possible", func(t *testing.T) {
		s := newService(acme, nil)
		Run(t, Config{Vendor: acmeVendor(), Handler: s.mux, Path: "/hooks/acme", Secret: secret})
	})
	t.Run("a service for some events only", func(t *testing.T) {
		s := newService(acme, nil)
		Run(t, Config{Vendor: acmeVendor(), Handler: s.mux, Path: "/hooks/acme", Secret: secret, Types: []string{"employee.left"}, Ran: s.recorder.Count})
	})
	t.Run("a service behind something that asks for a header", func(t *testing.T) {
		s := newService(acme, nil)
		Run(t, Config{
			Vendor: acmeVendor(), Path: "/hooks/acme", Secret: secret, Recorder: &s.recorder,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Gateway") == "" {
					http.Error(w, "", http.StatusForbidden)
					return
				}
				s.mux.ServeHTTP(w, r)
			}),
			Header: http.Header{"X-Gateway": {"yes"}},
		})
	})
	t.Run("a service that answers a person, with URLs that tell the type", func(t *testing.T) {
		s := newService(bizarre, options())
		Run(t, Config{
			Vendor: bizarreVendor(), Handler: s.mux, Secret: secret, PreviousSecret: previousSecret, Recorder: &s.recorder,
			Paths: map[string]string{"ask": "/hooks/bizarre/ask", "hire": "/hooks/bizarre/hire"},
		})
	})
	t.Run("a service that runs callbacks later", func(t *testing.T) {
		var queue keeper
		s := newService(acme, &event.Options{Sink: &queue})
		done := 0
		Run(t, Config{
			Vendor: acmeVendor(), Handler: s.mux, Path: "/hooks/acme", Secret: secret, Recorder: &s.recorder,
			Settle: func() {
				for ; done < len(queue.stored); done++ {
					var d event.Delivery
					if err := d.UnmarshalBinary(queue.stored[done]); err != nil {
						t.Fatal(err)
					}
					if err := s.handler.Dispatch(t.Context(), &d); err != nil {
						t.Fatal(err)
					}
				}
			},
		})
	})
}

// Waiting for the first is slow, and not wrong.
func TestRunAcceptsThatTheSecondWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(acme, options())
		turn := make(chan struct{}, 1)
		found := newFindings()
		run(found, s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			turn <- struct{}{}
			defer func() { <-turn }()
			s.mux.ServeHTTP(w, r)
		})))
		if len(*found.found) > 0 {
			t.Errorf("found %q", *found.found)
		}
	})
}

// A callback that never tells its recorder must not stop the suite.
func TestRunDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(acme, options())
		c := s.config(s.mux)
		c.Ran = s.recorder.Count
		c.Recorder = new(Recorder)
		c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.mux.ServeHTTP(w, r)
			time.Sleep(time.Hour)
		})
		found := newFindings()
		run(found, c)
		if !found.have("no callback has called Recorder.Ran") {
			t.Errorf("found %q", *found.found)
		}
	})
}

// changingBody is middleware that gives the receiver another body.
func changingBody(next http.Handler, change func([]byte) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		b = change(b)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		next.ServeHTTP(w, r)
	})
}

// rewriting is middleware that changes the answer.
func rewriting(next http.Handler, change func(r *http.Request, a *answer)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(b))
		a := answer{header: w.Header()}
		next.ServeHTTP(&buffered{a: &a}, r)
		r.Body = io.NopCloser(bytes.NewReader(b))
		change(r, &a)
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	})
}

type buffered struct{ a *answer }

func (b *buffered) Header() http.Header    { return b.a.header }
func (b *buffered) WriteHeader(status int) { b.a.status = status }
func (b *buffered) Write(p []byte) (int, error) {
	if b.a.status == 0 {
		b.a.status = http.StatusOK
	}
	b.a.body += string(p)
	return len(p), nil
}

// compacted is what a middleware that decodes and encodes makes of a body.
func compacted(b []byte) []byte {
	var v any
	if json.Unmarshal(b, &v) != nil {
		return b
	}
	again, _ := json.Marshal(v)
	return again
}

func TestRunFindsFaultyServices(t *testing.T) {
	for _, test := range []struct {
		name string
		make func() Config
		want []string // parts of a finding
	}{
		{"another secret", func() Config {
			s := newService(acme, options())
			c := s.config(s.mux)
			c.Secret = "another-secret"
			return c
		}, []string{"a genuine delivery", "answered 401", "the secret is another one"}},
		{"the body is re-encoded by middleware", func() Config {
			s := newService(acme, options())
			return s.config(changingBody(s.mux, compacted))
		}, []string{"a genuine delivery", "the body is decoded and encoded again"}},
		{"the body is re-encoded by middleware that adds a newline", func() Config {
			s := newService(acme, options())
			return s.config(changingBody(s.mux, func(b []byte) []byte { return append(compacted(b), '\n') }))
		}, []string{"the body is decoded and encoded again"}},
		{"the body is consumed by middleware", func() Config {
			s := newService(acme, options())
			return s.config(changingBody(s.mux, func([]byte) []byte { return nil }))
		}, []string{"a genuine delivery", "the body was read by middleware that did not put it back"}},
		{"the body is trimmed by middleware", func() Config {
			s := newService(acme, options())
			return s.config(changingBody(s.mux, bytes.TrimSpace))
		}, []string{"byte for byte", "the blanks around the body are trimmed"}},
		{"the header is lost on its way", func() Config {
			s := newService(acme, options())
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("X-Acme-Signature")
				s.mux.ServeHTTP(w, r)
			}))
		}, []string{"the header of the signature does not get through"}},
		{"nothing is mounted there", func() Config {
			s := newService(acme, options())
			c := s.config(s.mux)
			c.Path = "/hooks/acne"
			return c
		}, []string{"answered 404", "nothing is mounted at /hooks/acne"}},
		{"the mux redirects to a slash", func() Config {
			s := newService(acme, options())
			mux := http.NewServeMux()
			mux.Handle("/hooks/acme/", s.handler)
			return s.config(mux)
		}, []string{"redirected from /hooks/acme to /hooks/acme/"}},
		{"the route is for another method", func() Config {
			s := newService(acme, options())
			mux := http.NewServeMux()
			mux.Handle("PUT /hooks/acme", s.handler)
			return s.config(mux)
		}, []string{"answered 405", "the route does not allow POST"}},
		{"a CSRF check is in the way", func() Config {
			s := newService(acme, options())
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusForbidden) }))
		}, []string{"answered 403", "a CSRF check"}},
		{"a limit of the server is too low", func() Config {
			s := newService(acme, options())
			return s.config(http.MaxBytesHandler(s.mux, 100))
		}, []string{"answered 413", "is over the limit"}},
		{"the Content-Type is refused", func() Config {
			return newService(acme, options()).config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(415) }))
		}, []string{"answered 415", "middleware refuses the Content-Type"}},
		{"it panics", func() Config {
			return newService(acme, options()).config(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("nil map") }))
		}, []string{"the handler panicked: nil map"}},
		{"a callback fails", func() Config {
			h, _ := event.NewHandler(acme, secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
			event.On(h, "employee:hired", func(context.Context, *hire) error { return errors.New("no table") })
			return Config{Vendor: acmeVendor(), Handler: h, Path: "/", Secret: secret}
		}, []string{"employee:hired", "answered 500", "the callback failed"}},
		{"no callback is registered", func() Config {
			h, _ := event.NewHandler(acme, secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
			return Config{Vendor: acmeVendor(), Handler: h, Path: "/", Secret: secret, Recorder: new(Recorder)}
		}, []string{"answered 200 after 0 runs", "is there a callback for this type"}},
		{"callbacks run twice", func() Config {
			s := newService(acme, nil)
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(b))
				s.mux.ServeHTTP(&buffered{&answer{header: http.Header{}}}, r)
				r.Body = io.NopCloser(bytes.NewReader(b))
				s.mux.ServeHTTP(w, r)
			}))
		}, []string{"answered 200 after 2 runs", "is the handler mounted twice"}},
		{"everything is accepted", func() Config {
			s := newService(acme, nil)
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.recorder.Ran() }))
		}, []string{"no signature", "answered 200 OK, want 401"}},
		{"everything is accepted, and callbacks run", func() Config {
			s := newService(acme, nil)
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.recorder.Ran() }))
		}, []string{"wrong key", "1 callbacks ran, want none"}},
		{"forgeries are an error of the server", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *answer) {
				if a.status == http.StatusUnauthorized {
					a.status = http.StatusInternalServerError
				}
			}))
		}, []string{"wrong key", "answered 500"}},
		{"an empty secret", func() Config {
			// A receiver that was made without this module.
			s := newService(acme, nil)
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				for _, key := range []string{secret, "\x00"} {
					if _, err := acme.Scheme.New([]byte(key)).Verify(r.Header, b, time.Now(), 0); err == nil {
						s.recorder.Ran()
						return
					}
				}
				w.WriteHeader(http.StatusUnauthorized)
			}))
		}, []string{"empty key", "answered 200"}},
		{"the previous secret is refused", func() Config {
			s := newService(acme, nil)
			return s.config(s.mux)
		}, []string{"previous key", "answered 401"}},
		{"unknown types are refused", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(r *http.Request, a *answer) {
				if b, _ := io.ReadAll(r.Body); bytes.Contains(b, []byte("unheard-of\"")) {
					a.status = http.StatusNotFound
				}
			}))
		}, []string{"unknown type", "answered 404", "switch off receivers"}},
		{"there is no limit", func() Config {
			s := newService(acme, &event.Options{MaxBody: 8 << 20})
			return s.config(s.mux)
		}, []string{"too large", "answered 200"}},
		{"the window is wide open", func() Config {
			s := newService(acme, &event.Options{Tolerance: 24 * 365 * 1e12})
			return s.config(s.mux)
		}, []string{"stale", "answered 200"}},
		{"a claim that is not true", func() Config {
			s := newService(acme, nil)
			return s.config(s.mux)
		}, []string{"the same again, which is deduplicated", "after 1 more runs"}},
		{"a duplicate is refused", func() Config {
			s := newService(acme, options())
			seen := map[string]bool{}
			return s.config(rewriting(s.mux, func(r *http.Request, a *answer) {
				b, _ := io.ReadAll(r.Body)
				if a.status == http.StatusOK && seen[string(b)] {
					a.status = http.StatusConflict
				}
				seen[string(b)] = true
			}))
		}, []string{"the same again", "answered 409"}},
		{"a duplicate in flight is acknowledged", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *answer) {
				if a.status == http.StatusServiceUnavailable {
					a.status = http.StatusOK
				}
			}))
		}, []string{"the same while the first still runs", "the second was answered 200"}},
		{"a duplicate in flight is a conflict", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *answer) {
				if a.status == http.StatusServiceUnavailable {
					a.status = http.StatusConflict
				}
			}))
		}, []string{"the second was answered 409", "may take 4xx as final"}},
		{"a duplicate in flight runs", func() Config {
			s := newService(acme, nil)
			return s.config(s.mux)
		}, []string{"the callback ran a second time beside the first"}},
		{"any method will do", func() Config {
			s := newService(acme, options())
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Method = http.MethodPost
				s.mux.ServeHTTP(w, r)
			}))
		}, []string{"a GET request was answered 200"}},
		{"the answer repeats the delivery", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(r *http.Request, a *answer) {
				b, _ := io.ReadAll(r.Body)
				a.body = string(b)
			}))
		}, []string{"nothing of it in the answer", "holds the payload"}},
		{"the answer names who was hired", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *answer) {
				if a.status == http.StatusOK {
					a.body = "hired Ines Falk"
				}
			}))
		}, []string{"nothing of it in the answer", "holds the payload: name"}},
		{"the answer tells the secret", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *answer) {
				if a.status != http.StatusOK {
					a.body = "not signed with " + secret
				}
			}))
		}, []string{"holds your secret"}},
		{"the answer tells the signature", func() Config {
			s := newService(acme, options())
			return s.config(rewriting(s.mux, func(r *http.Request, a *answer) { a.header.Set("X-Got", r.Header.Get("X-Acme-Signature")) }))
		}, []string{"holds the signature"}},
		{"there is no vendor", func() Config { return Config{} }, []string{"Config has no Vendor"}},
		{"there is no path", func() Config {
			s := newService(acme, nil)
			c := s.config(s.mux)
			c.Path = ""
			return c
		}, []string{"Config has no Path"}},
		{"there is no such event", func() Config {
			s := newService(acme, nil)
			c := s.config(s.mux)
			c.Types = []string{"employee.promoted"}
			return c
		}, []string{`"employee.promoted", which is no event of this vendor`}},
		{"there is no such case", func() Config {
			s := newService(acme, nil)
			c := s.config(s.mux)
			c.Skip = []string{"Stale"}
			return c
		}, []string{`Config.Skip has "Stale", which is no case`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := newFindings()
			run(found, test.make())
			if !found.have(test.want...) {
				t.Errorf("no finding has all of %q; found:\n%s", test.want, strings.Join(*found.found, "\n"))
			}
		})
	}
}

func TestRunLeavesOut(t *testing.T) {
	s := newService(acme, nil)
	c := s.config(s.mux)
	c.Skip = []string{"previous key", "the same again, which is deduplicated", "the same while the first still runs"}
	found := newFindings()
	run(found, c)
	if len(*found.found) > 0 {
		t.Errorf("found %q, and all of it was to be left out", *found.found)
	}
}

// A delivery that the service has seen must not be sent again as a new one.
func TestRunSendsNewDeliveries(t *testing.T) {
	var bodies []string
	s := newService(acme, options())
	Run(t, s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		r.Body = io.NopCloser(bytes.NewReader(b))
		s.mux.ServeHTTP(w, r)
	})))
	slices.Sort(bodies)
	again := len(bodies) - len(slices.Compact(slices.Clone(bodies)))
	if again != 3 { // the three pairs that are the same on purpose
		t.Errorf("%d of %d deliveries had been sent before, want 3", again, len(bodies))
	}
}
