package keldairtest_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

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
