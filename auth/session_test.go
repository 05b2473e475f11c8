package auth_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"barograph/auth"
	"barograph/internal/fault"
)

func TestASessionEndsWhenItsPrincipalStopsBeingKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expires time.Duration
		revoked bool
		want    string
	}{
		"by the time":          {expires: time.Minute, want: "the credential has expired"},
		"by a revocation":      {revoked: true, want: "the credential has been revoked"},
		"by the first of both": {expires: time.Hour, revoked: true, want: "the credential has been revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &auth.Principal{Name: "ada", Kind: auth.Key}
				if c.expires > 0 {
					p.Expires = time.Now().Add(c.expires)
				}
				revoked := make(chan struct{})
				p.Revoked = revoked
				began := time.Now()
				ctx, end := auth.Session(auth.With(t.Context(), p))
				defer end()
				if c.revoked {
					time.AfterFunc(time.Second, func() { close(revoked) })
				}
				synctest.Wait()
				if ctx.Err() != nil {
					t.Fatalf("it is over at once: %v", context.Cause(ctx))
				}
				<-ctx.Done()
				var why *fault.Error
				if !errors.As(context.Cause(ctx), &why) || why.Kind != fault.Unauthenticated || why.Message != c.want {
					t.Errorf("it ends with %v, want %s", context.Cause(ctx), c.want)
				}
				if took := time.Since(began); took != time.Minute && took != time.Second {
					t.Errorf("it ends after %v", took)
				}
			})
		})
	}
}

func TestASessionOfWhomNobodyForgetsLastsAsLongAsItIsWanted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, p := range []*auth.Principal{auth.Anyone, {Name: "ada", Kind: auth.Key, Revoked: make(chan struct{}), Expires: time.Now().Add(2 * time.Hour)}} {
			ctx, end := auth.Session(auth.With(t.Context(), p))
			<-time.After(30 * time.Minute)
			if ctx.Err() != nil {
				t.Errorf("%s: it is over: %v", p.Name, context.Cause(ctx))
			}
			end()
			if !errors.Is(context.Cause(ctx), context.Canceled) {
				t.Errorf("%s: it ends with %v, want that it was cancelled", p.Name, context.Cause(ctx))
			}
		}
	})
}
