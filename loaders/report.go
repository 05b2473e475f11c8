package loaders

import (
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// ReportHeader is the header of a request that asks what loading took.
const ReportHeader = "X-Barograph-Upstream"

const reportName = "upstream"

// reports reports whether an operation is told what loading took: it asked, and
// may know.
func (e Extension) reports(operation *graphql.OperationContext) bool {
	return e.Report && operation.Headers.Get(ReportHeader) == "1"
}

// A Report is what loading one kind of value took for one operation.
type Report struct {
	Keys      int64   `json:"keys"`      // asked of the source, each once
	Batches   int64   `json:"batches"`   // in which they were asked
	Calls     int64   `json:"calls"`     // that the source made outside of the gateway
	CacheHits int64   `json:"cacheHits"` // keys that needed none
	WaitMs    float64 `json:"waitMs"`    // for the batches, one after another
}

// report puts what has been loaded into a response: the weather always, and
// what else was loaded.
func (s *Set) report(response *graphql.Response) {
	if response == nil || response.Data == nil && response.HasNext == nil {
		return // nothing was executed
	}
	loaded := map[string]Report{weatherKind.name: s.Weather.work.report(s.tally.Calls.Load(), s.tally.CacheHits.Load())}
	for name, w := range map[string]*work{
		pipelinesKind.name: &s.Pipelines.work, recordsKind.name: &s.Records.work, historyKind.name: &s.History.work, keysKind.name: &s.Keys.work,
	} {
		if batches := w.batches.Load(); batches > 0 {
			loaded[name] = w.report(batches, 0) // one call each to the database
		}
	}
	if response.Extensions == nil {
		response.Extensions = map[string]any{}
	}
	response.Extensions[reportName] = loaded
}

// absorb adds what another set has loaded.
func (s *Set) absorb(other *Set) {
	s.Weather.work.add(&other.Weather.work)
	s.Pipelines.work.add(&other.Pipelines.work)
	s.Records.work.add(&other.Records.work)
	s.History.work.add(&other.History.work)
	s.Keys.work.add(&other.Keys.work)
	s.tally.Calls.Add(other.tally.Calls.Load())
	s.tally.CacheHits.Add(other.tally.CacheHits.Load())
}

// work counts what a loader does.
type work struct{ keys, batches, nanoseconds atomic.Int64 }

// begin counts a batch, and what it returns the time it took.
func (w *work) begin(keys int) (end func()) {
	w.keys.Add(int64(keys))
	w.batches.Add(1)
	start := time.Now()
	return func() { w.nanoseconds.Add(int64(time.Since(start))) }
}

func (w *work) report(calls, hits int64) Report {
	waited := time.Duration(w.nanoseconds.Load()).Round(time.Microsecond)
	return Report{w.keys.Load(), w.batches.Load(), calls, hits, float64(waited) / float64(time.Millisecond)}
}

func (w *work) add(other *work) {
	w.keys.Add(other.keys.Load())
	w.batches.Add(other.batches.Load())
	w.nanoseconds.Add(other.nanoseconds.Load())
}
