package jetstream

import (
	"testing"
	"time"
)

func TestDefaultScheduleLastsADay(t *testing.T) {
	s, err := Schedule{}.check()
	if err != nil {
		t.Fatal(err)
	}
	least, most := time.Duration(0), time.Duration(0)
	for attempt := 1; attempt < s.Attempts; attempt++ {
		d := s.delay(attempt)
		least += d
		most += d + d/jitter
		for range 100 {
			if got := s.next(attempt, 0); got < d || got > d+d/jitter {
				t.Fatalf("after attempt %d it waits %v, want %v and up to a fifth more", attempt, got, d)
			}
		}
	}
	if want := 24*time.Hour + 50*time.Minute + 35*time.Second; least != want {
		t.Errorf("the attempts take %v at least, want %v", least, want)
	}
	if most > 29*time.Hour+49*time.Minute {
		t.Errorf("the attempts take up to %v", most)
	}
}

func TestDelaysDoubleUpToTheLongest(t *testing.T) {
	s := Schedule{First: time.Second, Max: 10 * time.Second, Attempts: 7}
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second}
	for i, w := range want {
		if got := s.delay(i + 1); got != w {
			t.Errorf("delay %d is %v, want %v", i+1, got, w)
		}
	}
	if got := s.delay(mostAttempts); got != s.Max {
		t.Errorf("delay %d is %v", mostAttempts, got)
	}
}

// Somebody who asks for a second each time must not use up the attempts in
// half a minute.
func TestRetryAfterDoesNotUseUpTheAttempts(t *testing.T) {
	s, err := Schedule{}.check()
	if err != nil {
		t.Fatal(err)
	}
	var all time.Duration
	for attempt := 1; attempt < s.Attempts; attempt++ {
		got := s.next(attempt, time.Second)
		if attempt <= s.Attempts/3 && got != time.Second {
			t.Errorf("after attempt %d it waits %v, want what the callback asked for", attempt, got)
		}
		all += got
	}
	if all < 24*time.Hour {
		t.Errorf("the attempts take %v", all)
	}
	for _, attempt := range []int{1, 22} {
		if got := s.next(attempt, 5*time.Hour); got != 5*time.Hour {
			t.Errorf("after attempt %d it waits %v, want the 5h that the callback asked for", attempt, got)
		}
	}
}

func TestScheduleFitsTheTimeThatDeliveriesAreKept(t *testing.T) {
	s, err := Schedule{}.check()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.fits(72 * time.Hour); err != nil {
		t.Errorf("the default schedule does not fit the shortest MaxAge: %v", err)
	}
	if err := s.fits(59 * time.Hour); err == nil {
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
