package pipeline

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

var (
	findDefinition = operation.New("find definition")
	findVersion    = operation.New("find version")
)

// Definition returns the definition that a version of a pipeline has, or a
// *Refusal where there is none.
func (s *Store) Definition(ctx context.Context, name string, version int) (json.RawMessage, error) {
	const query = `select definition from pipeline_versions where pipeline = $1 and version = $2`
	text, err := operation.Value(ctx, findDefinition, s.logger, func(ctx context.Context) (text *string, err error) {
		err = s.pools.API.QueryRow(ctx, query, name, version).Scan(&text)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil
		}
		return text, postgres.Fault(err)
	})
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, notFound(name)
	}
	return json.RawMessage(*text), nil
}

// version returns the current version of a pipeline, or a *Refusal where there is
// none within reach.
func (s *Store) version(ctx context.Context, reach Reach, name string) (int, error) {
	const query = `select version from pipelines where name = $1`
	version, err := operation.Value(ctx, findVersion, s.logger, func(ctx context.Context) (version int, err error) {
		err = s.pools.API.QueryRow(ctx, query, reach.Only(name)).Scan(&version)
		if errors.Is(err, pgx.ErrNoRows) {
			return 0, nil
		}
		return version, postgres.Fault(err)
	})
	if err == nil && version == 0 {
		return 0, notFound(name)
	}
	return version, err
}
