package comeet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
)

const secret = "a secret of the tests"

// generalMessage is what the recruiter reads where nothing else was said.
const generalMessage = "The connected system could not process this hire. Please try again. " +
	"If it keeps failing, ask the administrator of the integration for help."

func TestConformance(t *testing.T) {
	eventtest.Conform(t, comeettest.Vendor, comeet.NewHandler,
		eventtest.OnReply(comeet.TypeRequestQuestionnaire, (*comeet.Handler).OnRequestQuestionnaire),
		eventtest.On(comeet.TypeCreateEmployee, (*comeet.Handler).OnCreateEmployee),
	)
}

// receiver is a handler of a test's, with what it reported.
type receiver struct {
	*comeet.Handler
	log     bytes.Buffer
	results []event.Result
}

// newReceiver makes a receiver that observes and logs; opts may be nil.
func newReceiver(t *testing.T, opts *event.Options) *receiver {
	t.Helper()
	if opts == nil {
		opts = &event.Options{}
	}
	key := secret
	if opts.Secrets != nil {
		key = ""
	}
	r := new(receiver)
	opts.Logger = slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts.Observe = func(_ context.Context, res event.Result) { r.results = append(r.results, res) }
	h, err := comeet.NewHandler(key, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Handler = h
	return r
}

// send lets the webhook of that type answer a request.
func (r *receiver) send(typ string, req *http.Request) *httptest.ResponseRecorder {
	webhook := r.CreateEmployee()
	if typ == comeet.TypeRequestQuestionnaire {
		webhook = r.RequestQuestionnaire()
	}
	w := httptest.NewRecorder()
	webhook.ServeHTTP(w, req)
	return w
}

// last is what was reported of the last delivery.
func (r *receiver) last() event.Result { return r.results[len(r.results)-1] }

// signed is a signed request with the body, for no webhook in particular.
func signed(t *testing.T, body string) *http.Request {
	t.Helper()
	return comeettest.Vendor.Signed(t, secret, comeet.TypeCreateEmployee, []byte(body))
}

// members decodes an answer, which must be a JSON object whose display_message
// is not blank, and be declared as one.
func members(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q, want application/json", got)
	}
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("the answer is no JSON object: %v\n%s", err, w.Body)
	}
	return m
}

func TestSignatureOfAnIndependentTool(t *testing.T) {
	// printf '%s' BODY | openssl dgst -sha256 -hmac SECRET, with OpenSSL 3.
	const (
		key  = "comeet-known-answer-key"
		body = `{"comeet_id":"2B7.4F","first_name":"Noor"}`
		mac  = "b96ded311c008f3b8196b171325fe88316523944c54f2ab4c8ad8e2096fa4d53"
	)
	flipped := "0" + mac[1:]
	for name, test := range map[string]struct {
		header []string
		want   int
	}{
		"as Comeet sends it":       {[]string{"sha256 " + mac}, 200},
		"in upper case":            {[]string{"sha256 " + strings.ToUpper(mac)}, 200},
		"no header":                {nil, 401},
		"empty":                    {[]string{""}, 401},
		"without the word":         {[]string{mac}, 401},
		"with an equals sign":      {[]string{"sha256=" + mac}, 401},
		"with two spaces":          {[]string{"sha256  " + mac}, 401},
		"with another word":        {[]string{"sha512 " + mac}, 401},
		"the word alone":           {[]string{"sha256 "}, 401},
		"one digit short":          {[]string{"sha256 " + mac[1:]}, 401},
		"one digit too many":       {[]string{"sha256 " + mac + "0"}, 401},
		"one digit changed":        {[]string{"sha256 " + flipped}, 401},
		"twice":                    {[]string{"sha256 " + mac, "sha256 " + mac}, 401},
		"a good one after a bad":   {[]string{"sha256 " + flipped, "sha256 " + mac}, 401},
		"both in one header":       {[]string{"sha256 " + mac + ", sha256 " + mac}, 401},
		"in base64":                {[]string{"sha256 uW3tMRwAjzuBlrFxMl/ogxZSOUTFTyq0yK2OIJb6TVM="}, 401},
		"of another body, a hex 0": {[]string{"sha256 " + strings.Repeat("0", 64)}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := comeet.NewHandler(key, nil)
			if err != nil {
				t.Fatal(err)
			}
			called := false
			h.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { called = true; return nil })
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Header["Signature"] = test.header
			w := httptest.NewRecorder()
			h.CreateEmployee().ServeHTTP(w, r)
			if w.Code != test.want || called != (test.want == 200) {
				t.Errorf("answered %d, callback called: %t; want %d", w.Code, called, test.want)
			}
		})
	}
}

