package records

import (
	"context"
	"errors"
	"time"

	"barograph/internal/fault"
	"barograph/pipeline"
)

// A Subscription tells one subscriber of changes. Its methods are for one
// goroutine at a time.
type Subscription struct {
	feed     *Feed
	interest Interest
	at       Bookmark          // up to which changes were fetched
	ready    []Change          // fetched, and not yet told
	before   map[Bookmark]bool // changes ahead that were made before the subscription
	size     portion
	follows  bool      // what is recent, rather than Postgres
	lagging  time.Time // since when it does no longer, zero when it does or never did
	closed   bool
}

// Subscribe returns a subscription to the changes within reach after the bookmark,
// or from now on if there is none: each record that changed meanwhile comes first,
// in order, in its latest state. Of a pipeline that is out of reach, as of one that
// there is none of, nothing is told. Its holder closes it. It fails when there are too
// many, and with ErrRestored when the bookmark is of another database.
func (f *Feed) Subscribe(ctx context.Context, reach pipeline.Reach, interest Interest, after *Bookmark) (_ *Subscription, err error) {
	if interest.Pipeline != nil && !pipeline.ValidName(*interest.Pipeline) {
		return nil, fault.New(fault.BadInput, "no pipeline can have the name %.80q", *interest.Pipeline)
	}
	interest.reach = reach
	if err := f.enter(); err != nil {
		return nil, err
	}
	s := &Subscription{feed: f, interest: interest, size: portion{bytes: pastBytes, rows: 16}}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	told, followed := f.position()
	now, err := f.log.now(ctx)
	switch {
	case err != nil:
		return nil, err
	case after == nil:
		s.at, s.before = now.last, now.held
		if followed && told.Epoch == s.at.Epoch {
			s.pass(told)
		}
		s.follows, err = f.follow(s.at)
		return s, err
	case after.Epoch != now.epoch:
		return nil, ErrRestored
	case after.Transaction >= now.next || after.Position < 0:
		return nil, errNoBookmark
	}
	s.at = *after
	return s, nil
}

// enter takes the place of one more subscriber.
func (f *Feed) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.stopped:
		return errStopping
	case f.subscribers >= subscriberLimit:
		return fault.New(fault.Overloaded, "there are %d subscriptions already", subscriberLimit)
	}
	f.subscribers++
	return nil
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	if s.closed {
		return
	}
	s.closed = true
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.feed.subscribers--
	if s.follows {
		s.feed.leave(s.at.Epoch)
	}
}

// Next returns the next change, when there is one. It fails with ErrLagging when
// the subscriber had caught up, fell behind what is recent, and has not caught up
// again in time: it is to subscribe again after the last bookmark it received.
func (s *Subscription) Next(ctx context.Context) (Change, error) {
	for {
		for len(s.ready) > 0 {
			next := s.ready[0]
			s.ready = s.ready[1:]
			if s.interest.in(next.Record) && !s.before[next.Bookmark] {
				return next, nil
			}
		}
		fetch := s.catchUp
		if s.follows {
			fetch = s.wait
		}
		if err := fetch(ctx); err != nil {
			return Change{}, err
		}
	}
}

// wait gets what is recent, or leaves that to catchUp when it has lost some.
func (s *Subscription) wait(ctx context.Context) error {
	for {
		changes, more, err := s.feed.since(s.at)
		if errors.Is(err, errBehind) {
			s.fallBehind()
			return nil
		}
		if err != nil {
			return err
		}
		if n := len(changes); n > 0 {
			s.ready, s.at = changes, changes[n-1].Bookmark
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fallBehind makes the subscriber read Postgres again: many records that change
// at once are no reason to cut anybody off.
func (s *Subscription) fallBehind() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.feed.leave(s.at.Epoch)
	s.follows, s.lagging = false, time.Now()
}

// catchUp gets what is no longer recent, and follows what is once there is no
// more of that.
func (s *Subscription) catchUp(ctx context.Context) error {
	if !s.lagging.IsZero() && time.Since(s.lagging) > s.feed.lag {
		return ErrLagging
	}
	select {
	case s.feed.readers <- struct{}{}:
		defer func() { <-s.feed.readers }()
	case <-ctx.Done():
		return ctx.Err()
	}
	told, followed := s.feed.position()
	found, err := s.feed.log.after(ctx, s.at, s.interest, &s.size)
	switch {
	case err != nil:
		return err
	case found.epoch != s.at.Epoch:
		return ErrRestored
	}
	s.ready, s.at = found.changes, found.end
	if found.more {
		return nil
	}
	if followed && told.Epoch == s.at.Epoch {
		s.pass(told)
	}
	if s.follows, err = s.feed.follow(s.at); s.follows {
		s.lagging = time.Time{}
	}
	return err
}

// pass goes on from where the feed was before Postgres was asked and had nothing
// more: what the feed had told by then was not missed, but has changed again and
// is yet to come.
func (s *Subscription) pass(told Bookmark) {
	if told.compare(s.at) > 0 {
		s.at = told
	}
}
