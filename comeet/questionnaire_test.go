package comeet_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
)

func option(uid, title string) comeet.Option { return comeet.Option{UID: uid, Title: title} }

// everyKind is a questionnaire with each kind of question.
func everyKind() *comeet.Questionnaire {
	return new(comeet.Questionnaire).
		ShortAnswer("1", "Full legal name").
		DatePicker("2", "Date of birth").
		Dropdown("3", "Unit", option("1", "Product"), option("2", "Sales")).
		SearchDropdown("4", "Mentor", option("2071", "Ilse Okonjo"))
}

func TestQuestionnaireEncodes(t *testing.T) {
	const want = `{"questions":[` +
		`{"uid":"1","type":"short_answer","title":"Full legal name"},` +
		`{"uid":"2","type":"date_picker","title":"Date of birth"},` +
		`{"uid":"3","type":"dropdown","title":"Unit","options":[{"uid":"1","title":"Product"},{"uid":"2","title":"Sales"}]},` +
		`{"uid":"4","type":"search_dropdown","title":"Mentor","options":[{"uid":"2071","title":"Ilse Okonjo"}]}]}`
	got, err := json.Marshal(everyKind())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	var back comeet.Questionnaire
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everyKind(), &back); diff != "" {
		t.Errorf("decoded again (-want +got)\n%s", diff)
	}
}

func TestQuestionnaireWithoutQuestionsIsAnEmptyList(t *testing.T) {
	for _, v := range []any{comeet.Questionnaire{}, new(comeet.Questionnaire)} {
		if got, err := json.Marshal(v); err != nil || string(got) != `{"questions":[]}` {
			t.Errorf("%T encodes as %s, %v", v, got, err)
		}
	}
}

