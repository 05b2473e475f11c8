package stream_test

import (
	"errors"
	"testing"

	"barograph/graph/stream"
)

func TestEventsKeepTheirIDsHoweverFarTheResolverIsAhead(t *testing.T) {
	t.Parallel()
	ctx, s := stream.New(t.Context(), "a")
	if got := stream.LastEventID(ctx); got != "a" {
		t.Errorf("LastEventID = %q, want a", got)
	}
	stream.Identify(ctx, "b")
	stream.Identify(ctx, "c")
	for _, want := range []string{"b", "c", ""} {
		if got := s.EventID(); got != want {
			t.Errorf("EventID = %q, want %q", got, want)
		}
	}
}

func TestASubscriptionSaysWhyItEnded(t *testing.T) {
	t.Parallel()
	ctx, s := stream.New(t.Context(), "")
	if err := s.Err(); err != nil {
		t.Errorf("Err = %v before the end", err)
	}
	want := errors.New("too slow")
	stream.Fail(ctx, want)
	if err := s.Err(); !errors.Is(err, want) {
		t.Errorf("Err = %v, want %v", err, want)
	}
}

func TestASubscriptionThatNobodyCarriesIsNotHeard(t *testing.T) {
	t.Parallel()
	stream.Identify(t.Context(), "a")
	stream.Fail(t.Context(), errors.New("unheard"))
	if got := stream.LastEventID(t.Context()); got != "" {
		t.Errorf("LastEventID = %q", got)
	}
}
