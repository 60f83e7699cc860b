package comeet_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
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
	server := &http.Server{
		Addr:              ":8080",
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}

// createEmployee stands for what a service does. It must find the employee if it
// is called again with the same id.
func createEmployee(context.Context, event.ID, string) error { return nil }

// A message in the recruiters' language, for errors that say nothing to them.
func ExampleNew() {
	p := comeet.Provider()
	p.DefaultMessage = "Die Einstellung konnte nicht übernommen werden. Bitte versuchen Sie es noch einmal."
	h := must(comeet.New(p, exampleSecret, quiet))
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		return fmt.Errorf("dialing 10.0.0.7: connection refused")
	})

	deliver(h, comeettest.NewRequest(t, exampleSecret, comeet.TypeCreateEmployee))
	// Output:
	// 500 {"display_message":"Die Einstellung konnte nicht übernommen werden. Bitte versuchen Sie es noch einmal."}
}

// A service for several companies. The path names the company, and so the secret.
func ExampleNewHandler_companies() {
	secrets := map[string][]string{"acme": {"what acme entered in Comeet"}, "globex": {"what globex entered"}}
	h := must(comeet.NewHandler("", &event.Options{
		Logger: quiet.Logger,
		Tenant: func(r *http.Request) string { return r.PathValue("company") },
		Secrets: func(_ context.Context, company string) ([]string, error) {
			return secrets[company], nil // none: rejected as a bad signature is
		},
	}))
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		d, _ := event.FromContext(ctx)
		fmt.Printf("%s hires candidate %s\n", d.Tenant, c.ComeetID)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/comeet/{company}/{webhook}", h)

	// What Comeet signs for acme, at acme's URL and at others.
	for _, company := range []string{"acme", "globex", "initech"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, comeettest.NewRequest(t, "what acme entered in Comeet", comeet.TypeCreateEmployee,
			eventtest.To("/hooks/comeet/"+company+"/create-employee")))
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
func ExampleHandler_ownURLs() {
	h := must(comeet.NewHandler(exampleSecret, nil))
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		fmt.Println("hire", c.ComeetID)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hires/{company}/7f3k9", h.Endpoint(comeet.TypeCreateEmployee))

	deliver(mux, comeettest.NewRequest(t, exampleSecret, comeet.TypeCreateEmployee, eventtest.To("/hires/acme/7f3k9")))
	// Output:
	// hire 2B7.4F
	// 200 {}
}

func ExampleHandler_OnRequestQuestionnaire() {
	h := must(comeet.NewHandler(exampleSecret, nil))
	units := []comeet.Option{{UID: "p", Title: "Product"}, {UID: "s", Title: "Sales"}} // from the HR system
	h.OnRequestQuestionnaire(func(ctx context.Context, c *comeet.Candidate) (*comeet.Questionnaire, error) {
		q := new(comeet.Questionnaire).SearchDropdown("unit", "Unit", units...)
		if c.Position.EmployeeType == comeet.EmployeeTypeIntern {
			q.Dropdown("term", "Term",
				comeet.Option{UID: "s", Title: "Summer"},
				comeet.Option{UID: "w", Title: "Winter"})
		}
		return q, nil
	})

	deliver(h, comeettest.NewRequest(t, exampleSecret, comeet.TypeRequestQuestionnaire))
	// Output:
	// 200 {"questions":[{"uid":"unit","type":"search_dropdown","title":"Unit","options":[{"uid":"p","title":"Product"},{"uid":"s","title":"Sales"}]}]}
}

// If this package's reading of a questionnaire's form proves wrong, any JSON
// value can be the response.
func ExampleHandler_OnRequestQuestionnaire_anyJSON() {
	type form struct {
		Fields []string `json:"fields"`
	}
	h := must(comeet.NewHandler(exampleSecret, nil))
	event.OnRespond(h, comeet.TypeRequestQuestionnaire, func(ctx context.Context, c *comeet.Candidate) (form, error) {
		return form{Fields: []string{"badge"}}, nil
	})

	deliver(h, comeettest.NewRequest(t, exampleSecret, comeet.TypeRequestQuestionnaire))
	// Output:
	// 200 {"fields":["badge"]}
}

// A form that is written by people, in a configuration for example, is checked
// when the program starts.
func ExampleQuestionnaire_Validate() {
	form := &comeet.Questionnaire{Questions: []comeet.Question{
		{UID: "badge", Type: comeet.QuestionTypeShortAnswer, Title: "Name on the badge"},
		{UID: "unit", Type: comeet.QuestionTypeDropdown, Title: "Unit"},
		{UID: "badge", Type: comeet.QuestionTypeDatePicker, Title: "Valid until"},
	}}
	fmt.Println(form.Validate())
	// Output:
	// comeet: questionnaire: question 2 (uid "unit"): dropdown without options; question 3 (uid "badge"): duplicate uid
}

// What an HR system takes over. The callback may be called twice: the second
// time it finds the employee.
func ExampleHandler_OnCreateEmployee() {
	h := must(comeet.NewHandler(exampleSecret, nil))
	employees := make(map[event.ID]string) // a table with a unique column, in real life
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		if _, ok := employees[c.ComeetID]; ok {
			return nil
		}
		var costCenter string // one of the company's own fields, "" if it has none of this name and type
		_ = json.Unmarshal(c.Opening.CustomFields["Cost center"], &costCenter)

		employees[c.ComeetID] = c.FullName()
		fmt.Println(c.FullName(), "starts as", cmp.Or(c.Position.PublicName, c.Position.Name), "on", c.StartDate)
		fmt.Println("under", c.Position.HiringManager.FullName(), "in cost center", costCenter)
		if c.Source.Type == comeet.SourceTypeAgency {
			fmt.Println("a fee is due to", c.Source.Name)
		}
		return nil
	})

	deliver(h, comeettest.NewRequest(t, exampleSecret, comeet.TypeCreateEmployee))
	deliver(h, comeettest.NewRequest(t, exampleSecret, comeet.TypeCreateEmployee))
	// Output:
	// Noor Elif Sandoval starts as Backend Engineer on 2026-11-02
	// under Ilse Okonjo in cost center 4410
	// a fee is due to Brightwater Staffing
	// 200 {}
	// 200 {}
}

