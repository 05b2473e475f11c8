// Package percity is a weather provider over any REST service that answers for
// one city a call. A URL template says where a city is asked for, and a mapping
// where in the JSON that comes back, and in what unit, each of our values is.
// What several cities cost together, and what to do about failures, is left to
// packages weather and guard.
package percity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
	"barograph/weather"
	"barograph/weather/upstream"
	"barograph/weather/zone"
)

const (
	calls     = 32        // at once
	bodyLimit = 256 << 10 // of the answer for one city
)

// A Config says where and how cities are asked for.
type Config struct {
	// URL is a template: {city}, {latitude} and {longitude} in its path or its
	// query stand for those of a place.
	URL     string
	Mapping Mapping
	// City returns the name of a place, and "" where it has none; it must be safe
	// for concurrent use. It is needed where the URL has {city}. A place itself has
	// no name: reports are shared by all who mean the same point.
	City func(weather.Place) string
	Now  func() time.Time
}

// A Client asks one service. It is safe for concurrent use.
type Client struct {
	config   Config
	template *template
	source   weather.Source
	server   *upstream.Server
}

// New returns a client of a service, or says what is wrong with the template.
func New(config Config) (*Client, error) {
	t, err := parseTemplate(config.URL)
	if err != nil {
		return nil, err
	}
	if t.has(city) && config.City == nil {
		return nil, errors.New("per-city url: nobody knows the names of cities")
	}
	return &Client{
		config:   config,
		template: t,
		source:   weather.Source{Provider: "per-city", Attribution: config.Mapping.attribution(t.host())},
		server:   upstream.New(calls, config.Now, t.secrets()...),
	}, nil
}

// Source tells where the reports come from.
func (c *Client) Source() weather.Source { return c.source }

// Limits are one city a call, and many calls at once.
func (c *Client) Limits() weather.Limits { return weather.Limits{Batch: 1, Calls: calls} }

// Has is what a mapping maps: current conditions.
func (c *Client) Has() weather.Need { return weather.Need{Current: true} }

// Close ends the idle connections.
func (c *Client) Close() { c.server.Close() }

// Fetch makes one call for the place: there must be one.
func (c *Client) Fetch(ctx context.Context, places []weather.Place, _ weather.Need) ([]weather.Result, error) {
	if len(places) != 1 {
		return nil, fmt.Errorf("ask for %d places in a call for one", len(places))
	}
	place := places[0]
	name := ""
	if c.template.has(city) {
		if name = c.config.City(place); name == "" {
			return nil, fault.New(fault.NotFound, "the weather provider goes by names, and the place has none")
		}
	}
	target, err := c.template.fill(name, place)
	if err != nil {
		return nil, fault.Wrap(err, fault.NotFound, "the weather provider cannot be asked for the place")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, errors.New("make per-city request") // the cause repeats the URL
	}
	answer, err := c.server.Do(req, bodyLimit, http.StatusNotFound)
	switch {
	case err != nil:
		return nil, err
	case answer.Status == http.StatusNotFound:
		return nil, fault.New(fault.NotFound, "the weather provider does not know the place")
	}
	report, err := c.report(answer.Body, place)
	if err != nil {
		return nil, fault.Wrap(err, fault.UpstreamInvalid, "the weather provider's answer for this place cannot be used")
	}
	return []weather.Result{{Report: report}}, nil
}

// report reads the answer for a place as the mapping says.
func (c *Client) report(body []byte, place weather.Place) (*weather.Report, error) {
	if err := strictjson.Check(body); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		return nil, err
	}
	clock, err := zone.Load(place.TimeZone)
	if err != nil {
		return nil, err
	}
	fetched := c.config.Now()
	current, err := c.config.Mapping.conditions(root, fetched, clock)
	if err != nil {
		return nil, err
	}
	return &weather.Report{
		Place: place, Source: c.source, FetchedAt: fetched, ExpiresAt: fetched.Add(c.config.Mapping.life()), Current: current,
	}, nil
}
