package jetstream_test

import (
	"os"
	"testing"

	"github.com/atshooks/atshooks/event/jetstream/internal/suite"
)

// The suite needs an engine, which this module does not require. Package
// embedded runs it on the one that it has; here it runs on the server or the
// cluster that the variable names.
const envURL = "ATSHOOKS_NATS_URL"

func TestMain(m *testing.M) { os.Exit(suite.Main(m, suite.Server(os.Getenv(envURL)))) }

func TestSuiteOnServer(t *testing.T) {
	skipWithoutServer(t)
	suite.Run(t, suite.Server(os.Getenv(envURL)))
}

func TestKilledReceiverOnServer(t *testing.T) {
	skipWithoutServer(t)
	suite.Crash(t, suite.Server(os.Getenv(envURL)))
}

func skipWithoutServer(t *testing.T) {
	t.Helper()
	if os.Getenv(envURL) == "" {
		t.Skip("set " + envURL + " to run it on a server")
	}
}
