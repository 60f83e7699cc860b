package kit_test

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// payloads are tested against testdata/webhooks.schema.json.
var payloads = schematest.Of(kittest.Vendor, kit.New)

func TestPayloadsLoseNothing(t *testing.T)               { payloads.LoseNothing(t) }
func TestPayloadsModelWhatIsKnownAndNoMore(t *testing.T) { payloads.ModelNoMore(t) }
func TestFixturesHaveEveryKnownMember(t *testing.T)      { payloads.FixturesComplete(t) }
func TestEnumsHaveEveryKnownValue(t *testing.T)          { payloads.EnumsComplete(t) }

// What is common to four payloads is read in each of them.
func TestRecordsShareTheirMembers(t *testing.T) {
	want := kit.Record{
		ID:          "51",
		Application: kit.Application{ID: "42", JobPosting: kit.JobPosting{PublicToken: "t"}},
		Candidate:   kit.Candidate{ID: "7"},
	}
	var (
		o kit.Offer
		i kit.Interview
		c kit.CodeAssignment
		r kit.Review
	)
	for _, p := range []any{&o, &i, &c, &r} {
		const data = `{"id":"51","application":{"id":42,"job_posting":{"public_token":"t"}},"candidate":{"id":7}}`
		if err := json.Unmarshal([]byte(data), p); err != nil {
			t.Errorf("%T: %v", p, err)
		}
	}
	for _, got := range []kit.Record{o.Record, i.Record, c.Record, r.Record} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// Logging a payload prints the ids named here; that it prints no more is part of
// the conformance test.
func TestLogValuePrintsIDs(t *testing.T) {
	a := kittest.ApplicationSubmitted()
	for _, test := range []struct {
		payload slog.LogValuer
		want    string
	}{
		{a, "[id=42 candidate_id=7 job_posting_id=3]"},
		{a.Candidate, "[id=7]"},
		{a.JobPosting, "[id=3]"},
		{kittest.OfferRevised(), "[id=55 application_id=42 candidate_id=7 job_posting_id=3]"},
		{kittest.TestPing(), "[]"},
	} {
		if got := test.payload.LogValue().String(); got != test.want {
			t.Errorf("%T prints %s, want %s", test.payload, got, test.want)
		}
	}
}
