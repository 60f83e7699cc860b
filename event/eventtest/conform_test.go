package eventtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

func TestConformAcceptsWhatIsRight(t *testing.T) {
	t.Run("a vendor with most that there is", func(t *testing.T) {
		Conform(t, acmeVendor(), new(fault).newHandler, acmeCases()...)
	})
	t.Run("a vendor that waits for answers", func(t *testing.T) {
		Conform(t, bizarreVendor(), bizarreVendor().NewHandler, bizarreCases()...)
	})
	t.Run("a vendor that waits for answers and tells types in bodies", func(t *testing.T) {
		p := bizarre
		p.Envelope.Type, p.Envelope.Payload = []string{"type"}, []string{"data"}
		v := vendorOf(p, fixturesOf("ask", "hire"), Of[hire]("ask"), Of[hire]("hire"))
		Conform(t, v, v.NewHandler, bizarreCases()...)
	})
	t.Run("a handler of package event itself", func(t *testing.T) {
		Conform(t, acmeVendor(), acmeVendor().NewHandler,
			On("employee:hired", func(h *event.Handler, fn func(context.Context, *hire) error) { event.On(h, "employee:hired", fn) }),
			On("employee.left", func(h *event.Handler, fn func(context.Context, *leave) error) { event.On(h, "employee.left", fn) }),
		)
	})
}

// conducted is what Conform finds wrong.
func conducted(v Vendor, f *fault, cases []Case[*receiver]) findings {
	found := newFindings()
	conform(found, v, f.newHandler, cases)
	return found
}

func bizarreVendor() Vendor {
	return vendorOf(bizarre, fstest.MapFS{
		"testdata/ask.json":  {Data: []byte(hirePayload)},
		"testdata/hire.json": {Data: []byte(hirePayload)},
	}, Of[hire]("ask"), Of[hire]("hire"))
}

// fixturesOf are fixtures with the same payload for each type.
func fixturesOf(types ...string) fstest.MapFS {
	fixtures := fstest.MapFS{}
	for _, typ := range types {
		fixtures[fixtureName(typ)] = &fstest.MapFile{Data: fmt.Appendf(nil, `{"id": "1", "type": %q, "data": %s}`, typ, hirePayload)}
	}
	return fixtures
}

func bizarreCases() []Case[*event.Handler] {
	return []Case[*event.Handler]{
		OnReply("ask", func(h *event.Handler, fn func(context.Context, *hire) (*manager, error)) { event.OnReply(h, "ask", fn) }),
		On("hire", func(h *event.Handler, fn func(context.Context, *hire) error) { event.On(h, "hire", fn) }),
	}
}

// shallow makes the one slow bad input quick.
func shallow(t *testing.T) {
	was := depth
	depth = 1 << 10
	t.Cleanup(func() { depth = was })
}

