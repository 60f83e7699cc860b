package kombo_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// payloads has the payload type of every event type.
var payloads = []struct {
	typ     string
	payload any
}{
	{"data-changed", kombo.DataChanged{}},
	{"sync-finished", kombo.SyncFinished{}},
	{"remote-event-received", kombo.RemoteEventReceived{}},
	{"integration-created", kombo.IntegrationCreated{}},
	{"integration-deleted", kombo.IntegrationDeleted{}},
	{"integration-state-changed", kombo.IntegrationStateChanged{}},
	{"connection-flow-failed", kombo.ConnectionFlowFailed{}},
	{"issue-status-changed", kombo.IssueStatusChanged{}},
	{"assessment:order-received", kombo.AssessmentOrder{}},
	{"inline-assessment:order-received", kombo.AssessmentOrder{}},
	{"ai-apply-data-changed", kombo.AIApplyDataChanged{}},
	{"ai-apply-application-status-updated", kombo.AIApplyApplication{}},
	{"ai-apply-job-posting-status-updated", kombo.AIApplyJobPosting{}},
}

// schemas are those of the payloads, by event type. testdata/webhooks.schema.json
// has the facts of Kombo's OpenAPI document (docs.kombo.dev/api-reference), of an
// older edition of it for remote-event-received, and of Kombo's TypeScript SDK at
// 0c88267 for issue-status-changed, all read 2026-11-21. There is none of
// ai-apply-data-changed.
func schemas(t *testing.T) map[string]*schematest.Schema {
	t.Helper()
	b, err := os.ReadFile("testdata/webhooks.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var bodies map[string]*schematest.Schema
	if err := json.Unmarshal(b, &bodies); err != nil {
		t.Fatal(err)
	}
	data := map[string]*schematest.Schema{kombo.TypeAIApplyDataChanged: {Type: schematest.Types{"object"}}}
	for typ, body := range bodies {
		data[typ] = body.Properties["data"]
	}
	return data
}

// inSamplesOnly are members that samples of docs.kombo.dev/webhooks have and the
// schemas do not.
var inSamplesOnly = map[string][]string{
	"assessment:order-received":        {"remote_data"},
	"inline-assessment:order-received": {"remote_data"},
}

func TestPayloadsLoseNothing(t *testing.T) {
	schemas := schemas(t)
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			for _, lost := range schematest.Lost(schemas[p.typ], p.payload) {
				t.Error(lost)
			}
		})
	}
	if len(payloads) != len(schemas) {
		t.Errorf("%d payloads and %d schemas", len(payloads), len(schemas))
	}
}

func TestPayloadsModelWhatIsDocumentedAndNoMore(t *testing.T) {
	schemas := schemas(t)
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			want := append(schemas[p.typ].Members(), inSamplesOnly[p.typ]...)
			slices.Sort(want)
			if diff := cmp.Diff(want, schematest.MembersOf(p.payload)); diff != "" {
				t.Errorf("members of %T (-documented +modelled):\n%s", p.payload, diff)
			}
		})
	}
}

// The conformance test tries each member of a fixture: none may be missing there.
func TestFixturesHaveEveryDocumentedMember(t *testing.T) {
	schemas := schemas(t)
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			in := schematest.MembersIn(payload(p.typ))
			for _, member := range schemas[p.typ].Members() {
				if !slices.Contains(in, member) {
					t.Errorf("the fixture has no %s", member)
				}
			}
		})
	}
}

// otherValues are values of enums that are known from elsewhere than the schemas.
var otherValues = map[string][]string{
	// docs.kombo.dev/webhooks, the last two in an older edition
	"SyncState": {"SUCCEEDED", "FAILED", "PARTIALLY_FAILED", "AUTHENTICATION_FAILED", "CANCELLED", "TIMED_OUT"},
	// Kombo's TypeScript SDK, 1.0.2 to 1.0.4
	"HiringTeamRole": {"SOURCER"},
	// Kombo's TypeScript SDK
	"Model": {
		"hris_skill_proficiency_scales", "hris_skills", "hris_skill_rating_providers",
		"hris_employee_skill_proficiency_ratings", "hris_pay_runs", "hris_payslips", "hris_salary_types",
		"hris_payslip_line_items", "ats_notes", "ats_scorecards", "hris_join_staffing_entities_skills",
	},
}

