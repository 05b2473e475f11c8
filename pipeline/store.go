package pipeline

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

// A Store keeps pipelines in Postgres. It is safe for concurrent use.
type Store struct {
	pools  *postgres.Pools
	logger *slog.Logger
}

// NewStore returns a store in the database of the pools.
func NewStore(pools *postgres.Pools, logger *slog.Logger) *Store { return &Store{pools, logger} }

var (
	createPipeline = operation.New("create pipeline")
	setActive      = operation.New("set pipeline active")
	findPipelines  = operation.New("find pipelines")
	pagePipelines  = operation.New("page pipelines")
	countPipelines = operation.New("count pipelines")
)

const columns = `name, description, active, version, created_at, updated_at`

// Create makes a pipeline, or returns a *Refusal.
func (s *Store) Create(ctx context.Context, name string, description *string) (*Pipeline, error) {
	if refusal := validate(name, description); refusal != nil {
		return nil, refusal
	}
	const insert = `
		insert into pipelines (name, description) values ($1, $2)
		on conflict (name) do nothing
		returning ` + columns
	p, err := s.one(ctx, createPipeline, insert, name, description)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, Refuse(NameTaken, "there is a pipeline named %q already", name).At("input", "name")
	}
	return p, nil
}

// SetActive lets a pipeline take in payloads, or stops it, or returns a
// *Refusal when there is none of the name. What has been set already is not a
// change.
func (s *Store) SetActive(ctx context.Context, name string, active bool) (*Pipeline, error) {
	const update = `
		update pipelines
		set active = $2, updated_at = case when active = $2 then updated_at else now() end
		where name = $1
		returning ` + columns
	if !ValidName(name) {
		return nil, notFound(name)
	}
	p, err := s.one(ctx, setActive, update, name, active)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, notFound(name)
	}
	return p, nil
}

func notFound(name string) *Refusal {
	return Refuse(NotFound, "there is no pipeline named %.80q", name).At("input", "name")
}

// Find returns the pipelines that exist of those named, in no order.
func (s *Store) Find(ctx context.Context, names []string) ([]*Pipeline, error) {
	const query = `select ` + columns + ` from pipelines where name = any($1)`
	var valid []string
	for _, name := range names {
		if ValidName(name) {
			valid = append(valid, name)
		}
	}
	if len(valid) == 0 {
		return nil, nil
	}
	return s.many(ctx, findPipelines, query, valid)
}

// Page returns at most limit pipelines by name, of those whose name is between
// after and before, both excluded. With reverse they come from the end.
func (s *Store) Page(ctx context.Context, after, before *string, limit int, reverse bool) ([]*Pipeline, error) {
	const query = `
		select ` + columns + ` from pipelines
		where ($1::text is null or name > $1) and ($2::text is null or name < $2)
		order by `
	order := `name limit $3`
	if reverse {
		order = `name desc limit $3`
	}
	return s.many(ctx, pagePipelines, query+order, after, before, limit)
}

// Count returns how many pipelines there are.
func (s *Store) Count(ctx context.Context) (int, error) {
	return operation.Value(ctx, countPipelines, s.logger, func(ctx context.Context) (count int, err error) {
		err = s.pools.API.QueryRow(ctx, `select count(*) from pipelines`).Scan(&count)
		return count, postgres.Fault(err)
	})
}

// one runs an operation that is one statement, and returns its row, or nil if
// there is none.
func (s *Store) one(ctx context.Context, o *operation.Operation, statement string, args ...any) (*Pipeline, error) {
	found, err := s.many(ctx, o, statement, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// many runs an operation that is one statement, and returns its rows.
func (s *Store) many(ctx context.Context, o *operation.Operation, statement string, args ...any) ([]*Pipeline, error) {
	return operation.Value(ctx, o, s.logger, func(ctx context.Context) ([]*Pipeline, error) {
		rows, err := s.pools.API.Query(ctx, statement, args...)
		if err != nil {
			return nil, postgres.Fault(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Pipeline])
		return found, postgres.Fault(err)
	})
}
