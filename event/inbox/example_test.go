package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/atshooks/atshooks/event/inbox"
)

// An alarm about a dead letter tells what to do, and until when. It shows nothing
// of the callback's error, which may hold personal data.
func ExampleDeadLetter() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	onDeadLetter := func(ctx context.Context, l *inbox.DeadLetter) { // WorkerOptions.OnDeadLetter of either engine
		todo := "find out why it failed, and rerun it"
		switch l.Reason {
		case inbox.ReasonPermanent:
			todo = "discard it, or correct the callback and rerun it"
		case inbox.ReasonUnfinished:
			todo = "find out whether it ended the process, before it is rerun"
		case inbox.ReasonUnreadable, inbox.ReasonGone:
			todo = "have " + l.Provider + " send it again: it cannot be rerun"
		}
		logger.ErrorContext(ctx, "a webhook delivery needs attention", "todo", todo, "until", l.Expires.Format(time.DateOnly),
			"tried_for", l.FailedAt.Sub(l.StoredAt), "key", l.Key[:8], "letter", l)
	}

	stored := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	onDeadLetter(context.Background(), &inbox.DeadLetter{
		Ref: "1042", Handler: "kombo-eu", Provider: "kombo", Tenant: "globex", Type: "data-changed", ID: "ev-1", Key: "5f2b8c1e…",
		Reason: inbox.ReasonExhausted, Error: "no row for jane@example.com", Attempts: 23,
		StoredAt: stored, FailedAt: stored.Add(26 * time.Hour), Expires: stored.Add(14 * 24 * time.Hour),
	})
	// Output:
	// level=ERROR msg="a webhook delivery needs attention" todo="find out why it failed, and rerun it" until=2026-12-04 tried_for=26h0m0s key=5f2b8c1e letter.ref=1042 letter.handler=kombo-eu letter.tenant=globex letter.type=data-changed letter.id=ev-1 letter.reason=exhausted letter.attempts=23
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// A probe that runs every minute says what is wrong with an inbox.
func ExampleStats() {
	const patience = 10 * time.Minute
	problems := func(s *inbox.Stats, now time.Time) (found []string) {
		report := func(wrong bool, format string, args ...any) {
			if wrong {
				found = append(found, fmt.Sprintf(format, args...))
			}
		}
		for name, c := range s.Handlers {
			report(c.Dead > 0, "%s: %d dead letters", name, c.Dead)
			report(!c.Oldest.IsZero() && now.Sub(c.Oldest) > patience,
				"%s: one delivery is %v old (%d wait, %d run, %d failed and run again)", name, now.Sub(c.Oldest), c.Waiting, c.Running, c.Retrying)
		}
		report(s.MaxBytes > 0 && s.Bytes > s.MaxBytes/5*4, "%d of %d bytes are used", s.Bytes, s.MaxBytes)
		report(s.Damaged > 0, "%d deliveries are lost", s.Damaged)
		report(s.Abandoned > 0, "%d callbacks do not return", s.Abandoned)
		report(s.LastError != nil && now.Sub(s.LastErrorAt) < patience, "the engine: %v", s.LastError)
		slices.Sort(found)
		return found
	}

	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	kombo := inbox.Counts{Running: 1, Retrying: 2, Dead: 3, Oldest: now.Add(-time.Hour)}
	for _, p := range problems(&inbox.Stats{ // what Stats of either inbox returns
		Counts:   kombo,
		Handlers: map[string]inbox.Counts{"kombo": kombo, "kit": {}},
		Bytes:    900 << 20, MaxBytes: 1 << 30,
		LastError: errors.New("no space left on device"), LastErrorAt: now.Add(-time.Minute),
	}, now) {
		fmt.Println(p)
	}
	// Output:
	// 943718400 of 1073741824 bytes are used
	// kombo: 3 dead letters
	// kombo: one delivery is 1h0m0s old (0 wait, 1 run, 2 failed and run again)
	// the engine: no space left on device
}

// A worker of one's own engine waits like those of this module.
func ExampleSchedule() {
	retry, err := inbox.Schedule{First: time.Minute, Max: time.Hour, Attempts: 10}.WithDefaults()
	if err != nil {
		panic(err)
	}
	fmt.Println("all attempts are made within", retry.Longest())

	asked := 30 * time.Second // by event.RetryAfter
	fmt.Println("the first one is followed by another after", retry.Delay(1, asked))
	// Output:
	// all attempts are made within 4h51m36s
	// the first one is followed by another after 30s
}
