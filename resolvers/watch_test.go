package resolvers_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket/wsjson"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/gazetteer"
	"barograph/graph/stream"
	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/internal/gatewaytest"
	"barograph/resolvers"
	"barograph/weather"
)

func TestWeatherChangedSendsTheReportThereIsAndThenEachFreshOne(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	socket := dial(t, g)
	send := func(m message) {
		t.Helper()
		if err := wsjson.Write(t.Context(), socket, m); err != nil {
			t.Fatal(err)
		}
	}
	receive := func() (w struct {
		City      struct{ Name string }
		Units     string
		Freshness struct{ State string }
		Daily     []struct{ Date string }
	}) {
		t.Helper()
		for {
			var m message
			if err := wsjson.Read(t.Context(), socket, &m); err != nil {
				t.Fatal(err)
			}
			if m.Type != "next" {
				continue
			}
			var got struct {
				Data   struct{ WeatherChanged json.RawMessage }
				Errors []gatewaytest.Error
			}
			if err := json.Unmarshal(m.Payload, &got); err != nil || len(got.Errors) > 0 {
				t.Fatalf("it is told %s, %v", m.Payload, err)
			}
			if err := json.Unmarshal(got.Data.WeatherChanged, &w); err != nil {
				t.Fatal(err)
			}
			return w
		}
	}
	send(message{Type: "connection_init"})
	send(message{ID: "1", Type: "subscribe", Payload: json.RawMessage(
		`{"query":"subscription { weatherChanged(city: \"Oslo\", units: IMPERIAL) { city { name } units freshness { state } daily(days: 3) { date } } }"}`)})
	if w := receive(); w.City.Name != "Oslo" || w.Units != "IMPERIAL" || w.Freshness.State != "LIVE" || len(w.Daily) != 3 {
		t.Errorf("at first it is told %+v", w)
	}
	g.Advance(11 * time.Second) // less than any report lives
	var got refreshed
	g.Data(t, refresh, gatewaytest.Variables{"cities": []string{"Oslo"}}, &got)
	if w := receive(); w.Freshness.State != "LIVE" || len(w.Daily) != 3 {
		t.Errorf("then it is told %+v", w)
	}
	if calls := g.Upstream.Calls(); len(calls) != 2 || calls[0].Form["forecast_days"][0] != "3" || calls[0].Form["hourly"] != nil {
		t.Errorf("calls = %+v, want two, for what the subscription asks", calls)
	}
}

func TestWeatherChangedOfAnUnknownCityIsAnError(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	socket := dial(t, g)
	for _, m := range []message{{Type: "connection_init"}, {ID: "1", Type: "subscribe", Payload: json.RawMessage(`{"query":"subscription { weatherChanged(city: \"Nowhereville\") { id } }"}`)}} {
		if err := wsjson.Write(t.Context(), socket, m); err != nil {
			t.Fatal(err)
		}
	}
	for {
		var m message
		if err := wsjson.Read(t.Context(), socket, &m); err != nil {
			t.Fatal(err)
		}
		if m.ID != "1" {
			continue
		}
		var errs []gatewaytest.Error
		if m.Type == "next" {
			var got struct{ Errors []gatewaytest.Error }
			_ = json.Unmarshal(m.Payload, &got)
			errs = got.Errors
		} else {
			_ = json.Unmarshal(m.Payload, &errs)
		}
		if len(errs) != 1 || errs[0].Extensions.Code != "NOT_FOUND" {
			t.Errorf("it is told %s %s, want NOT_FOUND", m.Type, m.Payload)
		}
		return
	}
}

// mild is a provider of empty reports.
type mild struct{}

func (mild) Source() weather.Source { return weather.Source{Provider: "mild"} }
func (mild) Limits() weather.Limits { return weather.Limits{Batch: 1, Calls: 1} }
func (mild) Has() weather.Need      { return weather.Need{Current: true} }

func (mild) Fetch(_ context.Context, places []weather.Place, _ weather.Need) ([]weather.Result, error) {
	now := time.Now()
	return []weather.Result{{Report: &weather.Report{Place: places[0], FetchedAt: now, ExpiresAt: now.Add(time.Hour)}}}, nil
}

func TestWeatherChangedSaysWhyItEnds(t *testing.T) {
	t.Parallel()
	cities, err := gazetteer.Open()
	if err != nil {
		t.Fatal(err)
	}
	service := weather.NewService(time.Now, slog.New(slog.DiscardHandler), mild{})
	root := &resolvers.Root{Gazetteer: cities, Weather: service, Now: time.Now}
	ctx, told := stream.New(t.Context(), "")
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: ast.Subscription}})
	events, err := root.Subscription().WeatherChanged(ctx, "Oslo", wire.Metric)
	if err != nil {
		t.Fatal(err)
	}
	if w := <-events; w.City.Name != "Oslo" || told.Err() != nil {
		t.Errorf("at first it is told of %s, %v", w.City.Name, told.Err())
	}
	service.Close()
	if w, more := <-events; more || fault.KindOf(told.Err()) != fault.Unavailable {
		t.Errorf("then it is told %+v, and ends with %v; want UNAVAILABLE", w, told.Err())
	}
}
