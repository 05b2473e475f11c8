package records

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/records/bell"
)

// What is to be processed by its sender, and has an ordering key, is reserved for
// it: QUEUED, but due only after a while, should the sender be lost. LeaseFirst
// claims it, or Offer leaves it to the workers.

const (
	keyTries = 10 // to lock an ordering key that a worker looks at
	keyWait  = 3 * time.Millisecond
)

var offerRecord = operation.New("offer record")

// LeaseFirst claims a record if it is the first of its ordering key and nobody
// has another of the key, and returns nil if not.
func (q *Queue) LeaseFirst(ctx context.Context, of *Record, key string, duration time.Duration) (found *Claim, err error) {
	err = claimRecords.Run(ctx, q.base.Logger, func(ctx context.Context) (err error) {
		mine := false
		for try := 0; try < keyTries && !mine && err == nil; try++ {
			time.Sleep(time.Duration(try) * keyWait)
			mine, found, err = q.leaseFirst(ctx, of, key, duration)
		}
		return postgres.Fault(err)
	})
	return found, err
}

// leaseFirst also reports whether it could lock the key, and so find out.
func (q *Queue) leaseFirst(ctx context.Context, of *Record, key string, duration time.Duration) (mine bool, found *Claim, err error) {
	const query = `select pg_try_advisory_xact_lock($1, hashtext($2 || ' ' || $3))`
	due := *of.NextAttemptAt
	claims, err := q.leaseWhat(ctx, due, duration, func(tx pgx.Tx) ([]*Claim, error) {
		if err := tx.QueryRow(ctx, query, orderClass, of.Pipeline, key).Scan(&mine); err != nil || !mine {
			return nil, err
		}
		first, err := q.base.firstOf(ctx, tx, of.Pipeline, []string{key}, 1, due)
		return slices.DeleteFunc(first, func(c *Claim) bool { return c.Record.Key != of.Key }), err
	})
	if len(claims) > 0 {
		found = claims[0]
	}
	return mine, found, err
}

// Offer leaves a reserved record to the workers.
func (q *Queue) Offer(ctx context.Context, r *Record) error {
	const statement = `
		update records set next_attempt_at = received_at
		where pipeline = $1 and payload_id = $2 and state = 'QUEUED' and next_attempt_at = $3`
	return offerRecord.Run(ctx, q.base.Logger, func(ctx context.Context) error {
		if _, err := q.base.Pools.API.Exec(ctx, statement, r.Pipeline, r.PayloadID, *r.NextAttemptAt); err != nil {
			return postgres.Fault(fmt.Errorf("offer record: %w", err))
		}
		q.base.Bell.Ring(bell.Due)
		return nil
	})
}
