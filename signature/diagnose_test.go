package signature

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDiagnose(t *testing.T) {
	const (
		secret = "s3cr3t-of-the-vendor"
		body   = `{"type":"candidate.hired","id":12345678901234567890,"data":{"note":"a < b / c","name":"Zoë","a":[1,2.50]}}`
	)
	at := kitTime
	plain := HMAC{Header: "X-Sig"}
	member := HMAC{Header: "X-Sig", Member: "data"}
	sign := func(s HMAC, secret, body string) http.Header {
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
		scheme  HMAC
		header  http.Header
		body    string
		secrets []string
		reason  Reason
		secret  int
		text    string // a part of it
	}{
		{"it verifies", plain, sign(plain, secret, body), body, []string{secret}, ReasonNone, 0, "verifies"},
		{"it verifies with a test secret", plain, sign(plain, secret, body), body, []string{"live", "old", secret}, ReasonOtherSecret, 2, "secrets[2]"},
		{"the first secret is blank", plain, sign(plain, secret, body), body, []string{" ", secret}, ReasonOtherSecret, 1, "secrets[1]"},
		{"no secret", plain, sign(plain, secret, body), body, nil, ReasonNoSecret, -1, "no secret"},
		{"a blank secret", plain, sign(plain, secret, body), body, []string{"", "\n"}, ReasonNoSecret, -1, "no secret"},

		{"it came late", kitScheme, stamped(t, secret, body, at.Add(-time.Hour)), body, []string{secret}, ReasonClock, 0, "1h0m0s behind"},
		{"it came from the future", kitScheme, stamped(t, secret, body, at.Add(7*time.Minute)), body, []string{secret}, ReasonClock, 0, "7m0s ahead of"},
		{"it came late, with another secret", kitScheme, stamped(t, secret, body, at.Add(-time.Hour)), body, []string{"live", secret}, ReasonClock, 1, "secrets[1]"},
		{"the names are in lower case", plain, http.Header{"x-sig": sign(plain, secret, body)["X-Sig"]}, body, []string{secret}, ReasonHeaderCase, 0, "CanonicalHeaderKey"},
		{"the names are in lower case, with another secret", plain, http.Header{"x-sig": sign(plain, secret, body)["X-Sig"]}, body, []string{"live", secret}, ReasonHeaderCase, 1, "CanonicalHeaderKey"},
		{"the names are in lower case and more is wrong", plain, http.Header{"x-sig": sign(plain, secret, body)["X-Sig"]}, body, []string{secret + "\n"}, ReasonSecretSpace, 0, "white space"},

		{"a newline behind the secret", plain, sign(plain, secret, body), body, []string{secret + "\n"}, ReasonSecretSpace, 0, "the secret without the white space"},
		{"a blank before the secret", plain, sign(plain, secret, body), body, []string{" " + secret}, ReasonSecretSpace, 0, "white space"},
		{"a byte order mark before the secret", plain, sign(plain, secret, body), body, []string{"\ufeff" + secret + "\r\n"}, ReasonSecretSpace, 0, "white space"},
		{"a newline behind another secret", plain, sign(plain, secret, body), body, []string{"live", secret + "\n"}, ReasonSecretSpace, 1, "secrets[1] without the white space"},
		{"quotes around the secret", plain, sign(plain, secret, body), body, []string{`"` + secret + `"`}, ReasonSecretPrefix, 0, "quotes"},
		{"the name of the variable before the secret", plain, sign(plain, secret, body), body, []string{"HOOK_SECRET=" + secret}, ReasonSecretPrefix, 0, "first 12 bytes"},
		{"a label before the secret", plain, sign(plain, secret, body), body, []string{"Secret: '" + secret + "'"}, ReasonSecretPrefix, 0, "without its first 7 bytes"},
		{"whsec_ before the secret", plain, sign(plain, secret, body), body, []string{"whsec_" + secret}, ReasonSecretPrefix, 0, "first 6 bytes"},
		{"a secret behind eight dots", plain, sign(plain, secret, body), body, []string{"a.b.c.d.e.f.g.h." + secret}, ReasonSecretPrefix, 0, "first 16 bytes"},
		{"a secret behind nine dots", plain, sign(plain, secret, body), body, []string{"a.b.c.d.e.f.g.h.i." + secret}, ReasonUnknown, -1, "another secret"},
		{"whsec_ missing", plain, sign(plain, "whsec_"+secret, body), body, []string{secret}, ReasonSecretPrefix, 0, `with "whsec_" before it`},
		{"the secret is hex", plain, sign(plain, "0123456789abcdef", body), body, []string{"30313233343536373839616263646566"}, ReasonSecretEncoding, 0, "hex"},
		{"the secret is base64", plain, sign(plain, secret, body), body, []string{"czNjcjN0LW9mLXRoZS12ZW5kb3I="}, ReasonSecretEncoding, 0, "base64"},
		{"the secret is base64 after whsec_", plain, sign(plain, secret, body), body, []string{"whsec_czNjcjN0LW9mLXRoZS12ZW5kb3I="}, ReasonSecretEncoding, 0, "base64"},
		{"a newline behind the secret of a late one", kitScheme, stamped(t, secret, body, at.Add(-time.Hour)), body, []string{secret + "\n"}, ReasonSecretSpace, 0, "white space"},

		{"a newline behind the body", plain, sign(plain, secret, body), body + "\n", []string{secret}, ReasonBodyReencoded, 0, "without the white space"},
		{"the newline behind the body lost", plain, sign(plain, secret, body+"\n"), body, []string{secret}, ReasonBodyReencoded, 0, "newline at its end"},
		{"a byte order mark before the body", plain, sign(plain, secret, body), "\ufeff" + body, []string{secret}, ReasonBodyReencoded, 0, "white space"},
		{"a text whose line ends were changed", plain, sign(plain, secret, "a\nb"), "a\r\nb", []string{secret}, ReasonBodyReencoded, 0, "line feeds"},
		{"a text whose line ends were changed back", plain, sign(plain, secret, "a\r\nb"), "a\nb", []string{secret}, ReasonBodyReencoded, 0, "carriage return"},
		{"a body that was compact", plain, sign(plain, secret, small), indent("  "), []string{secret}, ReasonBodyReencoded, 0, "compactly"},
		{"a body that was compact, another secret", plain, sign(plain, secret, small), indent("  "), []string{"live", secret}, ReasonBodyReencoded, 1, "secrets[1]"},
		{"a body indented by two", plain, sign(plain, secret, indent("  ")), small, []string{secret}, ReasonBodyReencoded, 0, "two blanks"},
		{"a body indented by four, with a newline", plain, sign(plain, secret, indent("    ")+"\n"), small, []string{secret}, ReasonBodyReencoded, 0, "four blanks and with a newline"},
		{"a body indented by tabs", plain, sign(plain, secret, indent("\t")), small, []string{secret}, ReasonBodyReencoded, 0, "a tab"},
		{"a body from Python", plain, sign(plain, secret, `{"a": [1, 2], "b": "x:\",y"}`), `{"a":[1,2],"b":"x:\",y"}`, []string{secret}, ReasonBodyReencoded, 0, "blank after each colon"},
		{"a body from Python, with an accent", plain, sign(plain, secret, `{"a": "Zo\u00eb \ud83d\ude00"}`), `{"a":"Zoë 😀"}`, []string{secret}, ReasonBodyReencoded, 0, "all but ASCII"},
		{"a body from PHP", plain, sign(plain, secret, `{"a":"Zo\u00eb","u":"https:\/\/example.com\/"}`), `{"a":"Zoë","u":"https://example.com/"}`, []string{secret}, ReasonBodyReencoded, 0, "/ and all but ASCII escaped"},
		{"a body from PHP, in ASCII", plain, sign(plain, secret, `{"u":"https:\/\/example.com\/"}`), `{"u":"https://example.com/"}`, []string{secret}, ReasonBodyReencoded, 0, "with / escaped"},
		{"a body that got its slashes escaped", plain, sign(plain, secret, `{"u":"https://example.com/"}`), `{"u":"https:\/\/example.com\/"}`, []string{secret}, ReasonBodyReencoded, 0, "with / not escaped"},
		{"a body from Go", plain, sign(plain, secret, `{"a":"x \u0026 y"}`), `{"a":"x & y"}`, []string{secret}, ReasonBodyReencoded, 0, "& escaped"},
		{"a body that went through Go", plain, sign(plain, secret, small), reencoded(small), []string{secret}, ReasonBodyReencoded, 0, "& not escaped"},
		{"a body that was sorted", plain, sign(plain, secret, `{"a":1,"b":12345678901234567890}`), `{"b":12345678901234567890,"a":1}`, []string{secret}, ReasonBodyReencoded, 0, "members sorted"},
		{"a body that was sorted, from Python", plain, sign(plain, secret, `{"a": 1, "b": 2}`), `{"b":2,"a":1}`, []string{secret}, ReasonBodyReencoded, 0, "members sorted and a blank"},
		{"a member that was compact", member, sign(member, secret, `{"data":{"a":1}}`), `{"data":{"a": 1}}`, []string{secret}, ReasonBodyReencoded, 0, "compactly"},

		{"base64 for hex", plain, sign(HMAC{Header: "X-Sig", Encoding: Base64}, secret, body), body, []string{secret}, ReasonEncoding, 0, "in base64"},
		{"a prefix that is not in the scheme", plain, sign(HMAC{Header: "X-Sig", Prefix: "sha256="}, secret, body), body, []string{secret}, ReasonEncoding, 0, `prefix "sha256="`},
		{"a prefix that only the scheme has", HMAC{Header: "X-Sig", Prefix: "sha256="}, sign(plain, secret, body), body, []string{secret}, ReasonEncoding, 0, "as header X-Sig, prefix"},
		{"base64 for hex, and a newline behind the secret", plain, sign(HMAC{Header: "X-Sig", Encoding: Base64}, secret, body), body, []string{secret + "\n"}, ReasonEncoding, 0, "without the white space around it"},
		{"another header", plain, renamed(sign(plain, secret, body), "X-Sig", "X-Hub-Signature"), body, []string{secret}, ReasonOtherHeader, 0, "header X-Hub-Signature"},
		{"another header, with another secret", plain, renamed(sign(plain, secret, body), "X-Sig", "X-Hub-Signature"), body, []string{"live", secret}, ReasonOtherHeader, 1, "secrets[1]"},
		{"another header with a word", hiresScheme, renamed(sign(plain, secret, body), "X-Sig", "X-Hmac"), body, []string{secret}, ReasonOtherHeader, 0, "header X-Hmac"},
		{"a header with the word, in an encoding that is not accepted", HMAC{HeaderWord: "sig", Encoding: Hex}, sign(HMAC{Header: "X-Sig", Encoding: Base64}, secret, body), body, []string{secret}, ReasonEncoding, 0, "base64"},
		{"SHA-512 for SHA-256", plain, sign(HMAC{Header: "X-Sig", Hash: detectHashes[1]}, secret, body), body, []string{secret}, ReasonOtherScheme, 0, "SHA-512"},
		{"a member for the body", plain, sign(member, secret, body), body, []string{secret}, ReasonOtherScheme, 0, `the member "data"`},
		{"the body for a member", member, sign(plain, secret, body), body, []string{secret}, ReasonOtherScheme, 0, "of the body"},
		{"a timestamp that is not in the scheme", HMAC{Header: "X-Webhook-Signature"}, stamped(t, secret, body, at), body, []string{secret}, ReasonOtherScheme, 0, `X-Webhook-Timestamp + "."`},
		{"a timestamp that only the scheme has", kitScheme, sign(HMAC{Header: "X-Webhook-Signature"}, secret, body), body, []string{secret}, ReasonOtherScheme, 0, "of the body"},
		{"the best of several", plain, with(sign(HMAC{Header: "X-Sig", Encoding: Base64}, secret, body), "A-Sig", sign(plain, secret, body).Get("X-Sig")), body, []string{secret}, ReasonEncoding, 0, "base64"},
		{"Stripe's", plain, header("X-Sig", "t=1736951400,v1="+sign(plain, secret, "1736951400."+body).Get("X-Sig")), body, []string{secret}, ReasonOtherScheme, 0, "the time inside X-Sig"},
		{"five signatures", HMAC{HeaderWord: "sig"}, header("A-Sig", sign(plain, secret, body).Get("X-Sig"), "B-Sig", strings.Repeat("0", 64), "C-Sig", strings.Repeat("0", 64), "D-Sig", strings.Repeat("0", 64), "E-Sig", strings.Repeat("0", 64)), body, []string{secret}, ReasonMalformed, 0, "header A-Sig"},

		{"no header", plain, header("Accept", "*/*"), body, []string{secret}, ReasonHeaderMissing, -1, "no header X-Sig"},
		{"no header, but another with what looks like a signature", plain, header("X-Auth", strings.Repeat("ab", 32)), body, []string{secret}, ReasonOtherHeader, -1, "X-Auth looks like one"},
		{"the header twice", plain, http.Header{"X-Sig": {sign(plain, secret, body).Get("X-Sig"), sign(plain, secret, body).Get("X-Sig")}}, body, []string{secret}, ReasonHeaderTwice, -1, "twice"},
		{"the header twice, in two cases", plain, http.Header{"X-Sig": sign(plain, secret, body)["X-Sig"], "x-sig": {"x"}}, body, []string{"live"}, ReasonHeaderTwice, -1, "twice"},
		{"the header with the word twice", hiresScheme, http.Header{"X-Signature": {strings.Repeat("0", 64), "x"}}, body, []string{secret}, ReasonHeaderTwice, -1, "X-Signature is there twice"},
		{"a header that holds no MAC", plain, header("X-Sig", "nothing"), body, []string{secret}, ReasonMalformed, -1, "not spelled"},
		{"no timestamp", kitScheme, header("X-Webhook-Signature", strings.Repeat("0", 64)), body, []string{secret}, ReasonTimestamp, -1, "no header X-Webhook-Timestamp"},
		{"a timestamp that is none", kitScheme, header("X-Webhook-Signature", strings.Repeat("0", 64), "X-Webhook-Timestamp", "today"), body, []string{secret}, ReasonTimestamp, -1, "is no time"},
		{"no member", member, header("X-Sig", strings.Repeat("0", 64)), `{"Data":1}`, []string{secret}, ReasonBodyMember, -1, "no such member"},
		{"a body that is not JSON", member, header("X-Sig", strings.Repeat("0", 64)), `data=1`, []string{secret}, ReasonBodyMember, -1, "not a JSON object"},
		{"an empty body", plain, sign(plain, secret, body), "", []string{secret}, ReasonBodyLength, -1, "empty"},
		{"an empty body without the member", member, sign(member, secret, body), "", []string{secret}, ReasonBodyLength, -1, "empty"},
		{"a body that was cut", plain, with(sign(plain, secret, body), "Content-Length", strconv.Itoa(len(body))), body[:20], []string{secret}, ReasonBodyLength, -1, "the body has 20 bytes"},
		{"another secret", plain, with(sign(plain, secret, body), "Content-Length", strconv.Itoa(len(body))), body, []string{"live", "test"}, ReasonUnknown, -1, "another secret"},
		{"another body", plain, sign(plain, secret, body), body + "x", []string{secret}, ReasonUnknown, -1, "other bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var secrets [][]byte
			for _, s := range tt.secrets {
				secrets = append(secrets, []byte(s))
			}
			headerBefore, bodyBefore := tt.header.Clone(), tt.body
			body := []byte(tt.body)
			got := Diagnose(tt.scheme, tt.header, body, at, 0, secrets...)
			if got.Reason != tt.reason || got.Secret != tt.secret || !strings.Contains(got.Text, tt.text) {
				t.Errorf("got  %v (secret %d)\nwant %s: … %s … (secret %d)", got, got.Secret, tt.reason, tt.text, tt.secret)
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

func TestDiagnoseTellsTheSkew(t *testing.T) {
	for _, skew := range []time.Duration{time.Hour, -7 * time.Minute} {
		h := stamped(t, "secret", "{}", kitTime.Add(-skew))
		if d := Diagnose(kitScheme, h, []byte("{}"), kitTime, 0, []byte("secret")); d.Skew != skew {
			t.Errorf("got %v, want %v", d.Skew, skew)
		}
		if d := Diagnose(kitScheme, h, []byte("{}"), kitTime, 2*time.Hour, []byte("secret")); d.Reason != ReasonNone {
			t.Errorf("with a tolerance of two hours: %v", d)
		}
	}
}

func TestDiagnoseIsBounded(t *testing.T) {
	h := http.Header{}
	plain := HMAC{Header: "X-Sig"}
	_ = plain.New([]byte("secret")).Sign(h, []byte("{}"), kitTime)
	var secrets [][]byte
	for i := range maxSecrets - 1 {
		secrets = append(secrets, fmt.Append(nil, i))
	}
	last := append(append([][]byte{}, secrets...), []byte("secret"))
	if d := Diagnose(plain, h, []byte("{}"), kitTime, 0, last...); d.Reason != ReasonOtherSecret || d.Secret != maxSecrets-1 {
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
	d := &diagnosing{scheme: plain, header: h, body: []byte("{}"), budget: 2 * 258}
	for i, want := range []bool{true, true, false} {
		if got := d.right([]byte("secret"), d.body); got != want {
			t.Errorf("try %d: %v", i, got)
		}
	}
}

// A body that would grow without end when it is indented is not.
func TestRewritingsAreBounded(t *testing.T) {
	deep := strings.Repeat("[", 9000) + `"` + strings.Repeat("]", 9000) + `",` + strings.Repeat("1,", 1000) + "1" + strings.Repeat("]", 9000)
	n := 0
	for words, text := range rewritings([]byte(deep)) {
		n++
		if len(text) > maxRewritten+1 {
			t.Errorf("%s: %d bytes", words, len(text))
		}
		if strings.Contains(words, "indented") {
			t.Errorf("%s", words)
		}
	}
	if n == 0 {
		t.Error("no rewritings")
	}
	// What has nothing to escape is not tried with it escaped.
	n = 0
	for range rewritings([]byte(`{"b":1,"a":[]}`)) {
		n++
	}
	if want := 4 + 7*2; n != want {
		t.Errorf("%d rewritings, want %d", n, want)
	}
	// The estimate is never too low.
	for _, body := range []string{`{"a":[1,2,{"b":":,[{"}],"c":{}}`, `[]`, `{"a":"}}\"}}\\","b":[[[1]]]}`, `1`} {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(body), "", "    "); err != nil {
			t.Fatal(err)
		}
		if got := indentedLen([]byte(body), 4); got < b.Len() {
			t.Errorf("%s becomes %d bytes, estimated %d", body, b.Len(), got)
		}
	}
}

// FuzzRewritings: JSON stays JSON, whatever is done to it.
func FuzzRewritings(f *testing.F) {
	for _, v := range vendors() {
		f.Add([]byte(v.body))
	}
	f.Add([]byte(`{"a":"\\u003c \u003C \\/ \/ é 😀 \ud800","b":[1e400,-0,{"":{}}]}`))
	f.Add([]byte("{\"a\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) {
			return
		}
		for words, text := range rewritings(body) {
			if guessed := strings.Contains(words, "not escaped") || strings.Contains(words, "/"); !guessed && !json.Valid(text) {
				t.Fatalf("%s: %q", words, text)
			}
		}
	})
}

func BenchmarkDiagnose(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			body := benchBodies(size.size)[0]
			h := http.Header{}
			_ = kitScheme.New([]byte("secret")).Sign(h, body, kitTime)
			for b.Loop() {
				if d := Diagnose(kitScheme, h, body, kitTime, 0, []byte("another")); d.Reason != ReasonUnknown {
					b.Fatal(d)
				}
			}
		})
	}
}
