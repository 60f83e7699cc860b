package signature

import (
	"testing"
	"time"
)

func TestParseTimestamp(t *testing.T) {
	want := time.Date(2025, 1, 15, 14, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, in string
		want     time.Time // zero: not read
	}{
		{"RFC 3339 in UTC", "2025-01-15T14:30:00Z", want},
		{"RFC 3339 with an offset", "2025-01-15T16:00:00+01:30", want},
		{"a negative offset", "2025-01-15T09:30:00-05:00", want},
		{"a fraction", "2025-01-15T14:30:00.25Z", want.Add(250 * time.Millisecond)},
		{"nanoseconds and an offset", "2025-01-15T15:30:00.000000001+01:00", want.Add(1)},
		{"an offset without a colon", "2025-01-15T14:30:00+0000", want},
		{"a negative offset without a colon", "2025-01-15T09:30:00-0500", want},
		{"Unix seconds", "1736951400", want},
		{"Unix milliseconds", "1736951400250", want.Add(250 * time.Millisecond)},
		{"few digits are seconds", "1", time.Unix(1, 0)},
		{"nothing", "", time.Time{}},
		{"eleven digits", "17369514000", time.Time{}},
		{"twelve digits", "173695140000", time.Time{}},
		{"fourteen digits", "17369514000000", time.Time{}},
		{"more digits than a number has", "99999999999999999999", time.Time{}},
		{"a sign", "-1736951400", time.Time{}},
		{"a plus", "+1736951400", time.Time{}},
		{"a blank before", " 1736951400", time.Time{}},
		{"a newline behind", "1736951400\n", time.Time{}},
		{"a fraction of seconds", "1736951400.5", time.Time{}},
		{"digits of another script", "١٧٣٦٩٥١٤٠٠", time.Time{}},
		{"a blank for the T", "2025-01-15 14:30:00Z", time.Time{}},
		{"a small t", "2025-01-15t14:30:00Z", time.Time{}},
		{"no offset", "2025-01-15T14:30:00", time.Time{}},
		{"a day alone", "2025-01-15", time.Time{}},
		{"a day that does not exist", "2025-02-30T14:30:00Z", time.Time{}},
		{"the form of HTTP's Date", "Wed, 15 Jan 2025 14:30:00 GMT", time.Time{}},
		{"longer than any time", "2025-01-15T14:30:00." + string(repeat('0', 60)) + "Z", time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ParseTimestamp(tt.in)
			if ok == tt.want.IsZero() || ok && !got.Equal(tt.want) {
				t.Errorf("got %v, %v; want %v", got, ok, tt.want)
			}
		})
	}
}

// FuzzParseTimestamp: what is in the form of RFC 3339 is what time.Parse reads.
func FuzzParseTimestamp(f *testing.F) {
	for _, s := range []string{
		"2025-01-15T14:30:00Z", "2024-02-29T23:59:59Z", "2025-02-29T00:00:00Z", "2025-12-15T24:00:00Z", "0000-01-01T00:00:00Z", "2025-00-15T14:30:00Z",
		"2025-01-00T14:30:00Z", "2025-13-15T14:30:00Z", "2025-01-15T14:60:00Z", "2025-01-15T14:30:60Z", "2025-01-15T14:30:0:Z", "2025/01/15T14:30:00Z", "2025-01-15T14:30:00z",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseTimestamp(s)
		want, err := time.Parse(time.RFC3339, s)
		// time.Parse reads an hour of one digit, too.
		if err == nil && len(s) >= 20 && len(s) <= maxTimestamp && (!ok || !got.Equal(want)) {
			t.Fatalf("%q: got %v, %v; want %v", s, got, ok, want)
		}
		if fast, ok := parseUTC(s); ok && (err != nil || !fast.Equal(want)) {
			t.Fatalf("%q: got %v, want %v, %v", s, fast, want, err)
		}
	})
}
