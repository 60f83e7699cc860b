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
	if !p.Synchronous {
		event.On(h, "employee:hired", func(context.Context, *hire) error { return s.recorder.Ran() })
		event.On(h, "employee.left", func(context.Context, *leave) error { return s.recorder.Ran() })
		s.mux.Handle("POST /hooks/acme", h)
		return s
	}
	event.OnRespond(h, "ask", func(context.Context, *hire) (*manager, error) { return nil, s.recorder.Ran() })
	event.On(h, "hire", func(context.Context, *hire) error { return s.recorder.Ran() })
	s.mux.Handle("POST /hooks/bizarre/", h)
	return s
}

// everything has the options of a service that deduplicates and rotates its secret.
func everything() *event.Options {
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
		s := newService(acme, everything())
		Run(t, s.config(s.mux))
	})
	t.Run("a service with as little as possible", func(t *testing.T) {
		s := newService(acme, nil)
		Run(t, Config{Vendor: acmeVendor(), Handler: s.mux, Path: "/hooks/acme", Secret: secret})
	})
	t.Run("a service for some events only", func(t *testing.T) {
		s := newService(acme, nil)
		Run(t, Config{Vendor: acmeVendor(), Handler: s.mux, Path: "/hooks/acme", Secret: secret, Types: []string{"employee.left"}, Recorder: &s.recorder})
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
	t.Run("a service that responses a person, with URLs that tell the type", func(t *testing.T) {
		s := newService(bizarre, everything())
		Run(t, Config{
			Vendor: bizarreVendor(), Handler: s.mux, Secret: secret, PreviousSecret: previousSecret, Recorder: &s.recorder,
			Path: "/hooks/bizarre/",
		})
	})
	t.Run("a service with a short secret", func(t *testing.T) {
		h, err := event.NewHandler(acme, "Not", &event.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		Run(t, Config{Vendor: acmeVendor(), Handler: h, Path: "/", Secret: "Not"}) // as in Not Found
	})
	t.Run("a provider that signs inside the body", func(t *testing.T) {
		h, err := event.NewHandler(inside, secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		Run(t, Config{Vendor: insideVendor(), Handler: h, Path: "/", Secret: secret})
	})
}

// queued is a service with an inbox whose worker takes its time.
func queued(t *testing.T, fault string) (*service, *memoryEngine) {
	e := &memoryEngine{fault: fault, logger: slog.New(slog.DiscardHandler)}
	s := newService(acme, &event.Options{Inbox: e, Wrap: func(cb event.Callback) event.Callback {
		return func(ctx context.Context, payload any) (any, error) {
			time.Sleep(300 * time.Millisecond)
			return cb(ctx, payload)
		}
	}})
	w := e.newWorker(e, 2, s.handler)
	go func() { _ = w.Run(context.Background()) }()
	t.Cleanup(func() { _ = w.Shutdown(context.Background()) })
	return s, e
}

// Callbacks that run after the response, and slowly, must not be missed, nor
// taken for those of another delivery.
func TestRunWaitsForAnInbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := queued(t, "")
		c := s.config(s.mux)
		c.Inbox, c.PreviousSecret = true, ""
		found := newFindings(t)
		run(found, c)
		found.want(t)
	})
}

func TestRunFindsFaultyInboxes(t *testing.T) {
	for _, test := range []struct {
		name, fault string
		change      func(s *service, e *memoryEngine, c *Config)
		want        []string
	}{
		{"Config.Inbox is not set", "", func(_ *service, _ *memoryEngine, c *Config) { c.Inbox = false },
			[]string{"a genuine delivery", "0 callbacks ran, want 1", "set Config.Inbox"}},
		{"the worker does nothing", "takes nothing", nil, []string{"a genuine delivery", "0 callbacks ran, want 1", "does it call Recorder.Ran"}},
		{"duplicates are stored", "stores duplicates", nil, []string{"the same again, which is deduplicated", "want 1"}},
		{"what is rejected is stored all the same", "", func(s *service, e *memoryEngine, c *Config) {
			c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(b))
				if _, err := acme.Scheme.New([]byte(secret)).Verify(r.Header, b, time.Now(), 0); err != nil {
					d := &event.Delivery{Handler: "acme", Type: "employee.left", Body: b}
					form, _ := d.MarshalBinary()
					_ = e.insert("acme", d.Key(), form)
				}
				s.mux.ServeHTTP(w, r)
			})
		}, []string{"callbacks ran, want"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, e := queued(t, test.fault)
				c := s.config(s.mux)
				c.Inbox, c.PreviousSecret = true, ""
				if test.change != nil {
					test.change(s, e, &c)
				}
				found := newFindings(t)
				run(found, c)
				found.want(t, test.want...)
			})
		})
	}
}

