package keldair_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/validate"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
	"github.com/atshooks/atshooks/signature"
)

const (
	secret = "keldair test secret"
	data   = `{ "id": 481516,  "lastName":"Marrowby" }`
	inHex  = "afafc6b20d49625f09186823567aa4c6d692504c"
	base64 = "r6/Gsg1JYl8JGGgjVnqkxtaSUEw="
	body   = `{"id":"1","type":"new-hire-file.completed","version":"2022-02-23","dateOccurred":"2022-02-23T18:46:43+00:00","data":` + data + `}`
)

func TestConformance(t *testing.T) {
	eventtest.Conform(t, keldairtest.Vendor, keldair.New)
}

func TestConformanceWhereUnsignedIsAllowed(t *testing.T) {
	v := keldairtest.Vendor
	v.Provider = unsignedAllowed()
	eventtest.Conform(t, v, keldair.New)
}

// unsignedAllowed is a provider that accepts deliveries without a signature.
func unsignedAllowed() event.Provider {
	p := keldair.Provider()
	p.InsecureAllowUnsigned = true
	return p
}

func TestNewHandlerReturnsNothingBesideAnError(t *testing.T) {
	for _, secret := range []string{"", " ", "secret\n"} {
		for _, p := range []event.Provider{keldair.Provider(), unsignedAllowed()} {
			if h, err := keldair.New(p, secret, nil); err == nil || h != nil {
				t.Errorf("New with the secret %q = %v, %v", secret, h, err)
			}
		}
		if h, err := keldair.NewHandler(secret, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v", secret, h, err)
		}
	}
}

// OpenSSL 3.0.19 made the signatures of data:
//
//	printf '%s' "$data" | openssl dgst -sha1 -hmac 'keldair test secret'
//	printf '%s' "$data" | openssl dgst -sha1 -hmac 'keldair test secret' -binary | base64
//
// KeldairHR does not publish the encoding, so two are read, and no third.
func TestSignaturesMadeElsewhereVerify(t *testing.T) {
	tests := []struct {
		name       string
		signatures []string
		want       int
	}{
		{"hex", []string{inHex}, 200},
		{"upper-case hex", []string{strings.ToUpper(inHex)}, 200},
		{"base64", []string{base64}, 200},
		{"base64 without padding", []string{strings.TrimRight(base64, "=")}, 401},
		{"base64url", []string{strings.Replace(base64, "/", "_", 1)}, 401},
		{"base64url without padding", []string{strings.Replace(strings.TrimRight(base64, "="), "/", "_", 1)}, 401},
		{"base64 with other bits at its end", []string{strings.Replace(base64, "w=", "x=", 1)}, 401},
		{"base64 with a line break", []string{base64[:10] + "\n" + base64[10:]}, 401},
		{"hex with a blank before it", []string{" " + inHex}, 401},
		{"hex with a prefix", []string{"sha1=" + inHex}, 401},
		{"hex of which a digit is missing", []string{inHex[1:]}, 401},
		{"hex with two digits more", []string{inHex + "00"}, 401},
		{"one bit changed", []string{"b" + inHex[1:]}, 401},
		{"the same one twice", []string{inHex, inHex}, 401},
		{"a good one and a bad one", []string{inHex, "00"}, 401},
		{"an empty one", []string{""}, 401},
		{"none", nil, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, keldair.Provider(), nil)
			got := record(h)
			if status := serve(h, body, test.signatures...); status != test.want || (len(*got) == 1) != (test.want == 200) {
				t.Errorf("status %d, want %d, %d calls", status, test.want, len(*got))
			}
		})
	}
}

func TestDataIsSignedAsItStands(t *testing.T) {
	for name, other := range map[string]string{
		"another value":             `{ "id": 481517,  "lastName":"Marrowby" }`,
		"a blank less":              `{ "id": 481516, "lastName":"Marrowby" }`,
		"re-encoded":                `{"id":481516,"lastName":"Marrowby"}`,
		"members in another order":  `{ "lastName":"Marrowby",  "id": 481516 }`,
		"an escape for a character": `{ "id": 481516,  "lastName":"M\u0061rrowby" }`,
		"null":                      `null`,
	} {
		h := newHandler(t, keldair.Provider(), nil)
		got := record(h)
		if status := serve(h, strings.Replace(body, data, other, 1), inHex); status != 401 || len(*got) > 0 {
			t.Errorf("%s: status %d, %d calls", name, status, len(*got))
		}
	}
}

