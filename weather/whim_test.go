package weather_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

// A whim is a provider of a simulated world that does as it likes, and checks
// what it is asked.
type whim struct {
	world  *world
	name   string
	limits weather.Limits
	has    weather.Need
	life   time.Duration
	slow   time.Duration // the longest it takes when it does not hang
	fails  int           // of a hundred calls
	poison weather.Place // refuses a call with it
	absent weather.Place // does not know it

	mu     sync.Mutex
	random *rand.Rand                  // guarded by mu
	active map[*weather.Place]activity // guarded by mu: by the first place of each call
}

type activity struct {
	ctx    context.Context
	places []weather.Place
	need   weather.Need
	since  time.Time
}

func newWhim(w *world, i int) *whim {
	r := w.random
	p := &whim{
		world: w, name: fmt.Sprint("whim ", i), random: rand.New(rand.NewPCG(w.seed, uint64(i))), active: map[*weather.Place]activity{},
		limits: weather.Limits{Batch: 1 + r.IntN(15), Calls: 1 + r.IntN(3)},
		has:    weather.Need{Current: true, Hours: []int{4, 9, 360}[r.IntN(3)], Days: []int{2, 16}[r.IntN(2)], AirQuality: r.IntN(2) == 0},
		life:   time.Duration(1+r.IntN(20)) * time.Minute,
		slow:   []time.Duration{1, time.Millisecond, 50 * time.Millisecond, 3 * time.Second}[r.IntN(4)],
	}
	if w.calm {
		p.limits, p.slow = weather.Limits{Batch: 20, Calls: 2}, min(p.slow, 50*time.Millisecond)
		return p
	}
	p.fails = []int{0, 5, 30, 100}[r.IntN(4)]
	if r.IntN(3) == 0 {
		p.poison = w.places[r.IntN(len(w.places))]
	}
	if r.IntN(3) == 0 {
		p.absent = w.places[r.IntN(len(w.places))]
	}
	return p
}

func (p *whim) Source() weather.Source      { return weather.Source{Provider: p.name} }
func (p *whim) Limits() weather.Limits      { return p.limits }
func (p *whim) Has() weather.Need           { return p.has }
func (p *whim) knows(at weather.Place) bool { return p.absent == weather.Place{} || p.absent != at }

func (p *whim) Fetch(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	takes, mood := p.begin(ctx, places, need)
	defer p.end(places)
	if mood == "hangs" {
		time.Sleep(takes) // whatever the deadline
	} else {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	switch {
	case mood == "fails":
		return nil, fault.New(fault.UpstreamUnavailable, "away")
	case mood == "is asked too much":
		return nil, fault.New(fault.UpstreamRateLimited, "slow down").After(time.Minute)
	case mood == "breaks":
		panic("a bug in a provider")
	case mood == "is short":
		return make([]weather.Result, len(places)-1), nil
	case (p.poison != weather.Place{}) && slices.Contains(places, p.poison):
		return nil, fault.Wrap(weather.ErrRejected, fault.UpstreamInvalid, "refused")
	}
	return p.reports(places, need, mood), nil
}

// begin checks what is asked, and decides how that goes.
func (p *whim) begin(ctx context.Context, places []weather.Place, need weather.Need) (takes time.Duration, mood string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(places) == 0 || len(places) > p.limits.Batch {
		p.world.errorf("%s, which takes %d places, is asked for %d", p.name, p.limits.Batch, len(places))
	}
	if !p.has.Covers(need) || need == (weather.Need{}) {
		p.world.errorf("%s, which has %+v, is asked for %+v", p.name, p.has, need)
	}
	if len(p.active) >= p.limits.Calls {
		p.world.errorf("%s has %d calls at once and takes %d", p.name, len(p.active)+1, p.limits.Calls)
	}
	seen := map[weather.Place]bool{}
	for _, at := range places {
		if seen[at] {
			p.world.errorf("%s is asked twice for %v in a call", p.name, at)
		}
		seen[at] = true
		for _, other := range p.active {
			// A call that is refused is asked again by halves, whatever came meanwhile.
			// Of calls that leave at once, any may come first.
			if (p.poison == weather.Place{}) && other.since.Before(time.Now()) && other.ctx.Err() == nil && slices.Contains(other.places, at) && other.need.Covers(need) {
				p.world.errorf("%s is asked for %v and %+v, which is on its way with %+v", p.name, at, need, other.need)
			}
		}
	}
	p.active[&places[0]] = activity{ctx, slices.Clone(places), need, time.Now()}
	takes = time.Duration(p.random.Int64N(int64(p.slow)))
	if p.random.IntN(100) >= p.fails {
		return takes, ""
	}
	mood = []string{"fails", "fails", "is asked too much", "breaks", "is short", "hangs", "stalls", "knows some"}[p.random.IntN(8)]
	if mood == "hangs" || mood == "stalls" {
		takes = time.Duration(p.random.Int64N(int64(15 * time.Second)))
	}
	return takes, mood
}

func (p *whim) end(places []weather.Place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.active, &places[0])
}

func (p *whim) reports(places []weather.Place, need weather.Need, mood string) []weather.Result {
	results := make([]weather.Result, len(places))
	now := time.Now()
	for i, at := range places {
		switch {
		case !p.knows(at):
			results[i].Err = fault.New(fault.NotFound, "no such place")
			continue
		case mood == "knows some" && i%2 == 0:
			results[i].Err = fault.New(fault.UpstreamInvalid, "unusable")
			continue
		}
		r := &weather.Report{Place: at, Source: p.Source(), FetchedAt: now, ExpiresAt: now.Add(p.life)}
		r.Hourly, r.Daily = make([]weather.Hour, need.Hours), make([]weather.Day, need.Days)
		if need.AirQuality {
			r.AirQuality = &weather.AirQuality{Source: p.Source(), FetchedAt: now, ExpiresAt: now.Add(2 * p.life)}
		}
		results[i].Report = r
	}
	return results
}
