package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// orphans returns the server processes at work in the data directory: every one
// of them makes it its working directory. A zombie has none, and is not listed:
// one may stay for ever where nobody reaps it, in a container without an init.
func orphans(data string) []int {
	want, err := os.Stat(data)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		proc := filepath.Join("/proc", entry.Name())
		name, err := os.ReadFile(filepath.Join(proc, "comm")) //nolint:gosec // the kernel's
		if err != nil {
			continue
		}
		// A shell that somebody left standing here is none of ours.
		if comm := strings.TrimSpace(string(name)); comm != "postgres" && comm != "initdb" {
			continue
		}
		if cwd, err := os.Stat(filepath.Join(proc, "cwd")); err == nil && os.SameFile(cwd, want) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// forget removes the pid file of a dead server, because PostgreSQL would take a
// zombie, or a stranger with the same number, for a living one. Only when no
// process is left may this be done: the file also keeps a second server from
// starting beside the living children of a dead one.
func forget(data string) error {
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear up after a dead PostgreSQL: %w", err)
	}
	return nil
}
