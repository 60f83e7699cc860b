package comeet_test

import (
	"encoding/json"
	"testing"

	"github.com/atshooks/atshooks/comeet"
)

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	payloads.Fuzz(f,
		`{"comeet_id":1,"start_date":"<&>","hired_date":{},"links":[null],"files":[],"offer_fields":[null,{"<":[ 1 , null]}],"opening":{"custom_fields":{}}}`,
		`{"comeet_id":"1","partner_questionnaire":[{"uid":1.5,"answers":[null,true,[],{"uid":[]},{"title":"<"}]},null]}`)
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
