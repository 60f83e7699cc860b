//go:build !linux

package testdb

// Server is a private database server; here there is none.
type Server struct{ URL string }

// StartPostgres fails: private servers are started on Linux.
func StartPostgres() (*Server, error) { return nil, ErrNotInstalled }

// StartMariaDB fails: private servers are started on Linux.
func StartMariaDB() (*Server, error) { return nil, ErrNotInstalled }

// Stop does nothing.
func (*Server) Stop() {}

// Crash does nothing.
func (*Server) Crash() error { return nil }
