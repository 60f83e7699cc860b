package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestOneASecondTriesAnEngineThatIsDown(t *testing.T) {
	var o outage
	now := someTime
	if probing, err := o.admit(now); probing || err != nil {
		t.Errorf("while the engine is up: %v, %v", probing, err)
	}
	if !o.begin(nats.ErrTimeout, now) || o.begin(nats.ErrNoResponders, now) {
		t.Error("an outage begins once")
	}
	for k := range 30 { // three seconds
		probing, err := o.admit(now)
		if want := k > 0 && k%10 == 0; probing != want || (err == nil) != want || err != nil && !errors.Is(err, nats.ErrNoResponders) {
			t.Errorf("after %v: %v, %v", now.Sub(someTime), probing, err)
		}
		now = now.Add(probeTime / 10)
	}
	if lasted, ok := o.end(now); !ok || lasted != 3*time.Second {
		t.Errorf("it lasted %v, %v", lasted, ok)
	}
	if _, ok := o.end(now); ok {
		t.Error("an outage ends once")
	}
	if probing, err := o.admit(now); probing || err != nil {
		t.Errorf("when the engine is up again: %v, %v", probing, err)
	}
}

func TestOutagesAreToldFromMistakes(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded:                                                             true,
		fmt.Errorf("wrapped: %w", nats.ErrNoResponders):                                      true,
		&net.OpError{Op: "write", Err: errors.New("broken pipe")}:                            true,
		&jetstream.APIError{Code: 503, ErrorCode: 10008}:                                     true,
		&jetstream.APIError{Code: 500, ErrorCode: 10118}:                                     true,
		&jetstream.APIError{Code: 503, ErrorCode: storeFailed, Description: "no space left"}: true,
		&jetstream.APIError{Code: 503, ErrorCode: noResources}:                               false,
		&jetstream.APIError{Code: 400, ErrorCode: 10052, Description: "a setting"}:           false,
		errors.New("its retention is not limits"):                                            false,
		context.Canceled: false,
	} {
		if got := isOutage(err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
