package comeettest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/internal/schematest"
)

// Every event has a sample: the payload of its fixture, fresh each time.
func TestSamples(t *testing.T) {
	schematest.Samples(t, comeettest.Vendor, map[string]any{
		comeet.TypeRequestQuestionnaire: comeettest.RequestQuestionnaire,
		comeet.TypeCreateEmployee:       comeettest.CreateEmployee,
	})
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
