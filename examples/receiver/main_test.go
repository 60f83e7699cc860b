package main

import (
	"bytes"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

func TestReceiver(t *testing.T) {
	const secret = "a secret for tests only"
	hooks, err := newHooks(secret)
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	log.SetOutput(&printed)
	log.SetFlags(0)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })

	for _, test := range []struct {
		secret, want string
		code         int
	}{
		{secret, "greenhouse:9kWmXr4TtBz7QpLd2VcNf6Hy: 3 models changed\n", http.StatusOK},
		{"another secret", "", http.StatusUnauthorized},
	} {
		printed.Reset()
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, kombotest.NewRequest(t, test.secret, kombotest.DataChanged(), eventtest.To("/hooks/kombo")))
		if w.Code != test.code {
			t.Errorf("signed with %q: got %d, want %d", test.secret, w.Code, test.code)
		}
		if got := printed.String(); test.code == http.StatusOK && got != test.want {
			t.Errorf("printed %q, want %q", got, test.want)
		}
	}
	if _, err := newHooks(""); err == nil {
		t.Error("it starts without a secret")
	}
}
