package event

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Time is an instant, or a calendar day, as a provider wrote it. Decoding never
// fails. A Time encodes as it came, unless it was changed; the zero Time is null.
//
// IsZero reports whether there is no time: the member was null, absent or in an
// unknown form. Check it before comparing times, since the zero time is before any
// other. A day alone is midnight UTC.
type Time struct {
	time.Time        // in UTC; zero if Raw is not a time
	Raw       string // the JSON value as it came, with the quotes of a string; "" if null or absent
}

// Text returns what the provider wrote, without the quotes of a string.
func (t Time) Text() string {
	if len(t.Raw) < 2 || t.Raw[0] != '"' {
		return t.Raw
	}
	if strings.IndexByte(t.Raw, '\\') < 0 {
		return t.Raw[1 : len(t.Raw)-1]
	}
	var s string
	_ = json.Unmarshal([]byte(t.Raw), &s)
	return s
}

// String returns Text, or the time in RFC 3339 if the provider wrote a number or
// the time was changed.
func (t Time) String() string {
	if t.IsZero() || strings.HasPrefix(t.Raw, `"`) && t.unchanged() {
		return t.Text()
	}
	return t.Format(time.RFC3339Nano)
}

// unchanged reports whether Raw says the time.
func (t Time) unchanged() bool {
	return parseTime(t.Text()).Equal(t.Time)
}

// UnmarshalJSON accepts any JSON value. It reads YYYY-MM-DD, RFC 3339, ISO 8601
// without an offset (as UTC) or without the colon in it, and Unix seconds or
// milliseconds, as strings or numbers.
func (t *Time) UnmarshalJSON(b []byte) error {
	*t = Time{}
	if string(b) == "null" {
		return nil
	}
	t.Raw = string(b)
	t.Time = parseTime(t.Text())
	return nil
}

// MarshalJSON writes Raw, or the time in RFC 3339 if it was changed.
func (t Time) MarshalJSON() ([]byte, error) {
	switch {
	case !t.unchanged():
		return json.Marshal(t.Time)
	case t.Raw == "":
		return null, nil
	}
	return []byte(t.Raw), nil
}

// timeLayouts are the forms of ISO 8601 that providers were seen to use, the
// commonest first. A fraction of a second is accepted by all that have seconds.
var timeLayouts = [...]string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04:05",
}

// parseTime reads a time as providers write it, and only years that can be
// written again as RFC 3339; anything else is the zero time. Digits alone are
// Unix seconds, or milliseconds where seconds would lie beyond the year 5000.
func parseTime(s string) time.Time {
	if s == "" || len(s) > 64 {
		return time.Time{}
	}
	t, ok := parseLayouts(s)
	if !ok {
		t, ok = parseUnix(s)
	}
	if t = t.UTC(); !ok || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func parseLayouts(s string) (time.Time, bool) {
	if strings.IndexByte(s, '-') < 0 { // each layout has one; Unix time need not fail seven times
		return time.Time{}, false
	}
	if len(s) == len("2006-01-02") { // a failed attempt allocates its error
		t, err := time.Parse("2006-01-02", s)
		return t, err == nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func parseUnix(s string) (time.Time, bool) {
	const year5000 = 95617584000
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || n <= 0:
		return time.Time{}, false
	case n > year5000:
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}
