package eventtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

func TestConformAcceptsWhatIsRight(t *testing.T) {
	t.Run("a provider with most that there is", func(t *testing.T) { Conform(t, acmeVendor(), newAcme) })
	t.Run("a provider that waits for responses", func(t *testing.T) { Conform(t, bizarreVendor(), newBizarre) })
	t.Run("a provider that signs inside the body", func(t *testing.T) { Conform(t, insideVendor(), event.NewHandler) })
	t.Run("a handler of package event itself", func(t *testing.T) { Conform(t, acmeVendor(), event.NewHandler) })
	t.Run("a lenient provider", func(t *testing.T) {
		v := acmeVendor()
		v.Provider.Lenient = true
		Conform(t, v, newAcme)
	})
}

func TestConformFindsFaultyHandlers(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(p *event.Provider, o *event.Options)
		want   []string // parts of a finding
	}{
		{"accepts what is not signed", func(p *event.Provider, _ *event.Options) { p.InsecureAllowUnsigned = true }, []string{"as a service/no signature", "want 401"}},
		{"accepts a second encoding", func(p *event.Provider, _ *event.Options) { p.Scheme.Encoding = signature.Hex | signature.Base64 }, []string{"as a service/wrong encoding", "want 401"}},
		{"accepts no prefix", func(p *event.Provider, _ *event.Options) { p.Scheme.OtherPrefixes = []string{""} }, []string{"as a service/missing prefix", "want 401"}},
		{"accepts old deliveries", func(_ *event.Provider, o *event.Options) { o.Tolerance = time.Hour }, []string{"as a service/stale", "want 401"}},
		{"accepts deliveries from the future", func(_ *event.Provider, o *event.Options) { o.Tolerance = time.Hour }, []string{"as a service/from the future", "want 401"}},
		{"has another header", func(p *event.Provider, _ *event.Options) { p.Scheme.Header = "X-Other" }, []string{"the response to a signed fixture is", "401"}},
		{"does not sign the timestamp", func(p *event.Provider, _ *event.Options) { p.Scheme.TimestampHeader = "" }, []string{"the response to a signed fixture is", "401"}},
		{"has no limit", func(_ *event.Provider, o *event.Options) { o.MaxBody = 1 << 40 }, []string{"as a service/too large", "want 413"}},
		{"has a lower limit", func(_ *event.Provider, o *event.Options) { o.MaxBody = 100 }, []string{"the response to a signed fixture is", "413"}},
		{"ignores previous secrets", func(_ *event.Provider, o *event.Options) { o.PreviousSecrets = nil }, []string{"as a service/previous key", "want 200"}},
		{"rejects unknown types", func(p *event.Provider, _ *event.Options) {
			p.Synchronous, p.MessageMember, p.DefaultMessage = true, "m", "x"
		}, []string{"as a service/unknown type", "501"}},
		{"looks for the id elsewhere", func(p *event.Provider, _ *event.Options) { p.Envelope.ID = []string{"ID"} }, []string{`Delivery.ID is "", want "ev_1"`}},
		{"looks for the time elsewhere", func(p *event.Provider, _ *event.Options) { p.Envelope.OccurredAt = nil }, []string{"Delivery.OccurredAt is 0001-01-01", "and the fixture has"}},
		{"looks for the payload elsewhere", func(p *event.Provider, _ *event.Options) { p.Envelope.Payload = []string{"payload"} }, []string{"the response to a signed fixture is", "undecodable"}},
		{"rejects what it knows too little of", func(_ *event.Provider, o *event.Options) {
			o.Validate = func(payload any) error {
				if h, ok := payload.(*hire); ok && h.Email == "" {
					return errors.New("no address")
				}
				return nil
			}
		}, []string{"with email null the delivery is undecodable"}},
		{"quotes what it rejects", func(_ *event.Provider, o *event.Options) {
			o.Validate = func(payload any) error {
				if h, ok := payload.(*hire); ok && h.Name != "Ines Falk" {
					return errors.New("who is " + h.Name)
				}
				return nil
			}
		}, []string{`with "` + canary + `" as name, the log or an error holds`}},
		{"changes payloads", func(_ *event.Provider, o *event.Options) {
			o.Wrap = func(cb event.Callback) event.Callback {
				return func(ctx context.Context, payload any) (any, error) {
					payload.(*hire).Name = "changed"
					return cb(ctx, payload)
				}
			}
		}, []string{"another payload than the fixture's"}},
		{"never calls", func(_ *event.Provider, o *event.Options) {
			o.Wrap = func(event.Callback) event.Callback {
				return func(context.Context, any) (any, error) { return nil, nil }
			}
		}, []string{"after 0 runs of the callback"}},
		{"is right", func(*event.Provider, *event.Options) {}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := acmeVendor()
			v.Events, v.Provider.Types = v.Events[:1], nil
			v.Fixtures = only("testdata/employee-hired.json")
			synctest.Test(t, func(t *testing.T) {
				found := newFindings(t)
				conform(found, v, func(p event.Provider, secret string, opts *event.Options) (*event.Handler, error) {
					if opts == nil {
						opts = new(event.Options)
					}
					test.change(&p, opts)
					return event.NewHandler(p, secret, opts)
				})
				found.want(t, test.want...)
			})
		})
	}
}

