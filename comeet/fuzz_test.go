package comeet_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event"
)

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	for _, typ := range events {
		f.Add(fixture(typ))
	}
	f.Add([]byte(`{"comeet_id":1,"start_date":"<&>","hired_date":{},"links":[null],"files":[],"offer_fields":[null,{"<":[ 1 , null]}],"opening":{"custom_fields":{}}}`))
	f.Add([]byte(`{"comeet_id":"1","partner_questionnaire":[{"uid":1.5,"answers":[null,true,[],{"uid":[]},{"title":"<"}]},null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first := new(comeet.Candidate)
		if json.Unmarshal(data, first) != nil {
			return
		}
		for _, q := range first.PartnerQuestionnaire {
			first.Answer(string(q.UID))
		}
		_ = first.LogValue()
		encoded, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, decode(t, encoded), sameJSON(t), sameTime(t)); diff != "" {
			t.Errorf("encoded and decoded again (-want +got):\n%s", diff)
		}
	})
}

// sameJSON compares raw members by what they say: encoding brings them into one form.
func sameJSON(t *testing.T) cmp.Option {
	return cmp.Comparer(func(a, b json.RawMessage) bool {
		if a == nil || b == nil {
			return a == nil && b == nil
		}
		return cmp.Equal(generic(t, a), generic(t, b))
	})
}

func sameTime(t *testing.T) cmp.Option {
	return cmp.Comparer(func(a, b event.Time) bool {
		if a.Raw == "" || b.Raw == "" {
			return a.Raw == b.Raw
		}
		return a.Equal(b.Time) && cmp.Equal(generic(t, []byte(a.Raw)), generic(t, []byte(b.Raw)))
	})
}

// FuzzQuestionnaire: what is valid is sent with a different, filled uid for each
// question and each option of a question, whatever it is made of.
func FuzzQuestionnaire(f *testing.F) {
	for _, q := range []*comeet.Questionnaire{everyKind(), everyKind().Dropdown("3", "").ShortAnswer("", "A")} {
		b, err := json.Marshal(q)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		q := new(comeet.Questionnaire)
		if json.Unmarshal(data, q) != nil || q.Validate() != nil {
			return
		}
		questions := make(map[string]bool)
		for _, question := range q.Questions {
			if question.UID == "" || question.Title == "" || question.Type == "" || questions[question.UID] {
				t.Fatalf("%+v is valid in %s", question, data)
			}
			questions[question.UID] = true
			options := make(map[string]bool)
			for _, o := range question.Options {
				if o.UID == "" || o.Title == "" || options[o.UID] {
					t.Fatalf("%+v is valid in %s", o, data)
				}
				options[o.UID] = true
			}
		}
	})
}
