package transport

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// refusals counts the requests of which nothing was executed: no operation of
// theirs is counted anywhere.
var refusals = newTally()

// A tally counts by status. It is read when somebody looks.
type tally struct {
	mu       sync.Mutex
	byStatus map[int]int64 // guarded by mu
}

func newTally() *tally {
	t := &tally{byStatus: map[int]int64{}}
	_, _ = otel.Meter("barograph/graph/transport").Int64ObservableCounter("barograph.http.refused_requests",
		metric.WithDescription("Requests that could not be read or may not be served, by the status of the answer."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			t.mu.Lock()
			defer t.mu.Unlock()
			for status, n := range t.byStatus {
				o.Observe(n, metric.WithAttributes(attribute.Int("http.response.status_code", status)))
			}
			return nil
		}))
	return t
}

func (t *tally) add(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byStatus[status]++
}
