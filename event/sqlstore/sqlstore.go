package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
)

// Store is an [event.Store] in one table of a database. The processes that share
// the table act as one handler. It is safe for concurrent use.
//
// A claim is a row, and each step is one statement that takes effect or does not,
// so that no transaction is held while a callback runs. A process whose connection
// breaks during Claim may have taken the key without knowing. Such a claim is not
// renewed, and lapses after one lease.
type Store struct {
	db     *sql.DB
	window time.Duration
	statements
}

// Options are a store's settings. Nil and the zero value suit most services.
type Options struct {
	// Window is for how long completed deliveries are recognized. 0 is 72 hours,
	// which outlasts the retries of every vendor that publishes theirs.
	Window time.Duration
}

// New makes a store in db, which must have the table of [Schema]. The store does
// not close db. opts may be nil. Call [Store.Prune] every hour or so.
func New(db *sql.DB, d Dialect, opts *Options) (*Store, error) {
	if opts == nil {
		opts = &Options{}
	}
	switch {
	case db == nil:
		return nil, errors.New("sqlstore: no database was given")
	case opts.Window < 0:
		return nil, errors.New("sqlstore: the option Window is negative")
	}
	statements, err := d.statements()
	if err != nil {
		return nil, err
	}
	window := opts.Window
	if window == 0 {
		window = 72 * time.Hour
	}
	return &Store{db: db, window: window, statements: statements}, nil
}

// errKey does not quote the key, which may be anything if it is not a hash.
var errKey = errors.New("sqlstore: the key is not 64 lower-case hexadecimal digits, as Delivery.Key makes them")

// Claim implements [event.Store]. It rejects keys that [event.Delivery.Key] cannot
// have made, since they could bring personal data into the table.
func (s *Store) Claim(ctx context.Context, key string, lease time.Duration) (string, error) {
	if len(key) != 64 || strings.Trim(key, "0123456789abcdef") != "" {
		return "", errKey
	}
	token := rand.Text()
	for _, step := range []struct {
		query string
		args  []any
	}{
		{s.insert, []any{key, token, lease.Milliseconds()}},
		{s.takeOver, []any{token, lease.Milliseconds(), key}},
	} {
		n, err := s.exec(ctx, step.query, step.args...)
		switch {
		case err != nil:
			return "", failed("claiming", err)
		case n == 1:
			return token, nil
		}
	}
	// Another owner had the key. If it was released since, ErrInFlight is still
	// right: the sender comes again.
	var completed bool
	err := s.db.QueryRowContext(ctx, s.state, key).Scan(&completed)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return "", failed("claiming", err)
	case completed:
		return "", event.ErrDuplicate
	}
	return "", event.ErrInFlight
}

// Renew implements [event.Store].
func (s *Store) Renew(ctx context.Context, key, token string, lease time.Duration) error {
	n, err := s.exec(ctx, s.renew, lease.Milliseconds(), key, token)
	return s.confirm(ctx, "renewing", key, token, false, n, err)
}

// Commit implements [event.Store]. It also returns nil if the callback has
// committed the claim by itself with [Store.CommitTx].
func (s *Store) Commit(ctx context.Context, key, token string) error {
	n, err := s.exec(ctx, s.commit, s.window.Milliseconds(), key, token)
	return s.confirm(ctx, "committing", key, token, true, n, err)
}

// Release implements [event.Store].
func (s *Store) Release(ctx context.Context, key, token string) error {
	n, err := s.exec(ctx, s.release, key, token)
	switch {
	case err != nil:
		return failed("releasing", err)
	case n == 0:
		return event.ErrClaimLost
	}
	return nil
}

// confirm returns the error of a step that has changed n rows. Zero rows are not
// an error if the claim is as it should be: the step was taken before, or MySQL
// does not count a row that already had the new values.
func (s *Store) confirm(ctx context.Context, step, key, token string, completed bool, n int64, err error) error {
	if err != nil {
		return failed(step, err)
	}
	if n > 0 {
		return nil
	}
	var found bool
	err = s.db.QueryRowContext(ctx, s.held, key, token).Scan(&found)
	switch {
	case err == nil && found == completed:
		return nil
	case err == nil || errors.Is(err, sql.ErrNoRows):
		return event.ErrClaimLost
	}
	return failed(step, err)
}

// Tx is a transaction: a *sql.Tx, or an adapter to one of another library.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// CommitTx commits the claim of the delivery whose callback was given ctx, as part
// of the callback's own transaction: what the callback writes in tx and the record
// that it has run are committed together, or neither is. So the effect happens
// exactly once, whatever dies in between.
//
//	tx, err := db.BeginTx(ctx, nil)
//	…
//	defer tx.Rollback()
//	… // write what the event is about, in tx
//	if err := store.CommitTx(ctx, tx); err != nil {
//		return err
//	}
//	return tx.Commit()
//
// tx must be in the store's database. After an error, roll it back. The error
// wraps [event.ErrClaimLost] if the lease has lapsed, so that another process may
// be handling the delivery. Return the error of tx.Commit: a callback that returns
// nil counts as completed, even if its transaction was rolled back.
func (s *Store) CommitTx(ctx context.Context, tx Tx) error {
	d, _ := event.FromContext(ctx)
	token, ok := event.ClaimToken(ctx)
	if !ok {
		return errors.New("sqlstore: CommitTx needs the context that a handler with this Store gave to the callback")
	}
	n, err := changed(tx.ExecContext(ctx, s.commit, s.window.Milliseconds(), d.Key(), token))
	switch {
	case err != nil:
		return failed("committing", err)
	case n == 0:
		return fmt.Errorf("sqlstore: %w", event.ErrClaimLost)
	}
	return nil
}

