package validate_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/validate"
	"github.com/atshooks/atshooks/signature"
)

// A payload that breaks a rule is put aside for a person to look at. It is
// acknowledged, since the vendor would only send the same again.
func ExampleStruct() {
	acme := event.Provider{
		Name:     "acme",
		Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
		Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
	}
	type Hired struct {
		CandidateID event.ID `json:"candidate_id" validate:"required"`
		Email       string   `json:"email" validate:"omitempty,email"`
		Hours       int      `json:"hours" validate:"min=1,max=48"`
	}
	h, err := event.NewHandler(acme, "a secret", &event.Options{
		Validate: validate.Struct,
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	event.On(h, "hired", func(_ context.Context, e *Hired) error {
		fmt.Println("hired", e.CandidateID)
		return nil
	})
	var aside [][]byte // in a table of its own
	h.OnInvalid(func(_ context.Context, d *event.Delivery, err error) error {
		stored, storeErr := d.MarshalBinary()
		aside = append(aside, stored)
		fmt.Println("put aside:", err)
		return storeErr
	})

	for _, data := range []string{
		`{"candidate_id":17,"email":"ada@example.com","hours":40}`,
		`{"candidate_id":18,"email":"ada at example.com","hours":400}`,
	} {
		r := &event.Request{Body: fmt.Appendf(nil, `{"id":"ev-1","type":"hired","data":%s}`, data)}
		if err := h.Sign(context.Background(), r); err != nil {
			panic(err)
		}
		fmt.Println(h.Handle(context.Background(), r).Status)
	}
	// Output:
	// hired 17
	// 200
	// put aside: acme hired ev-1: the payload cannot be decoded: member email breaks the rule "email"; member hours breaks the rule "max"
	// 200
}