func TestConformFindsFaultyReceivers(t *testing.T) {
	shallow(t)
	late := func(o *event.Options) { o.Tolerance = time.Hour }
	for _, test := range []struct {
		name  string
		fault fault
		want  []string // parts of a finding
	}{
		{"accepts what is not signed", fault{provider: func(p *event.Provider) { p.InsecureAllowUnsigned = true }},
			[]string{"no signature header", "want 401"}},
		{"accepts a second encoding", fault{provider: func(p *event.Provider) { p.Scheme.Encoding = signature.Hex | signature.Base64 }},
			[]string{"near misses", "wrong encoding"}},
		{"accepts a second prefix", fault{provider: func(p *event.Provider) { p.Scheme.OtherPrefixes = []string{"md5=v1="} }},
			[]string{"with a prefix that the vendor does not use"}},
		{"accepts no prefix", fault{provider: func(p *event.Provider) { p.Scheme.OtherPrefixes = []string{""} }},
			[]string{"near misses", "missing prefix"}},
		{"accepts old deliveries", fault{options: late}, []string{"older than the window: ", "want 401"}},
		{"accepts deliveries from the future", fault{options: late}, []string{"from further in the future than the window"}},
		{"accepts hardly any delay", fault{options: func(o *event.Options) { o.Tolerance = time.Second }},
			[]string{"as old as the window just allows"}},
		{"does not sign the timestamp", fault{provider: func(p *event.Provider) { p.Scheme.TimestampHeader = "" }},
			[]string{"a signed fixture reaches the callback"}},
		{"has no limit", fault{options: func(o *event.Options) { o.MaxBody = 1 << 40 }},
			[]string{"a body over the limit", "want 413"}},
		{"ignores previous secrets", fault{options: func(o *event.Options) { o.PreviousSecrets = nil }},
			[]string{"made with the previous secret, which is accepted"}},
		{"accepts the previous secret for ever", fault{options: func(o *event.Options) {
			if o.Secrets == nil {
				o.PreviousSecrets = append(o.PreviousSecrets, previousSecret)
			}
		}}, []string{"made with the previous secret, which is not accepted any more"}},
		{"trims its secret", fault{secret: strings.TrimSpace}, []string{"accepts a secret that is one with a newline"}},
		{"has a secret where it was given none", fault{secret: func(s string) string {
			if s == "" {
				return "default"
			}
			return s
		}}, []string{"accepts a secret that is an empty one"}},
		{"ignores its store", fault{options: func(o *event.Options) { o.Store = nil }},
			[]string{"the same delivery again", "after it was handled", "after 2 runs"}},
		{"runs the callback beside another", fault{options: func(o *event.Options) { o.Store = nil }},
			[]string{"while it is being handled"}},
		{"ignores its sink", fault{options: func(o *event.Options) { o.Sink = nil }}, []string{"by a Sink"}},
		{"ignores OnInvalid", fault{ignoresInvalid: true}, []string{"OnInvalid 0 times"}},
		{"calls twice", fault{callback: func(ctx context.Context, v any, fn callback) error { return errors.Join(fn(ctx, v), fn(ctx, v)) }},
			[]string{"the callback ran 2 times, want once"}},
		{"never calls", fault{callback: func(context.Context, any, callback) error { return nil }},
			[]string{"the callback ran 0 times, want once"}},
		{"loses the context", fault{callback: func(_ context.Context, v any, fn callback) error { return fn(context.Background(), v) }},
			[]string{"FromContext finds no delivery"}},
		{"loses the end of the context", fault{callback: func(ctx context.Context, v any, fn callback) error { return fn(context.WithoutCancel(ctx), v) }},
			[]string{"the callback's context has not ended"}},
		{"loses outcomes", fault{callback: func(ctx context.Context, v any, fn callback) error {
			if err := fn(ctx, v); err != nil {
				return errors.New("failed")
			}
			return nil
		}}, []string{"a callback that returns Permanent", "want 200"}},
		{"changes the payload", fault{callback: func(ctx context.Context, v any, fn callback) error {
			if h, ok := v.(*hire); ok {
				h.Name = "changed"
			}
			return fn(ctx, v)
		}}, []string{"another payload than the fixture's"}},
		{"answers 202", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(insteadOf200(w, http.StatusAccepted), r)
		}}, []string{"ServeHTTP answers 202"}},
		{"refuses unknown types", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if bytes.Contains(body, []byte("unheard-of")) {
				http.Error(w, "", http.StatusNotFound)
				return
			}
			h.ServeHTTP(w, r)
		}}, []string{"an unknown type", "answered 404"}},
		{"reads before it refuses", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
			r.Body = io.NopCloser(bytes.NewReader(body))
			h.ServeHTTP(w, r)
		}}, []string{"bytes of the body were read, want none"}},
		{"re-encodes bodies", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
			if v, err := parse(body); err == nil {
				body = write(v)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			h.ServeHTTP(w, r)
		}}, []string{"ServeHTTP answers 401"}},
		{"accepts any method", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			r.Method = http.MethodPost
			h.ServeHTTP(w, r)
		}}, []string{"a PUT request", "want 405"}},
		{"panics", fault{serve: func(http.Handler, http.ResponseWriter, *http.Request) { panic("at the disco") }},
			[]string{"ServeHTTP panicked: at the disco"}},
		{"answers with the payload", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
			r.Body = io.NopCloser(bytes.NewReader(body))
			h.ServeHTTP(w, r)
			_, _ = w.Write(body)
		}}, []string{"the answer holds", canaryText}},
		{"answers with the signature", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			fmt.Fprint(w, r.Header.Get("X-Acme-Signature"))
		}}, []string{"made with another secret", "the answer holds"}},
		{"says in a header what it was given", fault{serve: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
			r.Body = io.NopCloser(bytes.NewReader(body))
			w.Header().Set("X-Debug", string(body))
			h.ServeHTTP(w, r)
		}}, []string{"the answer holds", canaryDay}},
		{"logs the secret", fault{options: func(o *event.Options) {
			if o.Logger != nil {
				o.Logger = o.Logger.With("secret", secret)
			}
		}}, []string{"the log or an error holds \"" + secret}},
		{"logs payloads", fault{callback: func(ctx context.Context, v any, fn callback) error {
			if h, ok := v.(*hire); ok && strings.HasPrefix(h.Name, canaryText) {
				return errors.New("who is " + h.Name)
			}
			return fn(ctx, v)
		}}, []string{"with a string as name the log or an error holds"}},
		{"knows headers in one case only", fault{handle: func(h *event.Handler, ctx context.Context, r *event.Request) event.Reply {
			if r.Header.Get("X-Acme-Signature") == "" {
				return event.Reply{Status: http.StatusUnauthorized}
			}
			return h.Handle(ctx, r)
		}}, []string{"Handle with header names in lower case answers 401"}},
		{"returns a delivery beside an error", fault{verify: func(h *event.Handler, ctx context.Context, r *event.Request) (*event.Delivery, error) {
			d, err := h.Verify(ctx, r)
			if err != nil {
				return new(event.Delivery), err
			}
			return d, nil
		}}, []string{"Verify returns a delivery (true)"}},
		{"verifies nothing", fault{verify: func(h *event.Handler, ctx context.Context, r *event.Request) (*event.Delivery, error) {
			return &event.Delivery{Header: r.Header, Body: r.Body}, nil
		}}, []string{"by Verify, forged"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := conducted(acmeVendor(), &test.fault, acmeCases())
			if !found.have(test.want...) {
				t.Errorf("no finding has all of %q; found:\n%s", test.want, strings.Join(*found.found, "\n"))
			}
		})
	}
}

