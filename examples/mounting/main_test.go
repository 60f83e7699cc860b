package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/gin-gonic/gin"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

const secret = "a secret for tests only"

// newHandler returns a handler and the integrations that its callback saw.
func newHandler(t *testing.T) (*kombo.Handler, *[]string) {
	t.Helper()
	k, err := kombo.NewHandler(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := new([]string)
	k.OnDataChanged(func(_ context.Context, e *kombo.DataChanged) error {
		*seen = append(*seen, string(e.IntegrationID))
		return nil
	})
	return k, seen
}

func TestRouters(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	for name, mount := range routers {
		t.Run(name, func(t *testing.T) {
			k, seen := newHandler(t)
			h := mount(k)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, kombotest.NewRequest(t, secret, kombo.TypeDataChanged, eventtest.To("/hooks/kombo")))
			if w.Code != http.StatusOK || len(*seen) != 1 {
				t.Errorf("signed: answered %d after %d callbacks, want 200 after one", w.Code, len(*seen))
			}
			w = httptest.NewRecorder()
			h.ServeHTTP(w, kombotest.NewRequest(t, "another secret", kombo.TypeDataChanged, eventtest.To("/hooks/kombo")))
			if w.Code != http.StatusUnauthorized || len(*seen) != 1 {
				t.Errorf("forged: answered %d after %d callbacks, want 401 and no further one", w.Code, len(*seen))
			}
		})
	}
}

func TestLambda(t *testing.T) {
	k, seen := newHandler(t)
	function := Lambda(k)
	r := kombotest.NewRequest(t, secret, kombo.TypeDataChanged)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{}
	for name := range r.Header {
		headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	for _, tt := range []struct {
		name   string
		req    events.APIGatewayV2HTTPRequest
		status int
		calls  int
	}{
		{"plain", events.APIGatewayV2HTTPRequest{Headers: headers, Body: string(body)}, 200, 1},
		{"base64", events.APIGatewayV2HTTPRequest{Headers: headers, Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: true}, 200, 1},
		{"base64 that is not", events.APIGatewayV2HTTPRequest{Headers: headers, Body: "{", IsBase64Encoded: true}, 400, 0},
		{"base64 that is taken for the body", events.APIGatewayV2HTTPRequest{Headers: headers, Body: base64.StdEncoding.EncodeToString(body)}, 401, 0},
		{"changed", events.APIGatewayV2HTTPRequest{Headers: headers, Body: string(bytes.Replace(body, []byte("data"), []byte("date"), 1))}, 401, 0},
		{"without a signature", events.APIGatewayV2HTTPRequest{Body: string(body)}, 401, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			*seen = nil
			resp, err := function(t.Context(), tt.req)
			if err != nil || resp.StatusCode != tt.status || len(*seen) != tt.calls {
				t.Errorf("answered %d after %d callbacks (%v), want %d after %d", resp.StatusCode, len(*seen), err, tt.status, tt.calls)
			}
		})
	}
}
