// Package openmeteo is a weather provider that speaks the wire format of
// Open-Meteo's forecast and air quality APIs (https://open-meteo.com/en/docs),
// whether the service itself answers or something else that keeps to the format.
// When to call and what to do about failures is left to packages weather and
// guard.
package openmeteo

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"barograph/weather"
	"barograph/weather/quota"
	"barograph/weather/upstream"
)

// Where the service answers: those who need no key, and those who have one.
const (
	DefaultURL     = "https://api.open-meteo.com"
	DefaultAirURL  = "https://air-quality-api.open-meteo.com"
	CustomerURL    = "https://customer-api.open-meteo.com"
	CustomerAirURL = "https://customer-air-quality-api.open-meteo.com"
)

// Source is what the service's reports are credited to.
var Source = weather.Source{
	Provider:    "open-meteo",
	Attribution: "Weather data by Open-Meteo.com (CC BY 4.0)",
}

const (
	batchLimit  = 1000     // locations a call, by the service's terms
	connections = 8        // that stay open
	bodyLimit   = 64 << 10 // of the answer for a location: with every hour it is some 45 KB
	urlLimit    = 6000     // a longer query goes into a body
)

// A Client asks one server. It is safe for concurrent use.
type Client struct {
	forecasts string // the endpoint
	air       string // the endpoint, or "" without
	key       string
	meter     *quota.Meter // nil without
	source    weather.Source
	server    *upstream.Server
	now       func() time.Time
}

// An Option changes what a client asks, and how.
type Option func(*Client) error

// Air gives a client the server whose air quality API begins at base. Without
// it, reports have no air quality.
func Air(base string) Option {
	return func(c *Client) (err error) {
		c.air, err = endpoint("open-meteo air quality url", base, "/v1/air-quality")
		return err
	}
}

// Key makes a client send a customer's key with every call.
func Key(key string) Option {
	return func(c *Client) error {
		c.key = key
		return nil
	}
}

// Quota makes a client spend what its calls weigh, and make none that is more
// than what is left.
func Quota(meter *quota.Meter) Option {
	return func(c *Client) error {
		c.meter = meter
		return nil
	}
}

// New returns a client of the server whose API begins at base, as in
// "https://api.open-meteo.com" for https://api.open-meteo.com/v1/forecast.
// Its reports are credited to source.
func New(base string, source weather.Source, now func() time.Time, options ...Option) (*Client, error) {
	forecasts, err := endpoint("open-meteo url", base, "/v1/forecast")
	if err != nil {
		return nil, err
	}
	c := &Client{forecasts: forecasts, source: source, now: now}
	for _, option := range options {
		if err := option(c); err != nil {
			return nil, err
		}
	}
	if c.key != "" && (!private(c.forecasts) || !private(c.air)) {
		return nil, errors.New("open-meteo api key: want https, or anybody on the way could read it")
	}
	c.server = upstream.New(connections, now, c.key)
	return c, nil
}

// endpoint returns where a path is below a base.
func endpoint(name, base, path string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New(name + ": want http or https, a host and no query") // and no password in the log
	}
	return strings.TrimRight(u.String(), "/") + path, nil
}

// private reports whether nobody else can read what is sent to an endpoint.
func private(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" {
		return err == nil
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Source tells where the reports come from.
func (c *Client) Source() weather.Source { return c.source }

// Limits are those of the service's terms: it answers one address one call at a
// time, so that few large calls are faster than many small ones. Where there is
// a quota, a call for everything is no larger than a minute's.
func (c *Client) Limits() weather.Limits {
	limits := weather.Limits{Batch: batchLimit, Calls: 1}
	if c.meter != nil {
		limits.Batch = min(limits.Batch, c.meter.Batch(weight(1, c.Has())))
	}
	return limits
}

// Has is what the APIs know.
func (c *Client) Has() weather.Need {
	return weather.Need{Current: true, Hours: weather.MaxHours, Days: weather.MaxDays, AirQuality: c.air != ""}
}

// Close ends the idle connections.
func (c *Client) Close() { c.server.Close() }

// Ping reports why the server cannot answer, or nil if it can.
func (c *Client) Ping(ctx context.Context) error {
	results, err := c.Fetch(ctx, []weather.Place{{TimeZone: "GMT"}}, weather.Need{Current: true})
	if err != nil {
		return err
	}
	return results[0].Err
}
