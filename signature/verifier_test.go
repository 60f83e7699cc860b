package signature

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// everyScheme is the product of all that an HMAC can say.
func everyScheme() []HMAC {
	var all []HMAC
	for _, hash := range []crypto.Hash{0, crypto.SHA1, crypto.SHA224, crypto.SHA384, crypto.SHA512, crypto.SHA512_256} {
		for enc := range allEncodings + 1 {
			all = append(all,
				HMAC{Header: "X-Sig", Prefix: "sha256=", Hash: hash, Encoding: enc},
				HMAC{Header: "X-Signature", OtherPrefixes: []string{"v0="}, Hash: hash, Encoding: enc},
				HMAC{Header: "x-sig", TimestampHeader: "X-Time", Hash: hash, Encoding: enc, Member: "data"},
				HMAC{Header: "X-Sig", TimestampHeader: "X-Time", SignUnixTime: true, Hash: hash, Encoding: enc},
			)
		}
	}
	return all
}

func TestVerifyAcceptsWhatSignWrites(t *testing.T) {
	body := []byte(`{"id":1,"data":[1,2]}`)
	for _, s := range everyScheme() {
		v := s.New([]byte("secret"))
		h := http.Header{}
		if err := v.Sign(h, body, kitTime); err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		if _, err := s.Parse(h); err != nil {
			t.Errorf("%v: Parse: %v", s, err)
		}
		if _, err := v.Verify(h, body, kitTime, 0); err != nil {
			t.Errorf("%v: %v", s, err)
		}
		if _, err := s.New([]byte("Secret")).Verify(h, body, kitTime, 0); !errors.Is(err, ErrMismatch) {
			t.Errorf("%v: another key: %v", s, err)
		}
		body2 := bytes.Replace(body, []byte("[1"), []byte("[3"), 1)
		if _, err := v.Verify(h, body2, kitTime, 0); !errors.Is(err, ErrMismatch) {
			t.Errorf("%v: another body: %v", s, err)
		}
	}
}

func TestSignSetsTheHeaders(t *testing.T) {
	body := []byte(`{}`)
	h := header("X-Webhook-Signature", "old", "X-Webhook-Timestamp", "old")
	if err := kitScheme.New([]byte("k")).Sign(h, body, kitTime.In(time.FixedZone("", 3600))); err != nil {
		t.Fatal(err)
	}
	if got := h["X-Webhook-Timestamp"]; len(got) != 1 || got[0] != "2025-01-15T14:30:00Z" {
		t.Errorf("timestamp %q", got)
	}
	if got := h["X-Webhook-Signature"]; len(got) != 1 || len(got[0]) != 64 {
		t.Errorf("signature %q", got)
	}

	unix := kitScheme
	unix.SignUnixTime = true
	_ = unix.New([]byte("k")).Sign(h, body, kitTime)
	if got := h.Get("X-Webhook-Timestamp"); got != "1736951400" {
		t.Errorf("Unix time %q", got)
	}

	h = http.Header{}
	if err := keldairScheme.New([]byte("k")).Sign(h, body, kitTime); !errors.Is(err, ErrMalformed) || len(h) != 0 {
		t.Errorf("without the member: %v, %v", err, h)
	}
}

