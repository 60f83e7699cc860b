package comeettest_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
)

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
