package drift_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/drift"
	"github.com/atshooks/atshooks/kombo"
)

// In production, drift is logged, and callbacks run all the same. In a test against
// the vendor's sandbox, Strict makes it an error.
func ExampleWrap() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // for the example's output
			}
			return a
		},
	}))
	body := []byte(`{"id":"e1","type":"data-changed","data":{"integration_id":"personio:1","changed_models":[{"name":"ats_hats"}],"changed_by":"u1"}}`)
	for _, strict := range []bool{false, true} {
		p := kombo.Provider()
		k, err := kombo.New(p, "a secret", &event.Options{
			Wrap:   drift.Wrap(p, &drift.Options{Strict: strict, Logger: logger}),
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			panic(err)
		}
		k.OnDataChanged(func(_ context.Context, e *kombo.DataChanged) error {
			fmt.Println("callback for", e.IntegrationID)
			return nil
		})
		r := &event.Request{Body: body}
		if err := k.Sign(context.Background(), r); err != nil {
			panic(err)
		}
		fmt.Println(k.Handle(context.Background(), r).Err)
	}
	// Output:
	// level=WARN msg="webhook deliveries differ from what is modelled; callbacks run all the same" handler=kombo type=data-changed drift="member changed_by: no field takes it"
	// level=WARN msg="webhook deliveries differ from what is modelled; callbacks run all the same" handler=kombo type=data-changed drift="member changed_models[0].name: a value without a constant of kombo.Model"
	// callback for personio:1
	// <nil>
	// kombo data-changed e1: the callback failed: the delivery differs from what is modelled: member changed_by: no field takes it; member changed_models[0].name: a value without a constant of kombo.Model
}

// A service can count what is not modelled, for example by the event type.
func ExampleFind() {
	p := kombo.Provider()
	k, err := kombo.New(p, "a secret", &event.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	k.OnOther(func(_ context.Context, d *event.Delivery) error {
		for _, finding := range drift.Find(p, d, nil) {
			fmt.Println(d.Type+":", finding)
		}
		return nil
	})
	r := &event.Request{Body: []byte(`{"id":"e2","type":"invoice-paid","data":{}}`)}
	if err := k.Sign(context.Background(), r); err != nil {
		panic(err)
	}
	fmt.Println(k.Handle(context.Background(), r).Status)
	// Output:
	// invoice-paid: unknown event type "invoice-paid"
	// 200
}
