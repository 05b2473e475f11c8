package crash_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/private"
	"barograph/internal/programtest"
)

// A cluster is gateways on one database. Whatever is killed comes back.
type cluster struct {
	database *private.Server
	gateways []*gateway
	kills    struct{ gateways, databases atomic.Int64 }
}

// A gateway is a program that is started again whenever it ends.
type gateway struct {
	url     string // without a path
	command func() *exec.Cmd
	log     *tail

	mu      sync.Mutex
	running *os.Process // guarded by mu; nil while there is none
	serving chan struct{}
	deaths  atomic.Int64
}

// newCluster starts a database and gateways, with flags of the test's own.
func newCluster(t *testing.T, gateways int, flags ...string) *cluster {
	t.Helper()
	dir := tempDir(t)
	binary, keyset := programtest.Build(t), filepath.Join(dir, "keyset.json")
	if out, err := exec.CommandContext(t.Context(), binary, "keyset", "new", "--keyset-file", keyset).CombinedOutput(); err != nil {
		t.Fatalf("make a keyset: %v: %s", err, out)
	}
	database, err := private.Start(t.Context(), private.Config{Dir: filepath.Join(dir, "database")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	c := &cluster{database: database}
	for i := range gateways {
		address := free(t)
		arguments := append([]string{
			"--listen", address, "--admin-listen", "none", "--weather", "simulator", "--log-format", "json", "--keyset-file", keyset,
			"--data-dir", filepath.Join(dir, fmt.Sprint("gateway", i)),
		}, flags...)
		g := &gateway{url: "http://" + address, log: &tail{}, serving: make(chan struct{})}
		g.command = func() *exec.Cmd {
			cmd := exec.Command(binary, arguments...)
			cmd.Env = append(os.Environ(), "DATABASE_URL="+database.URL("postgres"))
			return cmd
		}
		c.gateways = append(c.gateways, g)
		g.keep(t)
	}
	for _, g := range c.gateways {
		select {
		case <-g.serving:
		case <-time.After(time.Minute):
			t.Fatalf("a gateway does not serve; it printed:\n%s", g.log)
		}
	}
	return c
}

// keep runs the program until the test is over, and starts it whenever it has
// ended, a moment later.
func (g *gateway) keep(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	keeping.Go(func() {
		for ctx.Err() == nil {
			if err := g.run(ctx); err != nil {
				t.Errorf("run a gateway: %v", err)
				return
			}
			g.deaths.Add(1)
			select {
			case <-time.After(rand.N(500 * time.Millisecond)):
			case <-ctx.Done():
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		keeping.Wait()
	})
}

// run runs the program once, and ends it in good order when ctx is done.
func (g *gateway) run(ctx context.Context) error {
	cmd := g.command()
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, g.log
	if err := cmd.Start(); err != nil {
		return err
	}
	g.mu.Lock()
	g.running = cmd.Process
	g.mu.Unlock()
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })()
	go g.announced(reader)
	_ = cmd.Wait() // it was killed, or the database was
	g.mu.Lock()
	g.running = nil
	g.mu.Unlock()
	return writer.Close()
}

// announced notes when the program serves for the first time.
func (g *gateway) announced(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "is ready") {
			g.mu.Lock()
			select {
			case <-g.serving:
			default:
				close(g.serving)
			}
			g.mu.Unlock()
		}
	}
}

// killGateway kills a gateway if it runs.
func (c *cluster) killGateway(i int) {
	g := c.gateways[i]
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running != nil && g.running.Kill() == nil {
		c.kills.gateways.Add(1)
	}
}

// restart ends each gateway in good order, so that nothing is on its way any more: a
// gateway may take in what it was sent by a client that has left. Whatever does not
// run has lost what it was sent.
func (c *cluster) restart(t *testing.T) {
	t.Helper()
	var ending sync.WaitGroup
	for i, g := range c.gateways {
		ending.Go(func() {
			g.mu.Lock()
			running, deaths := g.running, g.deaths.Load()
			g.mu.Unlock()
			if running == nil {
				return
			}
			_ = running.Signal(syscall.SIGTERM) // it may have been killed
			if !within(time.Minute, func() bool { return g.deaths.Load() > deaths }) {
				t.Errorf("gateway %d does not end", i)
			}
		})
	}
	ending.Wait()
}

// killDatabase kills PostgreSQL if it runs. Its keeper starts it again.
func (c *cluster) killDatabase() {
	if pid := c.database.PID(); pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
		c.kills.databases.Add(1)
	}
}

// any returns one of the gateways, which may be dead.
func (c *cluster) any() *gateway { return c.gateways[rand.N(len(c.gateways))] }

// printed returns the last lines that each gateway printed.
func (c *cluster) printed() string {
	var b strings.Builder
	for i, g := range c.gateways {
		_, _ = fmt.Fprintf(&b, "gateway %d printed:\n%s\n", i, g.log)
	}
	return b.String()
}

// A tail keeps the end of what was written.
type tail struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

// Write takes more.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const most = 8 << 10
	if t.text = append(t.text, p...); len(t.text) > most {
		t.text = bytes.Clone(t.text[len(t.text)-most:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // nothing is left to do about it
	return listener.Addr().String()
}

// tempDir returns a directory that every user may enter: PostgreSQL runs as
// another one than root.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "barograph-crash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
