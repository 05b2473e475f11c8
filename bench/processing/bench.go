package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"barograph/pipeline"
)

// A bench measures on a node, one thing after the other.
type bench struct {
	*node
	ctx      context.Context //nolint:containedctx // of the one run
	payloads int
	base     float64 // payloads a second, row by row
	table    *tabwriter.Writer
	serial   atomic.Int64 // of payloads
}

// cities are where flights go to.
var cities = strings.Split("Oslo,Lisbon,Mumbai,Lima,Cairo,Tokyo,Toronto,Madrid,Nairobi,Sydney,Paris,Berlin,Rome,Vienna,Prague,Warsaw,Athens,Dublin,Helsinki,Stockholm", ",")

// payload returns one of about 200 bytes.
func (b *bench) payload() json.RawMessage {
	n := b.serial.Add(1)
	return fmt.Appendf(nil, `{"id":"%012d","flight":"LH%04d","from":"Frankfurt","to":%q,"seats":%d,"note":%q}`,
		n, n%10000, cities[n%int64(len(cities))], n%300, strings.Repeat("x", 100))
}

func (b *bench) run() error {
	b.table = tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	b.line("\tpayloads/s\tratio\t")
	defer b.table.Flush() //nolint:errcheck // to the terminal
	// The machine is not alone: what all ratios rest on is measured at both ends.
	first, err := b.rows()
	if err != nil {
		return err
	}
	b.base = first
	steps := []struct {
		name string
		rate func() (float64, error)
	}{
		{"processPayload, 256 callers, no steps", func() (float64, error) { return b.process("plain") }},
		{"processPayload, 256 callers, transform", func() (float64, error) { return b.process("transform") }},
		{"submitPayloads, calls of 100", func() (float64, error) { return b.submit("plain") }},
		{"submitted and processed, transform", func() (float64, error) { return b.through("transform") }},
		{"submitted and processed, weather and transform", func() (float64, error) { return b.through("enrich") }},
	}
	b.row("row by row, 20 connections", first)
	for _, s := range steps {
		rate, err := s.rate()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		b.row(s.name, rate)
		if s.name == "submitted and processed, transform" {
			if err := b.delay(rate / 2); err != nil {
				return err
			}
		}
	}
	last, err := b.rows()
	if err != nil {
		return err
	}
	b.row("row by row, again", last)
	return b.size()
}

func (b *bench) row(name string, rate float64) {
	b.line("%s\t%.0f\t%.2f\t", name, rate, rate/b.base)
}

// line writes a line of the table, into memory.
func (b *bench) line(format string, cells ...any) { _, _ = fmt.Fprintf(b.table, format+"\n", cells...) }

// callers calls do from so many goroutines, for so many payloads, and returns how
// many of them that were a second.
func (b *bench) callers(callers, calls, each int, do func(context.Context) error) (float64, error) {
	ctx, cancel := context.WithCancelCause(b.ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range callers {
		all.Go(func() {
			for next.Add(1) <= int64(calls) && ctx.Err() == nil {
				if err := do(ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return float64(calls*each) / time.Since(began).Seconds(), context.Cause(ctx)
}

// rows inserts records one by one, each in a transaction of its own.
func (b *bench) rows() (float64, error) {
	const statement = `
		insert into records (pipeline, payload_id, fingerprint, state, payload, result, pipeline_version, received_at, processed_at, attempts)
		values ('rows', $1, $2, 'PROCESSED', $3, $3, 1, now(), now(), 1)`
	return b.callers(20, b.payloads/2, 1, func(ctx context.Context) error {
		text := b.payload()
		sealed := append(make([]byte, 0, len(text)+33), text...) // as long as a sealed one
		_, err := b.pools.API.Exec(ctx, statement, fmt.Sprint(b.serial.Add(1)), make([]byte, 32), append([]byte{1}, sealed[:cap(sealed)-1]...))
		return err
	})
}

func (b *bench) process(name string) (float64, error) {
	return b.callers(256, b.payloads, 1, func(ctx context.Context) error {
		got, err := b.intake.Process(ctx, pipeline.Reach{}, name, b.payload())
		if err == nil && (got.Refusal != nil || got.Duplicate) {
			err = fmt.Errorf("processed to %+v", got)
		}
		return err
	})
}

// submit submits calls of a hundred, and then waits until they are processed,
// which is not counted.
func (b *bench) submit(pipeline string) (float64, error) {
	rate, err := b.callers(16, b.payloads/100, 100, func(ctx context.Context) error { return b.hundred(ctx, pipeline, 100) })
	if err != nil {
		return 0, err
	}
	return rate, b.settle(pipeline)
}

func (b *bench) hundred(ctx context.Context, name string, n int) error {
	texts := make([]json.RawMessage, n)
	for i := range texts {
		texts[i] = b.payload()
	}
	got, err := b.intake.Submit(ctx, pipeline.Reach{}, name, texts)
	for i := range got {
		if got[i].Refusal != nil {
			return got[i].Refusal
		}
	}
	return err
}

// through submits payloads and returns how many were processed a second, from
// the first call on.
func (b *bench) through(pipeline string) (float64, error) {
	began := time.Now()
	if _, err := b.callers(4, b.payloads/100, 100, func(ctx context.Context) error { return b.hundred(ctx, pipeline, 100) }); err != nil {
		return 0, err
	}
	err := b.settle(pipeline)
	return float64(b.payloads) / time.Since(began).Seconds(), err
}

// settle waits until nothing of a pipeline is unfinished.
func (b *bench) settle(pipeline string) error {
	const query = `select exists (select from records where pipeline = $1 and state in ('QUEUED', 'RETRYING', 'PROCESSING')), exists (
		select from records where pipeline = $1 and state in ('DEAD', 'SKIPPED'))`
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var unfinished, failed bool
		if err := b.pools.Analytics.QueryRow(b.ctx, query, pipeline).Scan(&unfinished, &failed); err != nil {
			return err
		}
		if failed {
			return fmt.Errorf("records of %s failed", pipeline)
		}
		if !unfinished {
			return nil
		}
		<-tick.C
	}
}

// delay submits payloads evenly, so many a second, and says how long they took.
func (b *bench) delay(rate float64) error {
	const size = 20
	since := time.Now()
	tick := time.NewTicker(time.Duration(size / rate * float64(time.Second)))
	defer tick.Stop()
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	for range int(rate*5) / size {
		<-tick.C
		all.Go(func() {
			if err := b.hundred(b.ctx, "transform", size); err != nil {
				failed.Store(&err)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	if err := b.settle("transform"); err != nil {
		return err
	}
	const query = `
		select percentile_disc(0.5) within group (order by took), percentile_disc(0.99) within group (order by took)
		from (select extract(epoch from processed_at - received_at)::float8 * 1000 as took from records where pipeline = 'transform' and received_at > $1) r`
	var p50, p99 float64
	if err := b.pools.Analytics.QueryRow(b.ctx, query, since).Scan(&p50, &p99); err != nil {
		return err
	}
	b.line("  received to processed, at half of that\tp50 %.1f ms\tp99 %.1f ms\t", p50, p99)
	return nil
}

// size says how much a record takes on disk.
func (b *bench) size() error {
	var bytes, count float64
	if err := b.pools.Analytics.QueryRow(b.ctx, `select pg_total_relation_size('records'), count(*) from records`).Scan(&bytes, &count); err != nil {
		return err
	}
	b.line("on disk, indexes and versions left behind included\t%.0f B a record\t\t", bytes/count)
	return nil
}
