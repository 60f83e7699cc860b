package signature

import (
	"net/http"
	"net/textproto"
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
		{"no such day", "2025-02-30T14:30:00Z", time.Time{}},
		{"the form of HTTP's Date", "Wed, 15 Jan 2025 14:30:00 GMT", time.Time{}},
		{"longer than any time", "2025-01-15T14:30:00." + string(repeat('0', 60)) + "Z", time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseTimestamp(tt.in)
			if ok == tt.want.IsZero() || ok && !got.Equal(tt.want) {
				t.Errorf("got %v, %v; want %v", got, ok, tt.want)
			}
		})
	}
}

func TestDecodeReadsEachEncodingOnly(t *testing.T) {
	// 0xfb 0xef 0xbe are + and / letters in base64, - and _ in base64url.
	mac := make([]byte, 32)
	for i := range mac {
		mac[i] = "\xfb\xef\xbe\xff"[i%4]
	}
	for _, from := range spellings {
		text := from.encode(mac)
		if len(text) != from.encodedLen(len(mac)) {
			t.Errorf("%s: %d letters, not %d", from.name, len(text), from.encodedLen(len(mac)))
		}
		for _, to := range spellings {
			var m candidate
			s := HMAC{Header: "S", Encoding: to.encoding}
			if got, want := s.decode(text, &m), from.encoding == to.encoding; got != want {
				t.Errorf("%s read as %s: %v", from.name, to.name, got)
			}
		}
		var m candidate
		all := HMAC{Header: "S", Encoding: Hex | Base64 | Base64URL | RawBase64 | PaddedBase64URL}
		if !all.decode(text, &m) || m.encoding != from.encoding || string(m.mac[:32]) != string(mac) {
			t.Errorf("%s among all: read as %v, %x", from.name, m.encoding, m.mac[:32])
		}
	}
}

func TestHeaderValuesIsValues(t *testing.T) {
	long := "X-" + string(repeat('a', 80))
	for _, name := range []string{"Signature", "signature", "X-KeldairHR-Auth", "x-keldairhr-auth", "X-WEBHOOK-SIGNATURE", "x--a-", "-x", "x_y-z", "X-100hires-Signature", "", long} {
		h := http.Header{textproto.CanonicalMIMEHeaderKey(name): {"v"}}
		if got := headerValues(h, name); len(got) != 1 || got[0] != "v" {
			t.Errorf("%q: %q", name, got)
		}
		if got := headerValues(http.Header{"Other": {"v"}}, name); got != nil {
			t.Errorf("%q where it is not: %q", name, got)
		}
	}
}
