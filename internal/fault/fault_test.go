package fault_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"barograph/internal/fault"
)

func TestEveryKindHasACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]fault.Kind{}
	for kind := fault.Internal; kind <= fault.UpstreamRateLimited; kind++ {
		code := kind.Code()
		if other, taken := seen[code]; taken || code == "" {
			t.Errorf("kinds %d and %d have the code %q", other, kind, code)
		}
		seen[code] = kind
		if parsed, ok := fault.Parse(code); !ok || parsed != kind {
			t.Errorf("Parse(%q) = %v, %t, want %v", code, parsed, ok, kind)
		}
	}
}

func TestParseKnowsNoOtherCodes(t *testing.T) {
	t.Parallel()
	if kind, ok := fault.Parse("GRAPHQL_PARSE_FAILED"); ok {
		t.Errorf("Parse = %v, want none", kind)
	}
}

func TestOfTellsTheOutermostKind(t *testing.T) {
	t.Parallel()
	cause := errors.New("secret")
	inner := fault.Wrap(cause, fault.UpstreamTimeout, "the provider did not answer")
	for name, c := range map[string]struct {
		err     error
		kind    fault.Kind
		message string
	}{
		"a fault":               {inner, fault.UpstreamTimeout, "the provider did not answer"},
		"a wrapped one":         {fmt.Errorf("fetch: %w", inner), fault.UpstreamTimeout, "the provider did not answer"},
		"one around another":    {fault.Wrap(inner, fault.Unavailable, "away"), fault.Unavailable, "away"},
		"a deadline":            {fmt.Errorf("wait: %w", context.DeadlineExceeded), fault.Timeout, "the request took too long"},
		"a caller who left":     {context.Canceled, fault.Timeout, "the request was cancelled"},
		"what nobody gave kind": {cause, fault.Internal, "internal server error"},
	} {
		if got := fault.Of(c.err); got.Kind != c.kind || got.Message != c.message {
			t.Errorf("%s: Of = %v %q, want %v %q", name, got.Kind.Code(), got.Message, c.kind.Code(), c.message)
		}
		if !errors.Is(fault.Of(c.err), c.err) && !errors.Is(c.err, fault.Of(c.err)) {
			t.Errorf("%s: Of does not keep the cause", name)
		}
	}
}

func TestAfterLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	e := fault.New(fault.Overloaded, "full")
	if later := e.After(time.Second); later.RetryAfter != time.Second || e.RetryAfter != 0 {
		t.Errorf("After = %v, the original now %v", later.RetryAfter, e.RetryAfter)
	}
}

func TestNobodyIsAskedToWaitTooBriefly(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]time.Duration{
		0: 0, 1: time.Millisecond, time.Millisecond: time.Millisecond, time.Millisecond + 1: 2 * time.Millisecond,
		math.MaxInt64: math.MaxInt64,
	} {
		if got := fault.New(fault.RateLimited, "full").After(d).RetryAfter; got != want {
			t.Errorf("After(%d) = %v, want %v", d, got, want)
		}
	}
}

func TestOursAreTheFailuresAnOperatorShouldHearOf(t *testing.T) {
	t.Parallel()
	callers := []fault.Kind{
		fault.BadRequest, fault.BadInput, fault.NotFound, fault.Unauthenticated, fault.Forbidden, fault.LimitExceeded, fault.MaxCostExceeded, fault.RateLimited,
	}
	for kind := fault.Internal; kind <= fault.UpstreamRateLimited; kind++ {
		if want := !slices.Contains(callers, kind); kind.Ours() != want {
			t.Errorf("%s: Ours = %t, want %t", kind.Code(), kind.Ours(), want)
		}
	}
}
