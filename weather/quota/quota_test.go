package quota_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather/quota"
)

// The formula is calculateQueryWeight of Open-Meteo's ForecastapiResult.swift:
// the sum over locations of max(1, variables/10, variables/10 · days/14). The
// pricing page's own example is that 15 variables over two weeks are 1.5 calls.
func TestACallWeighsWhatTheServiceCounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		locations, variables int
		days, want           float64
	}{
		{1, 15, 14, 1.5},        // the pricing page's example
		{1, 10, 14, 1},          // exactly one
		{1, 1, 1, 1},            // no location weighs less than one
		{1, 0, 0, 1},            // not even for nothing
		{1, 10, 7, 1},           // fewer days do not weigh less
		{1, 20, 7, 2},           // 20/10
		{1, 10, 28, 2},          // 28/14
		{1, 20, 28, 4},          // 20/10 · 28/14
		{100, 11, 1, 110},       // 100 · 1.1
		{1000, 31, 7, 3100},     // 1000 · 3.1
		{2, 31, 16, 49.6 / 7},   // 2 · 3.1 · 16/14
		{3, 5, 35, 3.75},        // 3 · 0.5 · 35/14
		{1, 5, 14 * 4 / 3.0, 1}, // 0.5 · 4/3 is less than one
	} {
		if got := quota.Weight(test.locations, test.variables, test.days); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%d locations, %d variables, %v days weigh %v, want %v", test.locations, test.variables, test.days, got, test.want)
		}
	}
}

// A clock is moved by hand.
type clock struct{ unix atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(c.unix.Load(), 0) }
func (c *clock) move(d time.Duration) { c.unix.Add(int64(d / time.Second)) }
func start(at string, t *testing.T) *clock {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{}
	c.unix.Store(moment.Unix())
	return c
}

func spend(t *testing.T, m *quota.Meter, weight float64) quota.Receipt {
	t.Helper()
	r, err := m.Spend(weight)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// short fails unless a weight is refused until after a wait.
func short(t *testing.T, m *quota.Meter, weight float64, wait time.Duration) {
	t.Helper()
	_, err := m.Spend(weight)
	if !errors.Is(err, quota.ErrShort) || fault.KindOf(err) != fault.UpstreamRateLimited || fault.Of(err).RetryAfter != wait {
		t.Errorf("spending %v: %v after %v, want %v", weight, err, fault.Of(err).RetryAfter, wait)
	}
}

func TestEachWindowBeginsAnewWhenTheServicesDoes(t *testing.T) {
	t.Parallel()
	c := start("2026-06-15T22:58:20Z", t)
	m := quota.NewMeter(quota.Limits{Minute: 10, Hour: 15, Day: 18}, c.now)
	spend(t, m, 10)
	short(t, m, 0.5, 40*time.Second) // until the minute is full
	c.move(40 * time.Second)
	spend(t, m, 5)
	short(t, m, 1, time.Minute) // the hour's are gone
	c.move(time.Minute)
	spend(t, m, 3)
	short(t, m, 1, time.Hour) // and the day's
	if got := m.Left(); got != (quota.Limits{Minute: 7, Hour: 12, Day: 0}) {
		t.Errorf("%+v left", got)
	}
	c.move(time.Hour)
	if got := m.Left(); got != (quota.Limits{Minute: 10, Hour: 15, Day: 18}) {
		t.Errorf("%+v left on the next day", got)
	}
}

func TestWhatIsRefusedCostsNothing(t *testing.T) {
	t.Parallel()
	c := start("2026-06-15T12:00:00Z", t)
	m := quota.NewMeter(quota.Limits{Minute: 10, Hour: 100, Day: 100}, c.now)
	spend(t, m, 6)
	short(t, m, 5, time.Minute)
	spend(t, m, 4) // a lighter call still fits
	if got := m.Left(); got != (quota.Limits{Minute: 0, Hour: 90, Day: 90}) {
		t.Errorf("%+v left", got)
	}
}

func TestAnErrorCostsOne(t *testing.T) {
	t.Parallel()
	c := start("2026-06-15T12:00:30Z", t)
	m := quota.NewMeter(quota.Limits{Minute: 100, Hour: 100, Day: 100}, c.now)
	m.Refund(spend(t, m, 60))
	m.Refund(spend(t, m, 1))
	if got := m.Left(); got != (quota.Limits{Minute: 98, Hour: 98, Day: 98}) {
		t.Errorf("%+v left", got)
	}
	late := spend(t, m, 50)
	c.move(time.Minute)
	spend(t, m, 20)
	m.Refund(late) // of which the minute that has begun since knows nothing
	if got := m.Left(); got != (quota.Limits{Minute: 80, Hour: 77, Day: 77}) {
		t.Errorf("%+v left", got)
	}
}

func TestAWindowThatTheServiceCallsUsedUpIs(t *testing.T) {
	t.Parallel()
	for window, wait := range map[quota.Window]time.Duration{
		quota.Minute: 30 * time.Second, quota.Hour: 29*time.Minute + 30*time.Second, quota.Day: 11*time.Hour + 29*time.Minute + 30*time.Second,
	} {
		c := start("2026-06-15T12:30:30Z", t)
		m := quota.NewMeter(quota.Free, c.now)
		m.Exhaust(window)
		short(t, m, 1, wait)
		c.move(wait)
		spend(t, m, 1)
	}
}

func TestWindowsEndWithTheUTCDay(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.June, 15, 12, 30, 30, 0, time.FixedZone("", 5*3600+1800)) // 07:00:30 UTC
	for window, want := range map[quota.Window]time.Duration{
		quota.Minute: 30 * time.Second, quota.Hour: 59*time.Minute + 30*time.Second, quota.Day: 16*time.Hour + 59*time.Minute + 30*time.Second,
	} {
		if got := window.Left(at); got != want {
			t.Errorf("%v is left of window %d, want %v", got, window, want)
		}
	}
}

func TestABatchFitsIntoAMinute(t *testing.T) {
	t.Parallel()
	m := quota.NewMeter(quota.Free, time.Now)
	for weight, want := range map[float64]int{1: 600, 4: 150, 3.7: 162, 1000: 1} {
		if got := m.Batch(weight); got != want {
			t.Errorf("%d locations of weight %v, want %d", got, weight, want)
		}
	}
}

func TestManyAtOnceSpendNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	c := start("2026-06-15T12:00:00Z", t)
	m := quota.NewMeter(quota.Limits{Minute: 100, Hour: 1000, Day: 1000}, c.now)
	var callers sync.WaitGroup
	var allowed atomic.Int64
	for range 50 {
		callers.Go(func() {
			for range 10 {
				if _, err := m.Spend(1); err == nil {
					allowed.Add(1)
				}
			}
		})
	}
	callers.Wait()
	if allowed.Load() != 100 {
		t.Errorf("%d calls, want 100", allowed.Load())
	}
}

func ExampleMeter() {
	now := func() time.Time { return time.Date(2026, time.June, 15, 12, 20, 15, 0, time.UTC) }
	meter := quota.NewMeter(quota.Free, now)
	for range 2 {
		// Current conditions, hours and days of 150 cities.
		if _, err := meter.Spend(quota.Weight(150, 31, 7)); err != nil {
			fmt.Println("again in", fault.Of(err).RetryAfter)
			continue
		}
		fmt.Printf("%.0f left\n", meter.Left().Minute)
	}
	// Output:
	// 135 left
	// again in 45s
}
