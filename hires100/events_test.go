package hires100_test

import (
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/internal/schematest"
)

// payloads are tested against testdata/webhooks.schema.json, which has what is in
// the member data of the fixtures.
var payloads = schematest.Of(inData(hires100test.Vendor), hires100.New)

func inData(v eventtest.Vendor) eventtest.Vendor {
	v.Provider.Envelope.Payload = []string{"data"}
	return v
}

func TestPayloadsLoseNothing(t *testing.T)               { payloads.LoseNothing(t, "Event") }
func TestPayloadsModelWhatIsKnownAndNoMore(t *testing.T) { payloads.ModelNoMore(t) }
func TestFixturesHaveEveryKnownMember(t *testing.T)      { payloads.FixturesComplete(t) }
func TestEnumsHaveEveryKnownValue(t *testing.T)          { payloads.EnumsComplete(t) }

// An Event encodes as a whole body, and so it is tried with one. The ids by which
// entities refer to each other are left out: one that is absent is filled in from
// another entity, which looks like a loss.
func TestEventsLoseNothing(t *testing.T) {
	data := payloads.Schema(t, "Event")
	for _, entity := range data.Properties {
		maps.DeleteFunc(entity.Properties, func(name string, _ *schematest.Schema) bool {
			return slices.Contains([]string{"candidate_id", "application_id", "job_id"}, name)
		})
	}
	data.Properties["reason"] = &schematest.Schema{}
	body := &schematest.Schema{Type: schematest.Types{"object"}, Properties: map[string]*schematest.Schema{
		"event":     {Type: schematest.Types{"string"}, Enum: hires100.Provider().Types},
		"event_id":  {Type: schematest.Types{"string", "integer"}},
		"timestamp": {Type: schematest.Types{"integer", "string"}},
		"data":      data,
	}}
	for _, lost := range schematest.Lost(body, hires100.Event{}) {
		t.Error(lost)
	}
}

func TestFullName(t *testing.T) {
	for want, c := range map[string]hires100.Candidate{
		"Mira Holm": {FirstName: "Mira", LastName: "Holm"},
		"M. Holm":   {FirstName: "Mira", LastName: "Holm", Name: "M. Holm"},
		"Holm":      {LastName: "Holm"},
		"Mira":      {FirstName: "Mira"},
		"":          {},
	} {
		if got := c.FullName(); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
	if got := (hires100.User{FirstName: "Tess", LastName: "Arden"}).FullName(); got != "Tess Arden" {
		t.Errorf("the user's is %q", got)
	}
}

// Logging a payload prints the ids named here; that it prints no more is part of
// the conformance test.
func TestLogValuePrintsIDs(t *testing.T) {
	e := hires100test.InterviewScheduled()
	for _, test := range []struct {
		payload slog.LogValuer
		want    string
	}{
		{e, "[candidate_id=48213 application_id=90177 interview_id=7714 job_id=5520 user_id=912]"},
		{e.Candidate, "[id=48213]"},
		{e.Application, "[id=90177 candidate_id=48213 job_id=5520 stage_id=304]"},
		{e.Interview, "[id=7714 application_id=90177 candidate_id=48213 job_id=5520]"},
		{hires100test.AIScoreGenerated().AIScore, "[application_id=90177 candidate_id=48213 job_id=5520]"},
		{e.Job, "[id=5520 company_id=731]"},
		{e.User, "[id=912]"},
	} {
		if got := test.payload.LogValue().String(); got != test.want {
			t.Errorf("%T prints %s, want %s", test.payload, got, test.want)
		}
	}
}
