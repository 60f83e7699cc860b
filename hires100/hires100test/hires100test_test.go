package hires100test_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/internal/schematest"
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

// Every event has a sample: the payload of its fixture, fresh each time.
func TestSamples(t *testing.T) {
	schematest.Samples(t, hires100test.Vendor, map[string]any{
		hires100.TypeApplicationSubmitted:    hires100test.ApplicationSubmitted,
		hires100.TypeApplicationStageChanged: hires100test.ApplicationStageChanged,
		hires100.TypeCandidateHired:          hires100test.CandidateHired,
		hires100.TypeCandidateDisqualified:   hires100test.CandidateDisqualified,
		hires100.TypeInterviewScheduled:      hires100test.InterviewScheduled,
		hires100.TypeAIScoreGenerated:        hires100test.AIScoreGenerated,
		hires100.TypeCandidateCreated:        hires100test.CandidateCreated,
		hires100.TypeCandidateUpdated:        hires100test.CandidateUpdated,
	})
}