func TestOnlySuccessIs200(t *testing.T) {
	cause := errors.New("the cause is a secret")
	fails := func(err error) func(*receiver) {
		return func(r *receiver) {
			r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { return err })
			r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { return nil, err })
		}
	}
	succeeds := fails(nil)
	good := string(comeettest.Vendor.Body(comeet.TypeCreateEmployee))
	for _, test := range []struct {
		name  string
		setup func(*receiver)
		body  string // "" is good
		edit  func(*http.Request)
		want  int
		kind  event.Kind
	}{
		{name: "success", setup: succeeds, want: 200, kind: event.Handled},
		{name: "error", setup: fails(cause), want: 500, kind: event.Failed},
		{name: "permanent", setup: fails(event.Permanent(cause)), want: 422, kind: event.Dropped},
		{name: "ignore", setup: fails(event.Ignore(cause)), want: 422, kind: event.Ignored},
		{name: "ignore without a reason", setup: fails(event.Ignore(nil)), want: 422, kind: event.Ignored},
		{name: "retry after", setup: fails(event.RetryAfter(time.Minute, cause)), want: 503, kind: event.Unavailable},
		{name: "panic", want: 500, kind: event.Panicked, setup: func(r *receiver) {
			r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { panic(cause) })
			r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { panic(cause) })
		}},
		{name: "no callback", want: 501, kind: event.Unhandled},
		{name: "OnOther acknowledges", want: 501, kind: event.Unhandled, setup: func(r *receiver) {
			r.OnOther(func(context.Context, *event.Delivery) error { return nil })
		}},
		{name: "no comeet_id", setup: succeeds, body: `{"first_name":"Noor"}`, want: 422, kind: event.Undecodable},
		{name: "comeet_id is null", setup: succeeds, body: `{"comeet_id":null}`, want: 422, kind: event.Undecodable},
		{name: "comeet_id is empty", setup: succeeds, body: `{"comeet_id":""}`, want: 422, kind: event.Undecodable},
		{name: "comeet_id is an object", setup: succeeds, body: `{"comeet_id":{}}`, want: 422, kind: event.Undecodable},
		{name: "another shape", setup: succeeds, body: `{"comeet_id":"1","email":["a@example.com"]}`, want: 422, kind: event.Undecodable},
		{name: "OnInvalid acknowledges", body: `{}`, want: 422, kind: event.Undecodable, setup: func(r *receiver) {
			succeeds(r)
			r.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}},
		{name: "an array", setup: succeeds, body: `[]`, want: 400, kind: event.Unreadable},
		{name: "no JSON", setup: succeeds, body: `comeet_id=1`, want: 400, kind: event.Unreadable},
		{name: "comeet_id twice", setup: succeeds, body: `{"comeet_id":"1","comeet_id":"2"}`, want: 400, kind: event.Unreadable},
		{name: "too large", setup: succeeds, body: `{"comeet_id":"` + strings.Repeat("1", 1<<20) + `"}`, want: 413, kind: event.TooLarge},
		{name: "no POST", setup: succeeds, edit: func(r *http.Request) { r.Method = http.MethodGet }, want: 405, kind: event.BadMethod},
		{name: "no signature", setup: succeeds, edit: func(r *http.Request) { r.Header.Del("Signature") }, want: 401, kind: event.Unverified},
		{name: "another body's signature", setup: succeeds, want: 401, kind: event.Unverified, edit: func(r *http.Request) {
			r.Header.Set("Signature", "sha256 "+strings.Repeat("0", 64))
		}},
	} {
		for _, typ := range events {
			t.Run(test.name+" "+typ, func(t *testing.T) {
				r := newReceiver(t, nil)
				if test.setup != nil {
					test.setup(r)
				}
				body := test.body
				if body == "" {
					body = good
				}
				req := signed(t, body)
				if test.edit != nil {
					test.edit(req)
				}
				w := r.send(typ, req)
				if w.Code != test.want || r.last().Kind != test.kind || r.last().Status != test.want {
					t.Errorf("answered %d, observed %s and %d; want %d and %s", w.Code, r.last().Kind, r.last().Status, test.want, test.kind)
				}
				want := map[string]any{"display_message": generalMessage}
				if test.want == 200 {
					want = map[string]any{}
				}
				if diff := cmp.Diff(want, members(t, w)); diff != "" {
					t.Errorf("answer (-want +got)\n%s", diff)
				}
			})
		}
	}
}

