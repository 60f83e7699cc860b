// The program customprovider receives the webhooks of three vendors that this
// module does not cover, with its public API alone. Greenhouse and Ashby sign
// with an HMAC in a header and are data; Lever signs inside the body and brings
// two functions. Each is a file, and the test of this program puts all three
// through the suite that the module's own providers pass.
//
//	go run ./examples/customprovider
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/atshooks/atshooks/event"
)

// secret is good for this example only.
const secret = "a secret for the example only"

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	hired := func(ctx context.Context, candidate event.ID) error {
		d, _ := event.FromContext(ctx)
		_, err := fmt.Fprintf(out, "%-10s %-16s candidate %s\n", d.Provider, d.Type, candidate)
		return err
	}
	g, err := event.NewHandler(greenhouse, secret, nil)
	if err != nil {
		return err
	}
	event.On(g, "hire_candidate", func(ctx context.Context, e *GreenhouseHire) error {
		return hired(ctx, e.Application.Candidate.ID)
	})
	a, err := event.NewHandler(ashby, secret, nil)
	if err != nil {
		return err
	}
	event.On(a, "candidateHire", func(ctx context.Context, e *AshbyHire) error {
		return hired(ctx, e.Application.Candidate.ID)
	})
	l, err := event.NewHandler(lever, secret, nil)
	if err != nil {
		return err
	}
	event.On(l, "candidateHired", func(ctx context.Context, e *LeverHire) error {
		return hired(ctx, e.CandidateID)
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/greenhouse", g)
	mux.Handle("POST /hooks/ashby", a)
	mux.Handle("POST /hooks/lever", l)
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, vendor := range []struct {
		path    string
		handler *event.Handler
		body    string
	}{
		{"/hooks/greenhouse", g, `{"action":"hire_candidate","payload":{"application":{"id":69306314,"candidate":{"id":57683957}}}}`},
		{"/hooks/ashby", a, `{"action":"candidateHire","data":{"application":{"id":"b0f9f4a4","candidate":{"id":"5f1e3d6c"}}}}`},
		{"/hooks/lever", l, `{"id":"e1","event":"candidateHired","triggeredAt":1795258800000,"token":"t1","data":{"candidateId":"c-17"}}`},
	} {
		status, err := deliver(ctx, server.URL+vendor.path, vendor.handler, vendor.body)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "answered", status); err != nil {
			return err
		}
	}
	return nil
}

// deliver plays the vendor: it signs a body and sends it over loopback.
func deliver(ctx context.Context, url string, h *event.Handler, body string) (status string, err error) {
	r := &event.Request{Body: []byte(body)}
	if err := h.Sign(ctx, r); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(r.Body))
	if err != nil {
		return "", err
	}
	req.Header = r.Header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	return resp.Status, resp.Body.Close()
}
