package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"time"

	"barograph/gazetteer"
	"barograph/internal/settings"
	"barograph/weather"
	"barograph/weather/guard"
	"barograph/weather/metno"
	"barograph/weather/openmeteo"
	"barograph/weather/percity"
	"barograph/weather/quota"
)

// A client is a provider that holds connections.
type client interface {
	weather.Provider
	Close()
}

// guarded returns a provider behind a guard, which makes second calls beside
// slow ones where calls are free.
func guarded(c client, free bool, description string, logger *slog.Logger) *provider {
	g := guard.New(c, guard.Config{Hedge: free, Now: time.Now, Random: rand.Float64, Logger: logger})
	return &provider{g, description, func(context.Context) error {
		g.Close()
		c.Close()
		return nil
	}}
}

// openMeteo opens Open-Meteo: for customers where there is a key, and otherwise
// within what is free.
func openMeteo(_ context.Context, s settings.Settings, logger *slog.Logger) (*provider, error) {
	c, meter, err := newOpenMeteo(s)
	if err != nil {
		return nil, err
	}
	if meter != nil {
		if err := meter.Observe(openmeteo.Source.Provider); err != nil {
			return nil, err
		}
	}
	return guarded(c, false, "open-meteo, "+openMeteoURL(s), logger), nil //nolint:contextcheck // its metrics belong to no request
}

func newOpenMeteo(s settings.Settings) (*openmeteo.Client, *quota.Meter, error) {
	air := s.OpenMeteoAirURL
	if s.OpenMeteoAPIKey != "" && air == openmeteo.DefaultAirURL {
		air = openmeteo.CustomerAirURL
	}
	options := []openmeteo.Option{openmeteo.Key(s.OpenMeteoAPIKey)}
	if air != "none" {
		options = append(options, openmeteo.Air(air))
	}
	var meter *quota.Meter
	// A key has a quota of its own, and another server has what it has.
	if s.OpenMeteoAPIKey == "" && s.OpenMeteoURL == openmeteo.DefaultURL {
		meter = quota.NewMeter(quota.Free, time.Now)
		options = append(options, openmeteo.Quota(meter))
	}
	c, err := openmeteo.New(openMeteoURL(s), openmeteo.Source, time.Now, options...)
	return c, meter, err
}

func openMeteoURL(s settings.Settings) string {
	if s.OpenMeteoAPIKey != "" && s.OpenMeteoURL == openmeteo.DefaultURL {
		return openmeteo.CustomerURL
	}
	return s.OpenMeteoURL
}

func metNorway(_ context.Context, s settings.Settings, logger *slog.Logger) (*provider, error) {
	c, err := metno.New(metno.Config{URL: s.METNorwayURL, UserAgent: s.METNorwayUserAgent, Now: time.Now, Logger: logger})
	if err != nil {
		return nil, err
	}
	return guarded(c, false, "met-norway, "+s.METNorwayURL, logger), nil //nolint:contextcheck // its metrics belong to no request
}

func perCity(_ context.Context, s settings.Settings, logger *slog.Logger) (*provider, error) {
	text := []byte(s.PerCityMapping)
	if !strings.Contains(s.PerCityMapping, "{") {
		var err error
		if text, err = os.ReadFile(s.PerCityMapping); err != nil {
			return nil, fmt.Errorf("--per-city-mapping: %w", err)
		}
	}
	mapping, err := percity.ParseMapping(text)
	if err != nil {
		return nil, err
	}
	cities, err := gazetteer.Open()
	if err != nil {
		return nil, err
	}
	c, err := percity.New(percity.Config{URL: s.PerCityURL, Mapping: mapping, Now: time.Now, City: func(p weather.Place) string {
		if nearest, near := cityNear(cities, p.Latitude, p.Longitude); near {
			return nearest.Name
		}
		return ""
	}})
	if err != nil {
		return nil, err
	}
	host, _, _ := strings.Cut(s.PerCityURL, "{")
	u, err := url.Parse(host)
	if err != nil {
		return nil, errors.New("--per-city-url: it is malformed") // the cause repeats it, and a key that may be in it
	}
	return guarded(c, true, "per-city, "+u.Hostname(), logger), nil //nolint:contextcheck // its metrics belong to no request
}

// nearby is how many degrees a place may be from a city to be in it.
const nearby = 0.2

// cityNear returns the city nearest to a place, and whether it is near.
func cityNear(cities *gazetteer.Gazetteer, latitude, longitude float64) (*gazetteer.City, bool) {
	nearest := cities.Nearest(latitude, longitude)
	return nearest, math.Abs(nearest.Latitude-latitude) < nearby && math.Abs(nearest.Longitude-longitude) < nearby
}
