package weather_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

func TestAFreshReportIsCachedAndMakesNoCall(t *testing.T) {
	t.Parallel()
	s, f, c := serve(t, 10)
	need := weather.Need{Hours: 24, Days: 7}
	first := s.Reports(t.Context(), places(3), need)
	c.move(life - 1)
	second := s.Reports(t.Context(), places(3), weather.Need{Hours: 12})
	for i := range 3 {
		expect(t, first[i], place(i), weather.Live)
		expect(t, second[i], place(i), weather.Cached)
		if first[i].Report != second[i].Report {
			t.Errorf("place %d has another report", i)
		}
	}
	if calls := f.since(0); len(calls) != 1 || calls[0].need != need {
		t.Errorf("calls = %+v, want one for %+v", calls, need)
	}
}

func TestAnExpiredReportIsFetchedAgain(t *testing.T) {
	t.Parallel()
	s, f, c := serve(t, 10)
	before := s.Reports(t.Context(), places(1), weather.Need{})
	c.move(life + revalidating + 1)
	after := s.Reports(t.Context(), places(1), weather.Need{})
	expect(t, after[0], place(0), weather.Live)
	if len(f.since(0)) != 2 || before[0].Report == after[0].Report {
		t.Errorf("%d calls, want 2 and a new report", len(f.since(0)))
	}
}

func TestAReportThatDoesNotCoverTheNeedIsFetchedAgain(t *testing.T) {
	t.Parallel()
	for name, need := range map[string]weather.Need{
		"more hours": {Hours: 25, Days: 3}, "more days": {Hours: 24, Days: 4}, "both": {Hours: 48, Days: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f, _ := serve(t, 10)
			s.Reports(t.Context(), places(1), weather.Need{Hours: 24, Days: 3})
			got := s.Reports(t.Context(), places(1), need)
			expect(t, got[0], place(0), weather.Live)
			if calls := f.since(0); len(calls) != 2 || calls[1].need != need {
				t.Errorf("calls = %+v, want a second for %+v", calls, need)
			}
		})
	}
}

func TestTwoViewsOfAPlaceDoNotPushEachOtherOutOfTheCache(t *testing.T) {
	t.Parallel()
	s, f, c := serve(t, 10)
	hours, days := weather.Need{Hours: 24}, weather.Need{Days: 7}
	for range 3 {
		s.Reports(t.Context(), places(1), hours)
		s.Reports(t.Context(), places(1), days)
	}
	if calls := f.since(0); len(calls) != 2 || calls[1].need != hours.And(days) {
		t.Errorf("calls = %+v, want one for the hours and one for both", calls)
	}
	c.move(life + revalidating + 1)
	s.Reports(t.Context(), places(1), days)
	if last := f.since(2); len(last) != 1 || last[0].need != days {
		t.Errorf("once expired, calls = %+v, want one for the days alone", last)
	}
}

func TestAStaleReportIsBetterThanNoneForSixHours(t *testing.T) {
	t.Parallel()
	away := fault.New(fault.UpstreamUnavailable, "away")
	for _, test := range []struct {
		name  string
		age   time.Duration
		need  weather.Need
		stale bool
	}{
		{"just too old to be refreshed meanwhile", life + revalidating + 1, weather.Need{}, true},
		{"six hours past its expiry", life + 6*time.Hour, weather.Need{Hours: 5}, true},
		{"beyond that", life + 6*time.Hour + 1, weather.Need{}, false},
		{"without what is needed", life + revalidating + 1, weather.Need{Hours: 6}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, f, c := serve(t, 10)
			s.Reports(t.Context(), places(1), weather.Need{Current: true, Hours: 5})
			f.will(func(context.Context, []weather.Place, weather.Need) ([]weather.Result, error) { return nil, away })
			c.move(test.age)
			got := s.Reports(t.Context(), places(1), test.need)
			if len(f.since(0)) != 2 {
				t.Errorf("%d calls, want 2", len(f.since(0)))
			}
			if test.stale {
				expect(t, got[0], place(0), weather.Stale)
			} else if got[0].Report != nil || fault.KindOf(got[0].Err) != fault.UpstreamUnavailable {
				t.Errorf("got %+v, want the provider's error", got[0])
			}
			f.will(nil)
			expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live)
		})
	}
}