// insteadOf200 writes another status in the place of 200.
func insteadOf200(w http.ResponseWriter, status int) http.ResponseWriter { return &restatus{w, status} }

type restatus struct {
	http.ResponseWriter
	status int
}

func (r *restatus) WriteHeader(status int) {
	if status == http.StatusOK {
		status = r.status
	}
	r.ResponseWriter.WriteHeader(status)
}

func TestConformFindsWrongLists(t *testing.T) {
	shallow(t)
	for _, test := range []struct {
		name   string
		change func(v *Vendor, fixtures fstest.MapFS, cases *[]Case[*receiver])
		want   string
	}{
		{"an event without a case", func(_ *Vendor, _ fstest.MapFS, cases *[]Case[*receiver]) { *cases = (*cases)[:1] },
			"employee.left is in Vendor.Events and has no case"},
		{"a method without a case", func(_ *Vendor, _ fstest.MapFS, cases *[]Case[*receiver]) { *cases = (*cases)[:1] },
			"the method OnLeft takes callbacks for employee.left, which has no case"},
		{"a case without an event", func(v *Vendor, _ fstest.MapFS, _ *[]Case[*receiver]) { v.Events = v.Events[:1] },
			"employee.left has a case and is not in Vendor.Events"},
		{"two cases of one event", func(_ *Vendor, _ fstest.MapFS, cases *[]Case[*receiver]) { *cases = append(*cases, (*cases)[0]) },
			"employee:hired has two cases"},
		{"one event twice", func(v *Vendor, _ fstest.MapFS, _ *[]Case[*receiver]) { v.Events = append(v.Events, v.Events[0]) },
			"Vendor.Events has employee:hired twice"},
		{"a case with the wrong method", func(_ *Vendor, _ fstest.MapFS, cases *[]Case[*receiver]) {
			(*cases)[1] = On("employee.left", (*receiver).OnHired)
		}, `the case of employee.left registers a callback for ["employee:hired"]`},
		{"an event with another payload", func(v *Vendor, _ fstest.MapFS, _ *[]Case[*receiver]) { v.Events[1] = Of[hire]("employee.left") },
			"employee.left has a eventtest.hire in Vendor.Events and a eventtest.leave in its case"},
		{"no fixture", func(_ *Vendor, fixtures fstest.MapFS, _ *[]Case[*receiver]) {
			delete(fixtures, "testdata/employee.left.json")
		},
			"employee.left has no fixture: want testdata/employee.left.json"},
		{"a fixture of nothing", func(_ *Vendor, fixtures fstest.MapFS, _ *[]Case[*receiver]) {
			fixtures["testdata/old.json"] = &fstest.MapFile{Data: []byte("{}")}
		}, "testdata/old.json is the fixture of no event"},
		{"a fixture of another type", func(_ *Vendor, fixtures fstest.MapFS, _ *[]Case[*receiver]) {
			fixtures["testdata/employee.left.json"] = fixtures["testdata/employee-hired.json"]
		}, `says that its type is "employee:hired", want "employee.left"`},
		{"a fixture with someone's address", func(_ *Vendor, fixtures fstest.MapFS, _ *[]Case[*receiver]) {
			f := fixtures["testdata/employee-hired.json"]
			f.Data = bytes.ReplaceAll(f.Data, []byte("ines.falk@example.com"), []byte("ines.falk@example.net"))
		}, "the fixture of employee:hired has the address ines.falk@example.net"},
		{"no events at all", func(v *Vendor, _ fstest.MapFS, cases *[]Case[*receiver]) { v.Events, *cases = nil, nil },
			"there are 0 events and 0 cases"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fixtures := acmeFixtures()
			v := vendorOf(acme, fixtures, Of[hire]("employee:hired"), Of[leave]("employee.left"))
			cases := acmeCases()
			test.change(&v, fixtures, &cases)
			if found := conducted(v, new(fault), cases); !found.have(test.want) {
				t.Errorf("no finding has %q; found:\n%s", test.want, strings.Join(*found.found, "\n"))
			}
		})
	}
}

