package main

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// TestWiring sends good deliveries, and near misses, through the service's router
// and middleware. Nothing of them may be in the log.
func TestWiring(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })

	var recorder eventtest.Recorder
	hooks, err := newHooks(secret, func(context.Context, string) error { return recorder.Ran() })
	if err != nil {
		t.Fatal(err)
	}
	eventtest.Run(t, eventtest.Config{
		Vendor:   kombotest.Vendor,
		Handler:  hooks,
		Path:     "/hooks/kombo",
		Secret:   secret,
		Types:    []string{kombo.TypeDataChanged},
		Recorder: &recorder,
	})
	for _, leak := range kombotest.Vendor.Leaks(log.Bytes()) {
		t.Errorf("the log holds %v", leak)
	}
}

func TestSecretIsNeeded(t *testing.T) {
	if _, err := newHooks("", refetch); err == nil {
		t.Error("the service starts without a secret")
	}
}
