package main

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	playground "github.com/go-playground/webhooks/v6/github"
	github "github.com/google/go-github/v89/github"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripehook "github.com/stripe/stripe-go/v85/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/workload"
	"github.com/atshooks/atshooks/signature"
)

// group is peers that can be given the same bodies.
type group struct {
	title  string
	vendor workload.Vendor
	peers  []peer
}

// peer is another library, with the handler that is made with it.
type peer struct {
	name, module string
	handler      func(l *workload.Load) http.Handler
}

// What the peers receive, for this library. GitHub's type is in a header that
// is not signed. Stripe puts timestamp and MAC into one header, here they are
// in two; charge is what a service may want of its charges.
var (
	hub = event.Provider{
		Name: "github", Scheme: signature.HMAC{Header: "X-Hub-Signature-256", Prefix: "sha256="},
		Envelope: event.Envelope{TypeHeader: "X-Github-Event"},
	}
	till = event.Provider{
		Name: "till", Scheme: signature.HMAC{Header: "X-Signature", TimestampHeader: "X-Timestamp"},
		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, OccurredAt: []string{"created"}, Payload: []string{"data"}},
	}
	//go:embed bodies/issues.json
	issuesBody string
	//go:embed bodies/charge.json
	chargeBody string
)

type charge struct {
	Object struct {
		ID       string `json:"id"`
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
		Customer string `json:"customer"`
	} `json:"object"`
}

// secret is the same one for all, as Standard Webhooks spells it.
var (
	secret   = base64.StdEncoding.EncodeToString([]byte(workload.Secret))
	standard = checked(standardwebhooks.NewWebhook(secret))
	another  = checked(svix.NewWebhook(secret))
	play     = checked(playground.New(playground.Options.Secret(workload.Secret)))
	errType  = errors.New("another type")
)

var groups = []group{
	{"Kombo's events; libraries that only verify are completed by hand", workload.Kombo, []peer{
		{"standard-webhooks", "github.com/standard-webhooks/standard-webhooks/libraries", func(l *workload.Load) http.Handler { return l.ByHand(standard.Verify) }},
		{"svix", "github.com/svix/svix-webhooks", func(l *workload.Load) http.Handler { return l.ByHand(another.Verify) }},
	}},
	{"GitHub's issues, decoded into go-playground's type", workload.Of[playground.IssuesPayload](hub, "issues", issuesBody), []peer{
		{"go-playground/webhooks", "github.com/go-playground/webhooks/v6", receiver(func(r *http.Request) error {
			payload, err := play.Parse(r, playground.IssuesEvent)
			if _, ok := payload.(playground.IssuesPayload); !ok {
				return errors.Join(err, errType)
			}
			return nil
		})},
	}},
	{"GitHub's issues, decoded into go-github's type", workload.Of[github.IssuesEvent](hub, "issues", issuesBody), []peer{
		{"go-github", "github.com/google/go-github/v89", receiver(func(r *http.Request) error {
			payload, err := github.ValidatePayload(r, []byte(workload.Secret))
			if err != nil {
				return err
			}
			e, err := github.ParseWebHook(github.WebHookType(r), payload)
			if _, ok := e.(*github.IssuesEvent); !ok {
				return errors.Join(err, errType)
			}
			return nil
		})},
	}},
	{"Stripe's charges, decoded into a struct of four members", workload.Of[charge](till, "charge.succeeded", chargeBody), []peer{
		{"stripe-go", "github.com/stripe/stripe-go/v85", receiver(func(r *http.Request) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			e, err := stripehook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), workload.Secret,
				stripehook.ConstructEventOptions{IgnoreAPIVersionMismatch: true, Tolerance: time.Hour})
			if err != nil || e.Type != "charge.succeeded" {
				return errors.Join(err, errType)
			}
			return json.Unmarshal(e.Data.Raw, &new(charge).Object)
		})},
	}},
}

func receiver(receive func(r *http.Request) error) func(*workload.Load) http.Handler {
	return func(*workload.Load) http.Handler { return workload.Receive(receive) }
}

// sign adds the headers that peers read.
func sign(requests []workload.Request) {
	now := time.Now()
	for i, q := range requests {
		id := fmt.Sprint("msg_", i)
		text := checked(standard.Sign(id, now, q.Body))
		for _, prefix := range []string{"Webhook-", "Svix-"} {
			q.Header.Set(prefix+"Id", id)
			q.Header.Set(prefix+"Timestamp", strconv.FormatInt(now.Unix(), 10))
			q.Header.Set(prefix+"Signature", text)
		}
		q.Header.Set("Stripe-Signature", stripehook.GenerateTestSignedPayload(&stripehook.UnsignedPayload{Payload: q.Body, Secret: workload.Secret, Timestamp: now}).Header)
	}
}

// peers compares this library with others, group by group.
func (b *bench) peers() {
	var charts []chart
	for _, g := range groups {
		c := chart{g.title, []bar{{name: ours}, {name: "by hand"}}}
		for _, p := range g.peers {
			c.bars = append(c.bars, bar{name: p.name + version(p.module)})
		}
		rows := [][]string{{"", "S ÷ floor", "objects", "M ÷ floor", "objects"}}
		for _, bar := range c.bars {
			rows = append(rows, []string{bar.name})
		}
		for i, size := range b.sizes[:2] {
			l := g.vendor.New(size)
			sign(l.Requests)
			runs := []func(int){l.Serve(l.Handler(event.Options{}), 200), l.Serve(l.ByHand(l.VerifyByHand), 200)}
			for _, p := range g.peers {
				runs = append(runs, l.Serve(p.handler(l), 200))
			}
			candidates := []candidate{each("floor", l.Floor())}
			for j, bar := range c.bars {
				candidates = append(candidates, each(bar.name, runs[j]))
			}
			s := compare(size.Batch, b.each, candidates...)
			for j := range c.bars {
				r := s.ratio(c.bars[j].name, "floor")
				c.bars[j].times[i] = r.median
				rows[j+1] = append(rows[j+1], r.cell(0), fmt.Sprint(objects(runs[j])))
			}
		}
		table(b.out, g.title, rows)
		charts = append(charts, c)
	}
	if b.picture != "" {
		draw(b.picture, charts)
	}
}

// version is that of a module in this program, after a space.
func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == module {
			return " " + d.Version
		}
	}
	return ""
}
