package hires100

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonfields"
)

// The names that the members of a body may have, the preferred one first.
var (
	typeMembers      = []string{"event_type", "event", "type", "event_name"}
	timeMembers      = []string{"occurred_at", "timestamp"}
	containerMembers = []string{"data", "payload"}
)

// ambiguous are members that may tell of the event as well as of the entity
// that it is about.
var ambiguous = slices.Concat(typeMembers, timeMembers, []string{"id", "event_id", "created_at", "updated_at"})

// UnmarshalJSON accepts any object, laid out as the comment of [Event] says, and null.
func (e *Event) UnmarshalJSON(b []byte) error {
	body := make(jsonfields.Extra, 8)
	err := jsonfields.Each(b, func(name, value []byte) { body[string(name)] = value })
	if err != nil || string(b) == "null" {
		return err
	}
	container, payload := "", b
	for _, name := range slices.Backward(containerMembers) {
		if value := body[name]; bytes.HasPrefix(value, []byte("{")) {
			container, payload = name, value
		}
	}
	if err := jsonfields.Unmarshal(payload, e, &e.Extra); err != nil {
		return err
	}
	beside := body
	if delete(beside, container); container == "" {
		maps.DeleteFunc(beside, func(name string, _ json.RawMessage) bool { return !slices.Contains(ambiguous, name) })
		maps.DeleteFunc(e.Extra, func(name string, _ json.RawMessage) bool { return slices.Contains(ambiguous, name) })
	}
	e.readSubject(typeIn(beside))
	e.readBeside(beside)
	e.fillID(&e.Interview.ID, "interview", "interview_id")
	e.fillID(&e.Application.ID, "application", "application_id", e.Interview.ApplicationID, e.AIScore.ApplicationID)
	e.fillID(&e.Candidate.ID, "candidate", "candidate_id", e.Application.CandidateID, e.Interview.CandidateID, e.AIScore.CandidateID)
	e.fillID(&e.Job.ID, "job", "job_id", e.Application.JobID, e.Interview.JobID, e.AIScore.JobID)
	e.fillID(&e.User.ID, "user", "user_id")
	return nil
}

// typeIn returns the event type that is among the members of a body, or "" if it
// is not known.
func typeIn(body jsonfields.Extra) string {
	var name string
	for _, member := range slices.Backward(typeMembers) {
		if value := body[member]; bytes.HasPrefix(value, []byte(`"`)) {
			_ = json.Unmarshal(value, &name) // a string
		}
	}
	typ, _ := knownType(name)
	return typ
}

// readSubject reads what is left of the payload as the entity that the event's
// type names, unless the payload has that by its name. What is ambiguous is read
// only if the payload can be nothing else: if each entity that it has or refers
// to is one that such an entity refers to.
func (e *Event) readSubject(typ string) {
	entities := jsonfields.Of(e)
	name, _, _ := strings.Cut(typ, ".")
	if typ == "" || !entities.IsZero(name) || e.Extra[name] != nil {
		return
	}
	subject, isSubject := jsonfields.Of(entities.Field(name)), true
	for _, other := range []string{"candidate", "application", "interview", "ai_score", "job", "stage"} {
		if !entities.IsZero(other) || e.Extra[other+"_id"] != nil {
			isSubject = isSubject && (subject.Field(other) != nil || subject.Field(other+"_id") != nil)
		}
	}
	maps.DeleteFunc(e.Extra, func(name string, value json.RawMessage) bool {
		return (isSubject || !slices.Contains(ambiguous, name)) && subject.Set([]byte(name), value)
	})
}

// readBeside takes the entities that are beside the payload only, such as the
// user, and keeps what else is there.
func (e *Event) readBeside(beside jsonfields.Extra) {
	entities := jsonfields.Of(e)
	maps.DeleteFunc(beside, func(name string, value json.RawMessage) bool {
		return entities.IsZero(name) && e.Extra[name] == nil && entities.Set([]byte(name), value)
	})
	for name, value := range beside {
		beside[name] = bytes.Clone(value)
	}
	e.Envelope = beside
}

// fillID sets the id of an entity that the event has only by reference.
func (e *Event) fillID(id *event.ID, entity, member string, others ...event.ID) {
	if *id != "" || e.Extra[entity] != nil {
		return
	}
	var found [2]event.ID
	for i, value := range []json.RawMessage{e.Extra[member], e.Envelope[member]} {
		if value != nil {
			_ = found[i].UnmarshalJSON(value) // one that does not fit stays where it is
		}
	}
	*id = cmp.Or(append(found[:], others...)...)
}

// MarshalJSON writes a body with the fields that are not zero, and Extra, in its
// member data, and Envelope beside it.
func (e Event) MarshalJSON() ([]byte, error) {
	payload, err := jsonfields.Marshal(&e, e.Extra)
	if err != nil {
		return nil, err
	}
	body := jsonfields.Extra{"data": payload}
	if e.Envelope["data"] != nil {
		body = jsonfields.Extra{"payload": payload}
	}
	maps.Copy(body, e.Envelope)
	return json.Marshal(body)
}

// UnmarshalJSON accepts any object and null.
func (c *Candidate) UnmarshalJSON(b []byte) error { return jsonfields.Unmarshal(b, c, &c.Extra) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (c Candidate) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&c, c.Extra) }

// UnmarshalJSON accepts any object and null.
func (a *Application) UnmarshalJSON(b []byte) error { return jsonfields.Unmarshal(b, a, &a.Extra) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (a Application) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&a, a.Extra) }

// UnmarshalJSON accepts any object and null.
func (i *Interview) UnmarshalJSON(b []byte) error { return jsonfields.Unmarshal(b, i, &i.Extra) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (i Interview) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&i, i.Extra) }

// UnmarshalJSON accepts any object, a number that is the score itself, and null.
func (s *Score) UnmarshalJSON(b []byte) error {
	if bytes.IndexAny(b, "{n") == 0 {
		return jsonfields.Unmarshal(b, s, &s.Extra)
	}
	*s = Score{}
	return json.Unmarshal(b, &s.Value)
}

// MarshalJSON writes the fields that are not zero, and Extra.
func (s Score) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&s, s.Extra) }

// UnmarshalJSON accepts any object and null.
func (j *Job) UnmarshalJSON(b []byte) error { return jsonfields.Unmarshal(b, j, &j.Extra) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (j Job) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&j, j.Extra) }

// UnmarshalJSON accepts any object and null.
func (u *User) UnmarshalJSON(b []byte) error { return jsonfields.Unmarshal(b, u, &u.Extra) }

// MarshalJSON writes the fields that are not zero, and Extra.
func (u User) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&u, u.Extra) }
