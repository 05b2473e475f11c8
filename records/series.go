package records

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/pipeline"
)

// A Bucket is a stretch of time, and what became of the records that were taken
// in during it.
type Bucket struct {
	Since, Until time.Time

	Received  int
	Processed int
	Skipped   int
	Dead      int
	Latency   *float64 // on average, from taking in to having processed, in milliseconds; nil for none
}

// BucketLimit is how many buckets a series may have.
const BucketLimit = 1000

var readSeries = operation.New("read pipeline series")

// Series returns the last n buckets of a width that is whole seconds, the last
// of them that which now is in. They begin at multiples of the width since 1970,
// so that a bucket stays the same from one call to the next. None is left out. Those
// of a pipeline that is out of reach are as of one without records.
func (s *Store) Series(ctx context.Context, reach pipeline.Reach, name string, n int, width time.Duration, now time.Time) ([]Bucket, error) {
	const query = `
		select floor(extract(epoch from received_at - $2) / $4)::integer, ` + outcomes + `, avg(` + latency + `)
		from records
		where pipeline = $1 and received_at >= $2 and received_at < $3
		group by 1`
	seconds := int64(width / time.Second)
	start := time.Unix((now.Unix()/seconds+1-int64(n))*seconds, 0).UTC()
	buckets := make([]Bucket, n)
	for i := range buckets {
		since := start.Add(time.Duration(i) * width)
		buckets[i] = Bucket{Since: since, Until: since.Add(width)}
	}
	return operation.Value(ctx, readSeries, s.base.Logger, func(ctx context.Context) ([]Bucket, error) {
		return buckets, s.base.Pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, query, reach.Only(name), start, buckets[n-1].Until, seconds)
			if err != nil {
				return err
			}
			var (
				i     int
				found Bucket
			)
			_, err = pgx.ForEachRow(rows, []any{&i, &found.Received, &found.Processed, &found.Skipped, &found.Dead, &found.Latency}, func() error {
				found.Since, found.Until = buckets[i].Since, buckets[i].Until
				buckets[i] = found
				found = Bucket{}
				return nil
			})
			return err
		})
	})
}
