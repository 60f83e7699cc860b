package embedded

import "testing"

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
