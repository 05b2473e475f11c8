package records

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/pipeline"
)

// A Group is the records that have the same value of an attribute, and how the
// numbers are spread that another attribute of theirs is.
type Group struct {
	Value   json.RawMessage // nil for those without the attribute
	Count   int
	Numbers Distribution
}

// Groups are the largest groups first.
type Groups struct {
	Groups         []Group
	OmittedGroups  int // the others
	OmittedRecords int // which are in those
}

// GroupLimit is how many groups there may be in an answer.
const GroupLimit = 1000

var groupRecords = operation.New("group records")

// Group returns at most limit groups of the records within reach that the filter
// lets through, by an attribute, or one group of all without one; and how the
// attribute of is spread in each.
func (s *Store) Group(ctx context.Context, reach pipeline.Reach, filter Filter, by *string, of string, limit int) (*Groups, error) {
	where, ok := filter.conditions(reach)
	if !ok {
		return &Groups{}, nil
	}
	where.varied = true
	value := "null::jsonb"
	if by != nil {
		value = "r.attributes -> $" + strconv.Itoa(where.arg(*by)) + "::text"
	}
	number := numberIn("r.attributes", "$"+strconv.Itoa(where.arg(of))+"::text")
	query := fmt.Sprintf(`
		select value, records, (count(*) over ())::bigint, (sum(records) over ())::bigint, numbers, smallest, largest, average, percentiles
		from (
			select value, count(*), %s
			from (select %s as value, %s as n%s offset 0) r -- which keeps n from being computed for each use
			group by value
		) g (value, records, numbers, smallest, largest, average, percentiles)
		order by records desc, value
		limit %d`, spread, value, number, where.text(), limit)
	return operation.Value(ctx, groupRecords, s.base.Logger, func(ctx context.Context) (*Groups, error) {
		found := &Groups{}
		err := s.base.Pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, query, where.planned()...)
			if err != nil {
				return err
			}
			var numbers spreading
			var g Group
			fields := append([]any{(*[]byte)(&g.Value), &g.Count, &found.OmittedGroups, &found.OmittedRecords}, numbers.fields()...)
			_, err = pgx.ForEachRow(rows, fields, func() (err error) {
				if g.Numbers, err = numbers.distribution(); err != nil {
					return err
				}
				found.Groups = append(found.Groups, g)
				g.Value, numbers = nil, spreading{}
				return nil
			})
			return err
		})
		for _, g := range found.Groups {
			found.OmittedRecords -= g.Count
		}
		found.OmittedGroups -= len(found.Groups)
		return found, err
	})
}
