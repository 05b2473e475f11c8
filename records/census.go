package records

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"barograph/internal/postgres"
	"barograph/internal/seal"
)

// A Census says what is sealed by which key.
type Census struct {
	Key     seal.KeyID    // by which the database's known text is sealed
	Since   time.Duration // for how long it is
	Records map[seal.KeyID]int64
}

// TakeCensus counts the records that each key sealed, or a part of which it did.
// It reads them all. A database that has nothing sealed has a census of zero.
func TakeCensus(ctx context.Context, pools *postgres.Pools) (c Census, err error) {
	const (
		check = `select sealed, extract(epoch from clock_timestamp() - sealed_at)::float8 from seal_check`
		count = `
			select key, count(*) from (
				select substring(payload for 5) as key from records
				union all
				select substring(result for 5) from records where substring(result for 5) <> substring(payload for 5)
			) k
			group by key`
	)
	const noSuchTable = "42P01" // in a database of an earlier version
	var text []byte
	var seconds float64
	err = pools.API.QueryRow(ctx, check).Scan(&text, &seconds)
	var server *pgconn.PgError
	if errors.Is(err, pgx.ErrNoRows) || errors.As(err, &server) && server.Code == noSuchTable {
		return c, nil
	}
	if err != nil {
		return c, postgres.Fault(err)
	}
	c.Key, _ = seal.KeyOf(text)
	c.Since = time.Duration(seconds * float64(time.Second))
	c.Records = map[seal.KeyID]int64{}
	rows, err := pools.API.Query(ctx, count)
	if err != nil {
		return c, postgres.Fault(err)
	}
	var prefix []byte
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&prefix, &n}, func() error {
		if id, is := seal.KeyOf(prefix); is {
			c.Records[id] += n
		}
		return nil
	})
	return c, postgres.Fault(err)
}
