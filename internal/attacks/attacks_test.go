package attacks_test

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// quick is how much time of a processor a hostile document may take to be refused
// or begun. The time by the clock says more of what else the machine does.
const quick = 200 * time.Millisecond

// memoryLimit bounds what a process has ever held, in MiB, after every attack on
// it. An idle one holds some 100.
const memoryLimit = 600

// An attack is one case: what is tried and what must come of it.
type attack struct {
	id, name string
	run      func(*testing.T, *gateway)
	unfit    string // why it cannot be run, for one that has no run
	slow     bool   // it waits for deadlines of half a minute and more
}

// try runs attacks one after the other against one process, which must be alive
// and small in the end, and must have logged no error of its own.
func try(t *testing.T, g *gateway, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.id+" "+a.name, func(t *testing.T) {
			if a.run == nil {
				t.Skip(a.unfit)
			}
			if a.slow && os.Getenv("BAROGRAPH_SOAK") == "" {
				t.Skip("it takes a minute: BAROGRAPH_SOAK=1 runs it")
			}
			a.run(t, g)
		})
	}
	if got := g.ask(t, `{ __typename }`); got.body != `{"data":{"__typename":"Query"}}` {
		t.Errorf("after all of it, the gateway answers %s", got)
	}
	if peak := g.peakMemory(t); peak > memoryLimit {
		t.Errorf("the process has held %d MiB, want at most %d", peak, memoryLimit)
	} else {
		t.Logf("the process has held %d MiB at most", peak)
	}
	for line := range strings.Lines(g.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("logged: %s", line)
		}
	}
}

// A gateway is a running program.
type gateway struct {
	address string // host:port
	url     string // of the GraphQL endpoint
	pid     int
	token   string // that requests are sent with, unless they say who they are; "" for none
	log     *programtest.Log
}

var endpoint = regexp.MustCompile(`http://(\S+)/graphql`)

// start starts the program on a database of its own and waits until it serves.
func start(t *testing.T, flags ...string) *gateway {
	t.Helper()
	args := append([]string{"--listen=127.0.0.1:0", "--admin-listen=none", "--weather=simulator", "--log-format=json",
		"--log-level=debug", "--database-url=" + postgrestest.Database(t), "--data-dir=" + t.TempDir()}, flags...)
	g := &gateway{log: &programtest.Log{}}
	cmd := exec.Command(programtest.Build(t), args...)
	cmd.Stderr = g.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.pid = cmd.Process.Pid
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	for g.address == "" && lines.Scan() {
		if found := endpoint.FindStringSubmatch(lines.Text()); found != nil {
			g.url, g.address = found[0], found[1]
		}
	}
	if g.address == "" {
		t.Fatalf("the program does not serve; it logged: %s", g.log)
	}
	go func() {
		for lines.Scan() { // so that it never waits to be read
		}
	}()
	return g
}

// processorTime returns how much the process has used, nothing where that cannot
// be told.
func (g *gateway) processorTime() time.Duration {
	used, _ := programtest.ProcessorTime(g.pid)
	return used
}

// peakMemory returns the most memory the process has held, in MiB.
func (g *gateway) peakMemory(t *testing.T) int {
	t.Helper()
	return programtest.PeakMemory(t, g.pid)
}