func TestBuildingOnNilMakesAQuestionnaire(t *testing.T) {
	var none *comeet.Questionnaire
	if got := none.ShortAnswer("1", "Name"); len(got.Questions) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestQuestionnaireValidates(t *testing.T) {
	product := option("p", "Product")
	for _, test := range []struct {
		name string
		q    *comeet.Questionnaire
		want []string // what the error says, in order; nil is valid
	}{
		{"every kind", everyKind(), nil},
		{"nil", nil, nil},
		{"no questions", new(comeet.Questionnaire), nil},
		{"the same option in two questions",
			new(comeet.Questionnaire).Dropdown("a", "A", product).Dropdown("b", "B", product), nil},
		{"a type that Comeet does not document",
			&comeet.Questionnaire{Questions: []comeet.Question{{UID: "a", Type: "long_answer", Title: "A", Options: []comeet.Option{product}}}}, nil},
		{"empty uid of a question",
			new(comeet.Questionnaire).ShortAnswer("a", "A").ShortAnswer("", "B"),
			[]string{`question 2 (uid ""): empty uid`}},
		{"two empty uids are not duplicates",
			new(comeet.Questionnaire).ShortAnswer("", "A").ShortAnswer("", "B"),
			[]string{`question 1 (uid ""): empty uid`, `question 2 (uid ""): empty uid`}},
		{"empty title of a question",
			new(comeet.Questionnaire).ShortAnswer("a", "A").DatePicker("b", ""),
			[]string{`question 2 (uid "b"): empty title`}},
		{"title of white space",
			new(comeet.Questionnaire).DatePicker("b", " \t\n\u00a0"),
			[]string{`question 1 (uid "b"): empty title`}},
		{"empty type",
			&comeet.Questionnaire{Questions: []comeet.Question{{UID: "a", Title: "A"}}},
			[]string{`question 1 (uid "a"): empty type`}},
		{"duplicate uid of questions",
			new(comeet.Questionnaire).ShortAnswer("a", "A").DatePicker("b", "B").ShortAnswer("a", "C"),
			[]string{`question 3 (uid "a"): duplicate uid`}},
		{"dropdown without options",
			new(comeet.Questionnaire).ShortAnswer("a", "A").Dropdown("b", "B"),
			[]string{`question 2 (uid "b"): dropdown without options`}},
		{"search dropdown without options",
			new(comeet.Questionnaire).SearchDropdown("b", "B", []comeet.Option{}...),
			[]string{`question 1 (uid "b"): search_dropdown without options`}},
		{"duplicate uid of options",
			new(comeet.Questionnaire).ShortAnswer("a", "A").Dropdown("b", "B", product, option("s", "Sales"), option("p", "People")),
			[]string{`question 2 (uid "b"), option 3 (uid "p"): duplicate uid`}},
		{"empty uid of an option",
			new(comeet.Questionnaire).SearchDropdown("b", "B", product, option("", "Sales")),
			[]string{`question 1 (uid "b"), option 2 (uid ""): empty uid`}},
		{"empty title of an option",
			new(comeet.Questionnaire).Dropdown("b", "B", product, option("s", "")),
			[]string{`question 1 (uid "b"), option 2 (uid "s"): empty title`}},
		{"options where there is nothing to choose",
			&comeet.Questionnaire{Questions: []comeet.Question{
				{UID: "a", Type: comeet.QuestionTypeShortAnswer, Title: "A", Options: []comeet.Option{product}},
				{UID: "b", Type: comeet.QuestionTypeDatePicker, Title: "B", Options: []comeet.Option{product}}}},
			[]string{`question 1 (uid "a"): options in a short_answer`, `question 2 (uid "b"): options in a date_picker`}},
		{"everything at once",
			new(comeet.Questionnaire).Dropdown("a", "").Dropdown("a", "B", option("", "")),
			[]string{
				`question 1 (uid "a"): empty title`,
				`question 1 (uid "a"): dropdown without options`,
				`question 2 (uid "a"): duplicate uid`,
				`question 2 (uid "a"), option 1 (uid ""): empty uid`,
				`question 2 (uid "a"), option 1 (uid ""): empty title`,
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want string
			if test.want != nil {
				want = "comeet: questionnaire: " + strings.Join(test.want, "; ")
			}
			var got string
			if err := test.q.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAQuestionnaireErrorHoldsNoTitle(t *testing.T) {
	err := new(comeet.Questionnaire).Dropdown("a", canary, option("", canary), option("1", canary), option("1", canary)).DatePicker("a", canary).Validate()
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}

func TestAQuestionOfAThousandIsNamed(t *testing.T) {
	q := new(comeet.Questionnaire)
	for i := range 1000 {
		q.ShortAnswer(strings.Repeat("x", i+1), "A")
	}
	q.Dropdown("last", "B", append(make([]comeet.Option, 1000), option("", "C"))...)
	err := q.Validate()
	if err == nil || !strings.HasSuffix(err.Error(), `question 1001 (uid "last"), option 1001 (uid ""): empty uid`) {
		t.Errorf("the error does not end with the last option: %.200v", err)
	}
}

func TestOneQuestionnaireServesManyDeliveries(t *testing.T) {
	q := everyKind()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if err := q.Validate(); err != nil {
					t.Error(err)
				}
				if _, err := json.Marshal(q); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestAQuestionnaireIsSent(t *testing.T) {
	r := newHandler(t, nil)
	var got *comeet.Candidate
	r.OnRequestQuestionnaire(func(_ context.Context, c *comeet.Candidate) (*comeet.Questionnaire, error) {
		got = c
		return everyKind(), nil
	})
	w := r.serve(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
	want, err := json.Marshal(everyKind())
	if err != nil {
		t.Fatal(err)
	}
	if w.Code != 200 || w.Body.String() != string(want) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %q\n%s\nwant\n%s", w.Code, w.Header(), w.Body, want)
	}
	if diff := cmp.Diff(comeettest.RequestQuestionnaire(), got); diff != "" {
		t.Errorf("candidate (-want +got)\n%s", diff)
	}
}

func TestAQuestionnaireWithNothingToAsk(t *testing.T) {
	for want, q := range map[string]*comeet.Questionnaire{`{}`: nil, `{"questions":[]}`: {}} {
		r := newHandler(t, nil)
		r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) { return q, nil })
		w := r.serve(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%v is %d %s, want %s", q, w.Code, w.Body, want)
		}
	}
}

func TestABrokenQuestionnaireIsAnErrorToTheDeveloper(t *testing.T) {
	r := newHandler(t, nil)
	r.OnRequestQuestionnaire(func(context.Context, *comeet.Candidate) (*comeet.Questionnaire, error) {
		return everyKind().Dropdown("unit", "Which unit?"), nil
	})
	w := r.serve(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
	if w.Code != 500 {
		t.Errorf("%d, want 500", w.Code)
	}
	if diff := cmp.Diff(map[string]any{"display_message": generalMessage}, members(t, w)); diff != "" {
		t.Errorf("response (-want +got)\n%s", diff)
	}
	const want = `comeet request-questionnaire 2B7.4F: the callback failed: the response was not sent: comeet: questionnaire: question 5 (uid "unit"): dropdown without options`
	if got := r.last().Err; got == nil || got.Error() != want {
		t.Errorf("observed %v, want %s", got, want)
	}
	if !strings.Contains(r.log.String(), "dropdown without options") {
		t.Errorf("logged %s", &r.log)
	}
}

func TestAnyJSONCanBeTheResponse(t *testing.T) {
	respond(t, "a map", map[string]any{"form": []int{1}}, `{"form":[1]}`)
	respond(t, "a list", []string{"a"}, `["a"]`)
	respond(t, "an empty list", []string{}, `[]`)
	respond(t, "raw JSON", json.RawMessage(`{"form":{}}`), `{"form":{}}`)
	respond(t, "a type of one's own", struct {
		Fields []comeet.Question `json:"fields"`
	}{everyKind().Questions[:1]}, `{"fields":[{"uid":"1","type":"short_answer","title":"Full legal name"}]}`)
}

// respond registers a callback that responds with any R.
func respond[R any](t *testing.T, name string, v R, want string) {
	t.Run(name, func(t *testing.T) {
		r := newHandler(t, nil)
		event.OnRespond(r, comeet.TypeRequestQuestionnaire, func(context.Context, *comeet.Candidate) (R, error) { return v, nil })
		w := r.serve(comeet.TypeRequestQuestionnaire, comeettest.NewRequest(t, secret, comeet.TypeRequestQuestionnaire))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%d %s, want %s", w.Code, w.Body, want)
		}
	})
}
