package records

import (
	"context"
	"fmt"
	"slices"
	"strings"
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

// A Filter says which records: those that meet every condition given.
type Filter struct {
	Pipelines      []string // in every one of these pipelines, so two names match none
	States         []State  // in one of these states
	CityIDs        []int64  // of every one of these cities, so two match none
	ReceivedSince  *time.Time
	ReceivedBefore *time.Time
}

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

// Find returns the records that exist of those named, in no order.
func (s *Store) Find(ctx context.Context, keys []Key) ([]*Record, error) {
	const query = `
		select ` + columns + `
		from unnest($1::text[], $2::text[]) as k (pipeline, payload_id)
		join records r on r.pipeline = k.pipeline and r.payload_id = k.payload_id`
	var pipelines, ids []string
	for _, k := range keys {
		if k.valid() {
			pipelines, ids = append(pipelines, k.Pipeline), append(ids, k.PayloadID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.collect(ctx, findRecords, query, pipelines, ids)
}

// Page returns the records of a stretch that the filter lets through.
func (s *Store) Page(ctx context.Context, filter Filter, stretch Range) ([]*Record, error) {
	where, ok := filter.conditions()
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
	query := `select ` + columns + ` from records r` + where.text() +
		` order by r.received_at` + direction + `, r.position` + direction +
		fmt.Sprintf(` limit %d`, stretch.Limit)
	return s.collect(ctx, pageRecords, query, where.args...)
}

// Count returns how many records the filter lets through.
func (s *Store) Count(ctx context.Context, filter Filter) (int, error) {
	where, ok := filter.conditions()
	if !ok {
		return 0, nil
	}
	return operation.Value(ctx, countRecords, s.base.Logger, func(ctx context.Context) (count int, err error) {
		err = s.base.Pools.Analytics.QueryRow(ctx, `select count(*) from records r`+where.text(), where.args...).Scan(&count)
		return count, postgres.Fault(err)
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

// conditions are parts of a where clause and their arguments.
type conditions struct {
	parts []string
	args  []any
}

// conditions returns the filter's, and false if no record can meet them.
func (f Filter) conditions() (*conditions, bool) { return f.conditionsFrom() }

// conditionsFrom returns them behind other arguments of the statement.
func (f Filter) conditionsFrom(args ...any) (*conditions, bool) {
	c := &conditions{args: args}
	if !agree(f.Pipelines) || !agree(f.CityIDs) {
		return nil, false
	}
	if len(f.Pipelines) > 0 {
		if !pipeline.ValidName(f.Pipelines[0]) {
			return nil, false
		}
		c.add("r.pipeline = $%d", f.Pipelines[0])
	}
	if len(f.CityIDs) > 0 {
		c.add("r.city_id = $%d", f.CityIDs[0])
	}
	if len(f.States) > 0 {
		c.add("r.state = any($%d)", f.States)
	}
	if f.ReceivedSince != nil {
		c.add("r.received_at >= $%d", *f.ReceivedSince)
	}
	if f.ReceivedBefore != nil {
		c.add("r.received_at < $%d", *f.ReceivedBefore)
	}
	return c, true
}

// agree reports whether a record can have every one of the values at once.
func agree[T comparable](values []T) bool {
	return !slices.ContainsFunc(values, func(v T) bool { return v != values[0] })
}

func (c *conditions) add(format string, arg any) {
	c.args = append(c.args, arg)
	c.parts = append(c.parts, fmt.Sprintf(format, len(c.args)))
}

func (c *conditions) addCursor(operator string, cursor *Cursor) {
	if cursor == nil {
		return
	}
	c.args = append(c.args, cursor.ReceivedAt, cursor.Position)
	c.parts = append(c.parts, fmt.Sprintf("(r.received_at, r.position) %s ($%d, $%d)", operator, len(c.args)-1, len(c.args)))
}

func (c *conditions) text() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " where " + strings.Join(c.parts, " and ")
}
