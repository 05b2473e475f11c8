package weather

import (
	"context"
	"sync"
	"time"

	"barograph/internal/fault"
)

const (
	watcherLimit = 10_000
	shortestPoll = refreshPause     // between two polls, whatever a report says of its expiry
	firstRetry   = 30 * time.Second // after a poll that failed; each further one waits twice as long
	longestRetry = 8 * time.Minute
)

// A Watcher is told each fresh report of a place. One that is slow misses those
// in between, never the newest.
type Watcher struct {
	watch   *watch
	need    Need
	reports chan Result // the newest, until it is taken

	newest time.Time // guarded by the watches' mu: when what it was told last was fetched
	err    error     // guarded by the watches' mu
}

// Reports returns the channel of the reports. It is closed when there will be
// no more.
func (w *Watcher) Reports() <-chan Result { return w.reports }

// Err returns why the reports ended, once their channel is closed.
func (w *Watcher) Err() error {
	w.watch.all.mu.Lock()
	defer w.watch.all.mu.Unlock()
	return w.err
}

// watches are those of all places.
type watches struct {
	running sync.WaitGroup // polls

	mu       sync.Mutex
	byPlace  map[Place]*watch // guarded by mu
	watchers int              // guarded by mu
	closed   bool             // guarded by mu
}

// A watch is that of one place, however many watchers it has.
type watch struct {
	all      *watches
	place    Place
	wake     chan struct{} // holds a token when a report has come in
	stop     context.CancelFunc
	watchers map[*Watcher]struct{} // guarded by the watches' mu
}

func newWatches() *watches { return &watches{byPlace: map[Place]*watch{}} }

// Watch answers for a place as Reports does, and then tells the watcher of each
// report that is fetched for it, until Unwatch. All watchers of a place share
// one poll, which asks when a report has expired and not before. It fails when
// there is no report to begin with, or there are too many watchers.
func (s *Service) Watch(ctx context.Context, place Place, need Need) (*Watcher, error) { //nolint:contextcheck // the poll is not of the trace of whoever came first
	first := s.Reports(ctx, []Place{place}, need)[0]
	if first.Err != nil {
		return nil, first.Err
	}
	w := &Watcher{need: need, reports: make(chan Result, 1), newest: newest(first)}
	w.reports <- first

	all := s.watches
	all.mu.Lock()
	defer all.mu.Unlock()
	switch {
	case all.closed:
		return nil, errClosed
	case all.watchers >= watcherLimit:
		return nil, fault.New(fault.Overloaded, "more places are watched than the server can: try again later").After(time.Minute)
	}
	w.watch = all.byPlace[place]
	if w.watch == nil {
		polling, stop := context.WithCancel(context.Background())
		w.watch = &watch{all: all, place: place, wake: make(chan struct{}, 1), stop: stop, watchers: map[*Watcher]struct{}{}}
		all.byPlace[place] = w.watch
		all.running.Go(func() { s.poll(polling, w.watch, first) })
	}
	w.watch.watchers[w] = struct{}{}
	all.watchers++
	return w, nil
}

// Unwatch ends a watcher's reports. The last one of a place ends its poll.
func (s *Service) Unwatch(w *Watcher) {
	s.watches.mu.Lock()
	defer s.watches.mu.Unlock()
	w.end(nil)
}

// end closes a watcher, unless that has been done. The caller holds the watches' mu.
func (w *Watcher) end(err error) {
	on := w.watch
	if _, there := on.watchers[w]; !there {
		return
	}
	delete(on.watchers, w)
	on.all.watchers--
	w.err = err
	close(w.reports)
	if len(on.watchers) == 0 {
		on.stop()
		delete(on.all.byPlace, on.place)
	}
}

// news wakes the poll of a place that a report came in for, whoever asked.
func (all *watches) news(s subject, _ Result) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if w := all.byPlace[s.place]; w != nil {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// close ends all watchers, and waits for their polls.
func (all *watches) close() {
	all.mu.Lock()
	all.closed = true
	for _, w := range all.byPlace {
		for watcher := range w.watchers {
			watcher.end(errClosed)
		}
	}
	all.mu.Unlock()
	all.running.Wait()
}

// poll fetches a place's report when the last one has expired, and tells it to
// the watchers. Places that expire together are fetched together.
func (s *Service) poll(ctx context.Context, w *watch, r Result) {
	retry := firstRetry
	for {
		pause := max(r.Expiry().Sub(s.now()), shortestPoll)
		if r.Err != nil || r.State == Stale || r.AirErr != nil || r.AirState == Stale {
			pause, retry = retry, min(2*retry, longestRetry)
		} else {
			retry = firstRetry
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-w.wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
		r = s.answer(ctx, []Place{w.place}, w.need(), exact)[0]
		w.tell(r)
	}
}

// need returns what any of the watchers needs.
func (w *watch) need() (need Need) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	for watcher := range w.watchers {
		need = need.And(watcher.need)
	}
	return need
}

// tell gives a report to the watchers who have not seen it.
func (w *watch) tell(r Result) {
	if r.Err != nil || r.State == Stale {
		return
	}
	r.State = Live // fetched for them, whoever asked first
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	for watcher := range w.watchers {
		if !newest(r).After(watcher.newest) {
			continue
		}
		watcher.newest = newest(r)
		select {
		case <-watcher.reports: // which it has not taken
		default:
		}
		watcher.reports <- r
	}
}

// newest returns when the newest part of a report was fetched.
func newest(r Result) time.Time {
	at := r.Report.FetchedAt
	if a := r.Report.AirQuality; a != nil && a.FetchedAt.After(at) {
		at = a.FetchedAt
	}
	return at
}
