package attacks_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

// A gateway is a running program.
type gateway struct {
	address string // host:port
	url     string // of the GraphQL endpoint
	admin   string // of the listener for operators, where it has one, without a path
	dir     string // its data directory
	token   string // that requests are sent with, unless they say who they are; "" for none
	pid     int
	log     *programtest.Log // what it logs
	out     *programtest.Log // what it prints
	stop    func()           // ends it well
	client  *tls.Config      // of who asks under TLS; nil where connections are plain
}

var (
	endpoint  = regexp.MustCompile(`GraphQL +(https?://(\S+)/graphql)`)
	operators = regexp.MustCompile(`Admin +(http://[^/\s]+)/`)
)

// start starts the program on a database of its own and waits until it serves.
func start(t *testing.T, flags ...string) *gateway {
	t.Helper()
	return run(t, programtest.Build(t), nil, append([]string{"--database-url=" + postgrestest.Database(t)}, flags...)...)
}

// run starts a program that was built, with more variables in its environment, and
// waits until it serves.
func run(t *testing.T, program string, variables []string, flags ...string) *gateway {
	t.Helper()
	g := &gateway{dir: dataDir(t), log: &programtest.Log{}, out: &programtest.Log{}}
	args := append([]string{"--listen=127.0.0.1:0", "--admin-listen=none", "--log-format=json", "--log-level=debug",
		"--data-dir=" + g.dir}, flags...)
	cmd := exec.Command(program, args...)
	cmd.Env = append(append(cmd.Environ(), "BAROGRAPH_WEATHER=simulator"), variables...)
	cmd.Stderr = g.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.pid = cmd.Process.Pid
	lines := bufio.NewScanner(out)
	drained := make(chan struct{})
	g.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-drained
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	t.Cleanup(g.stop)
	for lines.Scan() && !strings.Contains(lines.Text(), "  Weather") {
		if found := endpoint.FindStringSubmatch(lines.Text()); found != nil {
			g.url, g.address = found[1], found[2]
		}
		if found := operators.FindStringSubmatch(lines.Text()); found != nil {
			g.admin = found[1]
		}
	}
	go func() {
		defer close(drained)
		for lines.Scan() { // so that it never waits to be read
			_, _ = fmt.Fprintln(g.out, lines.Text())
		}
	}()
	if g.address == "" {
		t.Fatalf("the program does not serve; it logged: %s", g.log)
	}
	return g
}

// dataDir returns a directory for a gateway, which the user that a private
// PostgreSQL runs as may enter.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "barograph-attacks-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
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

// keyset returns the file with the keyset that the gateway made.
func (g *gateway) keyset() string { return filepath.Join(g.dir, "keyset.json") }
