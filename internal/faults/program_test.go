package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"barograph/internal/programtest"
)

// patience bounds what a case waits for something that must happen.
const patience = time.Minute

// program is the path of the built program. TestFaults sets it before its cases.
var program string

// A gateway is a running program.
type gateway struct {
	cmd    *exec.Cmd
	url    string // without a path
	admin  string // the listener for operators, where it has one
	log    *programtest.Log
	exited chan struct{}
	client *http.Client
}

// launch starts a program, which another one may wrap, without waiting for it.
func launch(t *testing.T, wrap []string, flags ...string) *gateway {
	t.Helper()
	args := append(append(wrap, program, "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--weather=simulator", "--log-format=json"), flags...)
	g := &gateway{cmd: exec.Command(args[0], args[1:]...), log: &programtest.Log{}, exited: make(chan struct{}), client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 300,
	}}}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "BAROGRAPH_") && !strings.HasPrefix(v, "DATABASE_") && !strings.HasPrefix(v, "OTEL_") {
			g.cmd.Env = append(g.cmd.Env, v)
		}
	}
	g.cmd.Stdout, g.cmd.Stderr = g.log, g.log
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = g.cmd.Wait()
		close(g.exited)
	}()
	t.Cleanup(func() {
		_ = g.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-g.exited:
		case <-time.After(patience):
			_ = g.cmd.Process.Kill()
			t.Errorf("the program did not stop; it printed:\n%s", g.log.Tail())
		}
		g.client.CloseIdleConnections()
	})
	return g
}

var (
	endpoint  = regexp.MustCompile(`GraphQL +(http://\S+)/graphql`)
	operators = regexp.MustCompile(`Admin +(http://[^/\s]+)/`)
)

// start starts a program and waits until it serves.
func start(t *testing.T, flags ...string) *gateway {
	t.Helper()
	g := launch(t, nil, flags...)
	g.serves(t)
	return g
}

// serves waits until the program does.
func (g *gateway) serves(t *testing.T) {
	t.Helper()
	eventually(t, "it serves", func() bool {
		if !g.alive() {
			t.Fatalf("the program ended with %v; it printed:\n%s", g.cmd.ProcessState, g.log.Tail())
		}
		if found := operators.FindStringSubmatch(g.log.String()); found != nil {
			g.admin = found[1]
		}
		found := endpoint.FindStringSubmatch(g.log.String())
		if found != nil {
			g.url = found[1]
		}
		return found != nil && strings.Contains(g.log.String(), "  Weather")
	})
}

func (g *gateway) alive() bool {
	select {
	case <-g.exited:
		return false
	default:
		return true
	}
}

// exit waits for the program to end and returns its exit code.
func (g *gateway) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-g.exited:
		return g.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("the program does not end; it printed:\n%s", g.log.Tail())
		return 0
	}
}

func (g *gateway) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	kill(t, g.cmd.Process.Pid, signal)
}

func kill(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("send %v to %d: %v", signal, pid, err)
	}
}

type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct {
			Code         string
			Retryable    bool
			RetryAfterMs int
		}
	}
}

// ask sends an operation.
func (g *gateway) ask(ctx context.Context, query string, variables map[string]any) (a answer, err error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := g.client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a)
}

// data sends an operation that must succeed, and returns its data as text.
func (g *gateway) data(t *testing.T, query string, variables map[string]any) string {
	t.Helper()
	a, err := g.ask(t.Context(), query, variables)
	if err != nil || len(a.Errors) != 0 {
		t.Fatalf("ask %s: %v, %+v; the program printed:\n%s", query, err, a.Errors, g.log.Tail())
	}
	return string(a.Data)
}

// ready reports whether the gateway says that it is.
func (g *gateway) ready(t *testing.T) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := g.client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// eventually waits until the claim holds.
func eventually(t *testing.T, claim string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", claim, patience)
		}
	}
}

// dataDir returns a directory for a gateway, which every user may enter.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "barograph-faults-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

// postmaster returns the process of the private PostgreSQL in a directory.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(file), &pid); err != nil || pid <= 1 {
		t.Fatalf("postmaster.pid: %q", file)
	}
	return pid
}
