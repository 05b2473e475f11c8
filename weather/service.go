package weather

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A Service answers for places from its cache and from providers. It is safe
// for concurrent use. Whoever makes one closes it.
type Service struct {
	cache     *cache
	coalescer *coalescer
	watches   *watches
	measuring sync.Once
	now       func() time.Time
	logger    *slog.Logger
}

// NewService returns a service over providers, each of which is asked where
// those before it have no answer. It tells the age of reports by now.
func NewService(now func() time.Time, logger *slog.Logger, providers ...Provider) *Service {
	s := &Service{cache: newCache(now), watches: newWatches(), now: now, logger: logger}
	s.coalescer = &coalescer{
		cache: s.cache, fetch: s.fetch, news: s.watches.news,
		flights: map[subject][]*flight{}, calls: map[*call]struct{}{},
	}
	for _, p := range providers {
		s.coalescer.chain = append(s.coalescer.chain, newLine(p))
	}
	return s
}

// Close ends what the service does by itself, and every call under way, and
// waits for that. It fails whoever waits, and those who ask later for what is
// not in the cache.
func (s *Service) Close() {
	s.watches.close()
	s.coalescer.close()
}

// Reports returns one result for each place, in order; equal places are asked
// for once. It answers from the cache where that is fresh and covers the need,
// or only just past its expiry, in which case it is refreshed meanwhile. It
// waits for the rest, and falls back on a stale report where fetching fails.
func (s *Service) Reports(ctx context.Context, places []Place, need Need) []Result {
	return s.answer(ctx, places, need, usual)
}

// refreshPause is how old a report has to be for Refresh to fetch a newer one.
const refreshPause = 10 * time.Second

// Refresh is as Reports, but fetches anew what is in the cache. Where it does
// not, because that has just been done or fails, the result says so beside the
// report there is.
func (s *Service) Refresh(ctx context.Context, places []Place, need Need) []Result {
	return s.answer(ctx, places, need, anew)
}
