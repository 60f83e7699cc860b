package diagnose

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/signature"
)

func TestDiagnose(t *testing.T) {
	const (
		secret = "s3cr3t-of-the-vendor"
		body   = `{"type":"candidate.hired","id":12345678901234567890,"data":{"note":"a < b / c","name":"Zoë","a":[1,2.50]}}`
	)
	at := kitTime
	plain := signature.HMAC{Header: "X-Sig"}
	member := signature.HMAC{Header: "X-Sig", Member: "data"}
	sign := func(s signature.HMAC, secret, body string) http.Header {
		h := http.Header{}
		if err := s.New([]byte(secret)).Sign(h, []byte(body), at); err != nil {
			t.Fatal(err)
		}
		return h
	}
	with := func(h http.Header, pairs ...string) http.Header {
		maps.Copy(h, header(pairs...))
		return h
	}
	renamed := func(h http.Header, from, to string) http.Header {
		c := http.Header{}
		for name, values := range h {
			if name == from {
				name = to
			}
			c[name] = values
		}
		return c
	}
	// as what is left of the body after a decoder and an encoder
	reencoded := func(body string) string {
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	const small = `{"a":1,"b":"x & y"}` // sorted, and with numbers that a float holds
	indent := func(by string) string {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(small), "", by); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}

	for _, tt := range []struct {
		name    string
		scheme  signature.HMAC
		header  http.Header
		body    string
		secrets []string
		reason  Reason
		text    string // a part of it
	}{
		{"it verifies", plain, sign(plain, secret, body), body, []string{secret}, ReasonNone, "verifies"},
		{"it verifies with a test secret", plain, sign(plain, secret, body), body, []string{"live", "old", secret}, ReasonOtherSecret, "secrets[2]"},
		{"the first secret is blank", plain, sign(plain, secret, body), body, []string{" ", secret}, ReasonOtherSecret, "secrets[1]"},
		{"no secret", plain, sign(plain, secret, body), body, nil, ReasonNoSecret, "no secret"},
		{"a blank secret", plain, sign(plain, secret, body), body, []string{"", "\n"}, ReasonNoSecret, "no secret"},

		{"it came late", kitScheme, stamped(t, secret, body, at.Add(-time.Hour)), body, []string{secret}, ReasonClock, "1h0m0s behind"},
		{"it came from the future", kitScheme, stamped(t, secret, body, at.Add(7*time.Minute)), body, []string{secret}, ReasonClock, "7m0s ahead of"},
		{"it came late, with another secret", kitScheme, stamped(t, secret, body, at.Add(-time.Hour)), body, []string{"live", secret}, ReasonClock, "secrets[1]"},
		{"the names are in lower case", plain, http.Header{"x-sig": sign(plain, secret, body)["X-Sig"]}, body, []string{secret}, ReasonHeaderCase, "CanonicalHeaderKey"},
		{"the names are in lower case, with another secret", plain, http.Header{"x-sig": sign(plain, secret, body)["X-Sig"]}, body, []string{"live", secret}, ReasonHeaderCase, "CanonicalHeaderKey"},
		{"the names are in lower case and more is wrong", plain, http.Header{"x-sig": sign(plain, secret, body)["X-Sig"]}, body, []string{secret + "\n"}, ReasonSecretSpace, "white space"},

		{"a newline behind the secret", plain, sign(plain, secret, body), body, []string{secret + "\n"}, ReasonSecretSpace, "the secret without the white space"},
		{"a blank before the secret", plain, sign(plain, secret, body), body, []string{" " + secret}, ReasonSecretSpace, "white space"},
		{"a byte order mark before the secret", plain, sign(plain, secret, body), body, []string{"\ufeff" + secret + "\r\n"}, ReasonSecretSpace, "white space"},
		{"a newline behind another secret", plain, sign(plain, secret, body), body, []string{"live", secret + "\n"}, ReasonSecretSpace, "secrets[1] without the white space"},
		{"quotes around the secret", plain, sign(plain, secret, body), body, []string{`"` + secret + `"`}, ReasonSecretPrefix, "quotes"},
		{"the name of the variable before the secret", plain, sign(plain, secret, body), body, []string{"HOOK_SECRET=" + secret}, ReasonSecretPrefix, "first 12 bytes"},
		{"a label before the secret", plain, sign(plain, secret, body), body, []string{"Secret: '" + secret + "'"}, ReasonSecretPrefix, "without its first 7 bytes"},
		{"whsec_ before the secret", plain, sign(plain, secret, body), body, []string{"whsec_" + secret}, ReasonSecretPrefix, "first 6 bytes"},
		{"a secret behind eight dots", plain, sign(plain, secret, body), body, []string{"a.b.c.d.e.f.g.h." + secret}, ReasonSecretPrefix, "first 16 bytes"},
		{"a secret behind nine dots", plain, sign(plain, secret, body), body, []string{"a.b.c.d.e.f.g.h.i." + secret}, ReasonUnknown, "another secret"},
		{"whsec_ missing", plain, sign(plain, "whsec_"+secret, body), body, []string{secret}, ReasonSecretPrefix, `with "whsec_" before it`},
		{"the secret is hex", plain, sign(plain, "0123456789abcdef", body), body, []string{"30313233343536373839616263646566"}, ReasonSecretEncoding, "hex"},
		{"the secret is base64", plain, sign(plain, secret, body), body, []string{"czNjcjN0LW9mLXRoZS12ZW5kb3I="}, ReasonSecretEncoding, "base64"},
		{"the secret is base64 after whsec_", plain, sign(plain, secret, body), body, []string{"whsec_czNjcjN0LW9mLXRoZS12ZW5kb3I="}, ReasonSecretEncoding, "base64"},
		{"a newline behind the secret of a late one", kitScheme, stamped(t, secret, body, at.Add(-time.Hour)), body, []string{secret + "\n"}, ReasonSecretSpace, "white space"},

		{"a body in base64", plain, sign(plain, secret, body), base64.StdEncoding.EncodeToString([]byte(body)), []string{secret}, ReasonBodyReencoded, "decoded from base64"},
		{"a newline behind the body", plain, sign(plain, secret, body), body + "\n", []string{secret}, ReasonBodyReencoded, "without the white space"},
		{"the newline behind the body lost", plain, sign(plain, secret, body+"\n"), body, []string{secret}, ReasonBodyReencoded, "newline at its end"},
		{"a byte order mark before the body", plain, sign(plain, secret, body), "\ufeff" + body, []string{secret}, ReasonBodyReencoded, "white space"},
		{"a text whose line ends were changed", plain, sign(plain, secret, "a\nb"), "a\r\nb", []string{secret}, ReasonBodyReencoded, "line feeds"},
		{"a text whose line ends were changed back", plain, sign(plain, secret, "a\r\nb"), "a\nb", []string{secret}, ReasonBodyReencoded, "carriage return"},
		{"a body that was compact", plain, sign(plain, secret, small), indent("  "), []string{secret}, ReasonBodyReencoded, "compactly"},
		{"a body that was compact, another secret", plain, sign(plain, secret, small), indent("  "), []string{"live", secret}, ReasonBodyReencoded, "secrets[1]"},
		{"a body indented by two, with a newline", plain, sign(plain, secret, indent("  ")+"\n"), small, []string{secret}, ReasonBodyReencoded, "two spaces and with a newline"},
		{"a body indented by two", plain, sign(plain, secret, indent("  ")), small, []string{secret}, ReasonBodyReencoded, "two spaces"},
		{"a body from Python", plain, sign(plain, secret, `{"a": [1, 2], "b": "x:\",y"}`), `{"a":[1,2],"b":"x:\",y"}`, []string{secret}, ReasonBodyReencoded, "space after each colon"},
		{"a body from Python, with an accent", plain, sign(plain, secret, `{"a": "Zo\u00eb \ud83d\ude00"}`), `{"a":"Zoë 😀"}`, []string{secret}, ReasonBodyReencoded, "all but ASCII"},
		{"a body from PHP", plain, sign(plain, secret, `{"a":"Zo\u00eb","u":"https:\/\/example.com\/"}`), `{"a":"Zoë","u":"https://example.com/"}`, []string{secret}, ReasonBodyReencoded, "/ and all but ASCII escaped"},
		{"a body from PHP, in ASCII", plain, sign(plain, secret, `{"u":"https:\/\/example.com\/"}`), `{"u":"https://example.com/"}`, []string{secret}, ReasonBodyReencoded, "with / escaped"},
		{"a body that got its slashes escaped", plain, sign(plain, secret, `{"u":"https://example.com/"}`), `{"u":"https:\/\/example.com\/"}`, []string{secret}, ReasonBodyReencoded, "compactly"},
		{"a body from Go", plain, sign(plain, secret, `{"a":"x \u0026 y"}`), `{"a":"x & y"}`, []string{secret}, ReasonBodyReencoded, "& escaped"},
		{"a body that went through Go", plain, sign(plain, secret, small), reencoded(small), []string{secret}, ReasonBodyReencoded, "compactly"},
		{"a body that was sorted", plain, sign(plain, secret, `{"a":1,"b":12345678901234567890}`), `{"b":12345678901234567890,"a":1}`, []string{secret}, ReasonBodyReencoded, "members sorted"},
		{"a member that was compact", member, sign(member, secret, `{"data":{"a":1}}`), `{"data":{"a": 1}}`, []string{secret}, ReasonBodyReencoded, "compactly"},

		{"base64 for hex", plain, sign(signature.HMAC{Header: "X-Sig", Encoding: signature.Base64}, secret, body), body, []string{secret}, ReasonEncoding, "in base64"},
		{"a prefix that is not in the scheme", plain, sign(signature.HMAC{Header: "X-Sig", Prefix: "sha256="}, secret, body), body, []string{secret}, ReasonEncoding, `prefix "sha256="`},
		{"a prefix that only the scheme has", signature.HMAC{Header: "X-Sig", Prefix: "sha256="}, sign(plain, secret, body), body, []string{secret}, ReasonEncoding, "read as header X-Sig, HMAC"},
		{"base64 for hex, and a newline behind the secret", plain, sign(signature.HMAC{Header: "X-Sig", Encoding: signature.Base64}, secret, body), body, []string{secret + "\n"}, ReasonEncoding, "without the white space around it"},
		{"another header", plain, renamed(sign(plain, secret, body), "X-Sig", "X-Hub-Signature"), body, []string{secret}, ReasonOtherHeader, "header X-Hub-Signature"},
		{"another header, with another secret", plain, renamed(sign(plain, secret, body), "X-Sig", "X-Hub-Signature"), body, []string{"live", secret}, ReasonOtherHeader, "secrets[1]"},
		{"SHA-512 for SHA-256", plain, sign(signature.HMAC{Header: "X-Sig", Hash: crypto.SHA512}, secret, body), body, []string{secret}, ReasonOtherScheme, "SHA-512"},
		{"a member for the body", plain, sign(member, secret, body), body, []string{secret}, ReasonOtherScheme, `the member "data"`},
		{"the body for a member", member, sign(plain, secret, body), body, []string{secret}, ReasonOtherScheme, "of the body"},
		{"a timestamp that is not in the scheme", signature.HMAC{Header: "X-Webhook-Signature"}, stamped(t, secret, body, at), body, []string{secret}, ReasonOtherScheme, `X-Webhook-Timestamp + "."`},
		{"a timestamp that only the scheme has", kitScheme, sign(signature.HMAC{Header: "X-Webhook-Signature"}, secret, body), body, []string{secret}, ReasonOtherScheme, "of the body"},
		{"the best of several", plain, with(sign(signature.HMAC{Header: "X-Sig", Encoding: signature.Base64}, secret, body), "A-Sig", sign(plain, secret, body).Get("X-Sig")), body, []string{secret}, ReasonEncoding, "base64"},
		{"Stripe's", plain, header("X-Sig", "t=1736951400,v1="+sign(plain, secret, "1736951400."+body).Get("X-Sig")), body, []string{secret}, ReasonOtherScheme, "the time inside X-Sig"},

		{"no header", plain, header("Accept", "*/*"), body, []string{secret}, ReasonHeaderMissing, "no header X-Sig"},
		{"no header, but another with what looks like a signature", plain, header("X-Auth", strings.Repeat("ab", 32)), body, []string{secret}, ReasonOtherHeader, "X-Auth looks like one"},
		{"the header twice", plain, http.Header{"X-Sig": {sign(plain, secret, body).Get("X-Sig"), sign(plain, secret, body).Get("X-Sig")}}, body, []string{secret}, ReasonHeaderTwice, "twice"},
		{"the header twice, in two cases", plain, http.Header{"X-Sig": sign(plain, secret, body)["X-Sig"], "x-sig": {"x"}}, body, []string{"live"}, ReasonHeaderTwice, "twice"},
		{"a header that holds no MAC", plain, header("X-Sig", "nothing"), body, []string{secret}, ReasonMalformed, "not in the expected form"},
		{"no timestamp", kitScheme, header("X-Webhook-Signature", strings.Repeat("0", 64)), body, []string{secret}, ReasonTimestamp, "no header X-Webhook-Timestamp"},
		{"a timestamp that is none", kitScheme, header("X-Webhook-Signature", strings.Repeat("0", 64), "X-Webhook-Timestamp", "today"), body, []string{secret}, ReasonTimestamp, "is not a valid time"},
		{"no member", member, header("X-Sig", strings.Repeat("0", 64)), `{"Data":1}`, []string{secret}, ReasonBodyMember, "no such member"},
		{"a body that is not JSON", member, header("X-Sig", strings.Repeat("0", 64)), `data=1`, []string{secret}, ReasonBodyMember, "not a JSON object"},
		{"an empty body", plain, sign(plain, secret, body), "", []string{secret}, ReasonBodyLength, "empty"},
		{"an empty body without the member", member, sign(member, secret, body), "", []string{secret}, ReasonBodyLength, "empty"},
		{"a body that was cut", plain, with(sign(plain, secret, body), "Content-Length", strconv.Itoa(len(body))), body[:20], []string{secret}, ReasonBodyLength, "the body has 20 bytes"},
		{"another secret", plain, with(sign(plain, secret, body), "Content-Length", strconv.Itoa(len(body))), body, []string{"live", "test"}, ReasonUnknown, "another secret"},
		{"another body with spaces at its end", plain, sign(plain, secret, body), body + "x  ", []string{secret}, ReasonUnknown, "other bytes"},
		{"another body", plain, sign(plain, secret, body), body + "x", []string{secret}, ReasonUnknown, "other bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var secrets [][]byte
			for _, s := range tt.secrets {
				secrets = append(secrets, []byte(s))
			}
			headerBefore, bodyBefore := tt.header.Clone(), tt.body
			body := []byte(tt.body)
			got := Diagnose(tt.scheme, tt.header, body, at, 0, secrets...)
			if got.Reason != tt.reason || !strings.Contains(got.Text, tt.text) {
				t.Errorf("got  %v\nwant %s: … %s …", got, tt.reason, tt.text)
			}
			if diff := cmp.Diff(headerBefore, tt.header); diff != "" || string(body) != bodyBefore {
				t.Errorf("the delivery was changed: %s", diff)
			}
			said := fmt.Sprintf("%v %#v", got, got)
			for _, s := range append(tt.secrets, secret, "Zoë", "candidate.hired") {
				if len(s) > 3 && strings.Contains(said, s) {
					t.Errorf("%s\nholds %s", said, s)
				}
			}
			for _, values := range tt.header {
				for _, v := range values {
					if len(v) > 20 && (strings.Contains(said, v) || strings.Contains(said, v[len(v)-20:])) {
						t.Errorf("%s\nholds %s", said, v)
					}
				}
			}
			if text := got.Text; strings.ToLower(text[:1]) != text[:1] && !strings.HasPrefix(text, "X-") || strings.HasSuffix(text, ".") {
				t.Errorf("no clause: %s", text)
			}
		})
	}
}

