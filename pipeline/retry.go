package pipeline

import "time"

// A Retry says how a payload is tried again whose steps fail.
type Retry struct {
	Attempts     int   `json:"attempts"` // in all; after the last one the record is DEAD
	BackoffMs    int64 `json:"backoffMs"`
	BackoffMaxMs int64 `json:"backoffMaxMs"`
	DeadlineMs   int64 `json:"deadlineMs"` // after the payload was received; 0 for none
}

// defaultRetry is that of a definition that says nothing of it.
var defaultRetry = Retry{Attempts: 5, BackoffMs: 1000, BackoffMaxMs: 300_000}

// Next returns when a payload is tried again that was received at a time and
// whose attempts so far, now the last one, have all failed; and false if it is
// not. The wait doubles from attempt to attempt, and of it random, from 0 to 1,
// says how much is taken off, by a half at most, so that payloads which failed
// together do not come back together.
func (r Retry) Next(attempts int, received, now time.Time, random float64) (time.Time, bool) {
	if attempts >= r.Attempts {
		return time.Time{}, false
	}
	wait := min(float64(r.BackoffMaxMs), float64(r.BackoffMs)*float64(uint64(1)<<min(attempts-1, 40)))
	next := now.Add(time.Duration(wait * (1 - random/2) * float64(time.Millisecond)))
	late := r.DeadlineMs > 0 && next.Sub(received) > time.Duration(r.DeadlineMs)*time.Millisecond
	return next, !late
}
