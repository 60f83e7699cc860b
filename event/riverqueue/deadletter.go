package riverqueue

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// errGone says whose it is.
var errGone = fmt.Errorf("riverqueue: %w", inbox.ErrGone)

// reasonKey is where a reason is, in the metadata of a job.
const reasonKey = "atshooks_reason"

// deadLetter is what the delivery of an attempt becomes.
func (a *attempt) deadLetter(reason inbox.Reason, cause error) *inbox.DeadLetter {
	l := &inbox.DeadLetter{
		Ref: strconv.FormatInt(a.job.ID, 10), Key: a.job.Args.Key, Handler: a.inbox.handler(a.job.Queue),
		Reason: reason, Error: errorText(cause), Attempts: a.job.Attempt, StoredAt: a.job.CreatedAt.UTC(),
	}
	describe(l, a.delivery)
	fail(l, time.Now(), a.inbox.retain)
	return l
}

func describe(l *inbox.DeadLetter, d *event.Delivery) {
	if d != nil {
		l.Handler, l.Provider, l.Tenant, l.Type, l.ID = d.Handler, d.Provider, d.Tenant, d.Type, d.ID
	}
}

func fail(l *inbox.DeadLetter, at time.Time, kept time.Duration) {
	l.FailedAt = at.UTC()
	if kept >= 0 {
		l.Expires = l.FailedAt.Add(kept)
	}
}

const (
	deadLetters = `SELECT id, queue, attempt, created_at, finalized_at,
	coalesce(metadata->>'` + reasonKey + `', ''), coalesce(errors[array_upper(errors, 1)]->>'error', ''),
	coalesce(args->>'key', ''), coalesce(args->>'delivery', '')
FROM {job} WHERE kind = $1 AND starts_with(queue, $2) AND state IN ('cancelled', 'discarded')`
	nextDeadLetters = deadLetters + ` AND id > $3 ORDER BY id LIMIT $4`
	oneDeadLetter   = deadLetters + ` AND id = $3`

	rerunJob = `UPDATE {job} SET state = 'available', attempt = 0, finalized_at = NULL, scheduled_at = now(),
	metadata = metadata - 'cancel_attempted_at' - '` + reasonKey + `'
WHERE kind = $1 AND id = $2 AND state IN ('cancelled', 'discarded') AND args ? 'delivery'`
	discardJob = `UPDATE {job} SET state = 'completed', finalized_at = now(), args = args - 'delivery', errors = NULL
WHERE kind = $1 AND id = $2 AND state IN ('cancelled', 'discarded')`
)

// DeadLetters lists up to limit dead letters, in the order in which their
// deliveries were stored. after is the Ref of the last one of the page before; ""
// begins with the first.
func (i *Inbox) DeadLetters(ctx context.Context, after string, limit int) ([]*inbox.DeadLetter, error) {
	last := int64(0)
	if after != "" {
		var err error
		if last, err = jobID(after); err != nil {
			return nil, err
		}
	}
	var page []*inbox.DeadLetter
	err := i.each(ctx, nextDeadLetters, []any{kind, i.opts.Queue + "-", last, limit}, func(rows pgx.Rows) error {
		l, _, err := i.scanDeadLetter(rows)
		page = append(page, l)
		return err
	})
	return page, err
}

// DeadLetter returns one dead letter and its delivery, which holds personal data.
// The delivery is nil if what is stored cannot be read. The error wraps
// [inbox.ErrGone] if there is no such dead letter.
func (i *Inbox) DeadLetter(ctx context.Context, ref string) (*inbox.DeadLetter, *event.Delivery, error) {
	id, err := jobID(ref)
	if err != nil {
		return nil, nil, err
	}
	l, d, err := i.scanDeadLetter(i.pool.QueryRow(ctx, i.sql(oneDeadLetter), kind, i.opts.Queue+"-", id))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil, errGone
	case err != nil:
		return nil, nil, i.failed(err)
	}
	return l, d, nil
}