func TestTheHandlerItselfAnswersNoDelivery(t *testing.T) {
	r := newReceiver(t, nil)
	r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { t.Error("called"); return nil })
	w := httptest.NewRecorder()
	r.ServeHTTP(w, signed(t, string(fixture(comeet.TypeCreateEmployee))))
	if w.Code != 500 || r.last().Kind != event.Misconnected || members(t, w)["display_message"] != generalMessage {
		t.Errorf("answered %d %s, observed %s", w.Code, w.Body, r.last().Kind)
	}
}

func TestARefusalIsWhatTheRecruiterSees(t *testing.T) {
	exists := &comeet.Refusal{
		Status:         http.StatusConflict,
		DisplayMessage: "There is an employee with this number. Correct it and try again.",
		Details:        map[string]any{"code": "duplicate", "employee": map[string]any{"number": 7.0}},
		Err:            errors.New("for the log alone"),
	}
	full := map[string]any{
		"display_message": exists.DisplayMessage,
		"code":            "duplicate", "employee": map[string]any{"number": 7.0},
	}
	for _, test := range []struct {
		name   string
		err    error
		status int
		want   map[string]any
	}{
		{"with everything", exists, 409, full},
		{"wrapped", errors.Join(errors.New("while creating"), exists), 409, full},
		{"permanent", event.Permanent(exists), 409, full},
		{"ignored", event.Ignore(exists), 409, full},
		{"without anything", &comeet.Refusal{}, 422, map[string]any{"display_message": generalMessage}},
		{"with a success for a status", &comeet.Refusal{Status: 200, DisplayMessage: "No."}, 422, map[string]any{"display_message": "No."}},
		{"with a redirect for a status", &comeet.Refusal{Status: 302, DisplayMessage: "No."}, 422, map[string]any{"display_message": "No."}},
		{"with a server's status", &comeet.Refusal{Status: 502, DisplayMessage: "Later."}, 502, map[string]any{"display_message": "Later."}},
		{"with a detail of the message's name", &comeet.Refusal{DisplayMessage: "No.", Details: map[string]any{"display_message": "Yes."}}, 422, map[string]any{"display_message": "No."}},
		{"with a detail that is no JSON", &comeet.Refusal{DisplayMessage: "No.", Details: map[string]any{"f": func() {}}}, 422, map[string]any{"display_message": "No."}},
	} {
		for _, typ := range events {
			t.Run(test.name+" "+typ, func(t *testing.T) {
				r := newReceiver(t, nil)
				r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { return test.err })
				r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) {
					return everyKind(), test.err
				})
				w := r.send(typ, comeettest.NewRequest(t, secret, typ))
				if w.Code != test.status {
					t.Errorf("answered %d, want %d", w.Code, test.status)
				}
				if diff := cmp.Diff(test.want, members(t, w)); diff != "" {
					t.Errorf("answer (-want +got)\n%s", diff)
				}
				if _, ok := errors.AsType[*comeet.Refusal](r.last().Err); !ok {
					t.Errorf("observed %v, want the refusal", r.last().Err)
				}
			})
		}
	}
}

func TestASinkIsRefused(t *testing.T) {
	h, err := comeet.NewHandler(secret, &event.Options{Sink: noSink{}})
	if err == nil || h != nil {
		t.Errorf("NewHandler = %v, %v; want an error alone", h, err)
	}
}

// noSink is a sink that nothing may reach.
type noSink struct{}

func (noSink) Put(context.Context, *event.Delivery) error { panic("reached") }

