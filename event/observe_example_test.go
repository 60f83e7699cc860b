package event_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
	"github.com/atshooks/atshooks/signature/diagnose"
)

// numbers are the metrics of a service. In place of the maps, use a metrics
// library, which is safe for concurrent use.
type numbers struct {
	counters   map[string]int
	histograms map[string][]float64
}

func (n *numbers) observe(r event.Result) {
	// Labels should have few values, and none that a stranger can choose: hence
	// KnownType rather than Type, and Tenant only if the signature was verified.
	tenant := ""
	if r.Delivery != nil {
		tenant = r.Tenant
	}
	n.counters[fmt.Sprintf("deliveries{handler=%q provider=%q tenant=%q type=%q kind=%q stage=%q status=\"%d\"}",
		r.Handler, r.Provider, tenant, r.KnownType, r.Kind, r.Stage, r.Status)]++
	n.counters["body_bytes"] += r.BodySize
	n.counters["payload_bytes"] += r.PayloadSize

	seconds := func(name string, d time.Duration) {
		if d > 0 { // the delivery went through this phase
			n.histograms[name] = append(n.histograms[name], d.Seconds())
		}
	}
	seconds("handling", r.Duration)
	seconds("read", r.Phases.Read)
	seconds("verify", r.Phases.Verify)
	seconds("storage", r.Phases.Storage)
	seconds("callback", r.Phases.Callback)
	if d := r.Delivery; d != nil && !d.OccurredAt.IsZero() {
		seconds("at the provider", d.ReceivedAt.Sub(d.OccurredAt))
	}
	if r.Stage == event.StageWorker {
		seconds("in the inbox", r.Age)
		n.counters[fmt.Sprintf("attempts{number=\"%d\"}", r.Attempt)]++
	}
}

// report sends to an error tracker what a person should see. It is in the log too.
func report(r event.Result) {
	if e, ok := errors.AsType[*event.Error](r.Err); ok {
		fmt.Printf("%s %s: %v (type %q, id %q)\n", e.Handler, e.Kind, e.Err, e.Type, e.ID)
	}
	if p, ok := errors.AsType[*event.PanicError](r.Err); ok {
		fmt.Printf("  panic with a %T; stack attached: %t\n", p.Value, len(p.Stack) > 0)
	}
	if r.Warning != nil {
		fmt.Printf("%s %s: %v (type %q, id %q)\n", r.Handler, r.Kind, r.Warning, r.Type, r.ID)
	}
	if r.Diagnosis != "" {
		fmt.Println("  diagnosis:", r.Diagnosis)
	}
}

// The observer gets the result of every delivery. It is the place for metrics and
// error reports.
func Example_observe() {
	acme := event.Provider{
		Name:     "acme",
		Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}, TypeHeader: "X-Acme-Event"},
	}
	n := &numbers{counters: map[string]int{}, histograms: map[string][]float64{}}
	h, err := event.NewHandler(acme, "a secret", &event.Options{
		Name: "acme-eu",
		Observe: func(_ context.Context, r event.Result) {
			n.observe(r)
			report(r)
		},
		Diagnose: diagnose.Text, // for the first hours with a provider
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	type Hired struct {
		Candidates []event.ID `json:"candidates"`
	}
	event.On(h, "hired", func(_ context.Context, e *Hired) error {
		if e.Candidates[0] == "0" { // panics if there are none
			return errors.New("no such candidate")
		}
		return nil
	})

	for _, row := range []struct{ header, sent, received string }{
		{"hired", `{"candidates":[17]}`, `{"candidates":[17]}`},
		{"hired", `{"candidates":[0]}`, `{"candidates":[0]}`},
		{"hired", `{"candidates":[]}`, `{"candidates":[]}`},
		{"left", `{"candidates":[18]}`, `{"candidates":[18]}`},
		{"hired", `{"candidates":[19]}`, `{ "candidates": [ 19 ] }`},
	} {
		const body = `{"type":"hired","id":"ev-1","data":%s}`
		r := &event.Request{Body: fmt.Appendf(nil, body, row.sent)}
		if err := h.Sign(context.Background(), r); err != nil {
			panic(err)
		}
		r.Header.Set("X-Acme-Event", row.header)
		r.Body = fmt.Appendf(nil, body, row.received)
		h.Handle(context.Background(), r)
	}
	for _, name := range slices.Sorted(maps.Keys(n.counters)) {
		fmt.Println(name, n.counters[name])
	}
	// Output:
	// acme-eu failed: no such candidate (type "hired", id "ev-1")
	// acme-eu panicked: the callback panicked: runtime error: index out of range [0] with length 0 (type "hired", id "ev-1")
	//   panic with a runtime.boundsError; stack attached: true
	// acme-eu handled: the header X-Acme-Event, which is not signed, names another type than the body; the body decided (type "hired", id "ev-1")
	// acme-eu unverified: signature mismatch: X-Acme-Signature was made with another secret or over other bytes (type "", id "")
	//   diagnosis: body-reencoded: the signature is right with the secret for the body written compactly: something on the way has rewritten it; verify the bytes that the vendor sent
	// body_bytes 277
	// deliveries{handler="acme-eu" provider="acme" tenant="" type="" kind="unverified" stage="request" status="401"} 1
	// deliveries{handler="acme-eu" provider="acme" tenant="" type="hired" kind="failed" stage="request" status="500"} 1
	// deliveries{handler="acme-eu" provider="acme" tenant="" type="hired" kind="handled" stage="request" status="200"} 2
	// deliveries{handler="acme-eu" provider="acme" tenant="" type="hired" kind="panicked" stage="request" status="500"} 1
	// payload_bytes 73
}
