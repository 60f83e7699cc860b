package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// inspect runs the program until it has seen one delivery, and returns what it
// printed of it.
func inspect(t *testing.T, send func(url string) *http.Request, args ...string) string {
	t.Helper()
	r, w := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		err := run(t.Context(), append([]string{"-addr", "127.0.0.1:0", "-once"}, args...), w)
		w.CloseWithError(err) // nil is the end of the output
		failed <- err
	}()
	lines := bufio.NewReader(r)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(first), "listening on ")
	if !ok {
		t.Fatalf("printed %q first", first)
	}
	printed := make(chan string)
	go func() {
		rest, _ := io.ReadAll(lines)
		printed <- string(rest)
	}()
	answer, err := http.DefaultClient.Do(send(url))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("responded %s", answer.Status)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return <-printed
}

func post(t *testing.T, body string, headers ...string) func(string) *http.Request {
	return func(url string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/hooks/hires?x=1", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}
}

func mac(text, secret string) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

const (
	secret = "a secret of 100Hires"
	body   = `{"event":"candidate.hired","id":"e1"}`
)

func TestInspectFindsTheScheme(t *testing.T) {
	value := "sha256=" + base64.StdEncoding.EncodeToString(mac(body+"!", secret))
	out := inspect(t, post(t, body+"!", "X-Odd-Name", value), "-secret", secret)
	for _, want := range []string{
		"The response to everything is 200; nothing is verified for you.",
		"\nPOST /hooks/hires?x=1\n",
		"\n* X-Odd-Name: " + value + "\n",
		"\n  User-Agent: ",
		"* may be a signature\n",
		"\nbody, 38 bytes:\n" + body + "!\n", // no JSON: as it is
		`signed: header X-Odd-Name, prefix "sha256=", HMAC-SHA-256 in base64 of the body; the key is the secret as given`,
		"\tscheme := signature.HMAC{Header: \"X-Odd-Name\", Prefix: \"sha256=\", Encoding: signature.Base64}\n",
		"\nfor package hires100:\n",
		"\th, err := hires100.New(p, secret, nil)\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("not printed: %s", want)
		}
	}
	if strings.Contains(out, secret) {
		t.Error("the secret is printed")
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestInspectKnowsTheProvidersOfThisModule(t *testing.T) {
	for encoding, want := range map[string]string{
		base64.RawURLEncoding.EncodeToString(mac(body, secret)): "Package kombo verifies it as it is: kombo.NewHandler(secret, nil)\n",
		hex.EncodeToString(mac(body, secret)):                   "\th, err := kombo.New(p, secret, nil)\n",
	} {
		out := inspect(t, post(t, body, "X-Kombo-Signature", encoding), "-secret", secret)
		if !strings.Contains(out, want) {
			t.Errorf("not printed: %s\n%s", want, out)
		}
	}
}

func TestInspectTakesTheSecretFromTheEnvironment(t *testing.T) {
	t.Setenv("ATSHOOKS_SECRET", secret)
	out := inspect(t, post(t, body, "X-Signature", hex.EncodeToString(mac(body, secret))))
	if want := "\nbody, 37 bytes, indented here, which the bytes were not:\n{\n  \"event\": \"candidate.hired\",\n  \"id\": \"e1\"\n}\n"; !strings.Contains(out, want) {
		t.Errorf("the body is not indented:\n%s", out)
	}
	if want := `scheme := signature.HMAC{Header: "X-Signature"}`; !strings.Contains(out, want) {
		t.Errorf("no %s:\n%s", want, out)
	}
}

func TestInspectDiagnosesWhatAProviderHasSent(t *testing.T) {
	spaced := `{"event": "candidate.hired", "id": "e1"}`
	signature := base64.RawURLEncoding.EncodeToString(mac(body, secret)) // of the compact form
	out := inspect(t, post(t, spaced, "X-Kombo-Signature", signature), "-secret", secret)
	if want := "As a delivery of kombo's: body-reencoded: "; !strings.Contains(out, want) {
		t.Errorf("not printed: %s\n%s", want, out)
	}
}

func TestInspectSaysWhatItCannotFind(t *testing.T) {
	t.Setenv("ATSHOOKS_SECRET", "")
	for _, tt := range []struct {
		name string
		send func(string) *http.Request
		args []string
		want []string
		not  string
	}{
		{"no secret", post(t, body, "X-Signature", strings.Repeat("0", 64)), nil,
			[]string{"* X-Signature: 000", "With the secret, in ATSHOOKS_SECRET or -secret"}, "signed:"},
		{"another secret", post(t, body, "X-Signature", hex.EncodeToString(mac(body, secret))), []string{"-secret", "another"},
			[]string{"No scheme that is known matches"}, "signed:"},
		{"no signature", post(t, body), []string{"-secret", secret},
			[]string{"No header looks like a signature", "No scheme that is known matches"}, "* "},
		{"a scheme that is no HMAC value", post(t, body, "Stripe-Signature", "t=1736951400,v1="+hex.EncodeToString(mac("1736951400."+body, secret))), []string{"-secret", secret},
			[]string{"signed: header Stripe-Signature", "signature.HMAC cannot express this"}, "\n\t"},
		{"a body that is too large", post(t, strings.Repeat("x", maxBody+1)), []string{"-secret", secret},
			[]string{"more than 1048576 bytes"}, "xxx"},
		{"a body that is too large to show", post(t, strings.Repeat("x", maxShown+1)), nil,
			[]string{strings.Repeat("x", maxShown) + "\n…\n"}, strings.Repeat("x", maxShown+1)},
		{"a body that is nested too deeply to indent", post(t, strings.Repeat("[", 65)+strings.Repeat("]", 65)), nil,
			[]string{strings.Repeat("[", 65)}, "[\n"},
		{"what would drive a terminal", post(t, "\x1b[2J\u202e\u009b\xff", "X-Odd", "\u202e"), nil,
			[]string{`\x1b[2J\u202e\u009b` + "\ufffd", `X-Odd: \u202e`}, "\x1b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := inspect(t, tt.send, tt.args...)
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("not printed: %.100s\n%.1000s", want, out)
				}
			}
			if strings.Contains(out, tt.not) {
				t.Errorf("printed: %.100s\n%.1000s", tt.not, out)
			}
		})
	}
}

// Whoever comes while the one delivery is printed gets a response and is not printed.
func TestOnceIsOnce(t *testing.T) {
	var out strings.Builder
	in := &inspector{out: &out, once: true, first: make(chan struct{})}
	for range 3 {
		w := httptest.NewRecorder()
		in.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body)))
		if w.Code != http.StatusOK {
			t.Errorf("responded %d", w.Code)
		}
	}
	if n := strings.Count(out.String(), "POST /"); n != 1 {
		t.Errorf("printed %d times", n)
	}
}

func TestRunStops(t *testing.T) {
	if err := run(t.Context(), []string{"-no-such-flag"}, io.Discard); err == nil {
		t.Error("an unknown flag is accepted")
	}
	if err := run(t.Context(), []string{"-addr", "127.0.0.1:x"}, io.Discard); err == nil {
		t.Error("an address that is none is accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"-addr", "127.0.0.1:0"}, io.Discard); err != nil {
		t.Errorf("an interrupt is an error: %v", err)
	}
}
