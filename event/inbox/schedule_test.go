package inbox

import (
	"strings"
	"testing"
	"time"
)

func defaults(t *testing.T) Schedule {
	t.Helper()
	s, err := Schedule{}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefaultScheduleLastsADay(t *testing.T) {
	s := defaults(t)
	var least time.Duration
	for attempt := 1; attempt < s.Attempts; attempt++ {
		d := s.least(attempt)
		least += d
		for range 100 {
			if got := s.Delay(attempt, 0); got < d || got > d+d/5 {
				t.Fatalf("after attempt %d it waits %v, want %v and up to a fifth more", attempt, got, d)
			}
		}
	}
	if want := 24*time.Hour + 50*time.Minute + 35*time.Second; least != want {
		t.Errorf("the attempts take %v at least, want %v", least, want)
	}
	if want := 29*time.Hour + 48*time.Minute; s.Longest().Truncate(time.Minute) != want {
		t.Errorf("the attempts take up to %v, want %v", s.Longest(), want)
	}
}

func TestDelaysDoubleUpToTheLongest(t *testing.T) {
	s := Schedule{First: time.Second, Max: 10 * time.Second, Attempts: 7}
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second}
	for i, w := range want {
		if got := s.least(i + 1); got != w {
			t.Errorf("delay %d is %v, want %v", i+1, got, w)
		}
	}
	if got := s.least(mostAttempts); got != s.Max {
		t.Errorf("delay %d is %v", mostAttempts, got)
	}
}

// A callback that asks for a second each time must not use up the attempts in
// half a minute.
func TestRetryAfterDoesNotUseUpTheAttempts(t *testing.T) {
	s := defaults(t)
	var all time.Duration
	for attempt := 1; attempt < s.Attempts; attempt++ {
		got := s.Delay(attempt, time.Second)
		if attempt <= s.Attempts/3 && got != time.Second {
			t.Errorf("after attempt %d it waits %v, want what the callback asked for", attempt, got)
		}
		all += got
	}
	if all < 24*time.Hour {
		t.Errorf("the attempts take %v", all)
	}
	for _, attempt := range []int{1, 22} {
		if got := s.Delay(attempt, 5*time.Hour); got != 5*time.Hour {
			t.Errorf("after attempt %d it waits %v, want the 5h that the callback asked for", attempt, got)
		}
	}
}

func TestSchedulesThatCouldNotWork(t *testing.T) {
	for want, s := range map[string]Schedule{
		"negative":  {Attempts: -1},
		"more than": {Attempts: mostAttempts + 1},
		"less than": {First: time.Hour, Max: time.Minute},
	} {
		if _, err := s.WithDefaults(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
}
