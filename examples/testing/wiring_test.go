package hooks

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// recording is what the test puts in the place of the service's database.
type recording struct{ *eventtest.Recorder }

func (r recording) Refetch(context.Context, string) error { return r.Ran() }

// TestWiring sends good deliveries and some that are almost right through the
// service's router and middleware. Nothing of them may be in the log.
func TestWiring(t *testing.T) {
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	var recorder eventtest.Recorder
	hooks, err := New(secret, recording{&recorder})
	if err != nil {
		t.Fatal(err)
	}
	eventtest.Run(t, eventtest.Config{
		Vendor:       kombotest.Vendor,
		Handler:      hooks,
		Path:         "/hooks/kombo",
		Secret:       secret,
		Types:        []string{kombo.TypeDataChanged},
		Recorder:     &recorder,
		Deduplicates: true,
	})
	for _, leak := range kombotest.Vendor.Leaks(log.Bytes()) {
		t.Errorf("the log holds %v", leak)
	}
}
