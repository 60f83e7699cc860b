// Package embedded runs NATS JetStream inside the process, with its files in a
// folder: a durable engine for a service on one machine, without a server beside
// it. Package [github.com/atshooks/atshooks/event/jetstream] uses it as it uses a
// server or a cluster; moving to one changes the connection and nothing else.
//
//	engine, err := embedded.Open("/var/lib/myservice/webhooks", nil)
//	…
//	defer engine.Close()
//	inbox, err := jetstream.NewInbox(ctx, engine.Conn(), nil)
//
// Each delivery is synced to the disk before it is acknowledged, so that it
// survives a crash of the process or of the machine, and a loss of power. The disk
// holds the only copy. The engine opens no port and no socket, so that only this
// process can publish deliveries, which workers trust.
//
// The engine stops when the disk is almost full, before a write can fail. Then
// deliveries are rejected with 503, and no callback runs. It starts again by
// itself when there is room.
//
// The files hold candidates' personal data. Only their owner can read the folder;
// it is not encrypted.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options are an engine's settings. Nil and the zero value suit handlers that
// accept bodies of up to 1 MiB.
type Options struct {
	// MaxBody is the size of the largest body that can be stored, in bytes: the
	// highest event.Options.MaxBody of the handlers. 0 is 1 MiB, which is also
	// the handlers' default; more than 31 MiB is an error.
	MaxBody int64
	// Logger gets what goes wrong; nil is [slog.Default].
	Logger *slog.Logger
}

const (
	defaultMaxBody = 1 << 20
	largestMaxBody = 31 << 20 // the engine stores no message over 32 MiB, with all that is around the body
	overhead       = 16 << 10 // for what is stored beside a body
)

// Engine is an engine with its files in a folder. It is safe for concurrent use.
type Engine struct {
	dir     string
	options *server.Options
	log     *slog.Logger
	lock    *os.File
	conn    *nats.Conn

	mu     sync.Mutex
	server *server.Server // nil while it does not run
	cause  error          // why it does not

	stop    context.CancelFunc // of the watch
	watched chan struct{}      // closed when the watch has ended
}

// readyTime is how long an engine that has read its files may take to be ready.
const readyTime = 30 * time.Second

// Open starts an engine with its files in dir, which is made if it does not
// exist. opts may be nil. A folder belongs to one engine at a time: where the
// system has file locks, a second one is rejected, in this process or another.
//
// If the disk is almost full, Open returns an engine that starts when there is
// room. A goroutine watches the disk and the engine until [Engine.Close].
func Open(dir string, opts *Options) (*Engine, error) {
	if opts == nil {
		opts = &Options{}
	}
	e := &Engine{dir: dir, log: opts.Logger}
	if e.log == nil {
		e.log = slog.Default()
	}
	if err := e.open(opts); err != nil {
		_ = e.Close() // what was opened of it
		return nil, fmt.Errorf("embedded: %w", err)
	}
	return e, nil
}

func (e *Engine) open(opts *Options) (err error) {
	if opts.MaxBody < 0 || opts.MaxBody > largestMaxBody {
		return fmt.Errorf("the option MaxBody is %d, and must be from 0 to %d", opts.MaxBody, largestMaxBody)
	}
	if e.dir == "" {
		return errors.New("the name of the folder is empty")
	}
	if err := makePrivate(e.dir); err != nil {
		return err
	}
	if e.lock, err = lock(filepath.Join(e.dir, "lock")); err != nil {
		return err
	}
	e.options = serverOptions(e.dir, opts)
	if e.cause = e.lacksRoom(1); e.cause == nil {
		if err := e.start(); err != nil {
			return err
		}
	} else {
		e.log.Error("the embedded engine does not start: webhook deliveries are rejected with 503 until it does", slog.String("error", e.cause.Error()))
	}
	e.conn, err = nats.Connect("", nats.InProcessServer((*provider)(e)), nats.Name("atshooks"), nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.PingInterval(2*time.Second), nats.FlusherTimeout(2*time.Second))
	if err != nil {
		return err
	}
	var ctx context.Context
	ctx, e.stop = context.WithCancel(context.Background())
	e.watched = make(chan struct{})
	go e.watch(ctx)
	return nil
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
		MaxPayload: int32(maxBody + overhead),
		// The streams have limits of their own. One made of the space that is
		// free now would shrink as they grow, and reject them at a restart.
		JetStreamMaxStore:  1 << 50,
		JetStreamMaxMemory: 16 << 20,

		DisableJetStreamBanner: true,
	}
}

