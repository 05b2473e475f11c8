package records

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

// A Queue hands out the records that wait for a worker, and takes what has come
// of them. The records' rows are the queue. It is safe for concurrent use.
type Queue struct {
	base *Base
}

// NewQueue returns the queue of all records.
func NewQueue(base *Base) *Queue { return &Queue{base.withBell()} }

var (
	findDue         = operation.New("find due records")
	claimRecords    = operation.New("claim records")
	completeRecords = operation.New("complete records")
	renewLease      = operation.New("renew lease")
	takeExpired     = operation.New("take over expired leases")
)

// A Line is a part of the queue: what is due of one pipeline, with or without
// ordering keys.
type Line struct {
	Pipeline string
	Version  int  // of the pipeline, at the moment
	Ordered  bool // with ordering keys
}

// Lines returns where something may be due, by pipeline. Whether a pipeline is
// active does not matter: what was taken in is processed.
func (q *Queue) Lines(ctx context.Context, now time.Time) ([]Line, error) {
	const query = `
		select p.name, p.version, false from pipelines p where exists (
			select from records r
			where r.pipeline = p.name and r.state in ('QUEUED', 'RETRYING') and r.ordering_key is null and r.next_attempt_at <= $1)
		union all
		select p.name, p.version, true from pipelines p where exists (
			select from records r
			where r.pipeline = p.name and r.state in ('QUEUED', 'RETRYING', 'PROCESSING') and r.ordering_key is not null)
		order by 1, 3`
	return operation.Value(ctx, findDue, q.base.Logger, func(ctx context.Context) ([]Line, error) {
		rows, err := q.base.Pools.Workers.Query(ctx, query, now)
		if err != nil {
			return nil, postgres.Fault(fmt.Errorf("look for what is due: %w", err))
		}
		lines, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Line])
		return lines, postgres.Fault(err)
	})
}

// A Claim is a record that is whoever claimed it's to process.
type Claim struct {
	Record      *Record
	Forgiven    int     // attempts that a replay no longer counts
	OrderingKey *string // nil for none
	Lease       Lease   // zero for one that a transaction holds
}

// claimColumns are those of a Claim, in the order of its fields.
const claimColumns = columns + `, r.forgiven, r.ordering_key, coalesce(r.lease, 0)`

// collectClaims reads the claims that a statement returned.
func (b *Base) collectClaims(ctx context.Context, rows pgx.Rows) ([]*Claim, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Claim, error) {
		c := &Claim{Record: &Record{}}
		into, read := c.Record.fields()
		if err := row.Scan(append(into, &c.Forgiven, &c.OrderingKey, (*int64)(&c.Lease))...); err != nil {
			return nil, err
		}
		read(ctx, b)
		return c, nil
	})
}

// A Request says what to claim.
type Request struct {
	Line
	Limit int       // records, at most
	Now   time.Time // by which a record must be due
	After string    // of ordering keys: where the last one to be claimed left off
}

// A Batch is what was claimed in a transaction, which holds it. When the node
// dies, or calls Release, it is free at once, as if nothing had been.
type Batch struct {
	Claims []*Claim
	After  string // for the next request
	base   *Base
	tx     pgx.Tx
}

// Lock claims records for as long as a transaction lasts. Its caller completes or
// releases the batch, soon.
func (q *Queue) Lock(ctx context.Context, r Request) (*Batch, error) {
	return operation.Value(ctx, claimRecords, q.base.Logger, func(ctx context.Context) (_ *Batch, err error) {
		b := &Batch{base: q.base}
		if b.tx, err = q.base.Pools.Workers.Begin(ctx); err != nil {
			return nil, postgres.Fault(fmt.Errorf("begin to claim: %w", err))
		}
		if b.Claims, b.After, err = q.base.lock(ctx, b.tx, r, r.Limit); err != nil || len(b.Claims) == 0 {
			b.Release(ctx)
			b.Claims = nil
			return b, postgres.Fault(err)
		}
		observeClaims(ctx, b.Claims, r.Now)
		return b, nil
	})
}

// Release gives back what was not completed. It may be called more than once.
func (b *Batch) Release(ctx context.Context) {
	_ = b.tx.Rollback(context.WithoutCancel(ctx)) // of a connection that is lost, or a transaction that has ended
}

// Complete writes what has become of some of the claims, and gives back the
// others. What the database does not take fails the claim that it is of.
func (b *Batch) Complete(ctx context.Context, done []Done, unwritten func(Done) Done) error {
	return completeRecords.Run(ctx, b.base.Logger, func(ctx context.Context) error {
		defer b.Release(ctx)
		if err := b.base.completeApart(ctx, b.tx, done, unwritten); err != nil {
			return postgres.Fault(err)
		}
		if err := b.tx.Commit(ctx); err != nil {
			return postgres.Fault(fmt.Errorf("commit: %w", err))
		}
		b.base.completed(ctx, done)
		return nil
	})
}

// lock claims records in a transaction, of those with ordering keys at most some
// of each.
func (b *Base) lock(ctx context.Context, tx pgx.Tx, r Request, each int) ([]*Claim, string, error) {
	if r.Ordered {
		return b.lockOrdered(ctx, tx, r, each)
	}
	const query = `
		select ` + claimColumns + ` from records r
		where r.pipeline = $1 and r.state in ('QUEUED', 'RETRYING') and r.ordering_key is null and r.next_attempt_at <= $2
		order by r.next_attempt_at, r.position
		limit $3
		for update skip locked`
	rows, err := tx.Query(ctx, query, r.Pipeline, r.Now, r.Limit)
	if err != nil {
		return nil, "", fmt.Errorf("claim records: %w", err)
	}
	found, err := b.collectClaims(ctx, rows)
	if err != nil {
		return nil, "", fmt.Errorf("claim records: %w", err)
	}
	return found, "", nil
}
