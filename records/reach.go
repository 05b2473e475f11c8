package records

import (
	"fmt"
	"strings"

	"barograph/pipeline"
)

// Whoever is narrowed to some pipelines is so by every statement: what one is
// about by name is sought by the name of no pipeline where it is out of reach, and
// what is about any is joined to the pipelines within reach. Of those there are
// few, so that no statement reads what all others have taken in.

// sought returns those of the keys that there can be records of, by names that no
// pipeline has where they are out of reach.
func sought(reach pipeline.Reach, keys []Key) (found []Key) {
	for _, k := range keys {
		if k.valid() {
			found = append(found, Key{reach.Only(k.Pipeline), k.PayloadID})
		}
	}
	return found
}

// apiece is how pipelines p are joined to their records: one by one, since no
// statistics tell how many there are of those within reach. As a range of names,
// which changes nothing else, Postgres believes that to be few, and takes an index.
const apiece = `r.pipeline >= p.name and r.pipeline <= p.name`

// text returns what follows the columns of r in a statement about all records that
// meet the conditions.
func (c *conditions) text() string {
	if c.reach == "" {
		return " from records r" + where(c.parts)
	}
	join := apiece
	if c.indexed {
		join = `r.pipeline = p.name`
	}
	return " from pipelines p join records r on " + join + where(append([]string{c.reach}, c.parts...))
}

// stretch returns the same for the first ones in the order by time.
func (c *conditions) stretch(direction string, limit int) string {
	if c.reach == "" || c.indexed {
		return c.text() + fmt.Sprintf(" order by %s limit %d", c.order(direction), limit)
	}
	// Each pipeline's first ones, in which are the first ones of all.
	each := "select * from records r" + where(append([]string{apiece}, c.parts...)) +
		fmt.Sprintf(" order by r.pipeline%[1]s, r.received_at%[1]s, r.position%[1]s limit %[2]d", direction, limit)
	return " from pipelines p cross join lateral (" + each + ") r where " + c.reach + fmt.Sprintf(" order by %s limit %d", c.order(direction), limit)
}

func where(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return " where " + strings.Join(parts, " and ")
}
