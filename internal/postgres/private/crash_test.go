//go:build linux || darwin

package private_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/private"
)

// soak says that the slow tests may take their time.
var soak = os.Getenv("BAROGRAPH_SOAK") == "1"

// postmaster returns the process that the server's own file names.
func postmaster(t testing.TB, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil || pid <= 1 {
		t.Fatalf("postmaster.pid: got %q, want a process", line)
	}
	return pid
}

func kill(t testing.TB, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

func TestNothingAcknowledgedIsLostToKills(t *testing.T) {
	t.Parallel()
	rounds, writes := 2, 300
	if soak {
		rounds, writes = 25, 3000
	}
	for name, victims := range map[string]struct{ owner, server bool }{
		"gateway":  {owner: true},
		"postgres": {server: true},
		"both":     {owner: true, server: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := seeded(t)
			seen := make(map[string]bool)
			for round := range rounds {
				p := launch(t, dir)
				if err := p.take(writes+37*round, 0, seen); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				if victims.server {
					kill(t, postmaster(t, dir), syscall.SIGKILL)
				}
				if victims.owner {
					kill(t, p.cmd.Process.Pid, syscall.SIGKILL)
				} else if err := p.take(writes, 1, seen); err != nil {
					t.Fatalf("round %d, after the kill: %v", round, err)
				}
				if err := p.finish(seen); err != nil && !victims.owner {
					t.Fatalf("round %d, stop: %v", round, err)
				}
				s := start(t, private.Config{Dir: dir})
				if lost := missing(t, s, seen); len(lost) > 0 {
					t.Fatalf("round %d: %d of %d acknowledged rows are missing, such as %s", round, len(lost), len(seen), lost[0])
				}
				stop(t, s)
			}
			t.Logf("%d rounds of kill -9, %d acknowledged rows, none missing", rounds, len(seen))
		})
	}
}

// missing returns the ids that are not in the table.
func missing(t testing.TB, s *private.Server, seen map[string]bool) (lost []string) {
	t.Helper()
	rows, err := connect(t, s).Query(t.Context(), "select id from acknowledged")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	stored := make(map[string]bool)
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		stored[id] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for id := range seen {
		if !stored[id] {
			lost = append(lost, id)
		}
	}
	return lost
}

func TestKilledServerIsRestartedByItself(t *testing.T) {
	t.Parallel()
	s := start(t, private.Config{Dir: seeded(t)})
	for round := range 3 {
		pid := s.PID()
		began := time.Now()
		kill(t, pid, syscall.SIGKILL)
		await(t, "the server was restarted", func() bool { return s.Restarts() > round })
		holds(t, s)
		t.Logf("back after %v", time.Since(began))
		if got := s.PID(); got == pid || got == 0 {
			t.Errorf("process: got %d, want another than %d", got, pid)
		}
	}
}

// The server ends every connection when one is killed, and goes on.
func TestServerSurvivesAKilledBackend(t *testing.T) {
	t.Parallel()
	s := start(t, private.Config{Dir: seeded(t)})
	pid := s.PID()
	kill(t, query[int](t, s, "select pg_backend_pid()"), syscall.SIGTERM)

	conn, other := connect(t, s), connect(t, s)
	kill(t, int(conn.PgConn().PID()), syscall.SIGKILL)
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("ping of a killed backend: got an answer, want an error")
	}
	if _, err := other.WaitForNotification(t.Context()); err == nil { // nobody new is let in from then on, until all is well
		t.Error("another connection: got a notification, want an error")
	}
	holds(t, s)
	if s.PID() != pid || s.Restarts() != 0 {
		t.Errorf("server: got process %d and %d restarts, want %d and 0", s.PID(), s.Restarts(), pid)
	}
}

func TestStopDuringARestartIsHeard(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	s := start(t, private.Config{Dir: dir})
	kill(t, s.PID(), syscall.SIGKILL)
	if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: got %v, want nil", err)
	}
	if private.Held(dir) {
		t.Error("held after stop: got true, want false")
	}
	start(t, private.Config{Dir: dir})
}

func TestServerDiesWithItsGateway(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	dir := seeded(t)
	p := launch(t, dir)
	seen := make(map[string]bool)
	if err := p.take(1, 0, seen); err != nil {
		t.Fatal(err)
	}
	// A zombie has no working directory any more: whoever adopted it may be slow.
	cwd := filepath.Join("/proc", strconv.Itoa(postmaster(t, dir)), "cwd")
	kill(t, p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.finish(seen)
	await(t, "the server ends with its gateway", func() bool {
		_, err := os.Stat(cwd)
		return err != nil
	})
}
