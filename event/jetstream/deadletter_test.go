package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/atshooks/atshooks/event"
)

var deadLetter = DeadLetter{
	Receiver: "kombo", Provider: "kombo", Tenant: "acme", Type: "data-changed", ID: "a", Key: "00ff",
	Reason: ReasonExhausted, Error: "jane.canary@example.com was rude", Attempts: 23, Sequence: 7,
	StoredAt: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), FailedAt: time.Date(2026, 11, 22, 10, 0, 0, 5, time.UTC),
}

// The stored forms outlive a release: a change here needs a new version.
func TestStoredForms(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{storedDeadLetter{storedVersion, &deadLetter}, `{"v":1,"receiver":"kombo","provider":"kombo","tenant":"acme","type":"data-changed","id":"a","key":"00ff","reason":"exhausted","error":"jane.canary@example.com was rude","attempts":23,"sequence":7,"stored_at":"2026-11-21T09:00:00Z","failed_at":"2026-11-22T10:00:00.000000005Z"}`},
		{pointer{storedVersion, 7, "00ff", deadLetter.StoredAt}, `{"v":1,"sequence":7,"key":"00ff","stored_at":"2026-11-21T09:00:00Z"}`},
	} {
		got, err := json.Marshal(test.value)
		if err != nil || string(got) != test.want {
			t.Errorf("the stored form is\n%s, %v, want\n%s", got, err, test.want)
		}
	}
	var l DeadLetter
	form, _ := json.Marshal(storedDeadLetter{storedVersion, &deadLetter})
	if err := decode(form, &storedDeadLetter{DeadLetter: &l}); err != nil || l != deadLetter {
		t.Errorf("read again it is %+v, %v", l, err)
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

func TestDeadLetterLogsNoError(t *testing.T) {
	if text := slog.Any("dead", &deadLetter).Value.Resolve().String(); strings.Contains(text, "canary") || !strings.Contains(text, "data-changed") {
		t.Errorf("it is logged as %s", text)
	}
	if got := (*DeadLetter)(nil).LogValue(); !got.Equal(slog.Value{}) {
		t.Errorf("nil is logged as %v", got)
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
