package auth

import (
	"context"
	"time"

	"barograph/internal/fault"
)

// Session returns a context for what goes on after a request has been answered
// for the first time, such as a subscription: a copy that is done when whoever
// asks stops being known, with a fault.Error that says so as its cause. Whoever
// calls it calls end when that is over.
func Session(ctx context.Context) (session context.Context, end context.CancelFunc) {
	p := From(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(nil) }
	if !p.Expires.IsZero() {
		timer := time.AfterFunc(time.Until(p.Expires), func() {
			cancel(fault.New(fault.Unauthenticated, "the credential has expired"))
		})
		stop = func() { timer.Stop(); cancel(nil) }
	}
	if p.Revoked == nil {
		return ctx, stop
	}
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-p.Revoked:
			cancel(fault.New(fault.Unauthenticated, "the credential has been revoked"))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		stop()
		<-watching
	}
}
