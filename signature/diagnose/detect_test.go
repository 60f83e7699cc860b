package diagnose

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"go/parser"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/signature"
)

// The MACs beyond those of vendors() were made with OpenSSL 3.0.19 in the same
// way; that of GitHub is the example of its page "Validating webhook
// deliveries", that of Standard Webhooks the example of its libraries, and
// OpenSSL gives both.
func TestDetect(t *testing.T) {
	const (
		githubSecret = "It's a Secret to Everybody"
		github1      = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"
		github256    = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
		githubBody   = "Hello, World!"
		stripeMAC    = "6e7a37440e36e533eaaa395a6d65153472ca2104c7f5b688b724449e8b7b596f"
		stripeBody   = `{"id":"evt_1","object":"event"}`
		standardMAC  = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
		standardKey  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		standardBody = `{"test": 2432232314}`
		otherMAC     = "K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="
	)
	standard := func(value string) http.Header {
		return header("Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp", "1614265330", "Webhook-Signature", value)
	}
	type want struct {
		code   string // "" where an HMAC cannot say it
		secret SecretForm
		words  []string // in String
	}
	vendor := func(i int) vendor { return vendors()[i] }
	for _, tt := range []struct {
		name   string
		header http.Header
		body   string
		secret string
		want   []want
	}{
		{"Comeet", vendor(0).header, vendor(0).body, vendor(0).secret, []want{
			{`signature.HMAC{Header: "Signature", Prefix: "sha256 "}`, SecretAsGiven, nil}}},
		{"Kombo", vendor(1).header, vendor(1).body, vendor(1).secret, []want{
			{`signature.HMAC{Header: "X-Kombo-Signature", Encoding: signature.Base64URL}`, SecretAsGiven, nil}}},
		{"KeldairHR in hex", vendor(2).header, vendor(2).body, vendor(2).secret, []want{
			{`signature.HMAC{Header: "X-Keldairhr-Auth", Hash: crypto.SHA1, Member: "data"}`, SecretAsGiven, nil}}},
		{"KeldairHR in base64", vendor(3).header, vendor(3).body, vendor(3).secret, []want{
			{`signature.HMAC{Header: "X-Keldairhr-Auth", Hash: crypto.SHA1, Encoding: signature.Base64, Member: "data"}`, SecretAsGiven, nil}}},
		{"Kit", vendor(4).header, vendor(4).body, vendor(4).secret, []want{
			{`signature.HMAC{Header: "X-Webhook-Signature", TimestampHeader: "X-Webhook-Timestamp"}`, SecretAsGiven, nil}}},
		{"100Hires in hex", vendor(5).header, vendor(5).body, vendor(5).secret, []want{
			{`signature.HMAC{Header: "X-Hires-Signature-V2"}`, SecretAsGiven, nil}}},
		{"100Hires in hex after sha256=", vendor(6).header, vendor(6).body, vendor(6).secret, []want{
			{`signature.HMAC{Header: "X-Hires-Signature-V2", Prefix: "sha256="}`, SecretAsGiven, nil}}},
		{"100Hires in base64 after sha256 and a blank", vendor(7).header, vendor(7).body, vendor(7).secret, []want{
			{`signature.HMAC{Header: "X-Hires-Signature-V2", Prefix: "sha256 ", Encoding: signature.Base64}`, SecretAsGiven, nil}}},
		{"100Hires in base64 without padding", vendor(8).header, vendor(8).body, vendor(8).secret, []want{
			{`signature.HMAC{Header: "X-Hires-Signature-V2", Encoding: signature.RawBase64}`, SecretAsGiven, nil}}},
		{"100Hires in base64url", vendor(9).header, vendor(9).body, vendor(9).secret, []want{
			{`signature.HMAC{Header: "X-Hires-Signature-V2", Encoding: signature.PaddedBase64URL}`, SecretAsGiven, nil}}},
		{"100Hires in base64url without padding", vendor(10).header, vendor(10).body, vendor(10).secret, []want{
			{`signature.HMAC{Header: "X-Hires-Signature-V2", Encoding: signature.Base64URL}`, SecretAsGiven, nil}}},

		{"GitHub", header("X-Hub-Signature", github1, "X-Hub-Signature-256", github256), githubBody, githubSecret, []want{
			{`signature.HMAC{Header: "X-Hub-Signature-256", Prefix: "sha256="}`, SecretAsGiven, nil},
			{`signature.HMAC{Header: "X-Hub-Signature", Prefix: "sha1=", Hash: crypto.SHA1}`, SecretAsGiven, nil}}},
		{"Greenhouse", header("Signature", "sha256 3ad06f2ddb8cde70f53aa4eee72d30c39a2311a7db2ca686c5c5c5193e7a14bb", "Greenhouse-Event-Id", "1"),
			`{"action":"hire_candidate","payload":{"application":{"id":265277}}}`, "greenhouse-secret", []want{
				{`signature.HMAC{Header: "Signature", Prefix: "sha256 "}`, SecretAsGiven, nil}}},
		{"SHA-512 in base64", header("X-Auth", "FlXjULOykpzBw6pdp/ivGlQShWGByE4qaW8SAlSTufcMjHm5aUvDZD8u5LhgoRTSjsMsZJS7GzDdOBoHwzYXbg=="), `{"a":1}`, "s512", []want{
			{`signature.HMAC{Header: "X-Auth", Hash: crypto.SHA512, Encoding: signature.Base64}`, SecretAsGiven, nil}}},
		{"the algorithm and a hyphen run together with base64url", header("X-Sig", "sha256-"+vendor(10).header.Get("X-Hires-Signature-V2")), hiresBody, "hires-secret", []want{
			{`signature.HMAC{Header: "X-Sig", Prefix: "sha256-", Encoding: signature.Base64URL}`, SecretAsGiven, nil}}},
		{"upper-case hex", header("X-Sig", strings.ToUpper(vendor(5).header.Get("X-Hires-Signature-V2"))), hiresBody, "hires-secret", []want{
			{`signature.HMAC{Header: "X-Sig"}`, SecretAsGiven, nil}}},
		{"names in lower case, as Lambda has them", http.Header{"x-sig": vendor(5).header["X-Hires-Signature-V2"]}, hiresBody, "hires-secret", []want{
			{`signature.HMAC{Header: "X-Sig"}`, SecretAsGiven, nil}}},

		{"Stripe and its like", header("Stripe-Signature", "t=1736951400,v1="+stripeMAC+",v0="+github256[7:]), stripeBody, "whsec_stripe", []want{
			{"", SecretAsGiven, []string{`header Stripe-Signature, after "v1="`, `hex of the time inside Stripe-Signature + "." + the body`, "the header holds more than the signature", "the timestamp has no header of its own"}}}},
		{"Stripe and its like, the MAC last", header("Stripe-Signature", "t=1736951400,v0="+github256[7:]+",v1="+stripeMAC), stripeBody, "whsec_stripe", []want{
			{"", SecretAsGiven, []string{`after "v1="`, `the time inside Stripe-Signature + "." + the body`}}}},
		{"Stripe's signed text, spelled as two headers", header("X-Sig", stripeMAC, "X-Sent-At", "1736951400"), stripeBody, "whsec_stripe", []want{
			{`signature.HMAC{Header: "X-Sig", TimestampHeader: "X-Sent-At", SignUnixTime: true}`, SecretAsGiven, nil}}},
		{"Standard Webhooks", standard("v1," + standardMAC), standardBody, standardKey, []want{
			{"", SecretUnprefixedDecoded, []string{`header Webhook-Signature, after "v1,", HMAC-SHA-256 in base64 of Webhook-Id + "." + Webhook-Timestamp + "." + the body`, "an id is signed as well"}}}},
		{"Standard Webhooks with the key alone", standard("v1," + standardMAC), standardBody, standardKey[6:], []want{
			{"", SecretFromBase64, []string{`Webhook-Id + "." + Webhook-Timestamp + "." + the body`}}}},
		{"Standard Webhooks during a rotation", standard("v1," + otherMAC + " v1," + standardMAC), standardBody, standardKey, []want{
			{"", SecretUnprefixedDecoded, []string{`after "v1,"`, "the header holds more than the signature, and an id is signed as well"}}}},
		{"Slack and its like", header("X-Slack-Signature", "v0=8d13de29e14fd3572a929a1d5ae24ae1bd4c3a09c1b43fbaa36f0d8be1af5a5a", "X-Slack-Request-Timestamp", "1736951400"),
			`{"type":"event_callback"}`, "slack-secret", []want{
				{"", SecretAsGiven, []string{`"v0:" + X-Slack-Request-Timestamp + ":" + the body`}}}},
		{"the same signature twice", http.Header{"X-Sig": {github256, github256}}, githubBody, githubSecret, []want{
			{"", SecretAsGiven, []string{"the header appears twice"}}}},
		{"text behind the MAC", header("X-Sig", `signature="`+github256[7:]+`"`), githubBody, githubSecret, []want{
			{"", SecretAsGiven, []string{`after "signature=\""`, "holds more"}}}},

		{"a secret with a newline", vendor(0).header, vendor(0).body, vendor(0).secret + "\r\n", []want{
			{`signature.HMAC{Header: "Signature", Prefix: "sha256 "}`, SecretTrimmed, nil}}},
		{"a secret in hex", header("X-Sig", "636ee11ca035790dce7dbb9f5695be50cb1481120035b3d421108d33f7b18e36"), `{"a":1}`, "00112233445566778899AABBCCDDEEFF", []want{
			{`signature.HMAC{Header: "X-Sig"}`, SecretFromHex, nil}}},
		{"a secret in base64url", header("X-Sig", "636ee11ca035790dce7dbb9f5695be50cb1481120035b3d421108d33f7b18e36"), `{"a":1}`, " ABEiM0RVZneImaq7zN3u_w ", []want{
			{`signature.HMAC{Header: "X-Sig"}`, SecretFromBase64, nil}}},
		{"a secret that lost its whsec_", header("X-Sig", vendor(5).header.Get("X-Hires-Signature-V2")), hiresBody, "whsec_hires-secret", []want{
			{`signature.HMAC{Header: "X-Sig"}`, SecretUnprefixed, nil}}},

		{"another secret", vendor(0).header, vendor(0).body, "another", nil},
		{"another body", vendor(0).header, vendor(0).body + " ", vendor(0).secret, nil},
		{"no headers", http.Header{}, vendor(0).body, vendor(0).secret, nil},
		{"no header map", nil, vendor(0).body, vendor(0).secret, nil},
		{"no secret", vendor(0).header, vendor(0).body, "", nil},
		{"a blank secret", vendor(0).header, vendor(0).body, " \n", nil},
		{"a blank secret, with which it was signed", header("X-Sig", macOf(t, " \n", "x")), "x", " \n", nil},
		{"a secret that decodes to a blank one, with which it was signed", header("X-Sig", macOf(t, " \n", "x")), "x", "200a", nil},
		{"a MAC cut by a byte", header("X-Sig", github256[:len(github256)-2]), githubBody, githubSecret, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, h := range []http.Header{tt.header, noise(tt.header)} {
				before := h.Clone()
				got := Detect(h, []byte(tt.body), []byte(tt.secret))
				if diff := cmp.Diff(before, h); diff != "" {
					t.Errorf("the headers were changed (-before +after):\n%s", diff)
				}
				if len(got) != len(tt.want) {
					t.Fatalf("%d detections, want %d: %v", len(got), len(tt.want), got)
				}
				for i, d := range got {
					checkDetection(t, d, h, tt.body, tt.secret)
					w := tt.want[i]
					if codeOf(d) != w.code || d.Secret != w.secret {
						t.Errorf("got  %s, %s\nwant %s, %s\n(%v)", codeOf(d), d.Secret, w.code, w.secret, d)
					}
					for _, words := range w.words {
						if !strings.Contains(d.String(), words) {
							t.Errorf("%s\ndoes not say %s", d, words)
						}
					}
				}
			}
		})
	}
}

