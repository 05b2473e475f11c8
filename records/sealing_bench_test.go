package records_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/records"
)

// BenchmarkAcceptSealed has many callers' drafts accepted, sealed and in the clear
// by turns, and says how many times as long the sealed ones take.
func BenchmarkAcceptSealed(b *testing.B) {
	const callers, each = 256, 8
	pools := open(b, migrated(b))
	plain := assemble(pools)
	run(b, plain.writer)
	sealed := sealing(b, migrated(b), keysetFile(b))
	content := strings.Repeat("x", 150) // some 200 bytes of payload, and of result
	round := 0
	took := func(g *gateway) time.Duration {
		drafts := make([][]records.Draft, callers)
		for caller := range drafts {
			for i := range each {
				drafts[caller] = append(drafts[caller], draft(fmt.Sprintf("%d-%d-%d", round, caller, i), content))
			}
		}
		round++
		began := time.Now()
		var all sync.WaitGroup
		for caller := range drafts {
			all.Go(func() {
				for _, d := range drafts[caller] {
					if _, err := g.writer.Accept(b.Context(), d); err != nil {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
		return time.Since(began)
	}
	var inPlain, inSeal time.Duration
	for b.Loop() {
		inPlain += took(plain)
		inSeal += took(sealed.gateway)
		inSeal += took(sealed.gateway)
		inPlain += took(plain)
	}
	count := float64(b.N * 2 * callers * each)
	b.ReportMetric(count/inPlain.Seconds(), "plain/s")
	b.ReportMetric(count/inSeal.Seconds(), "sealed/s")
	b.ReportMetric(inSeal.Seconds()/inPlain.Seconds(), "sealed/plain")
	b.ReportMetric(0, "ns/op")
}
