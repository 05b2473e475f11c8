package records

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/pipeline"
)

// An Attempt is one at processing a record, that failed.
type Attempt struct {
	Number          int // from 1, over all replays
	PipelineVersion int
	Error           Error
}

// HistoryLimit is how many attempts of a record History returns.
const HistoryLimit = 100

var readHistory = operation.New("read history")

// History returns the last attempts that failed of records within reach, by
// record, the oldest first.
func (s *Store) History(ctx context.Context, reach pipeline.Reach, keys []Key) (map[Key][]Attempt, error) {
	const query = `
		select a.* from unnest($1::text[], $2::text[]) as k (pipeline, payload_id)
		cross join lateral (
			select pipeline, payload_id, number, pipeline_version, error_code, error_message, ended_at from record_attempts
			where pipeline = k.pipeline and payload_id = k.payload_id
			order by number desc
			limit $3
		) a
		order by a.pipeline, a.payload_id, a.number`
	return operation.Value(ctx, readHistory, s.base.Logger, func(ctx context.Context) (map[Key][]Attempt, error) {
		pipelines, ids := apart(sought(reach, keys))
		rows, err := s.base.Pools.API.Query(ctx, query, pipelines, ids, HistoryLimit)
		if err != nil {
			return nil, postgres.Fault(fmt.Errorf("read history: %w", err))
		}
		found := map[Key][]Attempt{}
		var (
			key Key
			a   Attempt
		)
		_, err = pgx.ForEachRow(rows, []any{
			&key.Pipeline, &key.PayloadID, &a.Number, &a.PipelineVersion, &a.Error.Code, &a.Error.Message, &a.Error.At,
		}, func() error {
			found[key] = append(found[key], a)
			return nil
		})
		return found, postgres.Fault(err)
	})
}
