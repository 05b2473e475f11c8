package weather_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

func TestAReportJustPastItsExpiryIsAnsweredWhileOneRefreshRuns(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		answer := f.answer()
		f.will(nil)
		s.Reports(t.Context(), places(3), weather.Need{})
		f.will(answer)
		time.Sleep(life + revalidating)
		start := time.Now()
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			for i, r := range s.Reports(ctx, places(3), weather.Need{}) {
				expect(t, r, place(i), weather.Stale)
			}
			cancel() // which ends no refresh
			synctest.Wait()
		}
		if calls := f.since(1); len(calls) != 1 || len(calls[0].places) != 3 || time.Since(start) != 0 {
			t.Errorf("calls = %+v after %v, want one at once", calls, time.Since(start))
		}
		close(g.open)
		synctest.Wait()
		expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Cached)
	})
}

func TestARefreshThatFailsIsTriedAgainByTheNextWhoAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{limit: 10, now: time.Now}
		s := open(t, time.Now, f)
		s.Reports(t.Context(), places(1), weather.Need{})
		time.Sleep(life)
		f.will(func(context.Context, []weather.Place, weather.Need) ([]weather.Result, error) {
			return nil, fault.New(fault.UpstreamUnavailable, "away")
		})
		for range 2 {
			expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Stale)
			synctest.Wait()
		}
		if n := len(f.since(1)); n != 2 {
			t.Errorf("%d refreshes, want 2", n)
		}
	})
}

func TestThatThereIsNoSuchPlaceIsBelievedForAMinute(t *testing.T) {
	t.Parallel()
	s, f, c := serve(t, 10)
	f.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
		results := f.reports(places, need)
		for i, at := range places {
			if at == place(1) {
				results[i] = weather.Result{Err: fault.New(fault.NotFound, "no such place")}
			}
		}
		return results, nil
	})
	for _, step := range []struct {
		later time.Duration
		calls int
	}{{0, 1}, {time.Minute - 1, 1}, {1, 2}} {
		c.move(step.later)
		got := s.Reports(t.Context(), places(2), weather.Need{})
		if fault.KindOf(got[1].Err) != fault.NotFound || got[0].Err != nil || len(f.since(0)) != step.calls {
			t.Errorf("%v later: %+v after %d calls, want NOT_FOUND after %d", step.later, got[1], len(f.since(0)), step.calls)
		}
	}
	f.will(nil)
	c.move(time.Minute)
	expect(t, s.Reports(t.Context(), places(2), weather.Need{})[1], place(1), weather.Live)
}

func TestTheAirIsFetchedOnlyWhenAskedAndByItself(t *testing.T) {
	t.Parallel()
	s, f, c := serve(t, 10)
	f.air = true
	all := weather.Need{Current: true, AirQuality: true}
	r := s.Reports(t.Context(), places(1), weather.Need{Current: true})[0]
	expect(t, r, place(0), weather.Live)
	if r.Report.AirQuality != nil {
		t.Error("the air comes unasked")
	}
	r = s.Reports(t.Context(), places(1), all)[0]
	expect(t, r, place(0), weather.Cached)
	if r.Report.AirQuality == nil || r.AirState != weather.Live || r.AirErr != nil {
		t.Errorf("the air is %+v, %d, %v", r.Report.AirQuality, r.AirState, r.AirErr)
	}
	c.move(life + revalidating + 1)
	s.Reports(t.Context(), places(2), all)
	only := weather.Need{AirQuality: true}
	if calls := f.since(0); len(calls) != 3 || calls[1].need != only || calls[2].need != all || !slices.Equal(calls[2].places, places(2)) {
		t.Errorf("calls = %+v, want one without, one for it alone, and one for both of two places", calls)
	}
}

func TestWithoutAirTheForecastStands(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 10)
	f.air = true
	f.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
		if need == (weather.Need{AirQuality: true}) {
			return nil, fault.New(fault.UpstreamUnavailable, "away")
		}
		return f.reports(places, need), nil
	})
	s.Reports(t.Context(), places(1), weather.Need{Current: true})
	r := s.Reports(t.Context(), places(1), weather.Need{Current: true, AirQuality: true})[0]
	expect(t, r, place(0), weather.Cached)
	if r.Report.AirQuality != nil || fault.KindOf(r.AirErr) != fault.UpstreamUnavailable {
		t.Errorf("the air is %+v, %v; want UPSTREAM_UNAVAILABLE", r.Report.AirQuality, r.AirErr)
	}
	f.air = false
	r = s.Reports(t.Context(), places(1), weather.Need{Current: true, AirQuality: true})[0]
	if r.Report.AirQuality != nil || r.AirErr != nil {
		t.Errorf("where nobody has it, the air is %+v, %v", r.Report.AirQuality, r.AirErr)
	}
}
