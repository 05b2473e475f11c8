package records

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/pipeline"
)

// A Store finds records in Postgres. It is safe for concurrent use.
type Store struct {
	base *Base
}

// NewStore returns a store of the records there are.
func NewStore(base *Base) *Store { return &Store{base} }

var (
	findRecords  = operation.New("find records")
	pageRecords  = operation.New("page records")
	countRecords = operation.New("count records")
)

// A Cursor is a record's place among all records by the time they were taken in.
type Cursor struct {
	ReceivedAt time.Time
	Position   int64
}

// Cursor returns the record's place.
func (r *Record) Cursor() Cursor { return Cursor{r.ReceivedAt, r.Position} }

// A Range is a stretch of the records in an order.
type Range struct {
	Descending    bool    // the order: by time, the newest first
	After, Before *Cursor // in that order, both excluded; nil where the stretch is open
	Limit         int
	FromEnd       bool // the last Limit of the stretch rather than the first, the last one first
}

// Find returns the records within reach that exist of those named, in no order.
func (s *Store) Find(ctx context.Context, reach pipeline.Reach, keys []Key) ([]*Record, error) {
	const query = `
		select ` + columns + `
		from unnest($1::text[], $2::text[]) as k (pipeline, payload_id)
		join records r on r.pipeline = k.pipeline and r.payload_id = k.payload_id`
	keys = sought(reach, keys)
	if len(keys) == 0 {
		return nil, nil
	}
	pipelines, ids := apart(keys)
	return s.collect(ctx, findRecords, query, pipelines, ids)
}

// Page returns the records within reach of a stretch that the filter lets through.
func (s *Store) Page(ctx context.Context, reach pipeline.Reach, filter Filter, stretch Range) ([]*Record, error) {
	where, ok := filter.conditions(reach)
	if !ok {
		return nil, nil
	}
	after, before := ">", "<"
	if stretch.Descending {
		after, before = before, after
	}
	where.addCursor(after, stretch.After)
	where.addCursor(before, stretch.Before)
	direction := ""
	if stretch.Descending != stretch.FromEnd {
		direction = " desc"
	}
	query := `select ` + columns + where.stretch(direction, stretch.Limit)
	return s.collect(ctx, pageRecords, query, where.planned()...)
}

// Count returns how many records within reach the filter lets through.
func (s *Store) Count(ctx context.Context, reach pipeline.Reach, filter Filter) (int, error) {
	where, ok := filter.conditions(reach)
	if !ok {
		return 0, nil
	}
	return operation.Value(ctx, countRecords, s.base.Logger, func(ctx context.Context) (count int, err error) {
		return count, s.base.Pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, `select count(*)`+where.text(), where.planned()...).Scan(&count)
		})
	})
}

// collect runs an operation that is one query for records.
func (s *Store) collect(ctx context.Context, o *operation.Operation, query string, args ...any) ([]*Record, error) {
	return operation.Value(ctx, o, s.base.Logger, func(ctx context.Context) ([]*Record, error) {
		rows, err := s.base.Pools.API.Query(ctx, query, args...)
		if err != nil {
			return nil, postgres.Fault(err)
		}
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Record, error) {
			var r Record
			into, read := r.fields()
			if err := row.Scan(into...); err != nil {
				return nil, err
			}
			read(ctx, s.base)
			return &r, nil
		})
		return found, postgres.Fault(err)
	})
}
