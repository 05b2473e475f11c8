package records

import (
	"context"
	"fmt"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

var countBacklog = operation.New("count backlog")

// unfinished are the records that are not finished. Each part has a partial index
// of its own, which Postgres uses only where it is asked for just that part.
const unfinished = `(
			select pipeline, state, received_at from records where state in ('QUEUED', 'RETRYING') and ordering_key is null
			union all
			select pipeline, state, received_at from records where state in ('QUEUED', 'RETRYING', 'PROCESSING') and ordering_key is not null
			union all
			select pipeline, state, received_at from records where state = 'PROCESSING' and ordering_key is null
		) unfinished`

// Backlog returns how many records are not finished, or the limit if there are
// more.
func (q *Queue) Backlog(ctx context.Context, limit int) (int, error) {
	const query = `select count(*) from (select from ` + unfinished + ` limit $1) counted` // no more is read than is counted
	return operation.Value(ctx, countBacklog, q.base.Logger, func(ctx context.Context) (n int, err error) {
		if err := q.base.Pools.Workers.QueryRow(ctx, query, limit).Scan(&n); err != nil {
			return 0, postgres.Fault(fmt.Errorf("count the records that wait: %w", err))
		}
		return n, nil
	})
}
