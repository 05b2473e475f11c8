package guard_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/guard"
	"barograph/weather/upstream"
)

func TestAGuardIsTheProviderItGuards(t *testing.T) {
	t.Parallel()
	f := &fake{calls: 3}
	g := guarded(t, f)
	if g.Source() != f.Source() || g.Limits() != f.Limits() || g.Has() != f.Has() {
		t.Errorf("it says %+v, %+v, %+v", g.Source(), g.Limits(), g.Has())
	}
}

func TestAFailureIsRetriedOnceAndSoon(t *testing.T) {
	t.Parallel()
	broken := make([]weather.Result, len(places))
	for i := range broken {
		broken[i].Err = invalid
	}
	for name, first := range map[string]func() ([]weather.Result, error){
		"away":         func() ([]weather.Result, error) { return nil, away },
		"nonsense":     func() ([]weather.Result, error) { return nil, invalid },
		"all nonsense": func() ([]weather.Result, error) { return broken, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{do: func(_ context.Context, call int) ([]weather.Result, error) {
					if call == 0 {
						return first()
					}
					return reports(len(places)), nil
				}}
				took, _ := fetch(t, guarded(t, f), ok)
				if f.count() != 2 || took != 125*time.Millisecond {
					t.Errorf("%d calls in %v", f.count(), took)
				}
			})
		})
	}
}

func TestTwoFailuresAreEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: always(away)}
		if _, err := fetch(t, guarded(t, f), fault.UpstreamUnavailable); err.Message != "away" || f.count() != 2 {
			t.Errorf("%d calls, and %v", f.count(), err)
		}
	})
}

func TestWhatAskingAgainCannotHelpIsNotRetried(t *testing.T) {
	t.Parallel()
	one := reports(len(places))
	one[1] = weather.Result{Err: invalid}
	for name, outcome := range map[string]func() ([]weather.Result, error){
		"a rejection": func() ([]weather.Result, error) {
			return nil, fault.Wrap(weather.ErrRejected, fault.UpstreamInvalid, "no")
		},
		"a closed door": func() ([]weather.Result, error) {
			return nil, fault.Wrap(upstream.ErrRefused, fault.UpstreamUnavailable, "no")
		},
		"a quota":         func() ([]weather.Result, error) { return nil, fault.New(fault.UpstreamRateLimited, "no") },
		"a bug":           func() ([]weather.Result, error) { return nil, errors.New("a bug") },
		"one bad place":   func() ([]weather.Result, error) { return one, nil },
		"a wait":          func() ([]weather.Result, error) { return nil, away.After(time.Minute) },
		"a bug's panic":   func() ([]weather.Result, error) { panic("a bug") },
		"no place at all": func() ([]weather.Result, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{do: func(context.Context, int) ([]weather.Result, error) { return outcome() }}
			_, _ = guarded(t, f).Fetch(t.Context(), places, need)
			if f.count() != 1 {
				t.Errorf("%d calls", f.count())
			}
		})
	}
}

func TestRetriesAreATenthOfTheTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Each fourth call fails, so that the breaker stays closed: fewer than half
		// of the attempts do.
		const calls = 1000
		failing := true
		f := &fake{do: func(context.Context, int) ([]weather.Result, error) {
			if failing {
				return nil, invalid
			}
			return reports(len(places)), nil
		}}
		g := guarded(t, f)
		for i := range calls {
			failing = i%4 == 3
			_, _ = g.Fetch(t.Context(), places, need)
			time.Sleep(time.Second)
		}
		if retries := f.count() - calls; retries < calls/10-1 || retries > calls/10+1 {
			t.Errorf("%d retries of %d calls", retries, calls)
		}
	})
}

func TestACallIsOverByItsDeadline(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ config, caller, want time.Duration }{
		{0, 0, 5 * time.Second},                       // the usual one
		{2 * time.Second, 0, 2 * time.Second},         // another one
		{0, 4 * time.Second, 3600 * time.Millisecond}, // nine tenths of the caller's
		{0, time.Hour, 5 * time.Second},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{do: after(time.Hour)}
				g := guarded(t, f, func(c *guard.Config) { c.Deadline = test.config })
				ctx := t.Context()
				if test.caller != 0 {
					within, cancel := context.WithTimeout(ctx, test.caller)
					defer cancel()
					ctx = within
				}
				began := time.Now()
				_, err := g.Fetch(ctx, places, need)
				if took := time.Since(began); fault.KindOf(err) != fault.UpstreamTimeout || took != test.want || f.count() != 2 {
					t.Errorf("%v after %v and %d calls, want %v", err, took, f.count(), test.want)
				}
			})
		})
	}
}

func TestASlowAttemptLeavesTimeForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: func(ctx context.Context, call int) ([]weather.Result, error) {
			if call == 0 {
				return after(time.Hour)(ctx, call)
			}
			return after(1500*time.Millisecond)(ctx, call)
		}}
		if took, _ := fetch(t, guarded(t, f), ok); took != 3*time.Second+125*time.Millisecond+1500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestACallerWhoGoesAwayEndsTheCall(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]func(*guard.Config){"alone": nil, "hedged": {hedging}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{do: after(time.Hour)}
				g := guarded(t, f, change...)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				began := time.Now()
				if _, err := g.Fetch(ctx, places, need); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
					t.Errorf("%v after %v", err, time.Since(began))
				}
				g.Close()
				if f.count() != 1 || f.underway != 0 {
					t.Errorf("%d calls, %d of them still under way", f.count(), f.underway)
				}
			})
		})
	}
}

func TestNoMoreCallsAreUnderWayThanTheProviderTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{calls: 3, do: after(time.Second)}
		g := guarded(t, f)
		var callers sync.WaitGroup
		for range 9 {
			callers.Go(func() { _, _ = fetch(t, g, ok) })
		}
		callers.Wait()
		if f.most != 3 || f.count() != 9 {
			t.Errorf("%d at once of %d", f.most, f.count())
		}
	})
}

func TestACallThatFindsNoRoomSaysSoAndIsNotTheProvidersFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{calls: 1, do: func(ctx context.Context, _ int) ([]weather.Result, error) {
			<-ctx.Done() // the call that is in
			return reports(len(places)), nil
		}}
		g := guarded(t, f)
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() { _, _ = g.Fetch(t.Context(), places, need) })
		}
		callers.Wait()
		f.do = nil
		_, _ = fetch(t, g, ok) // the breaker has stayed closed
	})
}

func TestAPanicIsOneCallsAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]func(*guard.Config){"alone": nil, "hedged": {hedging}} {
		f := &fake{calls: 1, do: func(context.Context, int) ([]weather.Result, error) { panic("a bug") }}
		g := guarded(t, f, change...)
		for range 3 {
			if results, err := g.Fetch(t.Context(), places, need); err == nil || results != nil || fault.KindOf(err) != fault.Internal {
				t.Errorf("%s: %v, %v", name, results, err)
			}
		}
	}
}
