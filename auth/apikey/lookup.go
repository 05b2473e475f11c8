package apikey

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/fault"
	"barograph/internal/operation"
	"barograph/internal/postgres"
)

const (
	lookupTimeout = 2 * time.Second
	mostTogether  = 1000 // ids in one statement
	mostUnknown   = 10_000
	unknownFor    = time.Minute // ids are random: what is none does not come to be one
)

var lookUpKeys = operation.New("look up API keys")

// A lookup is of several ids, which are sent at about the same time.
type lookup struct {
	ids   map[string]struct{}
	begun bool
	done  chan struct{} // closed when what follows is there
	found map[string]*entry
	err   error
}

// lookups run one at a time. Who comes while one does waits for the next.
type lookups struct {
	turn chan struct{} // held by whoever runs one
	mu   sync.Mutex
	next *lookup // guarded by mu, with its ids and begun; nil while there is none to join
}

func newLookups() lookups { return lookups{turn: make(chan struct{}, 1)} }

// join returns the lookup that an id is to be in.
func (l *lookups) join(id string) *lookup {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == nil || len(l.next.ids) == mostTogether {
		l.next = &lookup{ids: map[string]struct{}{}, done: make(chan struct{})}
	}
	l.next.ids[id] = struct{}{}
	return l.next
}

// begin reports whether the lookup is the caller's to run, and closes it to more
// ids.
func (l *lookups) begin(one *lookup) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == one {
		l.next = nil
	}
	begun := one.begun
	one.begun = true
	return !begun
}

// lookUp returns the key of an id, nil where there is none.
func (s *Store) lookUp(ctx context.Context, id string) (*entry, error) {
	if _, ok := s.unknown.GetIfPresent(id); ok {
		return nil, nil
	}
	one := s.lookups.join(id)
	select {
	case <-one.done:
	case s.lookups.turn <- struct{}{}:
		s.run(context.WithoutCancel(ctx), one) // the others' ids are in it too
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
	<-one.done // which another may have begun, and ended before it gave its turn away
	return one.found[id], one.err
}

// run runs a lookup, unless somebody has, and gives the turn away.
func (s *Store) run(ctx context.Context, one *lookup) {
	defer func() { <-s.lookups.turn }()
	if s.lookups.begin(one) {
		defer close(one.done)
		one.found, one.err = s.load(ctx, slices.Collect(maps.Keys(one.ids)))
	}
}

// load finds keys by their ids, and keeps in mind which there are and which not.
func (s *Store) load(ctx context.Context, ids []string) (map[string]*entry, error) {
	const query = `select ` + columns + `, k.hash from api_keys k where k.id = any($1)`
	found := map[string]*entry{}
	err := lookUpKeys.Run(ctx, s.logger, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
		defer cancel()
		rows, err := s.pools.API.Query(ctx, query, ids)
		if err != nil {
			return postgres.Fault(err)
		}
		_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
			var hash []byte
			k, err := scanWith(row, &hash)
			if err == nil {
				found[k.ID] = newEntry(k, hash)
			}
			return struct{}{}, err
		})
		return postgres.Fault(err)
	})
	if err != nil {
		return nil, unavailable(err)
	}
	for _, id := range ids {
		if e := found[id]; e != nil {
			found[id] = s.known.add(id, e)
		} else {
			s.unknown.Set(id, struct{}{})
		}
	}
	return found, nil
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "whether the API key is good cannot be told at the moment").After(time.Second)
}
