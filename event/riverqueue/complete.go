package riverqueue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/atshooks/atshooks/event"
)

// completeJob takes effect for the attempt that asks and for no other: River
// may have given the job to another worker in the meantime, if this process
// stood still for long. The time of its attempt tells one from the other.
const completeJob = `UPDATE {job} SET state = 'completed', finalized_at = now()
WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempted_at = $3`

// Complete completes the delivery whose callback was given ctx, as part of the
// callback's own transaction: what the callback writes in tx and the record that
// it has run are committed together, or neither is. So the effect happens exactly
// once, whatever dies in between.
//
//	tx, err := pool.Begin(ctx)
//	…
//	defer tx.Rollback(ctx)
//	… // write what the event is about, in tx
//	if err := riverqueue.Complete(ctx, tx); err != nil {
//		return err
//	}
//	return tx.Commit(ctx)
//
// tx must be in the inbox's database. After an error, roll it back. The error
// wraps [event.ErrClaimLost] if another worker has taken the delivery over in the
// meantime, or has completed it. If the callback returns nil and tx was not
// committed, the delivery is tried again.
func Complete(ctx context.Context, tx pgx.Tx) error {
	return complete(ctx, func(query string, args ...any) (int64, error) {
		tag, err := tx.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	})
}

// CompleteSQL is [Complete] for a transaction of database/sql.
func CompleteSQL(ctx context.Context, tx *sql.Tx) error {
	return complete(ctx, func(query string, args ...any) (int64, error) {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return 0, err
		}
		return result.RowsAffected()
	})
}

func complete(ctx context.Context, exec func(query string, args ...any) (int64, error)) error {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return errors.New("riverqueue: Complete needs the context that a riverqueue.Worker gave to the callback")
	}
	a.completed.Store(true)
	n, err := exec(a.inbox.sql(completeJob), a.job.ID, a.job.Attempt, *a.job.AttemptedAt)
	switch {
	case err != nil:
		return fmt.Errorf("riverqueue: completing the delivery: %w", err)
	case n == 0:
		return fmt.Errorf("riverqueue: another worker has taken the delivery over, or has completed it: %w", event.ErrClaimLost)
	}
	return nil
}

const isCompleted = `SELECT state = 'completed' AND attempt = $2 AND attempted_at = $3 FROM {job} WHERE id = $1`

// committed says whether the transaction in which the callback has completed the
// delivery was committed. A callback whose connection broke during the commit
// cannot know.
func (a *attempt) committed(ctx context.Context) (yes bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	err = a.inbox.pool.QueryRow(ctx, a.inbox.sql(isCompleted), a.job.ID, a.job.Attempt, *a.job.AttemptedAt).Scan(&yes)
	if err != nil {
		return false, a.inbox.failed(err)
	}
	return yes, nil
}

const callTimeout = 5 * time.Second
