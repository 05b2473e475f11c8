package loaders

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/trace"
)

const (
	// patience is how long a batch waits for keys when it cannot know whether
	// more will come.
	patience = 2 * time.Millisecond
	// delay is how long one field may keep the keys of the others waiting.
	delay = 200 * time.Millisecond
)

// A Loader fetches values of one kind for one operation, each key once.
//
// The first level of a query is special: how many fields will announce what is
// loaded is known before any does. Their keys are held until each of them has
// announced its own, and then fetched in one batch at once; only one that takes
// very long is left behind. So are the deferred fields that are resolved side by
// side once the first part of an answer is complete. Keys from deeper levels, and
// from lists that do not announce, are gathered for as long as patience lasts.
type Loader[K comparable, V any] struct {
	kind  *kind
	fetch func(context.Context, []K) ([]V, error)
	trail *trail[K]
	loads atomic.Int64
	work  work

	cache  dataloader.Cache[K, V]   // made with the first batch
	deeper *dataloader.Loader[K, V] // made with the first batch

	mu        sync.Mutex
	left      chan struct{}   // guarded by mu: closed when the level's batch has left
	awaited   int             // guarded by mu: announcements yet to come
	owed      ways            // guarded by mu: the same, of each branch
	announced map[string]bool // guarded by mu: the paths of those that have come
	keys      map[K]struct{}  // guarded by mu: the level's
	timer     *time.Timer     // guarded by mu: sends the level off, complete or not
	due       time.Time       // guarded by mu: when it does
	gone      bool            // guarded by mu: left is closed
}

// newLoader returns a loader for an operation in which so many fields are going
// to announce. fetch returns a value for each key, in order.
func newLoader[K comparable, V any](operation trace.Span, kind *kind, announcing ways, fetch func(context.Context, []K) ([]V, error)) *Loader[K, V] {
	awaited := 0
	for _, n := range announcing {
		awaited += n
	}
	return &Loader[K, V]{
		kind:    kind,
		fetch:   fetch,
		left:    make(chan struct{}),
		trail:   newTrail[K](operation, kind.name),
		awaited: awaited,
		owed:    maps.Clone(announcing),
	}
}

// batch returns a dataloader that dispatches when it has so many keys, or else
// after a while. All share what has been loaded.
func (l *Loader[K, V]) batch(capacity int, while time.Duration) *dataloader.Loader[K, V] {
	return dataloader.NewBatchedLoader(l.load,
		dataloader.WithCache(l.cache),
		dataloader.WithWait[K, V](while),
		dataloader.WithBatchCapacity[K, V](capacity),
		dataloader.WithInputCapacity[K, V](min(max(capacity, 16), 1000)),
	)
}

// Load returns the value of a key.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	l.loads.Add(1)
	defer l.trail.wait(ctx, key)()
	select {
	case <-l.add(ctx, []K{key}, announces(ctx)):
		return l.deeper.Load(ctx, key)()
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// Announce says which keys the fields below the one that ctx belongs to are
// going to load, and that these are all.
func (l *Loader[K, V]) Announce(ctx context.Context, keys []K) {
	l.add(ctx, keys, announces(ctx))
}

// add puts keys into the level, unless that has left, and returns what is closed
// when it has. The field that ctx belongs to may thereby have announced all of its
// keys.
func (l *Loader[K, V]) add(ctx context.Context, keys []K, all bool) (left <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return l.left
	}
	if l.keys == nil {
		l.keys, l.announced = make(map[K]struct{}, len(keys)), map[string]bool{}
	}
	known := len(l.keys)
	for _, k := range keys {
		l.keys[k] = struct{}{}
	}
	if all {
		l.arrive(ctx)
	}
	switch {
	case l.awaited <= 0:
		l.dispatch(ctx)
	case all || len(l.keys) == known: // nothing that was not foretold
		l.dispatchWithin(ctx, delay)
	default:
		l.dispatchWithin(ctx, patience)
	}
	return l.left
}