// only is acme's fixtures with one file alone.
func only(name string) fstest.MapFS {
	fixtures := acmeFixtures()
	maps.DeleteFunc(fixtures, func(n string, _ *fstest.MapFile) bool { return n != name })
	return fixtures
}

func TestConformFindsWrongLists(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(v *Vendor, fixtures fstest.MapFS)
		want   string
	}{
		{"a method without an event", func(v *Vendor, _ fstest.MapFS) { v.Events = v.Events[:1] },
			"the method OnLeft registers callbacks for employee.left, which is not in Vendor.Events"},
		{"an event without a method", func(v *Vendor, _ fstest.MapFS) { v.Events = append(v.Events, Of[hire]("employee.back")) },
			"employee.back is in Vendor.Events and has no method"},
		{"one event twice", func(v *Vendor, _ fstest.MapFS) { v.Events = append(v.Events, v.Events[0]) },
			"Vendor.Events has employee:hired twice"},
		{"an event that the provider does not know", func(v *Vendor, _ fstest.MapFS) { v.Provider.Types = v.Provider.Types[:1] },
			"Vendor.Events has employee.left, and Provider.Types does not"},
		{"a type without an event", func(v *Vendor, _ fstest.MapFS) { v.Provider.Types = append(slices.Clone(v.Provider.Types), "x") },
			"Provider.Types has x, and Vendor.Events does not"},
		{"an event with another payload", func(v *Vendor, _ fstest.MapFS) { v.Events[1] = Of[hire]("employee.left") },
			"the payload is a eventtest.hire in Vendor.Events and a eventtest.leave in the event's method"},
		{"no fixture", func(_ *Vendor, fixtures fstest.MapFS) { delete(fixtures, "testdata/employee.left.json") },
			"employee.left has no fixture: want testdata/employee.left.json"},
		{"a fixture of nothing", func(_ *Vendor, fixtures fstest.MapFS) { fixtures["testdata/old.json"] = &fstest.MapFile{} },
			"testdata/old.json is not the fixture of an event in Vendor.Events"},
		{"a fixture of another type", func(_ *Vendor, fixtures fstest.MapFS) {
			fixtures["testdata/employee.left.json"] = fixtures["testdata/employee-hired.json"]
		}, "employee.left: the response to a signed fixture is 200, as unhandled"},
		{"a fixture that is not JSON", func(_ *Vendor, fixtures fstest.MapFS) {
			fixtures["testdata/employee.left.json"] = &fstest.MapFile{Data: []byte(`{"type": "employee.left",}`)}
		}, "employee.left: the response to a signed fixture is 400, as unreadable"},
		{"a fixture with someone's address", func(_ *Vendor, fixtures fstest.MapFS) {
			f := fixtures["testdata/employee-hired.json"]
			f.Data = bytes.ReplaceAll(f.Data, []byte("ines.falk@example.com"), []byte("ines.falk@example.net"))
		}, "the fixture of employee:hired has the address ines.falk@example.net"},
		{"no events at all", func(v *Vendor, _ fstest.MapFS) { v.Events = nil }, "Vendor.Events is empty"},
		{"a provider that cannot work", func(v *Vendor, _ fstest.MapFS) { v.Provider.Scheme.Header = "" }, "newHandler with a secret and no options"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fixtures := acmeFixtures()
			v := acmeVendor()
			v.Fixtures = fixtures
			test.change(&v, fixtures)
			synctest.Test(t, func(t *testing.T) {
				found := newFindings(t)
				conform(found, v, newAcme)
				found.want(t, test.want)
			})
		})
	}
}

