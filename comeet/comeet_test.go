package comeet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/validate"
	"github.com/atshooks/atshooks/internal/schematest"
)

const secret = "a secret of the tests"

// generalMessage is what the recruiter reads if the callback gave no message.
const generalMessage = "The connected system could not process this hire. Please try again. " +
	"If it keeps failing, ask the administrator of the integration for help."

func TestConformance(t *testing.T) {
	eventtest.Conform(t, comeettest.Vendor, comeet.New)
}

func TestNewHandlerReturnsNothingBesideAnError(t *testing.T) {
	for _, secret := range []string{"", " ", "secret\n"} {
		if h, err := comeet.NewHandler(secret, nil); err == nil || h != nil {
			t.Errorf("NewHandler(%q) = %v, %v", secret, h, err)
		}
	}
	if h, err := comeet.NewHandler(secret, &event.Options{Inbox: noInbox{}}); err == nil || h != nil {
		t.Errorf("with an inbox, NewHandler = %v, %v", h, err)
	}
}

// OpenSSL 3 made the signature:
//
//	printf '%s' "$body" | openssl dgst -sha256 -hmac comeet-known-answer-key
func TestSignaturesMadeElsewhereVerify(t *testing.T) {
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
			h, err := comeet.NewHandler(key, &event.Options{Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			called := false
			h.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { called = true; return nil })
			r := httptest.NewRequest(http.MethodPost, "/create-employee", strings.NewReader(body))
			r.Header["Signature"] = test.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.want || called != (test.want == 200) {
				t.Errorf("%d, callback called: %t; want %d", w.Code, called, test.want)
			}
		})
	}
}

func TestOnlySuccessIs200(t *testing.T) {
	cause := errors.New("the cause is a secret")
	fails := func(err error) func(*reporting) {
		return func(r *reporting) {
			r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { return err })
			r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { return nil, err })
		}
	}
	succeeds := fails(nil)
	good := string(comeettest.Vendor.Body(comeet.TypeCreateEmployee))
	for _, test := range []struct {
		name  string
		setup func(*reporting)
		body  string // "" is good
		edit  func(*http.Request)
		want  int
		kind  event.Kind
	}{
		{name: "success", setup: succeeds, want: 200, kind: event.KindHandled},
		{name: "error", setup: fails(cause), want: 500, kind: event.KindFailed},
		{name: "permanent", setup: fails(event.Permanent(cause)), want: 422, kind: event.KindPermanent},
		{name: "ignore", setup: fails(event.Ignore(cause)), want: 422, kind: event.KindIgnored},
		{name: "ignore without a reason", setup: fails(event.Ignore(nil)), want: 422, kind: event.KindIgnored},
		{name: "retry after", setup: fails(event.RetryAfter(time.Minute, cause)), want: 503, kind: event.KindUnavailable},
		{name: "panic", want: 500, kind: event.KindPanicked, setup: func(r *reporting) {
			r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { panic(cause) })
			r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { panic(cause) })
		}},
		{name: "no callback", want: 501, kind: event.KindUnhandled},
		{name: "OnOther acknowledges", want: 501, kind: event.KindUnhandled, setup: func(r *reporting) {
			r.OnOther(func(context.Context, *event.Delivery) error { return nil })
		}},
		{name: "no comeet_id", setup: succeeds, body: `{"first_name":"Noor"}`, want: 422, kind: event.KindUndecodable},
		{name: "comeet_id is null", setup: succeeds, body: `{"comeet_id":null}`, want: 422, kind: event.KindUndecodable},
		{name: "comeet_id is empty", setup: succeeds, body: `{"comeet_id":""}`, want: 422, kind: event.KindUndecodable},
		{name: "comeet_id is an object", setup: succeeds, body: `{"comeet_id":{}}`, want: 422, kind: event.KindUndecodable},
		{name: "comeet_id is a list", setup: succeeds, body: `{"comeet_id":["1"]}`, want: 422, kind: event.KindUndecodable},
		{name: "comeet_id is true", setup: succeeds, body: `{"comeet_id":true}`, want: 422, kind: event.KindUndecodable},
		{name: "OnInvalid acknowledges", body: `{}`, want: 422, kind: event.KindUndecodable, setup: func(r *reporting) {
			succeeds(r)
			r.OnInvalid(func(context.Context, *event.Delivery, error) error { return nil })
		}},
		{name: "an array", setup: succeeds, body: `[]`, want: 400, kind: event.KindUnreadable},
		{name: "no JSON", setup: succeeds, body: `comeet_id=1`, want: 400, kind: event.KindUnreadable},
		{name: "comeet_id twice", setup: succeeds, body: `{"comeet_id":"1","comeet_id":"2"}`, want: 400, kind: event.KindUnreadable},
		{name: "too large", setup: succeeds, body: `{"comeet_id":"` + strings.Repeat("1", 1<<20) + `"}`, want: 413, kind: event.KindTooLarge},
		{name: "no POST", setup: succeeds, edit: func(r *http.Request) { r.Method = http.MethodGet }, want: 405, kind: event.KindBadMethod},
		{name: "no signature", setup: succeeds, edit: func(r *http.Request) { r.Header.Del("Signature") }, want: 401, kind: event.KindUnverified},
		{name: "another body's signature", setup: succeeds, want: 401, kind: event.KindUnverified, edit: func(r *http.Request) {
			r.Header.Set("Signature", "sha256 "+strings.Repeat("0", 64))
		}},
	} {
		for _, typ := range events {
			t.Run(test.name+" "+typ, func(t *testing.T) {
				r := newHandler(t, nil)
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
				w := r.serve(typ, req)
				if w.Code != test.want || r.last().Kind != test.kind || r.last().Status != test.want {
					t.Errorf("%d, observed %s and %d; want %d and %s", w.Code, r.last().Kind, r.last().Status, test.want, test.kind)
				}
				want := map[string]any{"display_message": generalMessage}
				if test.want == 200 {
					want = map[string]any{}
				}
				if diff := cmp.Diff(want, members(t, w)); diff != "" {
					t.Errorf("response (-want +got)\n%s", diff)
				}
			})
		}
	}
}

