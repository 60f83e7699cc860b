// The program customprovider adds a sixth vendor, Greenhouse, with the public
// API alone. Greenhouse signs as Comeet does, tells the type in "action" and the
// payload in "payload", and has its event id in a header
// (developers.greenhouse.io/webhooks.html, read 2026-11-21).
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
	"github.com/atshooks/atshooks/signature"
)

// greenhouse is all that the vendor is. The id in the header is not signed, so
// it is there to be read and does not decide what a duplicate is.
var greenhouse = event.Provider{
	Name:   "greenhouse",
	Scheme: signature.HMAC{Header: "Signature", Prefix: "sha256 "},
	Envelope: event.Envelope{
		Type:     []string{"action"},
		Payload:  []string{"payload"},
		IDHeader: "Greenhouse-Event-ID",
	},
}

// CandidateHired is as much of the payload of hire_candidate as this program
// looks at.
type CandidateHired struct {
	Application struct {
		ID        event.ID `json:"id" validate:"required"`
		Candidate struct {
			ID event.ID `json:"id"`
		} `json:"candidate"`
	} `json:"application"`
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	h, err := event.NewHandler(greenhouse, "a secret for the example only", nil)
	if err != nil {
		return err
	}
	event.On(h, "hire_candidate", func(ctx context.Context, e *CandidateHired) error {
		d, _ := event.FromContext(ctx)
		_, err := fmt.Fprintf(out, "%s %s %s: candidate %s hired through application %s\n",
			d.Provider, d.Type, d.ID, e.Application.Candidate.ID, e.Application.ID)
		return err
	})

	// Play the vendor: a delivery over loopback, signed as Greenhouse would.
	server := httptest.NewServer(h)
	defer server.Close()
	delivery := event.Request{Body: []byte(`{"action":"hire_candidate","payload":{"application":{"id":69306314,"candidate":{"id":57683957}}}}`)}
	if err := h.Sign(ctx, &delivery); err != nil {
		return err
	}
	delivery.Header.Set("Greenhouse-Event-ID", "12345")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, bytes.NewReader(delivery.Body))
	if err != nil {
		return err
	}
	req.Header = delivery.Header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = fmt.Fprintln(out, "answered", resp.Status)
	return err
}
