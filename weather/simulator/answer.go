package simulator

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"barograph/weather/simulator/climate"
)

const (
	contentType = "application/json; charset=utf-8"
	interval    = 900 // of current conditions, seconds
	dayLength   = 86400
	flushAt     = 64 << 10
)

// gridSteps is how many cells of the simulated weather model a degree has.
const gridSteps = 8

// A writer builds one answer. Writers are used again, for their buffers.
type writer struct {
	*request
	earth      *climate.Climate
	buffer     []byte
	conditions []climate.Conditions
}

var writers = sync.Pool{New: func() any { return &writer{} }}

// answer writes the forecast of every location, in order: an object for one, an
// array for several.
func (h *handler) answer(ctx context.Context, w http.ResponseWriter, r *request) {
	out := writers.Get().(*writer) //nolint:forcetypeassert // the pool holds nothing else
	defer writers.Put(out)
	out.request, out.earth, out.buffer = r, h.earth, out.buffer[:0]

	w.Header().Set("Content-Type", contentType)
	started := h.now()
	several := len(r.locations) > 1
	if several {
		out.buffer = append(out.buffer, '[')
	}
	for i := range r.locations {
		if i > 0 {
			out.buffer = append(out.buffer, ',')
		}
		l := &r.locations[i]
		if metres, known := h.heightAt(l.latitude, l.longitude); known && !l.given {
			l.elevation, l.given = float32(metres), true
		}
		out.location(l, h.now().Sub(started))
		if len(out.buffer) < flushAt {
			continue
		}
		if _, err := w.Write(out.buffer); err != nil || ctx.Err() != nil {
			return // nobody is listening
		}
		out.buffer = out.buffer[:0]
	}
	if several {
		out.buffer = append(out.buffer, ']')
	}
	_, _ = w.Write(out.buffer) // nobody is left to tell
}

// location writes one location's forecast.
func (w *writer) location(l *location, took time.Duration) {
	latitude, longitude := math.Round(l.latitude*gridSteps)/gridSteps, math.Round(l.longitude*gridSteps)/gridSteps
	place := w.earth.Place(latitude, longitude, math.NaN())
	elevation := float32(math.Round(place.Relief()))
	if l.given {
		elevation = l.elevation
		place = w.earth.Place(latitude, longitude, height(elevation))
	}

	w.text(`{"latitude":`, float32Text(float32(latitude)), `,"longitude":`, float32Text(float32(longitude)), `,"generationtime_ms":`)
	w.buffer = strconv.AppendFloat(w.buffer, float64(took)/float64(time.Millisecond), 'f', -1, 64)
	w.text(`,"utc_offset_seconds":`, strconv.FormatInt(l.zone.offset, 10), `,"timezone":"`, l.zone.name, `","timezone_abbreviation":"`, l.zone.abbreviation, `"`)
	if finite(elevation) {
		w.text(`,"elevation":`, float32Text(elevation))
	}
	if l.id != 0 {
		w.text(`,"location_id":`, strconv.Itoa(l.id))
	}
	if w.asked.current {
		w.currentSection(place, l.zone)
	}
	days := w.steps(l.zone, w.days, dayLength)
	if w.asked.hourly {
		hours := stretch{from: days.from, step: 3600, count: days.count * 24}
		if w.hours != nil {
			hours = w.steps(l.zone, *w.hours, 3600)
		}
		w.hourlySection(place, l.zone, hours)
	}
	if w.asked.daily {
		w.dailySection(place, l.zone, days)
	}
	w.buffer = append(w.buffer, '}')
}

// height returns the height that an elevation gives a place: anything but a number
// leaves it to the climate's surface.
func height(elevation float32) float64 {
	if !finite(elevation) {
		return math.NaN()
	}
	return float64(elevation)
}

func finite(f float32) bool { return !math.IsInf(float64(f), 0) && !math.IsNaN(float64(f)) }

