package records_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"barograph/records"
)

func TestFeedTellsOfEachNewRecordOnceAndOfNothingElse(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	subscription := g.subscribe(t)
	defer g.feed.Unsubscribe(subscription)
	var want []string
	for i := range 20 {
		r := g.made(t, draft(fmt.Sprint(i), "first"))
		want = append(want, text(r))
		g.accept(t, draft(fmt.Sprint(i), "first"))
		g.accept(t, draft(fmt.Sprint(i), "other"))
	}
	g.feed.Unsubscribe(subscription)
	if got := told(subscription); !slices.Equal(got, want) {
		t.Errorf("the feed told of %q, want %q", got, want)
	}
	if err := subscription.Err(); err != nil {
		t.Errorf("Err = %v after Unsubscribe, want nil", err)
	}
}

func TestFeedTellsEverySubscriberTheSameInTheSameOrder(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	var subscriptions []*records.Subscription
	for range 5 {
		subscriptions = append(subscriptions, g.subscribe(t))
	}
	const changes = 200
	drafts := make([]records.Draft, changes)
	for i := range drafts {
		drafts[i] = draft(fmt.Sprint(i), "")
	}
	acceptAll(t, g, drafts)
	var first []string
	for i, s := range subscriptions {
		g.feed.Unsubscribe(s)
		got := told(s)
		if i == 0 {
			first = got
		}
		if len(got) != changes || !slices.Equal(got, first) {
			t.Errorf("subscriber %d was told of %d changes, want %d in the order of the first's", i, len(got), changes)
		}
	}
}

func TestFeedTellsNothingOfBeforeSubscribeOrAfterUnsubscribe(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.made(t, draft("before", ""))
	subscription := g.subscribe(t)
	during := g.made(t, draft("during", ""))
	g.feed.Unsubscribe(subscription)
	g.feed.Unsubscribe(subscription)
	g.made(t, draft("after", ""))
	if got, want := told(subscription), []string{text(during)}; !slices.Equal(got, want) {
		t.Errorf("the feed told of %q, want %q", got, want)
	}
}

func TestFeedDropsWhoeverIsTooSlowAndServesTheOthers(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	slow, quick := g.subscribe(t), g.subscribe(t)
	var (
		all sync.WaitGroup
		got []string
	)
	all.Go(func() { got = told(quick) })
	const changes = 400
	for i := range changes {
		g.made(t, draft(fmt.Sprint(i), "")) // one at a time, so that whoever takes any keeps up
	}
	g.feed.Unsubscribe(quick)
	all.Wait()
	if len(got) != changes || quick.Err() != nil {
		t.Errorf("the quick subscriber was told of %d changes and ended with %v, want all %d", len(got), quick.Err(), changes)
	}
	taken := told(slow)
	if !errors.Is(slow.Err(), records.ErrLagging) {
		t.Errorf("the slow subscriber ended with %v, want %v", slow.Err(), records.ErrLagging)
	}
	if len(taken) == 0 || len(taken) >= changes || !slices.Equal(taken, got[:len(taken)]) {
		t.Errorf("the slow subscriber was told of %d changes, want the first of them without a gap", len(taken))
	}
	g.feed.Unsubscribe(slow)
	if !errors.Is(slow.Err(), records.ErrLagging) {
		t.Errorf("the slow subscriber ended with %v after Unsubscribe, want %v", slow.Err(), records.ErrLagging)
	}
}

func TestFeedMayBeLeftByManyAtAnyTime(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 20 {
				s := g.subscribe(t)
				select {
				case <-s.Changes():
				default:
				}
				g.feed.Unsubscribe(s)
				told(s)
			}
		})
	}
	drafts := make([]records.Draft, 500)
	for i := range drafts {
		drafts[i] = draft(fmt.Sprint(i), "")
	}
	acceptAll(t, g, drafts)
	all.Wait()
}

// told returns what a subscription is told until it ends.
func told(s *records.Subscription) []string {
	var all []string
	for r := range s.Changes() {
		all = append(all, text(r))
	}
	return all
}
