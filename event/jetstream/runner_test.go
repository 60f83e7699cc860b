package jetstream

import (
	"testing"
	"time"

	"github.com/atshooks/atshooks/event/inbox"
)

func TestScheduleFitsTheTimeThatDeliveriesAreKept(t *testing.T) {
	s, err := inbox.Schedule{}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if err := fits(s, 72*time.Hour); err != nil {
		t.Errorf("the default schedule does not fit the shortest MaxAge: %v", err)
	}
	if err := fits(s, 59*time.Hour); err == nil {
		t.Error("a schedule of up to 29h48m fits 59h, of which that is more than a half")
	}
}

func TestDeliveryIsNotRetriedUntilItIsErased(t *testing.T) {
	i := new(Inbox)
	i.streams.Store(&streams{maxAge: 80 * time.Hour})
	r := &runner{w: &Worker{inbox: i}}
	for _, test := range []struct {
		age, delay time.Duration
		want       bool
	}{
		{0, 2 * time.Hour, false},
		{0, 69 * time.Hour, false},
		{0, 71 * time.Hour, true},
		{69 * time.Hour, 30 * time.Minute, false},
		{69 * time.Hour, 2 * time.Hour, true},
		{200 * time.Hour, 0, true},
	} {
		a := &attempt{r: r, stored: time.Now().Add(-test.age)}
		if got := a.tooLate(test.delay); got != test.want {
			t.Errorf("a delivery of %v is retried after %v: too late is %v", test.age, test.delay, got)
		}
	}
}
