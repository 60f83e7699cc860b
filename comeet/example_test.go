package comeet_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event"
)

// A service for one company, which gave COMEET_SECRET to Comeet beside the two
// URLs.
func Example() {
	h, err := comeet.NewHandler(os.Getenv("COMEET_SECRET"), nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnRequestQuestionnaire(func(ctx context.Context, c *comeet.Candidate) (*comeet.Questionnaire, error) {
		return new(comeet.Questionnaire).
			ShortAnswer("badge", "Name on the badge").
			DatePicker("birthday", "Date of birth"), nil
	})
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		badge, ok := c.Answer("badge")
		if !ok {
			return &comeet.Refusal{Status: http.StatusBadRequest, DisplayMessage: "Please fill in the name on the badge."}
		}
		return createEmployee(ctx, c.ComeetID, badge.Text)
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/comeet/request-questionnaire", h.RequestQuestionnaire())
	mux.Handle("POST /hooks/comeet/create-employee", h.CreateEmployee())
	srv := &http.Server{
		Addr:              ":8080",
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(srv.ListenAndServe())
}

// createEmployee stands for what a service does. It must be able to meet the
// same id again.
func createEmployee(context.Context, event.ID, string) error { return nil }

// A service for several companies. The path names the company, and so the secret.
func Example_companies() {
	secrets := map[string]string{"acme": "what acme entered in Comeet", "globex": "what globex entered"}

	h, err := comeet.NewHandler("", &event.Options{
		Tenant: func(r *http.Request) string { return r.PathValue("company") },
		Secrets: func(_ context.Context, company string) ([]string, error) {
			if s, ok := secrets[company]; ok {
				return []string{s}, nil
			}
			return nil, nil // unknown: answered as a bad signature is
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		d, _ := event.FromContext(ctx)
		fmt.Printf("%s hires candidate %s\n", d.Tenant, c.ComeetID)
		return nil
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/comeet/{company}/request-questionnaire", h.RequestQuestionnaire())
	mux.Handle("POST /hooks/comeet/{company}/create-employee", h.CreateEmployee())

	// What Comeet sends for acme, at acme's URL and at another's.
	sent := &event.Request{Tenant: "acme", Body: []byte(`{"comeet_id":"2B7.4F"}`)}
	if err := h.Sign(context.Background(), sent); err != nil {
		log.Fatal(err)
	}
	for _, company := range []string{"acme", "globex", "initech"} {
		r := httptest.NewRequest(http.MethodPost, "/hooks/comeet/"+company+"/create-employee", strings.NewReader(string(sent.Body)))
		r.Header = sent.Header
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(company, w.Code)
	}
	// Output:
	// acme hires candidate 2B7.4F
	// acme 200
	// globex 401
	// initech 401
}

// deliver prints how h answers a body that Comeet sends to one of its webhooks.
func deliver(h *comeet.Handler, typ, body string) {
	ctx := context.Background()
	r := &event.Request{Endpoint: typ, Body: []byte(body)}
	if err := h.Sign(ctx, r); err != nil {
		log.Fatal(err)
	}
	reply := h.Handle(ctx, r)
	fmt.Printf("%d %s\n", reply.Status, reply.Body)
}

func ExampleHandler_OnRequestQuestionnaire() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnRequestQuestionnaire(func(ctx context.Context, c *comeet.Candidate) (*comeet.Questionnaire, error) {
		q := new(comeet.Questionnaire).ShortAnswer("badge", "Name on the badge")
		if c.Position != nil && c.Position.EmployeeType == comeet.EmployeeIntern {
			q.Dropdown("term", "Term",
				comeet.Option{UID: "s", Title: "Summer"},
				comeet.Option{UID: "w", Title: "Winter"})
		}
		return q, nil
	})

	deliver(h, comeet.TypeRequestQuestionnaire, `{"comeet_id":"2B7.4F","position":{"employee_type":"Headcount"}}`)
	// Output:
	// 200 {"questions":[{"uid":"badge","type":"short_answer","title":"Name on the badge"}]}
}

// Comeet doesn't publish the form of a questionnaire. Where this package's
// reading proves wrong, any JSON value can be the answer.
func ExampleHandler_OnRequestQuestionnaire_anyJSON() {
	type form struct {
		Fields []string `json:"fields"`
	}
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	event.OnReply(h.Handler, comeet.TypeRequestQuestionnaire, func(ctx context.Context, c *comeet.Candidate) (form, error) {
		return form{Fields: []string{"badge"}}, nil
	})

	deliver(h, comeet.TypeRequestQuestionnaire, `{"comeet_id":"2B7.4F"}`)
	// Output:
	// 200 {"fields":["badge"]}
}

// A callback that can be called twice: the second time it finds the employee.
func ExampleHandler_OnCreateEmployee() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	employees := make(map[event.ID]int) // a table with a unique column, in real life
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		number, ok := employees[c.ComeetID]
		if !ok {
			number = len(employees) + 1
			employees[c.ComeetID] = number
		}
		fmt.Println("employee", number)
		return nil
	})

	deliver(h, comeet.TypeCreateEmployee, `{"comeet_id":"2B7.4F","start_date":"2026-11-02"}`)
	deliver(h, comeet.TypeCreateEmployee, `{"comeet_id":"2B7.4F","start_date":"2026-11-09"}`)
	// Output:
	// employee 1
	// 200 {}
	// employee 1
	// 200 {}
}

// What the recruiter reads, and what they don't.
func ExampleRefusal() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		if c.StartDate == "" {
			return &comeet.Refusal{
				Status:         http.StatusBadRequest,
				DisplayMessage: "The start date is missing.",
				Details:        map[string]any{"code": "no_start_date"},
			}
		}
		return fmt.Errorf("dialing 10.0.0.7: connection refused")
	})

	deliver(h, comeet.TypeCreateEmployee, `{"comeet_id":"2B7.4F"}`)
	deliver(h, comeet.TypeCreateEmployee, `{"comeet_id":"2B7.4F","start_date":"2026-11-02"}`)
	// Output:
	// 400 {"code":"no_start_date","display_message":"The start date is missing."}
	// 500 {"display_message":"The connected system could not process this hire. Please try again. If it keeps failing, ask the administrator of the integration for help."}
}

func ExampleCandidate_Answer() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		birthday, _ := c.Answer("2")
		if day, ok := event.Date(birthday.Text).Time(); ok {
			fmt.Println(day.Format("2 January 2006"))
		}
		unit, _ := c.Answer("3")
		fmt.Println(unit.UID, unit.Title)
		return nil
	})

	deliver(h, comeet.TypeCreateEmployee, `{"comeet_id":"2B7.4F","partner_questionnaire":[
		{"uid":2,"answers":["1991-04-23"]},
		{"uid":3,"answers":[{"uid":1,"title":"Product"}]}]}`)
	// Output:
	// 23 April 1991
	// 1 Product
	// 200 {}
}
