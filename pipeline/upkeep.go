package pipeline

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

// An Upkeep is what the current definition of a pipeline asks for of the records
// that are there already.
type Upkeep struct {
	Pipeline  string
	Ranges    []string // the attributes that are declared a range, in order
	Retention Retention
}

var findUpkeep = operation.New("find upkeep")

// Upkeep returns what each pipeline asks for that asks for something, by name.
func (s *Store) Upkeep(ctx context.Context) ([]Upkeep, error) {
	// A definition may be long, and most are not about this.
	const query = `
		select p.name, v.definition
		from pipelines p
		join pipeline_versions v on v.pipeline = p.name and v.version = p.version
		where v.definition like '%"range"%' or v.definition like '%"retention"%'
		order by p.name`
	return operation.Value(ctx, findUpkeep, s.logger, func(ctx context.Context) (found []Upkeep, err error) {
		rows, err := s.pools.Workers.Query(ctx, query)
		if err != nil {
			return nil, postgres.Fault(err)
		}
		var name, definition string
		_, err = pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
			asked, err := upkeep(name, definition)
			switch {
			case err != nil: // which must not keep the others from being looked after
				s.logger.WarnContext(ctx, "a definition cannot be read", "pipeline", name, "err", err)
			case len(asked.Ranges) > 0 || asked.Retention != (Retention{}):
				found = append(found, asked)
			}
			return nil
		})
		return found, postgres.Fault(err)
	})
}

// upkeep returns what a definition asks for.
func upkeep(name, definition string) (Upkeep, error) {
	asked := Upkeep{Pipeline: name}
	var parts struct {
		Attributes map[string]Attribute `json:"attributes"`
		Retention  Retention            `json:"retention"`
	}
	if err := json.Unmarshal([]byte(definition), &parts); err != nil {
		return asked, err
	}
	asked.Retention = parts.Retention
	for attribute, declared := range parts.Attributes {
		if declared.Range {
			asked.Ranges = append(asked.Ranges, attribute)
		}
	}
	slices.Sort(asked.Ranges)
	return asked, nil
}
