package guard

import "sync"

// A budget allows one more call for every ten: retries and hedges must not
// double the load on a provider that is slow or failing already.
type budget struct {
	mu    sync.Mutex
	saved float64 // guarded by mu; calls
}

const (
	earned = 0.1 // by each call
	most   = 10  // that quiet times can save up
)

// newBudget returns a budget that allows one call at once, so that a lone
// failure after the start is retried.
func newBudget() *budget { return &budget{saved: 1} }

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = min(b.saved+earned, most)
}

// spend reports whether one more call is allowed, and takes it off.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	const rounding = 1e-9
	if b.saved < 1-rounding {
		return false
	}
	b.saved--
	return true
}
