package keldairtest_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// A test of one's own callback: change a sample, send it signed, look at what
// the callback did.
func TestNewHiresBecomeEmployees(t *testing.T) {
	service := newService(t)
	f := keldairtest.NewHireFileCompleted()
	f.LastName = "Otherwise"
	w := httptest.NewRecorder()
	service.ServeHTTP(w, keldairtest.NewRequest(t, "the secret", f))
	if w.Code != 200 || service.created != "Otherwise" {
		t.Errorf("status %d, created %q", w.Code, service.created)
	}
}

// service stands for the service that is tested.
type service struct {
	*keldair.Handler
	created string
}

func newService(t *testing.T) *service {
	k, err := keldair.NewHandler("the secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{Handler: k}
	k.OnNewHireFileCompleted(func(_ context.Context, f *keldair.NewHireFile) error {
		s.created = f.LastName
		return nil
	})
	return s
}

// samples has what each function returns, in the order of the documentation.
func samples() []sample {
	return []sample{
		{keldair.TypeNewHireFileCompleted, keldairtest.NewHireFileCompleted()},
	}
}

type sample struct {
	typ     string
	payload any
}

func TestEachSampleIsItsFixtures(t *testing.T) {
	var types []string
	for _, s := range samples() {
		types = append(types, s.typ)
		want := reflect.New(reflect.TypeOf(s.payload).Elem()).Interface()
		if err := json.Unmarshal(keldairtest.Vendor.Payload(keldairtest.Vendor.Body(s.typ)), want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.payload); diff != "" {
			t.Errorf("%s (-fixture +sample):\n%s", s.typ, diff)
		}
	}
	if diff := cmp.Diff(keldairtest.Vendor.Types(), types); diff != "" {
		t.Errorf("types with a sample (-want +got):\n%s", diff)
	}
}

func TestSamplesAreFresh(t *testing.T) {
	f := keldairtest.NewHireFileCompleted()
	f.LastName = "changed"
	f.Address[0] = '!'
	if again := keldairtest.NewHireFileCompleted(); again.LastName == "changed" || again.Address[0] == '!' {
		t.Error("a change to one sample is in the next")
	}
}
