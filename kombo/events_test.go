package kombo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// payloads has, for every event type, its payload type and the members that
// Kombo documents, as dotted paths: [] goes into a list, and ? marks a member
// that may be null. It is our own copy, read from Kombo's OpenAPI document on
// 2026-11-21; samples are members that only samples of docs.kombo.dev/webhooks
// have.
var payloads = []struct {
	typ     string
	payload any
	members []string
	samples []string
}{
	{"data-changed", kombo.DataChanged{}, []string{
		"integration_id", "integration_tool", "integration_category",
		"changed_models", "changed_models[].name",
	}, nil},
	{"sync-finished", kombo.SyncFinished{}, slices.Concat([]string{
		"sync_id", "sync_state", "sync_started_at", "sync_ended_at", "sync_duration_seconds",
		"integration_id", "integration_tool", "integration_category", "log_url",
	}, endUser), nil},
	{"remote-event-received", kombo.RemoteEventReceived{}, slices.Concat([]string{
		"integration_id", "integration_tool", "integration_category",
	}, endUser), nil},
	{"integration-created", kombo.IntegrationCreated{}, slices.Concat([]string{
		"id", "tool", "category",
	}, endUser), nil},
	{"integration-deleted", kombo.IntegrationDeleted{}, slices.Concat([]string{
		"id", "tool", "category", "deleted_at",
	}, endUser), nil},
	{"integration-state-changed", kombo.IntegrationStateChanged{}, slices.Concat([]string{
		"integration_tool", "integration_id", "integration_category",
		"qa_status", "setup_status", "state", "updated_at",
	}, endUser), nil},
	{"connection-flow-failed", kombo.ConnectionFlowFailed{}, slices.Concat([]string{
		"integration_tool", "integration_category", "log_url",
	}, endUser), nil},
	{"assessment:order-received", kombo.AssessmentOrder{}, assessmentOrder, []string{"remote_data?"}},
	{"inline-assessment:order-received", kombo.AssessmentOrder{}, assessmentOrder, []string{"remote_data?"}},
	{"ai-apply-application-status-updated", kombo.AIApplyApplication{}, []string{
		"id", "job_posting_id", "status", "created_at", "updated_at",
	}, nil},
	{"ai-apply-job-posting-status-updated", kombo.AIApplyJobPosting{}, []string{
		"id", "career_site", "career_site.id", "career_site.label", "url", "job_code?",
		"created_at", "updated_at", "archived_at?", "archived_reason?", "availability",
	}, nil},
}

var endUser = []string{
	"end_user", "end_user.organization_name", "end_user.creator_email?", "end_user.origin_id?",
}

var assessmentOrder = []string{
	"id", "package_id", "status", "integration_id",
	"candidate", "candidate.email", "candidate.first_name?", "candidate.last_name?",
	"candidate.phone?", "candidate.remote_id?",
	"application", "application.remote_id?",
	"job", "job.remote_id?", "job.name?", "job.job_code?", "job.description?",
	"job.location?", "job.location.city?", "job.location.country?", "job.location.raw?",
	"job.location.state?", "job.location.street_1?", "job.location.street_2?", "job.location.zip_code?",
	"job.hiring_team", "job.hiring_team[].remote_id?", "job.hiring_team[].email?",
	"job.hiring_team[].first_name?", "job.hiring_team[].last_name?", "job.hiring_team[].hiring_team_roles",
}

