package comeettest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
)

// hire is the callback that the tests below are about.
func hire(_ context.Context, c *comeet.Candidate) error {
	if c.StartDate.IsZero() {
		return &event.Rejection{Status: http.StatusBadRequest, Message: "The start date is missing."}
	}
	return nil
}

// A test of a callback alone: a sample, changed, is enough.
func TestHireNeedsAStartDate(t *testing.T) {
	c := comeettest.CreateEmployee()
	c.StartDate = event.Time{}
	if _, ok := errors.AsType[*event.Rejection](hire(t.Context(), c)); !ok {
		t.Error("a candidate without a start date was hired")
	}
}

// A test of the wiring: a signed request, at the URL that Comeet has.
func TestHireIsWired(t *testing.T) {
	h, err := comeet.NewHandler("a secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	h.OnCreateEmployee(hire)
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/comeet/", h)

	late := comeettest.CreateEmployee()
	late.StartDate = event.Time{}
	for want, e := range map[int]any{200: comeet.TypeCreateEmployee, 400: eventtest.As(comeet.TypeCreateEmployee, late)} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, comeettest.NewRequest(t, "a secret", e, eventtest.To("/hooks/comeet/create-employee")))
		if w.Code != want {
			t.Errorf("%d %s, want %d", w.Code, w.Body, want)
		}
	}
}

func TestSamplesAreTheFixtures(t *testing.T) {
	for typ, sample := range map[string]func() *comeet.Candidate{
		comeet.TypeRequestQuestionnaire: comeettest.RequestQuestionnaire,
		comeet.TypeCreateEmployee:       comeettest.CreateEmployee,
	} {
		want := new(comeet.Candidate)
		if err := json.Unmarshal(comeettest.Vendor.Body(typ), want); err != nil {
			t.Fatal(err)
		}
		first := sample()
		if diff := cmp.Diff(want, first); diff != "" {
			t.Errorf("%s (-fixture +sample)\n%s", typ, diff)
		}
		first.FirstName = "changed"
		first.Links[0].URL = "changed"
		if diff := cmp.Diff(want, sample()); diff != "" {
			t.Errorf("%s: a change to one sample is in the next (-want +got)\n%s", typ, diff)
		}
	}
}

func TestSamplesDifferInTheAnswersOnly(t *testing.T) {
	asked, answered := comeettest.RequestQuestionnaire(), comeettest.CreateEmployee()
	for _, uid := range []string{"1", "2", "3", "4"} {
		if _, ok := asked.Answer(uid); ok {
			t.Errorf("RequestQuestionnaire has an answer to %s", uid)
		}
		if _, ok := answered.Answer(uid); !ok {
			t.Errorf("CreateEmployee has no answer to %s", uid)
		}
	}
	answered.PartnerQuestionnaire = nil
	if diff := cmp.Diff(asked, answered); diff != "" {
		t.Errorf("(-RequestQuestionnaire +CreateEmployee)\n%s", diff)
	}
}
