package eventtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing/fstest"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// acme is a provider that does not exist. Its scheme has a prefix and a
// timestamp, so that most of what can go wrong can go wrong here.
var acme = event.Provider{
	Name:   "acme",
	Scheme: signature.HMAC{Header: "X-Acme-Signature", Prefix: "v1=", TimestampHeader: "X-Acme-Time"},
	Envelope: event.Envelope{
		Type: []string{"type"}, ID: []string{"id"}, OccurredAt: []string{"at"}, Payload: []string{"data"}, TypeHeader: "X-Acme-Event",
	},
	Types: []string{"employee:hired", "employee.left"},
}

// bizarre is one that tells types by URL and waits for responses.
var bizarre = event.Provider{
	Name:           "bizarre",
	Scheme:         signature.HMAC{Header: "Signature"},
	Envelope:       event.Envelope{ID: []string{"id"}},
	Synchronous:    true,
	MessageMember:  "message",
	DefaultMessage: "Please try again.",
}

// inside is one that signs inside the body.
var inside = event.Provider{
	Name:     "inside",
	Envelope: event.Envelope{Type: []string{"event"}, ID: []string{"id"}, Payload: []string{"data"}},
	Verify: func(secret string, r *event.Request, _ time.Time, _ time.Duration) ([]byte, error) {
		var body struct{ Mac, Event, ID, Data json.RawMessage }
		if json.Unmarshal(r.Body, &body) != nil || string(body.Mac) != insideMAC(secret, body.Event, body.Data) {
			return nil, signature.ErrMismatch
		}
		return r.Body, nil
	},
	Sign: func(secret string, r *event.Request, _ time.Time) error {
		var body struct{ Event, Data json.RawMessage }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return errors.New("not JSON")
		}
		r.Body = replacing(r.Body, "mac", []byte(insideMAC(secret, body.Event, body.Data)))
		return nil
	},
}

func insideMAC(secret string, parts ...json.RawMessage) string {
	return quote(testKey(fmt.Sprintf("%s %q", secret, parts)))
}

type hire struct {
	ID      event.ID        `json:"id" validate:"required"`
	Name    string          `json:"name"`
	Email   string          `json:"email"`
	Start   event.Time      `json:"start_date"`
	Signed  event.Time      `json:"signed_at"`
	Stage   stage           `json:"stage"`
	Manager manager         `json:"manager,omitzero"`
	Tags    []string        `json:"tags"`
	Salary  float64         `json:"salary"`
	Other   json.RawMessage `json:"other"`
}

func (h hire) LogValue() slog.Value { return slog.GroupValue(slog.String("id", string(h.ID))) }

type stage string

type manager struct {
	ID   event.ID `json:"id"`
	Name string   `json:"name"`
}

func (m manager) LogValue() slog.Value { return slog.GroupValue(slog.String("id", string(m.ID))) }

type leave struct {
	ID event.ID `json:"id" validate:"required"`
}

func (l leave) LogValue() slog.Value { return slog.GroupValue(slog.String("id", string(l.ID))) }

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

func acmeVendor() Vendor {
	return Vendor{Provider: acme, Fixtures: acmeFixtures(), Events: []Event{Of[hire]("employee:hired"), Of[leave]("employee.left")}}
}

func bizarreVendor() Vendor {
	return Vendor{Provider: bizarre, Fixtures: fstest.MapFS{
		"testdata/ask.json":  {Data: []byte(hirePayload)},
		"testdata/hire.json": {Data: []byte(hirePayload)},
	}, Events: []Event{Of[hire]("ask"), Of[hire]("hire")}}
}

func insideVendor() Vendor {
	return Vendor{Provider: inside, Fixtures: fstest.MapFS{
		"testdata/hired.json": {Data: []byte(`{"mac": "?", "id": "ev_3", "event": "hired", "data": ` + hirePayload + `}`)},
	}, Events: []Event{Of[hire]("hired")}}
}

// acmeHandler is a Handler as provider packages have it.
type acmeHandler struct{ *event.Handler }

func newAcme(p event.Provider, secret string, opts *event.Options) (*acmeHandler, error) {
	h, err := event.NewHandler(p, secret, opts)
	return &acmeHandler{h}, err
}

func (h *acmeHandler) OnHired(fn func(context.Context, *hire) error) {
	event.On(h, "employee:hired", fn)
}
func (h *acmeHandler) OnLeft(fn func(context.Context, *leave) error) {
	event.On(h, "employee.left", fn)
}

// bizarreHandler has a method whose callback responds.
type bizarreHandler struct{ *event.Handler }

func newBizarre(p event.Provider, secret string, opts *event.Options) (*bizarreHandler, error) {
	h, err := event.NewHandler(p, secret, opts)
	return &bizarreHandler{h}, err
}

func (h *bizarreHandler) OnAsk(fn func(context.Context, *hire) (*manager, error)) {
	event.OnRespond(h, "ask", fn)
}
func (h *bizarreHandler) OnHire(fn func(context.Context, *hire) error) { event.On(h, "hire", fn) }
