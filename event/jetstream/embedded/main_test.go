package embedded_test

import (
	"os"
	"testing"

	"github.com/atshooks/atshooks/event/jetstream/embedded"
	"github.com/atshooks/atshooks/event/jetstream/internal/suite"
	"github.com/nats-io/nats.go"
)

// open starts an embedded engine for the suite.
func open(dir string) (*nats.Conn, func() error, error) {
	e, err := embedded.Open(dir, &embedded.Options{Logger: silent})
	if err != nil {
		return nil, nil, err
	}
	return e.Conn(), e.Close, nil
}

func TestMain(m *testing.M) { os.Exit(suite.Main(m, open)) }

func TestSuite(t *testing.T) { suite.Run(t, open) }

func TestKilledReceiver(t *testing.T) { suite.Crash(t, open) }
