package comeet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event"
)

// files serves on loopback: what a download may meet.
func files(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/small", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "0123456789") })
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/small", http.StatusFound) })
	mux.HandleFunc("/circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) })
	mux.HandleFunc("/odd-redirect", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://[::1/"+canary)
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, r *http.Request) { http.Error(w, canary, http.StatusForbidden) })
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) {
		for range 10 {
			fmt.Fprint(w, "0123456789")
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, canary)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/slow-body", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "0")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestDownload(t *testing.T) {
	server := files(t)
	anywhere := func(maxBytes int64) *comeet.DownloadOptions {
		return &comeet.DownloadOptions{MaxBytes: maxBytes, InsecureClient: server.Client()}
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that fails
	untrusted.StartTLS()
	defer untrusted.Close()
	for _, test := range []struct {
		name, url string
		opts      *comeet.DownloadOptions
		want      string // the content
		is        error  // of the error
		says      string // in the error
	}{
		{"a file", server.URL + "/small?token=" + canary, anywhere(0), "0123456789", nil, ""},
		{"a redirect", server.URL + "/redirect", anywhere(0), "0123456789", nil, ""},
		{"as large as may be", server.URL + "/small", anywhere(10), "0123456789", nil, ""},
		{"one byte larger", server.URL + "/small?token=" + canary, anywhere(9), "", comeet.ErrTooLarge, "MaxBytes"},
		{"of unknown length and too large", server.URL + "/chunked", anywhere(99), "", comeet.ErrTooLarge, "MaxBytes"},
		{"of unknown length", server.URL + "/chunked", anywhere(100), strings.Repeat("0123456789", 10), nil, ""},
		{"the largest limit", server.URL + "/small", anywhere(1<<63 - 1), "0123456789", nil, ""},
		{"to this machine", server.URL + "/small?token=" + canary, nil, "", comeet.ErrPrivateAddress, "127.0.0.1"},
		{"to this machine by name", strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/small", nil, "", comeet.ErrPrivateAddress, "not a public address"},
		{"into a private network", "http://10.0.0.7/" + canary, nil, "", comeet.ErrPrivateAddress, "10.0.0.7"},
		{"to a link-local address", "http://169.254.169.254/latest", &comeet.DownloadOptions{MaxBytes: 1}, "", comeet.ErrPrivateAddress, "169.254.169.254"},
		{"not found any more", server.URL + "/gone?token=" + canary, anywhere(0), "", nil, "status 403"},
		{"broken off", server.URL + "/broken", anywhere(0), "", nil, "broke off"},
		{"nothing listens", closed.URL + "/" + canary, anywhere(0), "", nil, "refused"},
		{"a certificate that nothing vouches for", untrusted.URL + "/" + canary, anywhere(0), "", nil, "certificate"},
		{"redirected endlessly", server.URL + "/circle?token=" + canary, anywhere(0), "", nil, "request failed"},
		{"redirected to nowhere", server.URL + "/odd-redirect", anywhere(0), "", nil, "request failed"},
		{"no link", "", nil, "", nil, "there is no link"},
		{"not a link", canary, nil, "", nil, "malformed"},
		{"a malformed link", "http://exa mple.com/" + canary, nil, "", nil, "malformed"},
		{"another scheme", "file://example.com/" + canary, nil, "", nil, "request failed"},
	} {
		for what, download := range map[string]func(context.Context, *comeet.DownloadOptions) ([]byte, error){
			"résumé": comeet.Resume{URL: test.url}.Download, "picture": comeet.Picture{URL: test.url}.Download,
		} {
			t.Run(test.name+", "+what, func(t *testing.T) {
				got, err := download(t.Context(), test.opts)
				if test.says == "" {
					if string(got) != test.want || err != nil {
						t.Errorf("got %q, %v", got, err)
					}
					return
				}
				if got != nil || err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), what) {
					t.Fatalf("got %q, %v; want an error that says %q", got, err, test.says)
				}
				if strings.Contains(err.Error(), canary) {
					t.Errorf("the error holds the link: %v", err)
				}
			})
		}
	}
}

// What stops a download is the end of the link, reckoned from the delivery, or of
// the context.
func TestADownloadStopsInTime(t *testing.T) {
	server := files(t)
	opts := &comeet.DownloadOptions{InsecureClient: server.Client()}
	h := newHandler(t, nil)
	for _, test := range []struct {
		name, path string
		left       time.Duration // until the link expires
		ctx        func(context.Context) (context.Context, context.CancelFunc)
		want       error
	}{
		{"before it begins", "/small", -time.Second, nil, comeet.ErrLinkExpired},
		{"before the response", "/slow", 50 * time.Millisecond, nil, comeet.ErrLinkExpired},
		{"in the middle", "/slow-body", 50 * time.Millisecond, nil, comeet.ErrLinkExpired},
		{"by the callback's deadline", "/slow", time.Hour, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 50*time.Millisecond)
		}, context.DeadlineExceeded},
		{"because Comeet hangs up", "/slow", time.Hour, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(50*time.Millisecond, cancel)
			return ctx, cancel
		}, context.Canceled},
		{"after the response to Comeet", "/slow", 50 * time.Millisecond, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithoutCancel(ctx), func() {}
		}, comeet.ErrLinkExpired},
		{"not at all", "/small", 10 * time.Second, nil, nil},
	} {
		for _, life := range []time.Duration{3 * time.Minute, 200 * time.Second} {
			t.Run(fmt.Sprint(test.name, " ", life), func(t *testing.T) {
				var err error
				event.On(h, fmt.Sprint(test.name, life), func(ctx context.Context, c *comeet.Candidate) error {
					if test.ctx != nil {
						var cancel context.CancelFunc
						ctx, cancel = test.ctx(ctx)
						defer cancel()
					}
					if life == 3*time.Minute {
						_, err = comeet.Resume{URL: server.URL + test.path}.Download(ctx, opts)
					} else {
						_, err = comeet.Picture{URL: server.URL + test.path}.Download(ctx, opts)
					}
					return nil
				})
				d := &event.Delivery{
					Type: fmt.Sprint(test.name, life), Body: []byte(`{"comeet_id":"1"}`), ReceivedAt: time.Now().Add(test.left - life),
				}
				if err := h.Dispatch(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				if !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			})
		}
	}
}

