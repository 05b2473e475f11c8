package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/postgres/private"
)

// asMain makes the test binary the program itself.
const asMain = "BAROGRAPH_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	private.Child()
	postgrestest.Main(m)
}

// A gateway is a running program.
type gateway struct {
	cmd    *exec.Cmd
	url    string // without a path
	out    *output
	exited chan struct{}
}

// output is what a program prints, on both of its streams.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer // guarded by mu
	lines chan string
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *output) read(r io.Reader) {
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		o.mu.Lock()
		o.text.WriteString(scanner.Text() + "\n")
		o.mu.Unlock()
		select {
		case o.lines <- scanner.Text():
		default: // nobody waits any more
		}
	}
}

// command returns the program with arguments, in an environment that says
// nothing to it but what is given. The program is this test binary, or the one
// that BAROGRAPH_TEST_BINARY names.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(cmp.Or(os.Getenv("BAROGRAPH_TEST_BINARY"), self), args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "BAROGRAPH_") || strings.HasPrefix(v, "DATABASE_") || strings.HasPrefix(v, "OTEL_")
	})
	cmd.Env = append(cmd.Env, asMain+"=1", "BAROGRAPH_ADMIN_LISTEN=none") // where tests do not say otherwise: there are many at a time
	return cmd
}

// launch starts a program without waiting for it to be ready.
func launch(t *testing.T, cmd *exec.Cmd) *gateway {
	t.Helper()
	g := &gateway{cmd: cmd, out: &output{lines: make(chan string, 1000)}, exited: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	go func() {
		g.out.read(reader)
		_ = cmd.Wait()
		close(g.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-g.exited:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			t.Errorf("the program did not stop; it printed:\n%s", g.out)
		}
	})
	return g
}

var endpoint = regexp.MustCompile(`(https?://\S+)/graphql`)

// start starts a program and waits until it serves.
func start(t *testing.T, cmd *exec.Cmd) *gateway {
	t.Helper()
	g := launch(t, cmd)
	deadline := time.After(60 * time.Second)
	for {
		select {
		case line := <-g.out.lines:
			if found := endpoint.FindStringSubmatch(line); found != nil {
				g.url = found[1]
			}
			if strings.HasPrefix(line, "  Weather") {
				return g
			}
		case <-g.exited:
			t.Fatalf("the program ended with %v; it printed:\n%s", cmd.ProcessState, g.out)
		case <-deadline:
			t.Fatalf("the program is not ready; it printed:\n%s", g.out)
		}
	}
}

// serve starts a gateway that simulates the weather on a directory.
func serve(t *testing.T, dir string, args ...string) *gateway {
	t.Helper()
	return start(t, command(t, append([]string{"--listen", "127.0.0.1:0", "--data-dir", dir, "--weather", "simulator"}, args...)...))
}

// wait waits for the program to end and returns its exit code.
func (g *gateway) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-g.exited:
		return g.cmd.ProcessState.ExitCode()
	case <-time.After(60 * time.Second):
		t.Fatalf("the program does not end; it printed:\n%s", g.out)
		return 0
	}
}

func (g *gateway) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := g.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// ask sends an operation.
func (g *gateway) ask(ctx context.Context, query string, variables map[string]any) (answer, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	var a answer
	return a, json.NewDecoder(res.Body).Decode(&a)
}

// data sends an operation that must succeed, and returns its data as text.
func (g *gateway) data(t *testing.T, query string, variables map[string]any) string {
	t.Helper()
	a, err := g.ask(t.Context(), query, variables)
	if err != nil || len(a.Errors) != 0 {
		t.Fatalf("ask %s: %v, %+v; the program printed:\n%s", query, err, a.Errors, g.out)
	}
	return string(a.Data)
}

func (g *gateway) status(t *testing.T, path string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// tempDir returns a directory that every user may enter.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "barograph-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestServeAnswersAndStopsClean(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	const payload = `mutation { processPayload(input: { payload: { id: "evt_10928a", value: 42.0, city: "Mumbai" } }) { duplicate record { city { name weather { freshness { simulated } } } } } }`
	for round, want := range []string{`"duplicate":false`, `"duplicate":true`} {
		g := serve(t, dir)
		for _, path := range []string{"/healthz", "/readyz", "/", "/schema.graphql"} {
			if got := g.status(t, path); got != http.StatusOK {
				t.Errorf("GET %s = %d, want 200", path, got)
			}
		}
		if got := g.data(t, payload, nil); !strings.Contains(got, want) || !strings.Contains(got, `"simulated":true`) {
			t.Errorf("round %d: %s, want %s and simulated weather", round, got, want)
		}
		g.signal(t, syscall.SIGTERM)
		if code := g.wait(t); code != 0 {
			t.Errorf("round %d: exit code %d, want 0; it printed:\n%s", round, code, g.out)
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres", "data", "postmaster.pid")); err == nil {
			t.Errorf("round %d: PostgreSQL was not stopped clean", round)
		}
	}
}

func TestServeSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	g := serve(t, dir)
	_, port, _ := strings.Cut(strings.TrimPrefix(g.url, "http://"), ":")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a directory in use":     {[]string{"--listen", "127.0.0.1:0", "--data-dir", dir, "--weather", "simulator"}, "in use by another gateway"},
		"a port in use":          {[]string{"--listen", "127.0.0.1:" + port, "--data-dir", dir + "2"}, "address already in use"},
		"an unknown flag":        {[]string{"--lisen", "127.0.0.1:0"}, "did you mean \"--listen\""},
		"an unknown provider":    {[]string{"--weather", "tea-leaves"}, "must be one of"},
		"a URL that is none":     {[]string{"--listen", "127.0.0.1:0", "--data-dir", dir + "3", "--weather", "open-meteo", "--open-meteo-url", "tea leaves"}, "open-meteo url"},
		"binaries that are not":  {[]string{"--listen", "127.0.0.1:0", "--data-dir", dir + "4", "--weather", "simulator", "--postgres-bin", dir}, dir},
		"a database that is not": {[]string{"--listen", "127.0.0.1:0", "--database-url", "postgres://u:hunter2@127.0.0.1:1/x", "--weather", "simulator"}, "connect"},
		"a Redis that is none":   {[]string{"--listen", "127.0.0.1:0", "--data-dir", dir + "5", "--weather", "simulator", "--redis-url", "https://:hunter2@redis"}, "--redis-url: it is malformed"},
		"an address that is not": {[]string{"--listen", "127.0.0.1:0", "--database-url", "postgres://u:hunter2@[/x", "--weather", "simulator"}, "address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := launch(t, command(t, c.args...))
			if code := g.wait(t); code == 0 || !strings.Contains(g.out.String(), c.want) {
				t.Errorf("exit code %d, want another than 0 and %q; it printed:\n%s", code, c.want, g.out)
			}
			if strings.Contains(g.out.String(), "hunter2") {
				t.Errorf("it printed a password:\n%s", g.out)
			}
		})
	}
}

func TestServeWarnsBeyondLoopback(t *testing.T) {
	t.Parallel()
	g := start(t, command(t, "--listen", "0.0.0.0:0", "--dangerously-serve-everyone-as-admin", "--data-dir", filepath.Join(tempDir(t), "data"), "--weather", "simulator"))
	if !strings.Contains(g.out.String(), "serving everybody as admin") || !strings.Contains(g.out.String(), "EVERYBODY, who may do everything") {
		t.Errorf("it does not warn:\n%s", g.out)
	}
	if !strings.Contains(g.out.String(), "in plain text beyond this machine: give --tls-cert and --tls-key") {
		t.Errorf("it does not warn of plain text:\n%s", g.out)
	}
	if status, _, _ := g.get(t, aCity, "", ""); status != http.StatusOK {
		t.Errorf("it does not serve: %d", status)
	}
}

func TestServeRunsAsAPlainUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become a plain user; as a plain user, every other test shows this")
	}
	home := tempDir(t)
	const nobody = 65534
	if err := os.Chown(home, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "--listen", "127.0.0.1:0", "--weather", "simulator")
	self, err := os.ReadFile(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = filepath.Join(home, "barograph") // the test binary's folder is root's own
	if err := os.WriteFile(cmd.Path, self, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd.Dir, cmd.Env = home, append(cmd.Env, "HOME="+home, "XDG_DATA_HOME=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	g := start(t, cmd)
	if got := g.data(t, `{ weather(city: "Oslo") { current { time } } }`, nil); !strings.Contains(got, "time") {
		t.Error(got)
	}
	if data := filepath.Join(home, ".local", "share", "barograph"); !strings.Contains(g.out.String(), data) {
		t.Errorf("it does not keep its data in %s:\n%s", data, g.out)
	}
	g.signal(t, syscall.SIGINT)
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d, want 0; it printed:\n%s", code, g.out)
	}
}
