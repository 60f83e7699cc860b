package kit_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// payloads has, for every event type, its payload type and the members that it
// models, as dotted paths in the order of Kit's documentation.
var payloads = []struct {
	typ     string
	payload any
	members []string
}{
	{kit.TypeApplicationSubmitted, kit.Application{}, application},
	{kit.TypeApplicationRejected, kit.Application{}, application},
	{kit.TypeApplicationAdvanced, kit.Application{}, application},
	{kit.TypeApplicationWithdrawn, kit.Application{}, application},
	{kit.TypeApplicationOfferExtended, kit.Application{}, application},
	{kit.TypeOfferAccepted, kit.Offer{}, unpublished},
	{kit.TypeOfferDeclined, kit.Offer{}, unpublished},
	{kit.TypeOfferCandidateAccepted, kit.Offer{}, unpublished},
	{kit.TypeOfferCandidateDeclined, kit.Offer{}, unpublished},
	{kit.TypeOfferRevised, kit.Offer{}, unpublished},
	{kit.TypeInterviewScheduled, kit.Interview{}, unpublished},
	{kit.TypeInterviewConfirmed, kit.Interview{}, unpublished},
	{kit.TypeInterviewCompleted, kit.Interview{}, unpublished},
	{kit.TypeInterviewCancelled, kit.Interview{}, unpublished},
	{kit.TypeInterviewNoShow, kit.Interview{}, unpublished},
	{kit.TypeCodeAssignmentSubmitted, kit.CodeAssignment{}, unpublished},
	{kit.TypeCodeAssignmentAutoSubmitted, kit.CodeAssignment{}, unpublished},
	{kit.TypeReviewSubmitted, kit.Review{}, unpublished},
	{kit.TypeJobPostingPublished, kit.JobPosting{}, []string{"id"}},
	{kit.TypeJobPostingPaused, kit.JobPosting{}, []string{"id"}},
	{kit.TypeJobPostingClosed, kit.JobPosting{}, []string{"id"}},
	{kit.TypeJobPostingReopened, kit.JobPosting{}, []string{"id"}},
	{kit.TypeTestPing, kit.Ping{}, nil},
}

// application is our own copy of what Kit documents for the application events,
// read from startupkit.app/docs/webhook-events-reference on 2026-11-21.
var application = []string{
	"id", "candidate", "candidate.id", "candidate.name", "candidate.email",
	"job_posting", "job_posting.id", "job_posting.title",
	"current_stage", "submitted_at", "rejected", "withdrawn", "offered",
}

// unpublished is what the other payloads are searched for.
var unpublished = slices.Concat(
	[]string{"id", "application"}, under("application", application),
	[]string{"candidate", "candidate.id", "candidate.name", "candidate.email"},
	[]string{"job_posting", "job_posting.id", "job_posting.title"},
)

func TestPayloadsModelEveryDocumentedMember(t *testing.T) {
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			if diff := cmp.Diff(p.members, membersOf(reflect.TypeOf(p.payload), "")); diff != "" {
				t.Errorf("members of %T (-documented +modelled):\n%s", p.payload, diff)
			}
		})
	}
}

// The conformance test tries each member of a fixture: none may be missing
// there.
func TestFixturesHaveEveryDocumentedMember(t *testing.T) {
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			var fixture any
			if err := json.Unmarshal(kittest.Vendor.Payload(kittest.Vendor.Body(p.typ)), &fixture); err != nil {
				t.Fatal(err)
			}
			want, got := slices.Sorted(slices.Values(p.members)), slices.Sorted(slices.Values(membersIn(fixture, "")))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-documented +in the fixture):\n%s", diff)
			}
		})
	}
}

func TestUnpublishedPayloadsKeepWhatFits(t *testing.T) {
	const candidate = `"candidate":{"id":7,"name":"N","email":"e"}`
	id := int64(51)
	tests := []struct {
		name string
		data string
		want kit.Offer
	}{
		{"an id that is a string", `{"id":"51",` + candidate + `}`, kit.Offer{Candidate: &kit.Candidate{ID: 7, Name: "N", Email: "e"}}},
		{"an id with a fraction", `{"id":51.5}`, kit.Offer{}},
		{"an id beyond 64 bits", `{"id":9223372036854775808}`, kit.Offer{}},
		{"a candidate that is a string", `{"id":51,"candidate":"N"}`, kit.Offer{ID: &id}},
		{"a candidate whose id is a string", `{"id":51,"candidate":{"id":"7","name":"N"}}`, kit.Offer{ID: &id}},
		{"an application that is a number", `{"id":51,"application":42}`, kit.Offer{ID: &id}},
		{"a job posting that is an array", `{"id":51,"job_posting":[]}`, kit.Offer{ID: &id}},
		{"nothing but members that are not modelled", `{"salary":{"amount":1}}`, kit.Offer{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := kit.Offer{JobPosting: &kit.JobPostingSummary{ID: 1}} // of an earlier decode
			decode(t, &got, tt.data)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			decode(t, new(kit.Interview), tt.data)
			decode(t, new(kit.CodeAssignment), tt.data)
			decode(t, new(kit.Review), tt.data)
			decode(t, new(kit.JobPosting), tt.data)
		})
	}
}

func TestDataThatIsNoObjectDoesNotDecode(t *testing.T) {
	for _, p := range payloads {
		for _, data := range []string{`"canary"`, `["canary"]`, `4711`, `true`} {
			err := json.Unmarshal([]byte(data), reflect.New(reflect.TypeOf(p.payload)).Interface())
			switch {
			case p.typ == kit.TypeTestPing && err != nil:
				t.Errorf("%s: %s: %v", p.typ, data, err)
			case p.typ != kit.TypeTestPing && err == nil:
				t.Errorf("%s: %s decodes", p.typ, data)
			case err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "4711")):
				t.Errorf("%s: %s is quoted by %q", p.typ, data, err)
			}
		}
	}
}

func decode(t *testing.T, p any, data string) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), p); err != nil {
		t.Errorf("%T: %v", p, err)
	}
}

// membersOf lists the members that typ models, in the notation of payloads.
func membersOf(typ reflect.Type, path string) []string {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return nil
	}
	var members []string
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		members = append(append(members, path+name), membersOf(f.Type, path+name+".")...)
	}
	return members
}

// membersIn lists the members of a JSON value.
func membersIn(v any, path string) []string {
	var members []string
	object, _ := v.(map[string]any)
	for name, member := range object {
		members = append(append(members, path+name), membersIn(member, path+name+".")...)
	}
	return members
}

// under puts a member's name before its members' names.
func under(name string, members []string) []string {
	var all []string
	for _, m := range members {
		all = append(all, name+"."+m)
	}
	return all
}
