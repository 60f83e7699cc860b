// Package embedded runs NATS JetStream inside the process, with its files in a
// folder: a durable engine for a service on one machine that has no server to
// run beside it. What it starts is what package
// [github.com/atshooks/atshooks/event/jetstream] also uses on a server or a
// cluster; moving there changes the connection and nothing else.
//
//	engine, err := embedded.Open("/var/lib/myservice/webhooks", nil)
//	…
//	defer engine.Close()
//	sink, err := jetstream.NewSink(ctx, engine.Conn(), nil)
//
// Each delivery is synced to the disk before it is acknowledged, so that it
// survives a crash of the process, of the machine, and a loss of power; the
// disk holds the only copy. The engine opens no port and no socket: nobody but
// this process can publish deliveries, which a worker would trust.
//
// The files hold candidates' personal data. The folder is readable for its
// owner only, and not encrypted.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options are an engine's settings. Nil and the zero value are good for
// handlers with the default limit.
type Options struct {
	// MaxBody is the largest body that must fit, in bytes: that of the handler
	// with the highest limit. 0 is 1 MiB, as event.Options.MaxBody is; more
	// than 32 MiB is an error.
	MaxBody int64
	// Logger gets what the engine complains of; nil is [slog.Default].
	Logger *slog.Logger
}

const (
	defaultMaxBody = 1 << 20
	largestMaxBody = 32 << 20 // the engine advises against larger messages
)

// Engine is an engine that runs.
type Engine struct {
	server *server.Server
	conn   *nats.Conn
	lock   *os.File
}

// readyTime is how long an engine that has read its files may take to be ready.
const readyTime = 30 * time.Second

// Open starts an engine with its files in dir, which is made if it does not
// exist. opts may be nil. A folder belongs to one engine at a time: where the
// system has file locks, a second one is refused, in this process or another.
func Open(dir string, opts *Options) (*Engine, error) {
	if opts == nil {
		opts = &Options{}
	}
	e := new(Engine)
	if err := e.open(dir, opts); err != nil {
		_ = e.Close() // what was opened of it
		return nil, fmt.Errorf("embedded: %w", err)
	}
	return e, nil
}

func (e *Engine) open(dir string, opts *Options) (err error) {
	if opts.MaxBody < 0 || opts.MaxBody > largestMaxBody {
		return fmt.Errorf("MaxBody is %d, and must be from 0 to %d", opts.MaxBody, largestMaxBody)
	}
	if dir == "" {
		return errors.New("no folder")
	}
	if err := makePrivate(dir); err != nil {
		return err
	}
	if e.lock, err = lock(filepath.Join(dir, "lock")); err != nil {
		return err
	}
	if e.server, err = server.NewServer(serverOptions(dir, opts)); err != nil {
		return err
	}
	log := &complaints{log: logger(opts)}
	e.server.SetLoggerV2(log, log.log.Enabled(context.Background(), slog.LevelDebug), false, false)
	e.server.Start() // without a listener it returns when it has read its files
	if fatal := log.fatal.Load(); fatal != nil {
		return fmt.Errorf("the engine did not start: %s", *fatal)
	}
	if !e.server.ReadyForConnections(readyTime) || !e.server.JetStreamEnabled() {
		return errors.New("the engine did not start: the log says why")
	}
	e.conn, err = nats.Connect("", nats.InProcessServer(e.server), nats.MaxReconnects(-1), nats.Name("atshooks"))
	return err
}

// makePrivate makes dir, and the folder in it that the engine uses, which is
// for the owner only also where dir is a mounted volume that is open to all.
func makePrivate(dir string) error {
	files := filepath.Join(dir, server.JetStreamStoreDir)
	if err := os.MkdirAll(files, 0o700); err != nil {
		return err
	}
	return os.Chmod(files, 0o700)
}

// serverOptions leave nothing to the engine's defaults that decides whether a
// delivery is lost, or who can reach it.
func serverOptions(dir string, opts *Options) *server.Options {
	maxBody := opts.MaxBody
	if maxBody == 0 {
		maxBody = defaultMaxBody
	}
	return &server.Options{
		ServerName: "atshooks-embedded",

		DontListen: true,
		NoSigs:     true, // signals are the service's

		JetStream:  true,
		StoreDir:   dir,
		SyncAlways: true, // stock servers sync every two minutes
		MaxPayload: int32(maxBody + jetstream.Overhead),
		// The streams have limits of their own. One made of the space that is
		// free now would shrink as they grow, and refuse them at a restart.
		JetStreamMaxStore:  1 << 50,
		JetStreamMaxMemory: 16 << 20,

		DisableJetStreamBanner: true,
	}
}

// Conn is the connection to the engine. Close closes it.
func (e *Engine) Conn() *nats.Conn { return e.conn }

// Healthy returns an error once the engine has ceased to store deliveries, as
// it does when the disk is full: it does not begin again when there is room,
// only when it is closed and opened, or its process restarted. A liveness probe
// may ask. It takes the time of a look at each stream.
func (e *Engine) Healthy() error {
	status := e.server.Healthz(nil)
	if status.Status == "ok" {
		return nil
	}
	return fmt.Errorf("embedded: the engine is %s: %s", status.Status, status.Error)
}

// Close stops the engine. Stop what uses it first: the HTTP server, and then
// the worker with its Shutdown. Closing twice is closing once.
func (e *Engine) Close() error {
	if e.conn != nil {
		e.conn.Close()
	}
	if e.server != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
	if e.lock == nil {
		return nil
	}
	if err := e.lock.Close(); !errors.Is(err, os.ErrClosed) { // which unlocks it
		return err
	}
	return nil
}

func logger(opts *Options) *slog.Logger {
	if opts.Logger != nil {
		return opts.Logger
	}
	return slog.Default()
}

// complaints is the engine's logger. It passes on what is wrong, and the rest
// at level Debug.
type complaints struct {
	log   *slog.Logger
	fatal atomic.Pointer[string] // what kept the engine from starting
}

func (c *complaints) write(level slog.Level, format string, v []any) {
	if c.log.Enabled(context.Background(), level) {
		c.log.Log(context.Background(), level, "the embedded engine", slog.String("says", fmt.Sprintf(format, v...)))
	}
}

func (c *complaints) Noticef(format string, v ...any) { c.write(slog.LevelDebug, format, v) }
func (c *complaints) Debugf(format string, v ...any)  { c.write(slog.LevelDebug, format, v) }
func (c *complaints) Warnf(format string, v ...any)   { c.write(slog.LevelWarn, format, v) }
func (c *complaints) Errorf(format string, v ...any)  { c.write(slog.LevelError, format, v) }
func (c *complaints) Tracef(string, ...any)           {} // would hold deliveries

// Fatalf does not end the process, which is the service's.
func (c *complaints) Fatalf(format string, v ...any) {
	c.write(slog.LevelError, format, v)
	says := fmt.Sprintf(format, v...)
	c.fatal.CompareAndSwap(nil, &says)
}
