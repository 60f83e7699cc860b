package eventtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/internal/vendors"
	"github.com/atshooks/atshooks/signature/diagnose"
)

// mounted is a service with a callback for every event of a vendor.
func mounted(t *testing.T, v eventtest.Vendor, opts *event.Options, fn func(context.Context, *json.RawMessage) error) http.Handler {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := event.NewHandler(v.Provider, "the secret", opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range v.Types() {
		event.On(h, typ, fn)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks", h)
	mux.Handle("POST /hooks/", h)
	return mux
}

// Run finds nothing wrong with our own handlers.
func TestRunOnEveryVendor(t *testing.T) {
	for _, v := range vendors.All {
		t.Run(v.Name(), func(t *testing.T) {
			var recorder eventtest.Recorder
			mux := mounted(t, v.Vendor,
				&event.Options{Store: event.NewMemoryStore(nil), PreviousSecrets: []string{"the previous secret"}},
				func(context.Context, *json.RawMessage) error { return recorder.Ran() })
			eventtest.Run(t, eventtest.Config{
				Vendor: v.Vendor, Handler: mux, Path: "/hooks",
				Secret: "the secret", PreviousSecret: "the previous secret",
				Recorder: &recorder, Deduplicates: true,
			})
		})
	}
}

// Every near miss of every event, as a program would send it over HTTP.
func TestNearMissesOfEveryVendor(t *testing.T) {
	for _, v := range vendors.All {
		t.Run(v.Name(), func(t *testing.T) {
			for _, m := range v.NearMisses() {
				if m.Skip != "" {
					continue
				}
				for _, typ := range v.Types() {
					r, err := m.Make(eventtest.Draft{Type: typ, Secret: "the secret", Previous: "the previous secret"})
					if err != nil {
						if m.Name != "null where a value is usual" {
							t.Errorf("%s of %s: %v", m.Name, typ, err)
						}
						continue
					}
					runs := 0
					mux := mounted(t, v.Vendor, &event.Options{PreviousSecrets: []string{"the previous secret"}},
						func(context.Context, *json.RawMessage) error { runs++; return nil })
					var status int
					for range m.Times {
						req := httptest.NewRequest(http.MethodPost, path(v.Vendor, typ), bytes.NewReader(r.Body))
						req.Header = r.Header
						w := httptest.NewRecorder()
						mux.ServeHTTP(w, req)
						status = w.Code
					}
					if status != m.Statuses[0] || runs < m.MinRuns || runs > m.MaxRuns {
						t.Errorf("the response to %s of %s is %d after %d runs of the callback, want %d after %d to %d", m.Name, typ, status, runs, m.Statuses[0], m.MinRuns, m.MaxRuns)
					}
				}
			}
		})
	}
}

// path is where a type is mounted.
func path(v eventtest.Vendor, typ string) string {
	if len(v.Provider.Envelope.Type) == 0 {
		return "/hooks/" + typ
	}
	return "/hooks"
}

func TestSkippedNearMisses(t *testing.T) {
	for _, v := range vendors.All {
		var skipped []string
		for _, m := range v.NearMisses() {
			if m.Skip == "" {
				continue
			}
			skipped = append(skipped, m.Name)
			if _, err := m.Make(eventtest.Draft{Type: v.Types()[0], Secret: "the secret"}); err == nil || !strings.Contains(err.Error(), m.Skip) {
				t.Errorf("%s: making %s: %v, want an error with the reason", v.Name(), m.Name, err)
			}
		}
		want, ok := map[string][]string{
			"comeet":   {"stale", "from the future", "a new timestamp", "unknown type"},
			"kombo":    {"missing prefix", "stale", "from the future", "a new timestamp"},
			"keldair":  {"missing prefix", "stale", "from the future", "a new timestamp"},
			"hires100": {"missing prefix", "stale", "from the future", "a new timestamp"},
			"kit":      {"missing prefix"},
		}[v.Name()]
		switch {
		case !ok:
			t.Errorf("no row for %s, which skips %q: if these are right, add them", v.Name(), skipped)
		case !slices.Equal(skipped, want):
			t.Errorf("%s skips %q, want %q", v.Name(), skipped, want)
		}
	}
}

// A developer who plays with "re-encoded JSON" is told what happened to it.
func TestReencodedBodiesAreDiagnosed(t *testing.T) {
	secret := []byte("the secret")
	for _, v := range vendors.All {
		for _, m := range v.NearMisses() {
			if m.Name != "re-encoded JSON" {
				continue
			}
			r, err := m.Make(eventtest.Draft{Type: v.Types()[0], Secret: string(secret)})
			if err != nil {
				t.Fatal(err)
			}
			if got := diagnose.Diagnose(v.Provider.Scheme, r.Header, r.Body, time.Now(), 0, secret); got.Reason != diagnose.ReasonBodyReencoded {
				t.Errorf("%s: %v", v.Name(), got)
			}
		}
	}
}

// A log with all of a fixture in it has leaks; our own handlers' log has none,
// whatever is sent, and nor has one of decoded payloads.
func TestLeaksOfEveryVendor(t *testing.T) {
	for _, v := range vendors.All {
		t.Run(v.Name(), func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			mux := mounted(t, v.Vendor, &event.Options{
				Logger:  logger,
				Observe: func(_ context.Context, r event.Result) { logger.Info("delivery", "result", fmt.Sprintf("%+v", r)) },
			}, func(ctx context.Context, _ *json.RawMessage) error {
				d, _ := event.FromContext(ctx)
				logger.Info("received", "delivery", d)
				return fmt.Errorf("no room for %s", d.ID)
			})
			for _, typ := range v.Types() {
				mux.ServeHTTP(httptest.NewRecorder(), v.NewRequest(t, "the secret", typ, eventtest.To(path(v.Vendor, typ))))
			}
			if !strings.Contains(log.String(), "no room for") {
				t.Fatalf("nothing was logged:\n%s", &log)
			}
			for _, leak := range v.Leaks(log.Bytes()) {
				t.Errorf("the log has personal data: %s", leak)
			}

			for _, typ := range v.Types() {
				body := v.Body(typ)
				if len(v.Leaks(body)) == 0 && bytes.Contains(body, []byte("@example")) {
					t.Errorf("nothing of %s is found where all of it is", typ)
				}
			}
		})
	}
}

// The clock of a draft is the one that is signed.
func TestSignAtATime(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	kit := vendors.Lookup("kit")
	r, err := kit.Sign(eventtest.Draft{Type: "test.ping", Secret: "the secret", Time: at})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("X-Webhook-Timestamp"); got != "2026-03-02T08:00:00Z" {
		t.Errorf("signed at %q", got)
	}
	if _, err := kit.Provider.Scheme.New([]byte("the secret")).Verify(r.Header, r.Body, at, 0); err != nil {
		t.Errorf("it does not verify at that time: %v", err)
	}
}