// start starts the server.
func (e *Engine) start() error {
	s, err := server.NewServer(e.options.Clone())
	if err != nil {
		return err
	}
	log := &serverLog{log: e.log}
	s.SetLoggerV2(log, e.log.Enabled(context.Background(), slog.LevelDebug), false, false)
	s.Start() // without a listener it returns when it has read its files
	if fatal := log.fatal.Load(); fatal != nil {
		err = fmt.Errorf("the engine did not start: %s", *fatal)
	} else if !s.ReadyForConnections(readyTime) || !s.JetStreamEnabled() {
		err = errors.New("the engine did not start: the log says why")
	}
	if err != nil {
		stop(s)
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server, e.cause = s, nil
	return nil
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// provider is what connects [Engine.Conn] to the server that runs at the time.
type provider Engine

// InProcessConn implements [nats.InProcessConnProvider].
func (e *provider) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil {
		return nil, e.cause
	}
	return e.server.InProcessConn()
}

// Conn returns the connection to the engine, which [Engine.Close] closes. While
// the engine does not run, the connection tries to reach it again and again.
func (e *Engine) Conn() *nats.Conn { return e.conn }

// Healthy returns an error while the engine stores no deliveries, for example
// because the disk is full. The engine recovers by itself if it can, and a restart
// does not help, so Healthy suits a readiness probe and not a liveness probe. It
// looks at each stream, which takes a moment.
func (e *Engine) Healthy() error {
	e.mu.Lock()
	s, cause := e.server, e.cause
	e.mu.Unlock()
	if s == nil {
		return fmt.Errorf("embedded: the engine does not run: %w", cause)
	}
	if status := s.Healthz(nil); status.Status != "ok" {
		return fmt.Errorf("embedded: the engine is %s: %s", status.Status, status.Error)
	}
	return nil
}

// How often the watch looks at the disk, which may fill up quickly, and at the
// engine; and when it starts one again that could not write.
const (
	lookAtDisk   = 50 * time.Millisecond
	lookAtEngine = time.Second
	mendAfter    = 5 * time.Second
)

// watch stops the engine before the disk is full, or when it could not write,
// and starts it again when it can.
func (e *Engine) watch(ctx context.Context) {
	defer close(e.watched)
	t := time.NewTicker(lookAtDisk)
	defer t.Stop()
	next := time.Now().Add(lookAtEngine) // look at the engine, or start it
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		if e.server == nil { // which only this goroutine changes
			if time.Now().After(next) && e.lacksRoom(2) == nil {
				e.resume()
				next = time.Now().Add(mendAfter)
			}
			continue
		}
		cause := e.lacksRoom(1)
		if cause != nil {
			next = time.Now()
		} else if time.Now().After(next) {
			cause = broken(e.server)
			next = time.Now().Add(lookAtEngine)
			if cause != nil {
				next = time.Now().Add(mendAfter)
			}
		}
		if cause != nil {
			e.pause(cause)
		}
	}
}

// broken returns what keeps a server that runs from writing.
func broken(s *server.Server) error {
	if !s.JetStreamEnabled() {
		return errors.New("it has disabled itself: the log says why")
	}
	if status := s.Healthz(nil); strings.Contains(status.Error, "write error") {
		return errors.New(status.Error)
	}
	return nil
}

func (e *Engine) pause(cause error) {
	e.log.Error("the embedded engine stops: webhook deliveries are rejected with 503, and no callback runs, until it has started again", slog.String("error", cause.Error()))
	e.mu.Lock()
	s := e.server
	e.server, e.cause = nil, cause
	e.mu.Unlock()
	stop(s)
}

func (e *Engine) resume() {
	if err := e.start(); err != nil {
		e.log.Error("the embedded engine cannot start again yet: it tries every few seconds", slog.String("error", err.Error()))
		e.mu.Lock()
		e.cause = err
		e.mu.Unlock()
		return
	}
	e.log.Warn("the embedded engine runs again")
}

// The engine stops while there is still room for what it has to write then: a
// part of the disk, and within these limits.
const (
	spareParts = 16
	leastSpare = 1 << 20
	mostSpare  = 64 << 20
)

// diskSpace is how much of the disk is free, and its size; zeros where the
// system does not say. Tests replace it.
var diskSpace = statDisk

// lacksRoom returns an error if less is free than has to be spared, or a
// multiple of that.
func (e *Engine) lacksRoom(multiple uint64) error {
	free, size := diskSpace(e.dir)
	spare := multiple * min(max(size/spareParts, leastSpare), mostSpare)
	if size == 0 || free >= spare {
		return nil
	}
	return fmt.Errorf("the disk of %s is almost full: %d kB are free, and the engine needs %d kB to go on", e.dir, free>>10, spare>>10)
}

// Close stops the engine. Before that, stop what uses it: the HTTP server, and
// then the worker, with its Shutdown. Further calls have no effect.
func (e *Engine) Close() error {
	if e.stop != nil {
		e.stop()
		<-e.watched
	}
	if e.conn != nil {
		e.conn.Close()
	}
	e.mu.Lock()
	s := e.server
	e.server, e.cause = nil, errors.New("it was closed")
	e.mu.Unlock()
	if s != nil {
		stop(s)
	}
	if e.lock == nil {
		return nil
	}
	if err := e.lock.Close(); !errors.Is(err, os.ErrClosed) { // which unlocks it
		return err
	}
	return nil
}

// serverLog is the engine's logger. It passes on what is wrong, and the rest at
// level Debug.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string] // what kept the engine from starting
}

func (l *serverLog) write(level slog.Level, format string, v []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "the embedded engine", slog.String("says", fmt.Sprintf(format, v...)))
	}
}

func (l *serverLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.write(slog.LevelDebug, format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.write(slog.LevelWarn, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l *serverLog) Tracef(string, ...any)           {} // would hold deliveries

// Fatalf does not end the process, which is the service's.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.write(slog.LevelError, format, v)
	says := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &says)
}
