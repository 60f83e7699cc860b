package comeet_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
)

// events are the types whose payload every test of payloads covers.
var events = comeettest.Vendor.Types()

// fixture is the payload of that type as comeettest has it: the whole body.
func fixture(typ string) []byte { return comeettest.Vendor.Body(typ) }

// decode reads a body that must decode.
func decode(t testing.TB, body []byte) *comeet.Candidate {
	t.Helper()
	c := new(comeet.Candidate)
	if err := json.Unmarshal(body, c); err != nil {
		t.Fatalf("decoding: %v\n%s", err, body)
	}
	return c
}

// generic decodes any JSON, with ids as text whether they are strings or numbers.
func generic(t testing.TB, body []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decoding: %v\n%s", err, body)
	}
	walk("", v, func(_ string, at map[string]any, name string) {
		if n, ok := at[name].(json.Number); ok && name == "uid" {
			at[name] = n.String()
		}
	})
	return v
}

// walk calls visit for every member of every object in v. A path is the names
// that lead to it, with [] for an element of an array.
func walk(path string, v any, visit func(path string, at map[string]any, name string)) {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			p := strings.TrimPrefix(path+"."+name, ".")
			visit(p, v, name)
			walk(p, v[name], visit)
		}
	case []any:
		for _, e := range v {
			walk(path+"[]", e, visit)
		}
	}
}

func TestFixturesSurviveDecodingAndEncoding(t *testing.T) {
	for _, typ := range events {
		body := fixture(typ)
		t.Run(typ, func(t *testing.T) {
			encoded, err := json.Marshal(decode(t, body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(generic(t, body), generic(t, encoded)); diff != "" {
				t.Errorf("(-fixture +encoded)\n%s", diff)
			}
		})
	}
}

// documented are the members of developers.comeet.com/reference/candidate-model-1
// and /reference/2-create-employee, in their order.
var documented = []string{
	"comeet_id", "person_uid", "first_name", "middle_name", "last_name", "email", "time_created", "phone", "mobile_phone",
	"id_number", "linkedin_url", "hired_date", "start_date",
	"source", "source.name", "source.type", "source.comeet_id",
	"resume", "resume.name", "resume.url", "picture", "picture.url", "links", "links[].url",
	"files", "files[].name", "files[].url", "files[].type", "offer_fields",
	"opening", "opening.description", "opening.reason", "opening.custom_fields",
	"position", "position.comeet_id", "position.name", "position.public_name", "position.department", "position.description",
	"position.requirements", "position.position_id", "position.location", "position.employment", "position.employee_type",
	"position.seniority",
	"position.hiring_manager", "position.hiring_manager.first_name", "position.hiring_manager.last_name", "position.hiring_manager.email",
	"position.leading_recruiter", "position.leading_recruiter.first_name", "position.leading_recruiter.last_name",
	"position.leading_recruiter.email", "position.custom_fields",
	"partner_questionnaire", "partner_questionnaire[].uid", "partner_questionnaire[].answers",
}

// modelled lists the JSON members of a struct as documented does.
func modelled(path string, t reflect.Type) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Slice:
		return modelled(path+"[]", t.Elem())
	case t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil
	}
	var names []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		p := strings.TrimPrefix(path+"."+name, ".")
		names = append(append(names, p), modelled(p, f.Type)...)
	}
	return names
}

func TestEveryDocumentedMemberIsModelledInOrder(t *testing.T) {
	if diff := cmp.Diff(documented, modelled("", reflect.TypeFor[comeet.Candidate]())); diff != "" {
		t.Errorf("(-documented +modelled)\n%s", diff)
	}
}

func TestEveryDocumentedMemberIsInTheFixture(t *testing.T) {
	found := make(map[string]bool)
	walk("", generic(t, fixture(comeet.TypeCreateEmployee)), func(path string, _ map[string]any, _ string) { found[path] = true })
	for _, path := range documented {
		if !found[path] {
			t.Errorf("create-employee.json has no %s", path)
		}
	}
}

