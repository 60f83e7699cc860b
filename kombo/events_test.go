package kombo_test

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// payloads are tested against testdata/webhooks.schema.json.
var payloads = schematest.Of(kombotest.Vendor, kombo.New)

func TestPayloadsLoseNothing(t *testing.T)               { payloads.LoseNothing(t) }
func TestPayloadsModelWhatIsKnownAndNoMore(t *testing.T) { payloads.ModelNoMore(t) }
func TestFixturesHaveEveryKnownMember(t *testing.T)      { payloads.FixturesComplete(t) }
func TestEnumsHaveEveryKnownValue(t *testing.T)          { payloads.EnumsComplete(t) }

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

// fixture is the data of a type's fixture.
func fixture(t *testing.T, typ string) map[string]any {
	t.Helper()
	var data map[string]any
	if err := json.Unmarshal(kombotest.Vendor.Payload(kombotest.Vendor.Body(typ)), &data); err != nil {
		t.Fatal(err)
	}
	return data
}
