package worker

import (
	"context"
	"errors"
	"time"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

const (
	attemptLimit  = 5 * time.Minute // for the steps of a claim, which have deadlines of their own
	completeLimit = 10 * time.Second
	completeTries = 6 // while the database is away
	completeWait  = 250 * time.Millisecond
)

// errLost ends an attempt whose lease is somebody else's.
var errLost = errors.New("the lease is lost")

// Attempt runs a program for claims of one lease, which it keeps meanwhile, and
// completes them. When ctx is done, what is not finished is given back. It
// returns the claims that were lost: nothing is known of what became of them.
func (r *Runner) Attempt(ctx context.Context, program *pipeline.Program, claims []*records.Claim) ([]*records.Claim, error) {
	running, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	running, lose := context.WithCancelCause(running)
	defer lose(nil)
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.renew(renewing, claims[0].Lease, func() { lose(errLost) })
	}()
	defer func() { stop(); <-ended }()

	done := r.Try(running, program, claims)
	if ctx.Err() != nil {
		for i := range done {
			if d := &done[i]; d.State == records.Retrying || d.State == records.Dead {
				r.interrupt(d)
			}
		}
	}
	return r.complete(context.WithoutCancel(ctx), program, done)
}

// renew renews a lease until ctx is done, or it is lost.
func (r *Runner) renew(ctx context.Context, lease records.Lease, lost func()) {
	ticker := time.NewTicker(r.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		trying, cancel := context.WithTimeout(ctx, r.Lease/3)
		n, err := r.Queue.Renew(trying, lease, r.Lease)
		cancel()
		if err == nil && n == 0 && ctx.Err() == nil {
			lost()
			return
		}
	}
}

// complete writes what has become of claims, and tries for as long as their
// leases are likely to be renewed.
func (r *Runner) complete(ctx context.Context, program *pipeline.Program, done []records.Done) (lost []*records.Claim, err error) {
	for try := range completeTries {
		if try > 0 {
			timer := time.NewTimer(completeWait << try)
			<-timer.C
		}
		writing, cancel := context.WithTimeout(ctx, completeLimit)
		lost, err = r.Queue.Complete(writing, done, r.unwritten(program))
		cancel()
		if err == nil || !fault.KindOf(err).Retryable() {
			break
		}
	}
	return lost, err
}