// codeOf is the Go expression for the scheme, or "" if no HMAC can express it.
func codeOf(d Detection) string {
	if d.Beyond != "" {
		return ""
	}
	return Code(d.Scheme)
}

// checkDetection holds of every detection: what is said to verify verifies, and
// nothing secret is said.
func checkDetection(t *testing.T, d Detection, h http.Header, body, secret string) {
	t.Helper()
	h = canonical(h)
	if d.Beyond == "" {
		k := keyOf(t, d.Secret, secret)
		if _, err := d.Scheme.New(k).Narrow(h, []byte(body)); err != nil {
			t.Errorf("%v does not verify: %v", d, err)
		}
		if _, err := parser.ParseExpr(Code(d.Scheme)); err != nil {
			t.Errorf("%s is not Go: %v", Code(d.Scheme), err)
		}
	} else if !cmp.Equal(d.Scheme, signature.HMAC{}) {
		t.Errorf("no HMAC can express it, but there is a scheme: %v", d.Scheme)
	}
	said := fmt.Sprintf("%v %#v", d, d)
	secrets := []string{strings.TrimSpace(secret), string(keyOf(t, d.Secret, secret))}
	for i, values := range h {
		for _, v := range values {
			if strings.Contains(strings.ToLower(i), "sig") || strings.Contains(strings.ToLower(i), "auth") {
				secrets = append(secrets, strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(` ,;"`, r) })...)
			}
		}
	}
	for _, s := range secrets {
		if len(s) >= 16 && strings.Contains(said, s) {
			t.Errorf("%s\nholds %s", said, s)
		}
	}
}

