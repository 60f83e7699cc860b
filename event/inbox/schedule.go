package inbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Schedule says when a failed callback runs again: after First, and then after
// twice as long each time, up to Max. A random part of up to a fifth is added to
// each delay, so that deliveries that failed together do not come back together.
// With the defaults the delays are 5 s, 10 s, 20 s and so on to 85 minutes, then
// 2 hours: from the first attempt to the last it takes between 24 hours 50
// minutes and 29 hours 48 minutes.
//
// In the first third of the attempts, a worker waits exactly for the time that
// [event.RetryAfter] asks for. After that a shorter time is lengthened to the
// schedule's, so that the attempts are not used up within minutes.
type Schedule struct {
	First    time.Duration // the first delay; 0 is 5 seconds
	Max      time.Duration // the longest delay; 0 is 2 hours
	Attempts int           // how many times a callback runs, the first included; 0 is 23
}

const (
	mostAttempts = 10_000 // more than any schedule needs
	jitter       = 5      // the part of a delay by which it may be longer
)

// WithDefaults fills in what is zero, and rejects what could not work. A worker
// calls it once; the other methods are for what it returned.
func (s Schedule) WithDefaults() (Schedule, error) {
	switch {
	case s.First < 0 || s.Max < 0 || s.Attempts < 0:
		return s, errors.New("the option Retry has a negative field")
	case s.Attempts > mostAttempts:
		return s, fmt.Errorf("Retry.Attempts is more than %d", mostAttempts)
	}
	if s.First == 0 {
		s.First = 5 * time.Second
	}
	if s.Max == 0 {
		s.Max = max(2*time.Hour, s.First)
	}
	if s.Attempts == 0 {
		s.Attempts = 23
	}
	if s.Max < s.First {
		return s, errors.New("Retry.Max is less than Retry.First")
	}
	return s, nil
}

// Delay is how long to wait after a failed attempt; the first is 1. asked is
// the time that the callback asked for with [event.RetryAfter], or zero.
func (s Schedule) Delay(attempt int, asked time.Duration) time.Duration {
	d := s.least(attempt)
	if asked > 0 && (attempt <= s.Attempts/3 || asked > d) {
		return asked
	}
	return d + rand.N(d/jitter+1)
}

// Longest is the most time that can pass between the first attempt and the
// last, unless a callback asks for longer delays.
func (s Schedule) Longest() time.Duration {
	var span time.Duration
	for attempt := 1; attempt < s.Attempts; attempt++ {
		d := s.least(attempt)
		span += d + d/jitter
	}
	return span
}

// least is the delay without the random part.
func (s Schedule) least(attempt int) time.Duration {
	d := s.First
	for i := 1; i < attempt && d < s.Max; i++ {
		d *= 2
	}
	return min(d, s.Max)
}
