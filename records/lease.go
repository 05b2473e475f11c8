package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/records/bell"
)

// A Lease numbers the time for which a record is one node's to process. One that
// is given later is greater; whoever holds another than the record has lost it.
type Lease int64

// Lease claims records for a time, which Renew extends, without holding any
// transaction. Each claim is an attempt that counts from here, so that a payload
// which kills whoever processes it does not do so for ever. Of one ordering key
// it claims one record.
func (q *Queue) Lease(ctx context.Context, r Request, duration time.Duration) (found []*Claim, after string, err error) {
	err = claimRecords.Run(ctx, q.base.Logger, func(ctx context.Context) (err error) {
		found, after, err = q.lease(ctx, r, duration)
		return postgres.Fault(err)
	})
	return found, after, err
}

func (q *Queue) lease(ctx context.Context, r Request, duration time.Duration) (found []*Claim, after string, err error) {
	found, err = q.leaseWhat(ctx, r.Now, duration, func(tx pgx.Tx) (found []*Claim, err error) {
		found, after, err = q.base.lock(ctx, tx, r, 1)
		return alone(found), err
	})
	return found, after, err
}

// alone leaves out all but one claim where that one may be what made a node die,
// or a program break down, lest it take others along again.
func alone(found []*Claim) []*Claim {
	for i, c := range found {
		if e := c.Record.LastError; e != nil && (e.Code == LeaseExpired || e.Code == Crashed) {
			return found[:max(1, i)]
		}
	}
	return found
}

// leaseWhat leases what a transaction locks.
func (q *Queue) leaseWhat(ctx context.Context, now time.Time, duration time.Duration, lock func(pgx.Tx) ([]*Claim, error)) ([]*Claim, error) {
	const statement = `
		with claimed as (select nextval('record_leases') as lease)
		update records r
		set state = 'PROCESSING', lease = claimed.lease, lease_until = now() + $3::interval, next_attempt_at = null,
			attempts = attempts + 1, changed_in = pg_current_xact_id()
		from claimed, unnest($1::text[], $2::text[]) as k (pipeline, payload_id)
		where r.pipeline = k.pipeline and r.payload_id = k.payload_id
		returning r.lease`
	tx, err := q.base.Pools.Workers.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to claim: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after a commit there is nothing left of it
	found, err := lock(tx)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	keys := make([]Key, len(found))
	for i, c := range found {
		keys[i] = c.Record.Key
	}
	pipelines, ids := apart(keys)
	var lease Lease
	if err := tx.QueryRow(ctx, statement, pipelines, ids, duration).Scan((*int64)(&lease)); err != nil {
		return nil, fmt.Errorf("lease records: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	observeClaims(ctx, found, now)
	for _, c := range found {
		c.Lease, c.Record.State, c.Record.NextAttemptAt = lease, Processing, nil
		c.Record.Attempts++
		changes.Add(ctx, 1, toState[Processing])
	}
	q.base.Bell.Ring(bell.Changed)
	return found, nil
}

// Renew makes a lease last for a time from now, and returns how many records
// have it still.
func (q *Queue) Renew(ctx context.Context, lease Lease, duration time.Duration) (int, error) {
	const statement = `update records set lease_until = now() + $2::interval where state = 'PROCESSING' and lease = $1`
	return operation.Value(ctx, renewLease, q.base.Logger, func(ctx context.Context) (int, error) {
		tag, err := q.base.Pools.Workers.Exec(ctx, statement, int64(lease), duration)
		return int(tag.RowsAffected()), postgres.Fault(err)
	})
}

// Expired claims records whose lease has ended, in the attempt that whoever had
// it did not end.
func (q *Queue) Expired(ctx context.Context, limit int, duration time.Duration) ([]*Claim, error) {
	const statement = `
		update records r set lease = nextval('record_leases'), lease_until = now() + $2::interval
		from (
			select pipeline, payload_id from records
			where state = 'PROCESSING' and lease_until < now()
			order by lease_until
			limit $1
			for update skip locked
		) e
		where r.pipeline = e.pipeline and r.payload_id = e.payload_id
		returning ` + claimColumns
	return operation.Value(ctx, takeExpired, q.base.Logger, func(ctx context.Context) ([]*Claim, error) {
		rows, err := q.base.Pools.Workers.Query(ctx, statement, limit, duration)
		if err != nil {
			return nil, postgres.Fault(fmt.Errorf("take over expired leases: %w", err))
		}
		found, err := q.base.collectClaims(ctx, rows)
		return found, postgres.Fault(err)
	})
}

// Complete writes what has become of leased claims, and returns those that were
// somebody else's by then, or completed already: nothing of them was written.
// Where the database refuses what became of one, it is completed as unwritten
// says.
func (q *Queue) Complete(ctx context.Context, done []Done, unwritten func(Done) Done) (lost []*Claim, err error) {
	err = completeRecords.Run(ctx, q.base.Logger, func(ctx context.Context) (err error) {
		lost, err = q.complete(ctx, done, unwritten)
		return postgres.Fault(err)
	})
	return lost, err
}

func (q *Queue) complete(ctx context.Context, done []Done, unwritten func(Done) Done) ([]*Claim, error) {
	var written map[Key]bool
	err := again(ctx, q.base.Logger, "completing records again", func() (err error) {
		written, err = q.base.complete(ctx, q.base.Pools.Workers, done)
		return err
	})
	if half := len(done) / 2; dataError(err) && half > 0 {
		first, err := q.complete(ctx, done[:half], unwritten)
		rest, also := q.complete(ctx, done[half:], unwritten)
		return append(first, rest...), errors.Join(err, also)
	}
	if dataError(err) && unwritten != nil {
		q.base.Logger.ErrorContext(ctx, "the database refuses what became of a record", "pipeline", done[0].Record.Pipeline, "err", err)
		done[0] = unwritten(done[0])
		return q.complete(ctx, done, nil)
	}
	if err != nil {
		return nil, err
	}
	var lost []*Claim
	var mine []Done
	for _, d := range done {
		if written[d.Record.Key] {
			mine = append(mine, d)
		} else {
			lost = append(lost, d.Claim)
		}
	}
	leasesLost.Add(ctx, int64(len(lost)))
	q.base.completed(ctx, mine)
	return lost, nil
}