func TestEveryMemberMayBeNullOrAbsent(t *testing.T) {
	variants := map[string]func(at map[string]any, name string){
		"null":   func(at map[string]any, name string) { at[name] = nil },
		"absent": func(at map[string]any, name string) { delete(at, name) },
	}
	body := fixture(comeet.TypeCreateEmployee)
	for _, path := range append(documented, "partner_questionnaire[].answers[].uid", "partner_questionnaire[].answers[].title") {
		for variant, change := range variants {
			t.Run(path+" "+variant, func(t *testing.T) {
				v := generic(t, body)
				changed := false
				walk("", v, func(p string, at map[string]any, name string) {
					if p == path {
						change(at, name)
						changed = true
					}
				})
				if !changed {
					t.Fatal("not in the fixture")
				}
				less, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				again, err := json.Marshal(decode(t, less))
				if err != nil {
					t.Fatal(err)
				}
				// The member is gone and every other is what it was.
				walk("", v, func(p string, at map[string]any, name string) {
					if at[name] == nil {
						delete(at, name)
					}
				})
				got := generic(t, again).(map[string]any)
				if path == "comeet_id" {
					delete(got, "comeet_id") // it is always written
				}
				if diff := cmp.Diff(v, any(got)); diff != "" {
					t.Errorf("(-sent +encoded)\n%s", diff)
				}
			})
		}
	}
}

func TestIDsDecodeFromStringsAndNumbers(t *testing.T) {
	for _, id := range []string{`"42"`, `42`} {
		body := strings.ReplaceAll(`{"comeet_id":ID,"person_uid":ID,"id_number":ID,"source":{"comeet_id":ID},
			"position":{"comeet_id":ID,"position_id":ID},"partner_questionnaire":[{"uid":ID,"answers":[{"uid":ID}]}]}`, "ID", id)
		want := &comeet.Candidate{
			ComeetID: "42", PersonUID: "42", IDNumber: "42",
			Source:               &comeet.Source{ComeetID: "42"},
			Position:             &comeet.Position{ComeetID: "42", PositionID: "42"},
			PartnerQuestionnaire: []comeet.AnsweredQuestion{{UID: "42", Answers: []comeet.Answer{{UID: "42"}}}},
		}
		if diff := cmp.Diff(want, decode(t, []byte(body))); diff != "" {
			t.Errorf("id %s (-want +got)\n%s", id, diff)
		}
	}
}

