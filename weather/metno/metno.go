// Package metno is a weather provider over MET Norway's locationforecast
// (https://api.met.no/weatherapi/locationforecast/2.0/documentation). It keeps
// to the terms of the service (https://api.met.no/doc/TermsOfService): it says
// who asks, asks for four decimals, at most 20 times a second, never before the
// last answer has expired, and then only for what has changed. What to do about
// failures is left to packages weather and guard.
package metno

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/upstream"
)

// DefaultURL is where the service answers.
const DefaultURL = "https://api.met.no/weatherapi"

// Source is what the service's reports are credited to.
var Source = weather.Source{
	Provider:    "met-norway",
	Attribution: "Weather data by MET Norway (CC BY 4.0)",
}

const (
	calls     = 8       // at once
	perSecond = 20      // by the service's terms
	bodyLimit = 1 << 20 // of the answer for a location: it is some 100 KB
	keptMost  = 2000    // forecasts, of some 20 KB each
)

// A Config says which service is asked, and by whom.
type Config struct {
	URL string
	// UserAgent says who asks and how to reach them, as in "example.org
	// weather@example.org": the service turns away who does not.
	UserAgent string
	Now       func() time.Time
	Logger    *slog.Logger
}

// A Client asks the service. It is safe for concurrent use.
type Client struct {
	config     Config
	endpoint   string
	server     *upstream.Server
	pace       *rate.Limiter
	kept       *otter.Cache[point, *forecast]
	deprecated sync.Once
}

// New returns a client, or says what is wrong with the configuration.
func New(config Config) (*Client, error) {
	u, err := url.Parse(config.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("met-norway url: want http or https, a host and no query")
	}
	if !strings.ContainsAny(config.UserAgent, "@.") || strings.ContainsFunc(config.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, errors.New(`met-norway user agent: want who you are and how to reach you, as in "example.org weather@example.org": the service's terms ask for it`)
	}
	return &Client{
		config:   config,
		endpoint: strings.TrimRight(u.String(), "/") + "/locationforecast/2.0/complete",
		server:   upstream.New(calls, config.Now),
		pace:     rate.NewLimiter(perSecond, 1), // evenly: two bursts could fall into one second
		kept:     otter.Must(&otter.Options[point, *forecast]{MaximumSize: keptMost}),
	}, nil
}

// Source tells where the reports come from.
func (c *Client) Source() weather.Source { return Source }

// Limits are one location a call, and few calls at once.
func (c *Client) Limits() weather.Limits { return weather.Limits{Batch: 1, Calls: calls} }

// Has is what each forecast covers: two days by the hour, and nine.
func (c *Client) Has() weather.Need { return weather.Need{Current: true, Hours: 48, Days: 9} }

// Close ends the idle connections.
func (c *Client) Close() {
	c.server.Close()
	c.kept.StopAllGoroutines()
}

// Fetch makes at most one call for the place: there must be one. It makes none
// while the last answer for it is good.
func (c *Client) Fetch(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	if len(places) != 1 {
		return nil, fmt.Errorf("ask for %d places in a call for one", len(places))
	}
	place, at, now := places[0], pointOf(places[0]), c.config.Now()
	older, _ := c.kept.GetIfPresent(at)
	if older != nil && now.Before(older.expires) {
		if report, err := older.report(place, need, now); err == nil {
			return []weather.Result{{Report: report}}, nil
		}
		older = nil // it is of no use, whether it has changed or not
	}
	f, err := c.ask(ctx, at, older)
	if err != nil {
		return nil, err
	}
	report, err := f.report(place, need, c.config.Now())
	if err != nil {
		return nil, invalid(err)
	}
	c.kept.Set(at, f)
	return []weather.Result{{Report: report}}, nil
}

// ask fetches the forecast for a point, or finds that an older one has not
// changed.
func (c *Client) ask(ctx context.Context, at point, older *forecast) (*forecast, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.endpoint+"?lat="+at.latitude+"&lon="+at.longitude, nil)
	if err != nil {
		return nil, fmt.Errorf("make met-norway request: %w", err)
	}
	req.Header.Set("User-Agent", c.config.UserAgent)
	if older != nil && older.modified != "" {
		req.Header.Set("If-Modified-Since", older.modified)
	}
	if err := c.pace.Wait(ctx); err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, fmt.Errorf("wait to ask the weather provider: %w", ctx.Err())
		}
		return nil, fault.Wrap(err, fault.UpstreamTimeout, "the weather provider is busy")
	}
	answer, err := c.server.Do(req, bodyLimit, http.StatusNonAuthoritativeInfo, http.StatusNotModified, http.StatusForbidden)
	if err != nil {
		return nil, err
	}
	now := c.config.Now()
	switch {
	case answer.Status == http.StatusForbidden:
		return nil, fault.Wrap(errors.Join(errors.New("it does not like the user agent, or how often it was asked"), c.server.Refused(answer)),
			fault.UpstreamUnavailable, "MET Norway does not let this server in: --met-norway-user-agent must say who asks")
	case answer.Status == http.StatusNotModified && older == nil:
		return nil, fault.New(fault.UpstreamInvalid, "the weather provider says that nothing has changed, but has said nothing before")
	case answer.Status == http.StatusNotModified:
		same := *older
		same.expires, same.fetched = expiry(answer.Header, now), now
		return &same, nil
	case answer.Status == http.StatusNonAuthoritativeInfo:
		c.deprecated.Do(func() {
			c.config.Logger.WarnContext(ctx, "MET Norway says that this version of its API is deprecated: it will end", slog.String("endpoint", c.endpoint))
		})
	}
	f, err := decode(answer.Body, at)
	if err != nil {
		return nil, invalid(err)
	}
	f.expires, f.fetched, f.modified = expiry(answer.Header, now), now, answer.Header.Get("Last-Modified")
	return f, nil
}

func invalid(err error) error {
	return fault.Wrap(err, fault.UpstreamInvalid, "the weather provider's answer for this place cannot be used")
}

const (
	shortestLife = 1 * time.Minute
	longestLife  = 3 * time.Hour
	usualLife    = 30 * time.Minute
)

// expiry returns when the service will know better, within bounds that keep a
// wrong clock from doing harm.
func expiry(header http.Header, now time.Time) time.Time {
	at, err := http.ParseTime(header.Get("Expires"))
	if err != nil {
		return now.Add(usualLife)
	}
	return now.Add(min(max(at.Sub(now), shortestLife), longestLife))
}

// A point is a place as the service is asked for it. Places that share one
// share a forecast.
type point struct{ latitude, longitude string }

func pointOf(p weather.Place) point { return point{degrees(p.Latitude), degrees(p.Longitude)} }

// degrees writes a coordinate with at most four decimals, cut and not rounded:
// the service turns away more, since they defeat its caches.
func degrees(f float64) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(f, 'f', -1, 64), ".")
	fraction = strings.TrimRight(fraction[:min(len(fraction), 4)], "0")
	if fraction == "" {
		if whole == "-0" {
			return "0"
		}
		return whole
	}
	return whole + "." + fraction
}
