package apikey

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/auth"
	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/pipeline"
)

var (
	findKeys  = operation.New("find API keys")
	pageKeys  = operation.New("page API keys")
	countKeys = operation.New("count API keys")
)

// columns are those that scan reads, of API keys k.
const columns = `k.id, k.name, k.scopes, k.pipelines, k.created_at, k.created_by, k.expires_at, k.last_used_at, k.revoked_at, k.revoked_by`

// within returns the condition that a key reaches no pipeline that a reach does
// not, whose patterns are the numbered argument: null for all.
func within(argument int) string {
	return fmt.Sprintf(`($%d::text[] is null or %s)`, argument, postgres.Covered("k.pipelines", fmt.Sprintf("$%d", argument)))
}

// scan reads a key.
func scan(row pgx.CollectableRow) (*Key, error) { return scanWith(row) }

// scanWith reads a key, and more that stands behind its columns. What this version
// cannot read allows nothing.
func scanWith(row pgx.CollectableRow, more ...any) (*Key, error) {
	var (
		k                Key
		scopes, patterns []string
	)
	into := []any{&k.ID, &k.Name, &scopes, &patterns, &k.CreatedAt, &k.CreatedBy, &k.ExpiresAt, &k.LastUsedAt, &k.RevokedAt, &k.RevokedBy}
	if err := row.Scan(append(into, more...)...); err != nil {
		return nil, err
	}
	for _, name := range scopes {
		scope, _ := auth.ParseScope(name)
		k.Scopes |= scope
	}
	reach, err := pipeline.ParseReach(patterns)
	if err != nil {
		k.Scopes = 0 // rather than in all pipelines
	}
	k.Reach = reach
	return &k, nil
}

// Find returns the keys that exist of those with the ids, in no order: those that
// reach no pipeline that the reach does not.
func (s *Store) Find(ctx context.Context, reach pipeline.Reach, ids []string) ([]*Key, error) {
	query := `select ` + columns + ` from api_keys k where k.id = any($1) and ` + within(2)
	var valid []string
	for _, id := range ids {
		if validID(id) {
			valid = append(valid, id)
		}
	}
	if len(valid) == 0 {
		return nil, nil
	}
	return s.collect(ctx, findKeys, query, valid, reach.Like())
}

// A Filter says which keys.
type Filter struct {
	Reach  pipeline.Reach // only those that reach no other pipelines
	Active *bool          // that can be used, or cannot, by Now; nil for both
	Now    time.Time
}

// A Range is a stretch of the keys, the newest first.
type Range struct {
	After, Before *Cursor // in that order, both excluded; nil where the stretch is open
	Limit         int
	FromEnd       bool // the last Limit of the stretch rather than the first, the last one first
}

// Page returns the keys of a stretch that the filter lets through.
func (s *Store) Page(ctx context.Context, filter Filter, stretch Range) ([]*Key, error) {
	where, args := filter.conditions()
	if c := stretch.After; c != nil {
		where, args = append(where, fmt.Sprintf("(k.created_at, k.id) < ($%d, $%d)", len(args)+1, len(args)+2)), append(args, c.CreatedAt, c.ID)
	}
	if c := stretch.Before; c != nil {
		where, args = append(where, fmt.Sprintf("(k.created_at, k.id) > ($%d, $%d)", len(args)+1, len(args)+2)), append(args, c.CreatedAt, c.ID)
	}
	order := "k.created_at desc, k.id desc"
	if stretch.FromEnd {
		order = "k.created_at, k.id"
	}
	query := fmt.Sprintf(`select %s from api_keys k where %s order by %s limit %d`, columns, strings.Join(where, " and "), order, stretch.Limit)
	return s.collect(ctx, pageKeys, query, args...)
}

// Count returns how many keys the filter lets through.
func (s *Store) Count(ctx context.Context, filter Filter) (int, error) {
	where, args := filter.conditions()
	return operation.Value(ctx, countKeys, s.logger, func(ctx context.Context) (count int, err error) {
		err = s.pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, `select count(*) from api_keys k where `+strings.Join(where, " and "), args...).Scan(&count)
		})
		return count, err
	})
}

func (f Filter) conditions() (where []string, args []any) {
	where, args = []string{within(1)}, []any{f.Reach.Like()}
	if f.Active != nil {
		where = append(where, `(k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)) = $3`)
		args = append(args, f.Now, *f.Active)
	}
	return where, args
}

// collect runs an operation that is one query for keys.
func (s *Store) collect(ctx context.Context, o *operation.Operation, query string, args ...any) ([]*Key, error) {
	return operation.Value(ctx, o, s.logger, func(ctx context.Context) ([]*Key, error) {
		rows, err := s.pools.API.Query(ctx, query, args...)
		if err != nil {
			return nil, postgres.Fault(err)
		}
		found, err := pgx.CollectRows(rows, scan)
		return found, postgres.Fault(err)
	})
}
