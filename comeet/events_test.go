package comeet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/schematest"
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

// payloads are tested against testdata/webhooks.schema.json.
var payloads = schematest.Of(comeettest.Vendor, comeet.New)

func TestPayloadsLoseNothing(t *testing.T)               { payloads.LoseNothing(t) }
func TestPayloadsModelWhatIsKnownAndNoMore(t *testing.T) { payloads.ModelNoMore(t) }
func TestFixturesHaveEveryKnownMember(t *testing.T)      { payloads.FixturesComplete(t) }
func TestEnumsHaveEveryKnownValue(t *testing.T)          { payloads.EnumsComplete(t) }

func TestIDsDecodeFromStringsAndNumbers(t *testing.T) {
	for _, id := range []string{`"42"`, `42`} {
		body := strings.ReplaceAll(`{"comeet_id":ID,"person_uid":ID,"id_number":ID,"source":{"comeet_id":ID},
			"position":{"comeet_id":ID,"position_id":ID},"partner_questionnaire":[{"uid":ID,"answers":[{"uid":ID}]}]}`, "ID", id)
		want := &comeet.Candidate{
			ComeetID: "42", PersonUID: "42", IDNumber: "42",
			Source:               comeet.Source{ComeetID: "42"},
			Position:             comeet.Position{ComeetID: "42", PositionID: "42"},
			PartnerQuestionnaire: []comeet.AnsweredQuestion{{UID: "42", Answers: []comeet.Answer{{UID: "42"}}}},
		}
		if diff := cmp.Diff(want, decode(t, []byte(body))); diff != "" {
			t.Errorf("id %s (-want +got)\n%s", id, diff)
		}
	}
}

func TestFullName(t *testing.T) {
	for _, test := range []struct {
		first, middle, last, want, contact string
	}{
		{"Noor", "Elif", "Sandoval", "Noor Elif Sandoval", "Noor Sandoval"},
		{"Noor", "", "Sandoval", "Noor Sandoval", "Noor Sandoval"},
		{"Noor ", " ", "van  Dijk", "Noor van Dijk", "Noor van Dijk"},
		{"", "", "Sandoval", "Sandoval", "Sandoval"},
		{"", "", "", "", ""},
	} {
		c := &comeet.Candidate{FirstName: test.first, MiddleName: test.middle, LastName: test.last}
		if got := c.FullName(); got != test.want {
			t.Errorf("the candidate is %q, want %q", got, test.want)
		}
		contact := comeet.Contact{FirstName: test.first, LastName: test.last}
		if got := contact.FullName(); got != test.contact {
			t.Errorf("the contact is %q, want %q", got, test.contact)
		}
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

func TestLinksExpireWhenComeetSays(t *testing.T) {
	received := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	if got, want := (comeet.Resume{}).Expires(received), time.Date(2026, 11, 2, 12, 3, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("the résumé's link expires at %v, want %v", got, want)
	}
	if got, want := (comeet.Picture{}).Expires(received), time.Date(2026, 11, 2, 12, 3, 20, 0, time.UTC); !got.Equal(want) {
		t.Errorf("the picture's link expires at %v, want %v", got, want)
	}
}

// Logging a payload prints the ids named here; that it prints no more is part of
// the conformance test.
func TestLogValuePrintsIDs(t *testing.T) {
	c := comeettest.CreateEmployee()
	for _, test := range []struct {
		payload slog.LogValuer
		want    string
	}{
		{c, "[comeet_id=2B7.4F person_uid=0A.3C1]"},
		{c.Source, "[comeet_id=3D1.08 type=Agency]"},
		{c.Resume, "[]"},
		{c.Picture, "[]"},
		{c.Links[0], "[]"},
		{c.Files[0], "[type=offer_letter]"},
		{c.OfferFields[0], "[]"},
		{c.Opening, "[]"},
		{c.Position, "[comeet_id=51C.A2 position_id=ENG-0217]"},
		{c.Position.HiringManager, "[]"},
		{c.PartnerQuestionnaire[2], "[uid=3]"},
		{c.PartnerQuestionnaire[2].Answers[0], "[uid=1]"},
		{comeet.Answer{Text: "a name", Other: json.RawMessage(`"a name"`)}, "[uid=]"},
		{everyKind(), "[questions=4]"},
	} {
		if got := test.payload.LogValue().String(); got != test.want {
			t.Errorf("%T prints %s, want %s", test.payload, got, test.want)
		}
	}
}

func TestTimesAreReadable(t *testing.T) {
	c := decode(t, fixture(comeet.TypeCreateEmployee))
	for _, test := range []struct {
		got  event.Time
		want time.Time
	}{
		{c.HiredDate, time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC)},
		{c.StartDate, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)},
		{c.TimeCreated, time.Date(2026, 8, 3, 9, 15, 42, 0, time.UTC)},
	} {
		if !test.got.Equal(test.want) {
			t.Errorf("%s is %v, want %v", test.got.Raw, test.got, test.want)
		}
	}
}

