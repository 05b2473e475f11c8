package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// veryLate is from how many minutes on flights are counted by their range.
const veryLate = 120

var statsQuery = operation{"Stats", `query Stats($pipeline: String!, $seconds: Int!, $veryLate: Float!) {
  pipeline(name: $pipeline) {
    stats { processed skipped dead backlog latency { p50 p99 } }
    run: stats(seconds: $seconds) { processed throughput }
  }
  late: recordStats(filter: {pipeline: $pipeline}, groupBy: "late", of: "temperature") { ...Groups }
  origins: recordStats(filter: {pipeline: $pipeline}, groupBy: "origin", of: "delay", first: 1000) { ...Groups }
  veryLate: records(filter: {pipeline: $pipeline, attributes: [{name: "delay", gte: $veryLate}]}, first: 1000) {
    nodes { payloadId }
    totalCount
  }
}
fragment Groups on RecordStats {
  groups { value count numbers { count min max average p50 } }
  omittedGroups
}`}

// stats are what the gateway counts of the pipeline.
type stats struct {
	Pipeline *struct {
		Stats struct { // of the last hour
			Processed, Skipped, Dead, Backlog int
			Latency                           struct{ P50, P99 *float64 } // in milliseconds
		}
		Run struct { // since shortly before the first payload was submitted
			Processed  int
			Throughput float64 // records a second
		}
	}
	Late, Origins groups
	seconds       int // that the run's stats are of
	VeryLate      struct {
		Nodes      []record
		TotalCount int
	}
}

// groups are those that records fall into by an attribute, the largest first.
type groups struct {
	Groups        []group
	OmittedGroups int
}

// A group is how some records' numbers are spread.
type group struct {
	Value   any
	Count   int
	Numbers struct {
		Count                  int
		Min, Max, Average, P50 *float64
	}
}

// readStats asks for the pipeline's stats, those of the run from when it began,
// in whole seconds.
func readStats(ctx context.Context, g *gateway, began time.Time) (s stats, err error) {
	s.seconds = int(math.Ceil(time.Since(began).Seconds()))
	err = g.ask(ctx, statsQuery, map[string]any{"pipeline": pipelineName, "veryLate": veryLate, "seconds": s.seconds}, &s)
	if err == nil && s.Pipeline == nil {
		err = errors.New("the gateway answered nothing")
	}
	if err != nil {
		return s, fmt.Errorf("read the stats of pipeline %s: %w", pipelineName, err)
	}
	return s, nil
}

// checkStats checks what the gateway counts against what is counted here.
func checkStats(s stats, departures []departure) error {
	byLate, byOrigin, over := map[any][]float64{}, map[any][]float64{}, 0
	for _, d := range departures {
		byLate[d.late()] = append(byLate[d.late()], d.temperature())
		byOrigin[d.Origin] = append(byOrigin[d.Origin], float64(d.Delay))
		if d.Delay >= veryLate {
			over++
		}
	}
	var faults []error
	if s.Pipeline.Stats.Backlog != 0 || s.Pipeline.Stats.Dead != 0 || s.Pipeline.Stats.Skipped != 0 {
		faults = append(faults, fmt.Errorf("the stats tell of records that are not processed: %+v", s.Pipeline.Stats))
	}
	if s.VeryLate.TotalCount != over || len(s.VeryLate.Nodes) != min(over, 1000) {
		faults = append(faults, fmt.Errorf("%d records, %d of them on a page, are %d min late or more, instead of %d",
			s.VeryLate.TotalCount, len(s.VeryLate.Nodes), veryLate, over))
	}
	return errors.Join(append(faults, s.Late.check("late", byLate), s.Origins.check("origin", byOrigin))...)
}

// check checks the groups by an attribute against the numbers in each.
func (g groups) check(attribute string, want map[any][]float64) error {
	if len(g.Groups) != len(want) || g.OmittedGroups != 0 {
		return fmt.Errorf("there are %d groups by %s and %d more, instead of %d", len(g.Groups), attribute, g.OmittedGroups, len(want))
	}
	for _, group := range g.Groups {
		numbers := want[group.Value]
		if len(numbers) == 0 || group.Count != len(numbers) || group.Numbers.Count != len(numbers) {
			return fmt.Errorf("%d records with %d numbers have %s %v, instead of %d", group.Count, group.Numbers.Count, attribute, group.Value, len(numbers))
		}
		slices.Sort(numbers)
		var sum float64
		for _, n := range numbers {
			sum += n
		}
		n := group.Numbers
		if !near(n.Min, numbers[0]) || !near(n.Max, numbers[len(numbers)-1]) ||
			!near(n.Average, sum/float64(len(numbers))) || !near(n.P50, numbers[(len(numbers)-1)/2]) {
			return fmt.Errorf("the numbers of those with %s %v are not those of their records", attribute, group.Value)
		}
	}
	return nil
}

// near reports whether a number is there and another one, but for rounding.
func near(got *float64, want float64) bool { return got != nil && math.Abs(*got-want) < 1e-6 }
