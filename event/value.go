package event

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ID is an identifier that a vendor sends as a JSON string or as a JSON
// number. It keeps the text: 42 and "42" are both ID("42"). null and an absent
// member are "". It encodes as a string, and "" as null.
type ID string

// UnmarshalJSON accepts a string, a number and null.
func (id *ID) UnmarshalJSON(b []byte) error { return unmarshalText(b, (*string)(id)) }

// MarshalJSON writes a string, or null for "".
func (id ID) MarshalJSON() ([]byte, error) { return marshalText(string(id)) }

// Date is a calendar day or an instant as its vendor wrote it, where the vendor
// sends days without a time or does not publish the format. Decoding keeps the
// text and never fails on its form, so that an unexpected spelling does not
// stop a delivery; [Date.Time] reads it. null and an absent member are "", which
// encodes as null.
type Date string

// Time is the instant that d names, in UTC: midnight where d is a day alone. It is
// false where d is empty or in a form that this library does not know: known
// are YYYY-MM-DD, RFC 3339, and ISO 8601 without an offset (taken as UTC) or
// with an offset that has no colon.
func (d Date) Time() (time.Time, bool) {
	return parseTime(string(d))
}

// UnmarshalJSON accepts a string, a number (Unix seconds or milliseconds) and null.
func (d *Date) UnmarshalJSON(b []byte) error { return unmarshalText(b, (*string)(d)) }

// MarshalJSON writes a string, or null for "".
func (d Date) MarshalJSON() ([]byte, error) { return marshalText(string(d)) }

func marshalText(s string) ([]byte, error) {
	if s == "" {
		return null, nil
	}
	return json.Marshal(s)
}

// errNotText does not quote what it refuses: it may be personal data.
var errNotText = errors.New("event: neither a JSON string nor a JSON number")

// unmarshalText keeps the text of a string or a number and leaves dst for null.
func unmarshalText(b []byte, dst *string) error {
	switch {
	case string(b) == "null":
		return nil
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, dst)
	case len(b) > 0 && (b[0] == '-' || '0' <= b[0] && b[0] <= '9'):
		*dst = string(b)
		return nil
	}
	return errNotText
}

// timeLayouts are the forms of ISO 8601 that vendors were seen to use, the
// commonest first. A fraction of a second is accepted by all that have seconds.
var timeLayouts = [...]string{
	time.RFC3339,
	"2006-01-02",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04:05",
}

// parseTime reads a time as vendors write it, and only years that can be
// written again as RFC 3339. All digits are Unix seconds, or milliseconds where
// seconds would lie beyond the year 5000.
func parseTime(s string) (time.Time, bool) {
	if s == "" || len(s) > 64 {
		return time.Time{}, false
	}
	t, ok := parseLayouts(s)
	if !ok {
		t, ok = parseUnix(s)
	}
	if t = t.UTC(); !ok || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

func parseLayouts(s string) (time.Time, bool) {
	if strings.IndexByte(s, '-') < 0 { // each layout has one; Unix time need not fail seven times
		return time.Time{}, false
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
