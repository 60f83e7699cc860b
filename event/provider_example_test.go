package event_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Stage is an enum. Values that have no constant decode as well.
type Stage string

const (
	StageOffer Stage = "offer"
	StageHired Stage = "hired"
)

// Moved is the payload of candidate.moved. Callbacks cannot do without the id, and
// can do without the rest.
type Moved struct {
	CandidateID event.ID   `json:"candidate_id" validate:"required"`
	Stage       Stage      `json:"stage"`
	StartsOn    event.Time `json:"starts_on"`
	Salary      float64    `json:"salary,omitzero"`
}

// LogValue returns only the id.
func (m Moved) LogValue() slog.Value {
	return slog.GroupValue(slog.String("candidate_id", string(m.CandidateID)))
}

// Ping has no payload.
type Ping struct{}

// LogValue returns nothing, since a ping has no payload.
func (Ping) LogValue() slog.Value { return slog.Value{} }

// globex is a vendor that sends its timestamp and its MAC in one header:
//
//	Globex-Signature: t=1736951400,v1=3f1a…
//
// For a MAC in a header of its own, set Scheme, and neither Verify nor Sign.
var globex = event.Provider{
	Name: "globex",
	Envelope: event.Envelope{
		Type:       []string{"type"},
		ID:         []string{"id"},
		OccurredAt: []string{"created_at"},
		Payload:    []string{"data"},
	},
	Types:           []string{"candidate.moved", "ping"},
	Enums:           []any{StageOffer, StageHired},
	OptionalPayload: []string{"ping"},
	Lenient:         true, // a salary of "60k" does not keep a candidate from being hired
	Verify:          verifyGlobex,
	Sign:            signGlobex,
}

// globexScheme is how Globex signs, once the header is split.
var globexScheme = signature.HMAC{Header: "V1", TimestampHeader: "T", SignUnixTime: true}

func verifyGlobex(secret string, r *event.Request, now time.Time, tolerance time.Duration) ([]byte, error) {
	parts := http.Header{}
	for _, value := range r.Header.Values("Globex-Signature") {
		for part := range strings.SplitSeq(value, ",") {
			name, text, _ := strings.Cut(part, "=")
			parts.Add(name, text)
		}
	}
	return globexScheme.New([]byte(secret)).Verify(parts, r.Body, now, tolerance)
}

func signGlobex(secret string, r *event.Request, now time.Time) error {
	parts := http.Header{}
	if err := globexScheme.New([]byte(secret)).Sign(parts, r.Body, now); err != nil {
		return err
	}
	r.Header.Set("Globex-Signature", "t="+parts.Get("T")+",v1="+parts.Get("V1"))
	return nil
}

// A vendor that this module does not cover. The suite eventtest.Conform tests such
// a provider; the program examples/customprovider has three more.
func ExampleProvider() {
	h, err := event.NewHandler(globex, "a secret", &event.Options{
		Observe: func(_ context.Context, r event.Result) { fmt.Println(r.Status, r.Kind, cmp.Or(r.Err, r.Warning)) },
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	event.On(h, "candidate.moved", func(_ context.Context, m *Moved) error {
		if m.Stage == StageHired {
			fmt.Println("candidate", m.CandidateID, "starts on", m.StartsOn.Format(time.DateOnly))
		}
		return nil
	})
	event.On(h, "ping", func(context.Context, *Ping) error { return nil })

	deliver := func(change func(*event.Request), body string) {
		r := &event.Request{Body: []byte(body)}
		if err := h.Sign(context.Background(), r); err != nil {
			panic(err)
		}
		change(r)
		h.Handle(context.Background(), r)
	}
	asSent := func(*event.Request) {}
	deliver(asSent, `{"id":"1","type":"candidate.moved","data":{"candidate_id":42,"stage":"hired","starts_on":"2026-11-02"}}`)
	deliver(asSent, `{"id":"2","type":"candidate.moved","data":{"candidate_id":43,"stage":"talks","salary":"60k"}}`)
	deliver(asSent, `{"id":"3","type":"candidate.moved","data":{"stage":"hired"}}`)
	deliver(asSent, `{"id":"4","type":"ping"}`)
	deliver(func(r *event.Request) { r.Body = append(r.Body, ' ') }, `{"id":"5","type":"ping"}`)
	deliver(func(r *event.Request) { r.Header.Add("Globex-Signature", "v1=00") }, `{"id":"6","type":"ping"}`)
	// Output:
	// candidate 42 starts on 2026-11-02
	// 200 handled <nil>
	// 200 handled members that do not fit were left out: member salary: got a string, want a number
	// 500 undecodable globex candidate.moved 3: the payload cannot be decoded: member candidate_id is missing or empty
	// 200 handled <nil>
	// 401 unverified globex: signature mismatch: V1 was made with another secret or over other bytes
	// 401 unverified globex: signature malformed: V1 appears twice
}
