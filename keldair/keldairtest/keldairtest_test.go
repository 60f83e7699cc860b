package keldairtest_test

import (
	"testing"

	"github.com/atshooks/atshooks/internal/schematest"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// Every event has a sample: the payload of its fixture, fresh each time.
func TestSamples(t *testing.T) {
	schematest.Samples(t, keldairtest.Vendor, map[string]any{
		keldair.TypeNewHireFileCompleted: keldairtest.NewHireFileCompleted,
	})
}
