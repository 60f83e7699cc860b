package validate_test

import (
	"strings"
	"testing"

	"github.com/atshooks/atshooks/event/validate"
)

type person struct {
	ID    string            `json:"id" validate:"required"`
	Email string            `json:"email" validate:"omitempty,email"`
	Links map[string]string `json:"links" validate:"dive,url"`
}

func TestStruct(t *testing.T) {
	var list []string
	for _, test := range []struct {
		name    string
		payload any
		want    []string // in the error; nil is no error
	}{
		{"valid", &person{ID: "1", Email: "ada@example.com", Links: map[string]string{"site": "https://example.com"}}, nil},
		{"empty where it may be", &person{ID: "1"}, nil},
		{"a missing id", &person{}, []string{`member id breaks the rule "required"`}},
		{"several", &person{Email: "ada"}, []string{`member id breaks`, `member email breaks the rule "email"`}},
		{"a key of a map", &person{ID: "1", Links: map[string]string{"Ada": "no link"}}, []string{`member links[] breaks the rule "url"`}},
		{"not a struct", &list, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := validate.Struct(test.payload)
			if (err != nil) != (test.want != nil) {
				t.Fatalf("got the error %v, want %q", err, test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not contain %q", err, want)
				}
			}
			if err != nil && strings.ContainsAny(err.Error(), "A") {
				t.Errorf("%q holds a value", err)
			}
		})
	}
}

func TestAnUnknownTagPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_ = validate.Struct(&struct {
		A string `validate:"no-such-rule"`
	}{"x"})
}
