package records

import (
	"fmt"
	"math"
	"strconv"
)

// A Distribution says how numbers are spread. Without any, all but the count is
// nil. Percentiles are numbers that there are.
type Distribution struct {
	Count             int
	Min, Max, Average *float64
	P50, P95, P99     *float64
}

// spread is the columns of a distribution of the values n.
const spread = `count(n), min(n)::text, max(n)::text, avg(n)::text, (percentile_disc(array[0.5, 0.95, 0.99]) within group (order by n))::text[]`

// A spreading is where a distribution is scanned. Numbers come as text, for they
// may have more digits and be larger than any other type that holds them.
type spreading struct {
	count             int
	min, max, average *string
	percentiles       []string
}

func (s *spreading) fields() []any {
	return []any{&s.count, &s.min, &s.max, &s.average, &s.percentiles}
}

// distribution returns what was scanned.
func (s *spreading) distribution() (d Distribution, err error) {
	d.Count = s.count
	texts := []*string{s.min, s.max, s.average}
	for i := range s.percentiles {
		texts = append(texts, &s.percentiles[i])
	}
	for i, into := range []**float64{&d.Min, &d.Max, &d.Average, &d.P50, &d.P95, &d.P99} {
		if i >= len(texts) || texts[i] == nil {
			continue
		}
		n, err := strconv.ParseFloat(*texts[i], 64)
		if err != nil && !math.IsInf(n, 0) {
			return d, fmt.Errorf("read a number of a distribution: %w", err)
		}
		*into = new(max(-math.MaxFloat64, min(n, math.MaxFloat64)))
	}
	return d, nil
}