// The recruiter reads the message, and finds the code among the technical details.
func ExampleHandler_OnCreateEmployee_rejection() {
	h := must(comeet.NewHandler(exampleSecret, quiet))
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		if c.StartDate.IsZero() {
			return &event.Rejection{
				Status:  http.StatusBadRequest,
				Message: "The start date is missing.",
				Details: map[string]any{"code": "no_start_date"},
			}
		}
		return createEmployee(ctx, c.ComeetID, c.FullName())
	})

	c := comeettest.CreateEmployee()
	c.StartDate = event.Time{}
	deliver(h, comeettest.NewRequest(t, exampleSecret, eventtest.As(comeet.TypeCreateEmployee, c)))
	// Output:
	// 400 {"code":"no_start_date","display_message":"The start date is missing."}
}

// The résumé's link works for three minutes only. A recruiter can do something
// about a link that has expired and about a file that is too large.
func ExampleResume_Download() {
	h := must(comeet.NewHandler(exampleSecret, nil))
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "the contents of ", r.URL.Path)
	}))
	defer files.Close()
	opts := &comeet.DownloadOptions{
		MaxBytes:       5 << 20,
		InsecureClient: files.Client(), // nil in real life
	}
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		if c.Resume.URL == "" {
			return nil
		}
		resume, err := c.Resume.Download(ctx, opts)
		switch {
		case errors.Is(err, comeet.ErrLinkExpired):
			return &event.Rejection{Message: "The résumé could not be fetched in time. Please try again.", Err: err}
		case errors.Is(err, comeet.ErrTooLarge):
			return &event.Rejection{Message: "The résumé is larger than 5 MB. Please replace it.", Err: err}
		case err != nil:
			return err
		}
		fmt.Printf("%s: %s\n", c.Resume.Name, resume)
		for _, f := range c.Files {
			content, err := f.Download(ctx, opts)
			if err != nil {
				return err
			}
			fmt.Printf("%s: %s\n", f.Name, content)
		}
		return nil
	})

	c := comeettest.CreateEmployee()
	c.Resume.URL, c.Files[0].URL = files.URL+"/cv", files.URL+"/offer"
	deliver(h, comeettest.NewRequest(t, exampleSecret, eventtest.As(comeet.TypeCreateEmployee, c)))
	// Output:
	// noor_sandoval_cv.pdf: the contents of /cv
	// Offer letter.pdf: the contents of /offer
	// 200 {}
}