// How long the link of a File works is unpublished: only ctx ends its download.
func TestAFileIsDownloadedWithoutATimeLimit(t *testing.T) {
	server := files(t)
	h := newHandler(t, nil)
	h.OnCreateEmployee(func(ctx context.Context, _ *comeet.Candidate) error {
		if _, ok := ctx.Deadline(); ok {
			t.Error("the callback's context has a deadline")
		}
		content, err := comeet.File{URL: server.URL + "/small"}.Download(ctx, &comeet.DownloadOptions{InsecureClient: server.Client()})
		if string(content) != "0123456789" {
			t.Errorf("downloaded %q, %v", content, err)
		}
		_, err = comeet.File{URL: server.URL + "/small"}.Download(ctx, nil)
		if !errors.Is(err, comeet.ErrPrivateAddress) {
			t.Errorf("from this machine: %v", err)
		}
		return nil
	})
	d := &event.Delivery{Type: comeet.TypeCreateEmployee, Body: []byte(`{"comeet_id":"1"}`), ReceivedAt: time.Now().Add(-time.Hour)}
	if err := h.Dispatch(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// Without a delivery in the context a link cannot work for longer than from now.
func TestADownloadWithoutADelivery(t *testing.T) {
	var deadline time.Time
	client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		deadline, _ = r.Context().Deadline()
		return nil, errors.New("no")
	})}
	before := time.Now()
	_, err := comeet.Resume{URL: "https://example.com"}.Download(t.Context(), &comeet.DownloadOptions{InsecureClient: client})
	if after := time.Now(); err == nil || deadline.Before(before.Add(3*time.Minute)) || deadline.After(after.Add(3*time.Minute)) {
		t.Errorf("called between %v and %v, it may take until %v (%v)", before, after, deadline, err)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// Every address is checked when it is dialed, those of redirects too.
func TestARedirectDoesNotLeadInside(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer outside.Close()
	client := comeet.PublicClient()
	own := client.Transport.(*http.Transport)
	dial := own.DialContext
	own.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "public.example.com:80" { // resolves to something public
			return new(net.Dialer).DialContext(ctx, network, outside.Listener.Addr().String())
		}
		return dial(ctx, network, address)
	}
	_, err := comeet.Resume{URL: "http://public.example.com/cv"}.Download(t.Context(), &comeet.DownloadOptions{InsecureClient: client})
	if !errors.Is(err, comeet.ErrPrivateAddress) {
		t.Errorf("got %v", err)
	}
}

func TestPublicAddresses(t *testing.T) {
	for address, public := range map[string]bool{
		"93.184.215.14:443":         true,
		"[2606:2800:21f::1]:443":    true,
		"172.32.0.1:80":             true,
		"100.128.0.1:80":            true,
		"[64:ff9b::5db8:d70e]:443":  true,
		"[64:ff9b::a00:1]:80":       false, // 10.0.0.1, through NAT64
		"[64:ff9b::a9fe:a9fe]:80":   false, // 169.254.169.254
		"[64:ff9b:1::a00:1]:80":     false,
		"[::a00:1]:80":              false, // 10.0.0.1, as IPv6 once wrote it
		"[::ffff:0:a00:1]:80":       false,
		"[2002:5db8:d70e::1]:443":   true,
		"[2002:7f00:1::1]:80":       false, // 127.0.0.1, through 6to4
		"127.0.0.1:80":              false,
		"127.255.0.9:80":            false,
		"0.0.0.0:80":                false,
		"10.1.2.3:80":               false,
		"172.16.0.1:80":             false,
		"192.168.1.1:80":            false,
		"169.254.169.254:80":        false,
		"100.100.100.200:80":        false,
		"224.0.0.1:80":              false,
		"255.255.255.255:80":        false,
		"[::]:80":                   false,
		"[::1]:80":                  false,
		"[::ffff:127.0.0.1]:80":     false,
		"[::ffff:10.0.0.1]:80":      false,
		"[::ffff:100.64.0.1]:80":    false,
		"[fe80::1%eth0]:80":         false,
		"[fd00:ec2::254]:80":        false,
		"[ff02::1]:80":              false,
		"/var/run/something.socket": false,
	} {
		if err := comeet.PublicOnly("tcp", address, nil); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The client is for one request and leaves no connection behind.
func TestTheClientLeavesNothingBehind(t *testing.T) {
	own := comeet.PublicClient().Transport.(*http.Transport)
	if !own.DisableKeepAlives || own.Proxy != nil {
		t.Error("connections are kept, or a proxy is used")
	}
}