func TestAQuestionnaireIsSent(t *testing.T) {
	r := newReceiver(t, nil)
	var got *comeet.Candidate
	r.OnRequestQuestionnaire(func(_ context.Context, c *comeet.Candidate) (*comeet.Questionnaire, error) {
		got = c
		return everyKind(), nil
	})
	w := r.send(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
	want, err := json.Marshal(everyKind())
	if err != nil {
		t.Fatal(err)
	}
	if w.Code != 200 || w.Body.String() != string(want) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answered %d %q\n%s\nwant\n%s", w.Code, w.Header(), w.Body, want)
	}
	sent := comeettest.RequestQuestionnaire()
	sent.Resume.Expires, sent.Picture.Expires = got.Resume.Expires, got.Picture.Expires
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("candidate (-want +got)\n%s", diff)
	}
}

func TestAQuestionnaireWithNothingToAsk(t *testing.T) {
	for want, q := range map[string]*comeet.Questionnaire{`{}`: nil, `{"questions":[]}`: {}} {
		r := newReceiver(t, nil)
		r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { return q, nil })
		w := r.send(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%v is answered %d %s, want %s", q, w.Code, w.Body, want)
		}
	}
}

func TestABrokenQuestionnaireIsAnErrorToTheDeveloper(t *testing.T) {
	r := newReceiver(t, nil)
	r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) {
		return everyKind().Dropdown("unit", "Which unit?"), nil
	})
	w := r.send(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
	if w.Code != 500 {
		t.Errorf("answered %d, want 500", w.Code)
	}
	if diff := cmp.Diff(map[string]any{"display_message": generalMessage}, members(t, w)); diff != "" {
		t.Errorf("answer (-want +got)\n%s", diff)
	}
	const want = `comeet request-questionnaire 2B7.4F: callback: the answer is not sent: comeet: questionnaire: question 5 (uid "unit"): dropdown without options`
	if got := r.last().Err; got == nil || got.Error() != want {
		t.Errorf("observed %v, want %s", got, want)
	}
	if !strings.Contains(r.log.String(), "dropdown without options") {
		t.Errorf("logged %s", &r.log)
	}
}

func TestAnyJSONAnswersTheQuestionnaireRequest(t *testing.T) {
	answer(t, "a map", map[string]any{"form": []int{1}}, `{"form":[1]}`)
	answer(t, "a list", []string{"a"}, `["a"]`)
	answer(t, "an empty list", []string{}, `[]`)
	answer(t, "raw JSON", json.RawMessage(`{"form":{}}`), `{"form":{}}`)
	answer(t, "a type of one's own", struct {
		Fields []comeet.Question `json:"fields"`
	}{everyKind().Questions[:1]}, `{"fields":[{"uid":"1","type":"short_answer","title":"Full legal name"}]}`)
}

// answer registers a callback that answers with any R.
func answer[R any](t *testing.T, name string, v R, want string) {
	t.Run(name, func(t *testing.T) {
		r := newReceiver(t, nil)
		event.OnReply(r.Handler.Handler, comeet.TypeRequestQuestionnaire, func(context.Context, *comeet.Candidate) (R, error) { return v, nil })
		w := r.send(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("answered %d %s, want %s", w.Code, w.Body, want)
		}
	})
}

func TestAWiringMistakePanics(t *testing.T) {
	create := func(context.Context, *comeet.Candidate) error { return nil }
	request := func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { return nil, nil }
	for name, wire := range map[string]func(*comeet.Handler){
		"nil " + comeet.TypeCreateEmployee:          func(h *comeet.Handler) { h.OnCreateEmployee(nil) },
		"nil " + comeet.TypeRequestQuestionnaire:    func(h *comeet.Handler) { h.OnRequestQuestionnaire(nil) },
		"second " + comeet.TypeCreateEmployee:       func(h *comeet.Handler) { h.OnCreateEmployee(create); h.OnCreateEmployee(create) },
		"second " + comeet.TypeRequestQuestionnaire: func(h *comeet.Handler) { h.OnRequestQuestionnaire(request); h.OnRequestQuestionnaire(request) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				_, typ, _ := strings.Cut(name, " ")
				if p, _ := recover().(string); !strings.Contains(p, typ) {
					t.Errorf("panicked with %q, want the event's name in it", p)
				}
			}()
			wire(newReceiver(t, nil).Handler)
		})
	}
}

func TestLinksExpireReckonedFromReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, nil)
		var got *comeet.Candidate
		var d *event.Delivery
		r.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
			got = c
			d, _ = event.FromContext(ctx)
			return nil
		})
		time.Sleep(time.Hour)
		if w := r.send(comeet.TypeCreateEmployee, comeettest.NewRequest(t, secret, comeet.TypeCreateEmployee)); w.Code != 200 {
			t.Fatalf("answered %d", w.Code)
		}
		now := time.Now()
		if !got.Resume.Expires.Equal(now.Add(180*time.Second)) || !got.Picture.Expires.Equal(now.Add(200*time.Second)) {
			t.Errorf("received at %v, the links die at %v and %v", now, got.Resume.Expires, got.Picture.Expires)
		}
		if !d.OccurredAt.IsZero() || d.ID != "2B7.4F" || d.Type != comeet.TypeCreateEmployee {
			t.Errorf("delivery %v %q %q", d.OccurredAt, d.ID, d.Type)
		}
	})
}

func TestUnmodelledMembersAreAtHand(t *testing.T) {
	r := newReceiver(t, nil)
	const body = `{"comeet_id":"1","onboarding_buddy":{"uid":9}}`
	var payload []byte
	r.OnCreateEmployee(func(ctx context.Context, _ *comeet.Candidate) error {
		d, _ := event.FromContext(ctx)
		payload = d.Payload
		return nil
	})
	if w := r.send(comeet.TypeCreateEmployee, signed(t, body)); w.Code != 200 || string(payload) != body {
		t.Errorf("answered %d, payload %s", w.Code, payload)
	}
}

func TestAStoreKnowsACandidateByWebhookAndTenant(t *testing.T) {
	create, ask := comeet.TypeCreateEmployee, comeet.TypeRequestQuestionnaire
	for _, test := range []struct {
		name          string
		first, second func(t *testing.T) (typ string, r *http.Request)
		calls         int
	}{
		{"the same again", body(create, "/acme", `{"comeet_id":"1"}`), body(create, "/acme", `{"comeet_id":"1"}`), 1},
		{"the same with other links", body(create, "/acme", `{"comeet_id":"1","resume":{"url":"a"}}`), body(create, "/acme", `{"comeet_id":"1","resume":{"url":"b"}}`), 1},
		{"another candidate", body(create, "/acme", `{"comeet_id":"1"}`), body(create, "/acme", `{"comeet_id":"2"}`), 2},
		{"another company", body(create, "/acme", `{"comeet_id":"1"}`), body(create, "/globex", `{"comeet_id":"1"}`), 2},
		{"another webhook", body(ask, "/acme", `{"comeet_id":"1"}`), body(create, "/acme", `{"comeet_id":"1"}`), 2},
		{"questionnaires are answered each time", body(ask, "/acme", `{"comeet_id":"1"}`), body(ask, "/acme", `{"comeet_id":"1"}`), 2},
		{"a number and the same text", body(create, "/acme", `{"comeet_id":1}`), body(create, "/acme", `{"comeet_id":"1"}`), 1},
		{"ids that are not plain", body(create, "/acme", `{"comeet_id":"a\u0000"}`), body(create, "/acme", `{"comeet_id":"b\u0000"}`), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newReceiver(t, &event.Options{
				Store:  event.NewMemoryStore(nil),
				Tenant: func(r *http.Request) string { return r.URL.Path },
			})
			calls := 0
			r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { calls++; return nil })
			r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) {
				calls++
				return everyKind(), nil
			})
			for _, send := range []func(*testing.T) (string, *http.Request){test.first, test.second} {
				typ, req := send(t)
				w := r.send(typ, req)
				if w.Code != 200 || (typ == ask) != strings.Contains(w.Body.String(), "questions") {
					t.Errorf("answered %d %s", w.Code, w.Body)
				}
			}
			if calls != test.calls {
				t.Errorf("%d calls, want %d", calls, test.calls)
			}
		})
	}
}

