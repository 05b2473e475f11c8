//go:build linux || darwin

package private

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A postmaster is the server's first process, which starts all others and ends
// them when it ends.
type postmaster struct {
	cmd    *exec.Cmd
	said   *journal
	exited chan struct{}
}

// launch starts the server and returns once it takes connections. Recovery after
// a crash may take its time: only ctx bounds the wait.
func (s *Server) launch(ctx context.Context) (*postmaster, error) {
	if err := endOrphans(ctx, s.home.data, s.log); err != nil {
		return nil, err
	}
	p := &postmaster{said: &journal{log: s.log}, exited: make(chan struct{})}
	// The end of a context kills, and would lose the clean stop: end decides.
	p.cmd = s.account.command(context.WithoutCancel(ctx), s.home.data, filepath.Join(s.install.bin, "postgres"),
		append([]string{"-D", s.home.data}, s.settings...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	// Children of a killed server hold its output a moment longer than it lived.
	p.cmd.WaitDelay = time.Second
	dieWithParent(p.cmd.SysProcAttr, syscall.SIGINT)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()

	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-p.exited:
			return nil, fmt.Errorf("the server ended at once (%s): %s", p.cmd.ProcessState, p.said.tail())
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.end(ctx))
		case <-poll.C:
			if pid, status := readPIDFile(s.home.data); status == "ready" && pid == p.cmd.Process.Pid {
				return p, nil
			}
		}
	}
}

// end stops the server: sessions are ended and everything is written while
// patience lasts, half a minute at most, then by force.
func (p *postmaster) end(patience context.Context) error {
	steps := []struct {
		signal   syscall.Signal
		wait     time.Duration
		patience <-chan struct{}
	}{
		{syscall.SIGINT, 30 * time.Second, patience.Done()},
		{syscall.SIGQUIT, 6 * time.Second, nil}, // the server itself kills what lingers after 5
		{syscall.SIGKILL, 5 * time.Second, nil},
	}
	for i, step := range steps {
		if err := p.cmd.Process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop PostgreSQL: %w", err)
		}
		timeout := time.NewTimer(step.wait)
		select {
		case <-p.exited:
			timeout.Stop()
			if i > 0 {
				return fmt.Errorf("PostgreSQL did not stop in time and was ended by signal (%s)", step.signal)
			}
			return nil
		case <-timeout.C:
		case <-step.patience:
			timeout.Stop()
		}
	}
	return fmt.Errorf("PostgreSQL (process %d) cannot be stopped", p.cmd.Process.Pid)
}

// readPIDFile returns the process and the state that the server wrote down for
// others to see, or zero values.
func readPIDFile(data string) (pid int, status string) {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid")) //nolint:gosec // a file of ours
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(b), "\n")
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return 0, ""
	}
	if len(lines) >= 8 {
		status = strings.TrimSpace(lines[7])
	}
	return pid, status
}
