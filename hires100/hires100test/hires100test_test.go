package hires100test_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
)

func TestNewRequest(t *testing.T) {
	hired := hires100test.CandidateHired()
	hired.Candidate.ID = "changed"
	for _, test := range []struct {
		name string
		e    any
		opts []eventtest.Option
		want []string // what the handler saw
	}{
		{"the fixture, by its type", hires100.TypeCandidateHired, nil,
			[]string{"/candidate.hired", hires100.TypeCandidateHired, "48213"}},
		{"a changed sample", eventtest.As(hires100.TypeCandidateHired, hired), nil,
			[]string{"/candidate.hired", hires100.TypeCandidateHired, "changed"}},
		{"a payload for another event", eventtest.As(hires100.TypeCandidateUpdated, hired), nil,
			[]string{"/candidate.updated", hires100.TypeCandidateUpdated, "changed"}},
		{"a payload from nothing", eventtest.As(hires100.TypeCandidateUpdated, &hires100.Event{Candidate: hires100.Candidate{ID: "new"}}), nil,
			[]string{"/candidate.updated", hires100.TypeCandidateUpdated, "new"}},
		{"to the service's own path", hires100.TypeCandidateUpdated, []eventtest.Option{eventtest.To("/hooks/hires100")},
			[]string{"/hooks/hires100", hires100.TypeCandidateUpdated, "48213"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, err := hires100.NewHandler("secret", nil)
			if err != nil {
				t.Fatal(err)
			}
			r := hires100test.NewRequest(t, "secret", test.e, test.opts...)
			got := []string{r.URL.Path}
			saw := func(ctx context.Context, e *hires100.Event) error {
				d, _ := event.FromContext(ctx)
				got = append(got, d.Type, string(e.Candidate.ID))
				return nil
			}
			h.OnCandidateHired(saw)
			h.OnCandidateUpdated(saw)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("status %d", w.Code)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Every event has a sample: its own fixture's payload, fresh each time.
func TestSamples(t *testing.T) {
	samples := map[string]func() *hires100.Event{
		hires100.TypeApplicationSubmitted:    hires100test.ApplicationSubmitted,
		hires100.TypeApplicationStageChanged: hires100test.ApplicationStageChanged,
		hires100.TypeCandidateHired:          hires100test.CandidateHired,
		hires100.TypeCandidateDisqualified:   hires100test.CandidateDisqualified,
		hires100.TypeInterviewScheduled:      hires100test.InterviewScheduled,
		hires100.TypeAIScoreGenerated:        hires100test.AIScoreGenerated,
		hires100.TypeCandidateCreated:        hires100test.CandidateCreated,
		hires100.TypeCandidateUpdated:        hires100test.CandidateUpdated,
	}
	for _, typ := range hires100test.Vendor.Types() {
		t.Run(typ, func(t *testing.T) {
			sample := samples[typ]
			if sample == nil {
				t.Fatal("no sample")
			}
			if first, second := sample(), sample(); first == second {
				t.Error("two samples are one value")
			}
			var want hires100.Event
			if err := json.Unmarshal(hires100test.Vendor.Payload(hires100test.Vendor.Body(typ)), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, sample()); diff != "" {
				t.Errorf("the fixture and the sample (-want +got):\n%s", diff)
			}
		})
	}
}
