package hires100_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/hires100"
)

// keepers are the types that keep what they do not know.
var keepers = []any{hires100.Event{}, hires100.Candidate{}, hires100.Application{}, hires100.Interview{}, hires100.Score{}, hires100.Job{}, hires100.User{}}

// names are the member names of a payload's fields.
func names(payload any) (names []string) {
	for f := range reflect.TypeOf(payload).Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func raw(pairs ...string) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return m
}

func unix(seconds int64) event.Time {
	var at event.Time
	_ = json.Unmarshal(strconv.AppendInt(nil, seconds, 10), &at)
	return at
}

func TestLayouts(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       hires100.Event
	}{
		{
			"entities in data, the user beside it",
			`{"type":"candidate_hired","event_id":"e1","user":{"id":3},"data":{"candidate":{"id":5},"job":{"id":2},"reason":"fit"}}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5"}, Job: hires100.Job{ID: "2"}, User: hires100.User{ID: "3"},
				Extra: raw("reason", `"fit"`), Envelope: raw("type", `"candidate_hired"`, "event_id", `"e1"`),
			},
		},
		{
			"entities in payload",
			`{"event":"hired","payload":{"candidate":{"id":5}}}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "5"}, Envelope: raw("event", `"hired"`)},
		},
		{
			"entities beside the type",
			`{"event":"candidate.hired","id":1,"candidate":{"id":5},"application":{"id":9},"user":{"id":3},"reason":"fit"}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5"}, Application: hires100.Application{ID: "9"}, User: hires100.User{ID: "3"},
				Extra: raw("reason", `"fit"`), Envelope: raw("event", `"candidate.hired"`, "id", `1`),
			},
		},
		{
			"the same entity in data and beside it",
			`{"event":"hired","candidate":{"id":6},"data":{"candidate":{"id":5}}}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "5"}, Envelope: raw("event", `"hired"`, "candidate", `{"id":6}`)},
		},
		{
			"null in data, the entity beside it",
			`{"event":"hired","candidate":{"id":6},"data":{"candidate":null}}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "6"}, Envelope: raw("event", `"hired"`)},
		},
		{
			"data is the candidate",
			`{"event":"Candidate updated","id":"e1","data":{"id":5,"first_name":"Mira","created_at":7,"badge":1}}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5", FirstName: "Mira", CreatedAt: unix(7)},
				Extra:     raw("badge", `1`), Envelope: raw("event", `"Candidate updated"`, "id", `"e1"`),
			},
		},
		{
			"data is the application, with its candidate, job and score in it",
			`{"event":"application.stage_changed","data":{"id":9,"stage_id":3,"candidate":{"id":5},"job":{"id":2},"ai_score":87}}`,
			hires100.Event{
				Application: hires100.Application{ID: "9", StageID: "3"}, Candidate: hires100.Candidate{ID: "5"}, Job: hires100.Job{ID: "2"}, AIScore: hires100.Score{Value: "87"},
				Envelope: raw("event", `"application.stage_changed"`),
			},
		},
		{
			"data is the interview, which refers to the others",
			`{"event":"interview.scheduled","data":{"id":7,"start_time":10,"application_id":9,"candidate_id":5,"job_id":2}}`,
			hires100.Event{
				Interview:   hires100.Interview{ID: "7", StartTime: unix(10), ApplicationID: "9", CandidateID: "5", JobID: "2"},
				Application: hires100.Application{ID: "9"}, Candidate: hires100.Candidate{ID: "5"}, Job: hires100.Job{ID: "2"},
				Envelope: raw("event", `"interview.scheduled"`),
			},
		},
		{
			"data is the score, with its candidate in it",
			`{"event":"ai_score.generated","data":{"score":87.5,"application_id":9,"criteria":[],"candidate":{"id":5}}}`,
			hires100.Event{
				AIScore: hires100.Score{Value: "87.5", ApplicationID: "9"}, Application: hires100.Application{ID: "9"}, Candidate: hires100.Candidate{ID: "5"},
				Extra: raw("criteria", `[]`), Envelope: raw("event", `"ai_score.generated"`),
			},
		},
		{
			"an application's id is not the candidate's",
			`{"event":"candidate.hired","data":{"id":9,"candidate_id":5,"job_id":2,"status":"hired"}}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5"}, Job: hires100.Job{ID: "2"},
				Extra:    raw("id", `9`, "candidate_id", `5`, "job_id", `2`, "status", `"hired"`),
				Envelope: raw("event", `"candidate.hired"`),
			},
		},
		{
			"also where it does not refer to the candidate",
			`{"event":"candidate.hired","data":{"id":9,"job_id":2,"status":"hired","created_at":7}}`,
			hires100.Event{
				Job:      hires100.Job{ID: "2"},
				Extra:    raw("id", `9`, "job_id", `2`, "status", `"hired"`, "created_at", `7`),
				Envelope: raw("event", `"candidate.hired"`),
			},
		},
		{
			"nor does what is in a stage pass for the candidate",
			`{"event":"candidate.disqualified","data":{"id":9,"stage_id":3,"email":"m@example.com"}}`,
			hires100.Event{
				Candidate: hires100.Candidate{Email: "m@example.com"},
				Extra:     raw("id", `9`, "stage_id", `3`), Envelope: raw("event", `"candidate.disqualified"`),
			},
		},
		{
			"nor is the id of what has an application",
			`{"event":"candidate.hired","data":{"id":7,"email":"m@example.com","application":{"id":9}}}`,
			hires100.Event{
				Candidate: hires100.Candidate{Email: "m@example.com"}, Application: hires100.Application{ID: "9"},
				Extra: raw("id", `7`), Envelope: raw("event", `"candidate.hired"`),
			},
		},
		{
			"nor is an id beside the type",
			`{"event":"candidate.updated","id":5,"first_name":"Mira","created_at":7}`,
			hires100.Event{
				Candidate: hires100.Candidate{FirstName: "Mira"},
				Envelope:  raw("event", `"candidate.updated"`, "id", `5`, "created_at", `7`),
			},
		},
		{
			"ids beside the type",
			`{"event":"application.stage_changed","id":1,"application_id":9,"candidate_id":5,"job_id":2,"stage_id":3,"user_id":4}`,
			hires100.Event{
				Application: hires100.Application{ID: "9", CandidateID: "5", JobID: "2", StageID: "3"},
				Candidate:   hires100.Candidate{ID: "5"}, Job: hires100.Job{ID: "2"}, User: hires100.User{ID: "4"},
				Extra: raw("application_id", `9`, "user_id", `4`), Envelope: raw("event", `"application.stage_changed"`, "id", `1`),
			},
		},
		{
			"ids beside data",
			`{"event":"hired","candidate_id":5,"interview_id":7,"data":{"candidate":{"email":"m@example.com"},"application":{"candidate_id":6}}}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5", Email: "m@example.com"}, Application: hires100.Application{CandidateID: "6"}, Interview: hires100.Interview{ID: "7"},
				Envelope: raw("event", `"hired"`, "candidate_id", `5`, "interview_id", `7`),
			},
		},
		{
			"ids of other forms",
			`{"event":"hired","data":{"candidate_id":{"id":5},"job_id":null},"candidate_id":"5"}`,
			hires100.Event{
				Extra:    raw("candidate_id", `{"id":5}`, "job_id", `null`),
				Envelope: raw("event", `"hired"`, "candidate_id", `"5"`), Candidate: hires100.Candidate{ID: "5"},
			},
		},
		{
			"a type that is not known",
			`{"event":"candidate.rejected","data":{"id":5,"job":{"id":2}}}`,
			hires100.Event{Job: hires100.Job{ID: "2"}, Extra: raw("id", `5`), Envelope: raw("event", `"candidate.rejected"`)},
		},
		{
			"two members that may be the type",
			`{"type":"candidate","event":"candidate.updated","data":{"id":5}}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "5"}, Envelope: raw("type", `"candidate"`, "event", `"candidate.updated"`)},
		},
		{
			"a type that is no text",
			`{"event_type":4,"event":"candidate.updated","data":{"id":5}}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "5"}, Envelope: raw("event_type", `4`, "event", `"candidate.updated"`)},
		},
		{
			"no envelope, as where Provider.Envelope.Payload is set",
			`{"candidate":{"id":5},"reason":"fit"}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "5"}, Extra: raw("reason", `"fit"`)},
		},
		{
			"what stands under an entity's name is not written over",
			`{"event":"hired","candidate":"x","data":{"application":7,"candidate_id":5,"application_id":9}}`,
			hires100.Event{
				Extra:    raw("application", `7`, "candidate_id", `5`, "application_id", `9`),
				Envelope: raw("event", `"hired"`, "candidate", `"x"`), Candidate: hires100.Candidate{ID: "5"},
			},
		},
		{
			"nor is what stands beside it in data",
			`{"event":"candidate.updated","data":{"id":5,"candidate":"x"}}`,
			hires100.Event{Extra: raw("id", `5`, "candidate", `"x"`), Envelope: raw("event", `"candidate.updated"`)},
		},
		{
			"an id in data and another beside it",
			`{"event":"hired","candidate_id":6,"data":{"candidate_id":5}}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5"},
				Extra:     raw("candidate_id", `5`), Envelope: raw("event", `"hired"`, "candidate_id", `6`),
			},
		},
		{
			"data and payload, both objects",
			`{"event":"candidate.updated","payload":{"id":6},"data":{"id":5}}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "5"}, Envelope: raw("event", `"candidate.updated"`, "payload", `{"id":6}`)},
		},
		{
			"a list of entities",
			`{"event":"candidate.updated","data":[{"id":5}]}`,
			hires100.Event{Extra: raw("data", `[{"id":5}]`), Envelope: raw("event", `"candidate.updated"`)},
		},
		{
			"data and payload",
			`{"event":"candidate.updated","data":"x","payload":{"id":5}}`,
			hires100.Event{Candidate: hires100.Candidate{ID: "5"}, Envelope: raw("event", `"candidate.updated"`, "data", `"x"`)},
		},
		{
			"data in data",
			`{"data":{"data":{"candidate":{"id":5}}}}`,
			hires100.Event{Extra: raw("data", `{"candidate":{"id":5}}`)},
		},
		{
			"names in another case are other names",
			`{"event":"candidate.updated","data":{"Candidate":{"id":5},"candidate":{"ID":6}}}`,
			hires100.Event{
				Candidate: hires100.Candidate{Extra: raw("ID", `6`)},
				Extra:     raw("Candidate", `{"id":5}`), Envelope: raw("event", `"candidate.updated"`),
			},
		},
		{
			"names with escapes",
			`{"event":"candidate.updated","data":{"candidate":{"id":5,"\u0065mail":"m@example.com","caf\u00e9":1}}}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5", Email: "m@example.com", Extra: raw("café", `1`)},
				Envelope:  raw("event", `"candidate.updated"`),
			},
		},
		{
			"a name that appears twice",
			`{"event":"hired","data":{"candidate":"x","candidate":{"id":5,"tags":["a","b"],"tags":["c"],"email":"m@example.com","email":7}}}`,
			hires100.Event{
				Candidate: hires100.Candidate{ID: "5", Tags: []string{"c"}, Extra: raw("email", `7`)},
				Envelope:  raw("event", `"hired"`),
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got hires100.Event
			decode(t, test.body, &got)
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var again hires100.Event
			decode(t, encode(t, got), &again)
			if diff := cmp.Diff(encode(t, got), encode(t, again)); diff != "" {
				t.Errorf("encoded and decoded again (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever a member is, the object decodes and nothing of it is lost.
func TestEveryMemberInEveryForm(t *testing.T) {
	for _, p := range keepers {
		typ := reflect.TypeOf(p)
		for _, name := range names(p) {
			for _, form := range []string{
				`null`, `true`, `false`, `0`, `-1.50`, `1781510400`, `""`, `"text"`, `"t\u00e9xt<"`, `"2026-06-15"`, `"0.5"`,
				`[]`, `[1,"two"]`, `["one","two"]`, `{}`, `{"id":7}`, `{"unknown":[{"deep":1}]}`,
			} {
				body := fmt.Sprintf(`{%q:%s,"unknown":{"kept":%[2]s}}`, name, form)
				decoded := reflect.New(typ)
				decode(t, body, decoded.Interface())
				if lost := missing(body, encode(t, decoded.Interface())); len(lost) > 0 {
					t.Errorf("%s: %s loses %q", typ, body, lost)
				}
			}
		}
	}
}

// Whatever the layout: every value that goes in comes out, though perhaps in
// another place, and once written the layout stays.
func TestAnyLayoutKeepsEveryValue(t *testing.T) {
	members := []string{
		"candidate", "application", "interview", "ai_score", "job", "user", "data", "payload", "object",
		"id", "candidate_id", "application_id", "job_id", "status", "score", "start_time", "email", "event", "type", "unknown",
	}
	types := hires100.Provider().Types
	r := rand.New(rand.NewPCG(100, 1))
	var object func(depth int) map[string]any
	object = func(depth int) map[string]any {
		m := map[string]any{}
		for range r.IntN(6) {
			name := members[r.IntN(len(members))]
			switch {
			case r.IntN(3) < depth:
				m[name] = object(depth - 1)
			case r.IntN(4) == 0:
				m[name] = types[r.IntN(len(types))]
			default:
				m[name] = strconv.Itoa(r.IntN(1_000_000)) // a text that is an id, a status and a score
			}
		}
		return m
	}
	for range 2_000 {
		body := encode(t, object(3))
		var first, second hires100.Event
		decode(t, body, &first)
		once := encode(t, first)
		if lost := missing(body, once); len(lost) > 0 {
			t.Fatalf("%s\n%s\nloses %q", body, once, lost)
		}
		decode(t, once, &second)
		if twice := encode(t, second); once != twice {
			t.Fatalf("%s\nencoded and decoded again:\n%s\n%s", body, once, twice)
		}
	}
}

func TestNullAndAbsent(t *testing.T) {
	for _, p := range keepers {
		typ := reflect.TypeOf(p)
		nulls := `{"` + strings.Join(names(p), `":null,"`) + `":null}`
		for _, body := range []string{`null`, `{}`, nulls} {
			decoded := reflect.New(typ)
			decode(t, body, decoded.Interface())
			if diff := cmp.Diff(p, decoded.Elem().Interface(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", typ, body, diff)
			}
		}
	}
}

// A value that is decoded into again keeps nothing of what it was; null leaves
// it alone, as everywhere in encoding/json.
func TestDecodeOverwrites(t *testing.T) {
	for _, p := range keepers {
		v := reflect.New(reflect.TypeOf(p))
		plant(v.Elem(), "old")
		old := encode(t, v.Interface())
		decode(t, `null`, v.Interface())
		if diff := cmp.Diff(old, encode(t, v.Interface())); diff != "" {
			t.Errorf("%T and null (-want +got):\n%s", p, diff)
		}
		decode(t, `{"new":1}`, v.Interface())
		if got := encode(t, v.Interface()); strings.Contains(got, "old") || !strings.Contains(got, `"new":1`) {
			t.Errorf("%T decoded again is %s", p, got)
		}
	}
	score := hires100.Score{ApplicationID: "old"}
	if decode(t, `7`, &score); !reflect.DeepEqual(score, hires100.Score{Value: "7"}) {
		t.Errorf("a score decoded again is %s", encode(t, score))
	}
}

// What was decoded does not change with the bytes that it was decoded from.
func TestDecodedSharesNoMemory(t *testing.T) {
	body := []byte(`{"event":"hired","event_id":"e","data":{"candidate":{"email":"a","new":"b","profile":{"c":"d"}},"new":"e"}}`)
	var e hires100.Event
	if err := e.UnmarshalJSON(body); err != nil {
		t.Fatal(err)
	}
	want := encode(t, e)
	for i := range body {
		body[i] = '!'
	}
	if got := encode(t, e); got != want {
		t.Errorf("%s became %s", want, got)
	}
}

func TestWhatIsNotAnObjectDoesNotDecode(t *testing.T) {
	for _, p := range keepers {
		typ := reflect.TypeOf(p)
		for _, body := range []string{`"canary"`, `["canary"]`, `true`, `{"canary"`, ``} {
			if err := reflect.New(typ).Interface().(json.Unmarshaler).UnmarshalJSON([]byte(body)); err == nil {
				t.Errorf("%s decodes from %s", typ, body)
			}
		}
	}
}

// plant sets every string in v, and one member of every map.
func plant(v reflect.Value, s string) {
	switch {
	case v.Type() == reflect.TypeFor[json.Number]():
		v.SetString("7") // no other string has JSON
	case v.Type() == reflect.TypeFor[event.Time]():
		v.Set(reflect.ValueOf(event.Time{Raw: `"` + s + `"`}))
	case v.Kind() == reflect.String:
		v.SetString(s)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			plant(field, s)
		}
	case v.Kind() == reflect.Map:
		v.Set(reflect.ValueOf(raw(s, `"`+s+`"`)))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		plant(v.Index(0), s)
	}
}

// missing are the values in one JSON text, as often as they are in it, that
// another does not have. What decodes to a zero value says nothing.
func missing(text, in string) (lost []string) {
	there := map[string]int{}
	for _, leaf := range leaves(in) {
		there[leaf]++
	}
	for _, leaf := range leaves(text) {
		if there[leaf]--; there[leaf] < 0 {
			lost = append(lost, leaf)
		}
	}
	return lost
}

func leaves(text string) (list []string) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return []string{err.Error()}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, member := range v {
				walk(member)
			}
		case []any:
			for _, element := range v {
				walk(element)
			}
		case nil:
		default:
			if s := fmt.Sprint(v); s != "" && s != "0" && s != "false" {
				list = append(list, s)
			}
		}
	}
	walk(v)
	return list
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Errorf("%T from %s: %v", into, text, err)
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	return string(b)
}
