package main

import (
	"fmt"
	"strings"
)

// originLimit is how many airports the report tells the delays of.
const originLimit = 5

// writeStats writes what the gateway counts, which has been checked.
func (r report) writeStats(b *strings.Builder) {
	s := r.stats
	fmt.Fprintln(b, "\nThe pipeline's stats, as the gateway counts them")
	t := newTable(b)
	t.row("  in the last %d s\t%d processed\t%.0f a second", s.seconds, s.Pipeline.Run.Processed, s.Pipeline.Run.Throughput)
	hour := s.Pipeline.Stats
	if hour.Latency.P50 != nil && hour.Latency.P99 != nil {
		t.row("  in the last hour\t%d processed\thalf of them within %.0f ms, 99 of 100 within %.0f ms",
			hour.Processed, *hour.Latency.P50, *hour.Latency.P99)
	} else {
		t.row("  in the last hour\tnone")
	}
	t.row("  %d min late or more\t%d\tby the attribute's range", veryLate, s.VeryLate.TotalCount)
	t.end()

	fmt.Fprintln(b, "\nTemperatures by whether flights were late, and delays by origin, as the gateway groups them")
	t = newTable(b)
	t.row("  group\tflights\tleast\tmedian\tmean\tmost")
	for _, g := range s.Late.Groups {
		g.write(t, fmt.Sprintf("late: %v", g.Value), "°C")
	}
	for _, g := range s.Origins.Groups[:min(originLimit, len(s.Origins.Groups))] {
		g.write(t, fmt.Sprintf("from %v", g.Value), "min")
	}
	t.end()
}

// write writes a group as a row. Its numbers were checked to be there.
func (g group) write(t table, name, unit string) {
	n := g.Numbers
	t.row("  %s\t%d\t%.1f %s\t%.1f %s\t%.1f %s\t%.1f %s", name, g.Count, *n.Min, unit, *n.P50, unit, *n.Average, unit, *n.Max, unit)
}
