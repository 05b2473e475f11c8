package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

// terminatedUnderLoad is F35.
func terminatedUnderLoad(t *testing.T) {
	database := postgrestest.Database(t)
	dir := dataDir(t)
	g := start(t, "--database-url="+database, "--data-dir="+dir)
	slow(t, database, 500*time.Millisecond)
	l := &ledger{}
	var all sync.WaitGroup
	answered := make([]bool, 200)
	for i := range answered {
		all.Go(func() { answered[i], _ = l.send(t.Context(), g, fmt.Sprint(i), "x") })
	}
	eventually(t, "200 are in flight", func() bool { return underway(t, g) == len(answered) })
	eventually(t, "some are being written", func() bool { return inserting(t, database) })
	g.signal(t, syscall.SIGTERM)
	eventually(t, "it is not ready", func() bool { return !g.ready(t) })
	all.Wait()
	lost := 0
	for _, is := range answered {
		if !is {
			lost++
		}
	}
	if code := g.exit(t); code != 0 || lost > 0 {
		t.Errorf("exit code %d, and %d of %d were not answered; it printed:\n%s", code, lost, len(answered), g.log.Tail())
	}
	execute(t, connect(t, database), `drop trigger dawdle on records`)
	l.settle(t, start(t, "--database-url="+database, "--data-dir="+dir))
}

// underway returns how many operations the gateway is at.
func underway(t *testing.T, g *gateway) (operations int) {
	t.Helper()
	text := operatorsPage(t, g, "/metrics")
	for _, found := range regexp.MustCompile(`(?m)^graphql_server_active_operations\{.*\} (\d+)`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(found[1])
		operations += n
	}
	return operations
}

// slow makes every statement that adds records take a while longer.
func slow(t *testing.T, database string, by time.Duration) {
	t.Helper()
	conn := connect(t, database)
	execute(t, conn, fmt.Sprintf(`create or replace function dawdle() returns trigger language plpgsql as $$
		begin perform pg_sleep(%f); return null; end $$`, by.Seconds()))
	execute(t, conn, `create or replace trigger dawdle before insert on records for each statement execute function dawdle()`)
}

// inserting reports whether records are being written.
func inserting(t *testing.T, database string) (is bool) {
	t.Helper()
	conn := connect(t, database)
	defer conn.Close(t.Context()) //nolint:errcheck // nothing is left to do about it
	err := conn.QueryRow(t.Context(), `select exists (select from pg_stat_activity
		where datname = current_database() and wait_event = 'PgSleep')`).Scan(&is)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// signalledTwice is F36.
func signalledTwice(t *testing.T) {
	for _, signals := range [][]syscall.Signal{{syscall.SIGTERM, syscall.SIGTERM}, {syscall.SIGINT, syscall.SIGINT}} {
		dir := dataDir(t)
		g := start(t, "--data-dir="+dir)
		l, stop := produce(t, g, 16)
		busy(t, l, 100)
		began := time.Now()
		for _, signal := range signals {
			_ = syscall.Kill(g.cmd.Process.Pid, signal) // it may be quick
		}
		g.exit(t)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("after %v, it ended after %v", signals, took)
		}
		stop()
		l.settle(t, start(t, "--data-dir="+dir))
	}
}

// gatewayKilled is F37.
func gatewayKilled(t *testing.T) {
	dir := dataDir(t)
	g := start(t, "--data-dir="+dir)
	l, stop := produce(t, g, 16)
	busy(t, l, 200)
	pid := postmaster(t, dir)
	began := time.Now()
	g.signal(t, syscall.SIGKILL)
	eventually(t, "PostgreSQL ends by itself", func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return errors.Is(err, os.ErrNotExist) || strings.Contains(string(state), ") Z ") || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	})
	t.Logf("PostgreSQL ended after %v", time.Since(began).Round(time.Millisecond))
	stop()
	l.settle(t, start(t, "--data-dir="+dir))
}

// directoryInUse is F38.
func directoryInUse(t *testing.T) {
	dir := dataDir(t)
	first := start(t, "--data-dir="+dir)
	second := launch(t, nil, "--data-dir="+dir)
	if code := second.exit(t); code == 0 || !strings.Contains(second.log.String(), "in use by another gateway") {
		t.Errorf("exit code %d; it printed:\n%s", code, second.log.Tail())
	}
	l := &ledger{}
	l.send(t.Context(), first, "a", "x")
	l.settle(t, first)
}

