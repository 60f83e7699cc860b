package hires100

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonscan"
)

// This file stands in for what 100Hires does not publish: how an event type is
// spelled, and how a payload is laid out.

// typeMembers are the names under which a body may tell its event type.
var typeMembers = []string{"event_type", "event", "type", "event_name"}

// containers are the names under which a payload may hold its entities.
var containers = []string{"data", "payload", "entity", "object", "resource"}

// affected are the entities that an event may be about, with the member without
// which none is recognised. Jobs and users only accompany them.
var affected = map[string]string{
	"candidate":   "id",
	"application": "id",
	"interview":   "start_time",
	"ai_score":    "score",
}

// typeName returns the constant for a spelling of an event type, and any other
// name as it is.
func typeName(name string) string {
	if known, ok := knownType(name); ok {
		return known
	}
	return name
}

// knownType reads name without regard to case and to what separates its words.
// A name that holds anything else than words is not one of ours.
func knownType(name string) (string, bool) {
	var folded [48]byte
	if len(name) > len(folded) {
		return "", false
	}
	n := 0
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z':
			folded[n] = c
			n++
		case 'A' <= c && c <= 'Z':
			folded[n] = c - 'A' + 'a'
			n++
		case strings.IndexByte(" ._-:/", c) < 0:
			return "", false
		}
	}
	known, ok := spellings[string(folded[:n])]
	return known, ok
}

// isConstant says whether name is one of the Type constants, as it stands.
func isConstant(name string) bool {
	known, ok := knownType(name)
	return ok && known == name
}

// spellings are the folded names that mean one of the eight events: the words
// of the vendor's page, and what APIs make of such words.
var spellings = map[string]string{
	"applicationsubmitted":    TypeApplicationSubmitted,
	"applicationsubmit":       TypeApplicationSubmitted,
	"applicationcreated":      TypeApplicationSubmitted,
	"applicationcreate":       TypeApplicationSubmitted,
	"applicationnew":          TypeApplicationSubmitted,
	"createapplication":       TypeApplicationSubmitted,
	"newapplication":          TypeApplicationSubmitted,
	"newapplicationcreated":   TypeApplicationSubmitted,
	"newapplicationsubmitted": TypeApplicationSubmitted,
	"submitapplication":       TypeApplicationSubmitted,
	"submittedapplication":    TypeApplicationSubmitted,

	"applicationstagechange":  TypeApplicationStageChanged,
	"applicationstagechanged": TypeApplicationStageChanged,
	"applicationstageupdate":  TypeApplicationStageChanged,
	"applicationstageupdated": TypeApplicationStageChanged,
	"applicationstagemoved":   TypeApplicationStageChanged,
	"applicationmoved":        TypeApplicationStageChanged,
	"candidatestagechange":    TypeApplicationStageChanged,
	"candidatestagechanged":   TypeApplicationStageChanged,
	"changeapplicationstage":  TypeApplicationStageChanged,
	"changestage":             TypeApplicationStageChanged,
	"stagechange":             TypeApplicationStageChanged,
	"stagechanged":            TypeApplicationStageChanged,
	"stagemoved":              TypeApplicationStageChanged, // in the API's candidate activities

	"candidatehired":   TypeCandidateHired,
	"candidatehire":    TypeCandidateHired,
	"hirecandidate":    TypeCandidateHired,
	"hiredcandidate":   TypeCandidateHired,
	"applicationhired": TypeCandidateHired,
	"applicationhire":  TypeCandidateHired,
	"hireapplication":  TypeCandidateHired,

	"candidatedisqualified":   TypeCandidateDisqualified,
	"candidatedisqualify":     TypeCandidateDisqualified,
	"disqualifycandidate":     TypeCandidateDisqualified,
	"disqualifiedcandidate":   TypeCandidateDisqualified,
	"applicationdisqualified": TypeCandidateDisqualified,
	"applicationdisqualify":   TypeCandidateDisqualified,
	"disqualifyapplication":   TypeCandidateDisqualified,

	"interviewscheduled":    TypeInterviewScheduled,
	"interviewschedule":     TypeInterviewScheduled,
	"interviewcreated":      TypeInterviewScheduled,
	"interviewcreate":       TypeInterviewScheduled,
	"newinterview":          TypeInterviewScheduled,
	"newinterviewscheduled": TypeInterviewScheduled,
	"scheduleinterview":     TypeInterviewScheduled,
	"scheduledinterview":    TypeInterviewScheduled,

	"aiscoregenerated":            TypeAIScoreGenerated,
	"aiscoregenerate":             TypeAIScoreGenerated,
	"aiscorecreated":              TypeAIScoreGenerated,
	"aiscore":                     TypeAIScoreGenerated,
	"applicationaiscoregenerated": TypeAIScoreGenerated,
	"applicationaiscored":         TypeAIScoreGenerated,
	"applicationscored":           TypeAIScoreGenerated,
	"candidateaiscoregenerated":   TypeAIScoreGenerated,
	"generateaiscore":             TypeAIScoreGenerated,
	"generatedaiscore":            TypeAIScoreGenerated,
	"newaiscore":                  TypeAIScoreGenerated,
	"scoregenerated":              TypeAIScoreGenerated,

	"candidatecreated":    TypeCandidateCreated,
	"candidatecreate":     TypeCandidateCreated,
	"candidateadded":      TypeCandidateCreated,
	"candidatenew":        TypeCandidateCreated,
	"createcandidate":     TypeCandidateCreated,
	"createdcandidate":    TypeCandidateCreated,
	"newcandidate":        TypeCandidateCreated,
	"newcandidatecreated": TypeCandidateCreated,

	"candidateupdated": TypeCandidateUpdated,
	"candidateupdate":  TypeCandidateUpdated,
	"candidatechanged": TypeCandidateUpdated,
	"updatecandidate":  TypeCandidateUpdated,
	"updatedcandidate": TypeCandidateUpdated,
}

