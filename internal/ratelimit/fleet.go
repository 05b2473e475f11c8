package ratelimit

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"

	"barograph/internal/redislink"
)

const (
	// version begins every key. It changes with what the values look like.
	version = "barograph:rate:1:"

	beat     = 500 * time.Millisecond // in which nodes say that they are there, and return what they do not use
	nodeLife = 10 * time.Second       // for which one counts that says nothing any more
	parting  = time.Second            // for the last words of a node
)

//go:embed nodes.lua
var nodesText string

var nodesScript = redis.NewScript(nodesText)

// A Fleet is the nodes that share buckets in one Redis.
type Fleet struct {
	link   *redislink.Link
	config FleetConfig
	nodes  atomic.Int64
	shared []*Shared
}

// A FleetConfig says what a fleet needs.
type FleetConfig struct {
	URL    string // redis://, rediss:// or unix://
	Node   string // this one's name, which no other has
	Nodes  int    // there are, as long as Redis has not said
	Clock  Clock
	Logger *slog.Logger
}

// Join returns the fleet of a Redis. It fails where the URL is malformed; that
// nothing answers there is logged. Whoever joins runs the fleet and closes it.
func Join(ctx context.Context, config FleetConfig) (*Fleet, error) {
	f := &Fleet{config: config}
	f.nodes.Store(int64(max(config.Nodes, 1)))
	link, err := redislink.Open(ctx, redislink.Config{URL: config.URL, What: "the Redis of rate limits", Probe: f.trial, Logger: config.Logger})
	if err != nil {
		return nil, err
	}
	f.link = link
	_, _ = meter.Int64ObservableGauge("barograph.ratelimit.redis",
		metric.WithDescription("Whether Redis has the buckets, 1, or is gone and each node has its share of them, 0."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			up := int64(0)
			if link.Up() {
				up = 1
			}
			o.Observe(up)
			return nil
		}))
	_, _ = meter.Int64ObservableGauge("barograph.ratelimit.nodes",
		metric.WithDescription("Nodes that share buckets, as this one has heard last."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(f.nodes.Load())
			return nil
		}))
	return f, nil
}

// Buckets returns buckets that the fleet shares, of which this node remembers so
// many at most. It is called before the fleet runs. Buckets of one name have one
// limit on all nodes.
func (f *Fleet) Buckets(name string, limit Limit, buckets int) *Shared {
	s := &Shared{fleet: f, limit: limit, prefix: version + name + ":", accounts: newTable[account](buckets)}
	s.counts = newCounts(name, s.accounts.size)
	f.shared = append(f.shared, s)
	return s
}

// Run keeps the nodes counted, and returns what this one holds and does not use,
// until ctx is done: then it returns all of it.
func (f *Fleet) Run(ctx context.Context) error {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.beat(ctx)
		case <-ctx.Done():
			f.leave(context.WithoutCancel(ctx))
			return nil
		}
	}
}

// Close ends the connections.
func (f *Fleet) Close() { f.link.Close() }

// beat is what is due once in a while.
func (f *Fleet) beat(ctx context.Context) {
	if !f.link.Up() {
		return
	}
	if err := f.probe(ctx, f.link.Client()); err != nil {
		if ctx.Err() == nil {
			f.link.Fall(err)
		}
		return
	}
	for _, s := range f.shared {
		s.giveBack(ctx, false)
	}
}

// leave returns what is held and takes this node off the list.
func (f *Fleet) leave(ctx context.Context) {
	if !f.link.Up() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, parting)
	defer cancel()
	for _, s := range f.shared {
		s.giveBack(ctx, true)
	}
	f.link.Client().ZRem(ctx, version+"nodes", f.config.Node)
}

// trial says why those who take tokens cannot count on Redis, be it that it takes too
// long for them: it would be left alone again as soon as it is back.
func (f *Fleet) trial(ctx context.Context, client *redis.Client) error {
	if err := f.probe(ctx, client); err != nil { // it may have to connect
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, redislink.Patience)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("answer in time: %w", err)
	}
	return nil
}

// probe says that this node is there, and counts the others.
func (f *Fleet) probe(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, redislink.Diligence)
	defer cancel()
	n, err := nodesScript.Run(ctx, client, []string{version + "nodes"}, f.config.Node, int(nodeLife/time.Second)).Int64()
	if err != nil {
		return fmt.Errorf("count nodes: %w", err)
	}
	f.nodes.Store(max(n, 1))
	return bucketScript.Load(ctx, client).Err() // which sends it once more, and spares who takes tokens
}