// body makes a signed request to the webhook of that type.
func body(typ, target, body string) func(t *testing.T) (string, *http.Request) {
	return func(t *testing.T) (string, *http.Request) {
		return typ, comeettest.Vendor.Signed(t, secret, typ, []byte(body), eventtest.To(target))
	}
}

func TestAStoreTellsTheWebhooksApart(t *testing.T) {
	r := newReceiver(t, &event.Options{Store: event.NewMemoryStore(nil)})
	var called []string
	for _, typ := range events {
		event.On(r.Handler.Handler, typ, func(context.Context, *comeet.Candidate) error { called = append(called, typ); return nil })
	}
	for range 2 {
		for _, typ := range events {
			r.send(typ, signed(t, `{"comeet_id":"1"}`))
		}
	}
	if diff := cmp.Diff(events, called); diff != "" {
		t.Errorf("callbacks (-want +got)\n%s", diff)
	}
}

func TestWithAStoreTheRecruiterCanTryAgain(t *testing.T) {
	r := newReceiver(t, &event.Options{Store: event.NewMemoryStore(nil)})
	outcomes := []error{errors.New("down"), &comeet.Refusal{DisplayMessage: "No."}, event.Permanent(errors.New("no")), event.Ignore(nil), nil}
	calls := 0
	r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { calls++; return outcomes[calls-1] })
	var codes []int
	for range len(outcomes) + 1 {
		codes = append(codes, r.send(comeet.TypeCreateEmployee, comeettest.NewRequest(t, secret, comeet.TypeCreateEmployee)).Code)
	}
	if diff := cmp.Diff([]int{500, 422, 422, 422, 200, 200}, codes); diff != "" || calls != len(outcomes) {
		t.Errorf("%d calls (-want +got)\n%s", calls, diff)
	}
}

// companies is how a service for several companies finds its secrets.
func companies(t *testing.T) (*receiver, http.Handler) {
	t.Helper()
	secrets := map[string][]string{"acme": {"acme's secret", "acme's old secret"}, "globex": {"globex's secret"}}
	r := newReceiver(t, &event.Options{
		Tenant: func(r *http.Request) string { return r.PathValue("company") },
		Secrets: func(_ context.Context, company string) ([]string, error) {
			if company == "down" {
				return nil, errors.New("the database is down")
			}
			return secrets[company], nil
		},
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/comeet/{company}/create-employee", r.CreateEmployee())
	mux.Handle("POST /hooks/comeet/{company}/request-questionnaire", r.RequestQuestionnaire())
	return r, mux
}

func TestEachCompanyHasItsSecret(t *testing.T) {
	var unknown string // the answer to a company that nobody knows
	for _, test := range []struct {
		name, company, secret string
		want                  int
	}{
		{"its own", "acme", "acme's secret", 200},
		{"its previous one", "acme", "acme's old secret", 200},
		{"another's", "acme", "globex's secret", 401},
		{"its own at another's URL", "globex", "acme's secret", 401},
		{"the other's", "globex", "globex's secret", 200},
		{"an unknown company", "initech", "acme's secret", 401},
		{"secrets out of reach", "down", "acme's secret", 503},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, mux := companies(t)
			var tenant string
			r.OnCreateEmployee(func(ctx context.Context, _ *comeet.Candidate) error {
				d, _ := event.FromContext(ctx)
				tenant = d.Tenant
				return nil
			})
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, comeettest.NewRequest(t, test.secret, comeet.TypeCreateEmployee,
				eventtest.To("/hooks/comeet/"+test.company+"/create-employee")))
			if w.Code != test.want || (tenant == test.company) != (test.want == 200) {
				t.Errorf("answered %d, tenant %q; want %d", w.Code, tenant, test.want)
			}
			if test.want == 401 {
				if unknown == "" {
					unknown = w.Body.String()
				}
				if got := w.Body.String(); got != unknown {
					t.Errorf("an unknown company and a bad signature are told apart: %s and %s", got, unknown)
				}
			}
		})
	}
}

