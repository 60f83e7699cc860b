// Package mounting mounts one handler in net/http, chi, gin, echo and AWS
// Lambda. Each function is all that it takes; what differs is the last line.
//
// The frameworks are this example's dependencies, not the library's.
package mounting

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
)

// NetHTTP mounts k in the standard library's router.
func NetHTTP(k *kombo.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", k)
	return mux
}

// Chi mounts k in a chi router.
func Chi(k *kombo.Handler) http.Handler {
	r := chi.NewRouter()
	r.Method(http.MethodPost, "/hooks/kombo", k)
	return r
}

// Gin mounts k in a gin engine.
func Gin(k *kombo.Handler) http.Handler {
	r := gin.New()
	r.POST("/hooks/kombo", gin.WrapH(k))
	return r
}

// Echo mounts k in an echo instance.
func Echo(k *kombo.Handler) http.Handler {
	e := echo.New()
	e.POST("/hooks/kombo", echo.WrapHandler(k))
	return e
}

// Lambda returns the function behind an API Gateway HTTP API or a function
// URL. Both send header names in lower case and may encode the body as base64;
// the signature covers the bytes before that.
//
// A body is limited to 6 MB there. Lambda freezes the process after the
// response: do not start work in a callback that must outlive it.
func Lambda(k *kombo.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		body := []byte(req.Body)
		if req.IsBase64Encoded {
			decoded, err := base64.StdEncoding.DecodeString(req.Body)
			if err != nil {
				return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest}, nil
			}
			body = decoded
		}
		header := make(http.Header)
		for name, value := range req.Headers {
			header.Set(name, value)
		}
		resp := k.Handle(ctx, &event.Request{Header: header, Body: body})
		out := events.APIGatewayV2HTTPResponse{StatusCode: resp.Status, Body: string(resp.Body), Headers: map[string]string{}}
		for name := range resp.Header {
			out.Headers[name] = resp.Header.Get(name)
		}
		return out, nil
	}
}