// keyOf does what the words of the form say.
func keyOf(t *testing.T, form SecretForm, secret string) []byte {
	t.Helper()
	trimmed := strings.TrimSpace(secret)
	unprefixed := strings.TrimPrefix(trimmed, "whsec_")
	var b []byte
	var err error
	switch form {
	case SecretAsGiven:
		b = []byte(secret)
	case SecretTrimmed:
		b = []byte(trimmed)
	case SecretFromHex:
		b, err = hex.DecodeString(trimmed)
	case SecretFromBase64:
		b = anyBase64(trimmed)
	case SecretUnprefixed:
		b = []byte(unprefixed)
	case SecretUnprefixedDecoded:
		b = anyBase64(unprefixed)
	}
	if err != nil || len(b) == 0 {
		t.Fatalf("no key %s: %v", form, err)
	}
	return b
}

func anyBase64(s string) []byte {
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(s); err == nil {
			return b
		}
	}
	return nil
}

// Every scheme that an HMAC can express is found, apart from hash functions that
// nobody signs with.
func TestDetectFindsWhatSignWrites(t *testing.T) {
	body := []byte(`{"id":1,"data":{"x":[1,2]}}`)
	for _, s := range everyScheme() {
		h := http.Header{}
		if err := s.New([]byte("some secret")).Sign(h, body, kitTime); err != nil {
			t.Fatal(err)
		}
		found := Detect(noise(h), body, []byte("some secret"))
		if len(found) != 1 || found[0].Beyond != "" {
			t.Fatalf("%v: %v", s, found)
		}
		got, want := found[0].Scheme, withDefaults(s)
		if !strings.EqualFold(got.TimestampHeader, want.TimestampHeader) || got.SignUnixTime != want.SignUnixTime || got.Member != want.Member ||
			got.Hash != want.Hash || got.Prefix != want.Prefix || got.Encoding&want.Encoding != want.Encoding {
			t.Errorf("signed as %v, found %v", s, got)
		}
	}
}

