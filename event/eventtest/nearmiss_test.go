package eventtest

import (
	"bytes"
	"crypto"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

func draft() Draft {
	return Draft{Type: "employee:hired", Secret: secret, Previous: previousSecret, Time: time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)}
}

func miss(t *testing.T, v Vendor, name string) NearMiss {
	t.Helper()
	all := v.NearMisses()
	i := slices.IndexFunc(all, func(m NearMiss) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no near miss %q", name)
	}
	return all[i]
}

func TestNearMissesAreAllThere(t *testing.T) {
	var names []string
	for _, m := range acmeVendor().NearMisses() {
		names = append(names, m.Name)
		if m.About == "" || len(m.Statuses) == 0 || m.Times < 1 || m.MaxRuns < m.MinRuns {
			t.Errorf("%+v is not complete", m)
		}
		if m.Skip != "" {
			t.Errorf("%s is skipped for a vendor that has everything: %s", m.Name, m.Skip)
		}
	}
	want := []string{
		"no signature", "wrong key", "empty key", "previous key", "one character of the signature changed", "half of the signature", "wrong encoding", "missing prefix",
		"one byte of the body changed", "re-encoded JSON", "truncated", "too large",
		"stale", "from the future", "a new timestamp",
		"unknown type", "an added member", "null where a value is usual", "the same again",
	}
	if !slices.Equal(names, want) {
		t.Errorf("near misses are %q, want %q", names, want)
	}
}

// Each is wrong in the way that its name says, and in no other.
func TestNearMissesAreWrongInOneWay(t *testing.T) {
	v := acmeVendor()
	good, err := v.Sign(draft())
	if err != nil {
		t.Fatal(err)
	}
	body := string(v.Body("employee:hired"))
	for _, test := range []struct {
		name  string
		err   error // with the secret, at that time
		check func(r *event.Request) bool
	}{
		{"no signature", signature.ErrMissing, func(r *event.Request) bool {
			return string(r.Body) == body && r.Header.Get("X-Acme-Time") != ""
		}},
		{"wrong key", signature.ErrMismatch, func(r *event.Request) bool { return string(r.Body) == body }},
		{"empty key", signature.ErrMismatch, func(r *event.Request) bool { return string(r.Body) == body }},
		{"previous key", signature.ErrMismatch, func(r *event.Request) bool {
			_, err := acme.Scheme.New([]byte(previousSecret)).Verify(r.Header, r.Body, draft().Time, 0)
			return err == nil
		}},
		{"one character of the signature changed", signature.ErrMismatch, func(r *event.Request) bool {
			a, b := good.Header.Get("X-Acme-Signature"), r.Header.Get("X-Acme-Signature")
			return string(r.Body) == body && len(a) == len(b) && a != b && a[:len(a)-3] == b[:len(b)-3]
		}},
		{"half of the signature", signature.ErrMalformed, func(r *event.Request) bool {
			a, b := good.Header.Get("X-Acme-Signature"), r.Header.Get("X-Acme-Signature")
			return string(r.Body) == body && strings.HasPrefix(a, b) && len(b) == len(a)/2
		}},
		{"wrong encoding", signature.ErrMalformed, func(r *event.Request) bool {
			return string(r.Body) == body && strings.HasPrefix(r.Header.Get("X-Acme-Signature"), "v1=")
		}},
		{"missing prefix", signature.ErrMalformed, func(r *event.Request) bool {
			return "v1="+r.Header.Get("X-Acme-Signature") == good.Header.Get("X-Acme-Signature")
		}},
		{"one byte of the body changed", signature.ErrMismatch, func(r *event.Request) bool {
			different := 0
			for i := range r.Body {
				if r.Body[i] != body[i] {
					different++
				}
			}
			return len(r.Body) == len(body) && different == 1 && object(r.Body) != nil
		}},
		{"re-encoded JSON", signature.ErrMismatch, func(r *event.Request) bool {
			return string(r.Body) != body && reflect.DeepEqual(object(r.Body), object([]byte(body)))
		}},
		{"truncated", signature.ErrMismatch, func(r *event.Request) bool {
			return len(r.Body) > 0 && len(r.Body) < len(body) && strings.HasPrefix(body, string(r.Body))
		}},
		{"too large", nil, func(r *event.Request) bool {
			return len(r.Body) == 1<<20+1 && string(bytes.TrimSpace(r.Body)) == body
		}},
		{"stale", signature.ErrExpired, func(r *event.Request) bool {
			return string(r.Body) == body && r.Header.Get("X-Acme-Time") < good.Header.Get("X-Acme-Time")
		}},
		{"from the future", signature.ErrExpired, func(r *event.Request) bool {
			return string(r.Body) == body && r.Header.Get("X-Acme-Time") > good.Header.Get("X-Acme-Time")
		}},
		{"a new timestamp", signature.ErrMismatch, func(r *event.Request) bool {
			return string(r.Body) == body && r.Header.Get("X-Acme-Signature") == good.Header.Get("X-Acme-Signature") &&
				r.Header.Get("X-Acme-Time") > good.Header.Get("X-Acme-Time")
		}},
		{"unknown type", nil, func(r *event.Request) bool {
			return bytes.Contains(r.Body, []byte(`"type":"eventtest.unheard-of"`)) && r.Header.Get("X-Acme-Event") == "eventtest.unheard-of"
		}},
		{"an added member", nil, func(r *event.Request) bool {
			root := object(r.Body)
			return root["data"].(map[string]any)["eventtest_unheard_of"] != nil && root["eventtest_unheard_of_either"] != nil
		}},
		{"null where a value is usual", nil, func(r *event.Request) bool {
			nulls := 0
			for _, at := range places(r.Body) {
				if at.value == nil {
					nulls++
				}
			}
			return nulls == 1
		}},
		{"the same again", nil, func(r *event.Request) bool { return reflect.DeepEqual(r, good) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := miss(t, v, test.name).Make(draft())
			if err != nil {
				t.Fatal(err)
			}
			_, err = acme.Scheme.New([]byte(secret)).Verify(r.Header, r.Body, draft().Time, 0)
			if !errors.Is(err, test.err) {
				t.Errorf("verifies with %v, want %v", err, test.err)
			}
			if !test.check(r) {
				t.Errorf("it is not what its name says: %q %s", r.Header, r.Body)
			}
			again, err := miss(t, v, test.name).Make(draft())
			if err != nil || !reflect.DeepEqual(r, again) {
				t.Errorf("made again it is another request (%v)", err)
			}
			if got := string(v.Body("employee:hired")); got != body {
				t.Errorf("the fixture was changed: %s", got)
			}
		})
	}
}

