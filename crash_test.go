package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestKill9LosesNothingAcknowledged kills the gateway, PostgreSQL, or both while
// payloads are being processed, and then looks for every one that was
// acknowledged. BAROGRAPH_SOAK=1 makes it many rounds.
func TestKill9LosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	rounds := 3
	if os.Getenv("BAROGRAPH_SOAK") != "" {
		rounds = 30
	}
	dir := filepath.Join(tempDir(t), "data")
	var acknowledged []string
	for round := range rounds {
		g := serve(t, dir)
		done := make(chan []string)
		stop, cancel := context.WithCancel(t.Context())
		go func() { done <- produce(stop, g, round) }()
		timer := time.NewTimer(time.Duration(300+100*(round%3)) * time.Millisecond)
		<-timer.C
		kill(t, g, dir, round)
		if round%3 != 1 { // where the gateway lives on, it serves until it is stopped
			g.wait(t)
		} else {
			timer.Reset(700 * time.Millisecond) // for PostgreSQL to come back
			<-timer.C
			g.signal(t, syscall.SIGTERM)
			if code := g.wait(t); code != 0 {
				t.Errorf("round %d: exit code %d after PostgreSQL was killed; it printed:\n%s", round, code, g.out)
			}
		}
		cancel()
		acknowledged = append(acknowledged, <-done...)
	}
	g := serve(t, dir)
	missing := 0
	for start := 0; start < len(acknowledged); start += 1000 {
		list := acknowledged[start:min(start+1000, len(acknowledged))]
		got := g.data(t, `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Record { state } } }`, map[string]any{"ids": list})
		missing += len(list) - strings.Count(got, `"PROCESSED"`)
	}
	t.Logf("%d rounds, %d acknowledged, %d missing", rounds, len(acknowledged), missing)
	if missing != 0 || len(acknowledged) == 0 {
		t.Errorf("%d of %d acknowledged payloads are missing", missing, len(acknowledged))
	}
}

// produce sends payloads, many at a time, until ctx is done, and returns the
// ids of the records that were acknowledged.
func produce(ctx context.Context, g *gateway, round int) []string {
	const producers = 8
	var (
		group        sync.WaitGroup
		mu           sync.Mutex
		acknowledged []string
	)
	for producer := range producers {
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprintf("%d-%d-%d", round, producer, i)
				a, err := g.ask(ctx, `mutation ($p: JSON!) { processPayload(input: { payload: $p }) { record { id } problems { code } } }`,
					map[string]any{"p": map[string]any{"id": id, "city": "Oslo"}})
				switch {
				case err != nil && !alive(g):
					return
				case err == nil && len(a.Errors) == 0 && strings.Contains(string(a.Data), `"problems":[]`):
					mu.Lock()
					acknowledged = append(acknowledged, "Record:default:"+id)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return acknowledged
}

func alive(g *gateway) bool {
	select {
	case <-g.exited:
		return false
	default:
		return true
	}
}

// kill kills by turns the gateway, PostgreSQL, and both.
func kill(t *testing.T, g *gateway, dir string, round int) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	postmaster, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if round%3 != 0 {
		if err := syscall.Kill(postmaster, syscall.SIGKILL); err != nil {
			t.Fatalf("kill PostgreSQL: %v", err)
		}
	}
	if round%3 != 1 {
		g.signal(t, syscall.SIGKILL)
	}
}
