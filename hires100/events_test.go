package hires100

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonscan"
)

// payloads are the types that decode leniently.
var payloads = []any{Event{}, Candidate{}, Application{}, Interview{}, Score{}, Job{}, User{}}

// constants are the event types in the vendor's order, with its words for them.
var constants = []struct{ typ, words string }{
	{TypeApplicationSubmitted, "New application submitted"},
	{TypeApplicationStageChanged, "Application stage change"},
	{TypeCandidateHired, "Candidate hired"},
	{TypeCandidateDisqualified, "Candidate disqualified"},
	{TypeInterviewScheduled, "Interview scheduled"},
	{TypeAIScoreGenerated, "AI Score generated"},
	{TypeCandidateCreated, "Candidate created"},
	{TypeCandidateUpdated, "Candidate updated"},
}

func TestFixturesRoundTrip(t *testing.T) {
	for _, c := range constants {
		t.Run(c.typ, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("hires100test", "testdata", c.typ+".json"))
			if err != nil {
				t.Fatal(err)
			}
			payload, err := jsonscan.Find(body, "data")
			if err != nil {
				t.Fatal(err)
			}
			var e Event
			if err := json.Unmarshal(payload, &e); err != nil {
				t.Fatal(err)
			}
			if len(e.Extra) > 0 {
				t.Errorf("the payload has members that are not modelled: %s", encode(t, e.Extra))
			}
			for name, entity := range modelled(&e) {
				if extra := extraOf(entity); len(extra) > 0 {
					t.Errorf("%s has members that are not modelled: %s", name, encode(t, extra))
				}
			}
			if diff := cmp.Diff(plain(t, payload), plain(t, encode(t, e))); diff != "" {
				t.Errorf("encoded again (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever a member is, the object decodes and nothing of it is lost.
func TestEveryMemberInEveryForm(t *testing.T) {
	forms := []string{
		`null`, `true`, `false`, `0`, `-1.50`, `1781510400`, `""`, `"text"`, `"2026-06-15"`, `"0.5"`,
		`[]`, `[1,"two"]`, `["one","two"]`, `{}`, `{"id":7}`, `{"unknown":[{"deep":1}]}`,
	}
	for _, p := range payloads {
		typ := reflect.TypeOf(p)
		for name := range modelled(reflect.New(typ).Interface()) {
			for _, form := range forms {
				body := fmt.Sprintf(`{%q:%s,"unknown":{"kept":%[2]s}}`, name, form)
				decoded := reflect.New(typ)
				if err := json.Unmarshal([]byte(body), decoded.Interface()); err != nil {
					t.Errorf("%s: %s: %v", typ, body, err)
					continue
				}
				again := plain(t, encode(t, decoded.Elem().Interface())).(map[string]any)
				if e, ok := decoded.Interface().(*Event); ok && name == "ai_score" && e.AIScore.Value != "" {
					again[name] = again[name].(map[string]any)["score"] // a bare score becomes an object
				}
				if diff := cmp.Diff(plain(t, []byte(body)), any(again)); diff != "" {
					t.Errorf("%s: %s encoded again (-want +got):\n%s", typ, body, diff)
				}
			}
		}
	}
}

func TestNullAndAbsent(t *testing.T) {
	for _, p := range payloads {
		typ := reflect.TypeOf(p)
		var names []string
		for name := range modelled(reflect.New(typ).Interface()) {
			names = append(names, fmt.Sprintf("%q:null", name))
		}
		for _, body := range []string{`null`, `{}`, `{` + strings.Join(names, ",") + `}`} {
			decoded := reflect.New(typ)
			if err := json.Unmarshal([]byte(body), decoded.Interface()); err != nil {
				t.Errorf("%s: %s: %v", typ, body, err)
			}
			for name, field := range modelled(decoded.Interface()) {
				if !field.IsZero() {
					t.Errorf("%s: %s: %s is not zero", typ, body, name)
				}
			}
			want := 0
			if strings.Contains(body, ":null") {
				want = len(names)
			}
			if got := len(extraOf(decoded.Elem())); got != want {
				t.Errorf("%s: %s: Extra has %d members, want %d", typ, body, got, want)
			}
		}
	}
}

// A value that is decoded into again keeps nothing of what it was; null leaves it
// alone, as everywhere in encoding/json.
func TestDecodeOverwrites(t *testing.T) {
	for _, p := range payloads {
		v := reflect.New(reflect.TypeOf(p))
		plant(v.Elem(), "old")
		old := encode(t, v.Interface())
		if err := json.Unmarshal([]byte(`null`), v.Interface()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain(t, old), plain(t, encode(t, v.Interface()))); diff != "" {
			t.Errorf("%T and null (-want +got):\n%s", p, diff)
		}
		if err := json.Unmarshal([]byte(`{"new":1}`), v.Interface()); err != nil {
			t.Fatal(err)
		}
		if got, want := string(encode(t, v.Interface())), `{"new":1}`; got != want {
			t.Errorf("%T decoded again is %s, want %s", p, got, want)
		}
	}
}

func TestLayouts(t *testing.T) {
	raw := func(pairs ...string) map[string]json.RawMessage {
		m := map[string]json.RawMessage{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = json.RawMessage(pairs[i+1])
		}
		return m
	}
	tests := []struct {
		name, body string
		want       Event
	}{
		{
			"entities side by side",
			`{"event":"candidate.hired","id":1,"candidate":{"id":5},"application":{"id":9,"candidate_id":5},"user":{"id":3}}`,
			Event{
				Candidate: Candidate{ID: "5"}, Application: Application{ID: "9", CandidateID: "5"}, User: User{ID: "3"},
				Extra: raw("event", `"candidate.hired"`, "id", `1`),
			},
		},
		{
			"entities inside data",
			`{"type":"candidate_hired","user":{"id":3},"data":{"candidate":{"id":5},"job":{"id":2}}}`,
			Event{
				Candidate: Candidate{ID: "5"}, Job: Job{ID: "2"}, User: User{ID: "3"},
				Extra: raw("type", `"candidate_hired"`),
			},
		},
		{
			"entities and more inside data",
			`{"type":"candidate_hired","data":{"candidate":{"id":5},"reason":"fit"}}`,
			Event{Candidate: Candidate{ID: "5"}, Extra: raw("type", `"candidate_hired"`, "data", `{"reason":"fit"}`)},
		},
		{
			"the same entity inside data and beside it",
			`{"type":"candidate_hired","candidate":{"id":5},"data":{"candidate":{"id":6},"job":{"id":2}}}`,
			Event{
				Candidate: Candidate{ID: "5"}, Job: Job{ID: "2"},
				Extra: raw("type", `"candidate_hired"`, "data", `{"candidate":{"id":"6"}}`),
			},
		},
		{
			"data is a candidate",
			`{"event":"Candidate updated","id":"evt","data":{"id":5,"first_name":"M","email":"m@example.com","badge":1}}`,
			Event{
				Candidate: Candidate{ID: "5", FirstName: "M", Email: "m@example.com", Extra: raw("badge", `1`)},
				Extra:     raw("event", `"Candidate updated"`, "id", `"evt"`),
			},
		},
		{
			"data is an application, also where the candidate was hired",
			`{"event":"candidate.hired","data":{"id":9,"candidate_id":5,"status":"hired","created_at":1}}`,
			Event{
				Application: Application{ID: "9", CandidateID: "5", Status: ApplicationHired, CreatedAt: "1"},
				Extra:       raw("event", `"candidate.hired"`),
			},
		},
		{
			"payload is an application with its candidate inside",
			`{"event":"candidate.hired","payload":{"id":9,"candidate_id":5,"candidate":{"id":5},"job":{"id":2}}}`,
			Event{
				Application: Application{ID: "9", CandidateID: "5"}, Candidate: Candidate{ID: "5"}, Job: Job{ID: "2"},
				Extra: raw("event", `"candidate.hired"`),
			},
		},
		{
			"entity is an interview",
			`{"event":"interview.scheduled","entity":{"id":7,"start_time":10,"end_time":20,"application_id":9}}`,
			Event{
				Interview: Interview{ID: "7", StartTime: "10", EndTime: "20", ApplicationID: "9"},
				Extra:     raw("event", `"interview.scheduled"`),
			},
		},
		{
			"resource is a score",
			`{"event":"ai_score.generated","resource":{"score":87.5,"application_id":9,"criteria":[]}}`,
			Event{
				AIScore: Score{Value: "87.5", ApplicationID: "9", Extra: raw("criteria", `[]`)},
				Extra:   raw("event", `"ai_score.generated"`),
			},
		},
		{
			"the score is a number",
			`{"event":"ai_score.generated","application":{"id":9,"ai_score":87},"ai_score":87}`,
			Event{
				Application: Application{ID: "9", AIScore: "87"}, AIScore: Score{Value: "87"},
				Extra: raw("event", `"ai_score.generated"`),
			},
		},
		{
			"data could be more than one entity",
			`{"event":"candidate.hired","data":{"id":5,"created_at":1}}`,
			Event{Extra: raw("event", `"candidate.hired"`, "data", `{"id":5,"created_at":1}`)},
		},
		{
			"an entity whose id is null is none",
			`{"id":null,"email":"m@example.com","phone":"1"}`,
			Event{Extra: raw("id", `null`, "email", `"m@example.com"`, "phone", `"1"`)},
		},
		{
			"nothing but entities inside data",
			`{"data":{"candidate":{"id":5},"user":{"id":3}}}`,
			Event{Candidate: Candidate{ID: "5"}, User: User{ID: "3"}},
		},
		{
			"an id beside entities is none of theirs",
			`{"id":"evt","application":{"id":9}}`,
			Event{Application: Application{ID: "9"}, Extra: raw("id", `"evt"`)},
		},
		{
			"what is there by its name is not read again",
			`{"id":"evt","candidate_id":5,"job_id":2,"application":{"id":9}}`,
			Event{Application: Application{ID: "9"}, Extra: raw("id", `"evt"`, "candidate_id", `5`, "job_id", `2`)},
		},
		{
			"what stands under an entity's name is not written over",
			`{"candidate":"x","job":null,"data":{"candidate":{"id":5},"job":{"id":2}},"application":{"id":9,"candidate":{"id":6}}}`,
			Event{
				Application: Application{ID: "9", Extra: raw("candidate", `{"id":6}`)}, Job: Job{ID: "2"},
				Extra: raw("candidate", `"x"`, "data", `{"candidate":{"id":"5"}}`),
			},
		},
		{
			"a whole delivery is no entity",
			`{"event":"candidate.hired","id":1,"candidate_id":5,"application_id":9,"job_id":2}`,
			Event{Extra: raw("event", `"candidate.hired"`, "id", `1`, "candidate_id", `5`, "application_id", `9`, "job_id", `2`)},
		},
		{
			"the payload member itself",
			`{"id":9,"candidate_id":5,"stage_id":3,"candidate":{"id":5}}`,
			Event{Application: Application{ID: "9", CandidateID: "5", StageID: "3"}, Candidate: Candidate{ID: "5"}},
		},
		{
			"a job is never what an event is about",
			`{"":1,"id":2,"title":"x","workflow_id":4}`,
			Event{Extra: raw("", `1`, "id", `2`, "title", `"x"`, "workflow_id", `4`)},
		},
		{
			"entities inside an entity",
			`{"interview":{"id":7,"application":{"id":9,"job":{"id":2}},"candidate":{"id":5},"user":{"id":4}}}`,
			Event{
				Interview:   Interview{ID: "7", Extra: raw("user", `{"id":4}`)},
				Application: Application{ID: "9"},
				Candidate:   Candidate{ID: "5"},
				Job:         Job{ID: "2"},
			},
		},
		{
			"an entity inside an entity that is there already",
			`{"candidate":{"id":5},"application":{"id":9,"candidate":{"id":6}}}`,
			Event{
				Candidate:   Candidate{ID: "5"},
				Application: Application{ID: "9", Extra: raw("candidate", `{"id":6}`)},
			},
		},
		{
			"data within data is left alone",
			`{"data":{"data":{"candidate":{"id":5}}}}`,
			Event{Extra: raw("data", `{"data":{"candidate":{"id":5}}}`)},
		},
		{
			"names in another case are other names",
			`{"Candidate":{"id":5},"candidate":{"ID":6}}`,
			Event{Candidate: Candidate{Extra: raw("ID", `6`)}, Extra: raw("Candidate", `{"id":5}`)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Event
			if err := json.Unmarshal([]byte(tt.body), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var again Event
			if err := json.Unmarshal(encode(t, got), &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain(t, encode(t, got)), plain(t, encode(t, again))); diff != "" {
				t.Errorf("encoded and decoded again (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the layout: every value that goes in comes out, though perhaps in
// another place, and once written the layout stays.
func TestAnyLayoutKeepsEveryValue(t *testing.T) {
	names := []string{
		"candidate", "application", "interview", "ai_score", "job", "user", "data", "payload", "object",
		"id", "candidate_id", "application_id", "status", "score", "start_time", "email", "event", "unknown",
	}
	r := rand.New(rand.NewPCG(100, 1))
	var object func(depth int) map[string]any
	object = func(depth int) map[string]any {
		m := map[string]any{}
		for range r.IntN(5) {
			name := names[r.IntN(len(names))]
			switch {
			case r.IntN(3) < depth:
				m[name] = object(depth - 1)
			case r.IntN(8) == 0:
				m[name] = "candidate.hired"
			default:
				m[name] = strconv.Itoa(r.IntN(1_000_000)) // a text that is an id, a status and a score
			}
		}
		return m
	}
	for range 1_000 {
		body := encode(t, object(3))
		var first, second Event
		if err := json.Unmarshal(body, &first); err != nil {
			t.Fatal(err)
		}
		again := encode(t, first)
		if err := json.Unmarshal(again, &second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(leaves(plain(t, body)), leaves(plain(t, again))); diff != "" {
			t.Fatalf("%s\n%s\nvalues (-decoded +encoded):\n%s", body, again, diff)
		}
		if diff := cmp.Diff(plain(t, again), plain(t, encode(t, second))); diff != "" {
			t.Fatalf("%s\nencoded and decoded again (-want +got):\n%s", body, diff)
		}
	}
}

// leaves lists the values in v that hold no others, sorted.
func leaves(v any) []string {
	var list []string
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			list = append(list, leaves(member)...)
		}
	case []any:
		for _, element := range v {
			list = append(list, leaves(element)...)
		}
	default:
		list = append(list, fmt.Sprint(v))
	}
	slices.Sort(list)
	return list
}

// What stands beside the payload is found, unless the payload has it.
func TestStamp(t *testing.T) {
	const body = `{"type":"candidate.hired","user":{"id":3},"job":{"id":2},"candidate":7,"data":{"id":9,"candidate_id":5,"stage_id":1,"job":{"id":4}}}`
	const payload = `{"id":9,"candidate_id":5,"stage_id":1,"job":{"id":4}}`
	tests := []struct {
		name, payload string
		want          Event
	}{
		{"beside the payload", payload, Event{
			Application: Application{ID: "9", CandidateID: "5", StageID: "1"}, Job: Job{ID: "4"}, User: User{ID: "3"},
		}},
		{"beside a payload that has none", `{}`, Event{Job: Job{ID: "2"}, User: User{ID: "3"}}},
		{"nothing beside the whole body", body, Event{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e Event
			if tt.payload != body {
				if err := json.Unmarshal([]byte(tt.payload), &e); err != nil {
					t.Fatal(err)
				}
			}
			e.Stamp(&event.Delivery{Body: []byte(body), Payload: []byte(tt.payload)})
			if diff := cmp.Diff(tt.want, e); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeErrorsQuoteNothing(t *testing.T) {
	for _, p := range payloads {
		typ := reflect.TypeOf(p)
		for _, body := range []string{`"canary"`, `["canary"]`, `true`, `{"canary"`, ``} {
			err := reflect.New(typ).Interface().(json.Unmarshaler).UnmarshalJSON([]byte(body))
			if err != errNotObject {
				t.Errorf("%s: %s: got %v", typ, body, err)
			}
		}
	}
}

func TestEncodeErrorsQuoteNothing(t *testing.T) {
	for _, e := range []Event{
		{Extra: map[string]json.RawMessage{"x": json.RawMessage(`canary`)}},
		{Candidate: Candidate{Profile: map[string]json.RawMessage{"x": json.RawMessage(`canary`)}}},
		{Application: Application{AIScore: "canary"}},
	} {
		if _, err := e.MarshalJSON(); err != errEncode {
			t.Errorf("got %v", err)
		}
	}
}

// Fields win over Extra: who sets one need not look for it there.
func TestEncodePrefersFields(t *testing.T) {
	u := User{ID: "7", Extra: map[string]json.RawMessage{"id": nil, "email": nil, "b": json.RawMessage(`2`), "a": json.RawMessage(`1`)}}
	if got, want := string(encode(t, u)), `{"id":"7","a":1,"b":2,"email":null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTypeName(t *testing.T) {
	for _, c := range constants {
		spellings := []string{
			c.typ, c.words,
			strings.ReplaceAll(c.typ, "_", ""), // aiscore.generated
			strings.ReplaceAll(c.typ, ".", "_"), strings.ReplaceAll(c.typ, "_", "."),
			camel(c.typ), camel(c.words), strings.ToLower(camel(c.words)[:1]) + camel(c.words)[1:],
		}
		for _, separator := range []string{"-", ":", "/", " ", ""} {
			spellings = append(spellings,
				strings.NewReplacer(".", separator, "_", separator).Replace(c.typ),
				strings.ReplaceAll(c.words, " ", separator))
		}
		for _, s := range spellings {
			for _, s := range []string{s, strings.ToUpper(s), strings.ToLower(s)} {
				if got := typeName(s); got != c.typ {
					t.Errorf("typeName(%q) = %q, want %q", s, got, c.typ)
				}
			}
		}
	}
	for name, want := range map[string]string{
		"stage_change":              TypeApplicationStageChanged,
		"stageMoved":                TypeApplicationStageChanged,
		"ai-score-generated":        TypeAIScoreGenerated,
		"aiScore":                   TypeAIScoreGenerated,
		"new_candidate":             TypeCandidateCreated,
		"new-application":           TypeApplicationSubmitted,
		"APPLICATION_CREATED":       TypeApplicationSubmitted,
		"application.hired":         TypeCandidateHired,
		"disqualifyCandidate":       TypeCandidateDisqualified,
		"New Interview Scheduled":   TypeInterviewScheduled,
		"application_ai_scored":     TypeAIScoreGenerated,
		"":                          "",
		"candidate":                 "candidate",
		"candidate.deleted":         "candidate.deleted",
		"Job Published":             "Job Published",
		"candidate.hired!":          "candidate.hired!",
		"candidate.hired.2":         "candidate.hired.2",
		"\u212Bandidate.hired":      "\u212Bandidate.hired",
		"candidate\x00.hired":       "candidate\x00.hired",
		strings.Repeat("hired", 99): strings.Repeat("hired", 99),
		strings.Repeat("_", 99):     strings.Repeat("_", 99),
	} {
		if got := typeName(name); got != want {
			t.Errorf("typeName(%q) = %q, want %q", name, got, want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { typeName("Candidate Hired") }); n != 0 {
		t.Errorf("typeName allocates %v times", n)
	}
}

// Each spelling is folded as knownType folds, or it could never be found, and
// each constant is one.
func TestSpellingsAreFolded(t *testing.T) {
	for s, typ := range spellings {
		if got := typeName(s); got != typ {
			t.Errorf("typeName(%q) = %q, want %q", s, got, typ)
		}
		if got := typeName(typ); got != typ {
			t.Errorf("%q leads to %q, which is not a constant", s, typ)
		}
	}
}

// Nothing but ids reaches a log.
func TestLogValue(t *testing.T) {
	const canary = "canary"
	for _, p := range payloads {
		v := reflect.New(reflect.TypeOf(p)).Elem()
		plant(v, canary)
		if n := bytes.Count(encode(t, v.Interface()), []byte(canary)); n < 2 {
			t.Fatalf("%T: the canary is planted %d times", p, n)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("received", "payload", v.Interface())
		if strings.Contains(log.String(), canary) {
			t.Errorf("%T logs personal data: %s", p, log.String())
		}
		if !strings.Contains(log.String(), "id-") {
			t.Errorf("%T logs no id: %s", p, log.String())
		}
	}
}

// plant fills a struct: ids with ids, everything else with the canary.
func plant(v reflect.Value, canary string) {
	for field, f := range v.Fields() {
		quoted := json.RawMessage(`"` + canary + `"`)
		switch {
		case strings.HasSuffix(field.Name, "ID"):
			f.SetString("id-" + field.Name)
		case f.Type() == reflect.TypeFor[json.Number]():
			f.SetString("0.4242")
		case f.Kind() == reflect.String:
			f.SetString(canary)
		case f.Kind() == reflect.Struct:
			plant(f, canary)
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			f.Index(0).SetString(canary)
		case f.Kind() == reflect.Map:
			f.Set(reflect.ValueOf(map[string]json.RawMessage{canary: quoted}))
		}
	}
}

// camel writes words as CamelCase and leaves acronyms alone: "AI Score" is AIScore.
func camel(words string) string {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(words, func(r rune) bool { return strings.ContainsRune(" ._", r) }) {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return b.String()
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plain decodes JSON for comparison. Numbers become strings, as an id that was
// a number does.
func plain(t testing.TB, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	var text func(any) any
	text = func(v any) any {
		switch v := v.(type) {
		case json.Number:
			return v.String()
		case map[string]any:
			for k := range v {
				v[k] = text(v[k])
			}
		case []any:
			for i := range v {
				v[i] = text(v[i])
			}
		}
		return v
	}
	return text(v)
}