// A picture is not worth failing a hire for. A link into a private network is not
// followed, but someone should look at it.
func ExamplePicture_Download() {
	h := must(comeet.NewHandler(exampleSecret, nil))
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		picture, err := c.Picture.Download(ctx, nil)
		switch {
		case errors.Is(err, comeet.ErrPrivateAddress):
			fmt.Println("alert: the picture of", c.ComeetID, "leads into a private network")
		case err != nil:
			fmt.Println("no picture:", err)
		default:
			fmt.Println(len(picture), "bytes")
		}
		return nil
	})

	c := comeettest.CreateEmployee()
	c.Picture.URL = "http://169.254.169.254/latest/meta-data/"
	deliver(h, comeettest.NewRequest(t, exampleSecret, eventtest.As(comeet.TypeCreateEmployee, c)))
	// Output:
	// alert: the picture of 2B7.4F leads into a private network
	// 200 {}
}

// An HR system that fetches files itself has to know how long it can.
func ExampleResume_Expires() {
	h := must(comeet.NewHandler(exampleSecret, nil))
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		d, _ := event.FromContext(ctx)
		left := func(until time.Time) time.Duration { return until.Sub(d.ReceivedAt) }
		fmt.Println("résumé, for", left(c.Resume.Expires(d.ReceivedAt)), c.Resume.URL)
		fmt.Println("picture, for", left(c.Picture.Expires(d.ReceivedAt)), c.Picture.URL)
		for _, f := range c.Files {
			if f.Type == comeet.FileTypeOfferLetter {
				fmt.Println("offer letter, at once", f.URL)
			}
		}
		for _, l := range c.Links {
			if strings.HasPrefix(l.URL, "https://") { // it is whatever was entered
				fmt.Println("portfolio", l.URL)
			}
		}
		return nil
	})

	deliver(h, comeettest.NewRequest(t, exampleSecret, comeet.TypeCreateEmployee))
	// Output:
	// résumé, for 3m0s https://files.example.com/resume/5f1c0a77d2b94e06
	// picture, for 3m20s https://files.example.com/picture/b02e61c9a4d7430f
	// offer letter, at once https://files.example.com/offer/91d3e7740c5a4b12
	// portfolio https://portfolio.example.com/noor
	// 200 {}
}

func ExampleCandidate_Answer() {
	h := must(comeet.NewHandler(exampleSecret, nil))
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		birthday, _ := c.Answer("2")
		if day, err := time.Parse(time.DateOnly, birthday.Text); err == nil {
			fmt.Println(day.Format("2 January 2006"))
		}
		unit, _ := c.Answer("3")
		fmt.Println(unit.UID, unit.Title)
		return nil
	})

	deliver(h, comeettest.NewRequest(t, exampleSecret, comeet.TypeCreateEmployee))
	// Output:
	// 23 April 1991
	// 1 Product
	// 200 {}
}

const exampleSecret = "a secret for examples"

// quiet keeps expected log lines out of the examples' output.
var quiet = &event.Options{Logger: slog.New(slog.DiscardHandler)}

// t stands for the argument of a test.
var t = new(testing.T)

func must(h *comeet.Handler, err error) *comeet.Handler {
	if err != nil {
		log.Fatal(err)
	}
	return h
}

// deliver sends a request to h and prints the response.
func deliver(h http.Handler, r *http.Request) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, cmp.Or(w.Body.String(), http.StatusText(w.Code)))
}
