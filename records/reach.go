package records

import (
	"fmt"
	"strings"

	"barograph/pipeline"
)

// Whoever is narrowed to some pipelines is so by every statement: what one is
// about by name is sought by the name of no pipeline where it is out of reach, and
// what is about any is joined to the pipelines within reach. Of those there are
// few, so that no statement reads what all others have taken in; but by a city or
// an attribute it does read what others have of that. Walking the pipelines within
// reach would read all of theirs, where few or none of it is of the city.

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

// apiece is what the records of one pipeline p meet. As a range of names, which
// changes nothing else, Postgres believes them to be few, and takes an index: no
// statistics tell how many there are of those within reach.
const apiece = `r.pipeline >= p.name and r.pipeline <= p.name`

// text returns what follows the columns of r in a statement about all records that
// meet the conditions.
func (c *conditions) text() string {
	switch {
	case c.reach == "":
		return " from records r" + where(c.parts)
	case c.indexed:
		return " from pipelines p join records r on r.pipeline = p.name" + where(append([]string{c.reach}, c.parts...))
	}
	return c.each(" offset 0") // which keeps Postgres from joining them in another order
}

// stretch returns the same for the first ones in the order by time.
func (c *conditions) stretch(direction string, limit int) string {
	first := fmt.Sprintf(" limit %d", limit)
	last := " order by " + c.order(direction) + first
	if c.reach == "" || c.indexed {
		return c.text() + last
	}
	return c.each(fmt.Sprintf(" order by r.pipeline%[1]s, r.received_at%[1]s, r.position%[1]s", direction)+first) + last // in the first ones of each are those of all
}

// each returns what reads the records of the pipelines within reach one pipeline
// after the other.
func (c *conditions) each(rest string) string {
	return " from pipelines p cross join lateral (select * from records r" + where(append([]string{apiece}, c.parts...)) + rest + ") r where " + c.reach
}

func where(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return " where " + strings.Join(parts, " and ")
}