// enums has the known values of every enum, from the same document; values
// from elsewhere have a comment.
var enums = map[string][]string{
	"IntegrationCategory": {"HRIS", "ATS", "ASSESSMENT", "LMS"},
	"SyncState": {"SUCCEEDED", "FAILED", "PARTIALLY_FAILED", "AUTHENTICATION_FAILED",
		"CANCELLED", "TIMED_OUT"}, // older edition of docs.kombo.dev/webhooks
	"IntegrationState": {"ACTIVE", "INVALID", "INACTIVE"},
	"QAStatus":         {"PENDING", "FAILED", "PASSED"},
	"SetupStatus":      {"INCOMPLETE", "FINAL_SYNC_PENDING", "COMPLETED"},
	"OrderStatus":      {"OPEN", "COMPLETED", "CANCELLED", "REJECTED"},
	"HiringTeamRole": {"RECRUITER", "HIRING_MANAGER",
		"SOURCER"}, // TypeScript SDK
	"ApplicationStatus": {"SUBMITTED", "DUPLICATE", "PENDING", "FAILED"},
	"Availability":      {"APPLYABLE", "PENDING", "ARCHIVED", "UNAVAILABLE"},
	"ArchivedReason":    {"JOB_POSTING_TAKEN_OFFLINE", "MANUAL_ARCHIVE", "REMOVED_FROM_JOB_FEED"},
	"Model": {
		"hris_legal_entities", "hris_locations", "hris_employees", "hris_absence_types", "hris_absences",
		"hris_employments", "hris_teams", "hris_time_off_balances", "hris_timesheets",
		"hris_employee_document_categories", "hris_performance_reviews", "hris_performance_review_cycles",
		"hris_staffing_entities", "ats_users", "ats_jobs", "ats_job_postings", "ats_candidates",
		"ats_application_stages", "ats_applications", "ats_screening_questions", "ats_tags", "ats_interviews",
		"ats_offers", "ats_rejection_reasons", "ats_roles", "lms_users", "lms_course_providers", "lms_skills",
		"lms_courses", "lms_course_revisions", "lms_course_progressions", "hris_join_employees_teams",
		"hris_join_staffing_entities_locations", "hris_join_staffing_entities_legal_entities",
		"hris_join_staffing_entities_groups", "ats_join_candidates_tags", "ats_join_jobs_application_stages",
		"ats_join_jobs_screening_questions", "ats_join_user_job_role_assignments", "ats_join_jobs_users",
		"ats_join_users_roles", "ats_join_interviews_users", "lms_join_revisions_skills",
		// TypeScript SDK
		"hris_skill_proficiency_scales", "hris_skills", "hris_skill_rating_providers",
		"hris_employee_skill_proficiency_ratings", "hris_pay_runs", "hris_payslips", "hris_salary_types",
		"hris_payslip_line_items", "ats_notes", "ats_scorecards", "hris_join_staffing_entities_skills",
	},
}

func TestPayloadsModelEveryDocumentedMember(t *testing.T) {
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			want := slices.Sorted(slices.Values(slices.Concat(p.members, p.samples)))
			got := slices.Sorted(slices.Values(membersOf(reflect.TypeOf(p.payload), "")))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("members of %T (-documented +modelled; ? is nullable):\n%s", p.payload, diff)
			}
		})
	}
}

// The conformance test tries each member of a fixture: none may be missing
// there.
func TestFixturesHaveEveryDocumentedMember(t *testing.T) {
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			got := map[string]bool{}
			for _, path := range membersIn(fixture(t, p.typ), "") {
				got[path] = true
			}
			want := map[string]bool{}
			for _, path := range p.members {
				want[strings.TrimSuffix(path, "?")] = true
			}
			for _, path := range p.samples {
				if path = strings.TrimSuffix(path, "?"); got[path] {
					want[path] = true
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-documented +in the fixture):\n%s", diff)
			}
		})
	}
}

func TestEnumsHaveEveryKnownValue(t *testing.T) {
	got := constants(t, "events.go")
	types := got[""]
	delete(got, "")
	if diff := cmp.Diff(enums, got); diff != "" {
		t.Errorf("constants of events.go (-known +declared):\n%s", diff)
	}

	var want []string
	for _, p := range payloads {
		want = append(want, p.typ)
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("Type constants of events.go (-tested +declared):\n%s", diff)
	}
}

// A payload whose every member is set, enums to values that nobody knows yet,
// comes back the same.
func TestPayloadsKeepEveryMember(t *testing.T) {
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			want := reflect.New(reflect.TypeOf(p.payload))
			fill(want.Elem(), "")
			body, err := json.Marshal(want.Interface())
			if err != nil {
				t.Fatal(err)
			}
			got := reflect.New(reflect.TypeOf(p.payload))
			if err := json.Unmarshal(body, got.Interface()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Interface(), got.Interface()); diff != "" {
				t.Errorf("decoded from its own encoding (-want +got):\n%s", diff)
			}
		})
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

