// Package weather answers what the weather is at places: any number of them in
// as few calls to a provider as the provider allows, from a cache while that is
// fresh, and each place with an error of its own when it has none. Reports are
// metric; Imperial converts them. Which city a place belongs to, and in what
// shape a client sees a report, is left to others.
package weather

import "time"

// A Place is a point on the Earth. Places are comparable: equal ones share reports.
type Place struct {
	Latitude, Longitude float64 // degrees north and east
	TimeZone            string  // IANA; a report's days begin and end by it
}

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

// A Report is the weather of a place as one provider gave it. It is shared
// between requests and must not be changed.
type Report struct {
	Place      Place
	Source     Source
	FetchedAt  time.Time
	ExpiresAt  time.Time // when the provider is expected to know better
	Current    *Conditions
	Hourly     []Hour
	Daily      []Day
	AirQuality *AirQuality // nil where the provider has none, or it was not asked for
}

// AirQuality is how clean the air of a place is: indices, and µg/m³. What the
// provider does not have is nil.
type AirQuality struct {
	Time            time.Time // in the place's time zone
	EuropeanAQI     *float64
	USAQI           *float64
	PM25            *float64 // particles of 2.5 µm and less
	PM10            *float64 // particles of 10 µm and less
	Ozone           *float64
	NitrogenDioxide *float64
	Source          Source
	FetchedAt       time.Time
	ExpiresAt       time.Time // when the provider is expected to know better
}

// A Source tells where reports come from.
type Source struct {
	Provider    string
	Attribution string // the credit its licence asks for
	Simulated   bool
}

// A State says how a report came into an answer.
type State uint8

// The states of a report.
const (
	Live   State = iota // fetched for this answer
	Cached              // from the cache, and fresh
	Stale               // past its expiry, since fetching a newer one failed
)

// A Result is the report of a place, or why there is none.
type Result struct {
	Report *Report
	State  State
	Err    error
}