func TestCustomAndOfferFieldsHoldAnyJSON(t *testing.T) {
	const fields = `{"text":"a","number":1.50,"flag":true,"none":null,"list":[1,"b"],"object":{"c":{}}}`
	body := strings.ReplaceAll(`{"comeet_id":"1","offer_fields":[F],"opening":{"custom_fields":F},"position":{"custom_fields":F}}`, "F", fields)
	encoded, err := json.Marshal(decode(t, []byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(generic(t, []byte(body)), generic(t, encoded)); diff != "" {
		t.Errorf("(-sent +encoded)\n%s", diff)
	}
}

func TestAnUnknownEnumValueIsKept(t *testing.T) {
	c := decode(t, []byte(`{"comeet_id":"1","source":{"type":"Word of mouth"},"files":[{"type":"contract"}],"position":{"employee_type":"Apprentice"}}`))
	got := []string{string(c.Source.Type), string(c.Files[0].Type), string(c.Position.EmployeeType)}
	if diff := cmp.Diff([]string{"Word of mouth", "contract", "Apprentice"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnswerIsReadByUID(t *testing.T) {
	c := decode(t, fixture(comeet.TypeCreateEmployee))
	for uid, want := range map[string]comeet.Answer{
		"1": {Text: "Noor Elif Sandoval"},
		"2": {Text: "1991-04-23"},
		"3": {UID: "1", Title: "Product"},
		"4": {UID: "2071", Title: "Ilse Okonjo"},
	} {
		got, ok := c.Answer(uid)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("Answer(%q) = %t (-want +got)\n%s", uid, ok, diff)
		}
	}
}

func TestAnswerIsFalseWhereThereIsNone(t *testing.T) {
	c := &comeet.Candidate{PartnerQuestionnaire: []comeet.AnsweredQuestion{
		{UID: "empty", Answers: []comeet.Answer{}},
		{UID: "twice"},
		{UID: "twice", Answers: []comeet.Answer{{Text: "first"}, {Text: "second"}}},
	}}
	for _, uid := range []string{"", "empty", "other"} {
		if got, ok := c.Answer(uid); ok {
			t.Errorf("Answer(%q) = %v, true; want false", uid, got)
		}
	}
	if got, ok := c.Answer("twice"); !ok || got.Text != "first" {
		t.Errorf("Answer(%q) = %v, %t; want the first answer that there is", "twice", got, ok)
	}
	if _, ok := (*comeet.Candidate)(nil).Answer("1"); ok {
		t.Error("a nil candidate has an answer")
	}
}

func TestAnswerDecodesFromAnyJSON(t *testing.T) {
	for _, test := range []struct {
		name, json string
		want       comeet.Answer
		again      string // what it encodes as; "" is json
	}{
		{"text", `"Product"`, comeet.Answer{Text: "Product"}, ""},
		{"empty text", `""`, comeet.Answer{}, ""},
		{"escaped text", `"caf\u00e9"`, comeet.Answer{Text: "café"}, `"café"`},
		{"choice", `{"uid":"1","title":"Product"}`, comeet.Answer{UID: "1", Title: "Product"}, ""},
		{"choice with a number for uid", `{"uid":1,"title":"Product"}`, comeet.Answer{UID: "1", Title: "Product"}, `{"uid":"1","title":"Product"}`},
		{"choice without title", `{"uid":"1","title":null}`, comeet.Answer{UID: "1"}, `{"uid":"1"}`},
		{"choice without uid", `{"title":"Product"}`, comeet.Answer{Title: "Product"}, ""},
		{"null", `null`, comeet.Answer{}, `""`},
		{"number", `7.0`, comeet.Answer{Other: json.RawMessage(`7.0`)}, ""},
		{"flag", `true`, comeet.Answer{Other: json.RawMessage(`true`)}, ""},
		{"list", `["a","b"]`, comeet.Answer{Other: json.RawMessage(`["a","b"]`)}, ""},
		{"choice of another form", `{"uid":["1"],"title":"a"}`, comeet.Answer{Other: json.RawMessage(`{"uid":["1"],"title":"a"}`)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Within a list, as it is sent, and over a value that was there before.
			got := []comeet.Answer{{Text: "before", UID: "before", Other: json.RawMessage("1")}}
			if err := json.Unmarshal([]byte("["+test.json+"]"), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]comeet.Answer{test.want}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			again, err := json.Marshal(test.want)
			if err != nil {
				t.Fatal(err)
			}
			want := test.again
			if want == "" {
				want = test.json
			}
			if string(again) != want {
				t.Errorf("encodes as %s, want %s", again, want)
			}
		})
	}
}

func TestOtherOutlivesTheBody(t *testing.T) {
	body := []byte(`[true]`)
	var got []comeet.Answer
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	clear(body)
	if string(got[0].Other) != "true" {
		t.Errorf("Other is %q once the body was reused", got[0].Other)
	}
}

func TestLinksDieWhenComeetSays(t *testing.T) {
	d := &event.Delivery{ReceivedAt: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)}
	c := comeettest.CreateEmployee()
	c.Stamp(d)
	if want := time.Date(2026, 11, 2, 12, 3, 0, 0, time.UTC); !c.Resume.Expires.Equal(want) {
		t.Errorf("the résumé's link dies at %v, want %v", c.Resume.Expires, want)
	}
	if want := time.Date(2026, 11, 2, 12, 3, 20, 0, time.UTC); !c.Picture.Expires.Equal(want) {
		t.Errorf("the picture's link dies at %v, want %v", c.Picture.Expires, want)
	}

	new(comeet.Candidate).Stamp(d) // neither résumé nor picture
	(*comeet.Candidate)(nil).Stamp(d)
	for _, unknown := range []*event.Delivery{nil, {}} {
		c = comeettest.CreateEmployee()
		c.Stamp(unknown)
		if !c.Resume.Expires.IsZero() || !c.Picture.Expires.IsZero() {
			t.Error("links die at a made-up instant where the instant of receipt is unknown")
		}
	}
}

func TestExpiryIsNoMemberOfTheJSON(t *testing.T) {
	c := decode(t, []byte(`{"comeet_id":"1","resume":{"Expires":"2026-11-02T12:00:00Z"},"picture":{"Expires":"2026-11-02T12:00:00Z"}}`))
	if !c.Resume.Expires.IsZero() || !c.Picture.Expires.IsZero() {
		t.Error("a body set the instant at which a link dies")
	}
}

// canary is a word that no log line may hold; dates have one of their own.
const (
	canary     = "canary-in-the-log"
	canaryDate = "1907-05-09"
)

// canaried is the fixture with the canary in all that may be personal: every
// string that is no id and no enum, and every date.
func canaried(t *testing.T) *comeet.Candidate {
	t.Helper()
	v := generic(t, fixture(comeet.TypeCreateEmployee))
	walk("", v, func(path string, at map[string]any, name string) {
		if _, ok := at[name].(string); !ok {
			return
		}
		switch name {
		case "comeet_id", "person_uid", "uid", "position_id", "type", "employee_type":
		case "hired_date", "start_date":
			at[name] = canaryDate
		case "time_created":
			at[name] = canaryDate + "T00:00:00Z"
		default:
			at[name] = canary
		}
	})
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	c := decode(t, body)
	c.PartnerQuestionnaire = append(c.PartnerQuestionnaire, comeet.AnsweredQuestion{
		UID: "5", Answers: []comeet.Answer{{Text: canary}, {Title: canary}, {Other: json.RawMessage(`["` + canary + `"]`)}},
	})
	return c
}

func TestLogsHoldIDsOnly(t *testing.T) {
	c := canaried(t)
	values := []any{*c, c}
	collect(reflect.ValueOf(c).Elem(), &values)
	seen := make(map[reflect.Type]bool)
	for _, v := range values {
		seen[reflect.TypeOf(v)] = true
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
		if s := out.String(); strings.Contains(s, canary) || strings.Contains(s, canaryDate) {
			t.Errorf("%T prints personal data: %s", v, s)
		}
	}
	for _, v := range []any{comeet.Candidate{}, comeet.Source{}, comeet.Resume{}, comeet.Picture{}, comeet.Link{}, comeet.File{}, comeet.Fields{}, comeet.Opening{}, comeet.Position{}, comeet.Contact{}, comeet.AnsweredQuestion{}, comeet.Answer{}} {
		if !seen[reflect.TypeOf(v)] {
			t.Errorf("the fixture has no %T", v)
		}
	}
	for v, want := range map[slog.LogValuer]string{
		c:                          "[comeet_id=2B7.4F person_uid=0A.3C1]",
		c.Source:                   "[comeet_id=3D1.08 type=Agency]",
		c.Position:                 "[comeet_id=51C.A2 position_id=ENG-0217]",
		&c.PartnerQuestionnaire[2]: "[uid=3]",
	} {
		if got := v.LogValue().String(); got != want {
			t.Errorf("%T prints %s, want %s", v, got, want)
		}
	}
}

// collect appends every value below v whose type is one of this package's structs or maps.
func collect(v reflect.Value, found *[]any) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			collect(v.Elem(), found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), found)
		}
	case reflect.Map:
		*found = append(*found, v.Interface())
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[comeet.Candidate]().PkgPath() {
			return
		}
		*found = append(*found, v.Interface())
		for i := range v.NumField() {
			collect(v.Field(i), found)
		}
	}
}

func TestDatesAreReadable(t *testing.T) {
	c := decode(t, fixture(comeet.TypeCreateEmployee))
	for d, want := range map[event.Date]string{c.HiredDate: "2026-10-12", c.StartDate: "2026-11-02"} {
		got, ok := d.Time()
		if !ok || got.Format(time.DateOnly) != want {
			t.Errorf("%s reads as %v, %t", d, got, ok)
		}
	}
	if want := time.Date(2026, 8, 3, 9, 15, 42, 0, time.UTC); !c.TimeCreated.Equal(want) {
		t.Errorf("time_created is %v, want %v", c.TimeCreated, want)
	}
}
