// Package shared keeps weather reports in a Redis, so that what one node has
// fetched the others need not. It only ever helps: it knows no errors. A Redis
// that is slow, frozen or gone is left alone as soon as that shows, and asked
// again beside the work and not in its way. When reports are looked for, and how
// fresh they must be, is package weather's business.
package shared

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"barograph/internal/redislink"
	"barograph/weather"
)

const backlog = 64 // batches that wait to be written; beyond, what comes is not kept

// A Config says what a cache needs.
type Config struct {
	URL    string // redis://, rediss:// or unix://
	Scope  string // tells apart who must not share: say, where providers are and in what order they are asked
	Now    func() time.Time
	Logger *slog.Logger
}

// A Cache is a weather.Shared. Whoever opens one closes it.
type Cache struct {
	link   *redislink.Link
	prefix string
	now    func() time.Time
	writes chan []write
	stop   context.CancelFunc
	task   sync.WaitGroup
}

var _ weather.Shared = (*Cache)(nil)

// version begins every key. It changes with what the values look like.
const version = "barograph:weather:1:"

// Open returns a cache. It fails where the URL is malformed; that nothing
// answers there is logged.
func Open(ctx context.Context, config Config) (*Cache, error) {
	scope := sha256.Sum256([]byte(config.Scope))
	prefix := version + hex.EncodeToString(scope[:8]) + ":"
	link, err := redislink.Open(ctx, redislink.Config{
		URL: config.URL, What: "the shared weather cache", Logger: config.Logger,
		Probe: func(ctx context.Context, client *redis.Client) error { return probe(ctx, client, prefix+"probe") },
	})
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Cache{link: link, prefix: prefix, now: config.Now, writes: make(chan []write, backlog), stop: stop}
	c.task.Go(func() { c.write(running) })
	return c, nil
}

// probe returns why Redis cannot do what is asked of it, in time.
func probe(ctx context.Context, client *redis.Client, key string) error {
	writing, cancel := context.WithTimeout(ctx, redislink.Diligence)
	defer cancel()
	if err := client.Set(writing, key, "", time.Minute).Err(); err != nil { // it may have to connect
		return fmt.Errorf("write: %w", err)
	}
	reading, cancel := context.WithTimeout(ctx, redislink.Patience)
	defer cancel()
	if err := client.MGet(reading, key).Err(); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// Close ends what the cache does by itself. What waits to be written is lost.
// A nil cache has nothing to end.
func (c *Cache) Close() {
	if c == nil {
		return
	}
	c.stop()
	c.task.Wait()
	c.link.Close()
}

// Find returns for each place what is kept of it. It takes 40 ms at most, and no
// time at all where Redis has just failed.
func (c *Cache) Find(ctx context.Context, provider string, places []weather.Place, need weather.Need) []*weather.Report {
	reports := make([]*weather.Report, len(places))
	if !c.link.Up() {
		recordLookups(ctx, "skipped", len(places))
		return reports
	}
	parts := partsOf(need)
	keys := make([]string, 0, len(parts)*len(places))
	for _, place := range places {
		for _, part := range parts {
			keys = append(keys, c.key(provider, part, place))
		}
	}
	looking, cancel := context.WithTimeout(ctx, redislink.Patience)
	defer cancel()
	values, err := c.link.Client().MGet(looking, keys...).Result()
	switch {
	case err != nil && ctx.Err() != nil: // which says nothing of Redis
		recordLookups(ctx, "skipped", len(places))
		return reports
	case err != nil:
		recordLookups(ctx, "failed", len(places))
		c.link.Fall(err)
		return reports
	}
	hits := 0
	for i, place := range places {
		reports[i] = c.read(values[i*len(parts):(i+1)*len(parts)], provider, place, need)
		if reports[i] != nil {
			hits++
		}
	}
	recordLookups(ctx, "hit", hits)
	recordLookups(ctx, "miss", len(places)-hits)
	return reports
}

func (c *Cache) key(provider string, p part, at weather.Place) string {
	return fmt.Sprintf("%s%s:%s:%g,%g,%s", c.prefix, provider, p, at.Latitude, at.Longitude, at.TimeZone)
}