// hasty is a handler whose methods are not what they should be.
type hasty struct{ *event.Handler }

func (h *hasty) OnNothing(func(context.Context, *hire) error) {}
func (h *hasty) OnBoth(fn func(context.Context, *leave) error) {
	event.On(h.Handler, "a", fn)
	event.On(h.Handler, "b", fn)
}
func (h *hasty) OnName(string) {}

func TestConformFindsWrongMethods(t *testing.T) {
	v := acmeVendor()
	found := newFindings()
	conform(found, v, func(secret string, opts *event.Options) (*hasty, error) {
		h, err := v.NewHandler(secret, opts)
		return &hasty{h}, err
	}, nil)
	for _, want := range []string{
		"the method OnNothing: registers callbacks for [], want one type",
		`the method OnBoth: registers callbacks for ["a" "b"], want one type`,
		"the method OnName: takes func(string), want one callback",
	} {
		if !found.have(want) {
			t.Errorf("no finding has %q; found:\n%s", want, strings.Join(*found.found, "\n"))
		}
	}
}

// The payload types below are each wrong in one way.
type (
	forgetful struct { // does not model the manager
		ID    int64  `json:"id" validate:"required"`
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	misspelt struct { // encodes a name in another way than it decodes it
		hire
	}
	talkative struct { // logs a name
		hire
	}
	silentOutside struct { // logs a name only where a part is logged by itself
		hire
		Manager *talkativeManager `json:"manager"`
	}
	talkativeManager manager
	strict           struct { // stops at null
		hire
		Name never `json:"name"`
	}
	never    string
	unlogged struct { // is no slog.LogValuer
		ID int64 `json:"id" validate:"required"`
	}
	growing struct { // changes with each encoding
		hire
		Name growth `json:"name"`
	}
	growth string
)

func (f forgetful) LogValue() slog.Value { return slog.Int64Value(f.ID) }

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

func (g growth) MarshalJSON() ([]byte, error) { return json.Marshal(string(g) + "!") }

func TestConformFindsWrongPayloads(t *testing.T) {
	shallow(t)
	for _, test := range []struct {
		name    string
		conduct func() findings
		want    []string
	}{
		{"one that does not model a member", payloadOf[forgetful], []string{"the member manager.name of the fixture is", "and after decoding and encoding null"}},
		{"one that encodes a member under another name", payloadOf[misspelt], []string{`the member name of the fixture is "Ines Falk"`}},
		{"one that encodes to something else", payloadOf[growing], []string{"encodes to something else than it was decoded from"}},
		{"one that logs a name", payloadOf[talkative], []string{"with a string as name a eventtest.talkative that is logged with slog prints"}},
		{"one with a part that logs a name", payloadOf[silentOutside], []string{"with a string as manager.name a eventtest.talkativeManager that is logged"}},
		{"one that is no LogValuer", payloadOf[unlogged], []string{"eventtest.unlogged is no slog.LogValuer"}},
		{"one that stops at null", payloadOf[strict], []string{"with name null the payload does not decode"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if found := test.conduct(); !found.have(test.want...) {
				t.Errorf("no finding has all of %q; found:\n%s", test.want, strings.Join(*found.found, "\n"))
			}
		})
	}
}

// payloadOf is what Conform finds where the payload is a T.
func payloadOf[T any]() findings {
	fixtures := acmeFixtures()
	maps.DeleteFunc(fixtures, func(name string, _ *fstest.MapFile) bool { return name != "testdata/employee-hired.json" })
	found := newFindings()
	conform(found, vendorOf(acme, fixtures, Of[T]("employee:hired")), new(fault).newHandler, []Case[*receiver]{
		On("employee:hired", func(r *receiver, fn func(context.Context, *T) error) { on(r, "employee:hired", fn) }),
	})
	return found
}

func TestAnswersAreChecked(t *testing.T) {
	ok := http.Header{"Content-Type": {"application/json"}}
	for _, test := range []struct {
		name     string
		provider event.Provider
		answer   answer
		want     string
	}{
		{"200 without a body", acme, answer{status: 200, header: ok}, ""},
		{"200 with a body", acme, answer{status: 200, header: ok, body: "thanks"}, `the answer's body is "thanks"`},
		{"an error with its text", acme, answer{status: 500, header: ok, body: "Internal Server Error"}, ""},
		{"an error with another text", acme, answer{status: 500, header: ok, body: "sql: no rows"}, `the answer's body is "sql: no rows"`},
		{"405 without Allow", acme, answer{status: 405, header: ok, body: "Method Not Allowed"}, "405 without the header Allow"},
		{"503 without Retry-After", acme, answer{status: 503, header: ok, body: "Service Unavailable"}, "503 without the header Retry-After"},
		{"a person gets an object", bizarre, answer{status: 200, header: ok, body: "{}"}, ""},
		{"a person gets a message", bizarre, answer{status: 500, header: ok, body: `{"message":"Call us."}`}, ""},
		{"a person gets no message", bizarre, answer{status: 500, header: ok, body: `{"error":"x"}`}, `has no message in "message"`},
		{"a person gets text", bizarre, answer{status: 500, header: ok, body: "Internal Server Error"}, "the answer is no JSON object"},
		{"a person gets an object that does not say so", bizarre, answer{status: 200, header: http.Header{}, body: "{}"}, "Content-Type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := newFindings()
			test.answer.checkForm(found, test.provider)
			if (test.want == "") != (len(*found.found) == 0) || test.want != "" && !found.have(test.want) {
				t.Errorf("found %q, want %q", *found.found, test.want)
			}
		})
	}
}

