package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// A report is what there is to tell once everything has been checked.
type report struct {
	homes      map[string]home
	pipeline   pipeline
	became     string // of the pipeline
	manner     manner
	submission submission
	processing time.Duration // from the first payload's submission to the last one's end
	walk       walk
	reading    time.Duration
	departures []departure
	stats      stats
}

// write writes the report for people.
func (r report) write(out io.Writer) error {
	var b strings.Builder
	r.writePlaces(&b)
	r.writeTimes(&b)
	r.writeStats(&b)
	r.writeWeather(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

func (r report) writePlaces(b *strings.Builder) {
	cities := map[string]bool{}
	for _, h := range r.homes {
		cities[h.ID] = true
	}
	fmt.Fprintf(b, "%d flights from %d airports in %d cities.\n", len(r.departures), len(r.homes), len(cities))
	if joined := foundBy(asPart, r.homes); len(joined) > 0 {
		fmt.Fprintln(b, "The data names several cities for an airport, and one of them is taken:")
		writeHomes(b, joined)
	}
	if standIns := foundBy(asStandIn, r.homes); len(standIns) > 0 {
		fmt.Fprintln(b, "The airport's own town is too small for the gateway, and the nearest city stands in:")
		writeHomes(b, standIns)
	}
}

func writeHomes(b *strings.Builder, homes []home) {
	t := newTable(b)
	for _, h := range homes {
		t.row("  %s\t%s, %s\t%s\t%.0f km away", h.airport.code, h.airport.city, h.airport.state, h.label(), h.distance)
	}
	t.end()
}

func (r report) writeTimes(b *strings.Builder) {
	s, m := r.submission, r.manner
	fmt.Fprintf(b, "\nThe pipeline %q is %s, at version %d.\n", pipelineName, r.became, r.pipeline.Version)
	fmt.Fprintf(b, "Submitted in %s, %.0f payloads/s in calls of %d, %d at a time: %d new, %d duplicates.\n",
		seconds(s.elapsed), rate(s.payloads, s.elapsed), m.batch, m.concurrency, s.payloads-s.duplicates, s.duplicates)
	fmt.Fprintf(b, "  Half of the calls were answered within %s, 99 of 100 within %s.\n", s.within(50), s.within(99))
	if s.resent > 0 {
		fmt.Fprintf(b, "  The gateway was overloaded, and payloads were sent again: %d.\n", s.resent)
	}
	if fresh := s.payloads - s.duplicates; fresh > 0 {
		fmt.Fprintf(b, "All processed %s after the first was submitted, %.0f a second.\n", seconds(r.processing), rate(fresh, r.processing))
	}
	fmt.Fprintf(b, "Read back in %s on %d pages: each once, unchanged, processed, with its route, attributes and weather.\n",
		seconds(r.reading), r.walk.pages)
	fmt.Fprintf(b, "  The weather was %s.\n", states(r.departures))
}

// states counts the departures by the freshness that their weather had.
func states(departures []departure) string {
	counts := map[string]int{}
	for _, d := range departures {
		counts[d.weather.Freshness.State]++
	}
	var all []string
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s for %d", state, counts[state]))
	}
	return strings.Join(all, ", ")
}

// within returns the time within which so many of a hundred calls were answered.
func (s submission) within(percent int) string {
	return milliseconds(s.latencies[(len(s.latencies)*percent+99)/100-1])
}

func (r report) writeWeather(b *strings.Builder) {
	fmt.Fprintf(b, "\nThe weather when they were processed (%s)\n", r.departures[0].weather.Freshness.Attribution)
	byTemperature := func(x, y departure) int { return cmp.Compare(x.temperature(), y.temperature()) }
	t := newTable(b)
	extreme := func(name string, d departure) {
		t.row("  %s\t%.1f °C\t%s\t%s", name, d.temperature(), r.homes[d.Origin].label(), d.weather.Condition)
	}
	extreme("coldest", slices.MinFunc(r.departures, byTemperature))
	extreme("warmest", slices.MaxFunc(r.departures, byTemperature))
	t.end()
	fmt.Fprintln(b, "\nDelays by that weather (the flights are of 2001, so it is not to blame)")
	writeDelays(b, r.departures)
}

// A tally sums up flights.
type tally struct{ flights, delayed, minutes int }

// tallies sums the departures up by the condition at their origin.
func tallies(departures []departure) map[string]tally {
	all := map[string]tally{}
	for _, d := range departures {
		t := all[d.weather.Condition]
		t.flights++
		t.minutes += d.Delay
		if d.late() {
			t.delayed++
		}
		all[d.weather.Condition] = t
	}
	return all
}

func writeDelays(b *strings.Builder, departures []departure) {
	all := tallies(departures)
	most := func(x, y string) int {
		return cmp.Or(cmp.Compare(all[y].flights, all[x].flights), cmp.Compare(x, y))
	}
	t := newTable(b)
	t.row("  condition\tflights\t%d min late or more\tmean delay", late)
	for _, condition := range slices.SortedFunc(maps.Keys(all), most) {
		of := all[condition]
		t.row("  %s\t%d\t%d (%.0f %%)\t%.1f min", condition, of.flights, of.delayed,
			100*float64(of.delayed)/float64(of.flights), float64(of.minutes)/float64(of.flights))
	}
	t.end()
}
