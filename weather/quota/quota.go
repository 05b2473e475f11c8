// Package quota keeps a node within what a provider gives away. It weighs calls
// by Open-Meteo's own formula and meters them by its own windows, which begin
// at each full minute, hour and day of UTC. What serves while the quota is used
// up is left to others.
package quota

import (
	"errors"
	"math"
	"sync"
	"time"

	"barograph/internal/fault"
)

// ErrShort is the cause of the error for a call that what is left does not
// allow. A lighter one may still be.
var ErrShort = errors.New("not enough of the quota is left")

// Limits are weights per window.
type Limits struct{ Minute, Hour, Day float64 }

// Free are Open-Meteo's for those who need no key (https://open-meteo.com/en/pricing).
var Free = Limits{Minute: 600, Hour: 5_000, Day: 10_000}

// A Window is a stretch of time with a limit of its own.
type Window int

// The windows.
const (
	Minute Window = iota
	Hour
	Day
	windows
)

var lengths = [windows]time.Duration{time.Minute, time.Hour, 24 * time.Hour}

// Left returns how long it is until the window that now is in ends.
func (w Window) Left(now time.Time) time.Duration {
	return w.began(now).Add(lengths[w]).Sub(now)
}

// began returns when the window that now is in began.
func (w Window) began(now time.Time) time.Time { return now.UTC().Truncate(lengths[w]) }

// A Meter counts what is spent. It is safe for concurrent use. It knows its own
// node alone: what others spend at the same address shows when the provider
// says that a window is used up, which Exhaust notes.
type Meter struct {
	limits [windows]float64
	now    func() time.Time

	mu    sync.Mutex
	spent [windows]float64   // guarded by mu
	began [windows]time.Time // guarded by mu
}

// NewMeter returns a meter of which nothing is spent.
func NewMeter(limits Limits, now func() time.Time) *Meter {
	return &Meter{limits: [windows]float64{limits.Minute, limits.Hour, limits.Day}, now: now}
}

// A Receipt is for what a call spent.
type Receipt struct {
	weight float64
	began  [windows]time.Time
}

// Spend takes the weight of a call off every window, or off none and returns
// why it must not be made and when it may: at the end of the window that is
// short.
func (m *Meter) Spend(weight float64) (Receipt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.turn()
	var wait time.Duration
	for w := range windows {
		if m.spent[w]+weight > m.limits[w] {
			wait = w.Left(now) // the longest window comes last
		}
	}
	if wait > 0 {
		return Receipt{}, fault.Wrap(ErrShort, fault.UpstreamRateLimited, "the weather provider's quota is used up").After(wait)
	}
	for w := range windows {
		m.spent[w] += weight
	}
	return Receipt{weight, m.began}, nil
}

// Refund gives back what a call that the provider refused did not cost: all but
// the 1 that each error does. Windows that have ended since keep what they had.
func (m *Meter) Refund(r Receipt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn()
	for w := range windows {
		if r.began[w].Equal(m.began[w]) {
			m.spent[w] -= max(0, r.weight-1)
		}
	}
}

// Exhaust notes that the provider says a window is used up.
func (m *Meter) Exhaust(w Window) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn()
	m.spent[w] = max(m.spent[w], m.limits[w])
}

// Left returns what is left of each window.
func (m *Meter) Left() Limits {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn()
	left := func(w Window) float64 { return max(0, m.limits[w]-m.spent[w]) }
	return Limits{left(Minute), left(Hour), left(Day)}
}

// Batch returns how many locations of a weight fit into a minute, at least one.
func (m *Meter) Batch(weight float64) int {
	return max(1, int(math.Floor(m.limits[Minute]/weight)))
}

// turn begins the windows that have begun since, and returns the time. It
// requires the lock.
func (m *Meter) turn() time.Time {
	now := m.now()
	for w := range windows {
		if began := w.began(now); !began.Equal(m.began[w]) {
			m.began[w], m.spent[w] = began, 0
		}
	}
	return now
}
