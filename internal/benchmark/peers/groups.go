package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	playground "github.com/go-playground/webhooks/v6/github"
	github "github.com/google/go-github/v89/github"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v85"
	stripehook "github.com/stripe/stripe-go/v85/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/benchmark/workload"
	"github.com/atshooks/atshooks/signature"
)

// The modules of the peers, as the table of versions names them.
const (
	playgroundModule = "github.com/go-playground/webhooks/v6"
	githubModule     = "github.com/google/go-github/v89"
	standardModule   = "github.com/standard-webhooks/standard-webhooks/libraries"
	stripeModule     = "github.com/stripe/stripe-go/v85"
	svixModule       = "github.com/svix/svix-webhooks"
)

var groups = []group{
	{"Verifying alone: timestamp and body, no decoding", "HMAC of the body with a hash that is reset", "this library, Kit's scheme", verifying},
	{"A whole handler of Kit's events", "that HMAC and one json.Unmarshal of the payload into the same struct", "this library", handling},
	{"GitHub's issues event, go-playground's type", "that HMAC and one json.Unmarshal of the body into the same struct", "this library, the same type", playing},
	{"GitHub's issues event, go-github's type", "that HMAC and one json.Unmarshal of the body into the same struct", "this library, the same type", githubbing},
	{"Stripe's charge.succeeded, decoded into a struct of eight members", "that HMAC and one json.Unmarshal of the object into the same struct", "this library, Kit's scheme", charging},
}

// secret is the same for all, as Standard Webhooks spells it.
var secret = base64.StdEncoding.EncodeToString([]byte(workload.Secret))

// verifying is for libraries that only verify.
func verifying(size workload.Size, _ *rand.Rand) []candidate {
	l := workload.Kit.New(size)
	standard, err := standardwebhooks.NewWebhook(secret)
	must(err)
	other, err := svix.NewWebhook(secret)
	must(err)
	signed := standardly(l)
	stripes := make([]string, len(l.Requests))
	for i, q := range l.Requests {
		stripes[i] = stripeHeader(q.Body, l.Now)
	}
	return []candidate{
		{"floor", "", l.HMAC()},
		{"this library, Kit's scheme", "", l.Verify()},
		{"stripe-go ValidatePayload", stripeModule, func(i int) {
			i %= len(l.Requests)
			must(stripehook.ValidatePayload(l.Requests[i].Body, stripes[i], workload.Secret))
		}},
		{"standard-webhooks Verify", standardModule, func(i int) {
			i %= len(l.Requests)
			must(standard.Verify(l.Requests[i].Body, signed[i].Header))
		}},
		{"svix Verify", svixModule, func(i int) {
			i %= len(l.Requests)
			must(other.Verify(l.Requests[i].Body, signed[i].Header))
		}},
	}
}

// standardly is a load's bodies, signed as Standard Webhooks and svix do.
func standardly(l *workload.Load) []workload.Request {
	standard, err := standardwebhooks.NewWebhook(secret)
	must(err)
	signed := make([]workload.Request, len(l.Requests))
	for i, q := range l.Requests {
		id := fmt.Sprintf("msg_%d", i)
		text, err := standard.Sign(id, l.Now, q.Body)
		must(err)
		h := q.Header.Clone()
		for _, prefix := range []string{"Webhook-", "Svix-"} {
			h.Set(prefix+"Id", id)
			h.Set(prefix+"Timestamp", strconv.FormatInt(l.Now.Unix(), 10))
			h.Set(prefix+"Signature", text)
		}
		signed[i] = workload.Request{Header: h, Body: q.Body}
	}
	return signed
}

// handling is a whole handler, made with libraries that only verify.
func handling(size workload.Size, _ *rand.Rand) []candidate {
	l := workload.Kit.New(size)
	standard, err := standardwebhooks.NewWebhook(secret)
	must(err)
	other, err := svix.NewWebhook(secret)
	must(err)
	signed := standardly(l)
	return []candidate{
		{"floor", "", l.Floor()},
		{"this library", "", l.Serve(l.Mount(l.Handler(event.Options{})), http.StatusOK)},
		{"by hand", "", l.Serve(l.ByHand(), http.StatusOK)},
		{"by hand with standard-webhooks", standardModule, serve(l.ByHandWith(standard.Verify), signed)},
		{"by hand with svix", svixModule, serve(l.ByHandWith(other.Verify), signed)},
	}
}