func TestTolerance(t *testing.T) {
	minute := kitScheme
	minute.Tolerance = time.Minute
	for _, tt := range []struct {
		name    string
		scheme  HMAC
		given   time.Duration
		allowed time.Duration
	}{
		{"neither says", kitScheme, 0, DefaultTolerance},
		{"the scheme says", minute, 0, time.Minute},
		{"the caller says", kitScheme, time.Second, time.Second},
		{"the caller goes before the scheme", minute, time.Hour, time.Hour},
		{"less than nothing is the scheme's own", minute, -1, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := tt.scheme.New([]byte("k"))
			h := http.Header{}
			_ = v.Sign(h, nil, kitTime)
			for _, sign := range []time.Duration{1, -1} {
				if _, err := v.Verify(h, nil, kitTime.Add(sign*tt.allowed), tt.given); err != nil {
					t.Errorf("at %v: %v", sign*tt.allowed, err)
				}
				_, err := v.Verify(h, nil, kitTime.Add(sign*(tt.allowed+time.Second)), tt.given)
				late, ok := errors.AsType[*ExpiredError](err)
				if !ok || !errors.Is(err, ErrExpired) {
					t.Fatalf("beyond: %v", err)
				}
				if want := (ExpiredError{Skew: sign * (tt.allowed + time.Second), Tolerance: tt.allowed}); *late != want {
					t.Errorf("got %+v, want %+v", *late, want)
				}
			}
		})
	}
}

func TestNarrow(t *testing.T) {
	for _, tt := range vendors() {
		t.Run(tt.name, func(t *testing.T) {
			v := tt.scheme.New([]byte(tt.secret))
			got, err := v.Narrow(tt.header, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if !got.IsExact() {
				t.Errorf("not exact: %v", got)
			}
			if _, err := got.New([]byte(tt.secret)).Verify(tt.header, []byte(tt.body), kitTime, 0); err != nil {
				t.Errorf("%v does not verify: %v", got, err)
			}
			if got.Member != tt.scheme.Member || got.TimestampHeader != tt.scheme.TimestampHeader || got.Hash != tt.scheme.Hash {
				t.Errorf("more than the spelling changed: %v", got)
			}
			if _, err := v.Narrow(tt.header, []byte(flip(tt.body, len(tt.body)-5))); err == nil {
				t.Error("narrowed to what does not verify")
			}
		})
	}
	want := HMAC{Header: "X-Hires-Signature-V2", Prefix: "sha256 ", Encoding: Base64}
	got, err := hiresScheme.New([]byte("hires-secret")).Narrow(vendors()[7].header, []byte(hiresBody))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

// A MAC whose letters are in both alphabets does not tell which is meant.
func TestNarrowKeepsBothAlphabetsWhereTheMACHasNoLetterOfEither(t *testing.T) {
	lenient := HMAC{Header: "X-Sig", Encoding: Hex | Base64URL | RawBase64}
	sender := HMAC{Header: "X-Sig", Encoding: RawBase64}.New([]byte("k"))
	both := 0
	for i := range 200 {
		body := fmt.Append(nil, i)
		h := http.Header{}
		_ = sender.Sign(h, body, kitTime)
		got, err := lenient.New([]byte("k")).Narrow(h, body)
		if err != nil {
			t.Fatal(err)
		}
		want := RawBase64
		if !strings.ContainsAny(h.Get("X-Sig"), "+/") {
			want |= Base64URL
			both++
		}
		if got.Encoding != want {
			t.Fatalf("narrowed to %v, want %v", got.Encoding, want)
		}
	}
	if both == 0 || both == 200 {
		t.Errorf("%d of 200 fit both", both)
	}
}

func TestNarrowIgnoresTheTime(t *testing.T) {
	kit := vendors()[4]
	if _, err := kit.scheme.New([]byte(kit.secret)).Narrow(kit.header, []byte(kit.body)); err != nil {
		t.Error(err)
	}
}

func TestNewPanics(t *testing.T) {
	for _, tt := range []struct {
		name   string
		scheme HMAC
		secret []byte
	}{
		{"without a secret", comeetScheme, nil},
		{"with an empty secret", comeetScheme, []byte{}},
		{"without a header", HMAC{Encoding: Hex}, []byte("k")},
		{"with a hash function that is not linked in", HMAC{Header: "S", Hash: crypto.MD4}, []byte("k")},
		{"with a hash function that does not exist", HMAC{Header: "S", Hash: 99}, []byte("k")},
		{"with an encoding that does not exist", HMAC{Header: "S", Encoding: 1 << 5}, []byte("k")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "signature: ") {
					t.Errorf("recovered %v", r)
				}
			}()
			tt.scheme.New(tt.secret)
		})
	}
}

