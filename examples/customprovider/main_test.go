package main

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	want := `greenhouse hire_candidate   candidate 57683957
answered 200 OK
ashby      candidateHire    candidate 5f1e3d6c
answered 200 OK
lever      candidateHired   candidate c-17
answered 200 OK
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

// TestConformance puts the three vendors through the suite that the module's
// own providers pass: near misses, members that are null, absent or new, and
// nothing of a payload in a log.
func TestConformance(t *testing.T) {
	fixture := func(typ, body string) fs.FS {
		return fstest.MapFS{"testdata/" + typ + ".json": {Data: []byte(body)}}
	}
	for _, v := range []eventtest.Vendor{
		{
			Provider: greenhouse,
			Fixtures: fixture("hire_candidate", `{"action":"hire_candidate","payload":{"application":{"id":"69306314","candidate":{"id":"57683957"}}}}`),
			Events:   []eventtest.Event{eventtest.Of[GreenhouseHire]("hire_candidate")},
		},
		{
			Provider: ashby,
			Fixtures: fixture("candidateHire", `{"action":"candidateHire","data":{"application":{"id":"b0f9f4a4","candidate":{"id":"5f1e3d6c"}}}}`),
			Events:   []eventtest.Event{eventtest.Of[AshbyHire]("candidateHire")},
		},
		{
			Provider: lever,
			Fixtures: fixture("candidateHired", `{"id":"e1","event":"candidateHired","triggeredAt":1795258800000,"token":"t1","signature":"","data":{"candidateId":"c-17","contactId":"p-4"}}`),
			Events:   []eventtest.Event{eventtest.Of[LeverHire]("candidateHired")},
		},
	} {
		t.Run(v.Provider.Name, func(t *testing.T) { eventtest.Conform(t, v, event.NewHandler) })
	}
}