func TestEqualPlacesAreAskedOnce(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 10)
	a, b := place(1), place(2)
	got := s.Reports(t.Context(), []weather.Place{a, b, a, b, a}, weather.Need{})
	for i, p := range []weather.Place{a, b, a, b, a} {
		expect(t, got[i], p, weather.Live)
	}
	if calls := f.since(0); len(calls) != 1 || !slices.Equal(calls[0].places, []weather.Place{a, b}) {
		t.Errorf("calls = %+v, want one for two places", calls)
	}
}

func TestOnlyWhatIsNotCachedIsAsked(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 10)
	s.Reports(t.Context(), places(2), weather.Need{})
	got := s.Reports(t.Context(), places(4), weather.Need{})
	for i, state := range []weather.State{weather.Cached, weather.Cached, weather.Live, weather.Live} {
		expect(t, got[i], place(i), state)
	}
	if calls := f.since(1); len(calls) != 1 || !slices.Equal(calls[0].places, places(4)[2:]) {
		t.Errorf("calls = %+v, want one for the other two", calls)
	}
}

func TestNothingAskedMakesNoCall(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 10)
	if got := s.Reports(t.Context(), nil, weather.Need{Hours: 1}); len(got) != 0 || len(f.since(0)) != 0 {
		t.Errorf("got %v from %d calls", got, len(f.since(0)))
	}
}

func TestAPlacesOwnErrorIsItsAloneAndNotCached(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 10)
	broken := fault.New(fault.UpstreamInvalid, "unusable")
	f.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
		results := f.reports(places, need)
		results[1] = weather.Result{Err: broken}
		return results, nil
	})
	got := s.Reports(t.Context(), places(3), weather.Need{})
	expect(t, got[0], place(0), weather.Live)
	expect(t, got[2], place(2), weather.Live)
	if got[1].Report != nil || !errors.Is(got[1].Err, broken) {
		t.Errorf("got %+v, want the place's error", got[1])
	}
	f.will(nil)
	expect(t, s.Reports(t.Context(), places(3), weather.Need{})[1], place(1), weather.Live)
	if calls := f.since(1); len(calls) != 1 || !slices.Equal(calls[0].places, places(3)[1:2]) {
		t.Errorf("then calls = %+v, want one for the place that failed", calls)
	}
}

func TestAnAnswerOfTheWrongLengthIsInvalid(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"none": 0, "one too few": 2, "one too many": 4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f, _ := serve(t, 10)
			f.will(func(context.Context, []weather.Place, weather.Need) ([]weather.Result, error) {
				return f.reports(places(n), weather.Need{}), nil
			})
			for i, r := range s.Reports(t.Context(), places(3), weather.Need{}) {
				if r.Report != nil || fault.KindOf(r.Err) != fault.UpstreamInvalid {
					t.Errorf("place %d: %+v, want UPSTREAM_INVALID", i, r)
				}
			}
		})
	}
}

func TestAPanicOfTheProviderEndsWithItsCall(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 1)
	f.will(func(context.Context, []weather.Place, weather.Need) ([]weather.Result, error) { panic("a bug") })
	for range 2 { // more calls than lanes, so that each must have been given back
		for i, r := range s.Reports(t.Context(), places(3), weather.Need{}) {
			if r.Report != nil || r.Err == nil || fault.KindOf(r.Err) != fault.Internal {
				t.Errorf("place %d has %+v", i, r)
			}
		}
	}
	f.will(nil)
	expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live)
}

func TestNeedsCombine(t *testing.T) {
	t.Parallel()
	none, hours, days := weather.Need{}, weather.Need{Hours: 24}, weather.Need{Days: 7}
	both := hours.And(days)
	if want := (weather.Need{Hours: 24, Days: 7}); both != want || days.And(hours) != want || both.And(none) != want {
		t.Errorf("both = %+v, want %+v", both, want)
	}
	for _, test := range []struct {
		n, m   weather.Need
		covers bool
	}{{none, none, true}, {none, hours, false}, {hours, none, true}, {hours, days, false}, {days, hours, false}, {both, hours, true}, {both, days, true}, {hours, both, false}} {
		if got := test.n.Covers(test.m); got != test.covers {
			t.Errorf("%+v covers %+v: %t", test.n, test.m, got)
		}
	}
}
