// Package testdb finds or starts the database servers that tests need.
//
// Tests use the server that an environment variable names, or else a private
// one, which is started where its programs are installed (apt-get install
// postgresql mariadb-server) and stopped when the tests end. Without either
// they are skipped, in one line that says how to get one.
//
// The package is internal to this repository and part of its main module, so
// that the modules below event share it. It needs no database driver.
package testdb

import (
	"errors"
	"os"
	"sync"
	"testing"
)

// ErrNotInstalled is returned where a server's programs are not installed, or
// cannot be started privately on this system.
var ErrNotInstalled = errors.New("not installed")

// service is a kind of server, started at most once in a process.
type service struct {
	name     string
	variable string // of the environment, with the address of a server to use
	install  string
	start    func() (*Server, error)

	once   sync.Once
	server *Server
	err    error
}

var (
	postgres = service{name: "Postgres", variable: "ATSHOOKS_POSTGRES_URL", install: "apt-get install postgresql", start: StartPostgres}
	mysql    = service{name: "MariaDB", variable: "ATSHOOKS_MYSQL_URL", install: "apt-get install mariadb-server", start: StartMariaDB}
)

// Postgres returns the URL of a server on which a test may create schemas. It
// is ATSHOOKS_POSTGRES_URL, or that of a private server: see [Main].
func Postgres(t testing.TB) string {
	t.Helper()
	return postgres.url(t)
}

// MySQL returns the data source name, as github.com/go-sql-driver/mysql wants
// it and without a database, of a server on which a test may create databases.
// It is ATSHOOKS_MYSQL_URL, or that of a private MariaDB: see [Main].
func MySQL(t testing.TB) string {
	t.Helper()
	return mysql.url(t)
}

func (s *service) url(t testing.TB) string {
	t.Helper()
	if url := os.Getenv(s.variable); url != "" {
		return url
	}
	s.once.Do(func() { s.server, s.err = s.start() })
	switch {
	case errors.Is(s.err, ErrNotInstalled):
		t.Skipf("needs %s: set %s, or install it (%s)", s.name, s.variable, s.install)
	case s.err != nil:
		t.Fatalf("starting %s: %v", s.name, s.err)
	}
	return s.server.URL
}

// Main runs the tests of a package and then stops the servers that they
// started. Call it in TestMain.
func Main(m *testing.M) {
	code := m.Run()
	for _, s := range []*service{&postgres, &mysql} {
		if s.server != nil {
			s.server.Stop()
		}
	}
	os.Exit(code)
}