// What follows from that is in the package's documentation.
func TestNothingButDataIsAuthenticated(t *testing.T) {
	const forged = `{"id":"2","type":"new-hire-file.erased","version":"1999-01-01","dateOccurred":"2035-01-01T00:00:00Z","data":` + data + `}`
	h := newHandler(t, keldair.Provider(), nil)
	var d *event.Delivery
	event.On(h, "new-hire-file.erased", func(ctx context.Context, _ *keldair.NewHireFile) error {
		d, _ = event.FromContext(ctx)
		return nil
	})
	if status := serve(h, forged, inHex); status != 200 || d == nil {
		t.Fatalf("status %d, delivery %v", status, d)
	}
	if d.ID != "2" || d.OccurredAt.Year() != 2035 || string(d.Payload) != data {
		t.Errorf("id %q, occurred at %v, payload %s", d.ID, d.OccurredAt, d.Payload)
	}
}

// other are bodies with the data of body, under other names and dates.
var other = []string{
	body,
	strings.Replace(body, `"id":"1"`, `"id":"2"`, 1),
	strings.Replace(body, `"id":"1",`, ``, 1),
	strings.Replace(body, `2022-02-23T18:46:43`, `2035-01-01T00:00:00`, 1),
	strings.Replace(body, `"new-hire-file.completed"`, `"new-hire-file.erased"`, 1),
	`{"type":"new-hire-file.completed",` + "\n" + `"more":true, "data": ` + data + " \n}",
}

func TestDeliveriesAreTheSameByData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, keldair.Provider(), &event.Options{
			Store: event.NewMemoryStore(&event.MemoryStoreOptions{Window: 72 * time.Hour}),
		})
		got := record(h)
		event.On(h, "new-hire-file.erased", func(context.Context, *keldair.NewHireFile) error {
			t.Error("the callback of another type was called")
			return nil
		})
		for _, b := range other {
			if status := serve(h, b, inHex); status != 200 {
				t.Errorf("status %d", status)
			}
		}
		if len(*got) != 1 {
			t.Errorf("%d calls in the window, want 1", len(*got))
		}
		time.Sleep(73 * time.Hour)
		serve(h, body, inHex)
		if len(*got) != 2 {
			t.Errorf("%d calls after the window, want 2", len(*got))
		}
	})
}

// The type is not signed, so a false one may come first.
func TestAFalseTypeTakesTheTrueOnesPlaceOnlyWhereItIsHandled(t *testing.T) {
	for _, handled := range []bool{false, true} {
		h := newHandler(t, keldair.Provider(), &event.Options{Store: event.NewMemoryStore(nil)})
		got := record(h)
		want := 1
		if handled {
			want = 0
			h.OnOther(func(context.Context, *event.Delivery) error { return nil })
		}
		serve(h, strings.Replace(body, "completed", "erased", 1), inHex)
		serve(h, body, inHex)
		if len(*got) != want {
			t.Errorf("with OnOther %v: %d calls, want %d", handled, len(*got), want)
		}
	}
}

func TestAnInboxSeesOneKeyForOneData(t *testing.T) {
	inbox := &memoryInbox{}
	h := newHandler(t, keldair.Provider(), &event.Options{Inbox: inbox})
	for _, b := range other {
		if status := serve(h, b, inHex); status != 200 {
			t.Errorf("status %d", status)
		}
	}
	if slices.Sort(inbox.keys); len(inbox.keys) != len(other) || len(slices.Compact(inbox.keys)) != 1 {
		t.Errorf("keys %v, want one key %d times", inbox.keys, len(other))
	}
}

func TestWithoutAStoreDataCanBeReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, keldair.Provider(), nil)
		got := record(h)
		serve(h, body, inHex)
		time.Sleep(10 * 365 * 24 * time.Hour)
		serve(h, body, inHex)
		if len(*got) != 2 {
			t.Errorf("%d calls, want 2", len(*got))
		}
	})
}

