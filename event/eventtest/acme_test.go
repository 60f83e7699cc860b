package eventtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing/fstest"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Acme is a vendor that does not exist. Its scheme has a prefix and a
// timestamp, so that most of what can go wrong can go wrong here.
var acme = event.Provider{
	Name:   "acme",
	Scheme: signature.HMAC{Header: "X-Acme-Signature", Prefix: "v1=", TimestampHeader: "X-Acme-Time"},
	Envelope: event.Envelope{
		Type: []string{"type"}, ID: []string{"id"}, OccurredAt: []string{"at"}, Payload: []string{"data"}, TypeHeader: "X-Acme-Event",
	},
}

// bizarre is one that tells types by URL and waits for answers.
var bizarre = event.Provider{
	Name:        "bizarre",
	Scheme:      signature.HMAC{Header: "Signature"},
	Envelope:    event.Envelope{ID: []string{"id"}},
	Synchronous: &event.Synchronous{Message: "message", Default: "Please try again."},
}

type hire struct {
	ID      int64           `json:"id" validate:"required"`
	Name    string          `json:"name"`
	Email   *string         `json:"email"`
	Start   event.Date      `json:"start_date"`
	Signed  time.Time       `json:"signed_at"`
	Stage   stage           `json:"stage"`
	Manager *manager        `json:"manager"`
	Tags    []string        `json:"tags"`
	Salary  float64         `json:"salary"`
	Other   json.RawMessage `json:"other"`
}

func (h hire) LogValue() slog.Value { return slog.GroupValue(slog.Int64("id", h.ID)) }

type stage string

type manager struct {
	ID   event.ID `json:"id"`
	Name string   `json:"name"`
}

func (m manager) LogValue() slog.Value { return slog.GroupValue(slog.String("id", string(m.ID))) }

type leave struct {
	ID int64 `json:"id" validate:"required"`
}

func (l leave) LogValue() slog.Value { return slog.GroupValue(slog.Int64("id", l.ID)) }

const hirePayload = `{
	"id": 7,
	"name": "Ines Falk",
	"email": "ines.falk@example.com",
	"start_date": "2026-10-01",
	"signed_at": "2026-09-01T10:00:00.000Z",
	"stage": "signed",
	"manager": {"id": 12, "name": "Omar Reyes"},
	"tags": ["remote", "go"],
	"salary": 61000.50,
	"other": {"badge": "I. F."}
}`

func acmeFixtures() fstest.MapFS {
	return fstest.MapFS{
		"testdata/employee-hired.json": {Data: []byte(`{"id": "ev_1", "type": "employee:hired", "at": "2026-09-01T10:00:01Z", "data": ` + hirePayload + "}\n")},
		"testdata/employee.left.json":  {Data: []byte(`{"id": "ev_2", "type": "employee.left", "at": "2026-09-02T10:00:01Z", "data": {"id": 7}}`)},
	}
}

// receiver is a provider's Handler, with a place for everything that may be
// wrong with one.
type receiver struct {
	*event.Handler
	fault *fault
}

func (r *receiver) OnHired(fn func(context.Context, *hire) error) { on(r, "employee:hired", fn) }
func (r *receiver) OnLeft(fn func(context.Context, *leave) error) { on(r, "employee.left", fn) }

// on is event.On with the fault between.
func on[T any](r *receiver, typ string, fn func(context.Context, *T) error) {
	event.On(r.Handler, typ, func(ctx context.Context, v *T) error {
		if r.fault.callback == nil {
			return fn(ctx, v)
		}
		return r.fault.callback(ctx, v, func(ctx context.Context, v any) error { return fn(ctx, v.(*T)) })
	})
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.fault.serve == nil {
		r.Handler.ServeHTTP(w, req)
		return
	}
	r.fault.serve(r.Handler, w, req)
}

func (r *receiver) Handle(ctx context.Context, req *event.Request) event.Reply {
	if r.fault.handle == nil {
		return r.Handler.Handle(ctx, req)
	}
	return r.fault.handle(r.Handler, ctx, req)
}

func (r *receiver) Verify(ctx context.Context, req *event.Request) (*event.Delivery, error) {
	if r.fault.verify == nil {
		return r.Handler.Verify(ctx, req)
	}
	return r.fault.verify(r.Handler, ctx, req)
}

func (r *receiver) OnInvalid(fn func(context.Context, *event.Delivery, error) error) {
	if !r.fault.ignoresInvalid {
		r.Handler.OnInvalid(fn)
	}
}

// fault is what is wrong with a receiver, on purpose. Its zero value is nothing.
type fault struct {
	provider       func(p *event.Provider)                             // it is made for another provider than it says
	options        func(o *event.Options)                              // it changes its options
	secret         func(s string) string                               // and its secret
	callback       func(ctx context.Context, v any, fn callback) error // something is between it and its callbacks
	serve          func(h http.Handler, w http.ResponseWriter, r *http.Request)
	handle         func(h *event.Handler, ctx context.Context, r *event.Request) event.Reply
	verify         func(h *event.Handler, ctx context.Context, r *event.Request) (*event.Delivery, error)
	ignoresInvalid bool
}

// newHandler makes a receiver with the fault.
func (f *fault) newHandler(secret string, opts *event.Options) (*receiver, error) {
	p := acme
	if f.provider != nil {
		f.provider(&p)
	}
	var o event.Options
	if opts != nil {
		o = *opts
	}
	if f.options != nil {
		f.options(&o)
	}
	if f.secret != nil {
		secret = f.secret(secret)
	}
	h, err := event.NewHandler(p, secret, &o)
	if err != nil {
		return nil, err
	}
	return &receiver{h, f}, nil
}

// Provider is what the receiver should be made for.
func (r *receiver) Provider() event.Provider { return acme }

func acmeVendor() Vendor {
	return vendorOf(acme, acmeFixtures(), Of[hire]("employee:hired"), Of[leave]("employee.left"))
}

func vendorOf(p event.Provider, fixtures fstest.MapFS, events ...Event) Vendor {
	return Vendor{
		NewHandler: func(secret string, opts *event.Options) (*event.Handler, error) {
			return event.NewHandler(p, secret, opts)
		},
		Fixtures: fixtures,
		Events:   events,
	}
}

func acmeCases() []Case[*receiver] {
	return []Case[*receiver]{
		On("employee:hired", (*receiver).OnHired),
		On("employee.left", (*receiver).OnLeft),
	}
}

// findings is a tester that lists what was wrong.
type findings struct {
	name  string
	found *[]string
}

func newFindings() findings { return findings{found: new([]string)} }

func (f findings) Helper() {}

func (f findings) Errorf(format string, args ...any) {
	*f.found = append(*f.found, f.name+": "+fmt.Sprintf(format, args...))
}

func (f findings) Run(name string, fn func(tester)) {
	fn(findings{strings.TrimPrefix(f.name+"/"+name, "/"), f.found})
}

// have says whether a finding contains all parts.
func (f findings) have(parts ...string) bool {
	for _, found := range *f.found {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(found, part)
		}
		if all {
			return true
		}
	}
	return false
}