// hub is GitHub, for this library: the type is in a header that is not signed,
// so there is an endpoint for each.
var hub = event.Provider{Name: "github", Scheme: signature.HMAC{Header: "X-Hub-Signature-256", Prefix: "sha256="}}

// onIssues is this library's handler of GitHub's issues.
func onIssues[T any]() http.Handler {
	h, err := event.NewHandler(hub, workload.Secret, &event.Options{Logger: slog.New(slog.DiscardHandler), Validation: event.ValidateNone})
	must(err)
	event.On(h, "issues", func(context.Context, *T) error { return nil })
	return h.Endpoint("issues")
}

func playing(size workload.Size, r *rand.Rand) []candidate {
	requests := issues(size, r)
	hook, err := playground.New(playground.Options.Secret(workload.Secret))
	must(err)
	return []candidate{
		{"floor", "", floor[playground.IssuesPayload](requests, func(q *workload.Request) []byte { return q.Body })},
		{"this library, the same type", "", serve(onIssues[playground.IssuesPayload](), requests)},
		{"go-playground/webhooks Parse", playgroundModule, serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			payload, err := hook.Parse(r, playground.IssuesEvent)
			must(err)
			if _, ok := payload.(playground.IssuesPayload); ok {
				w.WriteHeader(http.StatusOK)
			}
		}), requests)},
	}
}

func githubbing(size workload.Size, r *rand.Rand) []candidate {
	requests := issues(size, r)
	return []candidate{
		{"floor", "", floor[github.IssuesEvent](requests, func(q *workload.Request) []byte { return q.Body })},
		{"this library, the same type", "", serve(onIssues[github.IssuesEvent](), requests)},
		{"go-github ValidatePayload, ParseWebHook", githubModule, serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			payload, err := github.ValidatePayload(r, []byte(workload.Secret))
			must(err)
			e, err := github.ParseWebHook(github.WebHookType(r), payload)
			must(err)
			if _, ok := e.(*github.IssuesEvent); ok {
				w.WriteHeader(http.StatusOK)
			}
		}), requests)},
	}
}

