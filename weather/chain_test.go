package weather_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

// chained runs a test in a bubble of time, with a service over two providers.
func chained(t *testing.T, test func(t *testing.T, s *weather.Service, first, second *fake)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := &fake{name: "first", limit: 100, now: time.Now}, &fake{name: "second", limit: 100, now: time.Now}
		test(t, open(t, time.Now, first, second), first, second)
	})
}

func (f *fake) failing(err error) {
	f.will(func(context.Context, []weather.Place, weather.Need) ([]weather.Result, error) { return nil, err })
}

// by fails unless a result is a live report of a provider.
func by(t *testing.T, r weather.Result, provider string) {
	t.Helper()
	if r.Err != nil || r.Report.Source.Provider != provider || r.State != weather.Live {
		t.Errorf("got %+v, %v; want a live report by %s", r.Report, r.Err, provider)
	}
}

func TestTheSecondProviderIsAskedOnlyForWhatTheFirstHasNot(t *testing.T) {
	chained(t, func(t *testing.T, s *weather.Service, first, second *fake) {
		first.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
			results := first.reports(places, need)
			results[1] = weather.Result{Err: fault.New(fault.UpstreamInvalid, "unusable")}
			return results, nil
		})
		got := s.Reports(t.Context(), places(3), weather.Need{})
		by(t, got[0], "first")
		by(t, got[1], "second")
		by(t, got[2], "first")
		if calls := second.since(0); len(calls) != 1 || !slices.Equal(calls[0].places, places(3)[1:2]) {
			t.Errorf("the second was asked %+v, want one place", calls)
		}
		first.will(nil)
		if r := s.Reports(t.Context(), places(3), weather.Need{})[1]; r.State != weather.Cached || r.Report.Source.Provider != "second" {
			t.Errorf("then: %+v, want the second's from the cache", r)
		}
	})
}

func TestEachKindOfFailureLeadsToTheSecondProvider(t *testing.T) {
	for name, err := range map[string]error{
		"away":        fault.New(fault.UpstreamUnavailable, "away"),
		"short quota": fault.New(fault.UpstreamRateLimited, "slow down").After(time.Hour),
		"refused":     fault.Wrap(weather.ErrRejected, fault.UpstreamInvalid, "refused"),
		"a bug":       errors.New("a bug"),
	} {
		t.Run(name, func(t *testing.T) {
			chained(t, func(t *testing.T, s *weather.Service, first, second *fake) {
				first.failing(err)
				for _, r := range s.Reports(t.Context(), places(5), weather.Need{}) {
					by(t, r, "second")
				}
				if calls := second.since(0); len(calls) != 1 || len(calls[0].places) != 5 {
					t.Errorf("the second was asked %+v, want once for all", calls)
				}
			})
		})
	}
}

func TestTheTimeIsSharedSoThatTheSecondHasSomeLeft(t *testing.T) {
	for name, c := range map[string]struct{ patience, half time.Duration }{
		"without a deadline": {0, 4 * time.Second},
		"with a short one":   {time.Second, 500 * time.Millisecond},
		"with a long one":    {time.Minute, 4 * time.Second},
	} {
		for _, obeys := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				chained(t, func(t *testing.T, s *weather.Service, first, _ *fake) {
					first.will(func(ctx context.Context, _ []weather.Place, _ weather.Need) ([]weather.Result, error) {
						if !obeys {
							time.Sleep(time.Minute)
						}
						<-ctx.Done()
						return nil, ctx.Err()
					})
					ctx := t.Context()
					if c.patience > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, c.patience)
						defer cancel()
					}
					start := time.Now()
					by(t, s.Reports(ctx, places(1), weather.Need{})[0], "second")
					if passed := time.Since(start); passed != c.half {
						t.Errorf("the second was asked after %v, want %v", passed, c.half)
					}
				})
			})
		}
	}
}

