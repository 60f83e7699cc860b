package keldair_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// payloads are tested against testdata/webhooks.schema.json.
var payloads = schematest.Of(keldairtest.Vendor, keldair.New)

func TestPayloadsLoseNothing(t *testing.T)               { payloads.LoseNothing(t) }
func TestPayloadsModelWhatIsKnownAndNoMore(t *testing.T) { payloads.ModelNoMore(t) }
func TestFixturesHaveEveryKnownMember(t *testing.T)      { payloads.FixturesComplete(t) }
func TestEnumsHaveEveryKnownValue(t *testing.T)          { payloads.EnumsComplete(t) }

func TestLastNameHasTwoSpellings(t *testing.T) {
	tests := []struct {
		name string
		data string
		want string
		kept bool // in Extra
	}{
		{"as one would expect", `{"id":1,"lastName":"Marrowby"}`, "Marrowby", false},
		{"as documented", `{"id":1,"larstName":"Marrowby"}`, "Marrowby", false},
		{"both", `{"id":1,"larstName":"Old","lastName":"Marrowby"}`, "Marrowby", true},
		{"both, the other way round", `{"id":1,"lastName":"Marrowby","larstName":"Old"}`, "Marrowby", true},
		{"lastName is null", `{"id":1,"larstName":"Marrowby","lastName":null}`, "Marrowby", false},
		{"lastName is empty", `{"id":1,"larstName":"Marrowby","lastName":""}`, "Marrowby", false},
		{"larstName is a number", `{"id":1,"larstName":7}`, "", true},
		{"neither", `{"id":1}`, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := keldair.NewHireFile{LastName: "Earlier", Fields: json.RawMessage(`[]`)}
			decode(t, test.data, &got)
			if got.ID != "1" || got.LastName != test.want || got.Fields != nil {
				t.Errorf("decoded as %s", encode(t, got))
			}
			if kept := got.Extra["larstName"] != nil; kept != test.kept || kept != strings.Contains(encode(t, got), "larst") {
				t.Errorf("kept: %v, want %v; encoded as %s", kept, test.kept, encode(t, got))
			}
		})
	}
}

// One page of the documentation says that data is the file, another that it has
// the file in its member object.
func TestTheFileMayBeInObject(t *testing.T) {
	tests := []struct {
		name string
		data string
		want keldair.NewHireFile
	}{
		{"data", `{"id":1,"firstName":"Oswin"}`, keldair.NewHireFile{ID: "1", FirstName: "Oswin"}},
		{"data.object", `{"object":{"id":1,"larstName":"Marrowby"}}`, keldair.NewHireFile{ID: "1", LastName: "Marrowby"}},
		{"data.object with more beside it", `{"previous":{},"object":{"id":"1"},"id":null}`, keldair.NewHireFile{ID: "1"}},
		{"a file with an object of its own", `{"id":1,"object":{"id":2}}`, keldair.NewHireFile{ID: "1", Extra: map[string]json.RawMessage{"object": json.RawMessage(`{"id":2}`)}}},
		{"a file that says what it is", `{"id":1,"object":"new-hire-file"}`, keldair.NewHireFile{ID: "1", Extra: map[string]json.RawMessage{"object": json.RawMessage(`"new-hire-file"`)}}},
		{"an object in the object", `{"object":{"object":{"id":1}}}`, keldair.NewHireFile{Extra: map[string]json.RawMessage{"object": json.RawMessage(`{"id":1}`)}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got keldair.NewHireFile
			decode(t, test.data, &got)
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// No member of an unexpected kind stops a hire, or is lost.
func TestNewHireFileKeepsWhatDoesNotFit(t *testing.T) {
	const data = `{
		"id": 9223372036854775807, "externalOpeningId": 1042, "hiredDate": "02/14/2022", "appliedDate": {"year": 2022},
		"phoneNumber": "+1 202 555 0142", "address": [1.50], "fields": {"a": {}}, "demographics": null,
		"firstName": 7, "emailAddress": ["o@example.com"], "Id": 8, "badge": "<1>"
	}`
	var got keldair.NewHireFile
	decode(t, data, &got)
	want := keldair.NewHireFile{
		ID: "9223372036854775807", ExternalOpeningID: "1042",
		HiredDate: event.Time{Raw: `"02/14/2022"`}, AppliedDate: event.Time{Raw: `{"year": 2022}`},
		PhoneNumber: json.RawMessage(`"+1 202 555 0142"`), Address: json.RawMessage(`[1.50]`), Fields: json.RawMessage(`{"a": {}}`),
		Extra: map[string]json.RawMessage{
			"firstName": json.RawMessage(`7`), "emailAddress": json.RawMessage(`["o@example.com"]`),
			"Id": json.RawMessage(`8`), "badge": json.RawMessage(`"<1>"`),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var again keldair.NewHireFile
	decode(t, encode(t, got), &again)
	if once, twice := encode(t, got), encode(t, again); once != twice {
		t.Errorf("encoded and decoded again, %s becomes %s", once, twice)
	}
}

func TestWhatIsNotAnObjectDoesNotDecode(t *testing.T) {
	for _, data := range []string{`"canary"`, `["canary"]`, `4711`, `true`} {
		if json.Unmarshal([]byte(data), new(keldair.NewHireFile)) == nil {
			t.Errorf("%s decodes", data)
		}
	}
}

func TestFullName(t *testing.T) {
	for want, f := range map[string]keldair.NewHireFile{
		"Oswin Marrowby": {FirstName: "Oswin", LastName: "Marrowby"},
		"Oswin":          {FirstName: "Oswin"},
		"Marrowby":       {LastName: "Marrowby"},
		"":               {},
	} {
		if got := f.FullName(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Logging a payload prints the ids named here; that it prints no more is part of
// the conformance test.
func TestLogValuePrintsIDs(t *testing.T) {
	if got := keldairtest.NewHireFileCompleted().LogValue().String(); got != "[id=481516]" {
		t.Errorf("printed %s", got)
	}
}

func decode(t *testing.T, data string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), into); err != nil {
		t.Errorf("%T: %v", into, err)
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
