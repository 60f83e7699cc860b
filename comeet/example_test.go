package comeet_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event"
)

// A service for one company, which gave COMEET_SECRET to Comeet, and the URLs
// …/hooks/comeet/request-questionnaire and …/hooks/comeet/create-employee.
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
			return &event.Rejection{Status: http.StatusBadRequest, Message: "Please fill in the name on the badge."}
		}
		return createEmployee(ctx, c.ComeetID, badge.Text)
	})

	mux := http.NewServeMux()
	mux.Handle("POST /hooks/comeet/", h)
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

// createEmployee stands for what a service does. It must find the employee if it
// is called again with the same id.
func createEmployee(context.Context, event.ID, string) error { return nil }

// A service for several companies. The path names the company, and so the secret.
func Example_companies() {
	secrets := map[string]string{"acme": "what acme entered in Comeet", "globex": "what globex entered"}

	h, err := comeet.NewHandler("", &event.Options{
		Logger: quiet,
		Tenant: func(r *http.Request) string { return r.PathValue("company") },
		Secrets: func(_ context.Context, company string) ([]string, error) {
			if s, ok := secrets[company]; ok {
				return []string{s}, nil
			}
			return nil, nil // unknown: rejected as a bad signature is
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
	mux.Handle("POST /hooks/comeet/{company}/{webhook}", h)

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

// URLs of your own need not end in the type: Endpoint is the webhook that
// receives it.
func Example_ownURLs() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		fmt.Println("hire", c.ComeetID)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hires/{company}/7f3k9", h.Endpoint(comeet.TypeCreateEmployee))

	sent := &event.Request{Body: []byte(`{"comeet_id":"2B7.4F"}`)}
	if err := h.Sign(context.Background(), sent); err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hires/acme/7f3k9", strings.NewReader(string(sent.Body)))
	r.Header = sent.Header
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output:
	// hire 2B7.4F
	// 200
}

// quiet keeps expected log lines out of the examples' output.
var quiet = slog.New(slog.DiscardHandler)

// deliver prints the response of h to a body that Comeet sends to one of its
// webhooks.
func deliver(h *comeet.Handler, typ, body string) {
	ctx := context.Background()
	r := &event.Request{Endpoint: typ, Body: []byte(body)}
	if err := h.Sign(ctx, r); err != nil {
		log.Fatal(err)
	}
	resp := h.Handle(ctx, r)
	fmt.Printf("%d %s\n", resp.Status, resp.Body)
}

func ExampleHandler_OnRequestQuestionnaire() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnRequestQuestionnaire(func(ctx context.Context, c *comeet.Candidate) (*comeet.Questionnaire, error) {
		q := new(comeet.Questionnaire).ShortAnswer("badge", "Name on the badge")
		if c.Position.EmployeeType == comeet.EmployeeIntern {
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

// If this package's reading of a questionnaire's form proves wrong, any JSON
// value can be the response.
func ExampleHandler_OnRequestQuestionnaire_anyJSON() {
	type form struct {
		Fields []string `json:"fields"`
	}
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	event.OnRespond(h, comeet.TypeRequestQuestionnaire, func(ctx context.Context, c *comeet.Candidate) (form, error) {
		return form{Fields: []string{"badge"}}, nil
	})

	deliver(h, comeet.TypeRequestQuestionnaire, `{"comeet_id":"2B7.4F"}`)
	// Output:
	// 200 {"fields":["badge"]}
}

// A callback that may be called twice: the second time it finds the employee.
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

// What the recruiter reads, and what only the log has.
func ExampleHandler_OnCreateEmployee_rejection() {
	h, err := comeet.NewHandler("a secret", &event.Options{Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		if c.StartDate.IsZero() {
			return &event.Rejection{
				Status:  http.StatusBadRequest,
				Message: "The start date is missing.",
				Details: map[string]any{"code": "no_start_date"},
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

// The message for errors that say nothing to the recruiter, in another language.
func ExampleProvider() {
	p := comeet.Provider()
	p.DefaultMessage = "Die Einstellung konnte nicht übernommen werden. Bitte versuchen Sie es noch einmal."
	h, err := comeet.New(p, "a secret", &event.Options{Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		return fmt.Errorf("dialing 10.0.0.7: connection refused")
	})

	deliver(h, comeet.TypeCreateEmployee, `{"comeet_id":"2B7.4F"}`)
	// Output:
	// 500 {"display_message":"Die Einstellung konnte nicht übernommen werden. Bitte versuchen Sie es noch einmal."}
}

// The résumé's link works for three minutes only.
func ExampleResume_Download() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "Noor Sandoval, engineer")
	}))
	defer files.Close()
	local := &comeet.DownloadOptions{InsecureClient: files.Client()} // nil in real life

	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		if c.Resume.URL == "" {
			return nil
		}
		resume, err := c.Resume.Download(ctx, local)
		if errors.Is(err, comeet.ErrLinkExpired) {
			return &event.Rejection{Message: "The résumé could not be fetched in time. Please try again.", Err: err}
		} else if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", c.Resume.Name, resume)
		return nil
	})

	deliver(h, comeet.TypeCreateEmployee, `{"comeet_id":"2B7.4F","resume":{"name":"cv.txt","url":"`+files.URL+`/cv"}}`)
	// Output:
	// cv.txt: Noor Sandoval, engineer
	// 200 {}
}

func ExampleCandidate_Answer() {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		birthday, _ := c.Answer("2")
		if day, err := time.Parse(time.DateOnly, birthday.Text); err == nil {
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