func TestSurvives(t *testing.T) {
	for _, test := range []struct {
		want, got string
		survives  bool
	}{
		{`"a"`, `"a"`, true},
		{`"a"`, `"b"`, false},
		{`"a"`, `null`, false},
		{`1`, `"1"`, true},
		{`1`, `1.0`, true},
		{`1e3`, `1000`, true},
		{`1`, `2`, false},
		{`"1"`, `1`, true},
		{`14.509`, `14.509`, true},
		{`9007199254740993`, `9007199254740992`, false},
		{`"2026-03-02T08:00:00.000Z"`, `"2026-03-02T09:00:00+01:00"`, true},
		{`"2026-03-02T08:00:00Z"`, `"2026-03-02T08:00:01Z"`, false},
		{`null`, `""`, true},
		{`null`, `"0001-01-01T00:00:00Z"`, true},
		{`null`, `{"a":null,"b":[]}`, true},
		{`null`, `"a"`, false},
		{`false`, `null`, true},
		{`true`, `false`, false},
		{`true`, `"true"`, true},
		{`87`, `{"score":87}`, true},
		{`87`, `{"score":88}`, false},
		{`[1,2]`, `[1,2]`, true},
		{`[1,2]`, `[1]`, false},
		{`{"a":1}`, `{}`, true}, // its members are compared by themselves
		{`{"a":1}`, `null`, false},
	} {
		if got := survives(mustParse([]byte(test.want)), mustParse([]byte(test.got))); got != test.survives {
			t.Errorf("survives(%s, %s) is %v", test.want, test.got, got)
		}
	}
}