func TestALateAnswerOfTheFirstProviderIsTaken(t *testing.T) {
	chained(t, func(t *testing.T, s *weather.Service, first, second *fake) {
		slow := func(f *fake, by time.Duration) {
			f.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
				time.Sleep(by)
				return f.reports(places, need), nil
			})
		}
		slow(first, 5*time.Second)
		slow(second, 3*time.Second)
		start := time.Now()
		by(t, s.Reports(t.Context(), places(1), weather.Need{})[0], "first")
		if passed := time.Since(start); passed != 5*time.Second {
			t.Errorf("after %v, want 5s", passed)
		}
		synctest.Wait()
	})
}

func TestWhenAllFailTheFirstSaysWhy(t *testing.T) {
	away, none := fault.New(fault.UpstreamUnavailable, "away"), fault.New(fault.NotFound, "no such place")
	for name, c := range map[string]struct {
		first, second error
		want          fault.Kind
	}{
		"both":                     {away, fault.New(fault.UpstreamRateLimited, "slow down"), fault.UpstreamUnavailable},
		"one that knows it not":    {none, away, fault.UpstreamUnavailable},
		"the other knows it not":   {away, none, fault.UpstreamUnavailable},
		"neither knows such place": {none, none, fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			chained(t, func(t *testing.T, s *weather.Service, first, second *fake) {
				first.failing(c.first)
				second.failing(c.second)
				if r := s.Reports(t.Context(), places(1), weather.Need{})[0]; fault.KindOf(r.Err) != c.want {
					t.Errorf("got %v, want %v", r.Err, c.want.Code())
				}
			})
		})
	}
}

func TestWhoHasAllOfANeedIsAskedBeforeWhoHasSome(t *testing.T) {
	chained(t, func(t *testing.T, s *weather.Service, first, second *fake) {
		first.days = 9
		by(t, s.Reports(t.Context(), places(1), weather.Need{Days: 9})[0], "first")
		by(t, s.Reports(t.Context(), places(1), weather.Need{Days: 16})[0], "second")
		second.failing(fault.New(fault.UpstreamUnavailable, "away"))
		other := []weather.Place{place(1)}
		r := s.Reports(t.Context(), other, weather.Need{Days: 16})[0]
		by(t, r, "first")
		if calls := first.since(1); len(calls) != 1 || calls[0].need.Days != 9 || len(r.Report.Daily) != 9 {
			t.Errorf("calls = %+v, want one for the nine days there are", calls)
		}
		if r := s.Reports(t.Context(), other, weather.Need{Days: 16})[0]; r.State != weather.Cached {
			t.Errorf("asked again, it is %+v, want the same from the cache", r)
		}
	})
}

func TestTheAirComesFromWhoHasIt(t *testing.T) {
	chained(t, func(t *testing.T, s *weather.Service, _, second *fake) {
		second.air = true
		r := s.Reports(t.Context(), places(1), weather.Need{Current: true, AirQuality: true})[0]
		by(t, r, "first")
		if r.Report.AirQuality == nil || r.Report.AirQuality.Source.Provider != "second" {
			t.Errorf("the air is %+v, want the second's", r.Report.AirQuality)
		}
		if calls := second.since(0); len(calls) != 1 || calls[0].need != (weather.Need{AirQuality: true}) {
			t.Errorf("the second was asked %+v, want the air alone", calls)
		}
	})
}

func TestWhatWaitsTakesNoMoreAlongThanItsProviderHas(t *testing.T) {
	chained(t, func(t *testing.T, s *weather.Service, first, second *fake) {
		first.days = 9
		let := make(chan struct{})
		first.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
			<-let
			return first.reports(places, need), nil
		})
		var operations sync.WaitGroup
		for i := range lanes + 1 { // the last of which waits for a lane
			operations.Go(func() { by(t, s.Reports(t.Context(), []weather.Place{place(i)}, weather.Need{Days: 3})[0], "first") })
			synctest.Wait()
		}
		r := s.Reports(t.Context(), []weather.Place{place(lanes)}, weather.Need{Days: 16})[0]
		by(t, r, "second")
		if len(r.Report.Daily) != 16 {
			t.Errorf("%d days, want 16", len(r.Report.Daily))
		}
		close(let)
		operations.Wait()
		if calls := second.since(0); len(calls) != 1 {
			t.Errorf("the second was asked %+v, want once", calls)
		}
	})
}