func TestDetectSaysWhatCannotBeVerified(t *testing.T) {
	mac := func(text string) string { return macOf(t, "some secret", text) }
	for _, tt := range []struct {
		name   string
		header http.Header
		body   string
		words  string
		beyond string
	}{
		{"a member that appears twice", header("X-Sig", mac("[1]")), `{"a":[1],"a":2}`, `the member "a"`, "appears twice"},
		{"a member of what is no object further on", header("X-Sig", mac("[1]")), `{"a":[1],"b":`, `the member "a"`, "malformed JSON"},
		{"a time in a form that is not read", header("X-Sig", mac("Wed, 15 Jan 2025 14:30:00 GMT.x"), "Date", "Wed, 15 Jan 2025 14:30:00 GMT"), "x", `Date + "." + the body`, "Date is not a valid time"},
		{"a colon after the time", header("X-Sig", mac("1736951400:x"), "X-T", "1736951400"), "x", `X-T + ":" + the body`, "full stop"},
		{"nothing after the time", header("X-Sig", mac("1736951400x"), "X-T", "1736951400"), "x", `X-T + the body`, "full stop"},
		{"a line feed after the time", header("X-Sig", mac("1736951400\nx"), "X-T", "1736951400"), "x", `X-T + "\n" + the body`, "full stop"},
		{"the time last", header("X-Sig", mac("x.1736951400"), "X-T", "1736951400"), "x", `the body + "." + X-T`, "full stop"},
		{"the time last, without a stop", header("X-Sig", mac("x1736951400"), "X-T", "1736951400"), "x", `the body + X-T`, "full stop"},
		{"a member behind a time beside the MAC", header("X-Sig", "t=1736951400;s="+mac("1736951400.[1]")), `{"a":[1]}`, `the time inside X-Sig + "." + the member "a"`, "no header of its own"},
		{"the secret before the MAC", header("X-Sig", "some secret "+mac("x")), "x", "header X-Sig, HMAC", "the secret itself precedes the signature"},
		{"a line feed before the MAC", http.Header{"X-Sig": {"a\n" + mac("x")}}, "x", "header X-Sig, HMAC", "more than the signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := Detect(tt.header, []byte(tt.body), []byte("some secret"))
			if len(found) != 1 {
				t.Fatalf("%d detections: %v", len(found), found)
			}
			d := found[0]
			if d.Beyond == "" || !strings.Contains(d.Words, tt.words) || !strings.Contains(d.Beyond, tt.beyond) || strings.Contains(d.String(), "some secret") {
				t.Errorf("got %v", d)
			}
		})
	}
}

