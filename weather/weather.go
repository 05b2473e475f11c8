// Package weather answers what the weather is at places: any number of them in
// as few calls to providers as those allow. What is fresh comes from a cache;
// what is being fetched for one is never fetched again for another; where one
// provider fails for a place, the next is asked; and where all do, a stale
// report is better than none. Every place has its report or an error of its own.
// Reports are metric; Imperial converts them. Which city a place belongs to, and
// in what shape a client sees a report, is left to others.
package weather

import "time"

// A Place is a point on the Earth. Places are comparable: equal ones share reports.
type Place struct {
	Latitude, Longitude float64 // degrees north and east
	TimeZone            string  // IANA; a report's days begin and end by it
}

// A Report is the weather of a place as one provider gave it. It is shared
// between requests and must not be changed. It may have fewer hours and days
// than were asked for, where no provider that answers looks that far ahead.
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
	Stale               // past its expiry, whether being refreshed or not
)

// A Result is the report of a place, or why there is none. That of a refresh
// may be both: the report there was, and why there is no newer one.
type Result struct {
	Report *Report
	State  State
	Err    error

	AirState State // of the report's air quality
	AirErr   error // why the report has none, where that is a failure
}

// Expiry returns when the first part of the report expires, and the zero time
// where nothing of it is known.
func (r Result) Expiry() time.Time {
	if r.Report == nil {
		return time.Time{}
	}
	at := r.Report.ExpiresAt
	if a := r.Report.AirQuality; a != nil && (at.IsZero() || a.ExpiresAt.Before(at)) {
		at = a.ExpiresAt
	}
	return at
}
