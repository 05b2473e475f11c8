package weather_test

import (
	"context"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

var seed = flag.Uint64("seed", 0, "run the simulation of this seed alone")

// The simulation runs a service through random times, in a bubble of its own:
// operations come, share, hurry, leave, refresh and watch; providers are slow,
// fail, refuse, hang and break. A seed that fails is printed, and runs again by
// -run Simulation -seed N. BAROGRAPH_SOAK, as in "10m", runs new ones for so long.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if *seed != 0 {
		simulate(t, *seed)
		return
	}
	first, last, until := uint64(1), uint64(3000), time.Now().Add(8*time.Second)
	if soak, err := time.ParseDuration(os.Getenv("BAROGRAPH_SOAK")); err == nil {
		first, last, until = uint64(time.Now().UnixNano()), math.MaxUint64, time.Now().Add(soak)
	}
	for n := first; n <= last && time.Now().Before(until) && !t.Failed(); n++ {
		simulate(t, n)
	}
}

func simulate(t *testing.T, seed uint64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed)
		providers := make([]weather.Provider, len(w.providers))
		for i, p := range w.providers {
			providers[i] = p
		}
		w.service = open(t, time.Now, providers...)
		if w.random.IntN(2) == 0 {
			w.service.Share(newShelf(w.gap() % (40 * time.Millisecond)))
		}
		var operations sync.WaitGroup
		at := time.Duration(0)
		for range 5 + w.random.IntN(40) {
			at += w.gap()
			o, wait := w.operation(), at
			operations.Go(func() {
				time.Sleep(wait)
				o(t.Context())
			})
		}
		operations.Wait()
		w.service.Close()
		if r := w.service.Reports(t.Context(), []weather.Place{{Latitude: 9, Longitude: 9}}, weather.Need{}); r[0].Err == nil {
			w.errorf("a closed service fetches")
		}
		for _, p := range w.providers {
			if len(p.active) != 0 {
				w.errorf("%s is still asked once the service is closed", p.name)
			}
		}
	})
	if t.Failed() {
		t.Logf("to run it again: go test ./weather -run Simulation -seed %d", seed)
	}
}

// A world is that of one seed.
type world struct {
	t         *testing.T
	seed      uint64
	random    *rand.Rand // of whoever makes the world; what runs in it has its own
	calm      bool       // all goes well
	pace      time.Duration
	places    []weather.Place
	providers []*whim
	service   *weather.Service
}

func newWorld(t *testing.T, seed uint64) *world {
	random := rand.New(rand.NewPCG(seed, 7))
	w := &world{t: t, seed: seed, random: random, calm: random.IntN(4) == 0, places: places(1 + random.IntN(12))}
	w.pace = []time.Duration{time.Millisecond, 300 * time.Millisecond, 5 * time.Second, 10 * time.Minute, 2 * time.Hour}[random.IntN(5)]
	for i := range 1 + random.IntN(3) {
		w.providers = append(w.providers, newWhim(w, i))
	}
	return w
}

func (w *world) errorf(format string, args ...any) {
	w.t.Errorf("seed %d: "+format, append([]any{w.seed}, args...)...)
}

func (w *world) gap() time.Duration {
	if w.random.IntN(3) == 0 {
		return 0
	}
	return time.Duration(w.random.Int64N(int64(w.pace)))
}

// need asks for anything, most often for what others ask.
func (w *world) need() weather.Need {
	pick := func(n ...int) int { return n[w.random.IntN(len(n))] }
	return weather.Need{
		Current: w.random.IntN(3) > 0, Hours: pick(0, 0, 0, 2, 5, 9), Days: pick(0, 0, 1, 3), AirQuality: w.random.IntN(4) == 0,
	}
}

// operation returns something that someone does.
func (w *world) operation() func(context.Context) {
	asked := make([]weather.Place, 1+w.random.IntN(15))
	for i := range asked {
		asked[i] = w.places[w.random.IntN(len(w.places))]
	}
	need := w.need()
	patience := time.Duration(0)
	if !w.calm && w.random.IntN(2) == 0 {
		patience = 1 + time.Duration(w.random.Int64N(int64(12*time.Second)))
	}
	leaves := w.random.IntN(2) == 0 // rather than having a deadline
	kind := w.random.IntN(10)
	return func(ctx context.Context) {
		var cancel context.CancelFunc = func() {}
		if patience > 0 && leaves {
			ctx, cancel = context.WithCancel(ctx)
			timer := time.AfterFunc(patience, cancel)
			defer timer.Stop()
		} else if patience > 0 {
			ctx, cancel = context.WithTimeout(ctx, patience)
		}
		defer cancel()
		switch kind {
		case 0:
			w.refresh(ctx, asked, need)
		case 1:
			w.watch(ctx, asked[0], need)
		default:
			w.ask(ctx, asked, need, patience)
		}
	}
}

