package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"barograph/gazetteer"
	"barograph/internal/settings"
	"barograph/weather/openmeteo"
	"barograph/weather/simulator"
)

const (
	probeTimeout = 2 * time.Second // for the weather service to answer at the start
	nearby       = 0.2             // degrees within which the simulator takes a city's elevation for a place's
)

// A provider is where the weather comes from.
type provider struct {
	client      *openmeteo.Client
	simulator   *simulator.Server // nil unless the client asks it
	description string
}

// chooseProvider chooses once: the weather's source never changes silently.
func chooseProvider(ctx context.Context, s settings.Settings) (*provider, error) {
	if s.Weather == "simulator" {
		return simulate(ctx, "as asked")
	}
	client, err := openmeteo.New(s.OpenMeteoURL, openmeteo.Source, time.Now)
	if err != nil {
		return nil, err
	}
	if s.Weather == "auto" && s.DatabaseURL == "" {
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		if client.Ping(probe) != nil {
			client.Close()
			return simulate(ctx, fmt.Sprintf("%s did not answer within %s", s.OpenMeteoURL, probeTimeout))
		}
	}
	return &provider{client: client, description: "open-meteo, " + s.OpenMeteoURL}, nil
}

// simulate starts a provider that needs no network. It knows how high the
// places are that a city is near to.
func simulate(ctx context.Context, why string) (*provider, error) {
	cities, err := gazetteer.Open()
	if err != nil {
		return nil, err
	}
	server, err := simulator.Start(context.WithoutCancel(ctx), time.Now, simulator.Heights(func(latitude, longitude float64) (float64, bool) {
		nearest := cities.Nearest(latitude, longitude)
		near := math.Abs(nearest.Latitude-latitude) < nearby && math.Abs(nearest.Longitude-longitude) < nearby
		return nearest.Elevation, near && nearest.HasElevation
	}))
	if err != nil {
		return nil, err
	}
	client, err := openmeteo.New(server.URL(), simulator.Source, time.Now)
	if err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	return &provider{client, server, "SIMULATED values, no observations (" + why + ")"}, nil
}

func (p *provider) close(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.client.Close()
	if p.simulator == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return p.simulator.Stop(ctx)
}
