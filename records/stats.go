package records

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/pipeline"
)

// Stats say how a pipeline is doing: what became of the records that were taken
// in since a time, and what is unfinished now, whenever it was taken in.
type Stats struct {
	Since, Until time.Time

	Received  int
	Processed int
	Skipped   int
	Dead      int
	Attempts  int          // at all of these
	Failures  int          // of attempts, since that time
	Latency   Distribution // from taking in to having processed, in milliseconds

	Queued     int
	Processing int
	Retrying   int
	Oldest     *time.Time // when the oldest unfinished record was taken in
}

// Throughput returns how many of the records were processed a second.
func (s *Stats) Throughput() float64 {
	return float64(s.Processed) / s.Until.Sub(s.Since).Seconds()
}

// Backlog returns how many records are unfinished.
func (s *Stats) Backlog() int { return s.Queued + s.Processing + s.Retrying }

var readStats = operation.New("read pipeline stats")

// outcomes are the columns that say what became of records, in the order of
// Stats, and latency is that of those that were processed.
const (
	outcomes = `count(*), count(*) filter (where state = 'PROCESSED'), count(*) filter (where state = 'SKIPPED'), count(*) filter (where state = 'DEAD')`
	latency  = `case when state = 'PROCESSED' then 1000 * extract(epoch from processed_at - received_at)::float8 end`
)

// Stats returns those of a pipeline between two times: of one that is out of
// reach, as of one without records.
func (s *Store) Stats(ctx context.Context, reach pipeline.Reach, name string, since, until time.Time) (*Stats, error) {
	const (
		taken = `
		select ` + outcomes + `, coalesce(sum(attempts), 0), ` + spread + `
		from (select state, attempts, ` + latency + ` as n from records where pipeline = $1 and received_at >= $2 and received_at < $3 offset 0) r`
		failures = `select count(*) from record_attempts where pipeline = $1 and ended_at >= $2 and ended_at < $3`
		rest     = `
		select count(*) filter (where state = 'QUEUED'), count(*) filter (where state = 'PROCESSING'), count(*) filter (where state = 'RETRYING'), min(received_at)
		from ` + unfinished + ` where pipeline = $1`
	)
	return operation.Value(ctx, readStats, s.base.Logger, func(ctx context.Context) (*Stats, error) {
		name, found := reach.Only(name), &Stats{Since: since, Until: until}
		err := s.base.Pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
			var all pgx.Batch
			all.Queue(taken, name, since, until).QueryRow(func(row pgx.Row) (err error) {
				var latency spreading
				fields := []any{&found.Received, &found.Processed, &found.Skipped, &found.Dead, &found.Attempts}
				if err := row.Scan(append(fields, latency.fields()...)...); err != nil {
					return err
				}
				found.Latency, err = latency.distribution()
				return err
			})
			all.Queue(failures, name, since, until).QueryRow(func(row pgx.Row) error { return row.Scan(&found.Failures) })
			all.Queue(rest, name).QueryRow(func(row pgx.Row) error {
				return row.Scan(&found.Queued, &found.Processing, &found.Retrying, &found.Oldest)
			})
			return tx.SendBatch(ctx, &all).Close()
		})
		return found, err
	})
}
