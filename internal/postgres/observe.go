package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Observe makes the state of the pools a part of the process's metrics, under
// the names that OpenTelemetry has for it where it has one.
func (p *Pools) Observe() error {
	var (
		meter       = otel.Meter("barograph/internal/postgres")
		instruments []metric.Observable
		err         error
	)
	made := func(i metric.Observable, failure error) {
		instruments = append(instruments, i)
		if err == nil {
			err = failure
		}
	}
	count, failure := meter.Int64ObservableUpDownCounter("db.client.connection.count", metric.WithUnit("{connection}"),
		metric.WithDescription("Connections in a pool, by whether they are used or idle."))
	made(count, failure)
	limit, failure := meter.Int64ObservableUpDownCounter("db.client.connection.max", metric.WithUnit("{connection}"),
		metric.WithDescription("Connections that a pool may have."))
	made(limit, failure)
	acquired, failure := meter.Int64ObservableCounter("barograph.postgres.acquires",
		metric.WithDescription("Connections taken from a pool."))
	made(acquired, failure)
	waited, failure := meter.Float64ObservableCounter("barograph.postgres.acquire.wait", metric.WithUnit("s"),
		metric.WithDescription("Time spent waiting for a connection of a pool that had none left."))
	made(waited, failure)
	if err != nil {
		return fmt.Errorf("observe the pools: %w", err)
	}
	observe := func(o metric.Observer, name string, pool *pgxpool.Pool) {
		stat, of := pool.Stat(), attribute.String("db.client.connection.pool.name", name)
		o.ObserveInt64(count, int64(stat.AcquiredConns()), metric.WithAttributes(of, attribute.String("db.client.connection.state", "used")))
		o.ObserveInt64(count, int64(stat.IdleConns()), metric.WithAttributes(of, attribute.String("db.client.connection.state", "idle")))
		o.ObserveInt64(limit, int64(stat.MaxConns()), metric.WithAttributes(of))
		o.ObserveInt64(acquired, stat.AcquireCount(), metric.WithAttributes(of))
		o.ObserveFloat64(waited, stat.EmptyAcquireWaitTime().Seconds(), metric.WithAttributes(of))
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		observe(o, "api", p.API)
		observe(o, "workers", p.Workers)
		observe(o, "analytics", p.Analytics)
		return nil
	}, instruments...)
	if err != nil {
		return fmt.Errorf("observe the pools: %w", err)
	}
	return nil
}
