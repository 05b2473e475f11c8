package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"barograph/gazetteer"
	"barograph/internal/settings"
	"barograph/weather"
	"barograph/weather/openmeteo"
	"barograph/weather/shared"
	"barograph/weather/simulator"
)

// probeTimeout is for the weather service to answer at the start.
const probeTimeout = 2 * time.Second

// A provider is one that the weather comes from.
type provider struct {
	weather.Provider
	description string
	close       func(context.Context) error
}

// openers open each provider that --weather may name.
var openers = map[string]func(context.Context, settings.Settings, *slog.Logger) (*provider, error){
	"open-meteo": openMeteo,
	"met-norway": metNorway,
	"per-city":   perCity,
	"simulator": func(ctx context.Context, _ settings.Settings, logger *slog.Logger) (*provider, error) {
		return simulate(ctx, "as asked", logger)
	},
}

// providers are those that are asked, in order.
type providers []*provider

// chooseProviders chooses once: the weather's sources never change silently.
func chooseProviders(ctx context.Context, s settings.Settings, logger *slog.Logger) (chosen providers, err error) {
	if slices.Contains(s.Providers, "auto") {
		if len(s.Providers) > 1 {
			return nil, errors.New("--weather: auto stands alone")
		}
		one, err := chooseByItself(ctx, s, logger)
		if err != nil {
			return nil, err
		}
		return providers{one}, nil
	}
	for i, name := range s.Providers {
		if slices.Contains(s.Providers[:i], name) {
			return chosen, fmt.Errorf("--weather: %s is listed twice", name)
		}
		one, err := openers[name](ctx, s, logger)
		if err != nil {
			return chosen, err
		}
		chosen = append(chosen, one)
	}
	return chosen, nil
}

// chooseByItself returns Open-Meteo if that answers, or if a database is given,
// beside which nothing is ever simulated unasked.
func chooseByItself(ctx context.Context, s settings.Settings, logger *slog.Logger) (*provider, error) {
	client, _, err := newOpenMeteo(s)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if s.DatabaseURL == "" {
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		if client.Ping(probe) != nil {
			return simulate(ctx, fmt.Sprintf("%s did not answer within %s", s.OpenMeteoURL, probeTimeout), logger)
		}
	}
	return openMeteo(ctx, s, logger)
}

// simulate starts a provider that needs no network. It knows how high the
// places are that a city is near to.
func simulate(ctx context.Context, why string, logger *slog.Logger) (*provider, error) {
	cities, err := gazetteer.Open()
	if err != nil {
		return nil, err
	}
	server, err := simulator.Start(context.WithoutCancel(ctx), time.Now, simulator.Heights(func(latitude, longitude float64) (float64, bool) {
		nearest, near := cityNear(cities, latitude, longitude)
		return nearest.Elevation, near && nearest.HasElevation
	}))
	if err != nil {
		return nil, err
	}
	client, err := openmeteo.New(server.URL(), simulator.Source, time.Now)
	if err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	p := guarded(client, true, "SIMULATED values, no observations ("+why+")", logger) //nolint:contextcheck // its metrics belong to no request
	closeClient := p.close
	p.close = func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return errors.Join(closeClient(ctx), server.Stop(ctx))
	}
	return p, nil
}

// asked returns the providers as the weather service asks them.
func (ps providers) asked() []weather.Provider {
	asked := make([]weather.Provider, len(ps))
	for i, p := range ps {
		asked[i] = p
	}
	return asked
}

// String says where the weather comes from.
func (ps providers) String() string {
	descriptions := make([]string, len(ps))
	for i, p := range ps {
		descriptions[i] = p.description
	}
	return strings.Join(descriptions, "; else ")
}

func (ps providers) close(ctx context.Context) (err error) {
	for _, p := range ps {
		err = errors.Join(err, p.close(ctx))
	}
	return err
}

// openShared opens the cache that gateways share reports in, and none where
// there is no Redis. Only those that ask the same providers share.
func openShared(ctx context.Context, s settings.Settings, sources providers, logger *slog.Logger) (*shared.Cache, error) {
	if s.RedisURL == "" {
		return nil, nil
	}
	cache, err := shared.Open(ctx, shared.Config{URL: s.RedisURL, Scope: sources.String(), Now: time.Now, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("--redis-url: %w", err)
	}
	return cache, nil
}
