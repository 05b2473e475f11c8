//go:build linux || darwin

package private

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"syscall"
	"time"
)

// endOrphans ends the processes of a server that was left behind in the data
// directory by a gateway or a postmaster that was killed. The caller holds the
// home's lock, so nobody else may use it.
func endOrphans(ctx context.Context, data string, log *slog.Logger) error {
	steps := []struct {
		signal syscall.Signal
		all    bool // else the postmaster alone, which ends the others
		wait   time.Duration
	}{
		{syscall.SIGINT, false, 30 * time.Second},
		{syscall.SIGQUIT, true, 6 * time.Second},
		{syscall.SIGKILL, true, 5 * time.Second},
	}
	pids := orphans(data)
	for _, step := range steps {
		if len(pids) == 0 {
			break
		}
		// Only a process seen at work in this directory is ever signalled: the
		// number in the file may by now be anybody's.
		if postmaster, _ := readPIDFile(data); slices.Contains(pids, postmaster) && !step.all {
			pids = []int{postmaster}
		} else if !step.all {
			continue // without a postmaster there is nobody left to be polite to
		}
		log.Warn("ending a PostgreSQL that was left behind", "pids", pids, "signal", step.signal.String())
		for _, pid := range pids {
			if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("end the PostgreSQL left behind in %s (process %d): %w", data, pid, err)
			}
		}
		var err error
		if pids, err = awaitNone(ctx, data, step.wait); err != nil {
			return err
		}
	}
	if len(pids) > 0 {
		return fmt.Errorf("a PostgreSQL left behind in %s (processes %v) does not end: end it by hand", data, pids)
	}
	return forget(data)
}

// awaitNone waits until no process is left in the data directory, and returns
// those that are after d.
func awaitNone(ctx context.Context, data string, d time.Duration) ([]int, error) {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		pids := orphans(data)
		if len(pids) == 0 {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timeout.C:
			return pids, nil
		case <-poll.C:
		}
	}
}
