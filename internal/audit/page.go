package audit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

// A Store finds events in Postgres. It is safe for concurrent use.
type Store struct {
	pools  *postgres.Pools
	logger *slog.Logger
}

// NewStore returns a store of the events there are.
func NewStore(pools *postgres.Pools, logger *slog.Logger) *Store { return &Store{pools, logger} }

var (
	pageEvents  = operation.New("page audit events")
	countEvents = operation.New("count audit events")
)

// A Filter says which events. What is nil does not matter.
type Filter struct {
	Actor         *string
	Action        *Action
	Pipeline      *string
	Since, Before *time.Time
	Within        []string // only what bears on no other pipelines than these, as patterns of SQL's like
}

// A Range is a stretch of the events, the newest first.
type Range struct {
	After, Before *Cursor // in that order, both excluded; nil where the stretch is open
	Limit         int
	FromEnd       bool // the last Limit of the stretch rather than the first, the last one first
}

// Page returns the events of a stretch that the filter lets through.
func (s *Store) Page(ctx context.Context, filter Filter, stretch Range) ([]*Event, error) {
	query, args, ok := filter.page(stretch)
	if !ok {
		return nil, nil
	}
	return operation.Value(ctx, pageEvents, s.logger, func(ctx context.Context) ([]*Event, error) {
		rows, err := s.pools.API.Query(ctx, query, args...)
		if err != nil {
			return nil, postgres.Fault(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Event])
		return found, postgres.Fault(err)
	})
}

// page returns the query of a page, and whether there may be anything on it.
func (f Filter) page(stretch Range) (query string, args []any, ok bool) {
	where, ok := f.conditions()
	if c := stretch.After; c != nil {
		where.add("(at, id) < ($%d, $%d)", c.At, c.ID)
	}
	if c := stretch.Before; c != nil {
		where.add("(at, id) > ($%d, $%d)", c.At, c.ID)
	}
	order := "at desc, id desc"
	if stretch.FromEnd {
		order = "at, id"
	}
	return fmt.Sprintf(`
		select id, at, actor, actor_kind, request_id, action, target, target_kind, pipeline, details from audit_events %s
		order by %s limit %d`, where.text(), order, stretch.Limit), where.args, ok
}

// Count returns how many events the filter lets through.
func (s *Store) Count(ctx context.Context, filter Filter) (int, error) {
	where, ok := filter.conditions()
	if !ok {
		return 0, nil
	}
	return operation.Value(ctx, countEvents, s.logger, func(ctx context.Context) (count int, err error) {
		err = s.pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, `select count(*) from audit_events `+where.text(), where.args...).Scan(&count)
		})
		return count, err
	})
}

// conditions are what rows have to meet, with the arguments in them.
type conditions struct {
	parts []string
	args  []any
}

// add adds a condition with a %d for the number of each argument.
func (c *conditions) add(condition string, args ...any) {
	numbers := make([]any, len(args))
	for i := range args {
		numbers[i] = len(c.args) + i + 1
	}
	c.parts, c.args = append(c.parts, fmt.Sprintf(condition, numbers...)), append(c.args, args...)
}

func (c *conditions) text() string {
	if len(c.parts) == 0 {
		return ""
	}
	return "where " + strings.Join(c.parts, " and ")
}

// conditions returns those of what is given alone, so that each has an index, and
// whether anything may meet them: Postgres has no text with U+0000.
func (f Filter) conditions() (c *conditions, ok bool) {
	c = &conditions{}
	for _, text := range []*string{f.Actor, f.Pipeline} {
		if text != nil && strings.ContainsRune(*text, 0) {
			return c, false
		}
	}
	if f.Actor != nil {
		c.add("actor = $%d", *f.Actor)
	}
	if f.Action != nil {
		c.add("action = $%d", *f.Action)
	}
	if f.Pipeline != nil {
		c.add("pipeline = $%d", *f.Pipeline)
	}
	if f.Since != nil {
		c.add("at >= $%d", *f.Since)
	}
	if f.Before != nil {
		c.add("at < $%d", *f.Before)
	}
	if f.Within != nil {
		c.add(postgres.Covered("reach", "$%d"), f.Within)
	}
	return c, true
}
