package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
)

// Store is an [event.Store] in one table of a database: the receivers that
// share the table are one receiver. It is safe for concurrent use.
//
// A claim is a row, and each step is one statement that takes effect or does
// not, so no transaction is held while a callback runs. A receiver whose
// connection breaks in the middle of a Claim may have taken the key without
// knowing: nobody renews such a claim, so it lapses after one lease.
type Store struct {
	db     *sql.DB
	window time.Duration

	// The statements, with the clock in its place. Their parameters are
	// numbered as they appear: SQLite takes $1 for a name, and some of its
	// drivers bind the nth name that they meet to the nth argument.
	claim, renew, commit, release, purge string
}

// Clock is a SQL expression of type BIGINT for the milliseconds since 1970 by
// the database's clock: all that SQLite and Postgres do not spell alike here.
//
// Leases are compared with the database's clock and not with the receiver's:
// there is one of the former, so all agree on when a lease ends. Receivers'
// clocks differ, and one that is fast by a lease would take each delivery away
// from whoever is handling it, and run the callback a second time. A database
// whose clock jumps, at a failover say, makes leases longer or shorter by the
// jump, and tokens still keep the owners apart.
type Clock string

const (
	// SQLite runs in the receiver's process, so its clock is the machine's.
	// All its receivers are on that machine, since it needs the file's locks.
	// It needs SQLite 3.42, of 2023.
	SQLite Clock = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
	// Postgres reads the server's clock. A statement that waited for another's
	// row compares with when it was sent: it may find a lease that has just
	// ended still held, never the other way round.
	Postgres Clock = `CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)`
)

// The table holds nothing of a delivery but a hash.
const (
	createTable = `CREATE TABLE IF NOT EXISTS webhook_claims (
	delivery TEXT PRIMARY KEY,  -- Delivery.Key, 64 hexadecimal digits
	token    TEXT,              -- of the claim; NULL once it is completed
	expires  BIGINT NOT NULL    -- the end of the lease, or of the window once it is completed; milliseconds since 1970
)`
	createIndex = `CREATE INDEX IF NOT EXISTS webhook_claims_expires ON webhook_claims (expires)`
)

// A token that is compared with NULL is not equal, so no token is that of a
// completed delivery.
const (
	// Both databases lock the row that is there before they test it: of many
	// who want a claim that has lapsed, the first moves its end, and the others
	// see that.
	claimKey = `INSERT INTO webhook_claims (delivery, token, expires) VALUES ($1, $2, {now} + $3)
ON CONFLICT (delivery) DO UPDATE SET token = excluded.token, expires = excluded.expires
WHERE webhook_claims.expires <= {now}`
	readState    = `SELECT token IS NULL FROM webhook_claims WHERE delivery = $1`
	renewClaim   = `UPDATE webhook_claims SET expires = {now} + $1 WHERE delivery = $2 AND token = $3 AND expires > {now}`
	commitClaim  = `UPDATE webhook_claims SET expires = {now} + $1, token = NULL WHERE delivery = $2 AND token = $3 AND expires > {now}`
	releaseClaim = `DELETE FROM webhook_claims WHERE delivery = $1 AND token = $2 AND expires > {now}`
	purgeExpired = `DELETE FROM webhook_claims WHERE expires <= {now}`
)

// NewStore makes a store in db, which it does not close. window is how long
// completed deliveries are remembered; 0 is 72 hours, which outlasts the
// retries of all vendors that publish theirs.
func NewStore(db *sql.DB, clock Clock, window time.Duration) *Store {
	if window <= 0 {
		window = 72 * time.Hour
	}
	at := strings.NewReplacer("{now}", string(clock))
	return &Store{
		db: db, window: window,
		claim:   at.Replace(claimKey),
		renew:   at.Replace(renewClaim),
		commit:  at.Replace(commitClaim),
		release: at.Replace(releaseClaim),
		purge:   at.Replace(purgeExpired),
	}
}

// Create makes the table, if it is not there. A service with migrations makes
// it in one of those: two that create it at once can make Postgres fail one.
func (s *Store) Create(ctx context.Context) error {
	for _, statement := range []string{createTable, createIndex} {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// errKey does not quote: what is no hash may be anything.
var errKey = errors.New("the key is not 64 lower-case hexadecimal digits, as Delivery.Key makes them")

// Claim implements event.Store. It takes what is no Delivery.Key for a mistake
// that could bring personal data into the table.
func (s *Store) Claim(ctx context.Context, key string, lease time.Duration) (event.Claim, error) {
	if !isKey(key) {
		return event.Claim{}, errKey
	}
	token := rand.Text()
	n, err := s.exec(ctx, s.claim, key, token, lease.Milliseconds())
	if err != nil {
		return event.Claim{}, err
	}
	if n == 1 {
		return event.Claim{State: event.Claimed, Token: token}, nil
	}
	// The key is another's. What has become of it since is as good an answer
	// as what it was: if it was given back, the sender may as well come again.
	var completed bool
	err = s.db.QueryRowContext(ctx, readState, key).Scan(&completed)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return event.Claim{}, err
	case completed:
		return event.Claim{State: event.Completed}, nil
	}
	return event.Claim{State: event.InUse}, nil
}

func isKey(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Renew implements event.Store.
func (s *Store) Renew(ctx context.Context, key, token string, lease time.Duration) error {
	return s.change(ctx, s.renew, lease.Milliseconds(), key, token)
}

// Commit implements event.Store.
func (s *Store) Commit(ctx context.Context, key, token string) error {
	return s.change(ctx, s.commit, s.window.Milliseconds(), key, token)
}

// Release implements event.Store.
func (s *Store) Release(ctx context.Context, key, token string) error {
	return s.change(ctx, s.release, key, token)
}

// Purge deletes what no longer counts, and says how many rows that were:
// completed deliveries whose window has passed, and claims whose owner died.
// Claim passes over those by itself, so Purge only bounds the table: call it
// every hour, say, from any of the receivers.
func (s *Store) Purge(ctx context.Context) (int64, error) {
	return s.exec(ctx, s.purge)
}

// change is a step that only the owner of a claim may take.
func (s *Store) change(ctx context.Context, statement string, args ...any) error {
	n, err := s.exec(ctx, statement, args...)
	if err == nil && n == 0 {
		return event.ErrClaimLost
	}
	return err
}

// exec returns how many rows a statement changed.
func (s *Store) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := s.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