// expect says that so many more fields are going to announce, of a level of their
// own if the one before has left.
func (l *Loader[K, V]) expect(announcing ways) {
	l.mu.Lock()
	defer l.mu.Unlock()
	more := 0
	for field, n := range announcing {
		l.owed[field] += n
		more += n
	}
	if more == 0 {
		return
	}
	l.awaited += more
	if l.gone {
		l.gone, l.left, l.keys, l.timer = false, make(chan struct{}), nil, nil
	}
}

// expectNothing makes every key from now on one from a deeper level.
func (l *Loader[K, V]) expectNothing(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.awaited <= 0 {
		l.dispatch(ctx)
	}
}

// dispatchWithin sends the level's keys off after a while, unless that is
// due before. The caller holds mu.
func (l *Loader[K, V]) dispatchWithin(ctx context.Context, while time.Duration) {
	due := time.Now().Add(while)
	if l.timer != nil {
		if !due.Before(l.due) {
			return
		}
		l.timer.Stop()
	}
	l.due = due
	level := l.left
	l.timer = time.AfterFunc(while, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.left == level {
			l.dispatch(ctx)
		}
	})
}

// finish says that a branch is done, whatever has been announced in it.
func (l *Loader[K, V]) finish(ctx context.Context, branch string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.awaited -= l.owed[branch]
	delete(l.owed, branch)
	if !l.gone && l.awaited <= 0 && len(l.keys) > 0 {
		l.dispatch(ctx)
	}
}

// arrive counts an announcement of the field that ctx belongs to, its first one.
// The caller holds mu.
func (l *Loader[K, V]) arrive(ctx context.Context) {
	b, path := branchOf(ctx), graphql.GetPath(ctx).String()
	if b == nil || l.owed[b.name] == 0 || l.announced[path] {
		return
	}
	l.announced[path] = true
	l.owed[b.name]--
	l.awaited--
}

// dispatch sends the level's keys off. The caller holds mu.
func (l *Loader[K, V]) dispatch(ctx context.Context) {
	if l.gone {
		return
	}
	l.gone = true
	if l.timer != nil {
		l.timer.Stop()
	}
	wait := time.Minute // which is never taken: the keys are all there
	if l.deeper == nil {
		l.cache = dataloader.NewCache[K, V]()
		l.deeper = l.batch(0, patience)
	} else { // unless a deeper field just asks for one of them
		wait = delay
		for k := range l.keys {
			if _, known := l.cache.Get(ctx, k); known {
				delete(l.keys, k)
			}
		}
	}
	together := l.batch(len(l.keys), wait)
	for k := range l.keys {
		together.Load(ctx, k)
	}
	close(l.left)
}

// close says that the operation is over.
func (l *Loader[K, V]) close(ctx context.Context) {
	l.trail.close()
	if n := l.loads.Load(); n > 0 {
		loads.Add(ctx, n, l.kind.labels)
	}
}

// load fetches one batch: an error of it goes to every key, and a panic becomes one.
func (l *Loader[K, V]) load(ctx context.Context, keys []K) (results []*dataloader.Result[V]) {
	results = make([]*dataloader.Result[V], len(keys))
	sizes.Record(ctx, int64(len(keys)), l.kind.labels)
	defer l.work.begin(len(keys))()
	ctx, arrived := l.trail.leave(ctx, keys)
	var failure error
	defer func() { arrived(failure) }()
	fail := func(err error) {
		failure = err
		for i := range results {
			results[i] = &dataloader.Result[V]{Error: err}
		}
	}
	defer func() {
		if p := recover(); p != nil {
			fail(fmt.Errorf("load: panic: %v\n%s", p, debug.Stack()))
		}
	}()
	values, err := l.fetch(ctx, keys)
	if err != nil {
		fail(err)
		return results
	}
	for i, v := range values {
		results[i] = &dataloader.Result[V]{Data: v}
	}
	return results
}
