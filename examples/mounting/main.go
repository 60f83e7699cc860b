// The program mounting mounts one handler in net/http, chi, gin, echo or AWS
// Lambda. Each function is all that it takes; what differs is the last line.
//
//	KOMBO_SECRET=… go run ./examples/mounting chi
//
// The frameworks are this example's dependencies, not the library's.
package main

import (
	"context"
	"encoding/base64"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
)

var routers = map[string]func(*kombo.Handler) http.Handler{"net/http": NetHTTP, "chi": Chi, "gin": Gin, "echo": Echo}

func main() {
	k, err := kombo.NewHandler(os.Getenv("KOMBO_SECRET"), nil)
	if err != nil {
		log.Fatal(err)
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		log.Printf("%s: %d models changed", e.IntegrationID, len(e.ChangedModels))
		return nil
	})
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(Lambda(k))
	}
	if len(os.Args) != 2 || routers[os.Args[1]] == nil {
		log.Fatalf("name one of %q", slices.Sorted(maps.Keys(routers)))
	}
	server := &http.Server{
		Addr:              ":8080",
		Handler:           routers[os.Args[1]](k),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}

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
