package records

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/pipeline"
)

// A Filter says which records: those that meet every condition given.
type Filter struct {
	Pipelines      []string // in every one of these pipelines, so two names match none
	States         []State  // in one of these states
	CityIDs        []int64  // of every one of these cities, so two match none
	ReceivedSince  *time.Time
	ReceivedBefore *time.Time
	Attributes     []Match // all of which it meets
}

// conditions are parts of a where clause and their arguments.
type conditions struct {
	parts    []string
	args     []any
	pipeline bool   // they are about one pipeline
	reach    string // the condition on the names of pipelines; "" where none is needed
	indexed  bool   // of all pipelines' records, an index knows those that meet one of them
	varied   bool   // how best to meet them depends on the values
}

// conditions returns the filter's, of records within reach, behind other arguments
// of the statement, and false if no record can meet them.
func (f Filter) conditions(reach pipeline.Reach, args ...any) (*conditions, bool) {
	c := &conditions{args: args}
	if !agree(f.Pipelines) || !agree(f.CityIDs) {
		return nil, false
	}
	if len(f.Pipelines) > 0 {
		if !pipeline.ValidName(f.Pipelines[0]) {
			return nil, false
		}
		c.pipeline = true
		c.add("r.pipeline >= $%[1]d and r.pipeline <= $%[1]d", reach.Only(f.Pipelines[0]))
	} else if !reach.Everything() {
		c.reach = fmt.Sprintf("p.name like any($%d)", c.arg(reach.Like()))
	}
	if len(f.CityIDs) > 0 {
		c.indexed = true
		c.add("r.city_id = $%d", f.CityIDs[0])
	}
	if len(f.States) > 0 {
		c.varied = true
		c.add("r.state = any($%d)", f.States)
	}
	if f.ReceivedSince != nil {
		c.add("r.received_at >= $%d", *f.ReceivedSince)
	}
	if f.ReceivedBefore != nil {
		c.add("r.received_at < $%d", *f.ReceivedBefore)
	}
	for _, m := range f.Attributes {
		c.varied, c.indexed = true, true
		m.conditions(c)
	}
	return c, true
}

// agree reports whether a record can have every one of the values at once.
func agree[T comparable](values []T) bool {
	return !slices.ContainsFunc(values, func(v T) bool { return v != values[0] })
}

func (c *conditions) add(format string, arg any) {
	c.parts = append(c.parts, fmt.Sprintf(format, c.arg(arg)))
}

// arg adds an argument and returns its number.
func (c *conditions) arg(value any) int {
	c.args = append(c.args, value)
	return len(c.args)
}

func (c *conditions) addCursor(operator string, cursor *Cursor) {
	if cursor == nil {
		return
	}
	c.args = append(c.args, cursor.ReceivedAt, cursor.Position)
	c.parts = append(c.parts, fmt.Sprintf("(r.received_at, r.position) %s ($%d, $%d)", operator, len(c.args)-1, len(c.args)))
}

// order returns the columns of the order by time, in a direction.
//
// Of one pipeline's records, the pipeline comes first. That changes nothing but
// which index has the order: with an equality, Postgres would know as much, take
// the one of all pipelines' records for cheaper where there are few pipelines, and
// read all that others have taken in since this one did.
func (c *conditions) order(direction string) string {
	columns := []string{"r.received_at", "r.position"}
	if c.pipeline {
		columns = append([]string{"r.pipeline"}, columns...)
	}
	return strings.Join(columns, direction+", ") + direction
}

// planned returns the arguments, for a statement that is planned each time where
// the values matter: a plan for any value would know neither how rare this one is
// nor that an index for one pipeline, or for the dead, serves.
func (c *conditions) planned() []any {
	if !c.varied {
		return c.args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, c.args...)
}