// charge is what a service wants of a charge.
type charge struct {
	ID       string `json:"id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Customer string `json:"customer"`
	Paid     bool   `json:"paid"`
	Status   string `json:"status"`
	Created  int64  `json:"created"`
	Billing  struct {
		Email string `json:"email"`
		Name  string `json:"name"`
	} `json:"billing_details"`
}

// till is Stripe's envelope under a scheme that this library reads: Stripe's
// own puts timestamp and MAC into one header.
var till = event.Provider{
	Name:   "till",
	Scheme: signature.HMAC{Header: "X-Signature", TimestampHeader: "X-Timestamp", UnixTime: true},
	Envelope: event.Envelope{
		Type: []string{"type"}, ID: []string{"id"}, OccurredAt: []string{"created"}, Payload: []string{"data"},
	},
}

func charging(size workload.Size, r *rand.Rand) []candidate {
	now := time.Now()
	type data struct {
		Object charge `json:"object"`
	}
	h, err := event.NewHandler(till, workload.Secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
	must(err)
	event.On(h, "charge.succeeded", func(context.Context, *data) error { return nil })
	verifier := till.Scheme.New([]byte(workload.Secret))
	requests := make([]workload.Request, size.Bodies)
	for i := range requests {
		body := chargeBody(size.Bytes, r)
		q := workload.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
		q.Header.Set("Stripe-Signature", stripeHeader(body, now))
		must(verifier.Sign(q.Header, body, now))
		var envelope struct {
			Data json.RawMessage `json:"data"`
		}
		must(json.Unmarshal(body, &envelope))
		q.Payload = envelope.Data
		requests[i] = q
	}
	return []candidate{
		{"floor", "", floor[data](requests, func(q *workload.Request) []byte { return q.Payload })},
		{"this library, Kit's scheme", "", serve(h, requests)},
		{"stripe-go ConstructEvent, json.Unmarshal", stripeModule, serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			must(err)
			e, err := stripehook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), workload.Secret,
				stripehook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
			must(err)
			if e.Type == stripe.EventTypeChargeSucceeded {
				must(json.Unmarshal(e.Data.Raw, new(charge)))
				w.WriteHeader(http.StatusOK)
			}
		}), requests)},
	}
}

// floor is the HMAC of the body and one decoding.
func floor[T any](requests []workload.Request, payload func(*workload.Request) []byte) func(int) {
	mac := hmac.New(sha256.New, []byte(workload.Secret))
	sum := make([]byte, 0, sha256.Size)
	return func(i int) {
		q := &requests[i%len(requests)]
		mac.Reset()
		mac.Write(q.Body)
		mac.Sum(sum)
		must(json.Unmarshal(payload(q), new(T)))
	}
}

// serve sends requests to h.
func serve(h http.Handler, requests []workload.Request) func(int) {
	s := workload.NewSender()
	return func(i int) {
		s.Send(h, &requests[i%len(requests)])
		if s.Status != http.StatusOK {
			panic(fmt.Sprintf("answered %d", s.Status))
		}
	}
}

// issues are deliveries of GitHub's issues event, signed.
func issues(size workload.Size, r *rand.Rand) []workload.Request {
	verifier := hub.Scheme.New([]byte(workload.Secret))
	requests := make([]workload.Request, size.Bodies)
	for i := range requests {
		n := r.IntN(1e6)
		user := fmt.Sprintf(`{"login":"octo-%d","id":%d,"node_id":"MDQ6VXNlcj%d","type":"User","site_admin":false}`, n, n, n)
		body := fmt.Sprintf(`{"action":"opened","issue":{"id":%d,"number":%d,"title":"It breaks","user":%s,"state":"open","locked":false,"comments":0,"created_at":"2026-11-21T10:00:00Z","updated_at":"2026-11-21T10:00:00Z","body":"`, n, n%5000, user)
		tail := fmt.Sprintf(`"},"repository":{"id":%d,"name":"hello","full_name":"octo/hello","private":false},"sender":%s}`, n, user)
		q := workload.Request{Body: []byte(body + prose(size.Bytes-len(body)-len(tail), r) + tail), Header: http.Header{
			"Content-Type":   {"application/json"},
			"X-Github-Event": {"issues"},
		}}
		must(verifier.Sign(q.Header, q.Body, time.Now()))
		requests[i] = q
	}
	return requests
}

// chargeBody is a delivery of Stripe's.
func chargeBody(size int, r *rand.Rand) []byte {
	n := r.IntN(1e6)
	head := fmt.Sprintf(`{"id":"evt_%d","object":"event","api_version":"%s","created":1763719200,"type":"charge.succeeded","livemode":false,"pending_webhooks":1,"request":{"id":"req_%d","idempotency_key":null},"data":{"object":{"id":"ch_%d","object":"charge","amount":%d,"currency":"eur","customer":"cus_%d","paid":true,"status":"succeeded","created":1763719200,"billing_details":{"email":"c-%d@example.com","name":"Noor Sandoval"},"description":"`,
		n, stripe.APIVersion, n, n, n%9000, n, n)
	return []byte(head + prose(size-len(head)-5, r) + `"}}}`)
}

// prose is text of about n bytes, as people write it.
func prose(n int, r *rand.Rand) string {
	words := []string{"the", "server", "answers", "über", "\\n", "\\\"quoted\\\"", "again", "nothing", "happens", "expected"}
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(' ')
	}
	return b.String()
}

// stripeHeader is Stripe's signature.
func stripeHeader(body []byte, now time.Time) string {
	mac := hmac.New(sha256.New, []byte(workload.Secret))
	fmt.Fprintf(mac, "%d.%s", now.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", now.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
