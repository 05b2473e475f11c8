package faults_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

const process = `mutation ($p: JSON!) { processPayload(input: { payload: $p }) { duplicate record { id } problems { code } } }`

// A ledger keeps what was sent and what was acknowledged.
type ledger struct {
	mu           sync.Mutex
	sent         []string       // guarded by mu
	acknowledged []string       // guarded by mu
	failures     map[string]int // guarded by mu: by code
	slowest      time.Duration  // guarded by mu: of what was answered
	wrong        []string       // guarded by mu: answers that nobody was promised
}

// send sends a payload once, and keeps what came of it. It reports whether there
// was an answer at all.
func (l *ledger) send(ctx context.Context, g *gateway, id, content string) (answered, acknowledged bool) {
	l.mu.Lock()
	l.sent = append(l.sent, id)
	l.mu.Unlock()
	began := time.Now()
	a, err := g.ask(ctx, process, map[string]any{"p": map[string]any{"id": id, "content": content}})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failures == nil {
		l.failures = map[string]int{}
	}
	switch {
	case err != nil:
		l.failures["no answer"]++
		return false, false
	case len(a.Errors) > 0:
		e := a.Errors[0]
		l.failures[e.Extensions.Code]++
		if !e.Extensions.Retryable {
			l.wrong = append(l.wrong, fmt.Sprintf("%s: %+v", id, e))
		}
	case strings.Contains(string(a.Data), `"problems":[]`):
		l.acknowledged = append(l.acknowledged, id)
		acknowledged = true
	case strings.Contains(string(a.Data), `"OVERLOADED"`):
		l.failures["OVERLOADED"]++
	default:
		l.wrong = append(l.wrong, fmt.Sprintf("%s: %s", id, a.Data))
	}
	l.slowest = max(l.slowest, time.Since(began))
	return true, acknowledged
}

// acknowledgements returns how many there are.
func (l *ledger) acknowledgements() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acknowledged)
}

// produce sends payloads from many callers until stop is called, which waits for
// them and returns the ledger.
func produce(t *testing.T, g *gateway, callers int) (l *ledger, stop func()) {
	t.Helper()
	l = &ledger{}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			pause := time.NewTicker(5 * time.Millisecond) // for a gateway that is not there
			defer pause.Stop()
			for i := 0; ctx.Err() == nil; i++ {
				if answered, _ := l.send(t.Context(), g, fmt.Sprintf("%d-%d", caller, i), "x"); !answered {
					<-pause.C
				}
			}
		})
	}
	stop = func() {
		cancel()
		all.Wait()
	}
	t.Cleanup(stop)
	return l, stop
}

// settle fails the test unless all that was acknowledged is there, once, and all
// that was sent can be sent again.
func (l *ledger) settle(t *testing.T, g *gateway) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	missing := 0
	for at := 0; at < len(l.acknowledged); at += 1000 {
		var ids []string
		for _, id := range l.acknowledged[at:min(at+1000, len(l.acknowledged))] {
			ids = append(ids, "Record:default:"+id)
		}
		got := g.data(t, `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Record { state } } }`, map[string]any{"ids": ids})
		missing += len(ids) - strings.Count(got, `"PROCESSED"`)
	}
	if missing > 0 {
		t.Errorf("%d of %d acknowledged payloads are missing", missing, len(l.acknowledged))
	}
	if len(l.acknowledged) == 0 {
		t.Error("nothing was acknowledged")
	}
	for i, wrong := range l.wrong {
		if i < 5 {
			t.Errorf("answered %s", wrong)
		}
	}
	for _, id := range l.sent[max(0, len(l.sent)-50):] { // those the fault met, and later ones
		got := g.data(t, process, map[string]any{"p": map[string]any{"id": id, "content": "x"}})
		if !strings.Contains(got, `"problems":[]`) {
			t.Errorf("sent again, %s is answered %s", id, got)
		}
	}
	t.Logf("%d sent, %d acknowledged, %d missing, others: %v; the slowest took %v", len(l.sent), len(l.acknowledged), missing, l.failures, l.slowest.Round(time.Millisecond))
}