// The errors do not quote what they refuse: it may be personal data.
var (
	errNotObject = errors.New("hires100: not a JSON object")
	errEncode    = errors.New("hires100: a field or a member of Extra has no JSON form")
)

// UnmarshalJSON accepts any object, laid out as the comment of [Event] says, and null.
func (e *Event) UnmarshalJSON(b []byte) error {
	if err := unmarshal(b, e); err != nil {
		return err
	}
	// Each step brings members nearer to where they belong, so this ends.
	for e.open() || e.readEntity() || e.moveUp() {
	}
	if len(e.Extra) == 0 {
		e.Extra = nil
	}
	return nil
}

// Stamp adds the entities that stand beside the payload, the user say, to those
// in it. Package event calls it before the callback.
func (e *Event) Stamp(d *event.Delivery) {
	if len(d.Payload) == len(d.Body) {
		return // nothing is beside the whole body
	}
	o := jsonscan.Over(d.Body)
	for o.Next() {
		name, ok := entities[string(o.Name())]
		if ok && e.lacks(name) && decode(o.Value(), fieldOf(e, name)) {
			delete(e.Extra, name)
		}
	}
}

// MarshalJSON writes the fields that are not zero, and Extra.
func (e Event) MarshalJSON() ([]byte, error) { return marshal(e) }

