package riverqueue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// Inbox stores deliveries as River jobs, which a [Worker] runs, and keeps dead
// letters. It is an [event.Inbox], and safe for concurrent use.
type Inbox struct {
	pool    *pgxpool.Pool
	opts    Options
	names   *strings.Replacer      // puts River's tables into a query
	retain  time.Duration          // how long a dead letter is kept; negative is for ever
	client  *river.Client[pgx.Tx]  // only inserts
	waiting chan struct{}          // one for each Put
	storing chan struct{}          // one for each Put that has, or wants, a connection
	tenants tenants                // who sends how much
	last    atomic.Pointer[mishap] // what went wrong last

	abandoned atomic.Int64 // callbacks of this process that are not waited for any more
}

// job is what River stores of a delivery.
type job struct {
	Key      string `json:"key" river:"unique"`
	Delivery []byte `json:"delivery,omitempty"` // its stored form; nil once its body was dropped

	retryAt time.Time // when a failed attempt is to be followed by the next
}

const kind = "atshooks_delivery"

// Kind is the job's kind in River's tables.
func (job) Kind() string { return kind }

// Migrate makes River's tables, or brings them up to date, in a schema of their
// own, which it also makes. schema is that of [Options].Schema; "" is atshooks.
// Several processes may call Migrate at once. A service that sets
// [Options].Config does not call it, and migrates its tables as before.
func Migrate(ctx context.Context, pool *pgxpool.Pool, schema string) error {
	if schema == "" {
		schema = defaultSchema
	}
	if !schemaName.MatchString(schema) {
		return errors.New("riverqueue: the schema is not a name of ASCII letters, digits and underscores")
	}
	if err := migrate(ctx, pool, schema); err != nil {
		return fmt.Errorf("riverqueue: making River's tables in the schema %s: %w", schema, err)
	}
	return nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool, schema string) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	// One process at a time: two that create a schema at once can make
	// Postgres fail one of them.
	h := fnv.New64a()
	h.Write([]byte("atshooks " + schema))
	lock := int64(h.Sum64())
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, lock); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, lock)
	}()
	if _, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{schema}.Sanitize()); err != nil {
		return err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema})
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// NewInbox opens the inbox in River's tables, which must be there: see [Migrate].
// If a worker uses pool too, it should have at least 8 connections, and must have
// 3: one waits for notifications, and storing takes up to half of the others.
// opts may be nil.
//
// It is an error if the database could lose what it has confirmed
// (synchronous_commit is off), or if Options.Config would make River forget
// deliveries too early. River clients of other processes in the same schema
// cannot be checked, although the one that is elected leader cleans up for all of
// them: see the package's documentation.
func NewInbox(ctx context.Context, pool *pgxpool.Pool, opts *Options) (*Inbox, error) {
	if opts == nil {
		opts = &Options{}
	}
	i, err := newInbox(ctx, pool, opts)
	if err != nil {
		return nil, fmt.Errorf("riverqueue: %w", err)
	}
	return i, nil
}

func newInbox(ctx context.Context, pool *pgxpool.Pool, opts *Options) (*Inbox, error) {
	switch {
	case pool == nil:
		return nil, errors.New("no connection pool was given")
	case pool.Config().MaxConns < 3:
		return nil, errors.New("the pool has fewer than 3 connections: it needs one to wait for notifications, one to store, and one for callbacks, and should have 8")
	}
	o, err := opts.check()
	if err != nil {
		return nil, err
	}
	i := &Inbox{
		pool: pool, opts: o, retain: o.MaxAge,
		waiting: make(chan struct{}, o.MaxPuts),
		storing: make(chan struct{}, max(1, (int(pool.Config().MaxConns)-1)/2)),
	}
	if o.Config != nil {
		i.retain = o.Config.WithDefaults().CancelledJobRetentionPeriod
	}
	i.names = strings.NewReplacer("{job}", i.table("river_job"), "{queue}", i.table("river_queue"))
	driver := riverpgxv5.New(pool)
	i.client, err = river.NewClient(driver, &river.Config{Schema: o.Schema, FetchCooldown: fetchCooldown, Logger: riverLogger(o.Logger)})
	if err != nil {
		return nil, err
	}
	if err := i.checkTables(ctx, driver); err != nil {
		return nil, err
	}
	return i, i.checkDurability(ctx)
}

func (i *Inbox) checkTables(ctx context.Context, driver *riverpgxv5.Driver) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Schema: i.opts.Schema, Logger: riverLogger(i.opts.Logger)})
	if err != nil {
		return err
	}
	result, err := migrator.Validate(ctx, nil)
	switch {
	case err != nil:
		return err
	case !result.OK:
		return fmt.Errorf("the tables of River are missing or out of date in the schema %q: call riverqueue.Migrate, or run River's own migrations if a client of yours uses them (%s)", i.opts.Schema, strings.Join(result.Messages, "; "))
	}
	return nil
}