// The last segment of the path names the webhook, and Endpoint is for URLs of
// another form.
func TestMounting(t *testing.T) {
	for _, test := range []struct {
		path string
		want string // the type whose callback runs
		kind event.Kind
	}{
		{"/hooks/comeet/create-employee", comeet.TypeCreateEmployee, event.KindHandled},
		{"/hooks/comeet/request-questionnaire", comeet.TypeRequestQuestionnaire, event.KindHandled},
		{"/hooks/comeet/acme/create-employee/", comeet.TypeCreateEmployee, event.KindHandled},
		{"/hooks/comeet/create-employee/acme", "", event.KindNoEndpoint},
		{"/hooks/comeet/", "", event.KindNoEndpoint},
		{"/hooks/comeet/Create-Employee", "", event.KindNoEndpoint},
		{"/own/hire", comeet.TypeCreateEmployee, event.KindHandled},
		{"/own/form", comeet.TypeRequestQuestionnaire, event.KindHandled},
	} {
		t.Run(test.path, func(t *testing.T) {
			r := newHandler(t, nil)
			var called string
			r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { called = comeet.TypeCreateEmployee; return nil })
			r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) {
				called = comeet.TypeRequestQuestionnaire
				return nil, nil
			})
			mux := http.NewServeMux()
			mux.Handle("/hooks/comeet/", r)
			mux.Handle("/own/hire", r.Endpoint(comeet.TypeCreateEmployee))
			mux.Handle("/own/form", r.Endpoint(comeet.TypeRequestQuestionnaire))
			req := signed(t, string(fixture(comeet.TypeCreateEmployee)))
			req.URL.Path = test.path
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, req)
			want, message := 200, any(nil)
			if test.want == "" {
				want, message = 500, generalMessage
			}
			if w.Code != want || called != test.want || r.last().Kind != test.kind || members(t, w)["display_message"] != message {
				t.Errorf("%d %s, called %q, observed %s", w.Code, w.Body, called, r.last().Kind)
			}
		})
	}
}

