package kittest_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// A test of one's own callback: change a sample, send it signed, look at what
// the callback did.
func TestCandidatesAreThanked(t *testing.T) {
	service := newService(t)
	a := kittest.ApplicationSubmitted()
	a.Candidate.Email = "someone.else@example.com"
	w := httptest.NewRecorder()
	service.ServeHTTP(w, kittest.NewRequest(t, "the secret", eventtest.As(kit.TypeApplicationSubmitted, a)))
	if w.Code != 200 || service.thanked != "someone.else@example.com" {
		t.Errorf("status %d, thanked %q", w.Code, service.thanked)
	}
}

// service stands for the service that is tested.
type service struct {
	*kit.Handler
	thanked string
}

func newService(t *testing.T) *service {
	k, err := kit.NewHandler("the secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{Handler: k}
	k.OnApplicationSubmitted(func(_ context.Context, a *kit.Application) error {
		s.thanked = a.Candidate.Email
		return nil
	})
	return s
}

// samples has what each function returns, in the order of the documentation.
func samples() []eventtest.Typed {
	return []eventtest.Typed{
		eventtest.As(kit.TypeApplicationSubmitted, kittest.ApplicationSubmitted()),
		eventtest.As(kit.TypeApplicationRejected, kittest.ApplicationRejected()),
		eventtest.As(kit.TypeApplicationAdvanced, kittest.ApplicationAdvanced()),
		eventtest.As(kit.TypeApplicationWithdrawn, kittest.ApplicationWithdrawn()),
		eventtest.As(kit.TypeApplicationOfferExtended, kittest.ApplicationOfferExtended()),
		eventtest.As(kit.TypeOfferAccepted, kittest.OfferAccepted()),
		eventtest.As(kit.TypeOfferDeclined, kittest.OfferDeclined()),
		eventtest.As(kit.TypeOfferCandidateAccepted, kittest.OfferCandidateAccepted()),
		eventtest.As(kit.TypeOfferCandidateDeclined, kittest.OfferCandidateDeclined()),
		eventtest.As(kit.TypeOfferRevised, kittest.OfferRevised()),
		eventtest.As(kit.TypeInterviewScheduled, kittest.InterviewScheduled()),
		eventtest.As(kit.TypeInterviewConfirmed, kittest.InterviewConfirmed()),
		eventtest.As(kit.TypeInterviewCompleted, kittest.InterviewCompleted()),
		eventtest.As(kit.TypeInterviewCancelled, kittest.InterviewCancelled()),
		eventtest.As(kit.TypeInterviewNoShow, kittest.InterviewNoShow()),
		eventtest.As(kit.TypeCodeAssignmentSubmitted, kittest.CodeAssignmentSubmitted()),
		eventtest.As(kit.TypeCodeAssignmentAutoSubmitted, kittest.CodeAssignmentAutoSubmitted()),
		eventtest.As(kit.TypeReviewSubmitted, kittest.ReviewSubmitted()),
		eventtest.As(kit.TypeJobPostingPublished, kittest.JobPostingPublished()),
		eventtest.As(kit.TypeJobPostingPaused, kittest.JobPostingPaused()),
		eventtest.As(kit.TypeJobPostingClosed, kittest.JobPostingClosed()),
		eventtest.As(kit.TypeJobPostingReopened, kittest.JobPostingReopened()),
		eventtest.As(kit.TypeTestPing, kittest.TestPing()),
	}
}

func TestEachSampleIsItsFixtures(t *testing.T) {
	var types []string
	for _, s := range samples() {
		types = append(types, s.Type)
		want := reflect.New(reflect.TypeOf(s.Payload).Elem()).Interface()
		if err := json.Unmarshal(kittest.Vendor.Payload(kittest.Vendor.Body(s.Type)), want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.Payload); diff != "" {
			t.Errorf("%s (-fixture +sample):\n%s", s.Type, diff)
		}
	}
	if diff := cmp.Diff(kittest.Vendor.Types(), types); diff != "" {
		t.Errorf("types with a sample (-want +got):\n%s", diff)
	}
}

func TestSamplesAreFresh(t *testing.T) {
	kittest.OfferAccepted().Candidate.Name = "changed"
	if kittest.OfferAccepted().Candidate.Name == "changed" {
		t.Error("a change to one sample is in the next")
	}
}