func TestEnumsHaveEveryKnownValue(t *testing.T) {
	want := maps.Clone(otherValues)
	schemas := schemas(t)
	for _, p := range payloads {
		schemas[p.typ].Enums(p.payload, want)
	}
	declared, err := schematest.Constants("events.go")
	if err != nil {
		t.Fatal(err)
	}
	types := declared[""]
	delete(declared, "")
	listed := map[string][]string{}
	for _, v := range kombo.Provider().Enums {
		name := reflect.TypeOf(v).Name()
		listed[name] = append(listed[name], reflect.ValueOf(v).String())
	}
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("Provider().Enums (-constants +listed):\n%s", diff)
	}
	for _, values := range []map[string][]string{want, declared} {
		for name := range values {
			slices.Sort(values[name])
			values[name] = slices.Compact(values[name])
		}
	}
	if diff := cmp.Diff(want, declared); diff != "" {
		t.Errorf("constants of events.go (-known +declared):\n%s", diff)
	}

	var known []string
	for _, p := range payloads {
		known = append(known, p.typ)
	}
	if diff := cmp.Diff(known, types); diff != "" {
		t.Errorf("Type constants of events.go (-tested +declared):\n%s", diff)
	}
	if diff := cmp.Diff(known, kombo.Provider().Types); diff != "" {
		t.Errorf("Provider().Types (-tested +declared):\n%s", diff)
	}
}

func TestSyncDurationSeconds(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       float64
	}{
		{"whole number, as the schema has it", `{"sync_duration_seconds":1800}`, 1800},
		{"fraction, as older documentation has it", `{"sync_duration_seconds":14.509}`, 14.509},
		{"exponent", `{"sync_duration_seconds":1.8e3}`, 1800},
		{"zero", `{"sync_duration_seconds":0}`, 0},
		{"null", `{"sync_duration_seconds":null}`, 0},
		{"absent", `{}`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var e kombo.SyncFinished
			if err := json.Unmarshal([]byte(test.body), &e); err != nil {
				t.Fatal(err)
			}
			if e.SyncDurationSeconds != test.want {
				t.Errorf("got %v, want %v", e.SyncDurationSeconds, test.want)
			}
		})
	}
}

