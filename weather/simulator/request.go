package simulator

import "time"

// What one request may ask for.
const (
	maxLocations    = 1000
	maxForecastDays = 16
	maxPastDays     = 92
	usualDays       = 7
	maxWeight       = 5000 // the service's quota of an hour, which no single call may pass
)

// A request is a well-formed request for a forecast.
type request struct {
	at        time.Time
	locations []location
	units     [quantities]unit
	current   []variable
	hourly    []variable
	daily     []dailyVariable
	asked     struct{ current, hourly, daily bool }
	days      span
	hours     *span // nil for the hours of days
}

// A span counts steps back from now and ahead.
type span struct{ past, ahead int }

// unsimulated are the service's parameters that would change the answer. Here they
// do not work, and saying so is better than an answer to another question.
var unsimulated = []string{
	"start_date", "end_date", "start_hour", "end_hour", "start_minutely_15", "end_minutely_15", "minutely_15",
	"past_minutely_15", "forecast_minutely_15", "initial_hours", "initial_minutely_15", "weekly", "monthly", "six_hourly",
	"bounding_box", "run", "temporal_resolution", "ensemble",
}

// parse makes a request of its parameters, in the order in which the service checks
// them.
func (h *handler) parse(p parameters, at time.Time) (*request, error) {
	r := &request{at: at}
	latitudes, err := p.floats("latitude")
	if err != nil {
		return nil, err
	}
	longitudes, err := p.floats("longitude")
	if err != nil {
		return nil, err
	}
	elevations, err := p.floats("elevation")
	if err != nil {
		return nil, err
	}
	ids, err := p.integers("location_id")
	if err != nil {
		return nil, err
	}
	zones, err := h.zones(p, at)
	if err != nil {
		return nil, err
	}
	if r.units, err = p.units(); err != nil {
		return nil, err
	}
	if err := p.simulated(); err != nil {
		return nil, err
	}
	if err := r.parseVariables(p); err != nil {
		return nil, err
	}
	if err := r.parseSpans(p); err != nil {
		return nil, err
	}
	if err := r.locate(latitudes, longitudes, elevations, ids); err != nil {
		return nil, err
	}
	if err := h.clock(r, zones); err != nil {
		return nil, err
	}
	return r, r.bounded()
}

// simulated refuses what is part of the service but not of the simulator.
func (p parameters) simulated() error {
	for _, name := range unsimulated {
		if _, given := p[name]; given {
			return badRequest("Parameter '%s' is not simulated", name)
		}
	}
	for name, only := range map[string]string{"format": "json", "current_weather": "false"} {
		if v, given := p[name]; given && v.text != only {
			return badRequest("Parameter '%s' is simulated for %s only", name, only)
		}
	}
	models, _, err := p.list("models")
	if err == nil && (len(models) > 1 || len(models) == 1 && models[0] != "best_match") {
		err = badRequest("Parameter 'models' is simulated for best_match only")
	}
	return err
}

func (r *request) parseVariables(p parameters) (err error) {
	_, r.asked.current = p["current"]
	_, r.asked.hourly = p["hourly"]
	_, r.asked.daily = p["daily"]
	if r.current, err = p.variables("current"); err != nil {
		return err
	}
	if r.hourly, err = p.variables("hourly"); err != nil {
		return err
	}
	r.daily, err = p.dailyVariables()
	return err
}

func (r *request) parseSpans(p parameters) error {
	days, _, err := p.span("past_days", "forecast_days", maxPastDays, maxForecastDays, usualDays)
	if err != nil {
		return err
	}
	r.days = days
	hours, given, err := p.span("past_hours", "forecast_hours", maxPastDays*24, maxForecastDays*24, maxForecastDays*24)
	if given {
		r.hours = &hours
	}
	return err
}

// span reads a pair of parameters; usual is how far ahead it goes when the request
// does not say.
func (p parameters) span(past, ahead string, maxPast, maxAhead, usual int) (s span, given bool, err error) {
	back, pastGiven, err := p.integer(past)
	if err != nil {
		return s, false, err
	}
	forth, aheadGiven, err := p.integer(ahead)
	if err != nil {
		return s, false, err
	}
	if !aheadGiven {
		forth = usual
	}
	if forth < 0 || forth > maxAhead {
		// The service names its limit where it means what was given.
		return s, false, badRequest("Forecast days is invalid. Allowed range 0 to %d. Given %d.", maxAhead, maxAhead)
	}
	if back < 0 || back > maxPast {
		return s, false, badRequest("Past days is invalid. Allowed range 0 to %d. Given %d.", maxPast, back)
	}
	return span{past: back, ahead: forth}, pastGiven || aheadGiven, nil
}

// bounded refuses what asks for too much at once. A location weighs one, or as much
// as ten variables over fourteen days do.
func (r *request) bounded() error {
	if len(r.locations) > maxLocations {
		return badRequest("Only up to %d locations can be requested at once", maxLocations)
	}
	share := float64(len(r.current)+len(r.hourly)+len(r.daily)) / 10
	days := float64(r.days.past + r.days.ahead)
	if hours := r.hours; hours != nil {
		days = max(days, float64(hours.past+hours.ahead)/24)
	}
	if float64(len(r.locations))*max(1, share, share*days/14) > maxWeight {
		return badRequest("Your API call requests too much data. Please reduce the number of variables, locations and/or weather models.")
	}
	return nil
}
