package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"barograph/internal/postgres"
	"barograph/pipeline"
	"barograph/records"
)

// A bench measures in a database that it fills.
type bench struct {
	ctx       context.Context //nolint:containedctx // of the one run there is
	pools     *postgres.Pools
	base      *records.Base
	store     *records.Store
	pipelines *pipeline.Store
	now       time.Time
	rows      int
}

func (b *bench) run() error {
	for _, step := range []func() error{b.sizes, b.fill, b.index, b.pages, b.counts, b.forget} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// sizes measures what a record takes on disk, on a tenth of the records.
func (b *bench) sizes() error {
	fmt.Println("| bytes a record | table | indexes |\n|---|---|---|")
	for _, c := range []struct{ name, attributes string }{{"without attributes", "null::jsonb"}, {"with three attributes", attributes}} {
		if err := b.seed(b.rows/10, c.attributes); err != nil {
			return err
		}
		table, indexes, err := b.size()
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.0f | %.0f |\n", c.name, table, indexes)
		if _, err := b.pools.API.Exec(b.ctx, `truncate records`); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) fill() error {
	start := time.Now()
	if err := b.seed(b.rows, attributes); err != nil {
		return err
	}
	var bytes float64
	if err := b.pools.API.QueryRow(b.ctx, `select pg_total_relation_size('records')::float8`).Scan(&bytes); err != nil {
		return err
	}
	fmt.Printf("\n%d records, %.1f GB, made in %s\n", b.rows, bytes/1e9, time.Since(start).Round(time.Second))
	return nil
}

// index measures how long the index of a range takes.
func (b *bench) index() error {
	const define = `update pipeline_versions set definition = $1 where pipeline = 'orders'`
	if _, err := b.pools.API.Exec(b.ctx, define, definition); err != nil {
		return err
	}
	start := time.Now()
	if err := records.NewIndexer(b.base, b.pipelines, time.Now).Reconcile(b.ctx); err != nil {
		return err
	}
	fmt.Printf("\nThe index of a range over %d of them: %s\n\n| | p50 ms | p99 ms | times |\n|---|---|---|---|\n",
		b.rows*14/20, time.Since(start).Round(100*time.Millisecond))
	return nil
}

// pages measures pages of a hundred records: the first, and those behind places
// anywhere.
func (b *bench) pages() error {
	equal := func(name, value string) []records.Match {
		return []records.Match{{Attribute: name, Equal: json.RawMessage(value)}}
	}
	between := func(from, below float64) []records.Match {
		return []records.Match{{Attribute: "total", From: &from, Below: &below}}
	}
	orders := []string{"orders"}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // places to look at
	for _, c := range []struct {
		name   string
		filter records.Filter
	}{
		{"records(first: 100)", records.Filter{}},
		{"of a pipeline", records.Filter{Pipelines: orders}},
		{"of one that has been idle for six days", records.Filter{Pipelines: []string{"idle"}}},
		{"of a city", records.Filter{CityIDs: []int64{7}}},
		{"the dead of a pipeline", records.Filter{Pipelines: orders, States: []records.State{records.Dead}}},
		{"eq, nine of ten", records.Filter{Pipelines: orders, Attributes: equal("status", `"paid"`)}},
		{"eq, one of ten", records.Filter{Pipelines: orders, Attributes: equal("status", `"refunded"`)}},
		{"eq, one of 50 000", records.Filter{Pipelines: orders, Attributes: equal("status", `"fraud"`)}},
		{"eq, one customer of 100 000", records.Filter{Attributes: equal("customer", `"c4711"`)}},
		{"a range, one of 1000", records.Filter{Pipelines: orders, Attributes: between(500, 600)}},
		{"a range, one of 100", records.Filter{Pipelines: orders, Attributes: between(5000, 6000)}},
		{"a range, half", records.Filter{Pipelines: orders, Attributes: between(0, 50000)}},
		{"a range and eq", records.Filter{Pipelines: orders, Attributes: append(between(0, 50000), equal("customer", `"c4711"`)...)}},
	} {
		err := b.measure(c.name+", first page", func(ctx context.Context) error {
			_, err := b.store.Page(ctx, pipeline.Reach{}, c.filter, records.Range{Descending: true, Limit: 101})
			return err
		})
		if err != nil {
			return err
		}
		err = b.measure(c.name+", deep page", func(ctx context.Context) error {
			place := &records.Cursor{ReceivedAt: b.now.Add(-time.Duration(random.Int64N(int64(week)))), Position: 1}
			_, err := b.store.Page(ctx, pipeline.Reach{}, c.filter, records.Range{Descending: true, After: place, Limit: 101})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// counts measures what counts.
func (b *bench) counts() error {
	day := b.now.Add(-24 * time.Hour)
	status := "status"
	tally := records.NewTally(b.base)
	for _, c := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"stats of an hour", func(ctx context.Context) error {
			return discard(b.store.Stats(ctx, pipeline.Reach{}, "orders", b.now.Add(-time.Hour), b.now))
		}},
		{"stats of a day", func(ctx context.Context) error {
			return discard(b.store.Stats(ctx, pipeline.Reach{}, "orders", day, b.now))
		}},
		{"series of an hour in minutes", func(ctx context.Context) error {
			return discard(b.store.Series(ctx, pipeline.Reach{}, "orders", 60, time.Minute, b.now))
		}},
		{"series of a day in hours", func(ctx context.Context) error {
			return discard(b.store.Series(ctx, pipeline.Reach{}, "orders", 24, time.Hour, b.now))
		}},
		{"recordStats of a day, by status", func(ctx context.Context) error {
			return discard(b.store.Group(ctx, pipeline.Reach{}, records.Filter{Pipelines: []string{"orders"}, ReceivedSince: &day}, &status, "total", 20))
		}},
		{"recordStats of all, by status", func(ctx context.Context) error {
			return discard(b.store.Group(ctx, pipeline.Reach{}, records.Filter{Pipelines: []string{"orders"}}, &status, "total", 20))
		}},
		{"totalCount of all", func(ctx context.Context) error {
			return discard(b.store.Count(ctx, pipeline.Reach{}, records.Filter{}))
		}},
		{fmt.Sprintf("the backlog, of %d", b.rows/50*14/20), tally.Count},
	} {
		if err := b.measure(c.name, c.do); err != nil {
			fmt.Printf("| %s | %v | | |\n", c.name, err)
		}
	}
	return b.ctx.Err()
}

func discard[T any](_ T, err error) error { return err }

// forget measures how fast the records of a pipeline go whose retention has passed.
func (b *bench) forget() error {
	const define = `update pipeline_versions set definition = '{"retention":{"processedSeconds":1,"deadSeconds":1}}' where pipeline = 'idle'`
	if _, err := b.pools.API.Exec(b.ctx, define); err != nil {
		return err
	}
	start := time.Now()
	if err := records.NewSweeper(b.base, b.pipelines, time.Now).Sweep(b.ctx); err != nil {
		return err
	}
	n, elapsed := b.rows/10, time.Since(start)
	fmt.Printf("\nRetention: %d records forgotten in %s, %.0f a second, half of the time at rest\n", n, elapsed.Round(time.Second), float64(n)/elapsed.Seconds())
	return nil
}

// measure does something again and again for a while, and prints what it took.
func (b *bench) measure(name string, do func(context.Context) error) error {
	const (
		most  = 300
		least = 3
		while = 4 * time.Second
	)
	if err := do(b.ctx); err != nil { // what is read from disk once is no matter of ours
		return fmt.Errorf("%s: %w", name, err)
	}
	var took []time.Duration
	for begin := time.Now(); len(took) < least || len(took) < most && time.Since(begin) < while; {
		start := time.Now()
		if err := do(b.ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	ms := func(part float64) float64 { return took[int(part*float64(len(took)-1))].Seconds() * 1000 }
	fmt.Printf("| %s | %.2f | %.2f | %d |\n", name, ms(0.5), ms(0.99), len(took))
	return nil
}
