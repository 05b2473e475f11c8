package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"barograph/internal/audit"
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
	updatePipeline = operation.New("update pipeline")
	setActive      = operation.New("set pipeline active")
	findPipelines  = operation.New("find pipelines")
	pagePipelines  = operation.New("page pipelines")
	countPipelines = operation.New("count pipelines")
)

// columns are those of a Pipeline, of pipelines p with their current versions v.
const (
	columns = `p.name, p.description, p.active, p.version, v.definition, p.created_at, p.updated_at`
	joined  = ` p join pipeline_versions v on v.pipeline = p.name and v.version = p.version `
)

// Create makes a pipeline without rules of its own, or returns a *Refusal.
func (s *Store) Create(ctx context.Context, name string, description *string) (*Pipeline, error) {
	return s.create(ctx, name, description, nil)
}

// emptyDefinition is that of a pipeline without rules of its own.
const emptyDefinition = `{}`

// create makes a pipeline with a definition that has been compiled.
func (s *Store) create(ctx context.Context, name string, description *string, definition json.RawMessage) (*Pipeline, error) {
	if refusal := validate(name, description); refusal != nil {
		return nil, refusal
	}
	if definition == nil {
		definition = json.RawMessage(emptyDefinition)
	}
	const insert = `
		with p as (
			insert into pipelines (name, description) values ($1, $2)
			on conflict (name) do nothing
			returning name, description, active, version, created_at, updated_at
		), v as (
			insert into pipeline_versions (pipeline, version, definition)
			select name, version, $3 from p
			returning definition
		)
		select ` + columns + `, '{}'::jsonb from p, v`
	p, err := s.change(ctx, createPipeline, audit.CreatePipeline, insert, name, description, string(definition))
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, Refuse(NameTaken, "there is a pipeline named %q already", name).At("input", "name")
	}
	return p, nil
}

// A Change says what becomes of a pipeline. What is nil stays.
type Change struct {
	Name            string
	Description     *string
	Definition      json.RawMessage
	ExpectedVersion *int // the change is refused when the current one is another
}

// update changes a pipeline within reach to a definition that has been compiled.
func (s *Store) update(ctx context.Context, reach Reach, change Change) (*Pipeline, error) {
	if refusal := validate(change.Name, change.Description); refusal != nil {
		if refusal.Code == NameInvalid {
			return nil, notFound(change.Name)
		}
		return nil, refusal
	}
	var definition *string
	if change.Definition != nil {
		text := string(change.Definition)
		definition = &text
	}
	// The update's row lock makes one version after the other. A definition that
	// is the current one makes none, so that a change may be sent again.
	const update = `
		with p as (
			update pipelines set
				description = coalesce($2, description),
				version = version + case when $3::text is null or $3 = (
					select definition from pipeline_versions where pipeline = name and pipeline_versions.version = pipelines.version
				) then 0 else 1 end,
				updated_at = now()
			from (select description as description_before, version as version_before from pipelines where name = $1 for update) b
			where name = $1 and ($4::integer is null or version = $4)
			returning name, description, active, version, created_at, updated_at, description_before, version_before
		), made as (
			insert into pipeline_versions (pipeline, version, definition)
			select name, version, $3 from p where $3::text is not null
			on conflict (pipeline, version) do nothing
		)
		select p.name, p.description, p.active, p.version,
			coalesce($3, (select definition from pipeline_versions where pipeline = p.name and version = p.version)),
			p.created_at, p.updated_at,
			case when version <> version_before or description is distinct from description_before then jsonb_build_object(
				'fromVersion', version_before, 'toVersion', version, 'description', description is distinct from description_before
			) end
		from p`
	p, err := s.change(ctx, updatePipeline, audit.UpdatePipeline, update, reach.Only(change.Name), change.Description, definition, change.ExpectedVersion)
	if err != nil || p != nil {
		return p, err
	}
	found, err := s.Find(ctx, reach, []string{change.Name})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, notFound(change.Name)
	}
	return nil, Refuse(VersionConflict, "the pipeline has version %d by now", found[0].Version).At("input", "expectedVersion")
}

// SetActive lets a pipeline take in payloads, or stops it, or returns a
// *Refusal when there is none of the name within reach. What has been set already
// is not a change.
func (s *Store) SetActive(ctx context.Context, reach Reach, name string, active bool) (*Pipeline, error) {
	const update = `
		with changed as (
			update pipelines
			set active = $2, updated_at = case when active = $2 then updated_at else now() end
			from (select active as active_before from pipelines where name = $1 for update) b
			where name = $1
			returning name, description, active, version, created_at, updated_at, active_before
		)
		select ` + columns + `, case when active <> active_before then '{}'::jsonb end from changed` + joined
	if !ValidName(name) {
		return nil, notFound(name)
	}
	action := audit.DeactivatePipeline
	if active {
		action = audit.ActivatePipeline
	}
	p, err := s.change(ctx, setActive, action, update, reach.Only(name), active)
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

// Find returns the pipelines within reach that exist of those named, in no order.
func (s *Store) Find(ctx context.Context, reach Reach, names []string) ([]*Pipeline, error) {
	const query = `select ` + columns + ` from pipelines` + joined + `where p.name = any($1)`
	var valid []string
	for _, name := range names {
		if ValidName(name) {
			valid = append(valid, reach.Only(name))
		}
	}
	if len(valid) == 0 {
		return nil, nil
	}
	return s.many(ctx, findPipelines, query, valid)
}

// Page returns at most limit pipelines within reach by name, of those whose name
// is between after and before, both excluded. With reverse they come from the end.
func (s *Store) Page(ctx context.Context, reach Reach, after, before *string, limit int, reverse bool) ([]*Pipeline, error) {
	const query = `
		select ` + columns + ` from pipelines` + joined + `
		where ($1::text is null or p.name > $1) and ($2::text is null or p.name < $2)
			and ($3::text[] is null or p.name like any($3))
		order by `
	order := `p.name limit $4`
	if reverse {
		order = `p.name desc limit $4`
	}
	return s.many(ctx, pagePipelines, query+order, after, before, reach.Like(), limit)
}

// Count returns how many pipelines there are within reach.
func (s *Store) Count(ctx context.Context, reach Reach) (int, error) {
	const query = `select count(*) from pipelines where $1::text[] is null or name like any($1)`
	return operation.Value(ctx, countPipelines, s.logger, func(ctx context.Context) (count int, err error) {
		err = s.pools.API.QueryRow(ctx, query, reach.Like()).Scan(&count)
		return count, postgres.Fault(err)
	})
}

// A changed pipeline is one with what there is to write down of the change.
type changed struct {
	Pipeline
	Details json.RawMessage // nil where nothing is another than before
}

// change runs an operation that is one statement, which changes a pipeline, and
// writes down what that did. It returns the row, or nil if there is none.
func (s *Store) change(ctx context.Context, o *operation.Operation, action audit.Action, statement string, args ...any) (*Pipeline, error) {
	return operation.Value(ctx, o, s.logger, func(ctx context.Context) (made *Pipeline, err error) {
		err = pgx.BeginFunc(ctx, s.pools.API, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, statement, args...)
			if err != nil {
				return err
			}
			found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[changed])
			if err != nil || len(found) == 0 {
				return err
			}
			made = &found[0].Pipeline
			if found[0].Details == nil {
				return nil
			}
			return audit.Write(ctx, tx, audit.ToPipeline(action, made.Name, found[0].Details))
		})
		if err != nil {
			return nil, postgres.Fault(err)
		}
		return made, nil
	})
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
