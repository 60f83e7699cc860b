package embedded

import (
	"log/slog"
	"testing"
)

// What decides whether an acknowledged delivery survives a loss of power cannot
// be seen from outside, short of one.
func TestEngineSyncsEachDelivery(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
	}()
	if cfg := e.server.JetStreamConfig(); cfg == nil || !cfg.SyncAlways {
		t.Errorf("the engine was configured with %+v", cfg)
	}
}

func TestEngineSaysThatItHasCeased(t *testing.T) {
	e, err := Open(t.TempDir(), &Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Healthy(); err != nil {
		t.Errorf("a healthy engine says %v", err)
	}
	e.server.ShutdownJetStream() // as it does itself when it cannot go on
	if err := e.Healthy(); err == nil {
		t.Error("an engine that stores nothing says that it is healthy")
	}
}
