package hires100

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// RetryWindow is how long 100Hires sends one event again: 1 minute, 5 minutes,
// 30 minutes, 2 hours and 12 hours after one another (help.100hires.com, read
// 2026-11-21). A Store or Sink has to remember events for longer; the defaults
// of this module do.
const RetryWindow = time.Minute + 5*time.Minute + 30*time.Minute + 2*time.Hour + 12*time.Hour

// provider is what 100Hires is to package event: as little as is published, and
// otherwise as lenient as is safe. See the package comment for what is assumed.
var provider = event.Provider{
	Name: "hires100",
	Scheme: signature.HMAC{
		HeaderWord:    "signature",
		OtherPrefixes: []string{"sha256=", "sha256 "},
		Hash:          crypto.SHA256,
		Encoding: signature.Hex | signature.Base64 | signature.Base64URL |
			signature.RawBase64 | signature.PaddedBase64URL,
	},
	Envelope: event.Envelope{
		Type:       typeMembers,
		ID:         []string{"event_id", "id"},
		OccurredAt: []string{"occurred_at", "timestamp", "created_at"},
		Payload:    []string{"data", "payload"},
		// Without either, the entities may stand beside the type.
		PayloadOrBody: true,
	},
	TypeName: typeName,
}

// Handler receives 100Hires' deliveries: register a callback for each event that
// matters, and mount it at the URL that 100Hires was given. It is an
// [event.Handler], whose methods it has: OnOther, OnInvalid, ServeHTTP, Handle,
// Verify, Dispatch, Sign and Types. An event that this package does not model
// is received by event.On(h.Handler, "new.type", fn) with a type of one's own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler makes a handler for the deliveries of one webhook of 100Hires.
// secret is the webhook's, which 100Hires showed when the webhook was created;
// it is empty exactly when opts.Secrets is set. opts may be nil. A secret that is
// blank or has white space around it is an error, and so is any option that
// could not work. What 100Hires does not publish is assumed; see [Config].
func NewHandler(secret string, opts *event.Options) (*Handler, error) {
	return Config{}.NewHandler(secret, opts)
}

// Config replaces what this package assumes by what a captured delivery shows.
// Its zero value, which the function [NewHandler] uses, assumes everything.
type Config struct {
	// Scheme is how deliveries are signed. Zero is the lenient default: see
	// Signature in the package comment. The log line about the first delivery
	// that verified says what to write here, and examples/inspect prints it.
	Scheme signature.HMAC
	// Envelope has the members' names. A list that is nil is the default: Type
	// event_type, event, type or event_name; ID event_id or id; OccurredAt
	// occurred_at, timestamp or created_at; Payload data or payload, and the
	// body where neither is there. A list that is empty and not nil is none:
	// without ID, deliveries are the same if their bodies are, and without
	// Payload, it is the body. PayloadOrBody counts beside a Payload of your own.
	Envelope event.Envelope
	// Events maps names of event types, exactly as deliveries spell them, to
	// this package's Type constants. It goes before the lenient matching. Nil is
	// none.
	Events map[string]string
}

// NewHandler makes a handler as the function [NewHandler] does, with the settings
// of c. Settings that contradict each other are an error.
func (c Config) NewHandler(secret string, opts *event.Options) (*Handler, error) {
	p := provider
	if !reflect.ValueOf(c.Scheme).IsZero() {
		p.Scheme = c.Scheme
	}
	envelope, err := c.envelope()
	if err != nil {
		return nil, err
	}
	p.Envelope = envelope
	events := map[string]string{}
	for name, typ := range c.Events {
		switch {
		case !isConstant(typ):
			return nil, fmt.Errorf("hires100: Events maps %q to %q, which is no Type constant", name, typ)
		case isConstant(name) && name != typ:
			return nil, fmt.Errorf("hires100: Events maps %q, a Type constant, to another one", name)
		}
		events[name] = typ
	}
	p.TypeName = func(name string) string {
		if typ, ok := events[name]; ok {
			return typ
		}
		return provider.TypeName(name)
	}
	h, err := event.NewHandler(p, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Handler{h}, nil
}

// envelope is c.Envelope with the defaults for what is not set.
func (c Config) envelope() (event.Envelope, error) {
	e := c.Envelope
	if e.Type == nil {
		e.Type = provider.Envelope.Type
	}
	if e.ID == nil {
		e.ID = provider.Envelope.ID
	}
	if e.OccurredAt == nil {
		e.OccurredAt = provider.Envelope.OccurredAt
	}
	if e.Payload == nil {
		e.Payload, e.PayloadOrBody = provider.Envelope.Payload, provider.Envelope.PayloadOrBody
	}
	if len(e.Type) == 0 {
		return event.Envelope{}, errors.New("hires100: Envelope.Type is empty, and 100Hires tells the type in the body")
	}
	return e, nil
}

// OnApplicationSubmitted calls fn when a new application was submitted.
func (h *Handler) OnApplicationSubmitted(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeApplicationSubmitted, fn)
}

// OnApplicationStageChanged calls fn when an application moved to another stage
// of its pipeline.
func (h *Handler) OnApplicationStageChanged(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeApplicationStageChanged, fn)
}

// OnCandidateHired calls fn when a candidate was hired.
func (h *Handler) OnCandidateHired(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeCandidateHired, fn)
}

// OnCandidateDisqualified calls fn when a candidate was disqualified.
func (h *Handler) OnCandidateDisqualified(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeCandidateDisqualified, fn)
}

// OnInterviewScheduled calls fn when an interview was scheduled.
func (h *Handler) OnInterviewScheduled(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeInterviewScheduled, fn)
}

// OnAIScoreGenerated calls fn when the AI has scored an application. The score
// is in AIScore or in Application.AIScore.
func (h *Handler) OnAIScoreGenerated(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeAIScoreGenerated, fn)
}

// OnCandidateCreated calls fn when a candidate was created.
func (h *Handler) OnCandidateCreated(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeCandidateCreated, fn)
}

// OnCandidateUpdated calls fn when a candidate's data has changed. What has
// changed is not known to be in it: compare with what is stored.
func (h *Handler) OnCandidateUpdated(fn func(context.Context, *Event) error) {
	event.On(h.Handler, TypeCandidateUpdated, fn)
}
