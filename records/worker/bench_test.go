package worker_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barograph/pipeline"
)

// Figures are worth something on a server that waits for its disk, which
// BAROGRAPH_TEST_DATABASE_URL names: that of the tests does not. All are those of
// one machine, which the database shares; what they say is their ratio to
// BenchmarkRowByRow.

// payloadOf returns a payload of about 200 bytes.
func payloadOf(n int, more string) string {
	return fmt.Sprintf(`{"id":"%012d","flight":"LH%04d","from":"Frankfurt","to":"Lisbon","seats":%d,"note":%q%s}`,
		n, n%10000, n%300, strings.Repeat("x", 100), more)
}

// callers calls do from so many goroutines until it was called b.N times, and
// reports how many items a second that were.
func callers(b *testing.B, n, items int, do func(i int)) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range n {
		all.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				do(i)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N*items)/b.Elapsed().Seconds(), "payloads/s")
	b.ReportMetric(0, "ns/op")
}

// One insert and one commit for each record, by as many connections as there are.
func BenchmarkRowByRow(b *testing.B) {
	n := newSite(b, nil).node(b, 0)
	callers(b, 20, 1, func(i int) {
		text := payloadOf(i, "")
		if _, err := n.pools.API.Exec(b.Context(), `
			insert into records (pipeline, payload_id, fingerprint, state, payload, result, pipeline_version, received_at, processed_at, attempts)
			values ('default', $1, $2, 'PROCESSED', $3, $3, 1, now(), now(), 1)`, fmt.Sprint(i), make([]byte, 32), []byte(text)); err != nil {
			b.Error(err)
		}
	})
}

func BenchmarkProcess(b *testing.B) {
	n := newSite(b, nil).node(b, 0)
	callers(b, 256, 1, func(i int) {
		if got, err := n.intake.Process(b.Context(), pipeline.Reach{}, pipeline.Default, json.RawMessage(payloadOf(i, ""))); err != nil || got.Record == nil {
			b.Errorf("Process = %+v, %v", got, err)
		}
	})
	var bytes int64
	if err := n.pools.Analytics.QueryRow(b.Context(), `select pg_total_relation_size('records')`).Scan(&bytes); err == nil {
		b.ReportMetric(float64(bytes)/float64(b.N), "B/record")
	}
}

func BenchmarkSubmit(b *testing.B) {
	n := newSite(b, nil).node(b, 0)
	callers(b, 16, 100, func(i int) { n.submitMany(b, pipeline.Default, i, 100, "") })
}

// submitMany submits a call of payloads.
func (n *node) submitMany(b testing.TB, name string, call, size int, more string) {
	texts := make([]json.RawMessage, size)
	for k := range texts {
		texts[k] = json.RawMessage(payloadOf(call*size+k, more))
	}
	got, err := n.intake.Submit(b.Context(), pipeline.Reach{}, name, texts)
	for err == nil && got[0].Refusal != nil && got[0].Refusal.Code == pipeline.Overloaded {
		timer := time.NewTimer(got[0].Refusal.RetryAfter / 10)
		<-timer.C
		got, err = n.intake.Submit(b.Context(), pipeline.Reach{}, name, texts)
	}
	if err != nil || got[0].Record == nil {
		b.Errorf("Submit = %+v, %v", got, err)
	}
}

// What has been submitted before is worked off.
func BenchmarkWorkers(b *testing.B) {
	kinds := map[string]struct{ definition, key string }{
		"without keys": {quick("near", 3, ""), ""},
		"one hot key":  {quick("near", 3, `,"orderingKey":"payload.key"`), "one"},
		"1000 keys":    {quick("near", 3, `,"orderingKey":"payload.key"`), "many"},
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		kind := kinds[name]
		b.Run(name, func(b *testing.B) {
			s := newSite(b, map[string]string{"p": kind.definition})
			n := s.node(b, 0)
			const size = 1000
			calls := (b.N + size - 1) / size
			for call := range calls {
				texts := make([]json.RawMessage, size)
				for k := range texts {
					more := ""
					switch kind.key {
					case "one":
						more = `,"key":"k"`
					case "many":
						more = fmt.Sprintf(`,"key":"%d"`, k)
					}
					texts[k] = json.RawMessage(payloadOf(call*size+k, more))
				}
				if _, err := n.intake.Submit(b.Context(), pipeline.Reach{}, "p", texts); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			s.node(b, 2)
			eventually(b, "all are processed", func() bool {
				return n.count(b, `select count(*) from (select from records where state = 'QUEUED' limit 1) x`) == 0
			})
			b.StopTimer()
			b.ReportMetric(float64(calls*size)/b.Elapsed().Seconds(), "payloads/s")
			b.ReportMetric(0, "ns/op")
			if wrong := n.count(b, `select count(*) from records where state <> 'PROCESSED'`); wrong != 0 {
				b.Errorf("%d are not processed", wrong)
			}
		})
	}
}

// From submitting to being processed, while both go on.
func BenchmarkEndToEnd(b *testing.B) {
	s := newSite(b, map[string]string{"p": quick("near", 3, "")})
	n := s.node(b, 2)
	var calls atomic.Int64
	b.ResetTimer()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := int(calls.Add(1)); i <= (b.N+99)/100; i = int(calls.Add(1)) {
				n.submitMany(b, "p", i, 100, "")
			}
		})
	}
	all.Wait()
	eventually(b, "all are processed", func() bool {
		return n.count(b, `select count(*) from (select from records where state = 'QUEUED' limit 1) x`) == 0
	})
	b.StopTimer()
	b.ReportMetric(float64((b.N+99)/100*100)/b.Elapsed().Seconds(), "payloads/s")
	b.ReportMetric(0, "ns/op")
}

// How long payloads wait that come evenly, so many a second.
func BenchmarkQueueDelay(b *testing.B) {
	for _, rate := range []int{1000, 4000, 8000} {
		b.Run(fmt.Sprint(rate, " a second"), func(b *testing.B) {
			s := newSite(b, map[string]string{"p": quick("near", 3, "")})
			n := s.node(b, 2)
			const size = 20
			var all sync.WaitGroup
			tick := time.NewTicker(time.Second * size / time.Duration(rate))
			defer tick.Stop()
			b.ResetTimer()
			for call := range (b.N + size - 1) / size {
				<-tick.C
				all.Go(func() { n.submitMany(b, "p", call, size, "") })
			}
			all.Wait()
			eventually(b, "all are processed", func() bool {
				return n.count(b, `select count(*) from (select from records where state = 'QUEUED' limit 1) x`) == 0
			})
			b.StopTimer()
			var delays []float64
			if err := n.pools.Analytics.QueryRow(b.Context(), `
				select array_agg(extract(epoch from processed_at - received_at) * 1000) from records`).Scan(&delays); err != nil {
				b.Fatal(err)
			}
			slices.SortFunc(delays, cmp.Compare[float64])
			b.ReportMetric(delays[len(delays)/2], "p50-ms")
			b.ReportMetric(delays[len(delays)*99/100], "p99-ms")
			b.ReportMetric(float64(len(delays))/b.Elapsed().Seconds(), "payloads/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
