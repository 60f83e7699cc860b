package eventtest

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestInboxAcceptsWhatIsRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found := newFindings(t)
		testInbox(found, newMemoryEngine(""))
		found.want(t)
	})
}

func TestInboxFindsFaults(t *testing.T) {
	for _, test := range []struct {
		fault string
		want  []string // a part of the test's name, and of what it finds
	}{
		{"no limit", []string{"too large", "want an error that wraps ErrTooLarge"}},
		{"wrong error for what is too large", []string{"too large", "no room"}},
		{"cuts bodies", []string{"too large", "the body has"}},
		{"logs bodies", []string{"every verified", "the log holds a piece of a payload"}},
		{"tells deliveries apart by id alone", []string{"is stored once", "another handler's delivery"}},
		{"looks before it stores", []string{"concurrent Puts", "want once for each of 20"}},
		{"no error for duplicates", []string{"is stored once", "returned <nil>, want an error that wraps ErrDuplicate"}},
		{"stores duplicates", []string{"is stored once", "returned <nil>"}},
		{"runs any handler's", []string{"is stored once", "the callback of once ran with"}},
		{"runs what others run", []string{"concurrent Puts", "want one run with 1"}},
		{"no Delivery.Attempt", []string{"what a callback returns", "ran with Delivery.Attempt [1 1 1]"}},
		{"acknowledges first", []string{"what a callback returns", "still not so that a callback that always fails has run 3 times"}},
		{"ignores errors", []string{"what a callback returns", "still not so that"}},
		{"logs panics", []string{"what a callback returns", "the log holds a piece of a payload"}},
		{"dies of a callback that ends its goroutine", []string{"what a callback returns", "still not so that a callback that always fails has run 3 times"}},
		{"retries what is ignored", []string{"what a callback returns", "is ignored"}},
		{"retries permanent errors", []string{"what a callback returns", "a callback that fails for good ran with Delivery.Attempt [1 2 3], want [1]"}},
		{"never gives up", []string{"what a callback returns", "there are 3 dead letters"}},
		{"ignores RetryAfter", []string{"do not hold up the others", "want one run with 1"}},
		{"forgets dead letters", []string{"dead letter stays", "Put of a delivery that is a dead letter returned <nil>"}},
		{"dead letters without attempts", []string{"dead letter stays", "the dead letter is"}},
		{"dead letters without bodies", []string{"dead letter stays", "DeadLetter returned another delivery"}},
		{"no error for what is gone", []string{"dead letter stays", "Rerun of what is no longer a dead letter returned <nil>"}},
		{"discards nothing", []string{"can be discarded", "the dead letters are"}},
		{"forgets what is discarded", []string{"can be discarded", "Put of a delivery that was discarded returned <nil>"}},
		{"ignores the limit", []string{"can be discarded", "with a limit of 1 returned 2"}},
		{"reruns nothing", []string{"dead letter stays", "still not so that it has used up"}},
		{"goes on counting at a rerun", []string{"dead letter stays", "still not so that it has used up"}},
		{"drops its callbacks", []string{"shuts down waits", "Shutdown returned while a callback was running"}},
		{"never ends contexts", []string{"a shutdown that takes too long", "another worker has run it"}},
		{"runs more at once", []string{"at once than may", "4 callbacks ran at once, want at most 3"}},
		{"runs fewer at once", []string{"at once than may", "only 1 callbacks run at once, and 3 may"}},
		{"waits for what fails", []string{"do not hold up the others", "good-0 has run"}},
		{"counts no retries", []string{"do not hold up the others", "Stats counts those that wait for a retry"}},
		{"counts no dead letters", []string{"can be discarded", "Stats counts 0 dead letters, want 2"}},
		{"gives up newer versions", []string{"newer version", `the dead letters are ["" "" "poison"]`}},
		{"drops what is no delivery", []string{"newer version", "there are 2 dead letters"}},
		{"no heartbeat", []string{"takes long", "want one run with 1"}},
		{"never takes over", []string{"takes over from one that died", "still not so"}},
	} {
		t.Run(test.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				found := newFindings(t)
				found.only = test.want[0]
				testInbox(found, newMemoryEngine(test.fault))
				time.Sleep(time.Minute) // until callbacks that were left running have ended
				found.want(t, test.want...)
			})
		})
	}
}
