package testdb

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a private database server, on a socket in a directory of its own.
type Server struct {
	URL string

	dir     string
	quit    syscall.Signal   // ends it without waiting for its clients
	command func() *exec.Cmd // that runs it
	ready   string           // what it logs when it is ready
	process *os.Process      // of the command
	exited  chan struct{}    // closed when that has ended
}

// StartPostgres starts a private Postgres with its durable defaults: it calls
// fsync. It does not run as root: root starts it as the user postgres or nobody.
func StartPostgres() (*Server, error) {
	initdb, err := find("initdb", "/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb")
	if err != nil {
		return nil, err
	}
	s, as, err := prepare("postgres", syscall.SIGINT)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	err = s.install(exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"), as)
	if err != nil {
		return nil, err
	}
	s.URL, s.ready = "postgres:///postgres?user=postgres&host="+s.dir, "ready to accept connections"
	return s, s.run(as, filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data,
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+s.dir, "-c", "max_connections=200")
}

// StartMariaDB starts a private MariaDB with its durable defaults, as the user
// mysql or nobody where root asks for it.
func StartMariaDB() (*Server, error) {
	install, err := find("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	daemon, err := find("mariadbd", "/usr/sbin/mariadbd", "/usr/libexec/mariadbd")
	if err != nil {
		return nil, err
	}
	s, as, err := prepare("mysql", syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	data := "--datadir=" + filepath.Join(s.dir, "data")
	err = s.install(exec.Command(install, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", data), as)
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(s.dir, "socket")
	s.URL, s.ready = "root@unix("+socket+")/", "ready for connections"
	return s, s.run(as, daemon, "--no-defaults", data, "--skip-networking", "--socket="+socket, "--pid-file="+socket+".pid")
}

// find returns the path of a program: that of the search path, or the last one
// that matches a pattern.
func find(name string, patterns ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	var found []string
	for _, pattern := range patterns {
		paths, _ := filepath.Glob(pattern)
		found = append(found, paths...)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s: %w", name, ErrNotInstalled)
	}
	return slices.MaxFunc(found, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) }), nil
}

// prepare makes the server's directory, and says as whom to run it; nil is the
// user of this process.
func prepare(account string, quit syscall.Signal) (*Server, *syscall.Credential, error) {
	// Not a test's directory: the path of a socket has room for 107 bytes.
	dir, err := os.MkdirTemp("", "atshooks")
	if err != nil {
		return nil, nil, err
	}
	s := &Server{dir: dir, quit: quit}
	if os.Getuid() != 0 {
		return s, nil, nil
	}
	u, err := user.Lookup(account)
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("no account to run it as: %w", ErrNotInstalled)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return s, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}

// install makes the server's files.
func (s *Server) install(cmd *exec.Cmd, as *syscall.Credential) error {
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(s.dir)
		return fmt.Errorf("%s: %w\n%s", cmd.Path, err, out)
	}
	return nil
}

// startTimeout is generous: the machine may be busy with other tests.
const startTimeout = time.Minute

// run runs the server until Stop, or until this process dies.
func (s *Server) run(as *syscall.Credential, name string, args ...string) error {
	s.command = func() *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir = s.dir
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGQUIT}
		return cmd
	}
	err := s.start()
	if err != nil {
		os.RemoveAll(s.dir)
	}
	return err
}

// start returns when the server has said that it is ready. If it fails, no
// process is left.
func (s *Server) start() error {
	cmd, exited := s.command(), make(chan struct{})
	output, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	started := make(chan error)
	go func() {
		// The signal comes when the thread that started the server ends.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.exited = cmd.Process, exited
	said := make(chan error, 1)
	go func() { said <- await(output, s.ready) }()
	select {
	case err = <-said:
	case <-time.After(startTimeout):
		err = fmt.Errorf("not ready after %v", startTimeout)
	}
	if err != nil {
		_ = s.process.Kill()
		<-s.exited
	}
	return err
}

// await reads a log until it says that the server is ready, and lets the rest
// of it go unread.
func await(log io.ReadCloser, ready string) error {
	var read bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(log, &read))
	for lines.Scan() {
		if strings.Contains(lines.Text(), ready) {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return nil
		}
	}
	return fmt.Errorf("the server ended:\n%s", read.String())
}

// Crash kills the server as a power cut would end it, but for what the system
// still has to write, and starts it again.
func (s *Server) Crash() error {
	if err := s.process.Kill(); err != nil {
		return err
	}
	<-s.exited
	// What it has started itself takes a moment to notice that, and is in the
	// way until then.
	var err error
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = s.start(); err == nil {
			return nil
		}
	}
	return err
}

// Stop ends the server and removes its files.
func (s *Server) Stop() {
	_ = s.process.Signal(s.quit)
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		_ = s.process.Kill()
		<-s.exited
	}
	os.RemoveAll(s.dir)
}