func TestIsID(t *testing.T) {
	for name, want := range map[string]bool{
		"id": true, "uid": true, "integration_id": true, "externalOpeningId": true, "interviewer_ids": true, "person_uid": true,
		"id_number": false, "name": false, "email": false, "paid": false, "valid": false, "Fluid": false, "hybrid": false,
	} {
		if isID(name) != want {
			t.Errorf("isID(%q) is %v", name, !want)
		}
	}
}

func TestPathsAndEdits(t *testing.T) {
	data := []byte(`{"a":{"b":[1,{"c":"x"}]},"d":null}`)
	var got []string
	for _, p := range paths(mustParse(data)) {
		got = append(got, p.String())
	}
	if want := []string{"a", "a.b", "a.b[0]", "a.b[1]", "a.b[1].c", "d"}; !slices.Equal(got, want) {
		t.Errorf("paths are %q, want %q", got, want)
	}
	for _, test := range []struct{ got, want string }{
		{string(with(data, path{"a", "b", 1, "c"}, true)), `{"a":{"b":[1,{"c":true}]},"d":null}`},
		{string(without(data, path{"a", "b", 0})), `{"a":{"b":[{"c":"x"}]},"d":null}`},
		{string(without(data, path{"a"})), `{"d":null}`},
		{string(without(data, path{"nowhere", "b"})), string(data)},
		{string(adding(data, "e", "2")), `{"a":{"b":[1,{"c":"x"}]},"d":null,"e":2}`},
		{string(dropping(data, "a")), `{"d":null}`},
		{string(renaming(data, "d", "e")), `{"a":{"b":[1,{"c":"x"}]},"e":null}`},
		{escapedName("type"), `\u0074ype`},
		{otherCase("type"), "Type"},
		{otherCase("Type"), "type"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

func TestServeSeesPanics(t *testing.T) {
	tr := &trial{provider: acme}
	tr.Receiver = &receiver{fault: &fault{serve: func(http.Handler, http.ResponseWriter, *http.Request) { panic("x") }}}
	if a := tr.serve(newShot(acme, "employee.left", secret, []byte("{}"), time.Now())); a.status != 0 || !strings.Contains(a.body, "panicked") {
		t.Errorf("the answer is %+v", a)
	}
}