// A delivery can hold more of everything than is looked at.
func TestDetectIsBounded(t *testing.T) {
	body := []byte(hiresBody)
	good := func() http.Header {
		h := http.Header{}
		_ = signature.HMAC{Header: "Z-Last"}.New([]byte("secret")).Sign(h, body, kitTime)
		return h
	}
	if found := Detect(good(), body, []byte("secret")); len(found) != 1 {
		t.Fatalf("%v", found)
	}
	fake := strings.Repeat("ab", 32)

	headers := good()
	for i := range maxHeaders {
		headers.Set(fmt.Sprintf("X-%d", i), "1")
	}
	candidates := good()
	candidates.Set("A", strings.Repeat(fake+" ", maxCandidates))
	long := http.Header{"Z-Last": {strings.Repeat(" ", maxValue) + good().Get("Z-Last")}}
	for name, h := range map[string]http.Header{"headers": headers, "candidates": candidates, "a long value": long} {
		if found := Detect(h, body, []byte("secret")); found != nil {
			t.Errorf("%s: %v", name, found)
		}
	}
	// The same on the near side of the bounds.
	headers.Del("X-0")
	candidates.Set("A", strings.Repeat(fake+" ", maxCandidates-1))
	long.Set("Z-Last", strings.Repeat(" ", maxValue-64)+good().Get("Z-Last"))
	for name, h := range map[string]http.Header{"headers": headers, "candidates": candidates, "a long value": long} {
		if found := Detect(h, body, []byte("secret")); len(found) != 1 {
			t.Errorf("%s: %v", name, found)
		}
	}

	stamps := http.Header{}
	for i := range 100 {
		stamps.Set(fmt.Sprintf("X-%d-Id", i), "1")
		stamps.Set(fmt.Sprintf("X-%d-Time", i), fmt.Sprint(1736951400+i))
	}
	maps.Copy(stamps, candidates)
	members := []byte(`{"a":1` + strings.Repeat(`,"b":2`, 1000) + `}`)
	s := newSearch(stamps)
	s.collect(members)
	if most := 1 + maxTimestamps + maxMembers + maxTimestamps*maxIDs + 6*maxTimestamps + maxTimestamps*maxMembers; len(s.texts) > most {
		t.Errorf("%d texts, at most %d", len(s.texts), most)
	}

	// The budget ends the search with what was found before.
	spent := 0
	s = newSearch(header("X-Sig", fake))
	s.collect(body)
	for _, text := range s.texts {
		spent += text.cost()
	}
	both := good()
	both.Set("X-Late", macOf(t, "secret", string(body[9:26])))
	s = newSearch(both)
	s.collect(body)
	if found := s.run([]byte("secret"), spent+len(keysOf([]byte("secret")))*spent); len(found) != 2 {
		t.Fatalf("%v", found)
	}
	if found := s.run([]byte("secret"), s.texts[0].cost()); len(found) != 1 {
		t.Errorf("with a budget for one: %v", found)
	}
	if found := s.run([]byte("secret"), s.texts[0].cost()-1); len(found) != 0 {
		t.Errorf("without a budget: %v", found)
	}
}

