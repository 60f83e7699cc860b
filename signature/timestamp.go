package signature

import "time"

// maxTimestamp is the length of the longest timestamp that is read.
const maxTimestamp = 64

// ParseTimestamp parses a timestamp in any form that vendors are known to sign:
// RFC 3339, also without the colon in the offset, Unix seconds (up to ten digits)
// and Unix milliseconds (thirteen digits).
func ParseTimestamp(text string) (t time.Time, ok bool) {
	switch n := len(text); {
	case n == 0 || n > maxTimestamp:
		return time.Time{}, false
	case n <= 10 || n == 13:
		return parseUnix(text)
	case n < len("2006-01-02T15:04:05Z") || text[10] != 'T':
		return time.Time{}, false // time.Parse would allocate an error
	}
	if t, ok := parseUTC(text); ok {
		return t, true
	}
	layout := time.RFC3339
	if sign := text[len(text)-len("+0700")]; sign == '+' || sign == '-' {
		layout = "2006-01-02T15:04:05Z0700"
	}
	t, err := time.Parse(layout, text)
	return t, err == nil
}

func parseUnix(digits string) (time.Time, bool) {
	n := int64(0)
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			return time.Time{}, false
		}
		n = 10*n + int64(d)
	}
	if len(digits) == 13 {
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}

// parseUTC reads 2006-01-02T15:04:05Z, the usual form, in half the time of
// time.Parse, to which it leaves the last days of a month.
func parseUTC(s string) (time.Time, bool) {
	if len(s) != len("2006-01-02T15:04:05Z") || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != 'Z' {
		return time.Time{}, false
	}
	century, year, month, day := twoDigits(s[0:]), twoDigits(s[2:]), twoDigits(s[5:]), twoDigits(s[8:])
	hour, minute, second := twoDigits(s[11:]), twoDigits(s[14:]), twoDigits(s[17:])
	if max(century, year) > 99 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || max(minute, second) > 59 {
		return time.Time{}, false
	}
	return time.Date(100*century+year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

// twoDigits returns the number that s begins with, or 100 if that is not one.
func twoDigits(s string) int {
	tens, ones := s[0]-'0', s[1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return 10*int(tens) + int(ones)
}
