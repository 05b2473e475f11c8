package weather

// A Need says which parts of a report are asked for, and how much of them.
type Need struct {
	Current    bool
	Hours      int // of the hourly forecast, from the current hour
	Days       int // of the daily forecast, from today
	AirQuality bool
}

// The longest forecasts there are. Hours are a day short of the days, since the
// last day ends at different hours in different places.
const (
	MaxDays  = 16
	MaxHours = (MaxDays - 1) * 24
)

// And returns the smallest need that covers both n and m.
func (n Need) And(m Need) Need {
	return Need{n.Current || m.Current, max(n.Hours, m.Hours), max(n.Days, m.Days), n.AirQuality || m.AirQuality}
}

// Covers reports whether whatever meets n meets m too.
func (n Need) Covers(m Need) bool {
	return n.Hours >= m.Hours && n.Days >= m.Days && (n.Current || !m.Current) && (n.AirQuality || !m.AirQuality)
}

// within returns what both n asks for and a provider has.
func (n Need) within(has Need) Need {
	return Need{n.Current && has.Current, min(n.Hours, has.Hours), min(n.Days, has.Days), n.AirQuality && has.AirQuality}
}

// A part of the weather is fetched, joined and kept by itself: a place's
// forecast may come from one provider and its air from another.
type part uint8

const (
	forecast part = iota
	air
)

// of returns what n asks of a part.
func (n Need) of(p part) Need {
	if p == air {
		return Need{AirQuality: n.AirQuality}
	}
	n.AirQuality = false
	return n
}

// parts returns the parts that n asks for: at least one, so that there is
// something to tell how fresh it is.
func (n Need) parts() []part {
	switch {
	case !n.AirQuality:
		return []part{forecast}
	case n == Need{AirQuality: true}:
		return []part{air}
	}
	return []part{forecast, air}
}

// A subject is what is fetched once for everybody: a part of the weather at a
// place. Whoever asks, the same providers are asked with the same credentials,
// so that nothing else tells fetches apart.
type subject struct {
	place Place
	part  part
}
