package records

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

const indexPrefix = "records_range_"

// A rangeIndex is the index of one attribute of one pipeline's records.
type rangeIndex struct{ pipeline, attribute string }

// name returns the index's name, which says nothing and is never too long. It
// changes with what is indexed, so that another expression is another index.
func (i rangeIndex) name() string {
	sum := sha256.Sum256([]byte(i.statement("records")))
	return fmt.Sprintf("%s%x", indexPrefix, sum[:16])
}

// statement returns what makes the index under a name.
func (i rangeIndex) statement(name string) string {
	number, pipeline := numberIn("attributes", literal(i.attribute)+"::text"), literal(i.pipeline)
	return `create index concurrently ` + pgx.Identifier{name}.Sanitize() + ` on records (` + number + `, received_at, position)` +
		` where pipeline >= ` + pipeline + ` and pipeline <= ` + pipeline + ` and ` + number + ` is not null`
}

// literal returns text as a string of SQL, whatever is in it.
func literal(text string) string {
	quoted := `'` + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `'`, `''`) + `'`
	if strings.Contains(text, `\`) {
		return ` E` + quoted
	}
	return quoted
}

// rangeIndexes returns the indexes there are, and whether each is whole: one that
// could not be completed stays behind.
func rangeIndexes(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	const query = `
		select c.relname::text, i.indisvalid and i.indisready
		from pg_index i join pg_class c on c.oid = i.indexrelid
		where i.indrelid = 'records'::regclass and starts_with(c.relname::text, $1)`
	there := map[string]bool{}
	rows, err := conn.Query(ctx, query, indexPrefix)
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