// A stretch is a run of evenly spaced moments.
type stretch struct {
	from  int64 // seconds since 1970
	step  int64
	count int
}

// steps returns the moments of a span around now, on the local clock.
func (w *writer) steps(z zone, s span, step int64) stretch {
	// Like the service, it tells the present day and hour by an offset cut to whole
	// hours: where the clock has half an hour more, the day changes that much late.
	whole := z.offset / 3600 * 3600
	now := w.at.Unix() + whole
	local := now - ((now%step)+step)%step
	return stretch{from: local - int64(s.past)*step - z.offset, step: step, count: s.past + s.ahead}
}

// currentSection writes the present conditions, those of the last full quarter of
// an hour.
func (w *writer) currentSection(place *climate.Place, z zone) {
	w.text(`,"current_units":{"time":"`, w.units[moment].name, `","interval":"seconds"`)
	for i := range w.current {
		w.text(`,"`, w.current[i].name, `":"`, w.units[w.current[i].quantity].name, `"`)
	}
	now := w.at.Unix()
	now -= ((now % interval) + interval) % interval
	w.text(`},"current":{"time":`)
	w.time(now, z, false)
	w.text(`,"interval":`, strconv.Itoa(interval))
	conditions := place.Current(now)
	for i := range w.current {
		v := &w.current[i]
		w.text(`,"`, v.name, `":`)
		w.number(v.of(&conditions), v.quantity)
	}
	w.buffer = append(w.buffer, '}')
}

// hourlySection writes the conditions hour by hour.
func (w *writer) hourlySection(place *climate.Place, z zone, hours stretch) {
	w.open("hourly")
	for i := range w.hourly {
		w.text(`,"`, w.hourly[i].name, `":"`, w.units[w.hourly[i].quantity].name, `"`)
	}
	w.times("hourly", z, hours, false)
	w.observe(place, hours)
	for i := range w.hourly {
		v := &w.hourly[i]
		w.text(`,"`, v.name, `":[`)
		for k := range w.conditions {
			w.comma(k)
			w.number(v.of(&w.conditions[k]), v.quantity)
		}
		w.buffer = append(w.buffer, ']')
	}
	w.buffer = append(w.buffer, '}')
}

// dailySection writes what the 24 hours from each local midnight amount to.
func (w *writer) dailySection(place *climate.Place, z zone, days stretch) {
	w.open("daily")
	for i := range w.daily {
		w.text(`,"`, w.daily[i].name, `":"`, w.units[w.daily[i].quantity].name, `"`)
	}
	w.times("daily", z, days, true)
	w.observe(place, stretch{from: days.from, step: 3600, count: days.count * 24})
	for i := range w.daily {
		v := &w.daily[i]
		w.text(`,"`, v.name, `":[`)
		for k := range days.count {
			w.comma(k)
			if v.of == nil {
				w.time(sunAt(place, days.from+int64(k)*dayLength, z, v.set), z, false)
				continue
			}
			w.number(v.of(w.conditions[k*24:(k+1)*24]), v.quantity)
		}
		w.buffer = append(w.buffer, ']')
	}
	w.buffer = append(w.buffer, '}')
}

// sunAt returns when the sun rises or sets on the day from a local midnight. When
// it does neither, the service gives the day's whole length to a sun that is up,
// and none to one that is down.
func sunAt(place *climate.Place, midnight int64, z zone, set bool) int64 {
	sun := place.Sun((midnight + z.offset) / dayLength)
	switch {
	case sun.Course == climate.RisesAndSets && set:
		return sun.Set
	case sun.Course == climate.RisesAndSets:
		return sun.Rise
	case sun.Course == climate.PolarDay && set:
		return midnight + dayLength
	}
	return midnight
}

// observe works out the conditions at every moment of a stretch.
func (w *writer) observe(place *climate.Place, s stretch) {
	w.conditions = w.conditions[:0]
	for i := range s.count {
		w.conditions = append(w.conditions, place.At(s.from+int64(i)*s.step))
	}
}
