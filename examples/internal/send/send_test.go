package send

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckTarget(t *testing.T) {
	for _, target := range []string{"http://127.0.0.1:1/", "http://[::1]:1/x", "https://localhost/"} {
		if err := CheckTarget(target, false); err != nil {
			t.Error(err)
		}
	}
	for _, target := range []string{"", "x", "localhost:80", "file:///etc/passwd", "http://192.0.2.1/", "http://localhost.example.com/", "http://127.0.0.1.example.com/"} {
		if err := CheckTarget(target, false); err == nil {
			t.Errorf("%q is accepted", target)
		}
	}
	if err := CheckTarget("https://hooks.example.com", true); err != nil {
		t.Error(err)
	}
}

func TestClientStaysOnThisMachine(t *testing.T) {
	r := Post(t.Context(), NewClient(false, 1), "http://192.0.2.1:9/", nil, nil)
	if r.Code != 0 || !strings.Contains(r.Status, "not on this machine") {
		t.Errorf("%+v", r)
	}
}

func TestPost(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, 2*maxResponse))
		}
	}))
	defer s.Close()
	client := NewClient(false, 1)
	if r := Post(t.Context(), client, s.URL+"/moved", nil, nil); r.Code != http.StatusFound {
		t.Errorf("a redirect: %+v", r)
	}
	if r := Post(t.Context(), client, s.URL+"/large", nil, nil); r.Code != http.StatusOK || len(r.Body) != maxResponse {
		t.Errorf("a large response: %d bytes", len(r.Body))
	}
}