func (i *Inbox) checkDurability(ctx context.Context) error {
	var commit, fsync string
	err := i.pool.QueryRow(ctx, `SELECT current_setting('synchronous_commit'), current_setting('fsync')`).Scan(&commit, &fsync)
	if err != nil {
		return err
	}
	return checkSettings(ctx, i.opts.Logger, commit, fsync)
}

// checkSettings rejects a connection on which a commit returns before it is on
// the disk.
func checkSettings(ctx context.Context, log *slog.Logger, commit, fsync string) error {
	if commit == "off" {
		return errors.New("synchronous_commit is off, so that acknowledged deliveries would be lost with the machine's power: set synchronous_commit=on for this role, or in the connection string")
	}
	if fsync == "off" {
		log.WarnContext(ctx, "this Postgres does not call fsync, so that acknowledged webhook deliveries are lost with the machine's power: set fsync=on")
	}
	return nil
}

// table is the name of one of River's tables, for a query.
func (i *Inbox) table(name string) string {
	if i.opts.Schema == "" {
		return name // wherever the search path finds it
	}
	return pgx.Identifier{i.opts.Schema, name}.Sanitize()
}

func (i *Inbox) sql(query string) string { return i.names.Replace(query) }

// queue is the name of the queue of one handler's deliveries. River's names are
// lower-case words with single dashes or underscores between them, of up to 64
// bytes; a handler's other names become a hash.
func (i *Inbox) queue(handler string) string {
	name := i.opts.Queue + "-" + handler
	if len(name) > 64 || !queuePrefix.MatchString(handler) {
		sum := sha256.Sum256([]byte(handler))
		name = i.opts.Queue + "-h" + hex.EncodeToString(sum[:16])
	}
	return name
}

// handler is the name that queue was made of; a hash stays one.
func (i *Inbox) handler(queue string) string {
	return strings.TrimPrefix(queue, i.opts.Queue+"-")
}

// Put stores d, and returns nil once Postgres has committed it. The error wraps
// [event.ErrDuplicate] if d's key is stored, even if that delivery was completed
// or given up, [event.ErrTooLarge] if d's body is larger than [Options].MaxBody,
// or [inbox.ErrBusy] if too many deliveries are being stored. After any other
// error d may be stored or not; if the vendor sends it again, it is stored once
// all the same.
func (i *Inbox) Put(ctx context.Context, d *event.Delivery) error {
	if int64(len(d.Body)) > i.opts.MaxBody {
		return fmt.Errorf("riverqueue: %w: its body has %d bytes, and Options.MaxBody is %d", event.ErrTooLarge, len(d.Body), i.opts.MaxBody)
	}
	select {
	case i.waiting <- struct{}{}:
		defer func() { <-i.waiting }()
	default:
		return fmt.Errorf("riverqueue: %w", inbox.ErrBusy)
	}
	select {
	case i.storing <- struct{}{}:
		defer func() { <-i.storing }()
	case <-ctx.Done():
		return fmt.Errorf("riverqueue: %w: none of the others was done before %w", inbox.ErrBusy, ctx.Err())
	}
	return i.put(ctx, d)
}

// mostAttempts is River's own limit, above that of any [inbox.Schedule]: the
// worker ends the attempts, not River.
const mostAttempts = 30_000

func (i *Inbox) put(ctx context.Context, d *event.Delivery) error {
	data, err := d.MarshalBinary()
	if err != nil {
		return err
	}
	stored, err := i.client.Insert(ctx, job{Key: d.Key(), Delivery: data}, &river.InsertOpts{
		Queue:       i.queue(d.Handler),
		Priority:    i.tenants.priority(d, time.Now()),
		MaxAttempts: mostAttempts,
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()},
	})
	switch {
	case err != nil:
		return i.failed(err)
	case stored.UniqueSkippedAsDuplicate:
		return fmt.Errorf("riverqueue: %w", event.ErrDuplicate)
	}
	return nil
}

// mishap is an error of the database, and when it came.
type mishap struct {
	err error
	at  time.Time
}

// failed wraps an error of the database, and remembers it for Stats.
func (i *Inbox) failed(err error) error {
	err = fmt.Errorf("riverqueue: %w", err)
	i.last.Store(&mishap{err, time.Now()})
	return err
}

// riverLogger passes River's warnings and errors on. What it logs below that
// has the text of callbacks' errors.
func riverLogger(l *slog.Logger) *slog.Logger { return slog.New(warnings{l.Handler()}) }

type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
