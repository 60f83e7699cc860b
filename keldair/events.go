package keldair

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonfields"
)

// The event types of KeldairHR (docs.keldair.com/docs/events, read 2026-11-21).
// More may come.
const (
	TypeNewHireFileCompleted = "new-hire-file.completed"
)

// NewHireFile is what onboarding has gathered of a new hire: the payload of
// new-hire-file.completed (docs.keldair.com/docs/events, read 2026-11-21). What
// the nested objects hold is unpublished, so they are kept as they came.
//
// The file is data itself, or data.object: KeldairHR's pages differ.
type NewHireFile struct {
	ID                event.ID        `json:"id" validate:"required"`
	FirstName         string          `json:"firstName"`
	LastName          string          `json:"lastName"` // or larstName, as the documentation spells it
	EmailAddress      string          `json:"emailAddress" validate:"omitempty,email"`
	PhoneNumber       json.RawMessage `json:"phoneNumber,omitzero"`       // an object
	Address           json.RawMessage `json:"address,omitzero"`           // an object
	AppliedDate       event.Time      `json:"appliedDate"`                // when the new hire applied
	HiredDate         event.Time      `json:"hiredDate"`                  // when the new hire was hired
	ExternalOpeningID event.ID        `json:"externalOpeningId,omitzero"` // of the job opening in another system
	Fields            json.RawMessage `json:"fields,omitzero"`            // an array: the new hire fields that the account has configured
	Demographics      json.RawMessage `json:"demographics,omitzero"`      // an object
	// Extra has the members that have no field, or do not fit it, by their names.
	Extra map[string]json.RawMessage `json:"-"`
}

// UnmarshalJSON accepts any object and null. A member that does not fit is in
// Extra, so that it does not stop a hire.
func (f *NewHireFile) UnmarshalJSON(b []byte) error {
	err := jsonfields.Unmarshal(b, f, &f.Extra)
	if object := f.Extra["object"]; f.ID == "" && bytes.HasPrefix(object, []byte("{")) {
		err = jsonfields.Unmarshal(object, f, &f.Extra)
	}
	if other, ok := f.Extra["larstName"]; ok && f.LastName == "" && json.Unmarshal(other, &f.LastName) == nil {
		delete(f.Extra, "larstName")
	}
	return err
}

// MarshalJSON writes the fields, and Extra.
func (f NewHireFile) MarshalJSON() ([]byte, error) { return jsonfields.Marshal(&f, f.Extra) }

// FullName returns the first and the last name, as far as they are known, with
// a space between them.
func (f NewHireFile) FullName() string { return strings.TrimSpace(f.FirstName + " " + f.LastName) }

// LogValue prints the id only.
func (f NewHireFile) LogValue() slog.Value { return slog.GroupValue(slog.String("id", string(f.ID))) }

// Version returns the version of KeldairHR's API that rendered the data of a
// delivery, a date such as 2022-02-23, or "" if there is none. It is not signed.
// In a callback the delivery comes from [event.FromContext].
func Version(d *event.Delivery) string {
	var envelope struct {
		Version string `json:"version"`
	}
	_ = json.Unmarshal(d.Body, &envelope) // what does not fit has no version
	return envelope.Version
}