func stamped(t *testing.T, secret, body string, at time.Time) http.Header {
	t.Helper()
	h := http.Header{}
	if err := kitScheme.New([]byte(secret)).Sign(h, []byte(body), at); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestDiagnoseTakesTheTolerance(t *testing.T) {
	h := stamped(t, "secret", "{}", kitTime.Add(-time.Hour))
	if d := Diagnose(kitScheme, h, []byte("{}"), kitTime, 2*time.Hour, []byte("secret")); d.Reason != ReasonNone {
		t.Errorf("with a tolerance of two hours: %v", d)
	}
}

func TestText(t *testing.T) {
	h := stamped(t, "secret", "{}", kitTime)
	for _, tt := range []struct{ name, secret, want string }{
		{"it verifies", "secret", "none: the delivery verifies"},
		{"it does not", "secret\n", "secret-white-space: the signature is right with the secret without the white space around it"},
		{"no secret", "", "no-secret: there is no secret to verify with, or it is blank"},
	} {
		if got := Text(kitScheme, h, []byte("{}"), kitTime, 0, []byte(tt.secret)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestDiagnoseIsBounded(t *testing.T) {
	h := http.Header{}
	plain := signature.HMAC{Header: "X-Sig"}
	_ = plain.New([]byte("secret")).Sign(h, []byte("{}"), kitTime)
	var secrets [][]byte
	for i := range maxSecrets - 1 {
		secrets = append(secrets, fmt.Append(nil, i))
	}
	last := append(append([][]byte{}, secrets...), []byte("secret"))
	if d := Diagnose(plain, h, []byte("{}"), kitTime, 0, last...); d.Reason != ReasonOtherSecret || !strings.Contains(d.Text, "secrets[7]") {
		t.Errorf("the last secret: %v", d)
	}
	beyond := append(append([][]byte{}, secrets...), []byte("x"), []byte("secret"))
	if d := Diagnose(plain, h, []byte("{}"), kitTime, 0, beyond...); d.Reason != ReasonUnknown {
		t.Errorf("a secret too many: %v", d)
	}

	// Bodies beyond the limit are not written again.
	large := `{"a":"` + strings.Repeat("x", maxReencoded-8) + `"}`
	for _, tt := range []struct {
		body string
		want Reason
	}{{large, ReasonBodyReencoded}, {large + " ", ReasonUnknown}} {
		h := http.Header{}
		_ = plain.New([]byte("secret")).Sign(h, []byte(strings.TrimSpace(tt.body)+"\n"), kitTime)
		if d := Diagnose(plain, h, []byte(tt.body), kitTime, 0, []byte("secret")); d.Reason != tt.want {
			t.Errorf("%d bytes: %v", len(tt.body), d)
		}
	}

	// Nor is more hashed than the budget, whatever there is to try.
	d := &diagnosis{scheme: plain, header: h, body: []byte("{}"), budget: 2 * 258}
	for i, want := range []bool{true, true, false} {
		if got := d.right([]byte("secret"), d.body); got != want {
			t.Errorf("try %d: %v", i, got)
		}
	}
}

func BenchmarkDiagnose(b *testing.B) {
	for name, members := range map[string]int{"S": 10, "M": 60, "L": 3600} {
		b.Run(name, func(b *testing.B) {
			body := []byte(`{"id":1` + strings.Repeat(`,"note":"`+strings.Repeat("a", 60)+`"`, members) + `}`)
			h := http.Header{}
			_ = kitScheme.New([]byte("secret")).Sign(h, body, kitTime)
			b.ReportAllocs()
			for b.Loop() {
				if d := Diagnose(kitScheme, h, body, kitTime, 0, []byte("another")); d.Reason != ReasonUnknown {
					b.Fatal(d)
				}
			}
		})
	}
}
