package eventtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// person is a payload with what logs leak.
const person = `{"id": "ev_1", "type": "person", "at": "2026-09-01T10:00:00Z", "data": {
	"id": "per_4711",
	"candidate_id": 88123,
	"external_id": "Workday-9",
	"full_name": "Zoë O'Hara Lindqvist",
	"nick_name": "Zo",
	"email": "zoe.lindqvist@example.com",
	"phone": "+1 (202) 555-0142",
	"pin": "70421188",
	"born": "1991-04-23",
	"notes": "Speaks Go & <b>SQL</b> \"fluently\"",
	"cv": "https://files.example.com/cv/1f3a",
	"console": "https://app.acme.test/people/7?name=Zed",
	"city": "Göteborg",
	"stage": "in review",
	"tool": "workday",
	"size": 48213,
	"kind": "ok",
	"tags": ["needs visa", "a b"],
	"nested": {"list": [{"name": "Per Ek"}]}
}}`

type personPayload struct {
	ID    string `json:"id"`
	Stage phase  `json:"stage"`
	Kind  string `json:"kind"`
}

type phase string

func (p personPayload) LogValue() slog.Value { return slog.GroupValue(slog.String("id", p.ID)) }

func personVendor() Vendor {
	p := acme
	p.Enums = []any{phase("in review")}
	return Vendor{Provider: p, Fixtures: fstest.MapFS{"testdata/person.json": {Data: []byte(person)}}, Events: []Event{Of[personPayload]("person")}}
}

func TestWhatIsPersonal(t *testing.T) {
	var got []string
	for _, l := range personVendor().personal() {
		got = append(got, l.Member+" "+l.Value)
	}
	slices.Sort(got)
	want := []string{
		"cv https://files.example.com/cv/1f3a",
		"email zoe.lindqvist@example.com",
		"full_name Zoë O'Hara Lindqvist",
		"nested.list[0].name Per Ek",
		"notes Speaks Go & <b>SQL</b> \"fluently\"",
		"phone +1 (202) 555-0142",
		"pin 70421188",
		"tags[0] needs visa",
	}
	if !slices.Equal(got, want) {
		t.Errorf("personal data is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLeaksAreFoundInEveryForm(t *testing.T) {
	v := personVendor()
	var decoded struct {
		Data struct {
			FullName string `json:"full_name"`
			Notes    string `json:"notes"`
			Email    string `json:"email"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(person), &decoded); err != nil {
		t.Fatal(err)
	}
	d := decoded.Data
	logged := func(json bool, args ...any) string {
		var b bytes.Buffer
		if json {
			slog.New(slog.NewJSONHandler(&b, nil)).Info("received", args...)
		} else {
			slog.New(slog.NewTextHandler(&b, nil)).Info("received", args...)
		}
		return b.String()
	}
	for _, test := range []struct {
		name, log, member string
	}{
		{"as it stands", "hired " + d.FullName, "full_name"},
		{"in JSON", logged(true, "notes", d.Notes), "notes"},
		{"in text", logged(false, "notes", d.Notes), "notes"},
		{"in ASCII", fmt.Sprintf("%+q", d.FullName), "full_name"},
		{"in JSON in JSON", logged(true, "body", person), "notes"},
		{"in JSON in text", logged(false, "body", person), "notes"},
		{"as bytes in JSON, which are base64", logged(true, "body", []byte(person)), "notes"},
		{"as bytes in text", logged(false, "body", []byte(person)), "notes"},
		{"as raw JSON", logged(true, "body", json.RawMessage(person)), "notes"},
		{"in base64url", base64.URLEncoding.EncodeToString([]byte(d.FullName)), "full_name"},
		{"in a form", "body=" + url.QueryEscape(d.FullName), "full_name"},
		{"in a URL", "GET /people/" + url.PathEscape(d.FullName), "full_name"},
		{"after an escape", `{"name":"\nPer Ek"}`, "nested.list[0].name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			leaks := v.Leaks([]byte("time=2026-09-01 level=INFO\n" + test.log + "\n"))
			if !slices.ContainsFunc(leaks, func(l Leak) bool { return l.Member == test.member && l.Type == "person" }) {
				t.Errorf("%v found in %s, want one of %s", leaks, test.log, test.member)
			}
		})
	}
}

func TestLeaksAreNotFoundWhereNoneAre(t *testing.T) {
	v := personVendor()
	for _, log := range []string{
		"",
		"handled person ev_1 per_4711 88123 Workday-9 in 1.2ms",
		"the candidate was born 1991-04-23, is in review at https://app.acme.test/people/7?name=Zed in Göteborg",
		"workday answered ok to zone Zoo",
		"person Peregrin Ekström",
		"70421188999 bytes, signature 1270421188",
		"per ekman; per-ek0",
		base64.StdEncoding.EncodeToString([]byte("nothing of it, either")),
	} {
		if leaks := v.Leaks([]byte(log)); len(leaks) > 0 {
			t.Errorf("%v found in %q", leaks, log)
		}
	}
}

func TestLeaksAreListedOnce(t *testing.T) {
	v := personVendor()
	got := v.Leaks([]byte(strings.Repeat("Per Ek, Per Ek; ", 10)))
	want := []Leak{{"person", "nested.list[0].name", "Per Ek"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if s := got[0].String(); s != `"Per Ek", from nested.list[0].name of person` {
		t.Errorf("a leak is printed as %s", s)
	}
}
