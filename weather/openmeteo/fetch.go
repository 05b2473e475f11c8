package openmeteo

import (
	"context"
	"net/http"
	"sync"

	"barograph/internal/fault"
	"barograph/weather"
)

// Fetch makes one call for the places, and one more for their air where that is
// needed. A place whose answer is unusable has an error of its own; the others
// have their reports. Where the air alone fails, reports go without it.
func (c *Client) Fetch(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	if !need.AirQuality || c.air == "" {
		return c.fetchForecasts(ctx, places, need)
	}
	if !need.Current && need.Hours == 0 && need.Days == 0 {
		return c.fetchAirAlone(ctx, places)
	}
	var (
		under  sync.WaitGroup
		air    []weather.Result
		failed error
	)
	under.Go(func() { air, failed = c.fetchAirAlone(ctx, places) })
	results, err := c.fetchForecasts(ctx, places, need)
	under.Wait()
	if err != nil {
		return nil, err
	}
	for i := range results {
		switch report := results[i].Report; {
		case report == nil:
		case failed != nil:
			results[i].AirErr = failed
		case air[i].Err != nil:
			results[i].AirErr = air[i].Err
		default:
			report.AirQuality = air[i].Report.AirQuality
		}
	}
	return results, nil
}

func (c *Client) fetchForecasts(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	answers, err := c.ask(ctx, c.forecasts, forecastQuery(places, need), places, forecastWeight(len(places), need))
	if err != nil {
		return nil, err
	}
	return c.results(answers, places, func(a *answer, place weather.Place) (*weather.Report, error) {
		return c.report(a, place, need, c.now())
	}), nil
}

// fetchAirAlone fetches reports that hold nothing but the air.
func (c *Client) fetchAirAlone(ctx context.Context, places []weather.Place) ([]weather.Result, error) {
	answers, err := c.ask(ctx, c.air, airQuery(places), places, airWeight(len(places)))
	if err != nil {
		return nil, err
	}
	return c.results(answers, places, func(a *answer, place weather.Place) (*weather.Report, error) {
		return c.airReport(a, place, c.now())
	}), nil
}

// ask makes one call and returns an answer for each of the places.
func (c *Client) ask(ctx context.Context, endpoint, query string, places []weather.Place, weight float64) ([]answer, error) {
	req, err := c.request(ctx, endpoint, query)
	if err != nil {
		return nil, err
	}
	body, err := c.spend(req, weight, bodyLimit*(len(places)+1))
	if err != nil {
		return nil, err
	}
	answers, err := decode(body, len(places))
	if err != nil {
		return nil, fault.Wrap(err, fault.UpstreamInvalid, "the weather provider's answer cannot be read")
	}
	if len(answers) != len(places) {
		return nil, fault.New(fault.UpstreamInvalid, "the weather provider answered for %d places instead of %d", len(answers), len(places))
	}
	misplace(answers)
	return answers, nil
}

// spend sends a request of a weight, within the quota, and returns the body of
// the answer.
func (c *Client) spend(req *http.Request, weight float64, limit int) ([]byte, error) {
	if c.meter == nil {
		return c.send(req, limit)
	}
	receipt, err := c.meter.Spend(weight)
	if err != nil {
		return nil, err
	}
	body, err := c.send(req, limit)
	if refused(err) {
		c.meter.Refund(receipt)
	}
	return body, c.exhaust(err)
}

// send sends a request and returns the body of the answer.
func (c *Client) send(req *http.Request, limit int) ([]byte, error) {
	answer, err := c.server.Do(req, limit, http.StatusTooManyRequests)
	switch {
	case err != nil:
		return nil, err
	case answer.Status == http.StatusTooManyRequests:
		return nil, c.rateLimited(answer)
	}
	return answer.Body, nil
}

func (c *Client) results(answers []answer, places []weather.Place, report func(*answer, weather.Place) (*weather.Report, error)) []weather.Result {
	results := make([]weather.Result, len(places))
	for i, place := range places {
		made, err := report(&answers[i], place)
		if err != nil {
			results[i].Err = fault.Wrap(err, fault.UpstreamInvalid, "the weather provider's answer for this place cannot be used")
			continue
		}
		results[i].Report = made
	}
	return results
}
