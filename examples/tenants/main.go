// The program tenants receives the webhooks of several customers, each with a
// URL and a secret of its own that is looked up in a database, and rotates a
// secret while deliveries arrive.
//
//	go run ./examples/tenants
package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	_ "modernc.org/sqlite"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/kombo"
)

// secrets looks up the secrets of a customer: while one is rotated, there are
// two. An unknown customer has none, which is not an error.
type secrets struct{ db *sql.DB }

func (s secrets) of(ctx context.Context, tenant string) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT secret FROM webhook_secrets WHERE customer = ? ORDER BY created DESC", tenant)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var secret string
		if err := rows.Scan(&secret); err != nil {
			return nil, err
		}
		found = append(found, secret)
	}
	return found, rows.Err()
}

// newServer returns the service: the customer is a segment of the path.
func newServer(db *sql.DB, out io.Writer) (http.Handler, error) {
	k, err := kombo.NewHandler("", &event.Options{
		Tenant:  func(r *http.Request) string { return r.PathValue("customer") },
		Secrets: secrets{db}.of,
	})
	if err != nil {
		return nil, err
	}
	k.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		d, _ := event.FromContext(ctx)
		_, err := fmt.Fprintf(out, "%s: %s has changed, signed with secret %d\n", d.Tenant, e.IntegrationID, d.SecretIndex)
		return err
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{customer}/kombo", k)
	return mux, nil
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // or each connection would have a memory of its own
	for _, statement := range []string{
		"CREATE TABLE webhook_secrets (customer TEXT, secret TEXT, created INTEGER)",
		"INSERT INTO webhook_secrets VALUES ('globex', 'globex-old', 1), ('initech', 'initech-secret', 1)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	service, err := newServer(db, out)
	if err != nil {
		return err
	}
	server := httptest.NewServer(service)
	defer server.Close()

	send := func(customer, secret string) error {
		status, err := deliver(ctx, server.URL+"/hooks/"+customer+"/kombo", secret)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s with %s: %s\n", customer, secret, status)
		}
		return err
	}
	if err := send("initech", "initech-secret"); err != nil {
		return err
	}
	if err := send("initech", "globex-old"); err != nil { // another customer's
		return err
	}
	// A new secret is added before the provider uses it, and the old one deleted
	// when its last delivery is through. No restart, and nothing is rejected.
	if err := send("globex", "globex-old"); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO webhook_secrets VALUES ('globex', 'globex-new', 2)"); err != nil {
		return err
	}
	if err := send("globex", "globex-old"); err != nil {
		return err
	}
	if err := send("globex", "globex-new"); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "DELETE FROM webhook_secrets WHERE secret = 'globex-old'"); err != nil {
		return err
	}
	return send("globex", "globex-old")
}

// deliver plays Kombo, with the secret that it has for a customer.
func deliver(ctx context.Context, url, secret string) (status string, err error) {
	sender, err := kombo.NewHandler(secret, nil)
	if err != nil {
		return "", err
	}
	r := &event.Request{Body: []byte(`{"id":"e1","type":"data-changed","data":{"integration_id":"personio:1","changed_models":[]}}`)}
	if err := sender.Sign(ctx, r); err != nil {
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