func (w *world) ask(ctx context.Context, asked []weather.Place, need weather.Need, patience time.Duration) {
	start := time.Now()
	results := w.service.Reports(ctx, asked, need)
	took := time.Since(start)
	if took > 8*time.Second || patience > 0 && took > patience {
		w.errorf("an operation with %v of patience took %v", patience, took)
	}
	if len(results) != len(asked) {
		w.errorf("%d results for %d places", len(results), len(asked))
	}
	for i, r := range results {
		w.check(r, asked[i], need, start)
		if w.calm && (r.Err != nil || r.AirErr != nil) {
			w.errorf("all is calm, and %v has %v, %v", asked[i], r.Err, r.AirErr)
		}
	}
}

func (w *world) refresh(ctx context.Context, asked []weather.Place, need weather.Need) {
	start := time.Now()
	for i, r := range w.service.Refresh(ctx, asked, need) {
		if r.Report == nil && r.Err == nil {
			w.errorf("%v has neither a report nor an error", asked[i])
		}
		if r.Err == nil && r.AirErr == nil {
			w.check(r, asked[i], need, start)
			if r.State != weather.Live && (need.Current || need.Hours+need.Days > 0) {
				w.errorf("%v was not refreshed, and does not say why: %+v", asked[i], r)
			}
		}
	}
}

func (w *world) watch(ctx context.Context, place weather.Place, need weather.Need) {
	watcher, err := w.service.Watch(ctx, place, need)
	if err != nil {
		return
	}
	defer w.service.Unwatch(watcher)
	enough := time.After(time.Hour)
	var last time.Time
	for {
		select {
		case r, ok := <-watcher.Reports():
			if !ok {
				return
			}
			now := r.Report.FetchedAt
			if a := r.Report.AirQuality; a != nil && a.FetchedAt.After(now) {
				now = a.FetchedAt
			}
			if r.Err != nil || now.Before(last) || r.Report.Place != place {
				w.errorf("a watcher of %v was told %+v after one of %v", place, r, last)
			}
			last = now
		case <-ctx.Done():
			return
		case <-enough:
			return
		}
	}
}

// check checks what is true of every answer.
func (w *world) check(r weather.Result, place weather.Place, need weather.Need, start time.Time) {
	now := time.Now()
	if r.Err != nil {
		if r.Report != nil {
			w.errorf("%v has both a report and %v", place, r.Err)
		}
		if fault.KindOf(r.Err) == fault.NotFound && !w.unknownToAll(place) {
			w.errorf("%v is not known to all providers, and has %v", place, r.Err)
		}
		return
	}
	if r.Report == nil || r.Report.Place != place {
		w.errorf("%v has %+v", place, r.Report)
		return
	}
	if need != (weather.Need{AirQuality: true}) {
		w.checkAge("forecast", r.State, r.Report.FetchedAt, r.Report.ExpiresAt, start, now)
	}
	if a := r.Report.AirQuality; a != nil {
		w.checkAge("air", r.AirState, a.FetchedAt, a.ExpiresAt, start, now)
	}
	if most := w.most(); len(r.Report.Hourly) < min(need.Hours, most.Hours) || len(r.Report.Daily) < min(need.Days, most.Days) {
		w.errorf("%v has %d hours and %d days, want %+v", place, len(r.Report.Hourly), len(r.Report.Daily), need)
	}
}

func (w *world) checkAge(what string, state weather.State, fetched, expires, start, now time.Time) {
	// What a call was refused beside comes when all of its halves have.
	halved := slices.ContainsFunc(w.providers, func(p *whim) bool { return p.poison != weather.Place{} })
	switch {
	case state == weather.Live && fetched.Before(start) && (!halved || start.Sub(fetched) > 8*time.Second):
		w.errorf("a live %s was fetched %v before it was asked for", what, start.Sub(fetched))
	case state == weather.Cached && !start.Before(expires):
		w.errorf("a cached %s was past its expiry by %v", what, start.Sub(expires))
	case state == weather.Stale && now.Sub(expires) > 6*time.Hour+8*time.Second:
		w.errorf("a stale %s was past its expiry by %v", what, now.Sub(expires))
	case state == weather.Stale && start.Before(expires):
		w.errorf("a %s is called stale before its expiry", what)
	}
}

// most returns what the least able provider has.
func (w *world) most() weather.Need {
	least := weather.Need{Hours: weather.MaxHours, Days: weather.MaxDays}
	for _, p := range w.providers {
		least.Hours, least.Days = min(least.Hours, p.has.Hours), min(least.Days, p.has.Days)
	}
	return least
}

func (w *world) unknownToAll(place weather.Place) bool {
	for _, p := range w.providers {
		if p.knows(place) {
			return false
		}
	}
	return true
}