// hasty is a handler whose methods are not what they should be.
type hasty struct{ *acmeHandler }

func (h *hasty) OnNothing(func(context.Context, *hire) error) {}
func (h *hasty) OnBoth(fn func(context.Context, *leave) error) {
	event.On(h, "a", fn)
	event.On(h, "b", fn)
}
func (h *hasty) OnLeftAgain(fn func(context.Context, *leave) error) { h.OnLeft(fn) }

func TestConformFindsWrongMethods(t *testing.T) {
	found := newFindings(t)
	conform(found, acmeVendor(), func(p event.Provider, secret string, opts *event.Options) (*hasty, error) {
		h, err := newAcme(p, secret, opts)
		return &hasty{h}, err
	})
	found.want(t, "the method OnNothing registers callbacks for [], want one type")
	found.want(t, `the method OnBoth registers callbacks for ["a" "b"], want one type`)
	found.want(t, "employee.left has two methods, one of them OnLeftAgain")
}

// The payload types below are each wrong in one way.
type (
	forgetful struct { // does not model the manager
		ID    event.ID `json:"id" validate:"required"`
		Name  string   `json:"name"`
		Email string   `json:"email"`
	}
	misspelt      struct{ hire } // encodes a name in another way than it decodes it
	talkative     struct{ hire } // logs a name
	silentOutside struct {       // logs a name only where a part is logged by itself
		hire
		Manager talkativeManager `json:"manager"`
	}
	talkativeManager manager
	strict           struct { // stops at null
		hire
		Name never `json:"name"`
	}
	never  string
	closed struct { // stops at what it does not know
		hire
	}
	unlogged struct { // is not a slog.LogValuer
		ID   event.ID `json:"id" validate:"required"`
		Name string   `json:"name"`
	}
	growing struct { // changes with each encoding
		hire
		Name growth `json:"name"`
	}
	growth string
)

func (f forgetful) LogValue() slog.Value { return slog.StringValue(string(f.ID)) }

func (m misspelt) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(m.hire)
	return bytes.Replace(b, []byte(`"name":"Ines Falk"`), []byte(`"nmae":"Ines Falk"`), 1), err
}

func (t talkative) LogValue() slog.Value { return slog.GroupValue(slog.String("name", t.Name)) }

func (t talkativeManager) LogValue() slog.Value { return slog.StringValue(t.Name) }

func (n *never) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return errors.New("no name")
	}
	return json.Unmarshal(b, (*string)(n))
}

func (c *closed) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(&c.hire)
}

func (g growth) MarshalJSON() ([]byte, error) { return json.Marshal(string(g) + "!") }