func TestIDsMayBeNumbers(t *testing.T) {
	var o kombo.AssessmentOrder
	if err := json.Unmarshal([]byte(`{"id":7,"integration_id":8,"package_id":9,"job":{"remote_id":10},"candidate":{"remote_id":11}}`), &o); err != nil {
		t.Fatal(err)
	}
	want := []event.ID{"7", "8", "9", "10", "11"}
	if diff := cmp.Diff(want, []event.ID{o.ID, o.IntegrationID, o.PackageID, o.Job.RemoteID, o.Candidate.RemoteID}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestATimeThatIsMissingIsZero(t *testing.T) {
	for _, body := range []string{`{}`, `{"updated_at":null}`, `{"updated_at":"soon"}`, `{"updated_at":[]}`} {
		var e kombo.IntegrationStateChanged
		if err := json.Unmarshal([]byte(body), &e); err != nil || !e.UpdatedAt.IsZero() {
			t.Errorf("%s: %v, %v", body, e.UpdatedAt, err)
		}
	}
}

func TestWhatIsNotModelledIsKeptAsItCame(t *testing.T) {
	for _, test := range []struct{ name, raw string }{
		{"object", `{"upstream_webhook_body":{"n":9007199254740993},"/additionally-fetched-data":{}}`},
		{"white space, order and duplicates", "{ \"b\":1,\n\t\"a\":2, \"a\": 3 }"},
		{"list", `[1,"two",null]`},
		{"string", `"text"`},
		{"null", `null`},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := []byte(`{"remote_data":` + test.raw + `}`)
			var o kombo.AssessmentOrder
			if err := json.Unmarshal(body, &o); err != nil {
				t.Fatal(err)
			}
			clear(body) // what is kept must not share memory with the body
			if diff := cmp.Diff(test.raw, string(o.RemoteData)); diff != "" {
				t.Errorf("RemoteData (-want +got):\n%s", diff)
			}

			body = []byte(test.raw)
			var c kombo.AIApplyDataChanged
			if err := json.Unmarshal(body, &c); err != nil {
				t.Fatal(err)
			}
			clear(body)
			if diff := cmp.Diff(test.raw, string(c.RawMessage)); diff != "" {
				t.Errorf("AIApplyDataChanged (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitIntegrationID(t *testing.T) {
	for _, test := range []struct {
		whole    event.ID
		tool, id string
		ok       bool
	}{
		{"personio:CBNMt7dSNCzBdnRTx87dev4E", "personio", "CBNMt7dSNCzBdnRTx87dev4E", true},
		{"personio:a:b", "personio", "a:b", true},
		{"personio", "personio", "", false},
		{"", "", "", false},
	} {
		if tool, id, ok := kombo.SplitIntegrationID(test.whole); tool != test.tool || id != test.id || ok != test.ok {
			t.Errorf("%q is split into %q, %q, %t", test.whole, tool, id, ok)
		}
	}
}

func TestFullName(t *testing.T) {
	for want, names := range map[string][2]string{
		"Mira Sample": {"Mira", "Sample"},
		"Mira":        {"Mira", ""},
		"Sample":      {"", "Sample"},
		"":            {"", ""},
	} {
		c := kombo.Candidate{FirstName: names[0], LastName: names[1]}
		m := kombo.HiringTeamMember{FirstName: names[0], LastName: names[1]}
		if c.FullName() != want || m.FullName() != want {
			t.Errorf("%q: the candidate is %q, the team member %q", names, c.FullName(), m.FullName())
		}
	}
}

// Logging a payload prints the ids named here; that it prints no more is part of
// the conformance test.
func TestLogValuePrintsIDs(t *testing.T) {
	order := kombotest.AssessmentOrderReceived()
	for _, test := range []struct {
		payload slog.LogValuer
		want    string
	}{
		{kombotest.DataChanged(), "[integration_id=greenhouse:9kWmXr4TtBz7QpLd2VcNf6Hy]"},
		{kombotest.SyncFinished(), "[sync_id=Jh6YtV3cRmW9dKp4XzBqN2gS integration_id=personio:4GnPw7RkTz2XvBmC9qLdYf3H]"},
		{kombotest.RemoteEventReceived(), "[integration_id=recruitee:6TzKpW3nVxQ9bRmL7cYdH2fS]"},
		{kombotest.IntegrationCreated(), "[id=workday:2RvLm8XkQp5TzNw9BcYdG4fJ]"},
		{kombotest.IntegrationDeleted(), "[id=workday:2RvLm8XkQp5TzNw9BcYdG4fJ]"},
		{kombotest.IntegrationStateChanged(), "[integration_id=personio:4GnPw7RkTz2XvBmC9qLdYf3H]"},
		{kombotest.ConnectionFlowFailed(), "[origin_id=customer-4410]"},
		{kombotest.IssueStatusChanged(), "[issue_id=G7mTx4RkVn9LzPw2BcYd5QhF integration_id=personio:4GnPw7RkTz2XvBmC9qLdYf3H]"},
		{kombotest.IssueStatusChanged().Issue, "[id=G7mTx4RkVn9LzPw2BcYd5QhF]"},
		{order, "[id=B3nTz8VkXm6RwLp2QcYd9HsF package_id=go_backend_basics integration_id=workday:2RvLm8XkQp5TzNw9BcYdG4fJ]"},
		{order.Candidate, "[remote_id=cand-58213]"},
		{order.Application, "[remote_id=appl-90417]"},
		{order.Job, "[remote_id=job-1187]"},
		{order.Job.HiringTeam[1], "[remote_id=user-312]"},
		{kombo.AIApplyDataChanged{RawMessage: json.RawMessage(`{"id":1}`)}, "[]"},
		{kombotest.AIApplyApplicationStatusUpdated(), "[id=Z4kRw7TmXn2VpLc9QbYd5GsH job_posting_id=D6vTn9XkRm3WzLp8BcYq4FhJ]"},
		{kombotest.AIApplyJobPostingStatusUpdated(), "[id=D6vTn9XkRm3WzLp8BcYq4FhJ career_site_id=Q2wRk6TnXm9VzLp4BcYd7HsF]"},
	} {
		if got := test.payload.LogValue().String(); got != test.want {
			t.Errorf("%T prints %s, want %s", test.payload, got, test.want)
		}
	}
}

// payload is the data of a type's fixture.
func payload(typ string) []byte { return kombotest.Vendor.Payload(kombotest.Vendor.Body(typ)) }

// fixture is the data of a type's fixture, decoded.
func fixture(t *testing.T, typ string) map[string]any {
	t.Helper()
	return decodeAny(t, payload(typ)).(map[string]any)
}

// decodeAny decodes any JSON value, with numbers as they stand.
func decodeAny(t *testing.T, body []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