// Waiting for the first is slow, and not wrong.
func TestRunAcceptsThatTheSecondWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(acme, everything())
		turn := make(chan struct{}, 1)
		found := newFindings(t)
		run(found, s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			turn <- struct{}{}
			defer func() { <-turn }()
			s.mux.ServeHTTP(w, r)
		})))
		found.want(t)
	})
}

// A callback that never tells its recorder must not stop the suite.
func TestRunDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(acme, everything())
		c := s.config(s.mux)
		c.Recorder = new(Recorder)
		found := newFindings(t)
		run(found, c)
		found.want(t, "a genuine delivery", "0 callbacks ran, want 1")
		found.want(t, "the same while the first still runs", "before its callback has called Recorder.Ran")
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

// rewriting is middleware that changes the response.
func rewriting(next http.Handler, change func(r *http.Request, a *response)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(b))
		a := response{header: w.Header()}
		next.ServeHTTP(&buffered{a: &a}, r)
		r.Body = io.NopCloser(bytes.NewReader(b))
		change(r, &a)
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	})
}

type buffered struct{ a *response }

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
			s := newService(acme, everything())
			c := s.config(s.mux)
			c.Secret = "another-secret"
			return c
		}, []string{"a genuine delivery", "the response is 401", "the secret is another one"}},
		{"the body is re-encoded by middleware", func() Config {
			s := newService(acme, everything())
			return s.config(changingBody(s.mux, compacted))
		}, []string{"a genuine delivery", "the body is decoded and encoded again"}},
		{"the body is re-encoded by middleware that adds a newline", func() Config {
			s := newService(acme, everything())
			return s.config(changingBody(s.mux, func(b []byte) []byte { return append(compacted(b), '\n') }))
		}, []string{"the body is decoded and encoded again"}},
		{"the body is consumed by middleware", func() Config {
			s := newService(acme, everything())
			return s.config(changingBody(s.mux, func([]byte) []byte { return nil }))
		}, []string{"a genuine delivery", "the body was read by middleware that did not put it back"}},
		{"the body is trimmed by middleware", func() Config {
			s := newService(acme, everything())
			return s.config(changingBody(s.mux, bytes.TrimSpace))
		}, []string{"byte for byte", "the blanks around the body are trimmed"}},
		{"the header is lost on its way", func() Config {
			s := newService(acme, everything())
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("X-Acme-Signature")
				s.mux.ServeHTTP(w, r)
			}))
		}, []string{"the header of the signature does not get through"}},
		{"nothing is mounted there", func() Config {
			s := newService(acme, everything())
			c := s.config(s.mux)
			c.Path = "/hooks/acne"
			return c
		}, []string{"the response is 404", "nothing is mounted at /hooks/acne"}},
		{"the mux redirects to a slash", func() Config {
			s := newService(acme, everything())
			mux := http.NewServeMux()
			mux.Handle("/hooks/acme/", s.handler)
			return s.config(mux)
		}, []string{"redirected from /hooks/acme to /hooks/acme/"}},
		{"the route is for another method", func() Config {
			s := newService(acme, everything())
			mux := http.NewServeMux()
			mux.Handle("PUT /hooks/acme", s.handler)
			return s.config(mux)
		}, []string{"the response is 405", "the route does not allow POST"}},
		{"a CSRF check is in the way", func() Config {
			s := newService(acme, everything())
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusForbidden) }))
		}, []string{"the response is 403", "a CSRF check"}},
		{"a limit of the server is too low", func() Config {
			s := newService(acme, everything())
			return s.config(http.MaxBytesHandler(s.mux, 100))
		}, []string{"the response is 413", "is over the limit"}},
		{"the Content-Type is rejected", func() Config {
			return newService(acme, everything()).config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(415) }))
		}, []string{"the response is 415", "middleware rejects the Content-Type"}},
		{"it panics", func() Config {
			return newService(acme, everything()).config(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("nil map") }))
		}, []string{"the handler panicked: nil map"}},
		{"a callback fails", func() Config {
			h, _ := event.NewHandler(acme, secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
			event.On(h, "employee:hired", func(context.Context, *hire) error { return errors.New("no table") })
			return Config{Vendor: acmeVendor(), Handler: h, Path: "/", Secret: secret}
		}, []string{"employee:hired", "the response is 500", "the callback failed"}},
		{"no callback is registered", func() Config {
			h, _ := event.NewHandler(acme, secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
			return Config{Vendor: acmeVendor(), Handler: h, Path: "/", Secret: secret, Recorder: new(Recorder)}
		}, []string{"0 callbacks ran, want 1", "is there a callback for this type"}},
		{"callbacks run twice", func() Config {
			s := newService(acme, nil)
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(b))
				s.mux.ServeHTTP(&buffered{&response{header: http.Header{}}}, r)
				r.Body = io.NopCloser(bytes.NewReader(b))
				s.mux.ServeHTTP(w, r)
			}))
		}, []string{"2 callbacks ran, want 1", "is the handler mounted twice"}},
		{"everything is accepted", func() Config {
			s := newService(acme, nil)
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.recorder.Ran() }))
		}, []string{"no signature", "the response is 200 OK, want 401"}},
		{"everything is accepted, and callbacks run", func() Config {
			s := newService(acme, nil)
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.recorder.Ran() }))
		}, []string{"wrong key", "1 callbacks ran, want none"}},
		{"forgeries are an error of the server", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusUnauthorized {
					a.status = http.StatusInternalServerError
				}
			}))
		}, []string{"wrong key", "the response is 500"}},
		{"errors are turned into success", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusInternalServerError {
					a.status, a.body = http.StatusOK, ""
				}
			}))
		}, []string{"a callback that fails", "the response is 200 OK, want 500", "does middleware turn errors into success"}},
		{"panics are turned into success", func() Config {
			s := newService(acme, &event.Options{Wrap: func(cb event.Callback) event.Callback {
				return func(ctx context.Context, payload any) (resp any, err error) {
					defer func() { _ = recover() }()
					return cb(ctx, payload)
				}
			}})
			return s.config(s.mux)
		}, []string{"a callback that panics", "the response is 200 OK, want 500"}},
		{"panics cut the connection", func() Config {
			var recorder Recorder
			return Config{Vendor: acmeVendor(), Path: "/", Secret: secret, Recorder: &recorder, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if _, err := acme.Scheme.New([]byte(secret)).Verify(r.Header, b, time.Now(), 0); err != nil {
					w.WriteHeader(http.StatusUnauthorized)
				} else if recorder.Ran() != nil {
					w.WriteHeader(http.StatusInternalServerError)
				}
			})}
		}, []string{"a callback that panics", "the handler panicked: eventtest: panicked on purpose, want 500", "recover the panic"}},
		{"a callback's error is a client error", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusInternalServerError {
					a.status = http.StatusUnprocessableEntity
				}
			}))
		}, []string{"a callback that fails", "the response is 422", "may take a 4xx as final"}},
		{"what failed counts as handled", func() Config {
			s := newService(acme, everything())
			seen := map[string]bool{}
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if seen[string(b)] {
					return
				}
				seen[string(b)] = true
				r.Body = io.NopCloser(bytes.NewReader(b))
				s.mux.ServeHTTP(w, r)
			}))
		}, []string{"a callback that fails", "0 callbacks ran, want 1: a delivery whose callback has failed must run when it is sent again"}},
		{"a message is lost on its way", func() Config {
			s := newService(bizarre, everything())
			return Config{Vendor: bizarreVendor(), Path: "/hooks/bizarre", Secret: secret, Recorder: &s.recorder, Handler: rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusConflict {
					a.body = `{"message":"Conflict"}`
				}
			})}
		}, []string{"a callback that rejects", "the response is 409 Conflict, want 409", `the JSON member "message"`}},
		{"an own status for success", func() Config {
			s := newService(acme, nil)
			c := s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusOK {
					a.status = http.StatusNoContent
				}
			}))
			c.Vendor.Success = []int{200}
			return c
		}, []string{"the response is 204 No Content, want 200: acme documents 200 as success"}},
		{"a strange status for success", func() Config {
			s := newService(acme, nil)
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusOK {
					a.status = http.StatusPartialContent
				}
			}))
		}, []string{"the response is 206 Partial Content, want 200: acme documents 200 or 201 or 202 or 204 as success"}},
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
		}, []string{"empty key", "the response is 200"}},
		{"the previous secret is rejected", func() Config {
			s := newService(acme, nil)
			return s.config(s.mux)
		}, []string{"previous key", "the response is 401"}},
		{"unknown types are rejected", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(r *http.Request, a *response) {
				if b, _ := io.ReadAll(r.Body); bytes.Contains(b, []byte("unheard-of\"")) {
					a.status = http.StatusNotFound
				}
			}))
		}, []string{"unknown type", "the response is 404", "switch off endpoints"}},
		{"there is no limit", func() Config {
			s := newService(acme, &event.Options{MaxBody: 8 << 20})
			return s.config(s.mux)
		}, []string{"too large", "the response is 200"}},
		{"the window is wide open", func() Config {
			s := newService(acme, &event.Options{Tolerance: 24 * 365 * 1e12})
			return s.config(s.mux)
		}, []string{"stale", "the response is 200"}},
		{"a claim that is not true", func() Config {
			s := newService(acme, nil)
			return s.config(s.mux)
		}, []string{"the same again, which is deduplicated", "2 callbacks ran, want 1"}},
		{"a duplicate is rejected", func() Config {
			s := newService(acme, everything())
			seen := map[string]bool{}
			return s.config(rewriting(s.mux, func(r *http.Request, a *response) {
				b, _ := io.ReadAll(r.Body)
				if a.status == http.StatusOK && seen[string(b)] {
					a.status = http.StatusConflict
				}
				seen[string(b)] = true
			}))
		}, []string{"the same again", "the response is 409"}},
		{"a duplicate in flight is acknowledged", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusServiceUnavailable {
					a.status = http.StatusOK
				}
			}))
		}, []string{"the same while the first still runs", "the response to the second is 200"}},
		{"a duplicate in flight is a conflict", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusServiceUnavailable {
					a.status = http.StatusConflict
				}
			}))
		}, []string{"the response to the second is 409", "may take 4xx as final"}},
		{"a duplicate in flight runs", func() Config {
			s := newService(acme, nil)
			return s.config(s.mux)
		}, []string{"the callback ran a second time beside the first"}},
		{"any method will do", func() Config {
			s := newService(acme, everything())
			return s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Method = http.MethodPost
				s.mux.ServeHTTP(w, r)
			}))
		}, []string{"the response to a GET request is 200"}},
		{"the response repeats the delivery", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(r *http.Request, a *response) {
				b, _ := io.ReadAll(r.Body)
				a.body = string(b)
			}))
		}, []string{"nothing of it in the response", "holds the payload"}},
		{"the response names who was hired", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status == http.StatusOK {
					a.body = "hired Ines Falk"
				}
			}))
		}, []string{"nothing of it in the response", "holds the payload: name"}},
		{"the response tells the secret", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(_ *http.Request, a *response) {
				if a.status != http.StatusOK {
					a.body = "not signed with " + secret
				}
			}))
		}, []string{"holds your secret"}},
		{"the response tells the signature", func() Config {
			s := newService(acme, everything())
			return s.config(rewriting(s.mux, func(r *http.Request, a *response) { a.header.Set("X-Got", r.Header.Get("X-Acme-Signature")) }))
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
		}, []string{`no event "employee.promoted"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				found := newFindings(t)
				run(found, test.make())
				found.want(t, test.want...)
			})
		})
	}
}

func TestRunLeavesOut(t *testing.T) {
	s := newService(acme, nil)
	c := s.config(s.mux)
	c.Skip = []string{"previous key", "the same again", "the same again, which is deduplicated", "the same while the first still runs"}
	found := newFindings(t)
	run(found, c)
	found.want(t)
}

// A delivery that the service has seen must not be sent again as a new one.
func TestRunSendsNewDeliveries(t *testing.T) {
	var bodies []string
	s := newService(acme, everything())
	Run(t, s.config(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		r.Body = io.NopCloser(bytes.NewReader(b))
		s.mux.ServeHTTP(w, r)
	})))
	slices.Sort(bodies)
	again := len(bodies) - len(slices.Compact(slices.Clone(bodies)))
	if again != 5 { // the pairs that are the same on purpose
		t.Errorf("%d of %d deliveries had been sent before, want 5", again, len(bodies))
	}
}
