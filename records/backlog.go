package records

import (
	"context"
	"fmt"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

var countBacklog = operation.New("count backlog")

// Backlog returns how many records are not finished, or the limit if there are
// more.
func (q *Queue) Backlog(ctx context.Context, limit int) (int, error) {
	// Each part has an index of its own, of which no more is read than is counted.
	const query = `
		select count(*) from (
			(select from records where state in ('QUEUED', 'RETRYING') and ordering_key is null limit $1)
			union all
			(select from records where state in ('QUEUED', 'RETRYING', 'PROCESSING') and ordering_key is not null limit $1)
			union all
			(select from records where state = 'PROCESSING' and ordering_key is null limit $1)
			limit $1
		) unfinished`
	return operation.Value(ctx, countBacklog, q.base.Logger, func(ctx context.Context) (n int, err error) {
		if err := q.base.Pools.Workers.QueryRow(ctx, query, limit).Scan(&n); err != nil {
			return 0, postgres.Fault(fmt.Errorf("count the records that wait: %w", err))
		}
		return n, nil
	})
}