// The package comment says so, and what to do about it.
func TestACapturedQuestionnaireRequestVerifiesWhereEmployeesAreCreated(t *testing.T) {
	r := newReceiver(t, nil)
	r.OnCreateEmployee(func(_ context.Context, c *comeet.Candidate) error {
		if _, ok := c.Answer("1"); !ok {
			return &comeet.Refusal{Status: http.StatusBadRequest, DisplayMessage: "The questions of the hire form were not answered."}
		}
		return nil
	})
	for typ, want := range map[string]int{comeet.TypeRequestQuestionnaire: 400, comeet.TypeCreateEmployee: 200} {
		w := r.send(comeet.TypeCreateEmployee, comeettest.NewRequest(t, secret, typ))
		if w.Code != want {
			t.Errorf("the body of %s is answered %d, want %d", typ, w.Code, want)
		}
	}
}

func TestNothingPersonalIsAnsweredOrLogged(t *testing.T) {
	wrongShapes := map[string]string{
		"a member of another shape":   `{"comeet_id":"1","email":{"` + canary + `":"` + canary + `"}}`,
		"a time that is none":         `{"comeet_id":"1","time_created":"` + canary + `"}`,
		"a list that is none":         `{"comeet_id":"1","links":"` + canary + `"}`,
		"answers that are no list":    `{"comeet_id":"1","partner_questionnaire":[{"uid":"1","answers":"` + canary + `"}]}`,
		"an id that is an object":     `{"comeet_id":"1","position":{"position_id":{"` + canary + `":1}}}`,
		"custom fields that are none": `{"comeet_id":"1","opening":{"custom_fields":["` + canary + `"]}}`,
		"no id":                       `{"email":"` + canary + `"}`,
		"no end":                      `{"comeet_id":"1","email":"` + canary,
		"no JSON":                     canary,
		"a name twice":                `{"comeet_id":"1","comeet_id":"` + canary + `"}`,
	}
	person, err := json.Marshal(canaried(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"error": errors.New("down"), "refusal": &comeet.Refusal{DisplayMessage: "No."}, "panic": nil} {
		t.Run("a callback's "+name, func(t *testing.T) {
			r := newReceiver(t, nil)
			r.OnCreateEmployee(func(_ context.Context, c *comeet.Candidate) error {
				if err == nil {
					panic(*c.Email)
				}
				return err
			})
			w := r.send(comeet.TypeCreateEmployee, signed(t, string(person)))
			checkSilence(t, r, w)
		})
	}
	for name, body := range wrongShapes {
		t.Run(name, func(t *testing.T) {
			for _, validation := range []event.Validation{event.ValidateRequired, event.ValidateAll} {
				r := newReceiver(t, &event.Options{Validation: validation})
				r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { t.Error("called"); return nil })
				w := r.send(comeet.TypeCreateEmployee, signed(t, body))
				checkSilence(t, r, w)
			}
		})
	}
	t.Run("links that are none", func(t *testing.T) {
		r := newReceiver(t, &event.Options{Validation: event.ValidateAll})
		r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { t.Error("called"); return nil })
		w := r.send(comeet.TypeCreateEmployee, signed(t, `{"comeet_id":"1","resume":{"url":"`+canary+`"},"picture":{"url":"`+canary+`"}}`))
		checkSilence(t, r, w)
	})
}

// checkSilence fails if a delivery that failed left personal data anywhere.
func checkSilence(t *testing.T, r *receiver, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code == 200 || r.last().Err == nil {
		t.Errorf("answered %d, observed %v: nothing failed", w.Code, r.last().Err)
	}
	if r.log.Len() == 0 {
		t.Error("nothing was logged")
	}
	for where, s := range map[string]string{"answer": w.Body.String(), "log": r.log.String(), "error": r.last().Err.Error()} {
		if strings.Contains(s, canary) || strings.Contains(s, canaryDate) {
			t.Errorf("the %s holds personal data: %s", where, s)
		}
	}
}

func TestFixturesPassEveryValidation(t *testing.T) {
	for _, typ := range events {
		r := newReceiver(t, &event.Options{Validation: event.ValidateAll})
		r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { return nil })
		r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { return nil, nil })
		if w := r.send(typ, comeettest.NewRequest(t, secret, typ)); w.Code != 200 {
			t.Errorf("%s is answered %d: %v", typ, w.Code, r.last().Err)
		}
	}
}
