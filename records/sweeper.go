package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/internal/rounds"
	"barograph/pipeline"
)

// A Sweeper forgets finished records once their pipeline's retention has passed,
// and the attempts at them. Of several nodes, one at a time does it. A payload
// that is sent again after its record was forgotten is a new one.
type Sweeper struct {
	base      *Base
	pipelines *pipeline.Store
	now       func() time.Time
	batch     int // records looked at in one statement
}

const (
	sweepPause   = time.Minute // between sweeps
	sweepBatch   = 1000
	batchTimeout = 30 * time.Second
	sweepingWork = "barograph: forget records"
)

var (
	sweepRecords = operation.New("forget records")
	forgotten, _ = meter.Int64Counter("barograph.records.forgotten", metric.WithUnit("{record}"),
		metric.WithDescription("Records that were deleted because their pipeline's retention had passed."))
)

// NewSweeper returns a sweeper for what the pipelines keep.
func NewSweeper(base *Base, pipelines *pipeline.Store, now func() time.Time) *Sweeper {
	return &Sweeper{base, pipelines, now, sweepBatch}
}

// Run forgets records until ctx is done. What fails is logged, and tried again.
func (s *Sweeper) Run(ctx context.Context) error {
	forgotten.Add(ctx, 0) // there is a count before there is anything to count
	rounds.Run(ctx, func(ctx context.Context) time.Duration {
		_ = s.Sweep(ctx) // logged
		return sweepPause
	})
	return nil
}

// Sweep forgets what is due by now, unless another node is about to.
func (s *Sweeper) Sweep(ctx context.Context) error {
	return sweepRecords.Run(ctx, s.base.Logger, func(ctx context.Context) error {
		asked, err := s.pipelines.Upkeep(ctx)
		if err != nil {
			return err
		}
		for _, e := range expiries(asked, s.now()) {
			// Each has a connection of its own: what breaks one keeps no other from its turn.
			away := s.base.Pools.Alone(ctx, sweepingWork, func(ctx context.Context, conn *pgx.Conn) error {
				if failure := s.sweep(ctx, conn, e); failure != nil {
					err = errors.Join(err, postgres.Fault(fmt.Errorf("forget records of pipeline %q: %w", e.pipeline, failure)))
				}
				return nil
			})
			if away != nil {
				return errors.Join(err, postgres.Fault(away))
			}
		}
		return err
	})
}

// An expiry says which records of a pipeline are due: those that were finished in
// one way before a time.
type expiry struct {
	pipeline string
	way      ending
	before   time.Time
}

// An ending is a way to be finished.
type ending struct {
	walked string // a condition that an index has, to find them by
	is     string // the condition of the records r that were finished so
	at     string // the column that says when
}

var (
	succeeded = ending{`true`, `r.state in ('PROCESSED', 'SKIPPED')`, `r.processed_at`} // as most records end
	died      = ending{`state = 'DEAD'`, `r.state = 'DEAD'`, `r.error_at`}
)

// expiries returns those of the pipelines that forget anything.
func expiries(asked []pipeline.Upkeep, now time.Time) (all []expiry) {
	for _, u := range asked {
		if before := ago(now, u.Retention.ProcessedSeconds); before != nil {
			all = append(all, expiry{u.Pipeline, succeeded, *before})
		}
		if before := ago(now, u.Retention.DeadSeconds); before != nil {
			all = append(all, expiry{u.Pipeline, died, *before})
		}
	}
	return all
}

// ago returns the time so many seconds before now, nil for none, and for more
// than there have been records.
func ago(now time.Time, seconds int64) *time.Time {
	if seconds <= 0 || seconds > now.Unix() {
		return nil
	}
	return new(now.Add(0 - time.Duration(seconds)*time.Second))
}

// sweep walks over the records that were taken in early enough to be due, as far
// as that is in one statement, and forgets those that are. It rests for as long
// as each statement took, so that half of what it uses is there for others.
func (s *Sweeper) sweep(ctx context.Context, conn *pgx.Conn, e expiry) error {
	rest := time.NewTimer(0)
	defer rest.Stop()
	from := Cursor{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rest.C:
		}
		start := time.Now()
		next, more, err := s.forget(ctx, conn, e, from)
		if err != nil || !more {
			return err
		}
		from = next
		rest.Reset(time.Since(start))
	}
}

// forget deletes what is due among the next records behind a place, and returns
// the place to go on from, and whether there may be more. A record that somebody
// else has hold of is left for the next sweep.
func (s *Sweeper) forget(ctx context.Context, conn *pgx.Conn, e expiry, from Cursor) (next Cursor, more bool, err error) {
	// A limit that is no argument lets Postgres see how few rows there are to join.
	statement := fmt.Sprintf(`
		with next as materialized (
			select pipeline, payload_id, received_at, position from records
			where pipeline >= $1 and pipeline <= $1 and %s and received_at < $2 and (received_at, position) > ($3, $4)
			order by pipeline, received_at, position -- as the indexes by pipeline are
			limit %d
		), due as (
			select r.pipeline, r.payload_id from next n join records r on r.pipeline = n.pipeline and r.payload_id = n.payload_id
			where %s and coalesce(%s, r.received_at) < $2
			for update of r skip locked
		), gone as (
			delete from records r using due d where r.pipeline = d.pipeline and r.payload_id = d.payload_id
		), attempts as (
			delete from record_attempts a using due d where a.pipeline = d.pipeline and a.payload_id = d.payload_id
		)
		select received_at, position, (select count(*) from next), (select count(*) from due)
		from next
		order by received_at desc, position desc
		limit 1`, e.way.walked, s.batch, e.way.is, e.way.at)
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	var looked, due int64
	rows, err := conn.Query(ctx, statement, e.pipeline, e.before, from.ReceivedAt, from.Position)
	if err != nil {
		return from, false, err
	}
	_, err = pgx.ForEachRow(rows, []any{&next.ReceivedAt, &next.Position, &looked, &due}, func() error { return nil })
	if err != nil {
		return from, false, err
	}
	forgotten.Add(ctx, due)
	return next, looked == int64(s.batch), nil
}
