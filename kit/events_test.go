package kit_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/drift"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// payloads has the payload type of every event type, and its schema.
var payloads = []struct {
	typ     string
	payload any
	schema  string
}{
	{"application.submitted", kit.Application{}, "application"},
	{"application.rejected", kit.Application{}, "application"},
	{"application.advanced", kit.Application{}, "application"},
	{"application.withdrawn", kit.Application{}, "application"},
	{"application.offer_extended", kit.Application{}, "application"},
	{"offer.accepted", kit.Offer{}, "record"},
	{"offer.declined", kit.Offer{}, "record"},
	{"offer.candidate_accepted", kit.Offer{}, "record"},
	{"offer.candidate_declined", kit.Offer{}, "record"},
	{"offer.revised", kit.Offer{}, "record"},
	{"interview.scheduled", kit.Interview{}, "record"},
	{"interview.confirmed", kit.Interview{}, "record"},
	{"interview.completed", kit.Interview{}, "record"},
	{"interview.cancelled", kit.Interview{}, "record"},
	{"interview.no_show", kit.Interview{}, "record"},
	{"code_assignment.submitted", kit.CodeAssignment{}, "record"},
	{"code_assignment.auto_submitted", kit.CodeAssignment{}, "record"},
	{"review.submitted", kit.Review{}, "record"},
	{"job_posting.published", kit.JobPosting{}, "job_posting"},
	{"job_posting.paused", kit.JobPosting{}, "job_posting"},
	{"job_posting.closed", kit.JobPosting{}, "job_posting"},
	{"job_posting.reopened", kit.JobPosting{}, "job_posting"},
	{"test.ping", kit.Ping{}, "ping"},
}

// schemas are those of the payloads. testdata/webhooks.schema.json has what is
// known: the application from startupkit.app/docs/webhook-events-reference, and
// public_token from github.com/startupkit-app/nextjs-job-board at a851000, both
// read 2026-11-21; ids may be strings. A record is what is looked for in the other
// payloads, and nothing is in a ping.
func schemas(t *testing.T) map[string]*schematest.Schema {
	t.Helper()
	b, err := os.ReadFile("testdata/webhooks.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]*schematest.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	object := schematest.Types{"object"}
	s["ping"] = &schematest.Schema{Type: object, Properties: map[string]*schematest.Schema{}}
	s["record"] = &schematest.Schema{Type: object, Properties: map[string]*schematest.Schema{
		"id":          s["application"].Properties["id"],
		"application": s["application"],
		"candidate":   s["application"].Properties["candidate"],
		"job_posting": s["job_posting"],
	}}
	return s
}

func TestPayloadsLoseNothing(t *testing.T) {
	schemas := schemas(t)
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			for _, lost := range schematest.Lost(schemas[p.schema], p.payload) {
				t.Error(lost)
			}
		})
	}
}

func TestPayloadsModelWhatIsKnownAndNoMore(t *testing.T) {
	schemas := schemas(t)
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			if diff := cmp.Diff(schemas[p.schema].Members(), schematest.MembersOf(p.payload)); diff != "" {
				t.Errorf("members of %T (-known +modelled):\n%s", p.payload, diff)
			}
		})
	}
}

// The conformance test tries each member of a fixture: none may be missing there.
func TestFixturesHaveEveryKnownMember(t *testing.T) {
	schemas := schemas(t)
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			body := kittest.Vendor.Body(p.typ)
			payload := kittest.Vendor.Payload(body)
			if diff := cmp.Diff(schemas[p.schema].Members(), schematest.MembersIn(payload)); diff != "" {
				t.Errorf("(-known +in the fixture):\n%s", diff)
			}
			d := &event.Delivery{Type: p.typ, Body: body, Payload: payload}
			if found := drift.Find(kit.Provider(), d, reflect.New(reflect.TypeOf(p.payload)).Interface()); len(found) > 0 {
				t.Errorf("the fixture differs from what is modelled: %q", found)
			}
		})
	}
	if !slices.Equal(kit.Provider().Types, kittest.Vendor.Types()) || len(payloads) != len(kit.Provider().Types) {
		t.Errorf("%d payloads, %d types, %d fixtures", len(payloads), len(kit.Provider().Types), len(kittest.Vendor.Types()))
	}
}

// What is common to four payloads is read in each of them, and logged.
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
	if got, want := o.LogValue().String(), "[id=51 application_id=42 candidate_id=7 job_posting_id=]"; got != want {
		t.Errorf("logged as %s, want %s", got, want)
	}
}