func TestConformFindsWrongPayloads(t *testing.T) {
	for _, test := range []struct {
		name  string
		event Event
		want  []string
	}{
		{"one that does not model a member", Of[forgetful]("employee:hired"), []string{"the member manager of the fixture is", "and after decoding and encoding null"}},
		{"one that encodes a member under another name", Of[misspelt]("employee:hired"), []string{`the member name of the fixture is "Ines Falk"`}},
		{"one that encodes to something else", Of[growing]("employee:hired"), []string{"encodes to something else than it was decoded from"}},
		{"one that logs a name", Of[talkative]("employee:hired"), []string{`with "` + canary + `" as name, a eventtest.talkative that is logged with slog prints`}},
		{"one with a part that logs a name", Of[silentOutside]("employee:hired"), []string{"as manager.name, a eventtest.talkativeManager that is logged"}},
		{"one that is not a LogValuer", Of[unlogged]("employee:hired"), []string{"eventtest.unlogged is not a slog.LogValuer"}},
		{"one that stops at null", Of[strict]("employee:hired"), []string{"with name null the delivery is undecodable"}},
		{"one that stops at what it does not know", Of[closed]("employee:hired"), []string{"with a member more at manager the delivery is undecodable"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := acmeVendor()
			v.Events, v.Provider.Types = []Event{test.event}, nil
			v.Fixtures = only("testdata/employee-hired.json")
			synctest.Test(t, func(t *testing.T) {
				found := newFindings(t)
				conform(found, v, event.NewHandler)
				found.want(t, test.want...)
				if found.have("eventtest.unlogged that is logged") {
					t.Error("what is printed without a LogValue is reported, too")
				}
			})
		})
	}
}

func TestSurvives(t *testing.T) {
	for _, test := range []struct {
		want, got string
		lost      string
	}{
		{`"a"`, `"a"`, ""},
		{`"a"`, `"b"`, "the whole payload"},
		{`"a"`, `null`, "the whole payload"},
		{`1`, `"1"`, ""},
		{`1`, `1.0`, ""},
		{`1e3`, `1000`, ""},
		{`1`, `2`, "the whole payload"},
		{`"1"`, `1`, ""},
		{`null`, `""`, ""},
		{`""`, `null`, ""},
		{`0`, `null`, ""},
		{`false`, `null`, ""},
		{`{}`, `null`, ""},
		{`[]`, `null`, ""},
		{`true`, `false`, "the whole payload"},
		{`87`, `{"score":87}`, ""},
		{`87`, `{"score":88}`, "the whole payload"},
		{`[1,2]`, `[1,2]`, ""},
		{`[1,2]`, `[1]`, "the whole payload"},
		{`[1,2]`, `[1,3]`, "[1]"},
		{`{"a":1}`, `{}`, "a"},
		{`{"a":1}`, `null`, "the whole payload"},
		{`{"a":{"b":[{"c":"x"}]}}`, `{"a":{"b":[{"c":"y"}]}}`, "a.b[0].c"},
	} {
		want, _ := parse([]byte(test.want))
		got, _ := parse([]byte(test.got))
		var lost []string
		survives(want, got, nil, func(p path, _, _ any) { lost = append(lost, p.String()) })
		if strings.Join(lost, " ") != test.lost {
			t.Errorf("of %s, %s has lost %q, want %q", test.want, test.got, lost, test.lost)
		}
	}
}

func TestPlaces(t *testing.T) {
	const data = `{"a":{"b":[1,{"c":"x"}]},"d":null}`
	var got []string
	for _, at := range places([]byte(data)) {
		without := ""
		if at.without != nil {
			without = string(at.without())
		}
		got = append(got, at.String()+" "+string(at.with(true))+" "+without)
	}
	want := []string{
		`a {"a":true,"d":null} {"d":null}`,
		`a.b {"a":{"b":true},"d":null} {"a":{},"d":null}`,
		`a.b[0] {"a":{"b":[true,{"c":"x"}]},"d":null} `,
		`a.b[1] {"a":{"b":[1,true]},"d":null} `,
		`a.b[1].c {"a":{"b":[1,{"c":true}]},"d":null} {"a":{"b":[1,{}]},"d":null}`,
		`d {"a":{"b":[1,{"c":"x"}]},"d":true} {"a":{"b":[1,{"c":"x"}]}}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := string(adding([]byte(data), "e", "2")); got != `{"a":{"b":[1,{"c":"x"}]},"d":null,"e":2}` {
		t.Errorf("with a member more it is %s", got)
	}
}
