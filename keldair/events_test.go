package keldair_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// payloads has, for every event type, its payload type and the members that it
// models, in the order of KeldairHR's documentation.
var payloads = []struct {
	typ     string
	payload any
	members []string
}{
	{keldair.TypeNewHireFileCompleted, keldair.NewHireFile{}, newHireFile},
}

// newHireFile is our own copy of what KeldairHR documents, read from
// docs.keldair.com/docs/events on 2026-11-21. The page says larstName.
var newHireFile = []string{
	"id", "firstName", "lastName", "emailAddress", "phoneNumber", "address",
	"appliedDate", "hiredDate", "externalOpeningId", "fields", "demographics",
}

func TestPayloadsModelEveryDocumentedMember(t *testing.T) {
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			if diff := cmp.Diff(p.members, membersOf(reflect.TypeOf(p.payload))); diff != "" {
				t.Errorf("members of %T (-documented +modelled):\n%s", p.payload, diff)
			}
		})
	}
}

// The conformance test tries each member of a fixture: none may be missing
// there.
func TestFixturesHaveEveryDocumentedMember(t *testing.T) {
	for _, p := range payloads {
		t.Run(p.typ, func(t *testing.T) {
			var fixture map[string]any
			if err := json.Unmarshal(keldairtest.Vendor.Payload(keldairtest.Vendor.Body(p.typ)), &fixture); err != nil {
				t.Fatal(err)
			}
			want, got := slices.Sorted(slices.Values(p.members)), slices.Sorted(maps.Keys(fixture))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-documented +in the fixture):\n%s", diff)
			}
		})
	}
}

func TestLastNameHasTwoSpellings(t *testing.T) {
	tests := []struct {
		name string
		data string
		want string
	}{
		{"as one would expect", `{"id":1,"lastName":"Marrowby"}`, "Marrowby"},
		{"as documented", `{"id":1,"larstName":"Marrowby"}`, "Marrowby"},
		{"both", `{"id":1,"larstName":"Old","lastName":"Marrowby"}`, "Marrowby"},
		{"both, the other way round", `{"id":1,"lastName":"Marrowby","larstName":"Old"}`, "Marrowby"},
		{"lastName is null", `{"id":1,"larstName":"Marrowby","lastName":null}`, "Marrowby"},
		{"lastName is empty", `{"id":1,"larstName":"Marrowby","lastName":""}`, "Marrowby"},
		{"larstName is null", `{"id":1,"larstName":null}`, ""},
		{"neither", `{"id":1}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := keldair.NewHireFile{LastName: "Earlier", HiredDate: "2020-01-01"}
			decode(t, &got, tt.data)
			if diff := cmp.Diff(keldair.NewHireFile{ID: 1, LastName: tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again, err := json.Marshal(got); err != nil || strings.Contains(string(again), "larst") {
				t.Errorf("encoded as %s, %v", again, err)
			}
		})
	}
}

func TestNewHireFileKeepsWhatIsUnpublished(t *testing.T) {
	var got keldair.NewHireFile
	decode(t, &got, `{
		"id": 9223372036854775807, "externalOpeningId": 1042, "hiredDate": "02/14/2022",
		"phoneNumber": "+1 202 555 0142", "address": [1.50], "fields": {"a": {}}, "demographics": null
	}`)
	want := keldair.NewHireFile{
		ID: 9223372036854775807, ExternalOpeningID: "1042", HiredDate: "02/14/2022",
		PhoneNumber: json.RawMessage(`"+1 202 555 0142"`), Address: json.RawMessage(`[1.50]`),
		Fields: json.RawMessage(`{"a": {}}`), Demographics: json.RawMessage(`null`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeErrorsNameTheMember(t *testing.T) {
	for data, want := range map[string]string{
		`{"id":"1"}`:        "json: cannot unmarshal value into Go struct field NewHireFile.id of type int64",
		`{"lastName":1}`:    "json: cannot unmarshal value into Go struct field NewHireFile.lastName of type string",
		`{"larstName":1}`:   "json: cannot unmarshal value into Go struct field NewHireFile.larstName of type string",
		`{"hiredDate":[1]}`: "keldair: data is no new hire file",
		`[]`:                "keldair: data is no new hire file",
	} {
		err := json.Unmarshal([]byte(data), new(keldair.NewHireFile))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

func TestDecodeErrorsQuoteNothing(t *testing.T) {
	for _, data := range []string{
		`"canary"`, `["canary"]`, `4711`, `true`,
		`{"id":"canary"}`, `{"id":4711.5}`, `{"id":47110000000000000000}`,
		`{"firstName":4711}`, `{"lastName":["canary"]}`, `{"larstName":4711}`, `{"hiredDate":{"canary":4711}}`,
	} {
		err := json.Unmarshal([]byte(data), new(keldair.NewHireFile))
		if err == nil {
			t.Errorf("%s decodes", data)
		} else if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "4711") {
			t.Errorf("%s is quoted by %q", data, err)
		}
	}
}

func decode(t *testing.T, p any, data string) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), p); err != nil {
		t.Errorf("%T: %v", p, err)
	}
}

// membersOf lists the members that typ models. What nested ones hold is
// unpublished.
func membersOf(typ reflect.Type) []string {
	var members []string
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		members = append(members, name)
	}
	return members
}
