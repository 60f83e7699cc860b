package jetstream

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// What is missing in a stream, as the mark of a minute ago tells.
func TestMissingDeliveriesAreCounted(t *testing.T) {
	now := someTime
	day := 24 * time.Hour
	// From 1 on stored in the last 13 days, from 501 on in the last two, from
	// 801 on in the last hour.
	points := []point{{1, now.Add(-13 * day)}, {501, now.Add(-2 * day)}, {801, now.Add(-time.Hour)}}
	for _, test := range []struct {
		name        string
		first, last uint64
		anew        bool
		want        int64
	}{
		{"nothing", 1, 1000, false, 0},
		{"more came", 1, 1200, false, 0},
		{"the old were erased", 301, 1000, false, 0},
		{"as many as may be were erased", 501, 1000, false, 0},
		{"the first block", 601, 1000, false, 100},
		{"the last block", 1, 900, false, 100},
		{"both", 601, 900, false, 200},
		{"all, and the sequence is known", 1001, 1000, false, 500},
		{"all", 0, 0, false, 500},
		{"all, and it was made anew", 1, 20, true, 500},
		{"it was made anew of the files that were there", 1, 1000, true, 0},
	} {
		s := &streams{created: now.Add(-14 * day), maxAge: 14 * day, keepBodies: 3 * day}
		m := &mark{Created: s.created, Last: 1000, Keep: 3 * day, Points: points}
		if test.anew {
			s.created = now
		}
		state := &jetstream.StreamState{FirstSeq: test.first, LastSeq: test.last}
		if got := m.missing(s, state, now); got != test.want {
			t.Errorf("%s: %d are missing, want %d", test.name, got, test.want)
		}
		m.next(s, state, nil, now)
		if got := m.missing(s, state, now); got != 0 {
			t.Errorf("%s: %d are missing a second time", test.name, got)
		}
	}
}

func TestPointsReachBackAsFarAsIsKept(t *testing.T) {
	s := &streams{maxAge: 14 * 24 * time.Hour, keepBodies: 72 * time.Hour}
	m, now := new(mark), someTime
	for minute := range 10 * 24 * 60 { // ten days, one delivery in each minute
		now = now.Add(time.Minute)
		m.next(s, &jetstream.StreamState{FirstSeq: 1, LastSeq: uint64(minute + 1)}, nil, now)
	}
	if n := len(m.Points); n < 72 || n > 75 {
		t.Errorf("there are %d points, want one per hour of three days", n)
	}
	end := m.storedBefore(now.Add(-s.keepBodies))
	if age := time.Duration(m.Last-end) * time.Minute; age < 72*time.Hour || age > 74*time.Hour {
		t.Errorf("what was stored up to %v ago may be erased, want 72h and an hour more at most", age)
	}
	if got := m.storedBefore(now.Add(-20 * 24 * time.Hour)); got != 0 {
		t.Errorf("before 20 days ago %d were stored, and none is known", got)
	}
}
