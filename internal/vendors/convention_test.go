package vendors

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
)

// TestPayloadConvention is what CONTRIBUTING.md says of payload types.
func TestPayloadConvention(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, v := range All {
		for _, typ := range v.Types() {
			c, _ := v.Callback(typ)
			checkMembers(t, c.Payload, seen)
		}
	}
}

var (
	id, instant = reflect.TypeFor[event.ID](), reflect.TypeFor[event.Time]()
	ofIDs       = regexp.MustCompile(`(^|_)u?ids?$|Ids?$`)
	ofTimes     = regexp.MustCompile(`(^|_)(at|time|date)$|(At|Time|Date)$|^time_`)
)

func checkMembers(t *testing.T, typ reflect.Type, seen map[reflect.Type]bool) {
	if typ.Kind() != reflect.Struct || typ == instant || seen[typ] {
		return
	}
	seen[typ] = true
	for f := range typ.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		of := f.Type
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		wrong := ""
		switch {
		case !f.IsExported() || name == "-":
			continue
		case of.Kind() == reflect.Pointer:
			wrong = "is a pointer: take the plain type, null is its zero value"
		case of == reflect.TypeFor[time.Time]():
			wrong = "is a time.Time: make it an event.Time"
		case strings.Contains(options, "omitempty"):
			wrong = "has omitempty: make it omitzero"
		case of == instant && strings.Contains(options, "omitzero"):
			wrong = "has omitzero: take it away, or a time that cannot be read is lost"
		case ofIDs.MatchString(name) && of != id:
			wrong = "is an id by its name: make it an event.ID"
		case ofTimes.MatchString(name) && of != instant:
			wrong = "is a time by its name: make it an event.Time"
		}
		if wrong != "" {
			t.Errorf("%v.%s (%s) %s", typ, f.Name, name, wrong)
		}
		checkMembers(t, of, seen)
	}
}

// TestLogsNameThePayload: what LogValue prints has the ids that the payload must
// have. eventtest.Conform checks that it has nothing else.
func TestLogsNameThePayload(t *testing.T) {
	for _, v := range All {
		for _, typ := range v.Types() {
			c, _ := v.Callback(typ)
			p := reflect.New(c.Payload)
			if err := json.Unmarshal(v.Payload(v.Body(typ)), p.Interface()); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("received", "payload", p.Interface())
			for _, want := range requiredIDs(p.Elem()) {
				if !strings.Contains(log.String(), "="+want) {
					t.Errorf("%v.LogValue does not print the id %s, which is required: %s", c.Payload, want, &log)
				}
			}
		}
	}
}

// requiredIDs are the ids in v that are tagged so.
func requiredIDs(v reflect.Value) (ids []string) {
	for f, value := range v.Fields() {
		switch {
		case f.Type == id && strings.Contains(f.Tag.Get("validate"), "required"):
			ids = append(ids, value.String())
		case f.Type.Kind() == reflect.Struct:
			ids = append(ids, requiredIDs(value)...)
		}
	}
	return ids
}
