package riverqueue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/atshooks/atshooks/event/inbox"
)

// add adds up the counts of handlers.
func add(c *inbox.Counts, d inbox.Counts) {
	c.Waiting += d.Waiting
	c.Running += d.Running
	c.Retrying += d.Retrying
	c.Dead += d.Dead
	if c.Oldest.IsZero() || !d.Oldest.IsZero() && d.Oldest.Before(c.Oldest) {
		c.Oldest = d.Oldest
	}
}

// What waits in the state scheduled was put off for a worker that can run it.
const countJobs = `SELECT queue,
	count(*) FILTER (WHERE state IN ('available', 'pending') AND attempt = 0),
	count(*) FILTER (WHERE state = 'running'),
	count(*) FILTER (WHERE state IN ('retryable', 'scheduled') OR state IN ('available', 'pending') AND attempt > 0),
	count(*) FILTER (WHERE state IN ('cancelled', 'discarded')),
	min(created_at) FILTER (WHERE state NOT IN ('cancelled', 'discarded'))
FROM {job} WHERE kind = $1 AND starts_with(queue, $2)
AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled', 'cancelled', 'discarded') GROUP BY queue`

// Stats counts what is in the inbox. It reads all jobs that are not completed, so
// calling it every few seconds is often enough. A handler's name is replaced by a
// hash if it is very long, or has other characters than lower-case letters,
// digits, and single dashes or underscores between them.
func (i *Inbox) Stats(ctx context.Context) (*inbox.Stats, error) {
	s := &inbox.Stats{Handlers: make(map[string]inbox.Counts), Abandoned: i.abandoned.Load()}
	err := i.each(ctx, countJobs, []any{kind, i.opts.Queue + "-"}, func(rows pgx.Rows) error {
		var queue string
		var c inbox.Counts
		var oldest *time.Time
		if err := rows.Scan(&queue, &c.Waiting, &c.Running, &c.Retrying, &c.Dead, &oldest); err != nil {
			return err
		}
		if oldest != nil {
			c.Oldest = oldest.UTC()
		}
		s.Handlers[i.handler(queue)] = c
		add(&s.Counts, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := i.pool.QueryRow(ctx, `SELECT pg_total_relation_size($1::regclass)`, i.table("river_job")).Scan(&s.Bytes); err != nil {
		return nil, i.failed(err)
	}
	if m := i.last.Load(); m != nil {
		s.LastError, s.LastErrorAt = m.err, m.at
	}
	return s, nil
}

// pruning is the job that drops bodies.
type pruning struct{}

func (pruning) Kind() string { return "atshooks_prune" }

// pruneEvery is how often bodies are dropped.
const pruneEvery = 5 * time.Minute

const dropBodies = `UPDATE {job} SET args = args - 'delivery' WHERE id IN (
	SELECT id FROM {job} WHERE kind = $1 AND starts_with(queue, $2)
	AND state = 'completed' AND finalized_at < now() - $3::interval AND args ? 'delivery'
	LIMIT 1000 FOR UPDATE SKIP LOCKED)`

// Prune drops the bodies of deliveries that were completed longer ago than
// [Options].KeepBodies, and returns how many; their keys stay. Workers do so every
// five minutes. Only a service whose River clients all have
// LeaderElectionDisabled needs to call it.
func (i *Inbox) Prune(ctx context.Context) (int64, error) {
	if i.opts.KeepBodies == 0 {
		return 0, nil
	}
	var dropped int64
	for {
		tag, err := i.pool.Exec(ctx, i.sql(dropBodies), kind, i.opts.Queue+"-", max(i.opts.KeepBodies, 0))
		if err != nil {
			return dropped, i.failed(err)
		}
		dropped += tag.RowsAffected()
		if tag.RowsAffected() == 0 {
			return dropped, nil
		}
	}
}
