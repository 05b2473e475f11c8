package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"barograph/ingest"
	"barograph/records"
)

// measured reads the metrics of this process.
var measured = metric.NewManualReader()

// endings returns how many streams ended, by why they did.
func endings(t *testing.T) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := measured.Collect(context.WithoutCancel(t.Context()), &all); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if sum, is := m.Data.(metricdata.Sum[int64]); is && m.Name == "barograph.ingest.endings" {
				for _, p := range sum.DataPoints {
					why, _ := p.Attributes.Value("error.type")
					counts[why.AsString()] += p.Value
				}
			}
		}
	}
	return counts
}

// dial opens a stream whose answer nobody reads.
func dial(t *testing.T, address, lines string, length int) *net.TCPConn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /ingest/default HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n", length)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, lines) // the server may end it
	return conn.(*net.TCPConn)
}

// The tests that are not parallel run before all others, whose streams would be
// counted as well.

func TestClientsThatLeaveAreNoFaultOfOurs(t *testing.T) { //nolint:paralleltest // see above
	line := numbered(1, 1)
	for name, c := range map[string]struct {
		length int // of the body
		want   string
	}{
		"has sent all": {len(line), "CANCELED"},
		"would send":   {len(line) + 1, "CANCELED"},
	} {
		begun, let := make(chan struct{}), make(chan struct{})
		intake := &memory{before: func(int, []json.RawMessage) ([]records.Acceptance, error) {
			close(begun)
			<-let
			return nil, nil
		}}
		address, _ := serve(t, ingest.Config{Intake: intake})
		before := endings(t)
		conn := dial(t, address, line, c.length)
		<-begun
		_ = conn.SetLinger(0) // at once, whatever was not sent or read
		_ = conn.Close()
		close(let)
		if got := ending(t, before); got != c.want {
			t.Errorf("a stream whose client %s and leaves is counted as %q, want %q", name, got, c.want)
		}
	}
}

func TestClientsThatTakeNothingAreNoFaultOfOurs(t *testing.T) { //nolint:paralleltest // see above
	address, _ := serve(t, ingest.Config{Intake: &memory{}, Patience: ingest.Patience{Write: 100 * time.Millisecond}})
	before := endings(t)
	lines := strings.Repeat("[]\n", 100_000) // some 12 MB of answers, which no socket's buffers hold
	dial(t, address, lines, len(lines))
	if got := ending(t, before); got != "TIMEOUT" {
		t.Errorf("a stream whose client takes nothing is counted as %q, want TIMEOUT", got)
	}
}

// ending waits until one stream more than before has ended, and returns why.
func ending(t *testing.T, before map[string]int64) string {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); ; {
		for why, n := range endings(t) {
			if n > before[why] {
				return why
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the stream does not end")
		}
	}
}
