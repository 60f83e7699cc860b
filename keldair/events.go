package keldair

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"github.com/atshooks/atshooks/event"
)

// The event types of KeldairHR (docs.keldair.com/docs/events, read 2026-11-21).
// More may come.
const (
	TypeNewHireFileCompleted = "new-hire-file.completed"
)

// NewHireFile is what onboarding has gathered of a new hire: the payload of
// new-hire-file.completed (docs.keldair.com/docs/events, read 2026-11-21). What
// the nested objects hold is unpublished, so they are kept as they came.
type NewHireFile struct {
	ID                int64           `json:"id" validate:"required"`
	FirstName         string          `json:"firstName"`
	LastName          string          `json:"lastName"` // or larstName, as the documentation spells it
	EmailAddress      string          `json:"emailAddress" validate:"omitempty,email"`
	PhoneNumber       json.RawMessage `json:"phoneNumber,omitempty"`       // an object
	Address           json.RawMessage `json:"address,omitempty"`           // an object
	AppliedDate       event.Date      `json:"appliedDate,omitzero"`        // when the new hire applied
	HiredDate         event.Date      `json:"hiredDate,omitzero"`          // when the new hire was hired
	ExternalOpeningID event.ID        `json:"externalOpeningId,omitempty"` // of the job opening in another system
	Fields            json.RawMessage `json:"fields,omitempty"`            // an array: the new hire fields that the account has configured
	Demographics      json.RawMessage `json:"demographics,omitempty"`      // an object
}

var errNotNewHireFile = errors.New("keldair: data is no new hire file")

// UnmarshalJSON reads the last name under either of its spellings. Where both
// are there, lastName counts unless it is empty.
func (f *NewHireFile) UnmarshalJSON(b []byte) error {
	type plain NewHireFile
	var v struct {
		plain
		LarstName string `json:"larstName"`
	}
	err := json.Unmarshal(b, &v)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		// The decoder's own error may quote a number.
		return &json.UnmarshalTypeError{Value: "value", Type: e.Type, Struct: "NewHireFile", Field: strings.TrimPrefix(e.Field, "plain.")}
	}
	if err != nil {
		return errNotNewHireFile
	}
	if v.LastName == "" {
		v.LastName = v.LarstName
	}
	*f = NewHireFile(v.plain)
	return nil
}

// LogValue prints the id only.
func (f NewHireFile) LogValue() slog.Value { return slog.GroupValue(slog.Int64("id", f.ID)) }