// Whoever has one signed delivery may add to it. Some decoder would take each of
// these for a second value of data; this one must see the signed value or nothing.
func TestASecondDataGainsNothing(t *testing.T) {
	const evil = `{"id":666}`
	envelope := func(members ...string) string {
		return `{"id":"1","type":"new-hire-file.completed",` + strings.Join(members, ",") + `}`
	}
	tests := []struct {
		name string
		body string
		want int // 200: the signed data was seen
	}{
		{"after the signed one", envelope(`"data":`+data, `"data":`+evil), 401},
		{"before the signed one", envelope(`"data":`+evil, `"data":`+data), 401},
		{"the signed one twice", envelope(`"data":`+data, `"data":`+data), 401},
		{"with a capital, after", envelope(`"data":`+data, `"Data":`+evil), 400},
		{"with a capital, before", envelope(`"Data":`+evil, `"data":`+data), 400},
		{"in capitals, after", envelope(`"data":`+data, `"DATA":`+evil), 400},
		{"in capitals, before", envelope(`"DATA":`+evil, `"data":`+data), 400},
		{"with an escape, after", envelope(`"data":`+data, `"d\u0061ta":`+evil), 401},
		{"with an escape, before", envelope(`"\u0064ata":`+evil, `"data":`+data), 401},
		{"with an escaped capital", envelope(`"data":`+data, `"\u0044ata":`+evil), 401},
		{"with a blank in the name", envelope(`"data":`+data, `"data ":`+evil), 200},
		{"with a NUL in the name", envelope(`"data":`+data, "\"data\x00\":"+evil), 401},
		{"with an invalid byte in the name", envelope(`"data":`+data, "\"data\xff\":"+evil), 200},
		{"nested in another member", envelope(`"wrapper":{"data":`+evil+`}`, `"data":`+data), 200},
		{"the signed one nested, another outside", envelope(`"data":`+evil, `"wrapper":{"data":`+data+`}`), 401},
		{"the signed one nested, none outside", envelope(`"wrapper":{"data":` + data + `}`), 401},
		{"the signed one under another name", envelope(`"Data":` + data), 401},
		{"in a second object", envelope(`"data":`+data) + envelope(`"data":`+evil), 401},
		{"in a list of objects", `[` + envelope(`"data":`+data) + `]`, 401},
		{"after a byte order mark", "\ufeff" + envelope(`"data":`+data), 401},
		{"behind a comment", envelope(`"data":`+data+`/*`, `"data":`+evil+`*/`), 401},
		{"the type twice", envelope(`"data":`+data, `"type":"new-hire-file.completed"`), 400},
		{"the type with an escape", `{"typ\u0065":"new-hire-file.completed","data":` + data + `}`, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, keldair.Provider(), nil)
			got := record(h)
			if status := serve(h, test.body, inHex); status != test.want {
				t.Errorf("status %d, want %d", status, test.want)
			}
			var want []keldair.NewHireFile
			if test.want == 200 {
				want = []keldair.NewHireFile{{ID: "481516", LastName: "Marrowby"}}
			}
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Errorf("callbacks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTestAndLiveSecretsAreTold(t *testing.T) {
	h, err := keldair.NewHandler("", &event.Options{
		Logger:  slog.New(slog.DiscardHandler),
		Secrets: func(context.Context, string) ([]string, error) { return []string{"live", secret}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	var indexes []int
	h.OnNewHireFileCompleted(func(ctx context.Context, _ *keldair.NewHireFile) error {
		d, _ := event.FromContext(ctx)
		indexes = append(indexes, d.SecretIndex)
		return nil
	})
	for _, s := range []string{"live", secret, "neither"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, keldairtest.NewRequest(t, s, keldair.TypeNewHireFileCompleted))
		if (w.Code == 200) != (s != "neither") {
			t.Errorf("signed with %q: status %d", s, w.Code)
		}
	}
	if diff := cmp.Diff([]int{0, 1}, indexes); diff != "" {
		t.Errorf("SecretIndex (-want +got):\n%s", diff)
	}
}

func TestUnsignedNeedsTheInsecureSetting(t *testing.T) {
	tests := []struct {
		name       string
		signatures []string
		secure     int
		insecure   int
		index      int
	}{
		{"no signature", nil, 401, 200, -1},
		{"a good signature", []string{inHex}, 200, 200, 0},
		{"a wrong signature", []string{"b" + inHex[1:]}, 401, 401, 0},
		{"a malformed signature", []string{"good"}, 401, 401, 0},
		{"an empty signature", []string{""}, 401, 401, 0},
		{"two signatures", []string{inHex, inHex}, 401, 401, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for allowed, want := range map[bool]int{false: test.secure, true: test.insecure} {
				p := keldair.Provider()
				p.InsecureAllowUnsigned = allowed
				h := newHandler(t, p, nil)
				index := 99
				h.OnNewHireFileCompleted(func(ctx context.Context, _ *keldair.NewHireFile) error {
					d, _ := event.FromContext(ctx)
					index = d.SecretIndex
					return nil
				})
				if got := serve(h, body, test.signatures...); got != want {
					t.Errorf("allowed %v: status %d, want %d", allowed, got, want)
				}
				if (index != 99) != (want == 200) || index != 99 && index != test.index {
					t.Errorf("allowed %v: SecretIndex %d, want %d", allowed, index, test.index)
				}
			}
		})
	}
}

func TestAnEndpointThatHasNoSecretTakesARandomOne(t *testing.T) {
	h, err := keldair.New(unsignedAllowed(), rand.Text(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := record(h)
	if status := serve(h, body); status != 200 || len(*got) != 1 {
		t.Errorf("status %d, %d calls", status, len(*got))
	}
}

func TestTheDateHasTwoNames(t *testing.T) {
	at := time.Date(2022, 2, 23, 18, 46, 43, 0, time.UTC)
	tests := []struct {
		name string
		date string
		want time.Time
	}{
		{"as the overview has it", `"dateOccurred":"2022-02-23T18:46:43+00:00"`, at},
		{"as the events page has it", `"occurredOn":"2022-02-23T18:46:43+00:00"`, at},
		{"with another offset", `"occurredOn":"2022-02-23T13:46:43-05:00"`, at},
		{"both", `"occurredOn":"1999-01-01T00:00:00Z","dateOccurred":"2022-02-23T18:46:43Z"`, at},
		{"neither", `"version":"2022-02-23"`, time.Time{}},
		{"null", `"dateOccurred":null`, time.Time{}},
		{"illegible", `"dateOccurred":"last Tuesday"`, time.Time{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler(t, keldair.Provider(), nil)
			var got time.Time
			h.OnNewHireFileCompleted(func(ctx context.Context, _ *keldair.NewHireFile) error {
				d, _ := event.FromContext(ctx)
				got = d.OccurredAt
				return nil
			})
			if status := serve(h, `{"type":"new-hire-file.completed",`+test.date+`,"data":`+data+`}`, inHex); status != 200 {
				t.Fatalf("status %d", status)
			}
			if !got.Equal(test.want) {
				t.Errorf("occurred at %v, want %v", got, test.want)
			}
		})
	}
}

// The version is not signed, and not needed: nothing that it may be stops a
// delivery.
func TestVersion(t *testing.T) {
	for version, want := range map[string]string{
		`"version":"2022-02-23",`: "2022-02-23",
		`"version":null,`:         "",
		`"version":20220223,`:     "",
		`"version":["2022"],`:     "",
		``:                        "",
	} {
		h := newHandler(t, keldair.Provider(), nil)
		got := "not called"
		h.OnNewHireFileCompleted(func(ctx context.Context, _ *keldair.NewHireFile) error {
			d, _ := event.FromContext(ctx)
			got = keldair.Version(d)
			return nil
		})
		serve(h, `{"type":"new-hire-file.completed",`+version+`"data":`+data+`}`, inHex)
		if got != want {
			t.Errorf("%s is %q, want %q", version, got, want)
		}
	}
}

// What KeldairHR calls an address is checked if a service asks for it.
func TestFormatsAreCheckedOnRequest(t *testing.T) {
	for _, test := range []struct {
		name, data string
		want       int // with package validate; without, all are 200
	}{
		{"an address", `{"id":1,"emailAddress":"nobody"}`, 500},
		{"no address", `{"id":1}`, 200},
	} {
		for _, check := range []func(any) error{nil, validate.Struct} {
			h := newHandler(t, keldair.Provider(), &event.Options{Validate: check})
			schematest.OnAll(h, nil)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, keldairtest.Vendor.Signed(t, secret, "", []byte(`{"type":"new-hire-file.completed","data":`+test.data+`}`)))
			if got := w.Code; check == nil && got != 200 || check != nil && got != test.want {
				t.Errorf("%s: status %d, checked: %t", test.name, got, check != nil)
			}
		}
	}
}

func TestNoErrorHoldsAPayloadASecretOrASignature(t *testing.T) {
	for _, test := range []struct{ body, signature string }{
		{body, "b" + inHex[1:]},
		{body, "sha1=" + inHex},
		{strings.Replace(body, data, data+`,"data":{}`, 1), inHex},
	} {
		var err error
		h := newHandler(t, keldair.Provider(), &event.Options{
			Observe: func(_ context.Context, r event.Result) { err = r.Err },
		})
		serve(h, test.body, test.signature)
		if !errors.Is(err, signature.ErrMismatch) && !errors.Is(err, signature.ErrMalformed) {
			t.Errorf("observed %v", err)
		}
		for _, word := range []string{"481516", "Marrowby", inHex[1:], secret} {
			if strings.Contains(fmt.Sprint(err), word) {
				t.Errorf("%q is in %q", word, err)
			}
		}
	}
}

// memoryInbox keeps the keys of what it was given, and accepts everything.
type memoryInbox struct{ keys []string }

func (i *memoryInbox) Put(_ context.Context, d *event.Delivery) error {
	i.keys = append(i.keys, d.Key())
	return nil
}

// record registers a callback that keeps what it was given.
func record(h *keldair.Handler) *[]keldair.NewHireFile {
	var got []keldair.NewHireFile
	h.OnNewHireFileCompleted(func(_ context.Context, f *keldair.NewHireFile) error {
		got = append(got, *f)
		return nil
	})
	return &got
}

func newHandler(t *testing.T, p event.Provider, opts *event.Options) *keldair.Handler {
	t.Helper()
	if opts == nil {
		opts = &event.Options{}
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	h, err := keldair.New(p, secret, opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// serve sends a body with signatures to h and returns the status of the response.
func serve(h http.Handler, body string, signatures ...string) int {
	r := httptest.NewRequest(http.MethodPost, "/hooks/keldair", strings.NewReader(body))
	for _, s := range signatures {
		r.Header.Add("X-KeldairHR-Auth", s)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
