package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// late is when a flight counts as delayed, in minutes: as the Department of
// Transportation counts.
const late = 15

// A report is what there is to tell once everything has been checked.
type report struct {
	homes       map[string]home
	submission  submission
	concurrency int
	walk        walk
	reading     time.Duration
	checked     checked
}

// write writes the report for people.
func (r report) write(out io.Writer) error {
	var b strings.Builder
	r.writePlaces(&b)
	r.writeTimes(&b)
	r.writeWeather(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

func (r report) writePlaces(b *strings.Builder) {
	cities := map[string]bool{}
	for _, h := range r.homes {
		cities[h.ID] = true
	}
	fmt.Fprintf(b, "%d flights from %d airports in %d cities.\n", len(r.checked.departures), len(r.homes), len(cities))
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
	s := r.submission
	fmt.Fprintf(b, "\nSubmitted in %s, %.0f payloads/s with %d at a time: %d new, %d duplicates.\n",
		seconds(s.elapsed), rate(s.payloads, s.elapsed), r.concurrency, s.payloads-s.duplicates, s.duplicates)
	fmt.Fprintf(b, "  Half of them were answered within %s, 99 of 100 within %s.\n", s.within(50), s.within(99))
	fmt.Fprintf(b, "Read back in %s on %d pages: each once, unchanged, processed, with the weather of its city.\n",
		seconds(r.reading), r.walk.pages)
	fmt.Fprintf(b, "  The weather was %s.\n", states(r.checked.departures))
	if r.checked.strangers > 0 {
		fmt.Fprintf(b, "  Other records among them, passed over: %d.\n", r.checked.strangers)
	}
}

// states counts the departures by the freshness of their weather.
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

// within returns the time within which so many of a hundred payloads were answered.
func (s submission) within(percent int) string {
	latency := s.latencies[(len(s.latencies)*percent+99)/100-1]
	return fmt.Sprintf("%.1f ms", latency.Seconds()*1000)
}

func (r report) writeWeather(b *strings.Builder) {
	departures := r.checked.departures
	freshness := departures[0].weather.Freshness
	fmt.Fprintf(b, "\nThe weather of this moment (%s)\n", freshness.Attribution)
	byTemperature := func(x, y departure) int { return cmp.Compare(x.temperature(), y.temperature()) }
	t := newTable(b)
	extreme := func(name string, d departure) {
		t.row("  %s\t%.1f °C\t%s\t%s", name, d.temperature(), r.homes[d.Origin].label(), d.weather.Current.Condition)
	}
	extreme("coldest", slices.MinFunc(departures, byTemperature))
	extreme("warmest", slices.MaxFunc(departures, byTemperature))
	t.end()
	fmt.Fprintln(b, "\nDelays by that weather (the flights are of 2001, so it is not to blame)")
	writeDelays(b, departures)
}

// A tally sums up flights.
type tally struct{ flights, delayed, minutes int }

// tallies sums the departures up by the condition at their origin.
func tallies(departures []departure) map[string]tally {
	all := map[string]tally{}
	for _, d := range departures {
		t := all[d.weather.Current.Condition]
		t.flights++
		t.minutes += d.Delay
		if d.Delay >= late {
			t.delayed++
		}
		all[d.weather.Current.Condition] = t
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

// A table aligns its columns, which tabs separate, once it ends.
type table struct{ lines *tabwriter.Writer }

func newTable(b *strings.Builder) table { return table{tabwriter.NewWriter(b, 0, 0, 3, ' ', 0)} }

// Writing into memory cannot fail.
func (t table) row(format string, cells ...any) { _, _ = fmt.Fprintf(t.lines, format+"\n", cells...) }
func (t table) end()                            { _ = t.lines.Flush() }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