func TestNearMissesOfABodyOfOnesOwn(t *testing.T) {
	v := acmeVendor()
	own := []byte(`{"at":"2026-09-01T10:00:01Z","data":{"id":9},"id":"ev_9","type":"employee:hired"}`)
	was := string(own)
	for _, m := range v.NearMisses() {
		d := draft()
		d.Body = own
		r, err := m.Make(d)
		if m.Name == "null where a value is usual" {
			if err == nil {
				t.Errorf("a payload with a required member alone has something to null: %s", r.Body)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if m.Name == "re-encoded JSON" && string(r.Body) == was {
			t.Errorf("what is encoded as any encoder would is not re-encoded at all")
		}
		if string(own) != was {
			t.Fatalf("%s changed the body that it was given", m.Name)
		}
	}
}

func TestNearMissLimit(t *testing.T) {
	d := draft()
	d.Limit = 5000
	if r, err := miss(t, acmeVendor(), "too large").Make(d); err != nil || len(r.Body) != 5001 {
		t.Errorf("%d bytes (%v), want 5001", len(r.Body), err)
	}
}

func TestDraftsThatCannotBeMade(t *testing.T) {
	v := acmeVendor()
	for _, test := range []struct {
		name   string
		miss   string // "" signs
		change func(d *Draft)
		want   string
	}{
		{"no secret", "", func(d *Draft) { d.Secret = "" }, "Draft.Secret is empty"},
		{"no such event", "", func(d *Draft) { d.Type = "employee.promoted" }, `no event "employee.promoted"`},
		{"no such event for a near miss", "wrong key", func(d *Draft) { d.Type = "employee.promoted" }, `no event "employee.promoted"`},
		{"no previous secret", "previous key", func(d *Draft) { d.Previous = "" }, `"previous key" needs Draft.Previous`},
		{"nothing to null", "null where a value is usual", func(d *Draft) { d.Type = "employee.left" }, "no member that may be null"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := draft()
			test.change(&d)
			var err error
			if test.miss == "" {
				_, err = v.Sign(d)
			} else {
				_, err = miss(t, v, test.miss).Make(d)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// A scheme with a member signs nothing without it.
func TestSignWithoutTheMember(t *testing.T) {
	p := event.Provider{Name: "m", Scheme: signature.HMAC{Header: "S", Member: "data"}, Envelope: event.Envelope{Type: []string{"type"}, Payload: []string{"data"}}}
	if _, err := (Vendor{Provider: p}).Sign(Draft{Body: []byte(`{"type":"x"}`), Secret: secret}); err == nil || !strings.Contains(err.Error(), "cannot be signed") {
		t.Errorf("%v", err)
	}
}

// Of a body with one signed member, only that is spoilt.
func TestNearMissesOfAMember(t *testing.T) {
	p := event.Provider{Name: "m", Scheme: signature.HMAC{Header: "S", Member: "data"}, Envelope: event.Envelope{Type: []string{"type"}, Payload: []string{"data"}}}
	v := Vendor{Provider: p, Events: []Event{Of[leave]("x")}}
	body := `{"type":"x","data":{"id":1,"name":"data"},"z":{"id":1}}`
	for _, name := range []string{"one byte of the body changed", "re-encoded JSON"} {
		r, err := miss(t, v, name).Make(Draft{Type: "x", Body: []byte(body), Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(r.Body), `{"type":"x","data":{`) || !strings.HasSuffix(string(r.Body), `},"z":{"id":1}}`) || string(r.Body) == body {
			t.Errorf("%s made %s", name, r.Body)
		}
		if _, err := p.Scheme.New([]byte(secret)).Verify(r.Header, r.Body, time.Now(), 0); !errors.Is(err, signature.ErrMismatch) {
			t.Errorf("%s verifies with %v, want a mismatch", name, err)
		}
	}
}

// What is written in a wrong encoding must be wrong for every set of encodings.
func TestMisspelt(t *testing.T) {
	all := signature.Hex | signature.Base64 | signature.Base64URL | signature.RawBase64 | signature.PaddedBase64URL
	for encoding := signature.Encoding(0); encoding <= all; encoding++ {
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			v := acmeVendor()
			v.Provider.Scheme.Encoding, v.Provider.Scheme.Hash = encoding, hash
			for _, name := range []string{"wrong encoding", "one character of the signature changed", "half of the signature"} {
				r, err := miss(t, v, name).Make(draft())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := v.Provider.Scheme.New([]byte(secret)).Verify(r.Header, r.Body, draft().Time, 0); err == nil {
					t.Errorf("%v, %v: %s is accepted: %s", encoding, hash, name, r.Header.Get("X-Acme-Signature"))
				}
			}
		}
	}
}

// A provider that verifies by itself has the near misses that can be made
// without knowing how.
func TestNearMissesOfAProviderThatVerifiesByItself(t *testing.T) {
	var names []string
	for _, m := range insideVendor().NearMisses() {
		if m.Skip == "" {
			names = append(names, m.Name)
		}
	}
	want := []string{"no signature", "wrong key", "empty key", "previous key", "truncated", "too large", "unknown type", "an added member", "null where a value is usual", "the same again"}
	if !slices.Equal(names, want) {
		t.Errorf("near misses are %q, want %q", names, want)
	}
	v := insideVendor()
	v.Provider.Sign = nil
	if _, err := v.Sign(Draft{Type: "hired", Secret: secret}); err == nil || !strings.Contains(err.Error(), "no Sign") {
		t.Errorf("without a Sign: %v", err)
	}
	if _, err := insideVendor().Sign(Draft{Type: "hired", Body: []byte("no JSON"), Secret: secret}); err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("a body that Sign rejects: %v", err)
	}
}