// Prune deletes completed deliveries whose window has passed, and claims whose
// owner died, and returns how many rows that were. Claim ignores such rows, so
// that Prune only keeps the table small: call it every hour, for example, from any
// of the processes.
func (s *Store) Prune(ctx context.Context) (int64, error) {
	n, err := s.exec(ctx, s.prune)
	if err != nil {
		return 0, failed("pruning", err)
	}
	return n, nil
}

// exec runs one statement and returns how many rows it has changed. MySQL and
// MariaDB break up deadlocks between inserts of neighbouring keys by failing one
// of them, which had no effect: it is tried again.
func (s *Store) exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	for range 10 {
		n, err = changed(s.db.ExecContext(ctx, query, args...))
		if err == nil || !strings.Contains(err.Error(), "(40001)") {
			break
		}
	}
	return n, err
}

func changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func failed(step string, err error) error { return fmt.Errorf("sqlstore: %s: %w", step, err) }

// Dialect is the SQL that a database speaks.
type Dialect string

// The dialects.
const (
	Postgres Dialect = "postgres"
	// MySQL is also the dialect of MariaDB.
	MySQL Dialect = "mysql"
	// SQLite runs inside the process, so that all processes that share its file
	// must be on one machine. It must be version 3.42 (2023) or later.
	SQLite Dialect = "sqlite"
)

// Schema returns the statements that make the table webhook_claims unless it
// exists, for a migration or for db.Exec. For an unknown dialect it returns "".
func Schema(d Dialect) string {
	switch d {
	case Postgres, SQLite:
		return createTable
	case MySQL:
		return createMySQLTable
	}
	return ""
}

// statements are in a dialect's SQL. Their arguments are in the order in which
// they appear.
type statements struct {
	insert, takeOver, state, renew, commit, release, held, prune string
}

// Leases are compared with the database's clock and not with the process's:
// there is only one database, so that all agree on when a lease ends. Clocks of
// processes differ, and one that is fast by a lease would take deliveries away
// from the process that is handling them, and run their callbacks a second time.
// If the database's clock jumps, at a failover for example, leases become longer
// or shorter by the jump, and tokens still keep the owners apart.
//
// Each is an expression of type BIGINT for the milliseconds since 1970, as of
// when the statement began: one that had to wait for another's row may find a
// lease that has just ended still held, never the other way round.
var clocks = map[Dialect]string{
	Postgres: `CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)`,
	MySQL:    `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000`,
	SQLite:   `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
}

const (
	createTable = `CREATE TABLE IF NOT EXISTS webhook_claims (
	delivery  TEXT PRIMARY KEY,    -- Delivery.Key, 64 hexadecimal digits
	token     TEXT NOT NULL,       -- of the claim
	completed SMALLINT NOT NULL,   -- 1 once the callback is done
	expires   BIGINT NOT NULL      -- the end of the lease, or of the window once it is completed; milliseconds since 1970
);
CREATE INDEX IF NOT EXISTS webhook_claims_expires ON webhook_claims (expires);
`
	createMySQLTable = `CREATE TABLE IF NOT EXISTS webhook_claims (
	delivery  CHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, -- Delivery.Key, 64 hexadecimal digits
	token     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- of the claim
	completed SMALLINT NOT NULL,                                          -- 1 once the callback is done
	expires   BIGINT NOT NULL,                                            -- the end of the lease, or of the window once it is completed; milliseconds since 1970
	KEY webhook_claims_expires (expires)
) ENGINE=InnoDB;
`
)

// statements fills in what the dialects spell differently.
func (d Dialect) statements() (statements, error) {
	now, ok := clocks[d]
	if !ok {
		return statements{}, fmt.Errorf("sqlstore: unknown dialect %q: use Postgres, MySQL or SQLite", string(d))
	}
	const values = `INTO webhook_claims (delivery, token, completed, expires) VALUES (?, ?, 0, {now} + ?)`
	s := statements{
		insert: `INSERT ` + values + ` ON CONFLICT (delivery) DO NOTHING`,
		// Databases lock the row before they test it: of many who want a claim
		// that has lapsed, the first moves its end, and the others see that.
		takeOver: `UPDATE webhook_claims SET token = ?, completed = 0, expires = {now} + ? WHERE delivery = ? AND expires <= {now}`,
		state:    `SELECT completed FROM webhook_claims WHERE delivery = ?`,
		renew:    `UPDATE webhook_claims SET expires = {now} + ? WHERE delivery = ? AND token = ? AND completed = 0 AND expires > {now}`,
		commit:   `UPDATE webhook_claims SET expires = {now} + ?, completed = 1 WHERE delivery = ? AND token = ? AND completed = 0 AND expires > {now}`,
		release:  `DELETE FROM webhook_claims WHERE delivery = ? AND token = ? AND completed = 0 AND expires > {now}`,
		held:     `SELECT completed FROM webhook_claims WHERE delivery = ? AND token = ? AND expires > {now}`,
		prune:    `DELETE FROM webhook_claims WHERE expires <= {now}`,
	}
	if d == MySQL {
		s.insert = `INSERT IGNORE ` + values
	}
	for _, query := range []*string{&s.insert, &s.takeOver, &s.state, &s.renew, &s.commit, &s.release, &s.held, &s.prune} {
		*query = strings.ReplaceAll(*query, "{now}", now)
		if d == Postgres {
			*query = numbered(*query)
		}
	}
	return s, nil
}

// numbered writes placeholders as Postgres does.
func numbered(query string) string {
	parts := strings.Split(query, "?")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}
