// Package openmeteo is a weather provider that speaks the wire format of
// Open-Meteo's forecast API (https://open-meteo.com/en/docs), whether the
// service itself answers or something else that keeps to the format. When to
// call and what to do about failures is left to package weather.
package openmeteo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

// DefaultURL is where the service answers those who need no key.
const DefaultURL = "https://api.open-meteo.com"

// Source is what the service's reports are credited to.
var Source = weather.Source{
	Provider:    "open-meteo",
	Attribution: "Weather data by Open-Meteo.com (CC BY 4.0)",
}

const (
	batchLimit = 1000     // locations a call, by the service's terms
	bodyLimit  = 64 << 10 // of the answer for a location: with every hour it is some 45 KB
	urlLimit   = 6000     // a longer query goes into a body
)

// A Client asks one server. It is safe for concurrent use.
type Client struct {
	endpoint string
	source   weather.Source
	http     *http.Client
	now      func() time.Time
	zones    zones
}

// New returns a client of the server whose API begins at base, as in
// "https://api.open-meteo.com" for https://api.open-meteo.com/v1/forecast.
// Its reports are credited to source.
func New(base string, source weather.Source, now func() time.Time) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("open-meteo url: want http or https, a host and no query") // and no password in the log
	}
	return &Client{
		endpoint: strings.TrimRight(u.String(), "/") + "/v1/forecast",
		source:   source,
		http:     newHTTPClient(),
		now:      now,
	}, nil
}

// newHTTPClient returns a client that follows no redirect: the API has none,
// and where one leads is not ours to trust.
func newHTTPClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout:   3 * time.Second,
			ResponseHeaderTimeout: 8 * time.Second,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConnsPerHost:   8,
			ForceAttemptHTTP2:     true,
		},
	}
}

// Source tells where the reports come from.
func (c *Client) Source() weather.Source { return c.source }

// Limits are those of the service's terms: it answers one address one call at a
// time, so that few large calls are faster than many small ones.
func (c *Client) Limits() weather.Limits { return weather.Limits{Batch: batchLimit, Calls: 1} }

// Has is what the forecast API knows.
func (c *Client) Has() weather.Need {
	return weather.Need{Current: true, Hours: weather.MaxHours, Days: weather.MaxDays}
}

// Close ends the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Ping reports why the server cannot answer, or nil if it can.
func (c *Client) Ping(ctx context.Context) error {
	results, err := c.Fetch(ctx, []weather.Place{{TimeZone: "GMT"}}, weather.Need{})
	if err != nil {
		return err
	}
	return results[0].Err
}

// Fetch makes one call for the places. A place whose answer is unusable has an
// error of its own; the others have their reports.
func (c *Client) Fetch(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	req, err := c.request(ctx, places, need)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	limit := bodyLimit * (len(places) + 1)
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, unreachable(err)
	case len(body) > limit:
		return nil, fault.New(fault.UpstreamInvalid, "the weather provider's answer is too large")
	case res.StatusCode != http.StatusOK:
		return nil, refused(res, body)
	}
	answers, err := decode(body, len(places))
	if err != nil {
		return nil, fault.Wrap(err, fault.UpstreamInvalid, "the weather provider's answer cannot be read")
	}
	if len(answers) != len(places) {
		return nil, fault.New(fault.UpstreamInvalid, "the weather provider answered for %d places instead of %d", len(answers), len(places))
	}
	misplace(answers)
	results := make([]weather.Result, len(places))
	fetched := c.now()
	for i, place := range places {
		report, err := c.report(&answers[i], place, need, fetched)
		if err != nil {
			results[i].Err = fault.Wrap(err, fault.UpstreamInvalid, "the weather provider's answer for this place cannot be used")
			continue
		}
		results[i].Report = report
	}
	return results, nil
}

// request puts what is asked into the query, or into a form where that would
// make the URL too long.
func (c *Client) request(ctx context.Context, places []weather.Place, need weather.Need) (*http.Request, error) {
	query := parameters(places, need).Encode()
	method, target, body := http.MethodGet, c.endpoint+"?"+query, io.Reader(http.NoBody)
	if len(query) > urlLimit {
		method, target, body = http.MethodPost, c.endpoint, strings.NewReader(query)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make open-meteo request: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "barograph")
	return req, nil
}

func unreachable(err error) error {
	var timeout net.Error
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("ask the weather provider: %w", err) // which is no fault of its
	}
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return fault.Wrap(err, fault.UpstreamTimeout, "the weather provider did not answer in time")
	}
	return fault.Wrap(err, fault.UpstreamUnavailable, "the weather provider cannot be reached")
}

// refused turns an answer that is no forecast into an error. The reason the
// server gives is for the log: it may repeat the request.
func refused(res *http.Response, body []byte) error {
	cause := fmt.Errorf("%s: %.200q", res.Status, body)
	switch res.StatusCode {
	case http.StatusBadRequest:
		return fault.Wrap(errors.Join(weather.ErrRejected, cause), fault.UpstreamInvalid, "the weather provider refused the place")
	case http.StatusTooManyRequests:
		return fault.Wrap(cause, fault.UpstreamRateLimited, "the weather provider's quota is used up").After(time.Minute)
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return fault.Wrap(cause, fault.UpstreamTimeout, "the weather provider did not answer in time")
	}
	return fault.Wrap(cause, fault.UpstreamUnavailable, "the weather provider is not available")
}
