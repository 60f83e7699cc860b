// Package validate checks every validate tag of a payload with
// github.com/go-playground/validator:
//
//	k, err := kombo.NewHandler(secret, &event.Options{Validate: validate.Struct})
//
// Without it, package event checks only that the ids tagged validate:"required"
// are there. The other tags are stricter than what providers promise: an e-mail
// address that a recruiter mistyped keeps a delivery from its callback, unless
// OnInvalid takes it. A program that imports this package grows by about 3 MB.
package validate

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// validation is made at its first use. It is safe for concurrent use.
var validation = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
})

// Struct checks every validate tag of payload, a pointer to a struct. Anything else
// has no tags and is valid. The error names members and rules, never values. Struct
// panics on a tag that the validator does not know.
func Struct(payload any) error {
	err := validation().Struct(payload)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*validator.InvalidValidationError](err); ok {
		return nil
	}
	broken, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return errors.New("the payload cannot be validated")
	}
	rules := make([]string, len(broken))
	for i, e := range broken {
		_, member, _ := strings.Cut(e.Namespace(), ".") // after the name of the type
		rules[i] = fmt.Sprintf("member %s breaks the rule %q", withoutKeys(member), e.Tag())
	}
	return errors.New(strings.Join(rules, "; "))
}

// withoutKeys empties the brackets of a path: a map's key is data.
func withoutKeys(path string) string {
	var b strings.Builder
	inside := false
	for _, r := range path {
		if r == ']' {
			inside = false
		}
		if !inside {
			b.WriteRune(r)
		}
		if r == '[' {
			inside = true
		}
	}
	return b.String()
}
