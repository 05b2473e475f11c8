package shared

import (
	"context"

	"barograph/internal/redislink"
	"barograph/weather"
)

// A write is a report to be kept, and what it is the answer to.
type write struct {
	provider string
	need     weather.Need
	report   *weather.Report
}

// Keep has reports written, unless Redis has failed or too much waits already.
func (c *Cache) Keep(provider string, reports []*weather.Report, need weather.Need) {
	batch := make([]write, len(reports))
	for i, r := range reports {
		batch[i] = write{provider, need, r}
	}
	if c.link.Up() {
		select {
		case c.writes <- batch:
			return
		default:
		}
	}
	recordWrites(context.Background(), "skipped", len(batch))
}

// write writes what comes, a batch in one round trip.
func (c *Cache) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case batch := <-c.writes:
			c.set(ctx, batch)
		}
	}
}

func (c *Cache) set(ctx context.Context, batch []write) {
	if !c.link.Up() {
		recordWrites(ctx, "skipped", len(batch))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, redislink.Diligence)
	defer cancel()
	pipe := c.link.Client().Pipeline()
	for _, w := range batch {
		for _, p := range partsOf(w.need) {
			text, expires := encode(w, p)
			if life := expires.Sub(c.now()) + weather.StaleLimit; len(text) > 0 && life > 0 {
				pipe.Set(ctx, c.key(w.provider, p, w.report.Place), text, life)
			}
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		recordWrites(ctx, "failed", len(batch))
		c.link.Fall(err)
		return
	}
	recordWrites(ctx, "kept", len(batch))
}