func TestARejectionIsWhatTheRecruiterSees(t *testing.T) {
	exists := &event.Rejection{
		Status:  http.StatusConflict,
		Message: "There is an employee with this number. Correct it and try again.",
		Details: map[string]any{"code": "duplicate", "employee": map[string]any{"number": 7.0}},
		Err:     errors.New("for the log alone"),
	}
	full := map[string]any{
		"display_message": exists.Message,
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
		{"without anything", &event.Rejection{}, 422, map[string]any{"display_message": generalMessage}},
		{"with a success for a status", &event.Rejection{Status: 200, Message: "No."}, 422, map[string]any{"display_message": "No."}},
		{"with a server's status", &event.Rejection{Status: 502, Message: "Later."}, 502, map[string]any{"display_message": "Later."}},
		{"with a detail of the message's name", &event.Rejection{Message: "No.", Details: map[string]any{"display_message": "Yes."}}, 422, map[string]any{"display_message": "No."}},
		{"with a detail that does not encode", &event.Rejection{Message: "No.", Details: map[string]any{"f": func() {}}}, 422, map[string]any{"display_message": "No."}},
	} {
		for _, typ := range events {
			t.Run(test.name+" "+typ, func(t *testing.T) {
				r := newHandler(t, nil)
				r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { return test.err })
				r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) {
					return everyKind(), test.err
				})
				w := r.serve(typ, comeettest.NewRequest(t, secret, typ))
				if w.Code != test.status || r.last().Kind != event.KindRejected {
					t.Errorf("%d, observed %s; want %d", w.Code, r.last().Kind, test.status)
				}
				if diff := cmp.Diff(test.want, members(t, w)); diff != "" {
					t.Errorf("response (-want +got)\n%s", diff)
				}
				if _, ok := errors.AsType[*event.Rejection](r.last().Err); !ok {
					t.Errorf("observed %v, want the rejection", r.last().Err)
				}
			})
		}
	}
}

// What recruiters read by default can be said in their language.
func TestTheGeneralMessageCanBeChanged(t *testing.T) {
	p := comeet.Provider()
	p.DefaultMessage = "Das hat nicht geklappt."
	h, err := comeet.New(p, secret, &event.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed(t, `{"comeet_id":"1"}`))
	if got := members(t, w)["display_message"]; w.Code != 501 || got != p.DefaultMessage {
		t.Errorf("%d %v", w.Code, got)
	}
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
			wire(newHandler(t, nil).Handler)
		})
	}
}