// The caller may overwrite the secret: the verifier keeps a copy.
func TestNewCopiesTheSecret(t *testing.T) {
	kombo := vendors()[1]
	secret := []byte(kombo.secret)
	v := kombo.scheme.New(secret)
	clear(secret)
	if _, err := v.Verify(kombo.header, []byte(kombo.body), kitTime, 0); err != nil {
		t.Error(err)
	}
}

func TestVerifierPrintsNoSecret(t *testing.T) {
	v := comeetScheme.New([]byte("canary"))
	h := http.Header{}
	_ = v.Sign(h, []byte("body"), kitTime)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, v); strings.Contains(text, "canary") {
			t.Errorf("%s: %s", format, text)
		}
	}
}

func TestVerifyAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	for _, tt := range vendors() {
		v := tt.scheme.New([]byte(tt.secret))
		other := tt.scheme.New([]byte("another secret"))
		body := []byte(tt.body)
		for _, c := range []struct {
			name string
			v    *Verifier
			want error
		}{
			{"the right key", v, nil},
			{"another key", other, ErrMismatch},
		} {
			n := testing.AllocsPerRun(100, func() {
				if _, err := c.v.Verify(tt.header, body, kitTime, 0); !errors.Is(err, c.want) {
					t.Fatal(err)
				}
			})
			if n != 0 {
				t.Errorf("%s, %s: %v allocations", tt.name, c.name, n)
			}
		}
	}
}

// A rejection before the body is read costs its error and no more.
func TestParseAllocatesAtMostItsError(t *testing.T) {
	for _, tt := range vendors() {
		for _, c := range []struct {
			name   string
			header http.Header
			want   error
			most   float64
		}{
			{"good", tt.header, nil, 0},
			{"missing", header("Accept", "*/*"), ErrMissing, 1},
			{"malformed", spoil(tt.header), ErrMalformed, 1},
		} {
			n := testing.AllocsPerRun(100, func() {
				if _, err := tt.scheme.Parse(c.header); !errors.Is(err, c.want) {
					t.Fatal(err)
				}
			})
			if n > c.most {
				t.Errorf("%s, %s: %v allocations", tt.name, c.name, n)
			}
		}
	}
}

// spoil makes every header's last letter one that no encoding has.
func spoil(h http.Header) http.Header {
	h = h.Clone()
	for name, values := range h {
		h.Set(name, values[0][:len(values[0])-1]+"!")
	}
	return h
}

// A timestamp that is well formed costs nothing either, in any of its forms.
func TestTimestampsAllocateNothing(t *testing.T) {
	for _, stamp := range []string{"2025-01-15T14:30:00Z", "2025-01-15T14:30:00.123456789Z", "2025-01-15T14:30:00+0000", "1736951400", "1736951400250"} {
		h := header("X-Webhook-Signature", strings.Repeat("0", 64), "X-Webhook-Timestamp", stamp)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := kitScheme.Parse(h); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", stamp, n)
		}
	}
}

func TestVerifierIsSafeForConcurrentUse(t *testing.T) {
	for _, tt := range vendors() {
		t.Run(tt.name, func(t *testing.T) {
			v := tt.scheme.New([]byte(tt.secret))
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					for i := range 50 {
						body := fmt.Appendf(nil, `{"data":"%d of %d"}`, i, g)
						h := http.Header{}
						if err := v.Sign(h, body, kitTime); err != nil {
							t.Error(err)
						}
						if _, err := v.Verify(h, body, kitTime, 0); err != nil {
							t.Error(err)
						}
						if _, err := v.Verify(tt.header, body, kitTime, 0); !errors.Is(err, ErrMismatch) {
							t.Error(err)
						}
						if _, err := v.Verify(tt.header, []byte(tt.body), kitTime, 0); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