// littleMemory is F39.
func littleMemory(t *testing.T) {
	g := launch(t, []string{"env", "GOMEMLIMIT=256MiB"}, "--database-url="+postgrestest.Database(t), "--data-dir="+dataDir(t))
	g.serves(t)
	const callers, memoryLimit = 400, 768
	content := strings.Repeat("x", 250<<10)
	l := &ledger{}
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { l.send(t.Context(), g, fmt.Sprint(i), content) })
	}
	all.Wait()
	peak := programtest.PeakMemory(t, g.cmd.Process.Pid)
	t.Logf("%d payloads of 250 KiB at a time: %d acknowledged, others %v, %d MiB held at most", callers, l.acknowledgements(), l.failures, peak)
	if peak > memoryLimit {
		t.Errorf("it has held %d MiB, want at most %d", peak, memoryLimit)
	}
	if l.acknowledgements() == 0 || len(l.wrong) > 0 {
		t.Errorf("%d acknowledged, answered %v", l.acknowledgements(), l.wrong)
	}
	if !g.alive() {
		t.Fatalf("it ended; it printed:\n%s", g.log.Tail())
	}
	g.data(t, `{ __typename }`, nil)
}

// fewFiles is F41.
func fewFiles(t *testing.T) {
	g := launch(t, []string{"sh", "-c", `ulimit -n 64; exec "$0" "$@"`}, "--database-url="+postgrestest.Database(t), "--data-dir="+dataDir(t))
	g.serves(t)
	address := strings.TrimPrefix(g.url, "http://")
	var open []net.Conn
	for range 200 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			break
		}
		open = append(open, conn)
	}
	before := processorTime(t, g)
	timer := time.NewTimer(2 * time.Second)
	<-timer.C
	if used := processorTime(t, g) - before; used > time.Second {
		t.Errorf("with no file descriptors left, it used %v of a processor in 2 s", used)
	} else {
		t.Logf("%d connections; it used %v of a processor in 2 s", len(open), used)
	}
	for _, conn := range open {
		_ = conn.Close()
	}
	l := &ledger{}
	eventually(t, "it serves again", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, acknowledged := l.send(ctx, g, "after", "x")
		return acknowledged
	})
	l.settle(t, g)
}

// processorTime returns how much the process has used.
func processorTime(t *testing.T, g *gateway) time.Duration {
	t.Helper()
	used, known := programtest.ProcessorTime(g.cmd.Process.Pid)
	if !known {
		t.Skip("processors are measured on Linux")
	}
	return used
}

// callersLeave is F43.
func callersLeave(t *testing.T) {
	g := onDatabase(t, postgrestest.Database(t))
	g.data(t, `{ weather(city: "Oslo") { current { time } } records { nodes { payload } } }`, nil)
	before := g.goroutines(t)
	requests := 2000
	if os.Getenv("BAROGRAPH_SOAK") != "" {
		requests = 10000
	}
	var all sync.WaitGroup
	turns := make(chan int, requests)
	for i := range requests {
		turns <- i
	}
	close(turns)
	for range 32 {
		all.Go(func() {
			for i := range turns {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%4)*time.Millisecond)
				switch i % 3 {
				case 0:
					_, _ = g.ask(ctx, `{ cities(names: ["Oslo", "Paris", "Mumbai"]) { weather { current { temperature } } } }`, nil)
				case 1:
					_, _ = g.ask(ctx, process, map[string]any{"p": map[string]any{"id": fmt.Sprint(i)}})
				default:
					g.subscribe(ctx)
				}
				cancel()
			}
		})
	}
	all.Wait()
	g.client.CloseIdleConnections()
	after := 0
	eventually(t, "the goroutines are those of before", func() bool {
		after = g.goroutines(t)
		return after <= before+5
	})
	t.Logf("%d goroutines before %d callers left, %d after", before, requests, after)
}

// subscribe follows records by server-sent events until ctx is done.
func (g *gateway) subscribe(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", strings.NewReader(`{"query":"subscription { recordChanged { cursor } }"}`))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	res, err := g.client.Do(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}

// goroutines returns how many the gateway has.
func (g *gateway) goroutines(t *testing.T) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscanf(operatorsPage(t, g, "/debug/pprof/goroutine?debug=1"), "goroutine profile: total %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// operatorsPage returns what the gateway tells operators, on a connection of its own.
func operatorsPage(t *testing.T, g *gateway, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.admin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
