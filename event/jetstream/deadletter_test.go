package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

var someTime = time.Date(2026, 11, 21, 9, 0, 0, 5, time.UTC)

// The stored forms outlive a release: a change here needs a new version.
func TestStoredForms(t *testing.T) {
	letter := &deadLetter{
		Version: storedVersion,
		Handler: "kombo", Provider: "kombo", Tenant: "acme", Type: "data-changed", ID: "a", Key: "00ff",
		Reason: inbox.ReasonExhausted, Error: "jane.canary@example.com was rude", Attempts: 23, Sequence: 7,
		StoredAt: someTime, FailedAt: someTime.Add(25 * time.Hour),
	}
	for _, test := range []struct {
		value, again versioned
		want         string
	}{
		{letter, new(deadLetter), `{"v":1,"handler":"kombo","provider":"kombo","tenant":"acme","type":"data-changed","id":"a","key":"00ff","reason":"exhausted","error":"jane.canary@example.com was rude","attempts":23,"sequence":7,"stored_at":"2026-11-21T09:00:00.000000005Z","failed_at":"2026-11-22T10:00:00.000000005Z"}`},
		{&pointer{storedVersion, 7, "00ff", someTime}, new(pointer), `{"v":1,"sequence":7,"key":"00ff","stored_at":"2026-11-21T09:00:00.000000005Z"}`},
		{&mark{storedVersion, someTime, 7, time.Hour, []point{{3, someTime}}, map[string]uint64{"kombo": 5}, 2, someTime, 1, "server"}, new(mark), `{"v":1,"created":"2026-11-21T09:00:00.000000005Z","last":7,"keep":3600000000000,"points":[{"sequence":3,"time":"2026-11-21T09:00:00.000000005Z"}],"done":{"kombo":5},"lost":2,"lost_at":"2026-11-21T09:00:00.000000005Z","unreadable":1,"verified":"server"}`},
	} {
		got, err := json.Marshal(test.value)
		if err != nil || string(got) != test.want {
			t.Errorf("the stored form is\n%s, %v, want\n%s", got, err, test.want)
		}
		if err := decode(got, test.again); err != nil {
			t.Errorf("%s: %v", got, err)
		}
		if again, _ := json.Marshal(test.again); string(again) != test.want {
			t.Errorf("read and stored again it is\n%s, want\n%s", again, test.want)
		}
	}
}

func TestDecodeSaysWhatIsWrongWithoutQuotingIt(t *testing.T) {
	for form, want := range map[string]error{
		`{"v":2,"sequence":"of tomorrow, canary"}`: event.ErrNewerVersion,
		`{"v":1,"sequence":"canary"}`:              errStored,
		`{"v":0}`:                                  errStored,
		`canary`:                                   errStored,
		``:                                         errStored,
	} {
		err := decode([]byte(form), new(pointer))
		if !errors.Is(err, want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %v", form, err, want)
		}
	}
}

func TestErrorTextIsCut(t *testing.T) {
	got := errorText(errors.New(strings.Repeat("ä", longestError)))
	if len(got) > longestError+2 || !utf8.ValidString(got) {
		t.Errorf("it has %d bytes, valid: %v", len(got), utf8.ValidString(got))
	}
	if got := errorText(fmt.Errorf("\xff")); got != "\uFFFD" {
		t.Errorf("what is no text becomes %q", got)
	}
}

func TestRefThatIsNoneNamesNothing(t *testing.T) {
	for _, ref := range []string{"", "7", "7-", "-7", "a-b", "7-8-9", "-1-7"} {
		if _, _, err := parseRef(ref); !errors.Is(err, inbox.ErrGone) {
			t.Errorf("%q: %v, want ErrGone", ref, err)
		}
	}
	if self, sequence, err := parseRef("7-8"); self != 7 || sequence != 8 || err != nil {
		t.Errorf("7-8 names %d, %d, %v", self, sequence, err)
	}
}
