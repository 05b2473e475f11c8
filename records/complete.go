package records

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"barograph/records/bell"
)

// A Done is what has become of a claim.
type Done struct {
	*Claim
	Progress
	Forgiven int // as the claim's, or more
}

// failed reports whether it is an attempt that failed which led to it.
func (d *Done) failed() bool {
	last := d.Record.LastError
	return d.LastError != nil && (last == nil || !last.At.Equal(d.LastError.At) || last.Message != d.LastError.Message)
}

// completable runs a statement: a pool or a transaction.
type completable interface {
	Query(ctx context.Context, statement string, args ...any) (pgx.Rows, error)
}

// complete writes what has become of claims, of those that are still whoever
// completes them's. It returns which are.
func (b *Base) complete(ctx context.Context, db completable, done []Done) (map[Key]bool, error) {
	const statement = `
		with done as (
			update records r
			set state = d.state, pipeline_version = d.version, result = d.result, attributes = d.attributes, attempts = d.attempts,
				forgiven = d.forgiven, processed_at = d.processed_at, next_attempt_at = d.next_attempt_at, error_code = d.error_code,
				error_message = d.error_message, error_at = d.error_at, lease = null, lease_until = null, changed_in = pg_current_xact_id()
			from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::bytea[], $7::jsonb[], $8::int[], $9::int[],
					$10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::timestamptz[], $15::bool[])
				as d (pipeline, payload_id, lease, state, version, result, attributes, attempts, forgiven, processed_at,
					next_attempt_at, error_code, error_message, error_at, failed)
			where r.pipeline = d.pipeline and r.payload_id = d.payload_id and coalesce(r.lease, 0) = d.lease
				and r.state in ('QUEUED', 'RETRYING', 'PROCESSING')
			returning r.pipeline, r.payload_id, r.attempts, r.pipeline_version, r.error_code, r.error_message, r.error_at, d.failed
		), told as (
			insert into record_attempts (pipeline, payload_id, number, pipeline_version, ended_at, error_code, error_message)
			select pipeline, payload_id, attempts, pipeline_version, error_at, error_code, error_message from done where failed
		)
		select pipeline, payload_id from done`
	var (
		keys     = make([]Key, len(done))
		leases   = make([]int64, len(done))
		states   = make([]string, len(done))
		forgiven = make([]int, len(done))
		failed   = make([]bool, len(done))
		all      progressRows
	)
	for i := range done {
		d := &done[i]
		d.Progress = d.kept()
		keys[i], leases[i], states[i], forgiven[i], failed[i] = d.Record.Key, int64(d.Lease), string(d.State), d.Forgiven, d.failed()
		if err := all.add(b, d.Record.Key, &d.Progress); err != nil {
			return nil, err
		}
	}
	pipelines, ids := apart(keys)
	rows, err := db.Query(ctx, statement, pipelines, ids, leases, states, all.versions, all.results, all.attributes, all.attempts,
		forgiven, all.processed, all.next, all.codes, all.messages, all.failed, failed)
	if err != nil {
		return nil, fmt.Errorf("complete records: %w", err)
	}
	written := make(map[Key]bool, len(done))
	var key Key
	_, err = pgx.ForEachRow(rows, []any{&key.Pipeline, &key.PayloadID}, func() error {
		written[key] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("complete records: %w", err)
	}
	return written, nil
}

// completeApart completes claims that a transaction holds. When the database
// refuses them for what has become of one, halves of them are tried, until the
// one at fault stands alone, which is then completed as unwritten says.
func (b *Base) completeApart(ctx context.Context, tx pgx.Tx, done []Done, unwritten func(Done) Done) error {
	within, err := tx.Begin(ctx) // a savepoint
	if err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	written, err := b.complete(ctx, within, done)
	if err == nil {
		if len(written) != len(done) {
			return errors.Join(errNotHeld, within.Rollback(ctx))
		}
		return within.Commit(ctx)
	}
	if !dataError(err) || unwritten == nil {
		return err
	}
	if err := within.Rollback(ctx); err != nil {
		return fmt.Errorf("go back to savepoint: %w", err)
	}
	if half := len(done) / 2; half > 0 {
		return errors.Join(b.completeApart(ctx, tx, done[:half], unwritten), b.completeApart(ctx, tx, done[half:], unwritten))
	}
	b.Logger.ErrorContext(ctx, "the database refuses what became of a record", "pipeline", done[0].Record.Pipeline, "err", err)
	done[0] = unwritten(done[0])
	return b.completeApart(ctx, tx, done, nil)
}

// errNotHeld means that a transaction lost what it had locked, which cannot be.
var errNotHeld = errors.New("claimed records have changed")

// completed says that claims were completed.
func (b *Base) completed(ctx context.Context, done []Done) {
	tone := bell.Changed
	for i := range done {
		d := &done[i]
		d.Record.Progress = d.Progress
		changes.Add(ctx, 1, toState[d.State])
	}
	if slices.ContainsFunc(done, func(d Done) bool { return d.OrderingKey != nil || d.State == Retrying }) {
		tone |= bell.Due // what a key held back, or what was given back
	}
	b.Bell.Ring(tone)
}