// UnmarshalJSON accepts any object and null.
func (c *Candidate) UnmarshalJSON(b []byte) error { return unmarshal(b, c) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (c Candidate) MarshalJSON() ([]byte, error) { return marshal(c) }

// UnmarshalJSON accepts any object and null.
func (a *Application) UnmarshalJSON(b []byte) error { return unmarshal(b, a) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (a Application) MarshalJSON() ([]byte, error) { return marshal(a) }

// UnmarshalJSON accepts any object and null.
func (i *Interview) UnmarshalJSON(b []byte) error { return unmarshal(b, i) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (i Interview) MarshalJSON() ([]byte, error) { return marshal(i) }

// UnmarshalJSON accepts any object, a number that is the score itself, and null.
func (s *Score) UnmarshalJSON(b []byte) error {
	var value json.Number
	if json.Unmarshal(b, &value) == nil && value != "" {
		*s = Score{Value: value}
		return nil
	}
	return unmarshal(b, s)
}

// MarshalJSON writes the fields that are not zero, and Extra.
func (s Score) MarshalJSON() ([]byte, error) { return marshal(s) }

// UnmarshalJSON accepts any object and null.
func (j *Job) UnmarshalJSON(b []byte) error { return unmarshal(b, j) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (j Job) MarshalJSON() ([]byte, error) { return marshal(j) }

// UnmarshalJSON accepts any object and null.
func (u *User) UnmarshalJSON(b []byte) error { return unmarshal(b, u) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (u User) MarshalJSON() ([]byte, error) { return marshal(u) }

// isDelivery says whether an object tells the type of an event: then it is a
// whole delivery and no entity.
func isDelivery(object map[string]json.RawMessage) bool {
	return slices.ContainsFunc(typeMembers, func(name string) bool {
		var text string
		if json.Unmarshal(object[name], &text) != nil {
			return false
		}
		_, known := knownType(text)
		return known
	})
}

// readEntity reads what is in e.Extra as one entity: the one with the most
// members in it. If two have equally many, or the one is there by its name, it
// is left alone: the id of an application must not pass for a candidate's. Nor
// may an event's, which stands beside the event's type.
func (e *Event) readEntity() (done bool) {
	if isDelivery(e.Extra) {
		return false
	}
	var best reflect.Value
	most, tie := 0, false
	for name, field := range modelled(e) {
		key, ok := affected[name]
		if raw := e.Extra[key]; !ok || len(raw) == 0 || string(raw) == "null" {
			continue
		}
		switch n := fit(field, e.Extra); {
		case n > most:
			best, most, tie = field, n, false
		case n == most:
			tie = true
		}
	}
	if most == 0 || tie || !best.IsZero() {
		return false
	}
	fill(best, e.Extra)
	e.Extra = nil
	return true
}

// fit counts the members of object that an entity has a field for.
func fit(entity reflect.Value, object map[string]json.RawMessage) int {
	n := 0
	for name := range modelled(entity.Addr().Interface()) {
		if _, ok := object[name]; ok {
			n++
		}
	}
	return n
}

// open takes the entities out of the containers in e.Extra. One level only:
// what is nested deeper is not guessed at.
func (e *Event) open() (done bool) {
	for _, name := range containers {
		var inner Event
		if raw, ok := e.Extra[name]; !ok || unmarshal(raw, &inner) != nil {
			continue
		}
		inner.readEntity()
		if !e.adopt(&inner) {
			continue
		}
		done = true
		delete(e.Extra, name)
		if rest, err := marshal(inner); err == nil && string(rest) != "{}" {
			e.Extra[name] = rest
		}
	}
	return done
}

// adopt moves the entities of inner that e has none of.
func (e *Event) adopt(inner *Event) (done bool) {
	for name, to := range modelled(e) {
		from := fieldOf(inner, name)
		if from.IsZero() || !e.lacks(name) {
			continue
		}
		to.Set(from)
		from.SetZero()
		delete(e.Extra, name)
		done = true
	}
	return done
}

// lacks says whether e has nothing under the name of an entity, or null.
func (e *Event) lacks(name string) bool {
	raw, ok := e.Extra[name]
	return fieldOf(e, name).IsZero() && (!ok || string(raw) == "null")
}

// moveUp takes entities out of other entities, where the event itself has none
// of the kind. Users stay: an entity may have one who did not trigger the event.
func (e *Event) moveUp() (done bool) {
	for outer, from := range modelled(e) {
		extra := extraOf(from)
		for name, to := range modelled(e) {
			if raw, ok := extra[name]; ok && name != outer && name != "user" && e.lacks(name) && decode(raw, to) {
				delete(extra, name)
				delete(e.Extra, name)
				done = true
			}
		}
		if len(extra) == 0 {
			from.FieldByName("Extra").SetZero()
		}
	}
	return done
}

// unmarshal decodes an object into the struct that dst points to, field by
// field, and puts the rest into its Extra. It fails for anything but an object
// and null.
func unmarshal(b []byte, dst any) error {
	if string(b) == "null" {
		return nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(b, &object) != nil {
		return errNotObject
	}
	v := reflect.ValueOf(dst).Elem()
	v.SetZero()
	fill(v, object)
	return nil
}

// fill moves the members of object into v: into its fields what they can hold,
// and the rest into Extra, which takes object over.
func fill(v reflect.Value, object map[string]json.RawMessage) {
	for name, field := range modelled(v.Addr().Interface()) {
		if raw, ok := object[name]; ok && decode(raw, field) {
			delete(object, name)
		}
	}
	if len(object) > 0 {
		v.FieldByName("Extra").Set(reflect.ValueOf(object))
	}
}

// decode says whether field now tells all that raw does. A zero value does not
// tell whether anything was there.
func decode(raw json.RawMessage, field reflect.Value) bool {
	if json.Unmarshal(raw, field.Addr().Interface()) != nil {
		field.SetZero()
	}
	return !field.IsZero()
}

// marshal encodes the fields of a struct that are not zero, in their order, and
// then what else is in its Extra, by name.
func marshal(src any) ([]byte, error) {
	v := reflect.New(reflect.TypeOf(src)).Elem()
	v.Set(reflect.ValueOf(src))
	var b bytes.Buffer
	written := map[string]bool{}
	write := func(name string, value any) error {
		text, err := json.Marshal(value)
		if err != nil {
			return errEncode
		}
		quoted, _ := json.Marshal(name) // a string always encodes
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.Write(quoted)
		b.WriteByte(':')
		b.Write(text)
		written[name] = true
		return nil
	}
	for name, field := range modelled(v.Addr().Interface()) {
		if field.IsZero() {
			continue
		}
		if err := write(name, field.Interface()); err != nil {
			return nil, err
		}
	}
	extra := extraOf(v)
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if written[name] {
			continue
		}
		if err := write(name, extra[name]); err != nil {
			return nil, err
		}
	}
	return slices.Concat([]byte("{"), b.Bytes(), []byte("}")), nil
}

// modelled iterates over the fields of the struct that p points to, by the name
// of the member that each has; Extra has none.
func modelled(p any) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for field, v := range reflect.ValueOf(p).Elem().Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name != "-" && !yield(name, v) {
				return
			}
		}
	}
}

// entities are the names that modelled has for an Event, by themselves.
var entities = func() map[string]string {
	names := make(map[string]string)
	for name := range modelled(new(Event)) {
		names[name] = name
	}
	return names
}()

// fieldOf is the entity of e with that name.
func fieldOf(e *Event, name string) (found reflect.Value) {
	for other, field := range modelled(e) {
		if other == name {
			found = field
		}
	}
	return found
}

func extraOf(v reflect.Value) map[string]json.RawMessage {
	return v.FieldByName("Extra").Interface().(map[string]json.RawMessage)
}