func (i *Inbox) scanDeadLetter(row pgx.Row) (*inbox.DeadLetter, *event.Delivery, error) {
	var (
		l                     inbox.DeadLetter
		id                    int64
		queue, reason, stored string
		finalizedAt           time.Time
	)
	if err := row.Scan(&id, &queue, &l.Attempts, &l.StoredAt, &finalizedAt, &reason, &l.Error, &l.Key, &stored); err != nil {
		return nil, nil, err
	}
	l.Ref, l.Handler, l.Reason, l.StoredAt = strconv.FormatInt(id, 10), i.handler(queue), inbox.Reason(reason), l.StoredAt.UTC()
	l.Error = strings.TrimPrefix(l.Error, "JobCancelError: ") // River writes it before what a worker says
	if reason == "" {
		l.Reason = inbox.ReasonCancelled
	}
	fail(&l, finalizedAt, i.retain)
	d := new(event.Delivery)
	data, err := base64.StdEncoding.DecodeString(stored)
	if err != nil || d.UnmarshalBinary(data) != nil {
		return &l, nil, nil
	}
	d.Attempt = l.Attempts
	describe(&l, d)
	return &l, d, nil
}

func jobID(ref string) (int64, error) {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return 0, errGone
	}
	return id, nil
}

// Rerun makes a worker run the delivery of a dead letter again, with all its
// attempts; it is a dead letter again if it fails once more. Calling Rerun twice,
// even at the same time, runs the delivery once. The error wraps [inbox.ErrGone]
// if there is no such dead letter.
func (i *Inbox) Rerun(ctx context.Context, ref string) error {
	return i.change(ctx, rerunJob, ref)
}

// Discard removes a dead letter, and erases the body of its delivery. The key
// stays, so that the delivery does not run if the vendor sends it again. The
// error wraps [inbox.ErrGone] if there is no such dead letter.
func (i *Inbox) Discard(ctx context.Context, ref string) error {
	return i.change(ctx, discardJob, ref)
}

func (i *Inbox) change(ctx context.Context, statement, ref string) error {
	id, err := jobID(ref)
	if err != nil {
		return err
	}
	switch tag, err := i.pool.Exec(ctx, i.sql(statement), kind, id); {
	case err != nil:
		return i.failed(err)
	case tag.RowsAffected() == 0:
		return errGone
	}
	return nil
}

const (
	storedSince = `SELECT id, args->>'delivery' FROM {job}
WHERE kind = $1 AND starts_with(queue, $2) AND state IN ('completed', 'cancelled', 'discarded') AND args ? 'delivery'
AND created_at >= $3 AND id > $4 ORDER BY id LIMIT $5`
	rerunJobs = `UPDATE {job} SET state = 'available', attempt = 0, finalized_at = NULL, scheduled_at = now(),
	metadata = metadata - 'cancel_attempted_at' - '` + reasonKey + `'
WHERE id = any($1) AND state IN ('completed', 'cancelled', 'discarded') AND args ? 'delivery'`
)

// rerunPage is how many deliveries RerunSince reads at once.
const rerunPage = 200

// RerunSince makes workers run deliveries again that were stored since a time and
// have been completed or given up, and returns how many. It is for an event whose
// callback is new, or was wrong. pick selects the deliveries, and is given all
// that is stored of them, including personal data; nil selects all. The zero time
// is the beginning. Deliveries whose bodies were dropped (see
// [Options].KeepBodies), and those that this release cannot read, are left out.
//
// With an error comes the number of those that will run.
func (i *Inbox) RerunSince(ctx context.Context, since time.Time, pick func(*event.Delivery) bool) (int, error) {
	count, last := 0, int64(0)
	for {
		var picked []int64
		read := 0
		err := i.each(ctx, storedSince, []any{kind, i.opts.Queue + "-", since, last, rerunPage}, func(rows pgx.Rows) error {
			var stored string
			if err := rows.Scan(&last, &stored); err != nil {
				return err
			}
			read++
			d := new(event.Delivery)
			data, err := base64.StdEncoding.DecodeString(stored)
			if err == nil && d.UnmarshalBinary(data) == nil && (pick == nil || pick(d)) {
				picked = append(picked, last)
			}
			return nil
		})
		if err != nil {
			return count, err
		}
		tag, err := i.pool.Exec(ctx, i.sql(rerunJobs), picked)
		if err != nil {
			return count, i.failed(err)
		}
		count += int(tag.RowsAffected())
		if read < rerunPage {
			return count, nil
		}
	}
}

// each calls fn for each row that a query returns.
func (i *Inbox) each(ctx context.Context, query string, args []any, fn func(pgx.Rows) error) error {
	rows, err := i.pool.Query(ctx, i.sql(query), args...)
	if err != nil {
		return i.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return fmt.Errorf("riverqueue: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return i.failed(err)
	}
	return nil
}
