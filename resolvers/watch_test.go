package resolvers_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/coder/websocket/wsjson"

	"barograph/internal/gatewaytest"
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
