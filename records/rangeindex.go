package records

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// An aid is an object of the database that ranges need to be found fast: an
// index, or statistics.
type aid struct {
	name string
	make string // the statement
}

const (
	indexPrefix  = "records_range_"
	spreadPrefix = "records_spread_"
)

// rangeAids returns what an attribute that a pipeline declares a range needs: an
// index of its own, and to know how its values are spread, which Postgres does
// not learn from an index of a part of the table, and would guess at.
func rangeAids(pipeline, attribute string) (index, statistics aid) {
	number := numberIn("attributes", literal(attribute)+"::text")
	one := `pipeline >= ` + literal(pipeline) + ` and pipeline <= ` + literal(pipeline) // as filters say it, or the index is not for them
	on := ` on records (` + number + `, received_at, position) where ` + one + ` and ` + number + ` is not null`
	spread := ` on ` + number + ` from records` // of all pipelines' records: there is one for each attribute
	index.name, statistics.name = named(indexPrefix, on), named(spreadPrefix, spread)
	index.make = `create index concurrently ` + index.name + on
	statistics.make = `create statistics ` + statistics.name + spread
	return index, statistics
}

// named returns a name that changes with what is made, so that another expression
// is another object, and is never too long.
func named(prefix, what string) string {
	sum := sha256.Sum256([]byte(what))
	return fmt.Sprintf("%s%x", prefix, sum[:16])
}

// removal returns the statement that drops an aid.
func removal(name string) string {
	what := `statistics`
	if strings.HasPrefix(name, indexPrefix) {
		what = `index concurrently`
	}
	return `drop ` + what + ` if exists ` + pgx.Identifier{name}.Sanitize()
}

// literal returns text as a string of SQL, whatever is in it.
func literal(text string) string {
	quoted := `'` + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `'`, `''`) + `'`
	if strings.Contains(text, `\`) {
		return ` E` + quoted
	}
	return quoted
}

// aids returns the names of those there are, and whether each is whole: an index
// that could not be completed stays behind.
func aids(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	const query = `
		select c.relname::text, i.indisvalid and i.indisready
		from pg_index i join pg_class c on c.oid = i.indexrelid
		where i.indrelid = 'records'::regclass and starts_with(c.relname::text, $1)
		union all
		select stxname::text, true from pg_statistic_ext
		where stxrelid = 'records'::regclass and starts_with(stxname::text, $2)`
	there := map[string]bool{}
	rows, err := conn.Query(ctx, query, indexPrefix, spreadPrefix)
	if err != nil {
		return nil, fmt.Errorf("list indexes: %w", err)
	}
	var (
		name  string
		whole bool
	)
	if _, err := pgx.ForEachRow(rows, []any{&name, &whole}, func() error { there[name] = whole; return nil }); err != nil {
		return nil, fmt.Errorf("list indexes: %w", err)
	}
	return there, nil
}