func TestDeliveriesAreTheSameByWebhookTenantAndCandidate(t *testing.T) {
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
			r := newHandler(t, &event.Options{
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
				w := r.serve(typ, req)
				if w.Code != 200 || (typ == ask) != strings.Contains(w.Body.String(), "questions") {
					t.Errorf("%d %s", w.Code, w.Body)
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
	r := newHandler(t, &event.Options{Store: event.NewMemoryStore(nil)})
	var called []string
	for _, typ := range events {
		event.On(r, typ, func(context.Context, *comeet.Candidate) error { called = append(called, typ); return nil })
	}
	for range 2 {
		for _, typ := range events {
			r.serve(typ, signed(t, `{"comeet_id":"1"}`))
		}
	}
	if diff := cmp.Diff(events, called); diff != "" {
		t.Errorf("callbacks (-want +got)\n%s", diff)
	}
}

func TestWithAStoreTheRecruiterCanTryAgain(t *testing.T) {
	r := newHandler(t, &event.Options{Store: event.NewMemoryStore(nil)})
	outcomes := []error{errors.New("down"), &event.Rejection{Message: "No."}, event.Permanent(errors.New("no")), event.Ignore(nil), nil}
	calls := 0
	r.OnCreateEmployee(func(context.Context, *comeet.Candidate) error { calls++; return outcomes[calls-1] })
	var codes []int
	for range len(outcomes) + 1 {
		codes = append(codes, r.serve(comeet.TypeCreateEmployee, comeettest.NewRequest(t, secret, comeet.TypeCreateEmployee)).Code)
	}
	if diff := cmp.Diff([]int{500, 422, 422, 422, 200, 200}, codes); diff != "" || calls != len(outcomes) {
		t.Errorf("%d calls (-want +got)\n%s", calls, diff)
	}
}

// companies is a handler for several companies, each with its secrets.
func companies(t *testing.T) (*reporting, http.Handler) {
	t.Helper()
	secrets := map[string][]string{"acme": {"acme's secret", "acme's old secret"}, "globex": {"globex's secret"}}
	r := newHandler(t, &event.Options{
		Tenant: func(r *http.Request) string { return r.PathValue("company") },
		Secrets: func(_ context.Context, company string) ([]string, error) {
			if company == "down" {
				return nil, errors.New("the database is down")
			}
			return secrets[company], nil
		},
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/comeet/{company}/{webhook}", r)
	return r, mux
}

func TestEachCompanyHasItsSecret(t *testing.T) {
	var unknown string // the response to an unknown company
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
				t.Errorf("%d, tenant %q; want %d", w.Code, tenant, test.want)
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
	r := newHandler(t, nil)
	r.OnCreateEmployee(func(_ context.Context, c *comeet.Candidate) error {
		if _, ok := c.Answer("1"); !ok {
			return &event.Rejection{Status: http.StatusBadRequest, Message: "The questions of the hire form were not answered."}
		}
		return nil
	})
	for typ, want := range map[string]int{comeet.TypeRequestQuestionnaire: 400, comeet.TypeCreateEmployee: 200} {
		w := r.serve(comeet.TypeCreateEmployee, comeettest.NewRequest(t, secret, typ))
		if w.Code != want {
			t.Errorf("the body of %s is %d, want %d", typ, w.Code, want)
		}
	}
}

// What Comeet calls a URL is checked if a service asks for it.
func TestFormatsAreCheckedOnRequest(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       int // with package validate; without, all are 200
	}{
		{"the résumé's URL", `{"comeet_id":"1","resume":{"url":"nowhere"}}`, 422},
		{"the picture's URL", `{"comeet_id":"1","picture":{"url":"nowhere"}}`, 422},
		{"no URL", `{"comeet_id":"1"}`, 200},
		{"what people have entered", `{"comeet_id":"1","email":"nobody","linkedin_url":"nowhere","links":[{"url":"nowhere"}]}`, 200},
	} {
		for _, check := range []func(any) error{nil, validate.Struct} {
			r := newHandler(t, &event.Options{Validate: check})
			schematest.OnAll(r.Handler, nil)
			if got := r.serve(comeet.TypeCreateEmployee, signed(t, test.body)).Code; check == nil && got != 200 || check != nil && got != test.want {
				t.Errorf("%s: status %d, checked: %t", test.name, got, check != nil)
			}
		}
	}
}

// canary is a word that may be in no response, error or log line; canaryDate is
// such a date.
const (
	canary     = "canary-in-the-log"
	canaryDate = "1907-05-09"
)

func TestNothingPersonalIsSentOrLogged(t *testing.T) {
	hire := func(_ context.Context, c *comeet.Candidate) error { return nil }
	fail := func(err error) func(context.Context, *comeet.Candidate) error {
		return func(context.Context, *comeet.Candidate) error { return err }
	}
	const person = `{"comeet_id":"1","first_name":"` + canary + `","email":"` + canary + `","time_created":"` + canaryDate + `T00:00:00Z"}`
	for name, test := range map[string]struct {
		body   string
		create func(context.Context, *comeet.Candidate) error
		want   int
	}{
		"an error":                      {person, fail(errors.New("down")), 500},
		"a rejection":                   {person, fail(&event.Rejection{Message: "No."}), 422},
		"a panic":                       {person, func(_ context.Context, c *comeet.Candidate) error { panic(c.Email) }, 500},
		"a member of another kind":      {`{"comeet_id":"1","email":{"` + canary + `":"` + canary + `"}}`, hire, 200},
		"a time that is not one":        {`{"comeet_id":"1","time_created":"` + canary + `"}`, hire, 200},
		"a list that is not one":        {`{"comeet_id":"1","links":"` + canary + `"}`, hire, 200},
		"answers that are not a list":   {`{"comeet_id":"1","partner_questionnaire":[{"uid":"1","answers":"` + canary + `"}]}`, hire, 200},
		"an id that is an object":       {`{"comeet_id":"1","position":{"position_id":{"` + canary + `":1}}}`, hire, 200},
		"custom fields that are a list": {`{"comeet_id":"1","opening":{"custom_fields":["` + canary + `"]}}`, hire, 200},
		"no id":                         {`{"email":"` + canary + `"}`, hire, 422},
		"no end":                        {`{"comeet_id":"1","email":"` + canary, hire, 400},
		"not JSON":                      {canary, hire, 400},
		"a name twice":                  {`{"comeet_id":"1","comeet_id":"` + canary + `"}`, hire, 400},
	} {
		t.Run(name, func(t *testing.T) {
			r := newHandler(t, nil)
			r.OnCreateEmployee(test.create)
			w := r.serve(comeet.TypeCreateEmployee, signed(t, test.body))
			if w.Code != test.want {
				t.Errorf("%d, want %d", w.Code, test.want)
			}
			checkSilence(t, r, w)
		})
	}
	t.Run("links that are checked", func(t *testing.T) {
		r := newHandler(t, &event.Options{Validate: validate.Struct})
		r.OnCreateEmployee(fail(nil))
		w := r.serve(comeet.TypeCreateEmployee, signed(t, `{"comeet_id":"1","resume":{"url":"`+canary+`"},"picture":{"url":"`+canary+`"}}`))
		if w.Code != 422 {
			t.Errorf("%d, want 422", w.Code)
		}
		checkSilence(t, r, w)
	})
}

// checkSilence fails if a delivery left personal data anywhere.
func checkSilence(t *testing.T, r *reporting, w *httptest.ResponseRecorder) {
	t.Helper()
	last := r.last()
	for where, s := range map[string]string{
		"response": w.Body.String(), "log": r.log.String(), "error": fmt.Sprint(last.Err), "warning": fmt.Sprint(last.Warning),
	} {
		if strings.Contains(s, canary) || strings.Contains(s, canaryDate) {
			t.Errorf("the %s holds personal data: %s", where, s)
		}
	}
	if w.Code != 200 && r.log.Len() == 0 {
		t.Error("nothing was logged")
	}
}

// noInbox is an inbox that nothing may reach.
type noInbox struct{}

func (noInbox) Put(context.Context, *event.Delivery) error { panic("reached") }

// reporting is a handler with what it reported.
type reporting struct {
	*comeet.Handler
	log     bytes.Buffer
	results []event.Result
}

// newHandler makes a handler that observes and logs; opts may be nil.
func newHandler(t *testing.T, opts *event.Options) *reporting {
	t.Helper()
	if opts == nil {
		opts = &event.Options{}
	}
	key := secret
	if opts.Secrets != nil {
		key = ""
	}
	r := new(reporting)
	opts.Logger = slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts.Observe = func(_ context.Context, res event.Result) { r.results = append(r.results, res) }
	h, err := comeet.NewHandler(key, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Handler = h
	return r
}

// serve sends a request to the webhook of that type.
func (r *reporting) serve(typ string, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.Endpoint(typ).ServeHTTP(w, req)
	return w
}

// last is what was reported of the last delivery.
func (r *reporting) last() event.Result { return r.results[len(r.results)-1] }

// signed is a signed request with the body, to the webhook that creates employees.
func signed(t *testing.T, body string) *http.Request {
	t.Helper()
	return comeettest.Vendor.Signed(t, secret, comeet.TypeCreateEmployee, []byte(body))
}

// members decodes a response, which must be a JSON object and be declared as one.
func members(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q, want application/json", got)
	}
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("the response is not a JSON object: %v\n%s", err, w.Body)
	}
	return m
}
