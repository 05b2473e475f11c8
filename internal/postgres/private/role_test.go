//go:build linux || darwin

package private_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres/private"
)

// roleKey names the environment variable that makes this test binary play a part
// in a test, as a process of its own.
const roleKey = "BAROGRAPH_TEST_ROLE"

// play plays the part the process was started for, if any, and ends it.
func play() {
	var err error
	switch os.Getenv(roleKey) {
	case "":
		return
	case "gateway":
		err = gateway(os.Getenv("DIR"))
	case "idle":
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "brief":
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// role prepares this test binary to play a part.
func role(t testing.TB, part string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), append(env, roleKey+"="+part)...)
	cmd.Stderr = t.Output()
	return cmd
}

// gateway owns a private server, writes rows to it from several connections, and
// prints the id of each that was acknowledged, and how often the server had been
// restarted by then, until its input ends.
func gateway(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	s, err := private.Start(ctx, private.Config{Dir: dir})
	if err != nil {
		return err
	}
	conn, err := persist(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "create table if not exists acknowledged (id text primary key)"); err != nil {
		return err
	}
	if err := conn.Close(ctx); err != nil {
		return err
	}
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() { write(ctx, s, fmt.Sprintf("%d-%d", os.Getpid(), w)) })
	}
	writers.Wait()
	return s.Stop(context.WithoutCancel(ctx))
}

// write inserts rows until ctx ends, through every loss of the connection.
func write(ctx context.Context, s *private.Server, name string) {
	var conn *pgx.Conn
	for i := 0; ctx.Err() == nil; i++ {
		if conn == nil || conn.IsClosed() {
			var err error
			if conn, err = persist(ctx, s.URL("postgres")); err != nil {
				continue
			}
		}
		id := fmt.Sprintf("%s-%d", name, i)
		if _, err := conn.Exec(ctx, "insert into acknowledged (id) values ($1)", id); err != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
			continue
		}
		fmt.Println(id, s.Restarts())
	}
}

// An ack is a row that was acknowledged after so many restarts of the server.
type ack struct {
	id       string
	restarts int
}

// A player is a gateway in a process of its own.
type player struct {
	cmd   *exec.Cmd
	input io.Closer
	acks  chan ack // closed when it is gone
}

func launch(t testing.TB, dir string) *player {
	t.Helper()
	cmd := role(t, "gateway", "DIR="+dir)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &player{cmd: cmd, input: input, acks: make(chan ack, 1024)}
	go func() {
		defer close(p.acks)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			var a ack
			// A line cut short by a kill is no acknowledgement.
			if _, err := fmt.Sscan(lines.Text(), &a.id, &a.restarts); err == nil {
				p.acks <- a
			}
		}
	}()
	return p
}

// take adds acknowledged rows to seen: n of them, and then on until one came after
// so many restarts.
func (p *player) take(n, restarts int, seen map[string]bool) error {
	for a := range p.acks {
		seen[a.id] = true
		if n--; n <= 0 && a.restarts >= restarts {
			return nil
		}
	}
	return errors.New("the gateway is gone")
}

// finish adds the rest of the rows to seen and returns how the process ended.
func (p *player) finish(seen map[string]bool) error {
	_ = p.input.Close()
	for a := range p.acks {
		seen[a.id] = true
	}
	return p.cmd.Wait()
}
