package hires100_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/drift"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/internal/schematest"
)

// schemas are those of the entities. testdata/entities.schema.json has the members
// of 100Hires' REST API v2 (github.com/100Hires/mcp-server, read 2026-11-21) that
// are assumed of deliveries.
func schemas(t *testing.T) map[string]*schematest.Schema {
	t.Helper()
	b, err := os.ReadFile("testdata/entities.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]*schematest.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// entities has the type of each entity by its name.
var entities = map[string]any{
	"candidate":   hires100.Candidate{},
	"application": hires100.Application{},
	"interview":   hires100.Interview{},
	"ai_score":    hires100.Score{},
	"job":         hires100.Job{},
	"user":        hires100.User{},
}

func TestEntitiesLoseNothing(t *testing.T) {
	schemas := schemas(t)
	for name, entity := range entities {
		t.Run(name, func(t *testing.T) {
			for _, lost := range schematest.Lost(schemas[name], entity) {
				t.Error(lost)
			}
			if diff := cmp.Diff(schemas[name].Members(), members(entity)); diff != "" {
				t.Errorf("members of %T (-known +modelled):\n%s", entity, diff)
			}
		})
	}
	if len(entities) != len(schemas) {
		t.Errorf("%d entities and %d schemas", len(entities), len(schemas))
	}
}

// members are the names of an entity's members, sorted.
func members(entity any) (names []string) {
	for f := range reflect.TypeOf(entity).Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestEventsLoseNothing(t *testing.T) {
	data := schemas(t)
	for _, entity := range data {
		// An id that another entity has would be filled in where the entity is
		// absent: there is more then, not less.
		maps.DeleteFunc(entity.Properties, func(name string, _ *schematest.Schema) bool {
			return slices.Contains([]string{"candidate_id", "application_id", "job_id"}, name)
		})
	}
	data["reason"] = &schematest.Schema{}
	event := &schematest.Schema{Type: schematest.Types{"object"}, Properties: map[string]*schematest.Schema{
		"event":     {Type: schematest.Types{"string"}, Enum: hires100.Provider().Types},
		"event_id":  {Type: schematest.Types{"string", "integer"}},
		"timestamp": {Type: schematest.Types{"integer", "string"}},
		"data":      {Type: schematest.Types{"object"}, Properties: data},
	}}
	for _, lost := range schematest.Lost(event, hires100.Event{}) {
		t.Error(lost)
	}
}

// The conformance test tries each member of a fixture: none may be missing there.
func TestFixturesHaveEveryKnownMember(t *testing.T) {
	var in []string
	for _, typ := range hires100test.Vendor.Types() {
		body := hires100test.Vendor.Body(typ)
		in = append(in, schematest.MembersIn(body)...)
		d := &event.Delivery{Type: typ, Body: body, Payload: body}
		if found := drift.Find(hires100.Provider(), d, new(hires100.Event)); len(found) > 0 {
			t.Errorf("the fixture of %s differs from what is modelled: %q", typ, found)
		}
	}
	for name, s := range schemas(t) {
		for _, member := range s.Members() {
			if !slices.Contains(in, "data."+name+"."+member) {
				t.Errorf("no fixture has %s.%s", name, member)
			}
		}
	}
}