// oddValues are one value of each JSON kind.
var oddValues = map[string]any{
	"string": "odd", "number": json.Number("7"), "bool": true, "array": []any{}, "object": map[string]any{"odd": "odd"},
}

// Whatever a member is, the hire goes through: what does not fit is zero and
// named, and everything else is there.
func TestNoMemberStopsAHire(t *testing.T) {
	var body map[string]any
	if err := json.Unmarshal(fixture(comeet.TypeCreateEmployee), &body); err != nil {
		t.Fatal(err)
	}
	misfits := 0
	eachMember(body, "", func(path string, set func(any)) {
		for kind, value := range oddValues {
			set(value)
			sent := encode(t, body)
			set(nil)
			want := decode(t, encode(t, body))
			warning := "member " + path + ": got "
			if once := new(comeet.Candidate); json.Unmarshal(sent, once) == nil {
				want, warning = once, "" // it fits
			} else if path == "comeet_id" {
				continue // TestOnlySuccessIs200 has it
			} else {
				misfits++
			}
			r := newHandler(t, nil)
			var got *comeet.Candidate
			r.OnCreateEmployee(func(_ context.Context, c *comeet.Candidate) error { got = c; return nil })
			w := r.serve(comeet.TypeCreateEmployee, signed(t, string(sent)))
			if w.Code != 200 || got == nil {
				t.Fatalf("%s of kind %s: %d (%v)", path, kind, w.Code, r.last().Err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of kind %s (-want +got)\n%s", path, kind, diff)
			}
			reported, logged := "", ""
			if r.last().Warning != nil {
				reported, logged = r.last().Warning.Error(), r.log.String()
			}
			if !strings.Contains(reported, warning) || !strings.Contains(logged, warning) || (warning == "") != (reported == "") || strings.Contains(reported, "odd") {
				t.Errorf("%s of kind %s: the warning is %q, want %q; logged %s", path, kind, reported, warning, logged)
			}
		}
	})
	if misfits < 150 {
		t.Errorf("%d misfits, want more: does the fixture have every member?", misfits)
	}
}

// eachMember calls visit for every member and element in v, with its path and a
// function that replaces it; afterwards it is what it was.
func eachMember(v any, path string, visit func(path string, set func(any))) {
	switch v := v.(type) {
	case map[string]any:
		for name, was := range v {
			p := strings.TrimPrefix(path+"."+name, ".")
			visit(p, func(is any) { v[name] = is })
			v[name] = was
			eachMember(was, p, visit)
		}
	case []any:
		for i, was := range v {
			p := fmt.Sprintf("%s[%d]", path, i)
			visit(p, func(is any) { v[i] = is })
			v[i] = was
			eachMember(was, p, visit)
		}
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The kinds that recruiters were seen to stumble over.
func TestOddMembersAreNamed(t *testing.T) {
	for member, want := range map[string]string{
		`"phone":12025550147`: "member phone: got a number, want a string",
		`"position":[]`:       "member position: got an array, want an object",
		`"position":{"hiring_manager":["Ilse"]},"links":"none"`: "member links: got a string, want an array; " +
			"member position.hiring_manager: got an array, want an object",
		`"person_uid":{}`: "member person_uid: got an object, want a string or a number",
		`"partner_questionnaire":[{"uid":1,"answers":"yes"}]`: "member partner_questionnaire[0].answers: got a string, want an array",
		`"time_created":"2026-08-03T09:15:42+0000"`:           "",
		`"start_date":"soon"`:                                 "",
	} {
		r := newHandler(t, nil)
		var got *comeet.Candidate
		r.OnCreateEmployee(func(_ context.Context, c *comeet.Candidate) error { got = c; return nil })
		w := r.serve(comeet.TypeCreateEmployee, signed(t, `{"comeet_id":"1",`+member+`,"last_name":"Sandoval"}`))
		if w.Code != 200 || got == nil || got.LastName != "Sandoval" {
			t.Fatalf("%s: %d, %+v (%v)", member, w.Code, got, r.last().Err)
		}
		reported := ""
		if r.last().Warning != nil {
			reported = r.last().Warning.Error()
		}
		if !strings.HasSuffix(reported, want) || (want == "") != (reported == "") {
			t.Errorf("%s: the warning is %q, want %q", member, reported, want)
		}
	}
}

func TestUnmodelledMembersAreAtHand(t *testing.T) {
	r := newHandler(t, nil)
	const body = `{"comeet_id":"1","onboarding_buddy":{"uid":9}}`
	var payload []byte
	r.OnCreateEmployee(func(ctx context.Context, _ *comeet.Candidate) error {
		d, _ := event.FromContext(ctx)
		payload = d.Payload
		return nil
	})
	if w := r.serve(comeet.TypeCreateEmployee, signed(t, body)); w.Code != 200 || string(payload) != body {
		t.Errorf("%d, payload %s", w.Code, payload)
	}
}
