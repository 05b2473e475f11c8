package weather_test

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"barograph/internal/fault"
	"barograph/weather"
)

// rejecting makes a fake refuse every call that asks for one of the places.
func (f *fake) rejecting(bad ...weather.Place) {
	f.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
		if slices.ContainsFunc(places, func(p weather.Place) bool { return slices.Contains(bad, p) }) {
			return nil, fault.Wrap(weather.ErrRejected, fault.UpstreamInvalid, "refused")
		}
		return f.reports(places, need), nil
	})
}

func TestOneBadPlaceFailsAlone(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 7, 100, 1000} {
		for _, bad := range []int{0, n / 3, n - 1} {
			t.Run(fmt.Sprintf("%d of %d", bad, n), func(t *testing.T) {
				t.Parallel()
				s, f, _ := serve(t, 1000)
				f.rejecting(place(bad))
				for i, r := range s.Reports(t.Context(), places(n), weather.Need{}) {
					if i != bad {
						expect(t, r, place(i), weather.Live)
					} else if r.Report != nil || !errors.Is(r.Err, weather.ErrRejected) || fault.KindOf(r.Err) != fault.UpstreamInvalid {
						t.Errorf("the bad place has %+v", r)
					}
				}
				calls := len(f.since(0))
				if most := 2*bits.Len(uint(n-1)) + 1; calls > most { // bits.Len(n-1) is ceil(log2 n)
					t.Errorf("%d calls, want at most %d", calls, most)
				}
				s.Reports(t.Context(), places(n), weather.Need{})
				if again := f.since(calls); len(again) != 1 || !slices.Equal(again[0].places, []weather.Place{place(bad)}) {
					t.Errorf("asked again, calls = %+v, want one for the bad place", again)
				}
			})
		}
	}
}

func TestSeveralBadPlacesFailAlone(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 1000)
	f.rejecting(place(3), place(4), place(60))
	for i, r := range s.Reports(t.Context(), places(64), weather.Need{}) {
		if i != 3 && i != 4 && i != 60 {
			expect(t, r, place(i), weather.Live)
		} else if !errors.Is(r.Err, weather.ErrRejected) {
			t.Errorf("bad place %d has %+v", i, r)
		}
	}
}

func TestOtherFailuresAreNotBisected(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 1000)
	f.will(func(context.Context, []weather.Place, weather.Need) ([]weather.Result, error) {
		return nil, fault.New(fault.UpstreamRateLimited, "slow down")
	})
	for i, r := range s.Reports(t.Context(), places(64), weather.Need{}) {
		if fault.KindOf(r.Err) != fault.UpstreamRateLimited {
			t.Errorf("place %d has %+v", i, r)
		}
	}
	if len(f.since(0)) != 1 {
		t.Errorf("%d calls, want 1", len(f.since(0)))
	}
}

func TestAProviderThatRefusesEverythingIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 100, 1000} {
		s, f, _ := serve(t, 1000)
		f.rejecting(places(n)...)
		for i, r := range s.Reports(t.Context(), places(n), weather.Need{}) {
			if !errors.Is(r.Err, weather.ErrRejected) {
				t.Errorf("place %d of %d has %+v", i, n, r)
			}
		}
		if calls, most := len(f.since(0)), 2*bits.Len(uint(n-1))+1; calls > most {
			t.Errorf("%d calls for %d places, want at most %d", calls, n, most)
		}
	}
}

func TestManyBadPlacesCostABoundedNumberOfCalls(t *testing.T) {
	t.Parallel()
	s, f, _ := serve(t, 1000)
	var bad []weather.Place
	for i := 0; i < 1000; i += 3 {
		bad = append(bad, place(i))
	}
	f.rejecting(bad...)
	s.Reports(t.Context(), places(1000), weather.Need{})
	if calls, most := len(f.since(0)), 8*21; calls > most {
		t.Errorf("%d calls, want at most %d", calls, most)
	}
}
