package jetstream

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Schedule says when a failed callback runs again: after First, and then
// after twice as long each time, up to Max. Each delay is lengthened by up to
// a fifth, at random, so that deliveries that failed together do not come back
// together. With the defaults the delays are 5 s, 10 s, 20 s and so on to 85
// minutes, then 2 hours: 24 hours 50 minutes at least, and 29 hours 48 minutes
// at most, from the first attempt to the last.
//
// [event.RetryAfter] is waited for exactly in the first third of the attempts.
// After that a shorter time is lengthened to the schedule's, so that the
// attempts are not used up within minutes.
type Schedule struct {
	First    time.Duration // the first delay; 0 is 5 seconds
	Max      time.Duration // the longest delay; 0 is 2 hours
	Attempts int           // how often a callback runs, the first time included; 0 is 23
}

// mostAttempts is more than any schedule needs.
const mostAttempts = 10_000

// check fills in what is zero and rejects what could not work.
func (s Schedule) check() (Schedule, error) {
	switch {
	case s.First < 0 || s.Max < 0 || s.Attempts < 0:
		return s, errors.New("the schedule Retry has a negative setting")
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

// fits rejects a schedule that leaves too little of the time that deliveries
// are kept to rerun dead letters.
func (s Schedule) fits(maxAge time.Duration) error {
	var span time.Duration
	for attempt := 1; attempt < s.Attempts; attempt++ {
		d := s.delay(attempt)
		span += d + d/jitter
	}
	if span > maxAge/2 {
		return fmt.Errorf("the schedule Retry takes up to %v, which is more than half of the %v that deliveries are kept (Options.MaxAge): too little would be left to rerun dead letters", span, maxAge)
	}
	return nil
}

// delay is the least time between an attempt and the next; the first is 1.
func (s Schedule) delay(attempt int) time.Duration {
	d := s.First
	for i := 1; i < attempt && d < s.Max; i++ {
		d *= 2
	}
	return min(d, s.Max)
}

// jitter is the part of a delay by which it may be longer.
const jitter = 5

// next is the delay after a failed attempt. asked is what the callback asked
// for, or zero.
func (s Schedule) next(attempt int, asked time.Duration) time.Duration {
	d := s.delay(attempt)
	if asked > 0 && (attempt <= s.Attempts/3 || asked > d) {
		return asked
	}
	return d + rand.N(d/jitter+1)
}