func TestRemoteDataIsKeptAsItCame(t *testing.T) {
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
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Logging a payload prints the ids named here and nothing else of it.
func TestLogValuePrintsIDsOnly(t *testing.T) {
	for _, test := range []struct {
		payload any
		want    []string
	}{
		{&kombo.DataChanged{}, []string{"integration_id"}},
		{&kombo.SyncFinished{}, []string{"sync_id", "integration_id"}},
		{&kombo.RemoteEventReceived{}, []string{"integration_id"}},
		{&kombo.IntegrationCreated{}, []string{"id"}},
		{&kombo.IntegrationDeleted{}, []string{"id"}},
		{&kombo.IntegrationStateChanged{}, []string{"integration_id"}},
		{&kombo.ConnectionFlowFailed{}, []string{"end_user.origin_id"}},
		{&kombo.AssessmentOrder{}, []string{"id", "package_id", "integration_id"}},
		{&kombo.AIApplyApplication{}, []string{"id", "job_posting_id"}},
		{&kombo.AIApplyJobPosting{}, []string{"id", "career_site.id"}},
		{&kombo.EndUser{}, []string{"origin_id"}},
		{&kombo.Candidate{}, []string{"remote_id"}},
		{&kombo.Application{}, []string{"remote_id"}},
		{&kombo.Job{}, []string{"remote_id"}},
		{&kombo.HiringTeamMember{}, []string{"remote_id"}},
	} {
		t.Run(fmt.Sprintf("%T", test.payload), func(t *testing.T) {
			v := reflect.ValueOf(test.payload).Elem()
			logLine(t, v.Interface()) // its zero value, all pointers nil, must not panic

			fill(v, "")
			for _, value := range []any{v.Interface(), test.payload} {
				line := logLine(t, value)
				var got []string
				for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" =\"\n", r) }) {
					if path, ok := strings.CutPrefix(word, canary); ok {
						got = append(got, path)
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("members printed (-want +got):\n%s\n%s", diff, line)
				}
				for _, s := range []string{canaryTime.Format("2006"), strconv.FormatFloat(canaryNumber, 'f', -1, 64)} {
					if strings.Contains(line, s) {
						t.Errorf("printed %s: %s", s, line)
					}
				}
			}
		})
	}
}

// What fill sets members to: strings are the canary and the member's path.
const (
	canary       = "canary:"
	canaryNumber = 31337.25
)

var canaryTime = time.Date(1987, 6, 5, 4, 3, 2, 1000, time.UTC)

// fill sets every member of v, with one element in each list.
func fill(v reflect.Value, path string) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = canaryTime
		return
	case *json.RawMessage:
		*x = json.RawMessage(strconv.Quote(canary + path))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(canary + path)
	case reflect.Float64:
		v.SetFloat(canaryNumber)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path+"[]")
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), dotted(path, tagName(v.Type().Field(i))))
		}
	default:
		panic("no canary for " + v.Type().String())
	}
}

// membersOf lists the members that t models, in the notation of payloads.
func membersOf(t reflect.Type, path string) []string {
	switch {
	case t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[json.RawMessage]():
		return nil
	case t.Kind() == reflect.Pointer:
		return membersOf(t.Elem(), path)
	case t.Kind() == reflect.Slice:
		return membersOf(t.Elem(), path+"[]")
	case t.Kind() != reflect.Struct:
		return nil
	}
	var members []string
	for f := range t.Fields() {
		name := dotted(path, tagName(f))
		mark := ""
		if f.Type.Kind() == reflect.Pointer || f.Type == reflect.TypeFor[json.RawMessage]() {
			mark = "?"
		}
		members = append(append(members, name+mark), membersOf(f.Type, name)...)
	}
	return members
}

// membersIn lists the members of a JSON value, each way once for each element
// of a list. What remote_data holds is not Kombo's.
func membersIn(v any, path string) []string {
	var members []string
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			members = append(members, dotted(path, key))
			if key != "remote_data" {
				members = append(members, membersIn(member, dotted(path, key))...)
			}
		}
	case []any:
		for _, element := range v {
			members = append(members, membersIn(element, path+"[]")...)
		}
	}
	return members
}

func tagName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func dotted(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// constants reads the values of a file's string constants by their type, in
// order; those without a type have "".
func constants(t *testing.T, file string) map[string][]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	for _, decl := range f.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			spec := spec.(*ast.ValueSpec)
			typ := ""
			if id, ok := spec.Type.(*ast.Ident); ok {
				typ = id.Name
			}
			for _, value := range spec.Values {
				s, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				values[typ] = append(values[typ], s)
			}
		}
	}
	return values
}

// fixture is the data of a type's fixture.
func fixture(t *testing.T, typ string) map[string]any {
	t.Helper()
	return decodeAny(t, kombotest.Vendor.Payload(kombotest.Vendor.Body(typ))).(map[string]any)
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

func logLine(t *testing.T, v any) string {
	t.Helper()
	var buf bytes.Buffer
	slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})).Info("received", "payload", v)
	if strings.Contains(buf.String(), "panic") {
		t.Errorf("LogValue panics: %s", buf.String())
	}
	return buf.String()
}
