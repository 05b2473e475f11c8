// Package shared keeps weather reports in a Redis, so that what one node has
// fetched the others need not. It only ever helps: it knows no errors. A Redis
// that is slow, frozen or gone is left alone as soon as that shows, and asked
// again beside the work and not in its way. When reports are looked for, and how
// fresh they must be, is package weather's business.
package shared

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"barograph/weather"
)

const (
	patience    = 40 * time.Millisecond  // of a lookup, for all of its places
	diligence   = 500 * time.Millisecond // of what nobody waits for: connections and writes
	connections = 32
	backlog     = 64 // batches that wait to be written; beyond, what comes is not kept
)

// A Config says what a cache needs.
type Config struct {
	URL    string // redis://, rediss:// or unix://
	Scope  string // tells apart who must not share: say, where providers are and in what order they are asked
	Now    func() time.Time
	Logger *slog.Logger
}

// A Cache is a weather.Shared. Whoever opens one closes it.
type Cache struct {
	client *redis.Client
	prefix string
	now    func() time.Time
	logger *slog.Logger
	up     atomic.Bool
	fallen chan struct{} // has a token when up has become false
	writes chan []write
	stop   context.CancelFunc
	tasks  sync.WaitGroup
}

var _ weather.Shared = (*Cache)(nil)

// version begins every key. It changes with what the values look like.
const version = "barograph:weather:1:"

// Open returns a cache. It fails where the URL is malformed; that nothing
// answers there is logged.
func Open(ctx context.Context, config Config) (*Cache, error) {
	options, err := redis.ParseURL(config.URL)
	if err != nil {
		return nil, errors.New("it is malformed: want redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH") // the cause repeats it, and its password
	}
	redis.SetLogger(silence{}) // whoever is concerned is told here, once
	restrain(options)
	scope := sha256.Sum256([]byte(config.Scope))
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Cache{
		client: redis.NewClient(options), prefix: version + hex.EncodeToString(scope[:8]) + ":", now: config.Now, logger: config.Logger,
		fallen: make(chan struct{}, 1), writes: make(chan []write, backlog), stop: stop,
	}
	c.up.Store(true)
	if err := c.probe(ctx); err != nil {
		c.fall(err)
	}
	c.tasks.Go(func() { c.watch(running) })
	c.tasks.Go(func() { c.write(running) })
	return c, nil
}

// restrain keeps go-redis from trying again and again: its defaults would make a
// frozen Redis cost 20 seconds. It also keeps it from TLS before 1.3.
func restrain(o *redis.Options) {
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = diligence, diligence, diligence
	o.PoolTimeout, o.PoolSize = diligence, connections
	o.ContextTimeoutEnabled = true // lookups have less time
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DisableIdentity = true
	if o.TLSConfig != nil {
		o.TLSConfig.MinVersion = tls.VersionTLS13
	}
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// Close ends what the cache does by itself. What waits to be written is lost.
// A nil cache has nothing to end.
func (c *Cache) Close() {
	if c == nil {
		return
	}
	c.stop()
	c.tasks.Wait()
	_ = c.client.Close() // it has nothing left to lose
}

// Find returns for each place what is kept of it. It takes 40 ms at most, and no
// time at all where Redis has just failed.
func (c *Cache) Find(ctx context.Context, provider string, places []weather.Place, need weather.Need) []*weather.Report {
	reports := make([]*weather.Report, len(places))
	if !c.up.Load() {
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
	looking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	values, err := c.client.MGet(looking, keys...).Result()
	switch {
	case err != nil && ctx.Err() != nil: // which says nothing of Redis
		recordLookups(ctx, "skipped", len(places))
		return reports
	case err != nil:
		recordLookups(ctx, "failed", len(places))
		c.fall(err)
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

// silence is a logger of go-redis.
type silence struct{}

// Printf says nothing.
func (silence) Printf(context.Context, string, ...any) {}