// macOf is the MAC of text in hex.
func macOf(t *testing.T, secret, text string) string {
	t.Helper()
	h := http.Header{}
	if err := (signature.HMAC{Header: "X"}).New([]byte(secret)).Sign(h, []byte(text), kitTime); err != nil {
		t.Fatal(err)
	}
	return h.Get("X")
}

func TestLikelyHeaders(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   []string
	}{
		{"none", header("Accept", "*/*", "X-Request-Id", "0d1e6c2a-9a4f-4d0c-8a51-0c1f4b1f7a11", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), nil},
		{"by the value, those with a likely name first", header("A", strings.Repeat("ab", 32), "X-Signature", "sha256="+strings.Repeat("ab", 32)), []string{"X-Signature", "A"}},
		{"not by the name alone", header("Signature-Input", "sig1=()"), nil},
		{"once each", header("X-Sig", strings.Repeat("ab", 20)+" "+strings.Repeat("cd", 20)), []string{"X-Sig"}},
		{"Kit's", vendors()[4].header, []string{"X-Webhook-Signature"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, LikelyHeaders(tt.header)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCode(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   signature.HMAC
		want string
	}{
		{"nothing", signature.HMAC{}, `signature.HMAC{}`},
		{"everything", signature.HMAC{
			Header: "A", Prefix: "c\"", OtherPrefixes: []string{"d", "e"}, Hash: crypto.SHA512_256, Encoding: signature.Hex | signature.PaddedBase64URL,
			TimestampHeader: "F", Tolerance: time.Minute, SignUnixTime: true, Member: "g",
		}, `signature.HMAC{Header: "A", Prefix: "c\"", OtherPrefixes: []string{"d", "e"}, Hash: crypto.SHA512_256, Encoding: signature.Hex | signature.PaddedBase64URL, ` +
			`TimestampHeader: "F", Tolerance: 60 * time.Second, SignUnixTime: true, Member: "g"}`},
		{"a hash function from elsewhere", signature.HMAC{Hash: crypto.SHA3_256}, `signature.HMAC{Hash: crypto.Hash(11)}`},
		{"an odd tolerance", signature.HMAC{Tolerance: 1500 * time.Millisecond}, `signature.HMAC{Tolerance: 1500000000}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Code(tt.in); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// FuzzDetect: whatever a delivery holds, what is found verifies.
func FuzzDetect(f *testing.F) {
	for _, v := range vendors() {
		for _, values := range v.header {
			f.Add("X-Sig", values[0], "1736951400", []byte(v.body))
		}
	}
	f.Add("Stripe-Signature", "t=1736951400,v1=6e7a37440e36e533eaaa395a6d65153472ca2104c7f5b688b724449e8b7b596f", "", []byte(`{"id":"evt_1","object":"event"}`))
	f.Fuzz(func(t *testing.T, name, value, stamp string, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		h := http.Header{name: {value}, "X-Time": {stamp}, "X-Id": {value}}
		signed := http.Header{}
		_ = signature.HMAC{Header: "X-Good", Prefix: "v1="}.New([]byte("whsec_c2VjcmV0")).Sign(signed, body, kitTime)
		maps.Copy(h, signed)
		found := Detect(h, body, []byte("whsec_c2VjcmV0"))
		ok := false
		for _, d := range found {
			if d.Beyond != "" {
				continue
			}
			ok = ok || d.Scheme.Header == "X-Good"
			if _, err := d.Scheme.New(keyOf(t, d.Secret, "whsec_c2VjcmV0")).Narrow(canonical(h), body); err != nil {
				t.Fatalf("%v: %v", d, err)
			}
		}
		if !ok && !bytes.Contains([]byte(http.CanonicalHeaderKey(name)), []byte("X-Good")) && len(newSearch(h).candidates) < maxCandidates {
			t.Fatalf("the good one was not found: %v", found)
		}
	})
}
