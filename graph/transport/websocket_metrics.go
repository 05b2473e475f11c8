package transport

import (
	"context"
	"strconv"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var (
	meter       = otel.Meter("barograph/graph/transport")
	closings, _ = meter.Int64Counter("barograph.websocket.closings",
		metric.WithDescription("WebSockets that ended, by the code of what the server said, or client where that left first."))
)

// observeConnections shows how many connections there are to whoever looks.
func observeConnections(open *atomic.Int64) {
	_, _ = meter.Int64ObservableUpDownCounter("barograph.websocket.connections",
		metric.WithDescription("WebSockets that are open."),
		metric.WithInt64Callback(func(ctx context.Context, o metric.Int64Observer) error {
			o.Observe(open.Load())
			closings.Add(ctx, 0, closedWith(leftByClient)) // so that the counter is there from the beginning
			return nil
		}))
}

// countClosing counts a socket that ended.
func countClosing(ctx context.Context, why closing) { closings.Add(ctx, 1, closedWith(why)) }

func closedWith(why closing) metric.MeasurementOption {
	code := strconv.Itoa(int(why.code))
	switch why {
	case leftByClient:
		code = "client"
	case silent:
		code = "silent"
	}
	return metric.WithAttributes(attribute.String("code", code))
}
